"""Traffic: how many words move while a loop nest runs, in closed form.

While the temporal loops outside a memory advance, exactly one of them steps at a time and all
loops inside it wrap. So there are only as many kinds of step as loops. At a step of one kind, what
an instance has of one dimension does not depend on the others: words are sums over the states of
the dimensions on each axis, multiplied over the axes; words moved are the tiles, less what was held
of them. Where all bounds divide, each dimension has one way to move, that many times.

Source: docs/counting.md. Exact for every legal nest; the oracle in `simulate` executes the same.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.groups import SUMS, add_group, add_pair, distinct_words
from picojoule.cost.halo import common_points, points_of
from picojoule.cost.pieces import (
    APART,
    BOUND,
    DIM,
    NEW,
    NONE,
    OLD,
    PIECE,
    PLACE,
    SHIFT,
    TEMPORAL,
    TILE,
    TIMES,
    Integers,
    is_whole,
    moves_of,
    seats_of,
    with_rows,
)
from picojoule.jit import helper, kernel


@helper
def tile_points(
    first: Integers, dim: Integers, coefficient: Integers, tile: Integers, box: bool
) -> int:
    """Distinct words of one tensor that a tile touches."""
    words = 1
    for axis in range(first.size - 1):
        low, high = first[axis], first[axis + 1]
        if high - low == 1 and not box:
            words *= int(tile[dim[low]])
        elif high > low:
            words *= points_of(coefficient[low:high], tile[dim[low:high]], box)
    return words


@helper
def _held_points(
    coefficients: Integers, new: Integers, old: Integers, shift: int, reuse: int, box: bool
) -> int:
    """Coordinates of a new tile on one axis that the old one had, so far as they are kept.

    Args:
        coefficients, new, old: Iterations of the two tiles, `(run,)`.
        shift: Where the old one starts, seen from the new one, in coordinates.
        reuse: WINDOW or TILE.
        box: Whether gaps count.
    """
    if new.size == 1 and not box:
        return int(new[0]) if shift == 0 else 0  # steps are whole tiles: nothing overlaps
    held = common_points(coefficients, new, old, shift, box)
    if reuse == TILE:
        whole = points_of(coefficients, new, box)
        if held != whole or held != points_of(coefficients, old, box):
            return 0
    return held


@helper
def moved_points(
    first: Integers,
    dim: Integers,
    coefficient: Integers,
    tile: Integers,
    displacement: Integers,
    reuse: int,
    box: bool,
) -> int:
    """Words that a tile needs anew after it moved by `displacement` iterations per dimension."""
    words = tile_points(first, dim, coefficient, tile, box)
    if reuse == NONE:
        return words
    held = 1
    for axis in range(first.size - 1):
        low, high = first[axis], first[axis + 1]
        if high == low:
            continue
        shift = 0
        for n in range(low, high):
            shift -= coefficient[n] * displacement[dim[n]]
        new = tile[dim[low:high]]
        held *= _held_points(coefficient[low:high], new, new, shift, reuse, box)
        if held == 0:
            return words
    return words - held


def carried_words_reference(
    first: Sequence[int],
    dim: Sequence[int],
    coefficient: Sequence[int],
    dims: NDArray[np.int64],
    loops: NDArray[np.int64],
    reuse: int,
    box: bool,
) -> int:
    """The definition: walk every step and every instance, compare each tile with the one before."""
    walked = [n for n, loop in enumerate(loops) if loop[PLACE] == TEMPORAL]
    seats = [n for n, loop in enumerate(loops) if loop[PLACE] == APART]
    joined = [n for n, loop in enumerate(loops) if loop[PLACE] > APART]
    held: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
    carried = 0
    for step in _indices(loops, walked):
        for seat in _indices(loops, seats):
            loads: list[frozenset[tuple[int, ...]]] = []
            for place in _indices(loops, joined):
                at = dict(zip(walked + seats + joined, step + seat + place, strict=True))
                runs = [range(int(size)) for size in dims[0]]
                for n, loop in enumerate(loops):
                    start = at[n] * int(loop[2])
                    runs[loop[DIM]] = runs[loop[DIM]][start : start + int(loop[2])]
                if not all(runs):
                    continue
                axes: list[set[int]] = []
                for low, high in itertools.pairwise(first):
                    points = {0}
                    for n in range(low, high):
                        points = {p + int(coefficient[n]) * i for p in points for i in runs[dim[n]]}
                    axes.append(set(range(min(points), max(points) + 1)) if box else points)
                tile = set(itertools.product(*axes))
                old = held.get(seat + place, set()) if reuse != NONE else set[tuple[int, ...]]()
                held[seat + place] = tile
                new = tile if reuse == TILE and tile != old else tile - old
                loads.append(frozenset(new))
            carried += sum(map(len, set(loads) if joined else loads))
    return carried


def _indices(loops: NDArray[np.int64], which: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(int(loops[n, 1])) for n in which))


@kernel(reference=carried_words_reference)
def carried_words(
    first: Integers,
    dim: Integers,
    coefficient: Integers,
    dims: Integers,
    loops: Integers,
    reuse: int,
    box: bool,
) -> int:
    """Words that all instances of a memory receive while the loops outside it run.

    Args:
        first, dim, coefficient: The tensor, see `pack.PackedTensor`.
        dims: Size of each dimension, and iterations inside the memory, `(2, dim)`.
        loops: All loops outside it, outermost first, `(loop, 4)`: dimension, bound, iterations in
            one piece, and place; equal words of the instances of a joined array count once.
        reuse: WINDOW, TILE or NONE.
        box: Count bounding intervals per axis instead of the points touched; all bounds divide.
    """
    carried = 0
    for n in range(-1, loops.shape[0]):
        kind, kept = n, reuse
        if n == -1:
            # The first step; or, where nothing is kept, all steps alike: each brings its tile.
            kind, kept = loops.shape[0] if reuse == NONE else -1, NONE
        elif reuse == NONE or loops[n, PLACE] != TEMPORAL:
            continue
        carried += kind_words(first, dim, coefficient, dims, loops, kind, kept, box)
    return carried


@helper
def kind_words(
    first: Integers,
    dim: Integers,
    coefficient: Integers,
    dims: Integers,
    loops: Integers,
    kind: int,
    reuse: int,
    box: bool,
) -> int:
    """Words that arrive in all steps of one kind; see `moves_of` for the kinds."""
    # Joined instances count by themselves only along an axis that is one dimension's own.
    once = np.ones(dims.shape[1], dtype=np.bool_)
    indexes = np.zeros(dims.shape[1], dtype=np.bool_)
    for axis in range(first.size - 1):
        for n in range(first[axis], first[axis + 1]):
            indexes[dim[n]] = True
            once[dim[n]] = first[axis + 1] - first[axis] > 1
    rows, starts = moves_of(loops, dims, kind, once)
    states = 1
    for which in range(dims.shape[1]):
        if not indexes[which]:
            ways = 0
            for n in range(starts[which], starts[which + 1]):
                ways += rows[n, TIMES]
            states *= ways
    axes = np.zeros((first.size - 1, SUMS), dtype=np.int64)
    for axis in range(first.size - 1):
        terms, factors = (
            dim[first[axis] : first[axis + 1]],
            coefficient[first[axis] : first[axis + 1]],
        )
        if _stand_together(terms, dims, loops):
            _add_together(axes[axis], terms, factors, dims, loops, kind, reuse)
        else:
            offsets = _joined_offsets(terms, factors, loops)
            _add_axis(axes[axis], offsets, terms, factors, rows, starts, reuse, box)
    return states * distinct_words(axes)


@helper
def _add_axis(
    sums: Integers,
    offsets: int,
    dim: Integers,
    coefficient: Integers,
    rows: Integers,
    starts: Integers,
    reuse: int,
    box: bool,
) -> None:
    """Add to `sums` what all states of the dimensions on one axis give; see `groups`.

    Args:
        sums: `(SUMS,)`.
        offsets: Different positions of joined instances in each state.
        dim, coefficient: The axis.
        rows, starts: See `moves_of`.
        reuse, box: As in `carried_words`.
    """
    new, old = np.empty(dim.size, dtype=np.int64), np.empty(dim.size, dtype=np.int64)
    combinations = 1
    for which in dim:
        combinations *= starts[which + 1] - starts[which]
    for number in range(combinations):
        occurs, shift = offsets, 0
        for n in range(dim.size):
            ways = starts[dim[n] + 1] - starts[dim[n]]
            row = rows[starts[dim[n]] + number % ways]
            number //= ways
            occurs *= row[TIMES]
            shift += coefficient[n] * row[SHIFT]
            new[n], old[n] = row[NEW], row[OLD]
        points = points_of(coefficient, new, box)
        held = points if dim.size == 0 else _held_points(coefficient, new, old, shift, reuse, box)
        add_pair(sums, occurs, points, 0 if reuse == NONE else held)


@helper
def _stand_together(dim: Integers, dims: Integers, loops: Integers) -> bool:
    """Whether joined instances may have tiles of different size on an axis of several dimensions.

    If not, the differences of instances are equal exactly where their tiles are.
    """
    if dim.size < 2:
        return False
    for which in dim:
        if not is_whole(loops, which, dims[0, which], dims[1, which]):
            for n in range(loops.shape[0]):
                if loops[n, DIM] == which and loops[n, PLACE] > APART:
                    return True
    return False


@helper
def _joined_offsets(dim: Integers, coefficient: Integers, loops: Integers) -> int:
    """Different positions of joined instances on an axis of several dimensions, array by array."""
    offsets = 1
    if dim.size < 2:
        return offsets
    runs = np.empty(loops.shape[0], dtype=np.int64)
    counts = np.empty(loops.shape[0], dtype=np.int64)
    done = APART
    for _ in range(loops.shape[0]):
        place = done
        for n in range(loops.shape[0]):
            if loops[n, PLACE] > done and (place == done or loops[n, PLACE] < place):
                place = loops[n, PLACE]
        if place == done:
            break
        size = 0
        for n in range(loops.shape[0]):
            for m in range(dim.size):
                if loops[n, PLACE] == place and loops[n, DIM] == dim[m]:
                    runs[size] = coefficient[m] * loops[n, PIECE]
                    counts[size] = loops[n, BOUND]
                    size += 1
        offsets *= points_of(runs[:size], counts[:size], False)
        done = place
    return offsets


@helper
def _add_together(
    sums: Integers,
    dim: Integers,
    coefficient: Integers,
    dims: Integers,
    loops: Integers,
    kind: int,
    reuse: int,
) -> None:
    """As `_add_axis`, with the instances of the joined array looked at side by side."""
    table = np.empty((0, 5), dtype=np.int64)
    start = np.zeros(dim.size + 1, dtype=np.int64)  # first row of each dimension
    seats = np.empty(dim.size, dtype=np.int64)
    together = combinations = 1
    for n in range(dim.size):
        places, seats[n] = seats_of(loops, dim[n], dims, kind)
        start[n + 1] = start[n] + places.shape[0]
        table = with_rows(table, places)
        together *= seats[n]
        combinations *= places.shape[0] // seats[n]
    group = np.empty((together, dim.size, 4), dtype=np.int64)
    for number in range(combinations):
        occurs = 1
        count = 0
        for place in range(together):
            state, seat = number, place
            occurs, busy = 1, True
            for n in range(dim.size):
                ways = (start[n + 1] - start[n]) // seats[n]
                row = table[start[n] + state % ways * seats[n] + seat % seats[n]]
                for m in range(4):
                    group[count, n, m] = row[m]
                occurs *= row[4]
                busy &= row[1] > 0
                state //= ways
                seat //= seats[n]
            count += 1 if busy else 0
        if count > 0:
            add_group(sums, occurs, group[:count], coefficient, reuse)


@helper
def distinct_offsets(first: Integers, dim: Integers, coefficient: Integers, loops: Integers) -> int:
    """Distinct positions of a tensor's tile over all iterations of the given loops `(3, loop)`."""
    offsets = 1
    runs = np.empty(loops.shape[1], dtype=np.int64)
    counts = np.empty(loops.shape[1], dtype=np.int64)
    for axis in range(first.size - 1):
        size = 0
        for n in range(first[axis], first[axis + 1]):
            for m in range(loops.shape[1]):
                if loops[0, m] == dim[n]:
                    runs[size] = coefficient[n] * loops[2, m]
                    counts[size] = loops[1, m]
                    size += 1
        if size:
            offsets *= points_of(runs[:size], counts[:size], False)
    return offsets
