"""Axes: what all pieces of two dimensions have on an axis that they share, in tables.

Where bounds do not divide, the last piece of a dimension is short: it has its own size on the axis.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE, common_points
from picojoule.jit import helper, leaf
from picojoule.mapper.model.problem import (
    COLUMNS,
    EVERY,
    KEPT,
    MANY,
    MOVES,
    POINTS,
    SLIDES,
    STANDS,
    STEPS,
    WORDS,
    WRAPS,
    Problem,
)
from picojoule.mapper.model.tiles import shared_on_axis

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

TILE = REUSE["tile"]


@helper
def axis_tables(problem: Problem) -> Floats:
    """The tables of all axes that two dimensions share, `(axis, column, tile, tile)`."""
    table, counts = problem.tiles, problem.tile_counts
    axes = problem.axis_pair.shape[0]
    most = 1
    for axis in range(axes):
        for which in range(2 if problem.axis_pair[axis, 0] >= 0 else 0):
            most = max(most, counts[problem.axis_pair[axis, which]])
    tables = np.zeros((axes, COLUMNS, most, most))
    reuse = np.zeros(axes, dtype=np.int64)
    for t in range(problem.bits.size):
        for axis in range(problem.tensor_axis[t], problem.tensor_axis[t + 1]):
            reuse[axis] = problem.reuse[min(1, problem.reuse.shape[0] - 1), t]
    tile = np.ones(problem.sizes.size, dtype=np.int64)
    for axis in range(axes):
        first, second = problem.axis_pair[axis]
        if first < 0:
            continue
        low, high = problem.axis_first[axis], problem.axis_first[axis + 1]
        for i in range(counts[first]):
            for j in range(counts[second]):
                tile[first], tile[second] = table[first, i], table[second, j]
                _fill(problem, axis, low, high, tile, tables[axis, :, i, j])
                _fill_moves(problem, axis, tile, reuse[axis], tables[axis, :, i, j])
        tile[first] = tile[second] = 1
    return tables


@helper
def _fill(
    problem: Problem, axis: int, low: int, high: int, tile: Integers, columns: Floats
) -> None:
    """Fill in what a tile and all tiles have, and what slides, `(column,)`."""
    dims, coefficients = problem.term_dim, problem.term_coefficient
    points = shared_on_axis(dims, coefficients, low, high, tile, 0)
    extent = 1
    for n in range(low, high):
        extent += coefficients[n] * (tile[dims[n]] - 1)
    columns[POINTS] = points
    columns[WORDS] = _axis_words(problem, tile, low, high)
    for which in range(2):
        dim, other = problem.axis_pair[axis, which], problem.axis_pair[axis, 1 - which]
        moved = _sliding_share(problem, tile, low, high, dim, other)
        columns[MOVES + which] = moved
        for n in range(low, high):
            if dims[n] == dim and points == extent:
                columns[SLIDES + which] = moved * coefficients[n] * tile[dim] / extent


@helper
def _states(size: int, tile: int, what: int) -> Integers:
    """How the pieces of a dimension move, `(2, 4)`: how often, iterations now and before, shift."""
    states = np.zeros((2, 4), dtype=np.int64)
    full, rest = size // tile, size % tile
    pieces = full + (1 if rest > 0 else 0)
    if what == WRAPS:
        states[0] = np.array((1, tile, rest if rest > 0 else tile, (pieces - 1) * tile))
        return states
    states[0] = np.array((full, tile, tile, 0))
    states[1] = np.array((1 if rest > 0 else 0, max(rest, 1), max(rest, 1), 0))
    if what == STEPS:
        states[0, 0] -= 1
        states[:, 2], states[:, 3] = tile, -tile
    return states


@helper
def _fill_moves(problem: Problem, axis: int, tile: Integers, reuse: int, columns: Floats) -> None:
    """Fill in what memory 1's tiles have, and what they had, by what each loop does."""
    first, second = problem.axis_pair[axis]
    own = np.ones(2, dtype=np.int64)
    for n in range(problem.axis_first[axis], problem.axis_first[axis + 1]):
        if problem.term_dim[n] == first:
            own[0] = problem.term_coefficient[n]
        elif problem.term_dim[n] == second:
            own[1] = problem.term_coefficient[n]
    new, old = np.empty(2, dtype=np.int64), np.empty(2, dtype=np.int64)
    for one in range(3):
        states = _states(int(problem.sizes[first]), int(tile[first]), one)
        for other in range(3):
            others = _states(int(problem.sizes[second]), int(tile[second]), other)
            for i in range(2):
                for j in range(2):
                    times = float(states[i, 0] * others[j, 0])
                    if times <= 0.0:
                        continue
                    new[0], new[1] = states[i, 1], others[j, 1]
                    old[0], old[1] = states[i, 2], others[j, 2]
                    shift = own[0] * states[i, 3] + own[1] * others[j, 3]
                    points = common_points(own, new, new, 0, False)
                    still = points
                    if one != STANDS or other != STANDS:
                        still = common_points(own, new, old, shift, False)
                    before = common_points(own, old, old, 0, False)
                    if reuse == TILE and still < max(points, before):
                        still = 0
                    columns[EVERY + 3 * one + other] += times * points
                    columns[KEPT + 3 * one + other] += times * still


@leaf
def all_words(problem: Problem, tensor: int, tile: Integers, index: Integers) -> float:
    """Words of a tensor in all tiles of the whole operation together, each by itself.

    Args:
        tile, index: The tile, and its indices in the table of tiles.
    """
    total = 1.0
    mask = problem.single[tensor] | problem.joined[tensor]
    for d in range(tile.size):
        if problem.single[tensor] >> d & 1:
            total *= problem.sizes[d]
        elif not mask >> d & 1:
            total *= -(-problem.sizes[d] // tile[d])
    for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
        low, high = problem.axis_first[axis], problem.axis_first[axis + 1]
        pair = problem.axis_pair[axis]
        if pair[0] >= 0:
            total *= problem.axis_tables[axis, WORDS, index[pair[0]], index[pair[1]]]
        elif pair[0] == MANY:
            total *= _axis_words(problem, tile, low, high)
    return total


@helper
def _axis_words(problem: Problem, tile: Integers, low: int, high: int) -> float:
    """Coordinates of one axis, terms `low` to `high`, in all its pieces; the last may be short."""
    dims, coefficients = problem.term_dim, problem.term_coefficient
    piece = tile.copy()
    total = 0.0
    for which in range(1 << (high - low)):
        times = 1.0
        for n in range(low, high):
            d = dims[n]
            full = problem.sizes[d] // tile[d]
            rest = problem.sizes[d] - full * tile[d]
            if which >> (n - low) & 1:
                times *= 1.0 if rest > 0 else 0.0
                piece[d] = max(rest, 1)
            else:
                times *= full
                piece[d] = tile[d]
        if times > 0.0:
            total += times * shared_on_axis(dims, coefficients, low, high, piece, 0)
    return float(total)


@helper
def _sliding_share(
    problem: Problem, tile: Integers, low: int, high: int, dim: int, other: int
) -> float:
    """What counts of the coordinates of an axis where short pieces of `dim` slide, at least.

    A short piece moves no less than its share of what a full one does.

    Args:
        other: The dimension that shares the axis.
    """
    dims, coefficients = problem.term_dim, problem.term_coefficient
    full = problem.sizes[other] // tile[other]
    rest = problem.sizes[other] - full * tile[other]
    words = full * float(shared_on_axis(dims, coefficients, low, high, tile, 0))
    if rest > 0:
        piece = tile.copy()
        piece[other] = rest
        words += shared_on_axis(dims, coefficients, low, high, piece, 0)
    words *= problem.sizes[dim] / tile[dim]
    return float(min(1.0, words / _axis_words(problem, tile, low, high)))


@helper
def uneven_share(
    problem: Problem, tile: Integers, low: int, high: int, which: int, step: int
) -> float:
    """Share of the coordinates of an axis that is new after steps along term `which`, at least.

    The last pieces may be short. A short one counts with its share of a full one, or both with
    less where it moves less. Axes of more than two dimensions count with nothing.
    """
    if high - low != 2:
        return 0.0
    dims = problem.term_dim[low:high]
    coefficients = problem.term_coefficient[low:high]
    own = which - low
    rest = problem.sizes[dims] % tile[dims]
    full = problem.sizes[dims] // tile[dims]
    old = tile[dims]
    shift = -coefficients[own] * step
    words = 0.0
    for short in range(2):
        if short and rest[1 - own] == 0:
            continue
        old[1 - own] = rest[1 - own] if short else tile[dims[1 - own]]
        new = old.copy()
        moved = _new_points(coefficients, new, old, shift)
        if rest[own] > 0:
            new[own] = rest[own]
            moved = min(moved, _new_points(coefficients, new, old, shift) * old[own] / rest[own])
        words += moved * (1.0 if short else float(full[1 - own]))
    words *= problem.sizes[dims[own]] / tile[dims[own]]
    return float(min(1.0, words / _axis_words(problem, tile, low, high)))


@helper
def _new_points(coefficients: Integers, new: Integers, old: Integers, shift: int) -> float:
    """Coordinates of a tile that an old one, which starts at `shift`, does not have."""
    points = common_points(coefficients, new, new, 0, False)
    return float(points - common_points(coefficients, new, old, shift, False))
