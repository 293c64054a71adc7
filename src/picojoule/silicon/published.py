"""Published: what was measured on a chip, how it was set, and which zeros it saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from picojoule.silicon.chip import library_file, library_names
from picojoule.silicon.zeros import Shares
from picojoule.sources import check_source


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured on one layer, or on all; None where nothing was published.

    Args:
        power_w, total_latency_s, processing_latency_s, active_pes: As printed.
        buffer_bytes, dram_bytes: Printed in MB, taken as 10^6 bytes; DRAM after coding.
        dram_uncompressed_bytes: What DRAM would see without coding.
    """

    power_w: float
    total_latency_s: float
    processing_latency_s: float
    active_pes: int
    buffer_bytes: float
    dram_bytes: float
    dram_uncompressed_bytes: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """The values under the keys of a layer's own."""
        return {
            "active_pes": self.active_pes,
            "processing_latency_s": self.processing_latency_s,
            "total_latency_s": self.total_latency_s,
            "power_w": self.power_w,
            "buffer_bytes": self.buffer_bytes,
            "dram_bytes": self.dram_uncompressed_bytes,
            "dram_bytes_compressed": self.dram_bytes,
        }


@dataclass(frozen=True, slots=True)
class Published:
    """Everything that is known of one network on one chip.

    Args:
        network, chip, batch: Of the measurement.
        layers: By layer, in order.
        total: Of all layers together; its active PEs are an average.
        passes: By layer: the parameters of its cut into passes.
        passes_source, source: Where passes and measurements come from.
        shares: By layer: measured shares of zeros.
        survey: Further rows of sze2017, Table V.
        notes: What a reader of the traffic should know.
    """

    network: str
    chip: str
    batch: int
    layers: Mapping[str, Measured]
    total: Measured
    passes: Mapping[str, Mapping[str, int]]
    passes_source: str
    source: str
    shares: Mapping[str, Shares]
    survey: Mapping[str, Any]
    notes: tuple[str, ...]


def measured_networks(chip: str) -> tuple[str, ...]:
    """The networks of the zoo that were measured on a chip, and published.

    >>> measured_networks("eyeriss")
    ('alexnet', 'vgg16')
    """
    return tuple(name for name in library_names() if published(name, chip))


@cache
def published(network: str, chip: str) -> Published | None:
    """What is published of a network of the zoo on a chip; None where nothing is.

    >>> published("alexnet", "eyeriss").layers["CONV4"].active_pes
    156
    """
    spec = library_file(network) if network in library_names() else {}
    if spec.get("network") != network or spec["chip"] != chip:
        return None
    check_source(spec["survey_source"], where=f"{network}.yaml, survey_source")
    layers: dict[str, dict[str, Any]] = spec["layers"]
    for layer in layers.values():
        if "ofmap_source" in layer:
            check_source(layer["ofmap_source"], where=f"{network}.yaml, ofmap_source")
    return Published(
        network=network,
        chip=chip,
        batch=spec["batch"],
        layers={name: _measured(layer["measured"]) for name, layer in layers.items()},
        total=_measured(spec["total"]),
        passes={name: layer["passes"] for name, layer in layers.items()},
        passes_source=check_source(spec["passes_source"], where=f"{network}.yaml, passes_source"),
        source=check_source(spec["source"], where=f"{network}.yaml, source"),
        shares={
            name: Shares(layer["ifmap_zeros"], layer.get("ofmap_zeros"))
            for name, layer in layers.items()
        },
        survey=spec["survey"],
        notes=tuple(spec["notes"]),
    )


def _measured(row: Mapping[str, Any]) -> Measured:
    uncompressed = row.get("dram_uncompressed_mb")
    return Measured(
        power_w=row["power_w"],
        total_latency_s=row["total_latency_s"],
        processing_latency_s=row["processing_latency_s"],
        active_pes=row["active_pes"],
        buffer_bytes=row["buffer_mb"] * 1e6,
        dram_bytes=row["dram_mb"] * 1e6,
        dram_uncompressed_bytes=None if uncompressed is None else uncompressed * 1e6,
    )
