"""Outermost: the exact least energy of filling memory 1, over all orders of the loops of memory 0.

Outside memory 1 there are only the loops of memory 0, one over each dimension. So all is known
that decides what it receives, but for their order, and that is a shortest path over sets.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE
from picojoule.jit import helper, inlined, leaf
from picojoule.mapper.model.problem import EVERY, KEPT, MANY, STANDS, STEPS, WRAPS, Problem

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NONE = REUSE["none"]


@leaf
def is_alone(problem: Problem) -> bool:
    """Whether memory 1 is one instance, and no axis is shared by more than two dimensions."""
    alone = problem.fanout[0] == 1
    for axis in range(problem.axis_pair.shape[0]):
        alone &= problem.axis_pair[axis, 0] != MANY
    return alone


@leaf
def _factors_of(
    problem: Problem, tile: Integers, loops: Integers, wraps: Floats, steps: Floats, whole: Floats
) -> None:
    """What each loop contributes to the words of each tensor, over what it does where it stands.

    A dimension that is alone on an axis contributes its iterations; one that does not index, how
    often it comes; one that shares an axis, nothing here.

    Args:
        loops: Dimension of each loop.
        wraps, steps: `(T, loop)`, filled with what a loop contributes when it wraps or steps.
        whole: `(T,)`, multiplied by what all dimensions contribute where they stand.
    """
    for t in range(whole.size):
        for d in range(tile.size):
            first = size = 1.0
            if problem.single[t] >> d & 1:
                first, size = float(tile[d]), float(problem.sizes[d])
            elif not problem.joined[t] >> d & 1:
                size = float(-(-problem.sizes[d] // tile[d]))
            whole[t] *= size
            for n in range(loops.size):
                if loops[n] == d:
                    wraps[t, n] = first / size
                    steps[t, n] = 1.0 if problem.joined[t] >> d & 1 else 1.0 - first / size


@inlined
def _on_axes(
    problem: Problem, tensor: int, index: Integers, inside: int, loop: int, is_whole: bool
) -> float:
    """What the axes of a tensor that two dimensions share contribute to the words that arrive.

    Args:
        inside: Mask of the loops that wrap.
        loop: The one that steps; -1 if none does.
        is_whole: Whether nothing stays.
    """
    every, kept = 1.0, 1.0
    for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
        first, second = problem.axis_pair[axis]
        if first >= 0:
            one = STEPS if first == loop else WRAPS if inside >> first & 1 else STANDS
            two = STEPS if second == loop else WRAPS if inside >> second & 1 else STANDS
            i, j = index[first], index[second]
            every *= problem.axis_tables[axis, EVERY + 3 * one + two, i, j]
            if not is_whole:
                kept *= problem.axis_tables[axis, KEPT + 3 * one + two, i, j]
    return every if is_whole else every - kept


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
    loops, count = np.empty(dims, dtype=np.int64), 0
    for d in range(dims):
        if looped >> d & 1:
            loops[count] = d
            count += 1
    wraps, steps = np.empty((tensors, count)), np.empty((tensors, count))
    size = 1 << count
    masks, rest = np.zeros(size, dtype=np.int64), np.full(size, np.inf)
    totals = np.empty((size, tensors))
    totals[0] = prices
    _factors_of(problem, tile, loops[:count], wraps, steps, totals[0])
    high = 0
    for chosen in range(1, size):
        if chosen >> (high + 1):
            high += 1
        others = chosen ^ (1 << high)
        masks[chosen] = masks[others] | 1 << loops[high]
        for t in range(tensors):
            totals[chosen, t] = totals[others, t] * wraps[t, high]
    first = 0.0
    rest[-1] = 0.0
    for chosen in range(size - 1, -1, -1):
        inside = masks[chosen]
        settled, total = chosen > 0, 0.0
        for t in range(tensors):
            if prices[t] > 0.0:
                none = problem.reuse[1, t] == NONE
                settled &= none or problem.single[t] & inside != 0
        if settled or chosen == size - 1:
            for t in range(tensors):
                if prices[t] > 0.0:
                    total += totals[chosen, t] * _on_axes(problem, t, index, inside, -1, True)
        if chosen == size - 1:
            first = total
            continue
        if settled:
            # Whatever steps from here on moves every tile whole.
            rest[chosen] = total - first
            continue
        for n in range(count):
            loop = loops[n]
            if chosen >> n & 1 or problem.before[0, loop] & looped & ~inside:
                continue
            energy = rest[chosen | 1 << n]
            moved = inside | 1 << loop
            for t in range(tensors):
                if prices[t] > 0.0:
                    is_whole = problem.single[t] & moved != 0 or problem.reuse[1, t] == NONE
                    if is_whole or problem.joined[t] & moved:
                        words = totals[chosen, t] * steps[t, n]
                        if problem.joined[t]:
                            words *= _on_axes(problem, t, index, inside, loop, is_whole)
                        energy += words
            if chosen == 0:
                by_loop[loop] = first + energy
            else:
                rest[chosen] = min(rest[chosen], energy)
