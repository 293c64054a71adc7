"""OS_A, OS_B, OS_C: a psum stays in its PE until it is an ofmap value.

Keep each psum in the register file for all its C*R*S steps, so DRAM sees finished ofmap values
only. Every weight and every pixel that a PE uses comes over the array: two transfers a MAC. They
differ in what the PEs work on at a time, hence in what one read of the buffer serves:

    OS_A  one ofmap channel, e x f pixels of n images (SOC-MOP): a weight goes to all PEs, pixels
          move from neighbour to neighbour in both directions. ShiDianNao.
    OS_B  p ofmap channels, f pixels of one ofmap row of n images (MOC-MOP): pixels are shared by
          the p channels and move along one row only. Gupta's.
    OS_C  p ofmap channels, one pixel of n images (MOC-SOP): pixels are shared by the p channels,
          and no window slides on the chip. Peemen's.

    buffer    m filters * C*R*S + n * (the ifmap's window: C * rows * columns)
    array     OS_A  n*e*f <= PEs      OS_B  n*p*f <= PEs, p <= m      OS_C  n*p <= PEs, p <= m
    RF        OS_A  1 + U + U*R       OS_B  1 + U                     OS_C  1 word
    weights   a = 1;  ab = one read of the buffer for each group of pixels that works at a time
    ifmaps    a = ceil(M/m) * (read in windows) / (ifmap);  ab has M, ceil(M/p), ceil(M/p) instead
    psums     d = C*R*S

U is the stride: what slides must be kept by each PE until its neighbour wants it. The register
files are those of the layer that needs most: 98, 10 and 2 bytes for AlexNet.

Source: chen2016isca, Sec. IV-B and VI (what works at a time, its limits at N = 1, the register
files); buffers and the number of reads of OS_A and OS_B: cnnflow2016. The n images of OS_C
are our reading: they follow from its buffer bar, which falls to one seventh from N = 1 to N = 16.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from picojoule.compare.area import Storage
from picojoule.compare.dataflow import Block, Dataflow, Whole, grid, keep, rounds, tiles, windows
from picojoule.compare.shape import Shape
from picojoule.compare.split import Uses, from_totals

_STREAMED = frozenset({"rf"})


def _registers_a(shapes: Sequence[Shape]) -> int:
    return max(1 + shape.stride + shape.stride * shape.R for shape in shapes)


def _registers_b(shapes: Sequence[Shape]) -> int:
    return max(1 + shape.stride for shape in shapes)


def _registers_c(shapes: Sequence[Shape]) -> int:
    del shapes
    return 1


def _blocks_a(shape: Shape, chip: Storage) -> Iterator[Block]:
    pairs = grid(windows(shape.rows), windows(shape.columns))
    for n in tiles(shape.N).tolist():
        e, f = keep(pairs[0] * pairs[1] <= chip.pes // n, *pairs)
        rows, columns = _window(shape.rows, e), _window(shape.columns, f)
        (e, f, rows, columns), m = _filters(
            shape, chip, n * shape.C * rows * columns, e, f, rows, columns
        )
        area = shape.ifmap_rows * shape.ifmap_columns
        again = rows * (shape.P / e) * columns * (shape.Q / f) / area
        if m.size:
            yield _block(
                shape,
                {"m": m, "n": n, "e": e, "f": f},
                filters=1,
                weight_reads=-(-shape.N // n) * rounds(shape.P, e) * rounds(shape.Q, f),
                ifmap_passes=rounds(shape.M, m) * again,
                ifmap_reads=shape.M * again,
            )


def _blocks_b(shape: Shape, chip: Storage) -> Iterator[Block]:
    n, f = grid(tiles(shape.N), windows(shape.columns))
    n, f = keep(n * f <= chip.pes, n, f)
    rows, columns = shape.rows[1], _window(shape.columns, f)
    (n, f, columns), m = _filters(shape, chip, n * shape.C * rows * columns, n, f, columns)
    if not m.size:
        return
    p = np.minimum(m, chip.pes // (n * f))  # more channels only share more
    again = rows * shape.P * columns * (shape.Q / f) / (shape.ifmap_rows * shape.ifmap_columns)
    yield _block(
        shape,
        {"m": m, "n": n, "f": f, "p": p},
        filters=p,
        weight_reads=rounds(shape.N, n) * shape.P * rounds(shape.Q, f),
        ifmap_passes=rounds(shape.M, m) * again,
        ifmap_reads=rounds(shape.M, p) * again,
    )


def _blocks_c(shape: Shape, chip: Storage) -> Iterator[Block]:
    n = tiles(shape.N)
    n = n[n <= chip.pes]
    rows, columns = shape.rows[1], shape.columns[1]
    (n,), m = _filters(shape, chip, n * shape.C * rows * columns, n)
    if not m.size:
        return
    p = np.minimum(m, chip.pes // n)  # more channels only share more
    again = rows * shape.P * columns * shape.Q / (shape.ifmap_rows * shape.ifmap_columns)
    yield _block(
        shape,
        {"m": m, "n": n, "p": p},
        filters=p,
        weight_reads=rounds(shape.N, n) * shape.P * shape.Q,
        ifmap_passes=rounds(shape.M, m) * again,
        ifmap_reads=rounds(shape.M, p) * again,
    )


def _filters(
    shape: Shape, chip: Storage, window: Whole, *arrays: Whole
) -> tuple[tuple[Whole, ...], Whole]:
    """What fits of some mappings, and the filters m that the buffer keeps for them.

    As many as fit are best: they only save passes over the ifmap.
    """
    m = np.minimum((chip.buffer_words - window) // shape.window, shape.M)
    legal = m >= 1
    return keep(legal, *arrays), m[legal]


def _block(
    shape: Shape,
    parameters: dict[str, Whole | int],
    *,
    filters: Whole | int,
    weight_reads: Whole,
    ifmap_passes: Uses,
    ifmap_reads: Uses,
) -> Block:
    """Side by side, `filters` at a time; one read of a weight starts one group of pixels."""
    uses, weight_uses = shape.ifmap_uses, shape.weight_uses
    turns = rounds(shape.M, np.asarray(filters)) * weight_reads
    return Block(
        parameters,
        shape.M * shape.weight_uses / turns,
        ifmaps=from_totals(ifmap_passes, ifmap_reads, uses, uses, skips=_STREAMED),
        weights=from_totals(1, weight_reads, weight_uses, weight_uses, skips=_STREAMED),
        psums=from_totals(1, 1, 1, shape.window),
    )


def _window(touched: tuple[int, ...], tile: Whole) -> Whole:
    return np.array(touched, dtype=np.int64)[tile]


def _obstacle(shape: Shape, chip: Storage) -> str:
    needed = shape.window + shape.C * shape.rows[1] * shape.columns[1]
    return (
        f"one filter and one window of the ifmap take {needed:,} words; the buffer "
        f"holds {chip.buffer_words:,} beside register files of {chip.rf_bytes:,} B in each PE"
    )


OUTPUT_STATIONARY = (
    Dataflow("os_a", "OS_A", _registers_a, _blocks_a, _obstacle),
    Dataflow("os_b", "OS_B", _registers_b, _blocks_b, _obstacle),
    Dataflow("os_c", "OS_C", _registers_c, _blocks_c, _obstacle),
)
