"""Halo: how many words two tiles share, and how many distinct words a tile has.

A tile touches, on one tensor axis, the coordinates `sum of coefficient * i` with each `i` in a run
of iterations. Shifting the tile by `shift` keeps the coordinates that both sets have. One run is a
lattice, gap-free runs are an interval; anything else is counted point by point.

Source: the tile arithmetic is our own; `docs/counting.md` derives it. Exact for every tile.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, kernel

Integers = NDArray[np.int64]


def shared_points_reference(
    coefficients: Sequence[int], counts: Sequence[int], shift: int, box: bool
) -> int:
    """The definition: list the coordinates, shift them, intersect."""
    points = {0}
    for coefficient, count in zip(coefficients, counts, strict=True):
        points = {point + int(coefficient) * i for point in points for i in range(int(count))}
    if box:
        points = set(range(max(points) + 1))
    return len(points & {point + shift for point in points})


@helper
def shared_in_run(coefficient: int, count: int, distance: int) -> int:
    """Coordinates that one run shares with itself shifted by `distance` of at least 0."""
    if distance % coefficient:
        return 0
    return max(0, count - distance // coefficient)


@helper
def _shared_with_gaps(coefficients: Integers, counts: Integers, shift: int, extent: int) -> int:
    touched = np.zeros(extent, dtype=np.bool_)
    touched[0] = True
    reach = 0
    for n in range(coefficients.size):
        if counts[n] == 1:
            continue
        before = touched[: reach + 1].copy()
        for i in range(1, counts[n]):
            offset = i * coefficients[n]
            for point in range(reach + 1):
                if before[point]:
                    touched[point + offset] = True
        reach += coefficients[n] * (counts[n] - 1)
    shared = 0
    for point in range(shift, extent):
        if touched[point] and touched[point - shift]:
            shared += 1
    return shared


@kernel(reference=shared_points_reference)
def shared_points(coefficients: Integers, counts: Integers, shift: int, box: bool) -> int:
    """Coordinates that one axis of a tile shares with itself shifted by `shift`.

    Args:
        coefficients, counts: One entry per run, `(run,)`; counts of at least 1.
        shift: In coordinates, of either sign.
        box: Count the interval from the first to the last coordinate, gaps included.
    """
    distance = abs(shift)
    extent = 1
    runs = 0
    lattice = 0
    lattice_count = 1
    smallest = 0
    for n in range(counts.size):
        if counts[n] > 1:
            extent += coefficients[n] * (counts[n] - 1)
            runs += 1
            lattice, lattice_count = coefficients[n], counts[n]
            if smallest == 0 or coefficients[n] < smallest:
                smallest = coefficients[n]
    if distance >= extent:
        return 0
    if box or runs == 0:
        return extent - distance
    if runs == 1:
        return shared_in_run(lattice, lattice_count, distance)
    # The runs, smallest coefficient first, fill an interval when none steps past the last's end.
    if smallest == 1:
        reach = 0
        remaining = runs
        last = 0
        while remaining > 0:
            following = 0
            for n in range(counts.size):
                candidate = counts[n] > 1 and coefficients[n] > last
                if candidate and (following == 0 or coefficients[n] < following):
                    following = coefficients[n]
            if following > reach + 1:
                break
            for n in range(counts.size):
                if counts[n] > 1 and coefficients[n] == following:
                    reach += following * (counts[n] - 1)
                    remaining -= 1
            last = following
        if remaining == 0:
            return extent - distance
    return _shared_with_gaps(coefficients, counts, distance, extent)
