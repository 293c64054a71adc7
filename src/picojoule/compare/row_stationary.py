"""RS: a row of a filter stays in its PE and slides over a row of the ifmap, for a row of psums.

The primitive is one-dimensional: a PE keeps a filter row, S pixels and a psum in its register file.
R x e of them make a set, two-dimensional: filter rows are shared across the e ofmap rows, ifmap
rows along diagonals, psums add up the R rows. In the array stand r sets of different channels,
whose psums add up, and t of different filters, which share the ifmap; each PE interleaves
p filters and q channels; n images follow one another in a pass. As on Eyeriss.

    mapping   m filters, n images in the buffer; e ofmap rows, r*t sets in the array; p, q in a PE
    ifmaps    a = ceil(M/m) * (rows read in strips of e) / H;  ab: ceil(M/(p*t)) for ceil(M/m);
              abc = ceil(M/p) * R*P/H;  d = p * S*Q/W
    weights   a = ceil(N/n)*ceil(P/e), past the buffer;  abc = ceil(N/n)*P;  d = n*Q
    psums     ab = ceil(C/(q*r));  abc = ceil(C/q)*R;  d = q*S
    array     R*e*r*t <= PEs
    RF        p*q*S + q*S + p words
    buffer    n*m*e*Q psums + n*q*r*(rows of a strip)*W pixels, p*t <= m,
              q*(r-1) < C: the last of r sets may have fewer channels

Source: chen2016isca, Sec. V; chen2017jssc, Sec. IV (sets, strips, r, t, p, q, n, m and their
limits); that filters pass the buffer without being kept there: cnnflow2016, and the fabricated
chip, which prefetches them. Depth of the register file: chen2016isca, Sec. VI (512 B).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from picojoule.compare.area import BASELINE_BYTES, Storage
from picojoule.compare.dataflow import Block, Dataflow, Whole, grid, keep, rounds, tiles, windows
from picojoule.compare.shape import Shape
from picojoule.compare.split import from_totals
from picojoule.hardware import STUDY_WORD_BYTES


def _registers(shapes: Sequence[Shape]) -> int:
    del shapes
    return BASELINE_BYTES // STUDY_WORD_BYTES


def _blocks(shape: Shape, chip: Storage) -> Iterator[Block]:
    q, r, p = _reuses(shape, chip)
    for e in windows(shape.rows).tolist():
        places = chip.pes // (shape.R * e)
        fitting = keep(r <= places, q, r, p)
        for n in tiles(shape.N).tolist():
            block = _of_strip(e, n, places, shape, chip, *fitting)
            if block:
                yield block


def _reuses(shape: Shape, chip: Storage) -> tuple[Whole, Whole, Whole]:
    """Every (q, r, p) worth a look.

    ceil(C/(q*r)) is ceil(ceil(C/q)/r), and so with p and t: of tiles with as many rounds, the
    smallest does.
    """
    found: list[tuple[Whole, ...]] = [(np.empty(0, dtype=np.int64),) * 3]
    for q in tiles(shape.C):
        deepest = (chip.rf_words - q * shape.S) // (q * shape.S + 1)
        if deepest < 1:
            break
        p = tiles(shape.M)
        found.append(grid(q[None], tiles(int(rounds(shape.C, q))), p[p <= deepest]))
    q, r, p = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return q, r, p


def _of_strip(
    e: int, n: int, places: int, shape: Shape, chip: Storage, *arrays: Whole
) -> Block | None:
    q, r, p = arrays
    rows = shape.rows[e]
    # As many filters as fit, and as many sets of them as stand in the array, only save reads.
    m = np.minimum(
        (chip.buffer_words // n - q * r * rows * shape.ifmap_columns) // (e * shape.Q), shape.M
    )
    t = np.minimum(m // p, places // r)
    legal = t >= 1
    if not legal.any():
        return None
    q, r, p, m, t = keep(legal, *arrays, m, t)
    again = rows * (shape.P / e) / shape.ifmap_rows
    strips, passes = -(-shape.P // e), -(-shape.N // n)
    work = shape.R * shape.P * shape.C * shape.M
    return Block(
        {"m": m, "n": n, "e": e, "p": p, "q": q, "r": r, "t": t},
        work / (strips * rounds(shape.C, q * r) * rounds(shape.M, p * t) * p * q),
        ifmaps=from_totals(
            rounds(shape.M, m) * again,
            rounds(shape.M, p * t) * again,
            rounds(shape.M, p) * (shape.R * shape.P / shape.ifmap_rows),
            shape.ifmap_uses,
        ),
        weights=from_totals(
            passes * strips, passes * strips, passes * shape.P, shape.weight_uses,
            skips=frozenset({"buffer"}),
        ),
        psums=from_totals(1, rounds(shape.C, q * r), rounds(shape.C, q) * shape.R, shape.window),
    )  # fmt: skip


def _obstacle(shape: Shape, chip: Storage) -> str:
    if chip.pes < shape.R:
        return f"a set is {shape.R:,} PEs high; there are {chip.pes:,}"
    if chip.rf_words < 2 * shape.S + 1:
        return (
            f"a filter row, as many pixels and a psum take {2 * shape.S + 1:,} words; "
            f"a register file holds {chip.rf_words:,}"
        )
    needed = shape.rows[1] * shape.ifmap_columns + shape.Q
    return (
        f"the ifmap rows of one ofmap row and its psums take {needed:,} words; "
        f"the buffer holds {chip.buffer_words:,}"
    )


ROW_STATIONARY = Dataflow("rs", "RS", _registers, _blocks, _obstacle)
