"""Parts: what a chain can be made of, each with a bound on its cost.

A part is a choice for one memory: its tile, the factors of the gap outside it and, for the
innermost memory, those of the gap inside. A rough bound goes first, see `rough`; what it leaves
gets the closer bound of `bounds` when the walk comes to it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper
from picojoule.mapper.model.goal import Goal, is_better
from picojoule.mapper.model.prices import group_share, passed_energy
from picojoule.mapper.model.problem import Problem
from picojoule.mapper.walk.bounds import filling_terms, fillings_by_loop
from picojoule.mapper.walk.timing import (
    add_crossings,
    base_crossings,
    first_crossings,
    least_cycles,
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

ROUGH, BOUND, BASE, FILLING, COMPUTE, CYCLES, HIDDEN, ADDED, TIMED = range(9)
"""Columns of a part's values.

A rough bound on the energy that it adds; a closer one, minus infinity until it is asked for; what
compute and operands and what filling add to that; compute cycles at least; cycles of any chain at
least; of a part of memory 1, the time that it takes at memory 0, hidden behind other work or added
to it; and whether times are known.
"""
UNKNOWN = -np.inf
MOST_ASKED = 2000
"""Parts whose closer bound is asked for to find the least; beyond, rough ones are good enough."""


class Parts(NamedTuple):
    """Parts of one memory, one row each; the last four get rows only where the walk needs them."""

    factors: Integers  # (part, 3, D): tile, outer and inner factors
    unions: Integers  # (part, D): index of the tile of all instances of the outer gap together
    tile_indices: Integers  # (part, D)
    values: Floats  # (part, 9)
    details: Floats  # (part, T, SLID + D), from `filling_terms`
    words: Floats  # (part, D + 1, T), from `fillings_by_loop`
    by_loop: Floats  # (part, D + 1), from `fillings_by_loop`
    crossings: Floats  # (part, D + 2, L, 3): bits over the ports at least, by loop; last, operands


@helper
def bound_part(problem: Problem, memory: int, parts: Parts, row: int) -> None:
    """Find the closer bound of a part's energy, and what filling takes with each loop outside."""
    values, terms, factors = parts.values[row], parts.details[row], parts.factors[row]
    if memory == 0:
        values[BOUND] = values[ROUGH]
        return
    filling_terms(problem, memory, factors[0], parts.tile_indices[row], factors[1], terms)
    values[FILLING] = fillings_by_loop(
        problem,
        memory,
        factors[0],
        parts.tile_indices[row],
        factors[1],
        parts.unions[row],
        terms,
        parts.by_loop[row],
        parts.words[row],
    )
    if memory == problem.keeps.shape[0] - 1 and not problem.uneven:
        values[BASE] += passed_energy(problem, factors[0], factors[1], factors[2])
    # Both are bounds; rounding may leave the rough one a little higher.
    values[BOUND] = max(values[BASE] + values[FILLING], values[ROUGH])


@helper
def time_part(
    problem: Problem,
    goal: Goal,
    memory: int,
    parts: Parts,
    row: int,
    others_pj: float,
    best: Floats,
    spatial: Integers,
    floor: Floats,
) -> None:
    """Find how long a part takes at least, once its closer bound is known.

    Loops that cost too much energy innermost outside are left out: they will not win any more.

    Args:
        others_pj: The least that the parts of the other memories add.
        spatial: Scratch space, `(L, D)`.
        floor: Bits that the parts of the other memories move over the ports at least, `(L, 3)`.
    """
    values, crossings, by_loop = parts.values[row], parts.crossings[row], parts.by_loop[row]
    values[TIMED] = 1.0
    innermost = memory == problem.keeps.shape[0] - 1
    if memory == 0:
        return
    fastest = np.inf
    if innermost:
        spatial[:] = 1
        spatial[memory - 1], spatial[memory] = parts.factors[row, 1], parts.factors[row, 2]
        _operand_crossings(problem, memory, parts.factors[row, 0], spatial, crossings[-1])
    total = np.empty_like(floor)
    for outer in range(len(by_loop)):
        if by_loop[outer] == np.inf:
            continue
        energy = others_pj + values[BASE] + by_loop[outer]
        if not is_better(goal, energy, values[CYCLES], best):
            by_loop[outer] = np.inf
            continue
        terms, words = parts.details[row], parts.words[row, outer]
        add_crossings(problem, memory, terms, words, crossings[outer])
        if innermost:
            for m in range(len(total)):
                for port in range(3):
                    total[m, port] = (
                        crossings[outer, m, port] + crossings[-1, m, port] + floor[m, port]
                    )
            cycles = least_cycles(problem, values[COMPUTE], total, spatial, memory - 1)
            if is_better(goal, energy, cycles, best):
                fastest = min(fastest, cycles)
            else:
                by_loop[outer] = np.inf
    if innermost and fastest == np.inf:
        values[BOUND] = np.inf
    elif innermost:
        values[CYCLES] = fastest
    if memory == 1:
        values[HIDDEN], values[ADDED] = _outermost_times(problem, crossings, by_loop)


@helper
def _operand_crossings(
    problem: Problem, memory: int, tile: Integers, spatial: Integers, total: Floats
) -> None:
    """Bits over each port that serve the compute units, with both gaps of `memory` decided."""
    shares = np.ones((problem.bits.size, problem.fanout.size))
    inside = np.ones_like(tile)
    for t in range(problem.bits.size):
        shares[t, memory - 1] = group_share(problem, memory - 1, t, tile, spatial[memory - 1])
        shares[t, memory] = group_share(problem, memory, t, inside, spatial[memory])
    base_crossings(problem, shares, memory - 1, total)


@helper
def _outermost_times(problem: Problem, crossings: Floats, by_loop: Floats) -> tuple[float, float]:
    """Time at memory 0 at least, whichever loop runs innermost there: hidden, and added."""
    fastest = np.inf
    for outer in range(len(by_loop)):
        if by_loop[outer] == np.inf:
            continue
        slowest = 0.0
        for port in range(3):
            rate = problem.rates[0, port]
            if rate > 0.0 and crossings[outer, 0, port] > 0.0:
                bits = crossings[outer, 0, port] - first_crossings(problem, 0, port, 1.0)
                slowest = max(slowest, bits / rate)
        fastest = min(fastest, slowest)
    return (fastest, 0.0) if problem.overlapped[0] else (0.0, fastest)


@helper
def settle_least(problem: Problem, memory: int, parts: Parts) -> float:
    """The least that any part adds: mostly its closer bound, found without asking for most others.

    Closer bounds that are found take the place of rough ones.
    """
    least = np.inf
    one = Parts(
        np.empty_like(parts.factors[:1]),
        np.empty_like(parts.unions[:1]),
        np.empty_like(parts.tile_indices[:1]),
        np.empty_like(parts.values[:1]),
        np.zeros((1, parts.details.shape[1], parts.details.shape[2])),
        np.zeros((1, parts.words.shape[1], parts.words.shape[2])),
        np.zeros((1, parts.by_loop.shape[1])),
        parts.crossings,
    )
    for asked, row in enumerate(np.argsort(parts.values[:, ROUGH])):
        if parts.values[row, ROUGH] >= least:
            break
        if asked == MOST_ASKED:
            return min(least, parts.values[row, ROUGH])
        one.factors[0], one.unions[0] = parts.factors[row], parts.unions[row]
        one.tile_indices[0], one.values[0] = parts.tile_indices[row], parts.values[row]
        bound_part(problem, memory, one, 0)
        parts.values[row, ROUGH] = one.values[0, BOUND]
        least = min(least, one.values[0, BOUND])
    return least


@helper
def still_better(goal: Goal, values: Floats, others_pj: float, best: Floats) -> NDArray[np.bool_]:
    """Which parts may still win once the others are known to add `others_pj`."""
    found = np.zeros(len(values), dtype=np.bool_)
    for row in range(len(values)):
        energy = values[row, ROUGH] + others_pj
        found[row] = is_better(goal, energy, values[row, CYCLES], best)
    return found
