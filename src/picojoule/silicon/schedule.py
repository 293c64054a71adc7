"""Schedule: processing passes, and how many words they move.

A pass takes up to q*r channels and p*t filters of n images through the array, for e rows of
outputs (a strip) and f columns (a tile): each PE interleaves p filters with q channels; r sets of
PEs work on different channels and t on different filters. Inputs enter the array once per pass,
partial sums leave it once. The buffer keeps the inputs of one pass and the partial sums of m
filters.

The counts take integers, or arrays of p, q, r, t and m, which is how the search asks for all of
them at once. Source: chen2017jssc, Sec. IV and Table III.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from picojoule.errors import MappingError
from picojoule.silicon.chip import PassChip
from picojoule.silicon.shapes import LayerShape

Count = Any
"""An integer, or an array of integers; a sum over passes is exact in either."""


@dataclass(frozen=True, slots=True)
class PassMapping:
    """How a layer is cut into passes.

    Args:
        m: Filters whose partial sums the buffer keeps.
        n: Images of a pass.
        e, f: Output rows and columns of a pass.
        p, q: Filters and channels that a PE interleaves.
        r, t: Sets of PEs on different channels, and on different filters.
    """

    m: Count
    n: int
    e: int
    f: int
    p: Count
    q: Count
    r: Count
    t: Count

    def to_dict(self) -> dict[str, int]:
        """The parameters by name."""
        return {one.name: int(getattr(self, one.name)) for one in fields(self)}

    def __str__(self) -> str:
        return " ".join(f"{name}{value}" for name, value in self.to_dict().items())


@dataclass(frozen=True, slots=True)
class Traffic:
    """Words that a layer moves; every count is for the whole batch.

    Args:
        buffer_ifmaps, buffer_filters: From the buffer to the array.
        psum_writes, psum_reads: Between the array and the buffer.
        readout: Finished outputs from the buffer towards DRAM.
        ifmap_deliveries, filter_deliveries: Words that PEs receive.
        psum_hops: Partial sums that a PE hands on to the next.
        dram_ifmaps, dram_filters, dram_ofmaps: Across the chip's edge, not coded.
    """

    buffer_ifmaps: Count
    buffer_filters: Count
    psum_writes: Count
    psum_reads: Count
    readout: Count
    ifmap_deliveries: Count
    filter_deliveries: Count
    psum_hops: Count
    dram_ifmaps: Count
    dram_filters: Count
    dram_ofmaps: Count

    @property
    def buffer(self) -> Count:
        """Words between the buffer and the array."""
        return self.buffer_ifmaps + self.buffer_filters + self.psum_writes + self.psum_reads

    @property
    def array(self) -> Count:
        """Words on the networks of the array."""
        return self.ifmap_deliveries + self.filter_deliveries + self.psum_hops

    @property
    def dram(self) -> Count:
        """Words across the chip's edge."""
        return self.dram_ifmaps + self.dram_filters + self.dram_ofmaps


def parts(total: int, size: int) -> list[tuple[int, int]]:
    """A dimension in parts of `size`: (how many, size) of the whole ones and of the rest.

    >>> parts(55, 7)
    [(7, 7), (1, 6)]
    """
    whole, rest = divmod(total, size)
    return [(count, size) for count, size in ((whole, size), (min(rest, 1), rest)) if count]


def up(value: Count, divisor: Count) -> Count:
    """Divide and round up."""
    return -(-value // divisor)


def sets(chip: PassChip, shape: LayerShape, e: int) -> int:
    """PE sets of `e` columns that the array holds side by side and above each other.

    A set that is wider than the array is cut into segments, which take the places of others.

    >>> from picojoule.silicon.chip import pass_chip
    >>> conv2 = LayerShape(4, 2, 128, 48, 5, 5, 27, 27)
    >>> sets(pass_chip(), conv2, 27), sets(pass_chip(), conv2, 14), sets(pass_chip(), conv2, 7)
    (1, 2, 4)
    """
    above = chip.rows // shape.height
    if e <= chip.columns:
        return above * (chip.columns // e)
    return above // up(e, chip.columns)


def passes(shape: LayerShape, mapping: PassMapping) -> Count:
    """Processing passes of a layer.

    In the published example, six channels by three, eight filters by four and four images by two
    take eight passes (chen2017jssc, Sec. IV).

    >>> passes(LayerShape(4, 1, 8, 6, 3, 3, 13, 13), PassMapping(8, 2, 13, 13, 4, 3, 1, 1))
    8
    """
    planes = up(shape.e, mapping.e) * up(shape.f, mapping.f)
    return (
        shape.groups * (shape.images // mapping.n) * planes
        * up(shape.channels, mapping.q * mapping.r) * filter_blocks(shape, mapping)
    )  # fmt: skip


def filter_blocks(shape: LayerShape, mapping: PassMapping) -> Count:
    """Passes that each input of a group goes through: blocks of p*t filters."""
    return up(shape.filters, mapping.p * mapping.t)


def traffic(shape: LayerShape, mapping: PassMapping) -> Traffic:
    """Count the words of a layer; ragged strips, tiles and blocks move what they need."""
    rows = sum(count * shape.rows(e) for count, e in parts(shape.e, mapping.e))
    columns = sum(count * shape.columns(f) for count, f in parts(shape.f, mapping.f))
    ifmaps = shape.images * shape.groups * shape.channels * rows * columns
    tiles = up(shape.f, mapping.f)
    loads = up(shape.e, mapping.e) * tiles * (shape.images // mapping.n)
    blocks = filter_blocks(shape, mapping)
    turns = up(shape.channels, mapping.q * mapping.r)
    height = shape.height
    planes = shape.images * shape.groups * shape.channels
    return Traffic(
        buffer_ifmaps=ifmaps * blocks,
        buffer_filters=shape.weights * loads,
        psum_writes=shape.outputs * turns,
        psum_reads=shape.outputs * (turns - 1),
        readout=shape.outputs,
        ifmap_deliveries=planes * shape.e * height * columns * up(shape.filters, mapping.p),
        filter_deliveries=shape.weights * shape.e * tiles * (shape.images // mapping.n),
        psum_hops=shape.outputs * (height * up(shape.channels, mapping.q) - turns),
        dram_ifmaps=ifmaps * up(shape.filters, mapping.m),
        dram_filters=shape.weights * loads,
        dram_ofmaps=shape.outputs,
    )


def active_pes(shape: LayerShape, mapping: PassMapping) -> Count:
    """PEs at work in a full pass.

    >>> conv1 = LayerShape(4, 1, 96, 3, 11, 11, 55, 55, 4, 4)
    >>> active_pes(conv1, PassMapping(m=96, n=1, e=7, f=55, p=16, q=1, r=1, t=2))
    154
    """
    return shape.height * mapping.e * mapping.r * mapping.t


def banks(chip: PassChip, shape: LayerShape, mapping: PassMapping) -> tuple[Count, Count]:
    """Banks of the buffer that inputs and partial sums take."""
    inputs = mapping.n * mapping.q * mapping.r * shape.rows(mapping.e) * shape.columns(mapping.f)
    psums = mapping.n * mapping.m * mapping.e * mapping.f
    return (
        up(inputs * chip.word_bytes, chip.bank_bytes),
        up(psums * chip.word_bytes, chip.bank_bytes),
    )


def check_mapping(chip: PassChip, shape: LayerShape, mapping: PassMapping, *, where: str) -> None:
    """Refuse a mapping that the chip cannot run.

    Raises:
        MappingError: The first limit that it breaks.
    """
    for what, got, most, fix in _limits(chip, shape, mapping):
        if got > most:
            raise MappingError(
                f"passes do not fit the chip: {what}",
                where=where,
                got=got,
                expected=f"at most {most}",
                fix=fix,
            )
    if mapping.m < shape.filters and mapping.m % (mapping.p * mapping.t):
        raise MappingError(
            "kept filters are no whole number of passes",
            where=where,
            got=f"m={mapping.m} for passes of p*t={mapping.p * mapping.t} filters",
            expected="a multiple of p*t, or all filters",
            fix="raise or lower m to a multiple of p*t",
        )
    if shape.images % mapping.n:
        raise MappingError(
            "images of a pass do not divide the batch",
            where=where,
            got=f"n={mapping.n} of {shape.images} images",
            expected="a divisor of the batch",
            fix="choose n or the batch so that all passes have as many images",
        )


def _limits(
    chip: PassChip, shape: LayerShape, mapping: PassMapping
) -> Iterator[tuple[str, int, int, str]]:
    """(what, how much, how much there is, what to lower)."""
    p, q, r, t = mapping.p, mapping.q, mapping.r, mapping.t
    words = shape.height * shape.width * q * r * p * t
    yield "images", mapping.n, shape.images, "lower n"
    yield "output rows", mapping.e, shape.e, "lower e"
    yield "output columns", mapping.f, shape.f, "lower f"
    yield "filter scratch pad, words", p * q * shape.width, chip.filter_spad, "lower p or q"
    yield "input scratch pad, words", q * shape.width, chip.ifmap_spad, "lower q"
    yield "partial-sum scratch pad, words", p, chip.psum_spad, "lower p"
    yield "PE sets", r * t, sets(chip, shape, mapping.e), "lower r, t or e"
    yield "filter prefetch, bytes", words * chip.word_bytes, chip.prefetch_bytes, "lower p*q*r*t"
    yield "buffer banks", sum(banks(chip, shape, mapping)), chip.banks, "lower m, n, e or f"
