"""Traffic: how many words move while a loop nest runs, in closed form.

While the temporal loops outside a memory advance, exactly one of them steps at a time and all
loops inside it wrap. So there are only as many kinds of step as loops; each kind moves the tile by
one fixed displacement and happens a known number of times. Words moved = the first tile, plus for
each kind its number times the words of the tile that the tile before did not have.

Source: docs/counting.md. Exact for perfect factors; the oracle in `simulate` executes the same.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.halo import shared_points
from picojoule.jit import helper, kernel

Integers = NDArray[np.int64]

WINDOW, TILE, NONE = 0, 1, 2
"""How a tile is replaced: by difference, whole unless equal, always whole."""


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
            words *= shared_points(coefficient[low:high], tile[dim[low:high]], 0, box)
    return words


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
    moved = False
    shared = 1
    for axis in range(first.size - 1):
        low, high = first[axis], first[axis + 1]
        shift = 0
        for n in range(low, high):
            shift += coefficient[n] * displacement[dim[n]]
        if shift != 0:
            moved = True
            if reuse == TILE:
                return words
        if high - low == 1 and shift != 0 and not box:
            # One run: steps are whole tiles, so nothing is shared.
            count = tile[dim[low]]
            shared *= max(0, count - abs(shift) // coefficient[low])
        elif high > low:
            shared *= shared_points(coefficient[low:high], tile[dim[low:high]], shift, box)
        if shared == 0:
            return words
    if not moved:
        return 0
    return words - shared


def fetched_words_reference(
    first: Sequence[int],
    dim: Sequence[int],
    coefficient: Sequence[int],
    tile: Sequence[int],
    loops: NDArray[np.int64],
    reuse: int,
    box: bool,
) -> int:
    """The definition: walk every iteration, compare each tile with the one before."""
    fetched = 0
    held: set[tuple[int, ...]] = set()
    for step in np.ndindex(*[int(bound) for bound in loops[1]]):
        origin = dict.fromkeys(range(len(tile)), 0)
        for n, index in enumerate(step):
            origin[int(loops[0][n])] += index * int(loops[2][n])
        words: set[tuple[int, ...]] = {()}
        for axis in range(len(first) - 1):
            points = {0}
            for n in range(first[axis], first[axis + 1]):
                start, count = origin[int(dim[n])], int(tile[int(dim[n])])
                points = {
                    point + int(coefficient[n]) * (start + i)
                    for point in points
                    for i in range(count)
                }
            if box:
                points = set(range(min(points), max(points) + 1))
            words = {(*word, point) for word in words for point in points}
        if reuse == NONE or (reuse == TILE and words != held):
            fetched += len(words)
        elif reuse == WINDOW:
            fetched += len(words - held)
        held = words
    return fetched


@kernel(reference=fetched_words_reference)
def fetched_words(
    first: Integers,
    dim: Integers,
    coefficient: Integers,
    tile: Integers,
    loops: Integers,
    reuse: int,
    box: bool,
) -> int:
    """Words that one instance of a memory receives while the loops outside it run.

    Args:
        first, dim, coefficient: The tensor, see `pack.PackedTensor`.
        tile: Iterations per dimension inside the memory, `(dim,)`.
        loops: Temporal loops outside it, outermost first, `(3, loop)`: dimension, bound, stride.
        reuse: WINDOW, TILE or NONE.
        box: Count bounding intervals per axis instead of the points touched.
    """
    fetched = tile_points(first, dim, coefficient, tile, box)
    displacement = np.zeros(tile.size, dtype=np.int64)
    times = 1
    for n in range(loops.shape[1]):
        times *= loops[1, n]
    for n in range(loops.shape[1] - 1, -1, -1):
        times //= loops[1, n]
        axis = loops[0, n]
        displacement[axis] += loops[2, n]
        moved = moved_points(first, dim, coefficient, tile, displacement, reuse, box)
        fetched += times * (loops[1, n] - 1) * moved
        displacement[axis] -= loops[1, n] * loops[2, n]
    return fetched


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
            offsets *= shared_points(runs[:size], counts[:size], 0, False)
    return offsets
