"""NLR: nothing stays in a PE; what register files would take goes to a larger buffer.

PEs stand in groups: p of them work on different filters and share an ifmap pixel, q groups work on
different channels and add their products along the array, as on DianNao, DaDianNao and Zhang's
FPGA. Every MAC fetches its weight from the buffer, and every psum returns there after q steps.

    mapping   n images, m filters, e x f pixels in the buffer; p filters, q channels in the array
    ifmaps    a = ceil(M/m) * (read in windows) / (ifmap);  ab = ceil(M/p) * R*S*P*Q / (H*W);
              then over the array at each use
    weights   a = ceil(N/n)*ceil(P/e)*ceil(Q/f);  ab = all uses, straight from the buffer to a PE
    psums     ab = ceil(C/q)*R*S;  c = q;  d = 1
    array     p*q <= PEs, p <= m
    buffer    n*q*(window) + m*q*R*S + n*m*e*f
    RF        none

Source: chen2016isca, Sec. IV-C and VI (no register file, shared pixels, psums across groups); the
buffer and who passes the array: cnnflow2016.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from picojoule.compare.area import Storage
from picojoule.compare.dataflow import Block, Dataflow, Whole, grid, keep, rounds, tiles, windows
from picojoule.compare.shape import Shape
from picojoule.compare.split import from_totals


def _registers(shapes: Sequence[Shape]) -> int:
    del shapes
    return 0


def _blocks(shape: Shape, chip: Storage) -> Iterator[Block]:
    e, f = grid(windows(shape.rows), windows(shape.columns))
    rows = np.array(shape.rows, dtype=np.int64)[e]
    columns = np.array(shape.columns, dtype=np.int64)[f]
    for q in tiles(shape.C):  # of two with as many rounds, the smaller leaves more room
        if q > chip.pes:
            return
        for n in tiles(shape.N).tolist():
            block = _of_channels(int(q), n, shape, chip, e, f, rows, columns)
            if block:
                yield block


def _of_channels(q: int, n: int, shape: Shape, chip: Storage, *arrays: Whole) -> Block | None:
    e, f, rows, columns = arrays
    room = chip.buffer_words - n * q * rows * columns
    each = q * shape.R * shape.S + n * e * f
    legal = room >= each
    if not legal.any():
        return None
    e, f, rows, columns, room, each = keep(legal, *arrays, room, each)
    # As many filters as fit, and as many at a time as the array takes, only save reads of ifmaps.
    m = np.minimum(room // each, shape.M)
    p = np.minimum(m, chip.pes // q)
    again = (
        rows * (shape.P / e) * columns * (shape.Q / f) / (shape.ifmap_rows * shape.ifmap_columns)
    )
    uses, weight_uses = shape.ifmap_uses, shape.weight_uses
    return Block(
        {"n": n, "m": m, "e": e, "f": f, "p": p, "q": q},
        shape.M * shape.C / (rounds(shape.M, p) * -(-shape.C // q)),
        ifmaps=from_totals(
            rounds(shape.M, m) * again,
            rounds(shape.M, p) * (shape.ifmap_uses / shape.M),
            uses,
            uses,
            skips=frozenset({"rf"}),
        ),
        weights=from_totals(
            -(-shape.N // n) * rounds(shape.P, e) * rounds(shape.Q, f),
            weight_uses,
            weight_uses,
            weight_uses,
            skips=frozenset({"array", "rf"}),
        ),
        psums=from_totals(1, -(-shape.C // q) * shape.R * shape.S, shape.window, shape.window),
    )


def _obstacle(shape: Shape, chip: Storage) -> str:
    needed = shape.rows[1] * shape.columns[1] + shape.R * shape.S + 1
    return (
        f"one channel's window, its filter and a psum take {needed:,} words; "
        f"the buffer holds {chip.buffer_words:,}"
    )


NO_LOCAL_REUSE = Dataflow("nlr", "NLR", _registers, _blocks, _obstacle)
