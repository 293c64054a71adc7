"""Goal: what a search minimises, under which limits, and whether a result beats the best so far.

The best so far is a table `(1 + points, 4)`: row 0 holds how many points are in use and whether one
had no room, the others (score, energy in pJ, latency in cycles, slot). A slot is where the mapping
itself is kept. A search for one optimum keeps one point, a search for a front all that no other
point beats in both energy and latency, fastest first.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, inlined, leaf

Floats = NDArray[np.float64]

SCORE, ENERGY, CYCLES, SLOT = 0, 1, 2, 3
"""Columns of the table of the best so far."""
FULL = 1
"""Where row 0 says that a point had no room."""

SAME = 1e-12
"""Relative difference up to which two prices count as equal: they are sums of rounded terms."""


class Goal(NamedTuple):
    """What kernels minimise: energy ** energy_power * latency ** time_power, within limits."""

    energy_power: float
    time_power: float
    is_front: bool
    most_cycles: float
    most_pj_per_cycle: float
    most_bits_per_cycle: float  # over the outermost memory's port


def no_points(size: int) -> Floats:
    """A table for `size` points, none in use: anything beats it."""
    points = np.full((1 + size, 4), np.inf)
    points[0] = 0.0
    points[1:, SLOT] = 0.0
    return points


@inlined
def score(goal: Goal, energy: float, cycles: float) -> float:
    """What is minimised; monotone in both, so that bounds give a bound."""
    if goal.time_power == 0.0:
        return energy
    if goal.energy_power == 0.0:
        return cycles
    if goal.energy_power == 1.0 and goal.time_power == 1.0:
        return energy * cycles
    # A bound on the energy may be negative: powers are monotone only from 0 on.
    return max(energy, 0.0) ** goal.energy_power * cycles**goal.time_power


@helper
def scores(goal: Goal, energies: Floats, cycles: Floats) -> Floats:
    """`score` of each pair."""
    found = np.empty(energies.size)
    for n in range(energies.size):
        found[n] = score(goal, energies[n], cycles[n])
    return found


@inlined
def _place(best: Floats, cycles: float) -> int:
    """Points of a front that take at most `cycles`."""
    low, high = 0, int(best[0, 0])
    while low < high:
        middle = (low + high) // 2
        if best[1 + middle, CYCLES] <= cycles:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def is_better(goal: Goal, energy: float, cycles: float, best: Floats) -> bool:
    """Whether a result, or the bounds of one, of (energy, cycles) may beat the best so far.

    Equal scores go by the other metric: equal energy by time, anything else by energy.
    """
    if cycles > goal.most_cycles or energy == np.inf:
        return False
    if goal.is_front:
        place = _place(best, cycles)
        return place == 0 or energy < best[place, ENERGY] * (1.0 - SAME)
    value = score(goal, energy, cycles)
    if value < best[1, SCORE] * (1.0 - SAME):
        return True
    if value > best[1, SCORE] * (1.0 + SAME):
        return False
    if goal.time_power == 0.0:
        return cycles < best[1, CYCLES]
    return energy < best[1, ENERGY] * (1.0 - SAME)


@leaf
def is_beyond(goal: Goal, energy: float, cycles: float, fastest: float, best: Floats) -> bool:
    """Whether nothing at or after these bounds can win, in the order that the goal sorts by.

    A front sorts by energy, anything else by score. `fastest` is the least of all cycles.
    """
    if goal.is_front:
        return not is_better(goal, energy, fastest, best)
    return score(goal, energy, cycles) > best[1, SCORE] * (1.0 + SAME)


@leaf
def energy_limit(goal: Goal, cycles: float, best: Floats) -> float:
    """Energy up to which a result of at least `cycles` may beat the best; never too low."""
    if cycles > goal.most_cycles:
        return 0.0
    if goal.is_front:
        place = _place(best, cycles)
        return np.inf if place == 0 else best[place, ENERGY]
    above = 1.0 + 2.0 * SAME
    if goal.time_power == 0.0:
        return best[1, SCORE] * above
    if goal.energy_power == 0.0:
        if cycles > best[1, SCORE]:
            return 0.0
        return best[1, ENERGY] if cycles == best[1, SCORE] else np.inf
    rest = best[1, SCORE] / cycles**goal.time_power
    return rest ** (1.0 / goal.energy_power) * (1.0 + 4.0 * SAME / goal.energy_power)


@helper
def take(goal: Goal, energy: float, cycles: float, best: Floats) -> int:
    """Enter a result that `is_better`; return its slot, or -1 where the table is full.

    On a front it moves the points behind it, and drops those that it beats.
    """
    value = score(goal, energy, cycles)
    if not goal.is_front:
        # Of equal scores the least stays, so that ties cannot add up to a step upwards.
        best[1, SCORE] = min(best[1, SCORE], value)
        best[1, ENERGY], best[1, CYCLES] = energy, cycles
        best[0, 0] = 1.0
        return 0
    count = int(best[0, 0])
    place = _place(best, cycles)
    if place > 0 and best[place, CYCLES] == cycles:
        place -= 1
    beaten = place
    while beaten < count and best[1 + beaten, ENERGY] >= energy * (1.0 - SAME):
        beaten += 1
    tail = best[1 + beaten : 1 + count].copy()
    if place + 1 + len(tail) == len(best):
        best[0, FULL] = 1.0
        return -1
    used = np.zeros(len(best), dtype=np.bool_)
    for row in range(1, count + 1):
        if row <= place or row > beaten:
            used[int(best[row, SLOT])] = True
    slot = 0
    while used[slot]:
        slot += 1
    best[1 + place, SCORE], best[1 + place, SLOT] = value, slot
    best[1 + place, ENERGY], best[1 + place, CYCLES] = energy, cycles
    best[2 + place : 2 + place + len(tail)] = tail
    best[0, 0] = place + 1 + len(tail)
    return slot
