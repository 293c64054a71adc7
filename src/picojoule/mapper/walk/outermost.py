"""Outermost: the exact least energy of filling memory 1, over all orders of the loops of memory 0.

Outside memory 1 there are only the loops of memory 0, one over each dimension. So all is known
that decides what it receives, but for their order, and that is a shortest path over sets.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE
from picojoule.jit import helper, inlined
from picojoule.mapper.model.problem import EVERY, KEPT, MANY, STANDS, STEPS, WRAPS, Problem

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NONE = REUSE["none"]


@helper
def is_alone(problem: Problem) -> bool:
    """Whether memory 1 is one instance, and no axis is shared by more than two dimensions."""
    alone = problem.fanout[0] == 1
    for axis in range(problem.axis_pair.shape[0]):
        alone &= problem.axis_pair[axis, 0] != MANY
    return alone


@helper
def _factors_of(problem: Problem, tile: Integers, factors: Floats) -> None:
    """What each dimension contributes to the words of each tensor, `(T, D, 3)`, by what it does.

    A dimension that is alone on an axis, its iterations; one that does not index, how often it
    comes; one that shares an axis, nothing here.
    """
    for t in range(factors.shape[0]):
        for d in range(tile.size):
            first = size = 1.0
            if problem.single[t] >> d & 1:
                first, size = float(tile[d]), float(problem.sizes[d])
            elif not problem.joined[t] >> d & 1:
                size = float(-(-problem.sizes[d] // tile[d]))
            factors[t, d, STANDS] = size
            factors[t, d, WRAPS] = first
            factors[t, d, STEPS] = size - first
            if problem.joined[t] >> d & 1:
                factors[t, d, STEPS] = 1.0


@inlined
def _arriving(
    problem: Problem,
    prices: Floats,
    factors: Floats,
    index: Integers,
    loops: Integers,
    count: int,
    whole: Floats,
    loop: int,
    inside: int,
) -> float:
    """Energy of what arrives at all steps of a loop; -1 as the loop: at no matter which.

    Args:
        loops, count: The dimensions that have loops.
        whole: `(T,)`, energy of what the other dimensions contribute.
    """
    moved = inside | (1 << loop if loop >= 0 else 0)
    energy = 0.0
    for t in range(prices.size):
        if prices[t] == 0.0:
            continue
        is_whole = problem.single[t] & moved != 0 or problem.reuse[1, t] == NONE or loop < 0
        if not is_whole and not problem.joined[t] & moved:
            continue
        total = whole[t]
        for n in range(count):
            d = loops[n]
            what = STEPS if d == loop else WRAPS if inside >> d & 1 else STANDS
            total *= factors[t, d, what]
        if problem.joined[t]:
            every, kept = total, total
            for axis in range(problem.tensor_axis[t], problem.tensor_axis[t + 1]):
                first, second = problem.axis_pair[axis]
                if first >= 0:
                    one = STEPS if first == loop else WRAPS if inside >> first & 1 else STANDS
                    two = STEPS if second == loop else WRAPS if inside >> second & 1 else STANDS
                    i, j = index[first], index[second]
                    every *= problem.axis_tables[axis, EVERY + 3 * one + two, i, j]
                    kept *= problem.axis_tables[axis, KEPT + 3 * one + two, i, j]
            total = every if is_whole else every - kept
        energy += total
    return energy


@helper
def outermost_fillings(
    problem: Problem,
    tile: Integers,
    index: Integers,
    prices: Floats,
    looped: int,
    by_loop: Floats,
) -> None:
    """Least energy of filling memory 1 with each loop innermost outside it, exactly.

    Args:
        tile, index: The tile, and its indices in the table of tiles.
        prices: Energy per word of each tensor, `(T,)`.
        looped: Mask of the loops of memory 0.
        by_loop: `(D,)`, filled for the loops.
    """
    dims, tensors = tile.size, prices.size
    factors = np.empty((tensors, dims, 3))
    _factors_of(problem, tile, factors)
    loops = np.empty(dims, dtype=np.int64)
    whole = prices.copy()
    count = 0
    for d in range(dims):
        if looped >> d & 1:
            loops[count] = d
            count += 1
        else:
            for t in range(tensors):
                whole[t] *= factors[t, d, STANDS]
    first = _arriving(problem, prices, factors, index, loops, count, whole, -1, looped)
    rest = np.full(1 << count, np.inf)
    rest[-1] = 0.0
    for chosen in range((1 << count) - 2, -1, -1):
        inside = 0
        for n in range(count):
            if chosen >> n & 1:
                inside |= 1 << loops[n]
        settled = chosen > 0
        for t in range(tensors):
            if prices[t] > 0.0 and problem.reuse[1, t] != NONE:
                settled &= problem.single[t] & inside != 0
        if settled:
            # Whatever steps from here on moves every tile whole.
            total = _arriving(problem, prices, factors, index, loops, count, whole, -1, inside)
            rest[chosen] = total - first
            continue
        for n in range(count):
            loop = loops[n]
            if chosen >> n & 1 or problem.before[0, loop] & looped & ~inside:
                continue
            energy = rest[chosen | 1 << n]
            energy += _arriving(problem, prices, factors, index, loops, count, whole, loop, inside)
            if chosen == 0:
                by_loop[loop] = first + energy
            else:
                rest[chosen] = min(rest[chosen], energy)
