"""Orders: the exact cost of a chain, with the best loop order of every memory.

The loops of a memory advance one at a time, and what a loop moves depends only on which loops run
inside it, not on their order. So the best order of each memory's loops is a shortest path over sets
of loops, and the memories' orders are chosen apart from each other. docs/mapper.md has the proof.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE
from picojoule.jit import helper, inlined_helper
from picojoule.mapper.model.problem import Problem
from picojoule.mapper.model.tiles import is_absorbed, shared_on_axis, visits_of, words_of

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

TILE, NONE = REUSE["tile"], REUSE["none"]


@helper
def outside_state(
    problem: Problem, tensor: int, child: int, memory: int, tiles: Integers, spatial: Integers
) -> tuple[int, int]:
    """Masks of the dimensions that loops between a child and `memory` (not included) run over."""
    single = 0
    joined = 0
    for level in range(memory + 1, child):
        for d in range(problem.sizes.size):
            if tiles[level, d] > tiles[level + 1, d] * spatial[level, d]:
                single |= problem.single[tensor] & (1 << d)
                joined |= problem.joined[tensor] & (1 << d)
    return single, joined


@inlined_helper
def moved_by(
    dim: int,
    child: int,
    memory: int,
    tiles: Integers,
    spatial: Integers,
    inside: int,
    loop: int,
) -> int:
    """Iterations of `dim` that a child's tile moves when `loop` steps and all inside it wrap."""
    moved = 0
    for level in range(memory + 1, child):
        moved -= tiles[level, dim] - tiles[level + 1, dim] * spatial[level, dim]
    step = tiles[memory + 1, dim] * spatial[memory, dim]
    if dim == loop:
        moved += step
    elif inside >> dim & 1:
        moved -= tiles[memory, dim] - step
    return moved


@inlined_helper
def step_words(
    problem: Problem,
    tensor: int,
    child: int,
    memory: int,
    tiles: Integers,
    spatial: Integers,
    inside: int,
    loop: int,
    whole: int,
    state: tuple[int, int],
) -> int:
    """Words that one instance of `child` needs when `loop` of `memory` steps.

    Args:
        inside: Mask of this memory's loops that run inside `loop` and wrap.
        whole: Words of the child's tile.
        state: From `outside_state`.
    """
    reuse = problem.reuse[child, tensor]
    moved = inside | (1 << loop)
    if reuse == NONE or state[0] or problem.single[tensor] & moved:
        return whole
    if not (problem.joined[tensor] & moved or state[1]):
        return 0
    shared = 1
    dims, coefficients = problem.term_dim, problem.term_coefficient
    used = problem.joined[tensor] | problem.single[tensor]
    for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
        low, high = problem.axis_first[axis], problem.axis_first[axis + 1]
        shift = 0
        for n in range(low, high):
            if used >> dims[n] & 1:
                distance = moved_by(dims[n], child, memory, tiles, spatial, inside, loop)
                shift += coefficients[n] * distance
        if shift != 0 and reuse == TILE:
            return whole
        shared *= shared_on_axis(dims, coefficients, low, high, tiles[child], abs(shift))
        if shared == 0:
            return whole
    return whole - shared


@helper
def free_first(problem: Problem, memory: int, tiles: Integers, spatial: Integers) -> int:
    """Mask of the loops of `memory` that an optimal order may have innermost.

    A loop over a dimension that shares no axis is never needed innermost while its smallest factor
    still fits into the tile inside: absorbing it costs nothing.
    """
    allowed = 0
    tile, bits = tiles[memory + 1], np.empty(problem.bits.size, dtype=np.int64)
    for d in range(problem.sizes.size):
        factor, around = spatial[memory, d], tiles[memory, d]
        if around > tile[d] * factor and not is_absorbed(
            problem, memory + 1, tile, d, factor, around, bits
        ):
            allowed |= 1 << d
    return allowed


@helper
def loop_context(
    problem: Problem,
    memory: int,
    tiles: Integers,
    spatial: Integers,
    prices: Floats,
    last_child: int,
) -> tuple[Floats, Integers, Integers, Integers]:
    """What one step of a loop of `memory` can cost, `(child, tensor)` each.

    Returns:
        Price per word with all instances below, words of the whole tile, and the two masks of
        `outside_state`.
    """
    tensors = problem.bits.size
    weight = np.zeros((last_child + 1, tensors))
    whole = np.zeros((last_child + 1, tensors), dtype=np.int64)
    single = np.zeros((last_child + 1, tensors), dtype=np.int64)
    joined = np.zeros((last_child + 1, tensors), dtype=np.int64)
    instances = 1.0
    for child in range(memory + 1, last_child + 1):
        for d in range(problem.sizes.size):
            instances *= spatial[child - 1, d]
        for t in range(tensors):
            if problem.keeps[child, t]:
                weight[child, t] = instances * prices[child, t]
                whole[child, t] = words_of(problem, t, tiles[child])
                state = outside_state(problem, t, child, memory, tiles, spatial)
                single[child, t], joined[child, t] = state
    return weight, whole, single, joined


@inlined_helper
def step_energy(
    problem: Problem,
    memory: int,
    tiles: Integers,
    spatial: Integers,
    inside: int,
    loop: int,
    context: tuple[Floats, Integers, Integers, Integers],
    last_child: int,
) -> float:
    """Cost of one step of `loop` while the loops of the mask `inside` wrap."""
    weight, whole, single, joined = context
    moved = inside | (1 << loop)
    energy = 0.0
    for child in range(memory + 1, last_child + 1):
        for t in range(weight.shape[1]):
            if weight[child, t] == 0.0:
                continue
            if single[child, t] or problem.single[t] & moved:
                energy += weight[child, t] * whole[child, t]
                continue
            state = (single[child, t], joined[child, t])
            words = step_words(
                problem, t, child, memory, tiles, spatial, inside, loop, whole[child, t], state
            )
            energy += weight[child, t] * words
    return energy


@inlined_helper
def settled_energy(
    problem: Problem,
    memory: int,
    inside: int,
    context: tuple[Floats, Integers, Integers, Integers],
    last_child: int,
) -> float:
    """Cost of any further step once every tile has moved for good, or -1 while one has not."""
    weight, whole, single, _ = context
    energy = 0.0
    for child in range(memory + 1, last_child + 1):
        for t in range(problem.bits.size):
            if weight[child, t] > 0.0:
                lost = single[child, t] != 0 or problem.single[t] & inside != 0
                if not lost and problem.reuse[child, t] != NONE:
                    return -1.0
                energy += weight[child, t] * whole[child, t]
    return energy


@helper
def inner_visits(problem: Problem, memory: int, tiles: Integers, spatial: Integers) -> float:
    """How often the body of the loops of `memory` runs, over the whole operation."""
    visits = visits_of(problem, tiles[memory + 1])
    for d in range(problem.sizes.size):
        visits /= spatial[memory, d]
    return visits


@helper
def ordered_energy(
    problem: Problem,
    memory: int,
    tiles: Integers,
    spatial: Integers,
    prices: Floats,
    order: Integers,
) -> float:
    """What the loops of `memory` cost in a given order, innermost first, -1 ends it."""
    last_child = problem.keeps.shape[0] - 1
    context = loop_context(problem, memory, tiles, spatial, prices, last_child)
    visits = inner_visits(problem, memory, tiles, spatial)
    energy = 0.0
    inside = 0
    for loop in order:
        if loop < 0:
            break
        bound = tiles[memory, loop] // (tiles[memory + 1, loop] * spatial[memory, loop])
        visits /= bound
        step = step_energy(problem, memory, tiles, spatial, inside, loop, context, last_child)
        energy += visits * (bound - 1.0) * step
        inside |= 1 << loop
    return energy


@helper
def _is_inside(dim: int, others: int, before: Integers) -> bool:
    """Whether a loop must run inside one of the others."""
    found = False
    for d in range(before.size):
        found |= bool(others >> d & 1 and d != dim and before[d] >> dim & 1)
    return found


@helper
def is_allowed_order(order: Integers, before: Integers) -> bool:
    """Whether an order, innermost first and ended by -1, has all loops inside that must be."""
    left = 0
    for loop in order:
        if loop >= 0:
            left |= 1 << loop
    for loop in order:
        if loop < 0:
            break
        left &= ~(1 << loop)
        if before[loop] & left:
            return False
    return True


@helper
def _trace_order(
    loops: Integers, came: Integers, reached: int, before: Integers, order: Integers
) -> None:
    """Write down the best order: the loops outside `reached` in any order, then back through it.

    Args:
        loops: Dimension of each loop.
        came: Which loop each set of loops ended with, outermost.
        reached: The set from which on the order is free.
        before: Mask of the dimensions that must run inside each one.
        order: Filled, innermost first.
    """
    position = loops.size
    left = 0
    for n in range(loops.size):
        if not reached >> n & 1:
            left |= 1 << loops[n]
    while left:
        for n in range(loops.size):
            if left >> loops[n] & 1 and not _is_inside(loops[n], left, before):
                position -= 1
                order[position] = loops[n]
                left &= ~(1 << loops[n])
                break
    while reached:
        position -= 1
        order[position] = loops[came[reached]]
        reached &= ~(1 << came[reached])


@helper
def order_energy(
    problem: Problem,
    memory: int,
    tiles: Integers,
    spatial: Integers,
    prices: Floats,
    last_child: int,
    allowance: float,
    order: Integers,
) -> float:
    """Least energy that the loops of `memory` move, over all their orders.

    Args:
        prices: Per word, `(child, tensor)`; children from `memory + 1` to `last_child` count.
        allowance: Energy from which on the answer does not matter.
        order: Filled with the best order, innermost first, then -1.

    Returns:
        Picojoules; infinite when no order stays below the allowance, or when the chain is
        dominated by one with a larger tile.
    """
    dims = problem.sizes.size
    loops = np.empty(dims, dtype=np.int64)
    bounds = np.empty(dims, dtype=np.float64)
    count = 0
    order[:] = -1
    for d in range(dims):
        bound = tiles[memory, d] // (tiles[memory + 1, d] * spatial[memory, d])
        if bound > 1:
            loops[count] = d
            bounds[count] = bound
            count += 1
    if count == 0:
        return 0.0
    allowed = free_first(problem, memory, tiles, spatial)
    if allowed == 0:
        return np.inf
    looped = 0
    for n in range(count):
        looped |= 1 << loops[n]
    context = loop_context(problem, memory, tiles, spatial, prices, last_child)
    best = np.full(1 << count, np.inf)
    came = np.zeros(1 << count, dtype=np.int64)
    best[0] = 0.0
    visits = inner_visits(problem, memory, tiles, spatial)
    outer_visits = visits
    for n in range(count):
        outer_visits /= bounds[n]
    least = allowance
    reached = -1
    for chosen in range(1 << count):
        if best[chosen] >= least:
            continue
        mask = 0
        done = 1.0
        for n in range(count):
            if chosen >> n & 1:
                mask |= 1 << loops[n]
                done *= bounds[n]
        settled = settled_energy(problem, memory, mask, context, last_child)
        if chosen and settled >= 0.0:
            # Whatever steps from here on moves every tile whole: the order outside is free.
            total = best[chosen] + settled * (visits / done - outer_visits)
            if total < least:
                least, reached = total, chosen
            continue
        for n in range(count):
            if chosen >> n & 1 or (chosen == 0 and not allowed >> loops[n] & 1):
                continue
            if problem.before[memory, loops[n]] & looped & ~mask:
                continue
            steps = visits / done / bounds[n] * (bounds[n] - 1.0)
            energy = step_energy(
                problem, memory, tiles, spatial, mask, loops[n], context, last_child
            )
            target = chosen | (1 << n)
            if best[chosen] + steps * energy < best[target]:
                best[target] = best[chosen] + steps * energy
                came[target] = n
    full = (1 << count) - 1
    if best[full] < least:
        least, reached = best[full], full
    if reached < 0:
        return np.inf
    _trace_order(loops[:count], came, reached, problem.before[memory], order)
    return least
