"""Halo: how many words two tiles share, and how many distinct words a tile has.

A tile touches, on one tensor axis, the coordinates `sum of coefficient * i` with each `i` in a run
of iterations. Two tiles that lie `shift` apart share the coordinates that both sets have. One run
is a lattice, gap-free runs are an interval; anything else is counted point by point.

Source: the tile arithmetic is our own; `docs/counting.md` derives it. Exact for every tile.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, kernel

Integers = NDArray[np.int64]


def common_points_reference(
    coefficients: Sequence[int], counts: Sequence[int], others: Sequence[int], shift: int, box: bool
) -> int:
    """The definition: list the coordinates of both, shift the second, intersect."""
    tiles: list[set[int]] = []
    for runs in (counts, others):
        points = {0}
        for coefficient, count in zip(coefficients, runs, strict=True):
            points = {point + int(coefficient) * i for point in points for i in range(int(count))}
        tiles.append(set(range(max(points) + 1)) if box else points)
    return len(tiles[0] & {point + shift for point in tiles[1]})


@helper
def shared_in_run(coefficient: int, count: int, distance: int) -> int:
    """Coordinates that one run shares with itself shifted by `distance` of at least 0."""
    if distance % coefficient:
        return 0
    return max(0, count - distance // coefficient)


@helper
def mark_points(
    marks: NDArray[np.bool_], coefficients: Integers, counts: Integers, start: int
) -> None:
    """Mark the coordinates of a tile that starts at `start`; those outside `marks` are left out."""
    index = np.zeros(counts.size, dtype=np.int64)
    while True:
        point = start
        for n in range(counts.size):
            point += coefficients[n] * index[n]
        if 0 <= point < marks.size:
            marks[point] = True
        n = counts.size - 1
        while n >= 0 and index[n] == counts[n] - 1:
            index[n] = 0
            n -= 1
        if n < 0:
            break
        index[n] += 1


@helper
def reach_of(coefficients: Integers, counts: Integers) -> int:
    """The last coordinate of a tile that starts at 0."""
    reach = 0
    for n in range(counts.size):
        reach += coefficients[n] * (counts[n] - 1)
    return reach


@helper
def _fill_interval(coefficients: Integers, counts: Integers) -> bool:
    """Whether the runs leave no gap: smallest first, none steps past the end of those before."""
    reach = last = 0
    remaining = 0
    for n in range(counts.size):
        remaining += 1 if counts[n] > 1 else 0
    while remaining > 0:
        following = 0
        for n in range(counts.size):
            candidate = counts[n] > 1 and coefficients[n] > last
            if candidate and (following == 0 or coefficients[n] < following):
                following = coefficients[n]
        if following > reach + 1:
            return False
        for n in range(counts.size):
            if counts[n] > 1 and coefficients[n] == following:
                reach += following * (counts[n] - 1)
                remaining -= 1
        last = following
    return True


@helper
def shared_points(coefficients: Integers, counts: Integers, shift: int, box: bool) -> int:
    """Coordinates that one axis of a tile shares with itself shifted by `shift`.

    Args:
        coefficients, counts: One entry per run, `(run,)`; counts of at least 1.
        shift: In coordinates, of either sign.
        box: Count the interval from the first to the last coordinate, gaps included.
    """
    distance = abs(shift)
    runs = lattice = 0
    lattice_count = 1
    for n in range(counts.size):
        if counts[n] > 1:
            runs += 1
            lattice, lattice_count = coefficients[n], counts[n]
    extent = reach_of(coefficients, counts) + 1
    if distance >= extent:
        return 0
    if box or runs == 0:
        return extent - distance
    if runs == 1:
        return shared_in_run(lattice, lattice_count, distance)
    return common_points(coefficients, counts, counts, distance, False)


@helper
def points_of(coefficients: Integers, counts: Integers, box: bool) -> int:
    """Distinct coordinates of a tile on one axis; an axis without runs has one."""
    return shared_points(coefficients, counts, 0, box)


@kernel(reference=common_points_reference)
def common_points(
    coefficients: Integers, counts: Integers, others: Integers, shift: int, box: bool
) -> int:
    """Coordinates that two tiles of different size share on one axis.

    Args:
        coefficients: One entry per run, `(run,)`.
        counts, others: Iterations of the two tiles, at least 1 each.
        shift: Where the other tile starts, seen from the first.
        box: Count the intervals from the first to the last coordinate, gaps included.
    """
    reach, other_reach = reach_of(coefficients, counts), reach_of(coefficients, others)
    low, high = max(0, shift), min(reach, shift + other_reach)
    if low > high:
        return 0
    if box or (_fill_interval(coefficients, counts) and _fill_interval(coefficients, others)):
        return high - low + 1
    marks = np.zeros((2, reach + 1), dtype=np.bool_)
    for n in range(2):
        mark_points(marks[n], coefficients, others if n else counts, shift if n else 0)
    shared = 0
    for point in range(reach + 1):
        shared += 1 if marks[0, point] and marks[1, point] else 0
    return shared
