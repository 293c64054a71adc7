"""Result: what a network did on the chip, layer by layer, beside what was measured."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from picojoule.report import save_bars, to_json, write_whole
from picojoule.silicon.chip import PassChip
from picojoule.silicon.power import BLOCKS, Energy, scaled_power_w
from picojoule.silicon.published import Measured, Published
from picojoule.silicon.schedule import PassMapping, Traffic
from picojoule.silicon.shapes import LayerShape
from picojoule.silicon.zeros import Zeros
from picojoule.workload import Ignored

COMPARED = (
    "active_pes",
    "processing_latency_s",
    "total_latency_s",
    "power_w",
    "buffer_bytes",
    "dram_bytes",
    "dram_bytes_compressed",
)
"""What is set beside a measurement."""


@dataclass(frozen=True, slots=True)
class PassLayer:
    """One layer in passes; every figure is for the whole batch.

    Args:
        name, shape: Which layer.
        mapping: Its cut into passes.
        mapping_source: Who says so: a source text, or `searched`.
        passes, active_pes: How many passes, and PEs at work in a full one.
        processing_latency_s: Of all passes, as if DRAM were never waited for.
        total_latency_s: With the loading and storing of feature maps.
        traffic: Words moved.
        dram_bytes_compressed: Across the chip's edge, maps coded.
        zeros: Shares of zeros; None where they were not asked for.
        energy: By block, without DRAM.
        word_bytes: Of every operand.
        measured: What the chip did; None where nobody measured this.
    """

    name: str
    shape: LayerShape
    mapping: PassMapping
    mapping_source: str
    passes: int
    active_pes: int
    processing_latency_s: float
    total_latency_s: float
    traffic: Traffic
    dram_bytes_compressed: int
    zeros: Zeros | None
    energy: Energy
    word_bytes: int
    measured: Measured | None

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.shape.macs

    @property
    def nonzero_macs(self) -> float:
        """Multiply-accumulates whose input is not zero."""
        return self.macs * (1.0 - (self.zeros.ifmaps if self.zeros else 0.0))

    @property
    def power_w(self) -> float:
        """Watts of the chip, averaged over the layer's time."""
        return self.energy.total / self.total_latency_s

    @property
    def buffer_bytes(self) -> int:
        """Bytes between the buffer and the array."""
        return self.traffic.buffer * self.word_bytes

    @property
    def dram_bytes(self) -> int:
        """Bytes across the chip's edge, nothing coded."""
        return self.traffic.dram * self.word_bytes

    @property
    def errors(self) -> dict[str, float]:
        """How far each figure is from its measurement, as a share of the measurement."""
        known = self.measured.to_dict() if self.measured else {}
        return {key: getattr(self, key) / value - 1.0 for key, value in known.items() if value}

    def to_dict(self) -> dict[str, Any]:
        """The layer as plain data."""
        words = {one.name: getattr(self.traffic, one.name) for one in fields(self.traffic)}
        return {
            "name": self.name,
            "macs": self.macs,
            "passes": self.passes,
            **{key: getattr(self, key) for key in COMPARED},
            "energy_j": self.energy.total,
            "power_by_block_w": {
                name: joules / self.total_latency_s for name, joules in self.energy.by_block.items()
            },
            "bytes": {name: count * self.word_bytes for name, count in words.items()},
            "zeros": (
                {"ifmaps": self.zeros.ifmaps, "ofmaps": self.zeros.ofmaps} if self.zeros else None
            ),
            "mapping": self.mapping.to_dict(),
            "mapping_source": self.mapping_source,
            "measured": self.measured.to_dict() if self.measured else None,
            "errors": self.errors,
        }


@dataclass(frozen=True, slots=True)
class Unrun:
    """A layer that the chip does not run in passes, and why."""

    name: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class PassRun:
    """What a network did on a chip in passes.

    Args:
        network, batch: What ran.
        chip: On what.
        zeros: Which shares of zeros: `measured`, `none` or a file.
        layers: Those that ran, in order, one after another.
        unrun: Those that the chip does not run.
        ignored: What the reader of the model did not understand.
        published: The measurements, where network and batch are those that were measured.
    """

    network: str
    batch: int
    chip: PassChip
    zeros: str
    layers: tuple[PassLayer, ...]
    unrun: tuple[Unrun, ...]
    ignored: tuple[Ignored, ...]
    published: Published | None

    @property
    def totals(self) -> dict[str, float]:
        """The figures of all layers: sums, power over their time, PEs weighted by time."""
        seconds = self._sum("total_latency_s")
        processing = self._sum("processing_latency_s")
        busy = sum(layer.active_pes * layer.processing_latency_s for layer in self.layers)
        return {
            "macs": self._sum("macs"),
            "nonzero_macs": self._sum("nonzero_macs"),
            "passes": self._sum("passes"),
            "active_pes": busy / processing,
            "processing_latency_s": processing,
            "total_latency_s": seconds,
            "power_w": self.energy_j / seconds,
            "buffer_bytes": self._sum("buffer_bytes"),
            "dram_bytes": self._sum("dram_bytes"),
            "dram_bytes_compressed": self._sum("dram_bytes_compressed"),
            "frames_per_s": self.batch / seconds,
        }

    @property
    def energy_j(self) -> float:
        """Joules of the chip, without DRAM."""
        return sum(layer.energy.total for layer in self.layers)

    @property
    def energy_by_block_j(self) -> dict[str, float]:
        """Joules of all layers by block."""
        return {name: sum(layer.energy.by_block[name] for layer in self.layers) for name in BLOCKS}

    @property
    def operating_points(self) -> tuple[dict[str, float], ...]:
        """Power and frame rate at other voltages: predicted, and measured on AlexNet.

        Clocks follow the measured frame rates: no publication prints them point by point.
        """
        nominal = min(self.chip.points, key=lambda point: abs(point.voltage_v - 1.0))
        found: list[dict[str, float]] = []
        for point in self.chip.points:
            clock = point.frames_per_s / nominal.frames_per_s
            voltage = point.voltage_v / nominal.voltage_v
            power_w = self.totals["power_w"]
            found.append(
                {
                    "voltage_v": point.voltage_v,
                    "clock_hz": self.chip.clock_hz * clock,
                    "frames_per_s": self.totals["frames_per_s"] * clock,
                    "power_w": scaled_power_w(power_w, clock=clock, voltage=voltage),
                }
            )
        return tuple(found)

    def _sum(self, name: str) -> Any:
        return sum(getattr(layer, name) for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "network": self.network,
            "chip": self.chip.name,
            "dataflow": "rs",
            "batch": self.batch,
            "zeros": self.zeros,
            "layers": [layer.to_dict() for layer in self.layers],
            "totals": {**self.totals, "energy_j": self.energy_j},
            "measured_totals": self.published.total.to_dict() if self.published else None,
            "operating_points": list(self.operating_points),
            "unmapped": [
                {"name": one.name, "kind": one.kind, "reason": one.reason} for one in self.unrun
            ],
            "ignored": [
                {"name": one.name, "operator": one.operator, "reason": one.reason}
                for one in self.ignored
            ],
            "sources": dict(self.chip.sources),
        }

    def records(self) -> list[dict[str, Any]]:
        """The layers as plain data, for CSV."""
        return [layer.to_dict() for layer in self.layers]

    def save(self, path: str | Path) -> None:
        """Write `to_dict()` as JSON; the file appears whole or not at all.

        Raises:
            OutputError: The file cannot be written.
        """
        write_whole(path, to_json(self.to_dict()))

    def plot(self, path: str | Path) -> None:
        """Draw latency, power and DRAM traffic per layer beside the silicon's.

        Raises:
            PicojouleError: matplotlib is missing, the ending is unknown, or the file cannot be
                written.
        """
        from picojoule.silicon.tables import silicon_bars

        save_bars(silicon_bars(self), path)

    def __str__(self) -> str:
        from picojoule.silicon.tables import describe_run

        return describe_run(self)

    __repr__ = __str__
