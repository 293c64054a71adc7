"""Chip: what the pass model knows of a fabricated chip, from its library files.

The array, the scratch pads, the clock and the price of every access come from the chip's
description in `hardware`; banks, buses, native shapes and measured operating points from a file
of this folder's library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, cast

from picojoule.hardware import Array, Memory, accelerator
from picojoule.silicon.shapes import LayerShape
from picojoule.sources import check_source


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One measured point of power and frame rate over voltage."""

    voltage_v: float
    frames_per_s: float
    power_w: float


@dataclass(frozen=True, slots=True)
class PassChip:
    """A chip that works in processing passes.

    Args:
        name: Of the chip.
        rows, columns: PEs of its array.
        filter_spad, ifmap_spad, psum_spad: Words of a PE's scratch pads.
        banks, bank_bytes: Of the buffer, for inputs and partial sums; a bank holds one of them.
        prefetch_bytes: Buffer for the next pass's filters.
        word_bytes: Of every operand.
        clock_hz: Of the core.
        link_bytes_per_s: Between the chip and its DRAM, both directions together.
        filter_rate, ifmap_rate, psum_rate: Words per core cycle from the buffer to the array;
            partial sums have as much in each direction.
        stages: Of a PE's pipeline.
        most_height, most_width, most_filters, most_channels: Largest native shape.
        strides_y, most_stride_x: Native strides.
        mac_pj, spad_pj, array_pj, buffer_pj, dram_pj: Per operation or word.
        standing_w: Power that is drawn whether or not data move.
        voltage_v, technology_nm, area_mm2, storage_bytes: Of the chip as measured.
        printed: What the survey's Table V prints of the chip.
        points: Measured power and frame rate over voltage.
        sources: (place, source text) of what this model adds.
    """

    name: str
    rows: int
    columns: int
    filter_spad: int
    ifmap_spad: int
    psum_spad: int
    banks: int
    bank_bytes: int
    prefetch_bytes: int
    word_bytes: int
    clock_hz: float
    link_bytes_per_s: float
    filter_rate: int
    ifmap_rate: int
    psum_rate: int
    stages: int
    most_height: int
    most_width: int
    most_filters: int
    most_channels: int
    strides_y: tuple[int, ...]
    most_stride_x: int
    mac_pj: float
    spad_pj: float
    array_pj: float
    buffer_pj: float
    dram_pj: float
    standing_w: float
    voltage_v: float
    technology_nm: float
    area_mm2: float
    storage_bytes: int
    printed: Mapping[str, float | str]
    points: tuple[OperatingPoint, ...]
    sources: tuple[tuple[str, str], ...]

    def refusal(self, shape: LayerShape) -> str | None:
        """Why a layer is not among the chip's native shapes; None where it is."""
        limits = (
            ("filter rows", shape.height, self.most_height),
            ("filter columns", shape.width, min(self.most_width, self.ifmap_spad)),
            ("filters", shape.groups * shape.filters, self.most_filters),
            ("channels", shape.channels, self.most_channels),
            ("columns per step", shape.stride_x, self.most_stride_x),
        )
        for what, size, most in limits:
            if size > most:
                return f"{size} {what}, and the chip takes at most {most}"
        if shape.stride_y not in self.strides_y:
            return f"{shape.stride_y} rows per step are not among the chip's strides"
        return None


def pass_chips() -> tuple[str, ...]:
    """The chips of the library that have a pass model.

    >>> pass_chips()
    ('eyeriss',)
    """
    return ("eyeriss",)


@cache
def pass_chip(name: str = "eyeriss") -> PassChip:
    """The pass model of a chip of the library.

    >>> chip = pass_chip()
    >>> chip.rows * chip.columns, chip.filter_spad, chip.banks
    (168, 224, 25)
    """
    spec = library_file(name)
    chip = accelerator(name)
    dram, buffer, spads = chip.memories
    (array,) = chip.arrays
    # Our own description of a chip that was measured says all of them.
    assert chip.voltage_v and chip.technology_nm and chip.area_mm2
    sources = tuple(_sources(spec))
    word_bits = chip.compute.bits

    def value(part: str, key: str) -> Any:
        return spec[part][key]["value"]

    return PassChip(
        name=chip.name,
        **_array_and_spads(array, spads),
        banks=value("buffer", "banks"),
        bank_bytes=value("buffer", "bank_bytes"),
        prefetch_bytes=value("buffer", "prefetch_bytes"),
        word_bytes=word_bits // 8,
        clock_hz=chip.clock_hz,
        link_bytes_per_s=float(value("link", "clock_hz")) * value("link", "bits") / 8,
        filter_rate=value("networks", "filter_bits") // word_bits,
        ifmap_rate=value("networks", "ifmap_bits") // word_bits,
        psum_rate=value("networks", "psum_bits") // word_bits,
        stages=value("pe", "pipeline_stages"),
        most_height=value("native", "filter_height"),
        most_width=value("native", "filter_width"),
        most_filters=value("native", "filters"),
        most_channels=value("native", "channels"),
        strides_y=tuple(value("native", "vertical_strides")),
        most_stride_x=value("native", "horizontal_stride"),
        mac_pj=chip.compute.mac_pj,
        spad_pj=spads.read_pj,
        array_pj=array.delivery_pj,
        buffer_pj=buffer.read_pj,
        dram_pj=dram.read_pj,
        standing_w=value("power", "standing_w"),
        voltage_v=chip.voltage_v,
        technology_nm=chip.technology_nm,
        area_mm2=chip.area_mm2,
        storage_bytes=chip.on_chip_bits // 8,
        printed={key: entry["value"] for key, entry in spec["survey"].items()},
        points=tuple(OperatingPoint(**point) for point in spec["operating_points"]["points"]),
        sources=sources,
    )


_LIBRARY = resources.files("picojoule.silicon") / "library"


def library_names() -> tuple[str, ...]:
    """The files that there are: chips, and networks as they were measured on one."""
    names = sorted(place.name for place in _LIBRARY.iterdir())
    return tuple(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def library_file(name: str) -> dict[str, Any]:
    """One of our own files: of a chip, or of a network as it was measured on one."""
    from ruamel.yaml import YAML

    place = _LIBRARY / f"{name}.yaml"
    return YAML(typ="safe", pure=True).load(place.read_text("utf-8"))


def _array_and_spads(array: Array, spads: Memory) -> dict[str, int]:
    words = {role: bits // spads.access_bits for role, bits in spads.partitions}
    return {
        "rows": array.y,
        "columns": array.x,
        "filter_spad": words["weights"],
        "ifmap_spad": words["inputs"],
        "psum_spad": words["outputs"],
    }


def _sources(spec: dict[str, Any]) -> list[tuple[str, str]]:
    """Every number's place and source; a number without one is a bug of ours."""
    found: list[tuple[str, str]] = []
    for part, keys in spec.items():
        if not isinstance(keys, dict):
            continue
        for key, entry in cast(dict[str, Any], keys).items():
            place = part if key == "source" else f"{part}.{key}"
            if key != "points":
                text = entry if key == "source" else entry["source"]
                found.append((place, check_source(text, where=place)))
    return found
