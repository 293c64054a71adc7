"""WS: a weight stays in its PE until every product that needs it is made.

Keeps each weight in the register file for all its N*P*Q uses. A block of R x S PEs holds
one filter plane; r blocks work on different channels and add to the same psums, t on different
filters and share the ifmap. A pixel is broadcast to every PE whose weight needs it and kept
nowhere; a psum moves to the next PE each cycle and, at the end of a filter row, through the buffer
to the next row. So do nn-X (neuFlow), Origami and the chips of Sankaradas, Sriram, Chakradhar
and Park. The ifmap runs by in strips of f ofmap columns, which keeps the delay lines between
filter rows short.

    mapping   r channels, t filters, f ofmap columns
    ifmaps    a = ceil(M/t) * (columns read in strips of f) / W;  then over the array at each use
    weights   a = 1;  buffer and array are passed once;  d = all uses
    psums     ab = R*ceil(C/r);  c = all S*r of a row;  d = 1
    array     r*t*R*S <= PEs
    buffer    N*t*P*Q psums + r*t*(R-1)*(columns of a strip - S) in delay lines
    RF        1 word

Source: chen2016isca, Sec. IV-A and VI (block, broadcast, the psum's way, one weight at a time, all
N*P*Q products in turn); the delay lines, strips and who passes the buffer: cnnflow2016.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from picojoule.compare.area import Storage
from picojoule.compare.dataflow import Block, Dataflow, grid, keep, rounds
from picojoule.compare.shape import Shape
from picojoule.compare.split import from_totals

_PASSED = frozenset({"buffer", "array"})


def _registers(shapes: Sequence[Shape]) -> int:
    del shapes
    return 1


def _blocks(shape: Shape, chip: Storage) -> Iterator[Block]:
    places = chip.pes // (shape.R * shape.S)
    if not places:
        return
    r, t = grid(np.arange(1, min(shape.C, places) + 1), np.arange(1, min(shape.M, places) + 1))
    room = chip.buffer_words - shape.N * t * shape.P * shape.Q
    r, t, room = keep((r * t <= places) & (room >= 0), r, t, room)
    if not r.size:
        return
    # The widest strip that fits is best: it only lowers what is read twice.
    columns = np.array(shape.columns, dtype=np.int64)
    delays = np.maximum(columns[1:] - shape.S, 0) * (shape.R - 1)
    f = np.searchsorted(delays, room // (r * t), side="right")
    again = columns[f] * (shape.Q / f) / shape.ifmap_columns
    yield Block(
        {"r": r, "t": t, "f": f},
        shape.window * shape.M / (rounds(shape.C, r) * rounds(shape.M, t)),
        ifmaps=from_totals(
            rounds(shape.M, t) * again,
            rounds(shape.M, t) * again,
            shape.ifmap_uses,
            shape.ifmap_uses,
            skips=frozenset({"buffer", "rf"}),
        ),
        weights=from_totals(1, 1, 1, shape.weight_uses, skips=_PASSED),
        psums=from_totals(1, shape.R * rounds(shape.C, r), shape.window, shape.window),
    )


def _obstacle(shape: Shape, chip: Storage) -> str:
    if chip.pes < shape.R * shape.S:
        return f"a filter plane takes {shape.R * shape.S:,} PEs; there are {chip.pes:,}"
    return (
        f"psums do not fit: one filter's, for all N*P*Q pixels of the batch, take "
        f"{shape.N * shape.P * shape.Q:,} words; the buffer holds {chip.buffer_words:,}"
    )


WEIGHT_STATIONARY = Dataflow("ws", "WS", _registers, _blocks, _obstacle)
