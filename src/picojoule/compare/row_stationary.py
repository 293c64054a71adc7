"""RS: a row of a filter stays in its PE and slides over a row of the ifmap, for a row of psums.

The primitive is one-dimensional: a PE keeps a filter row, S pixels and a psum in its register file.
R x e of them make a set, two-dimensional: filter rows are shared across the e ofmap rows, ifmap rows
along diagonals, psums add up the R rows. In the array stand r sets of different channels, whose
psums add up, and t of different filters, which share the ifmap; each PE interleaves p filters
and q channels; n images follow one another in a pass. As on Eyeriss.

    mapping   m filters, n images in the buffer; e ofmap rows, r*t sets in the array; p, q in a PE
    ifmaps    a = ceil(M/m) * (rows read in strips of e) / H;  ab: ceil(M/(p*t)) for ceil(M/m);
              abc = ceil(M/p) * R*P/H;  d = p * S*Q/W
    weights   a = ceil(N/n)*ceil(P/e), past the buffer;  abc = ceil(N/n)*P;  d = n*Q
    psums     ab = ceil(C/(q*r));  abc = ceil(C/q)*R;  d = q*S
    array     R*e*r*t <= PEs
    RF        p*q*S + q*S + p words
    buffer    n*m*e*Q psums + n*q*r*(rows of a strip)*W pixels, p*t <= m, q*r <= C

Source: chen2016isca, Sec. V; chen2017jssc, Sec. IV (sets, strips, r, t, p, q, n, m and their
limits); that filters pass the buffer without being kept there: chen2016cnnflow, and the fabricated
chip, which prefetches them. Depth of the register file: chen2016isca, Sec. VI (512 B).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from picojoule.compare.area import BASELINE_BYTES, WORD_BYTES, Storage
from picojoule.compare.dataflow import Block, Dataflow, Whole, grid, keep, rounds, tiles
from picojoule.compare.shape import Shape
from picojoule.compare.split import from_totals


def _registers(shapes: Sequence[Shape]) -> int:
    del shapes
    return BASELINE_BYTES // WORD_BYTES


def _blocks(shape: Shape, chip: Storage) -> Iterator[Block]:
    deepest = min(shape.C, (chip.rf_words - 1) // (2 * shape.S))
    if deepest < 1:
        return
    q = np.arange(1, deepest + 1)
    for e in range(1, min(shape.P, chip.pes // shape.R) + 1):
        r, t = _sets(shape, chip.pes // (shape.R * e))
        n, q_of, place = grid(tiles(shape.N), q, np.arange(r.size))
        block = _of_strip(e, shape, chip, n, q_of, r[place], t[place])
        if block:
            yield block


def _sets(shape: Shape, places: int) -> tuple[Whole, Whole]:
    """Every (r, t) that stands in the array at a time."""
    r = np.arange(1, min(shape.C, places) + 1)
    most = np.minimum(places // r, shape.M)
    # For each r: t = 1, 2, ... most.
    start = np.repeat(np.cumsum(most) - most, most)
    return np.repeat(r, most), np.arange(most.sum()) - start + 1


def _of_strip(e: int, shape: Shape, chip: Storage, *arrays: Whole) -> Block | None:
    n, q, r, t = arrays
    rows = shape.rows[e]
    # As many filters as fit are best: in the buffer they save passes over the ifmap, in a PE
    # transfers of pixels.
    m = np.minimum((chip.buffer_words // n - q * r * rows * shape.W) // (e * shape.Q), shape.M)
    p = np.minimum((chip.rf_words - q * shape.S) // (q * shape.S + 1), m // t)
    legal = (q * r <= shape.C) & (p >= 1)
    if not legal.any():
        return None
    n, q, r, t, m, p = keep(legal, n, q, r, t, m, p)
    again = rows * (shape.P / e) / shape.H
    passes, sets = rounds(shape.N, n), rounds(shape.C, q)
    weight_uses = np.full(n.shape, shape.weight_uses)
    return Block(
        {"m": m, "n": n, "e": np.full(n.shape, e), "p": p, "q": q, "r": r, "t": t},
        shape.R * e * r * t,
        ifmaps=from_totals(
            rounds(shape.M, m) * again,
            rounds(shape.M, p * t) * again,
            rounds(shape.M, p) * (shape.R * shape.P / shape.H),
            np.full(n.shape, shape.ifmap_uses),
        ),
        weights=from_totals(
            passes * -(-shape.P // e),
            passes * -(-shape.P // e),
            passes * shape.P,
            weight_uses,
            skips=frozenset({"buffer"}),
        ),
        psums=from_totals(1, rounds(shape.C, q * r), sets * shape.R, shape.window),
    )


def _obstacle(shape: Shape, chip: Storage) -> str:
    if shape.R > chip.pes:
        return f"a set is {shape.R:,} PEs high; there are {chip.pes:,}"
    if 2 * shape.S + 1 > chip.rf_words:
        return (
            f"a filter row, as many pixels and a psum take {2 * shape.S + 1:,} words; "
            f"a register file holds {chip.rf_words:,}"
        )
    needed = shape.rows[1] * shape.W + shape.Q
    return (
        f"the ifmap rows of one ofmap row and its psums take {needed:,} words; "
        f"the buffer holds {chip.buffer_words:,}"
    )


ROW_STATIONARY = Dataflow("rs", "RS", _registers, _blocks, _obstacle)
