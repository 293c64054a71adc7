"""Outermost: the exact least energy of filling memory 1, over all orders of the loops of memory 0.

Outside memory 1 there are only the loops of memory 0, one over each dimension. So all is known
that decides what it receives, but for their order, and that is a shortest path over sets.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE, common_points
from picojoule.jit import helper, inlined
from picojoule.mapper.walk.problem import MANY, Problem

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

TILE, NONE = REUSE["tile"], REUSE["none"]
STANDS, STEPS, WRAPS = 0, 1, 2
"""What the loop over a dimension does at a step: it stands anywhere, advances, or wraps."""


@helper
def is_alone(problem: Problem) -> bool:
    """Whether memory 1 is one instance, and no axis is shared by more than two dimensions."""
    alone = problem.fanout[0] == 1
    for axis in range(problem.axis_pair.shape[0]):
        alone &= problem.axis_pair[axis, 0] != MANY
    return alone


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
def _fill_axis(
    problem: Problem, axis: int, tile: Integers, reuse: int, words: Floats, held: Floats
) -> None:
    """What all tiles have on an axis of two dimensions, and what they had, by what each loop does.

    Args:
        words, held: `(3, 3)`.
    """
    first, second = problem.axis_pair[axis]
    own = np.ones(2, dtype=np.int64)
    for n in range(problem.axis_first[axis], problem.axis_first[axis + 1]):
        if problem.term_dim[n] == first:
            own[0] = problem.term_coefficient[n]
        elif problem.term_dim[n] == second:
            own[1] = problem.term_coefficient[n]
    new, old = np.empty(2, dtype=np.int64), np.empty(2, dtype=np.int64)
    for one in range(3):
        states = _states(problem.sizes[first], tile[first], one)
        for other in range(3):
            others = _states(problem.sizes[second], tile[second], other)
            for i in range(2):
                for j in range(2):
                    times = float(states[i, 0] * others[j, 0])
                    if times <= 0.0:
                        continue
                    new[0], new[1] = states[i, 1], others[j, 1]
                    old[0], old[1] = states[i, 2], others[j, 2]
                    shift = own[0] * states[i, 3] + own[1] * others[j, 3]
                    points = common_points(own, new, new, 0, False)
                    kept = points
                    if one != STANDS or other != STANDS:
                        kept = common_points(own, new, old, shift, False)
                    if reuse == TILE and kept < points:
                        kept = 0
                    words[one, other] += times * points
                    held[one, other] += times * kept


@inlined
def _what(dim: int, loop: int, inside: int) -> int:
    """What the loop over a dimension does when `loop` steps and those of a mask wrap."""
    if dim == loop:
        return STEPS
    return WRAPS if inside >> dim & 1 else STANDS


@helper
def _arriving(
    problem: Problem,
    tensor: int,
    tile: Integers,
    loop: int,
    inside: int,
    words: Floats,
    held: Floats,
) -> float:
    """Words of a tensor that arrive at all steps of a loop; -1 as the loop: at no matter which.

    Args:
        words, held: From `_fill_axis`, `(axis, 3, 3)`.
    """
    moved = inside | (1 << loop if loop >= 0 else 0)
    sliding = problem.joined[tensor] & moved != 0
    whole = loop < 0 or problem.reuse[1, tensor] == NONE or problem.single[tensor] & moved != 0
    if not whole and not sliding:
        return 0.0
    total = 1.0
    mask = problem.single[tensor] | problem.joined[tensor]
    for d in range(tile.size):
        if problem.joined[tensor] >> d & 1:
            continue
        alone = problem.single[tensor] >> d & 1
        size = problem.sizes[d] if alone else -(-problem.sizes[d] // tile[d])
        first = tile[d] if alone else 1
        if d == loop:
            total *= size - first
        elif inside >> d & 1:
            total *= first
        else:
            total *= size
    if mask == problem.single[tensor]:
        return total
    every, kept = total, total
    for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
        pair = problem.axis_pair[axis]
        if pair[0] >= 0:
            one, other = _what(pair[0], loop, inside), _what(pair[1], loop, inside)
            every *= words[axis, one, other]
            kept *= held[axis, one, other]
    return every if whole else every - kept


@helper
def outermost_fillings(
    problem: Problem, tile: Integers, prices: Floats, looped: int, by_loop: Floats
) -> None:
    """Least energy of filling memory 1 with each loop innermost outside it, exactly.

    Args:
        prices: Energy per word of each tensor, `(T,)`.
        looped: Mask of the loops of memory 0.
        by_loop: `(D,)`, filled for the loops.
    """
    dims, tensors = tile.size, prices.size
    axes = problem.axis_pair.shape[0]
    words, held = np.zeros((axes, 3, 3)), np.zeros((axes, 3, 3))
    for t in range(tensors):
        for axis in range(problem.tensor_axis[t], problem.tensor_axis[t + 1]):
            if prices[t] > 0.0 and problem.axis_pair[axis, 0] >= 0:
                reuse = problem.reuse[1, t]
                _fill_axis(problem, axis, tile, reuse, words[axis], held[axis])
    first = 0.0
    for t in range(tensors):
        if prices[t] > 0.0:
            first += prices[t] * _arriving(problem, t, tile, -1, looped, words, held)
    rest = np.full(1 << dims, np.inf)
    rest[looped] = 0.0
    for inside in range(looped, -1, -1):
        if inside & ~looped:
            continue
        settled = inside > 0
        for t in range(tensors):
            if prices[t] > 0.0 and problem.reuse[1, t] != NONE:
                settled &= problem.single[t] & inside != 0
        if settled:
            # Whatever steps from here on moves every tile whole.
            rest[inside] = -first
            for t in range(tensors):
                if prices[t] > 0.0:
                    arriving = _arriving(problem, t, tile, -1, inside, words, held)
                    rest[inside] += prices[t] * arriving
            continue
        for loop in range(dims):
            if inside >> loop & 1 or not looped >> loop & 1:
                continue
            if problem.before[0, loop] & looped & ~inside:
                continue
            energy = rest[inside | 1 << loop]
            for t in range(tensors):
                if prices[t] > 0.0:
                    arriving = _arriving(problem, t, tile, loop, inside, words, held)
                    energy += prices[t] * arriving
            if inside == 0:
                by_loop[loop] = first + energy
            else:
                rest[inside] = min(rest[inside], energy)
