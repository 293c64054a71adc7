"""Groups: which instances of an array need equal words at a step, where their tiles differ in size.

What arrives at an instance is its tile without what it held of it: `new \\ kept`, both products of
coordinates per axis. Such a difference is a product itself where nothing was kept (the tile), or
where one axis alone has something new (what is new there, times the tile on the other axes); else
it tells its tile and what was kept. So distinct differences are counted from the distinct sets of
each axis: how many coordinates have which role in the sets on it.

Source: docs/counting.md. Exact for every legal nest.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.halo import mark_points, reach_of
from picojoule.cost.pieces import NONE, TILE, Integers
from picojoule.jit import helper

Marks = NDArray[np.bool_]

TILE_SET, FRESH, STILL_SET, NEW_SET = 1, 2, 4, 8
"""Roles of a set of coordinates on an axis: some instance's tile; one of which nothing was kept;
one of which all was kept; what is new of one of which a part was kept. They add up: 0 to 15."""
STILL, PARTLY, PARTLY_KEPT = 16, 17, 18
"""Places behind the roles: coordinates of tiles that were all kept; of tiles that were kept in
part; and the kept ones of the latter. Equal pairs of tile and kept part count once."""
SUMS = 19


@helper
def add_pair(sums: Integers, times: int, points: int, kept: int) -> None:
    """Count instances whose sets on an axis are all different from each other."""
    if kept == 0:
        sums[TILE_SET | FRESH] += times * points
    elif kept == points:
        sums[TILE_SET | STILL_SET] += times * points
        sums[STILL] += times * points
    else:
        sums[TILE_SET] += times * points
        sums[NEW_SET] += times * (points - kept)
        sums[PARTLY] += times * points
        sums[PARTLY_KEPT] += times * kept


@helper
def distinct_words(axes: Integers) -> int:
    """Words of all distinct differences, from the sums of each axis, `(axis, SUMS)`."""
    # Whether all sets so far are tiles, one is fresh, all are still, one is new and the rest still.
    tally = np.zeros(16, dtype=np.int64)
    tally[1 | 4] = 1
    for axis in range(axes.shape[0]):
        grown = np.zeros(16, dtype=np.int64)
        for role in range(16):
            if axes[axis, role] == 0:
                continue
            for state in range(16):
                if tally[state] == 0:
                    continue
                following = 0
                if state & 1 and role & TILE_SET:
                    following |= 1
                if state & 2 or role & FRESH:
                    following |= 2
                if state & 4 and role & STILL_SET:
                    following |= 4
                if (state & 8 and role & STILL_SET) or (state & 4 and role & NEW_SET):
                    following |= 8
                grown[following] += tally[state] * axes[axis, role]
        tally = grown
    words = 0
    for state in range(16):
        if state & 3 == 3 or state & 8:
            words += tally[state]
    # What is left has something new on two axes or more: all tiles, less none or one of them.
    tiles = kept = 1
    for axis in range(axes.shape[0]):
        tiles *= axes[axis, STILL] + axes[axis, PARTLY]
        kept *= axes[axis, STILL] + axes[axis, PARTLY_KEPT]
    words += tiles - kept
    for axis in range(axes.shape[0]):
        alone = axes[axis, PARTLY] - axes[axis, PARTLY_KEPT]
        for other in range(axes.shape[0]):
            if other != axis:
                alone *= axes[other, STILL]
        words -= alone
    return words


@helper
def _find_set(marks: Marks, numbers: Integers, slots: Integers, mask: Marks, number: int) -> int:
    """The row of `marks` and `numbers` that holds a set; it is added where it is new.

    Args:
        marks, numbers: Sets found so far, `(set, width)` and `(set,)`; the last number is how many.
        slots: Hash table of their rows; -1 is free.
        mask, number: The set.
    """
    code = number
    for n in range(mask.size):
        code = code * 31 + (1 if mask[n] else 2)
    slot = (code * 2654435761 >> 7) & (slots.size - 1)
    while slots[slot] >= 0:
        row = slots[slot]
        equal = numbers[row] == number
        for n in range(mask.size):
            equal &= marks[row, n] == mask[n]
        if equal:
            return row
        slot = (slot + 1) & (slots.size - 1)
    row = numbers[-1]
    slots[slot] = row
    for n in range(mask.size):
        marks[row, n] = mask[n]
    numbers[row] = number
    numbers[-1] = row + 1
    return row


@helper
def _size(mask: Marks) -> int:
    """How many coordinates a set has."""
    points = 0
    for n in range(mask.size):
        points += 1 if mask[n] else 0
    return points


@helper
def _mark_pair(pair: Marks, seat: Integers, coefficients: Integers, reuse: int) -> int:
    """Mark the tile of an instance and what was kept of it, `(2, width)`.

    Args:
        pair: All False.
        seat: Start and length now, start and length before, `(dim, 4)`.
        coefficients: Of the dimensions on the axis.
        reuse: WINDOW, TILE or NONE.

    Returns:
        Where the tile starts: what the first mark stands for.
    """
    start = shift = 0
    for n in range(coefficients.size):
        start += coefficients[n] * seat[n, 0]
        shift += coefficients[n] * (seat[n, 2] - seat[n, 0])
    for n in range(1 if reuse == NONE else 2):
        mark_points(pair[n], coefficients, seat[:, 2 * n + 1], shift * n)
    held = 0
    for n in range(pair.shape[1]):
        pair[1, n] &= pair[0, n]
        held += 1 if pair[1, n] else 0
    if reuse == TILE:
        before = np.zeros(reach_of(coefficients, seat[:, 3]) + 1, dtype=np.bool_)
        mark_points(before, coefficients, seat[:, 3], shift - shift)
        if held < _size(pair[0]) or held < _size(before):
            for n in range(pair.shape[1]):
                pair[1, n] = False
    return start


@helper
def _leave_new(pair: Marks) -> int:
    """Take what was kept out of the tile, some of it; return where what is left starts."""
    first = -1
    for n in range(pair.shape[1]):
        new = pair[0, n] and not pair[1, n]
        pair[0, n] = False
        if new and first < 0:
            first = n
        if new:
            pair[0, n - first] = True
    return first


@helper
def add_group(
    sums: Integers, times: int, seats: Integers, coefficients: Integers, reuse: int
) -> None:
    """Count the different sets on an axis of instances that stand side by side.

    Args:
        sums: `(SUMS,)`; it grows.
        times: How often they stand like that.
        seats: Start and length now, start and length before, `(instance, dim, 4)`.
        coefficients: Of the dimensions on the axis.
        reuse: WINDOW, TILE or NONE.
    """
    instances = seats.shape[0]
    width, room = 1, 4
    for seat in range(instances):
        width = max(width, reach_of(coefficients, seats[seat, :, 1]) + 1)
    while room < 8 * instances:
        room *= 2
    # Sets of coordinates, with where they start; and pairs of a tile and what was kept of it.
    marks = np.zeros((2, 2 * instances, width), dtype=np.bool_)
    numbers = np.zeros((2, 2 * instances + 1), dtype=np.int64)
    slots = np.full((2, room), -1, dtype=np.int64)
    roles = np.zeros(2 * instances, dtype=np.int64)
    for seat in range(instances):
        pair = np.zeros((2, width), dtype=np.bool_)
        number = _mark_pair(pair, seats[seat], coefficients, reuse)
        row = _find_set(marks[0], numbers[0], slots[0], pair[0], number)
        known = numbers[1, -1]
        _find_set(marks[1], numbers[1], slots[1], pair[1], row)
        if numbers[1, -1] == known:
            continue
        points, held = _size(pair[0]), _size(pair[1])
        roles[row] |= TILE_SET
        if held == 0:
            roles[row] |= FRESH
        elif held == points:
            roles[row] |= STILL_SET
            sums[STILL] += times * points
        else:
            sums[PARTLY] += times * points
            sums[PARTLY_KEPT] += times * held
            number += _leave_new(pair)
            roles[_find_set(marks[0], numbers[0], slots[0], pair[0], number)] |= NEW_SET
    for row in range(numbers[0, -1]):
        sums[roles[row]] += times * _size(marks[0, row])
