"""Sums: every way to choose one point per layer that none beats in both latency and energy.

Fronts are added one after another: all sums of a point so far and a point of the next front,
without those that another sum beats. What is beaten once stays beaten whatever is added, so
nothing that the end needs is lost, and the result is exact.

Where more points are left than may be kept, the fastest of each run of points with nearly equal
energy stays. The result then says how much more energy a point has at most than the exact one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Indices = NDArray[np.int32]

MOST_POINTS = 2**17
"""Points that are kept; some 6 MB and, with their choices, 0.5 MB per layer more."""
BLOCK = 2**21
"""Sums that are made at a time: some 150 MB with what sorting takes."""


@dataclass(frozen=True, slots=True)
class Sums:
    """A front of sums.

    Args:
        latency: `(point,)`, ascending.
        energy: `(point,)`, descending.
        choices: `(point, front)`, which point of each front was taken.
        excess: For every sum that is on the exact front there is one here that is no slower and
            has at most this share more energy; 0 where all are here.
    """

    latency: Integers
    energy: Floats
    choices: Indices
    excess: float


def add_fronts(
    fronts: Sequence[tuple[Integers, Floats]], *, most_points: int = MOST_POINTS
) -> Sums:
    """Choose one point of each front in every way that is not beaten.

    Args:
        fronts: Latencies and energies of each, in any order; none is empty.
        most_points: Where to begin to leave out points.

    Returns:
        The front of the sums; energies are added from the first front to the last.

    >>> one = (np.array([1, 2]), np.array([5.0, 3.0]))
    >>> found = add_fronts([one, one])
    >>> found.latency.tolist(), found.energy.tolist()
    ([2, 3, 4], [10.0, 8.0, 6.0])
    """
    latency, energy = np.zeros(1, dtype=np.int64), np.zeros(1)
    steps: list[tuple[Indices, Indices]] = []
    excess = 1.0
    for front_latency, front_energy in fronts:
        latency, energy, previous, choice = _add(latency, energy, front_latency, front_energy)
        if len(latency) > most_points:
            kept, more = _thin(energy, most_points)
            latency, energy = latency[kept], energy[kept]
            previous, choice = previous[kept], choice[kept]
            excess *= 1.0 + more
        steps.append((previous, choice))
    choices = np.zeros((len(latency), len(steps)), dtype=np.int32)
    place = np.arange(len(latency))
    for n, (previous, choice) in reversed(list(enumerate(steps))):
        choices[:, n] = choice[place]
        place = previous[place]
    return Sums(latency, energy, choices, excess - 1.0)


class _Points(NamedTuple):
    """Sums with the indices of the two points that they are made of."""

    latency: Integers
    energy: Floats
    previous: Indices
    choice: Indices


def _add(
    latency: Integers, energy: Floats, front_latency: Integers, front_energy: Floats
) -> _Points:
    """All sums of two points that none beats."""
    width = max(1, BLOCK // len(latency))
    none = np.zeros(0, dtype=np.int32)
    found = _Points(np.zeros(0, dtype=np.int64), np.zeros(0), none, none)
    for start in range(0, len(front_latency), width):
        block = slice(start, start + width)
        indices = np.arange(start, start + len(front_latency[block]), dtype=np.int32)
        ours = np.arange(len(latency), dtype=np.int32)
        latencies = np.add.outer(latency, front_latency[block]).ravel()
        energies = np.add.outer(energy, front_energy[block]).ravel()
        together = _Points(
            np.concatenate((found.latency, latencies)),
            np.concatenate((found.energy, energies)),
            np.concatenate((found.previous, np.repeat(ours, len(indices)))),
            np.concatenate((found.choice, np.tile(indices, len(latency)))),
        )
        kept = unbeaten(together.latency, together.energy)
        found = _Points(
            together.latency[kept],
            together.energy[kept],
            together.previous[kept],
            together.choice[kept],
        )
    return found


def unbeaten(latency: Integers, energy: Floats) -> NDArray[np.int64]:
    """The indices of points that no other one beats, the fastest first; of equal ones, one."""
    order = np.lexsort((energy, latency))
    sorted_energy = energy[order]
    least = np.concatenate(([np.inf], np.minimum.accumulate(sorted_energy)[:-1]))
    return order[sorted_energy < least]


def _thin(energy: Floats, most_points: int) -> tuple[NDArray[np.int64], float]:
    """Keep the first of each run of nearly equal energies, and the last point of all.

    Returns:
        Indices, and the largest share that energies of one run differ by.
    """
    runs = max(1, most_points - 2)
    width = math.log(energy[0] / energy[-1]) / runs
    run = np.floor(np.log(energy / energy[-1]) / width)
    first = np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1])))
    kept = np.unique(np.append(first, len(energy) - 1))
    dropped_until = np.append(first[1:], len(energy)) - 1
    return kept, float(np.max(energy[first] / energy[dropped_until]) - 1.0)
