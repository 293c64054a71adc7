"""Bounds: what a chain of tiles costs exactly, and the least that a part of one can cost.

A chain is the tile of every memory and the spatial factors of every gap. The loops of a memory
advance one at a time, and what a loop moves depends only on which loops run inside it, not on
their order. So the best order of each memory's loops is a shortest path over sets of loops, and the
memories' orders are chosen apart from each other. docs/mapper.md has the proof.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import (
    REUSE,
    distinct_offsets,
    moved_points,
    shared_in_run,
    shared_points,
)
from picojoule.jit import helper
from picojoule.mapper.problem import Problem

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

TILE, NONE = REUSE["tile"], REUSE["none"]


@helper
def shared_on_axis(
    dims: Integers, coefficients: Integers, low: int, high: int, tile: Integers, distance: int
) -> int:
    """Coordinates of one axis, terms `low` to `high`, that a shifted tile shares with itself."""
    runs = 0
    extent = 1
    coefficient, count = 1, 1
    unit = 0
    widest = 0
    for n in range(low, high):
        size = int(tile[dims[n]])
        if size > 1:
            runs += 1
            coefficient, count = coefficients[n], size
            extent += coefficient * (size - 1)
            if coefficient == 1 and size > unit:
                unit = size
            widest = max(widest, coefficient)
    if distance >= extent:
        return 0
    if runs == 0:
        return 1
    if runs == 1:
        return shared_in_run(coefficient, count, distance)
    if runs == 2 and widest <= unit:
        return extent - distance
    sizes = np.empty(high - low, dtype=np.int64)
    for n in range(low, high):
        sizes[n - low] = tile[dims[n]]
    return shared_points(coefficients[low:high], sizes, distance, False)


@helper
def words_of(problem: Problem, tensor: int, tile: Integers) -> int:
    """Distinct words of a tensor in a tile."""
    words = 1
    dims, coefficients = problem.term_dim, problem.term_coefficient
    for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
        low, high = problem.axis_first[axis], problem.axis_first[axis + 1]
        if high - low == 1:
            words *= int(tile[dims[low]])
        elif high > low:
            words *= shared_on_axis(dims, coefficients, low, high, tile, 0)
    return words


@helper
def moved_of(
    problem: Problem, tensor: int, tile: Integers, displacement: Integers, reuse: int
) -> int:
    """Words of a tensor that a tile needs anew after a displacement."""
    low, high = problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]
    first = problem.axis_first[low : high + 1]
    return moved_points(
        first, problem.term_dim, problem.term_coefficient, tile, displacement, reuse, False
    )


@helper
def fits(problem: Problem, memory: int, tile: Integers) -> bool:
    """Whether a memory can hold a tile of every tensor it keeps."""
    tensors = problem.bits.size
    used = np.zeros(tensors, dtype=np.int64)
    for t in range(tensors):
        if problem.keeps[memory, t]:
            pool = problem.pool[memory, t]
            if problem.pool_bits[memory, pool] >= 0:
                used[pool] += words_of(problem, t, tile) * problem.bits[t]
                if used[pool] > problem.pool_bits[memory, pool]:
                    return False
    return True


@helper
def group_share(
    problem: Problem, gap: int, tensor: int, tile: Integers, spatial: Integers
) -> float:
    """Share of an array's words that travel once they are grouped: distinct over all instances."""
    if not problem.grouped[gap, tensor]:
        return 1.0
    instances = 1
    distinct = 1
    plain = True
    for d in range(spatial.size):
        if spatial[d] > 1:
            instances *= spatial[d]
            if problem.single[tensor] >> d & 1:
                distinct *= spatial[d]
            elif problem.joined[tensor] >> d & 1:
                plain = False
    if not plain:
        low, high = problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]
        loops = np.empty((3, spatial.size), dtype=np.int64)
        for d in range(spatial.size):
            loops[0, d], loops[1, d], loops[2, d] = d, spatial[d], tile[d]
        distinct = distinct_offsets(
            problem.axis_first[low : high + 1], problem.term_dim, problem.term_coefficient, loops
        )
    return distinct / instances


@helper
def parent_of(problem: Problem, child: int, tensor: int) -> int:
    """The next outer memory that keeps the tensor."""
    parent = child - 1
    while not problem.keeps[parent, tensor]:
        parent -= 1
    return parent


@helper
def irrelevant_spatial(problem: Problem, tensor: int, spatial: Integers) -> int:
    """Instances that work on the same words: factors over dimensions that do not index them."""
    product = 1
    mask = problem.single[tensor] | problem.joined[tensor]
    for d in range(spatial.size):
        if not mask >> d & 1:
            product *= spatial[d]
    return product


@helper
def first_words(
    problem: Problem, memory: int, tiles: Integers, spatial: Integers, known: int
) -> float:
    """Output words that the instances of a memory ever touch, each instance's own.

    Gaps outside `known` are undecided: at most their whole fan-out shares each word.
    """
    output = problem.bits.size - 1
    words = 1.0
    for gap in range(memory):
        if gap < known:
            words *= problem.fanout[gap]
        else:
            words *= irrelevant_spatial(problem, output, spatial[gap])
    if problem.joined[output] == 0:
        return words * words_of(problem, output, problem.sizes)
    if known > 0:
        return words * words_of(problem, output, problem.sizes)
    return _touched_words(problem, output, memory, tiles, spatial)


@helper
def _touched_words(
    problem: Problem, tensor: int, memory: int, tiles: Integers, spatial: Integers
) -> float:
    """Words of a tensor with joined axes that all instances of a memory touch, each its own."""
    dims = problem.sizes.size
    loops = np.empty((3, dims * (memory + 1)), dtype=np.int64)
    instances = 1.0
    n = 0
    for level in range(memory + 1):
        for d in range(dims):
            stride, bound = 1, tiles[level, d]
            if level < memory:
                stride = tiles[level + 1, d] * spatial[level, d]
                bound = tiles[level, d] // stride
                instances *= spatial[level, d]
            loops[0, n], loops[1, n], loops[2, n] = d, bound, stride
            n += 1
    low, high = problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]
    return instances * distinct_offsets(
        problem.axis_first[low : high + 1], problem.term_dim, problem.term_coefficient, loops
    )


@helper
def word_price(
    problem: Problem, parent: int, child: int, tensor: int, shares: Floats, known: int
) -> float:
    """Energy per word that an instance of `child` exchanges with `parent`; child L is compute.

    `shares[gap]` is the tensor's grouped share of each gap; a gap outside `known` is undecided and
    counts as grouped over its whole fan-out. First accumulations are subtracted elsewhere.
    """
    output = tensor == problem.bits.size - 1
    memories = problem.fanout.size
    share = 1.0
    total = 0.0
    back = 2.0 if output and child < memories else 1.0
    for gap in range(child - 1, parent - 1, -1):
        own = shares[gap] if gap >= known else 1.0 / problem.fanout[gap]
        # Partial sums that return are priced per child word on every array between.
        total += problem.delivery_pj[gap, tensor] * (share + back - 1.0)
        if output and problem.grouped[gap, tensor] and gap >= known:
            total += problem.reduction_pj[gap, tensor] * share * (1.0 - own)
        share *= own
    total += share * problem.read_pj[parent, tensor]
    if output:
        total += share * problem.update_pj[parent, tensor]
    if child < memories:
        total += problem.fill_pj[child, tensor]
    return total


@helper
def first_price(problem: Problem, parent: int, child: int, tensor: int) -> float:
    """Energy per output word that its first arrival at `child` saves: no fill, no way back in."""
    total = problem.fill_pj[child, tensor]
    for gap in range(parent, child):
        total += problem.delivery_pj[gap, tensor]
    return total


@helper
def base_energy(
    problem: Problem, tiles: Integers, spatial: Integers, shares: Floats, known: int
) -> float:
    """Energy of the steps, of their operands, and minus what first accumulations save.

    Gaps outside `known` are undecided; 0 means that the chain is complete and the value exact.
    """
    memories, tensors = problem.keeps.shape
    energy = problem.steps_pj
    steps = 1.0
    for size in problem.sizes:
        steps *= size
    for t in range(tensors):
        parent = parent_of(problem, memories, t)
        energy += steps * word_price(problem, parent, memories, t, shares[t], known)
    output = tensors - 1
    for memory in range(memories):
        if problem.keeps[memory, output]:
            saved = problem.read_pj[memory, output]
            if memory > 0:
                saved += first_price(problem, parent_of(problem, memory, output), memory, output)
            if saved > 0.0:
                energy -= saved * first_words(problem, memory, tiles, spatial, known)
    return energy


@helper
def find_shares(problem: Problem, tiles: Integers, spatial: Integers, known: int) -> Floats:
    """Grouped share of each tensor and gap, `(T, L)`."""
    memories, tensors = problem.keeps.shape
    shares = np.ones((tensors, memories))
    inside = np.ones(problem.sizes.size, dtype=np.int64)
    for gap in range(known, memories):
        if problem.fanout[gap] == 1:
            continue
        for t in range(tensors):
            tile = tiles[gap + 1] if gap + 1 < memories else inside
            shares[t, gap] = group_share(problem, gap, t, tile, spatial[gap])
    return shares


@helper
def visits_of(problem: Problem, tile: Integers) -> float:
    """How many tiles of this size the whole operation has."""
    visits = 1.0
    for d in range(tile.size):
        visits *= problem.sizes[d] // tile[d]
    return visits


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


@helper
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


@helper
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
    tile = tiles[memory + 1]
    for d in range(problem.sizes.size):
        bound = tiles[memory, d] // (tile[d] * spatial[memory, d])
        if bound > 1 and not is_absorbed(problem, memory + 1, tile, d, bound):
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


@helper
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


@helper
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
def order_energy(
    problem: Problem,
    memory: int,
    tiles: Integers,
    spatial: Integers,
    prices: Floats,
    last_child: int,
    order: Integers,
) -> float:
    """Least energy that the loops of `memory` move, over all their orders.

    Args:
        prices: Per word, `(child, tensor)`; children from `memory + 1` to `last_child` count.
        order: Filled with the best order, innermost first, then -1.

    Returns:
        Picojoules; infinite when the chain is dominated by one with a larger tile.
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
    context = loop_context(problem, memory, tiles, spatial, prices, last_child)
    best = np.full(1 << count, np.inf)
    came = np.zeros(1 << count, dtype=np.int64)
    best[0] = 0.0
    visits = inner_visits(problem, memory, tiles, spatial)
    outer_visits = visits
    for n in range(count):
        outer_visits /= bounds[n]
    least = np.inf
    reached = 0
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
    position = count
    for n in range(count):
        if not reached >> n & 1:
            position -= 1
            order[position] = loops[n]
    while reached:
        position -= 1
        order[position] = loops[came[reached]]
        reached &= ~(1 << came[reached])
    return least


@helper
def all_prices(problem: Problem, shares: Floats, known: int) -> Floats:
    """Energy per word exchanged with each child, `(L, T)`; 0 where it does not keep the tensor."""
    memories, tensors = problem.keeps.shape
    prices = np.zeros((memories, tensors))
    for child in range(1, memories):
        for t in range(tensors):
            if problem.keeps[child, t]:
                parent = parent_of(problem, child, t)
                prices[child, t] = word_price(problem, parent, child, t, shares[t], known)
    return prices


@helper
def first_tiles_energy(
    problem: Problem, tiles: Integers, spatial: Integers, prices: Floats, last_child: int
) -> float:
    """Energy of the first tile of every instance of the memories from 1 to `last_child`."""
    tensors = problem.bits.size
    energy = 0.0
    instances = 1.0
    for child in range(1, last_child + 1):
        for d in range(problem.sizes.size):
            instances *= spatial[child - 1, d]
        for t in range(tensors):
            if problem.keeps[child, t]:
                energy += instances * prices[child, t] * words_of(problem, t, tiles[child])
    return energy


@helper
def chain_energy(
    problem: Problem,
    tiles: Integers,
    spatial: Integers,
    orders: Integers,
    limit: float,
    outermost: float,
) -> float:
    """Exact least energy of a complete chain over all loop orders, without leakage.

    Args:
        orders: `(L, D)`, receives the best order of each memory, innermost first.
        limit: Infinity is returned once the energy is sure to reach it.
        outermost: Bound of memory 1's part, its first tiles included; 0 knows nothing.
    """
    memories = problem.keeps.shape[0]
    shares = find_shares(problem, tiles, spatial, 0)
    prices = all_prices(problem, shares, 0)
    energy = base_energy(problem, tiles, spatial, shares, 0)
    energy += first_tiles_energy(problem, tiles, spatial, prices, memories - 1)
    if outermost > 0.0:
        outermost -= first_tiles_energy(problem, tiles, spatial, prices, 1)
    for memory in range(memories - 2, -1, -1):
        if energy + outermost >= limit:
            return np.inf
        energy += order_energy(
            problem, memory, tiles, spatial, prices, memories - 1, orders[memory]
        )
        if energy == np.inf:
            return energy
    innermost = memories - 1
    orders[innermost] = -1
    position = 0
    for d in range(problem.sizes.size):
        if tiles[innermost, d] > spatial[innermost, d]:
            orders[innermost, position] = d
            position += 1
    return energy


PRICE, SHARE, WHOLE, LEAST, COPIES, REACH, SLID = 0, 1, 2, 3, 4, 5, 6
"""Columns of `filling_terms`; from SLID on there is one per dimension."""


@helper
def filling_terms(
    problem: Problem,
    child: int,
    tile: Integers,
    spatial: Integers,
    shares: Floats,
    terms: Floats,
) -> None:
    """What filling memory `child` with each tensor can take, whatever runs outside it.

    Args:
        tile, spatial: Its tile, and the factors of the gap just outside, `(D,)`.
        shares: Per tensor and gap, `(T, L)`; gaps outside `child - 1` are undecided.
        terms: `(T, SLID + D)`, filled per tensor: energy per word; words that leave the parent per
            word that arrives; words that arrive if the tile moves whole at every visit; if each
            arrives once where it is needed; instances that need each word; words of the tile over
            all visits; and per dimension, words if the tile slid along it at every visit.
    """
    dims, tensors = problem.sizes.size, problem.bits.size
    visits = visits_of(problem, tile)
    displacement = np.zeros(dims, dtype=np.int64)
    terms[:] = 0.0
    adjacent = True
    for gap in range(child - 1):
        adjacent = adjacent and problem.fanout[gap] == 1
    for t in range(tensors):
        reach = words_of(problem, t, tile) * visits
        terms[t, REACH] = reach
        if not problem.keeps[child, t]:
            continue
        parent = parent_of(problem, child, t)
        terms[t, PRICE] = word_price(problem, parent, child, t, shares[t], child - 1)
        terms[t, SHARE] = 1.0
        for gap in range(parent, child):
            known = gap >= child - 1
            terms[t, SHARE] *= shares[t, gap] if known else 1.0 / problem.fanout[gap]
        terms[t, WHOLE] = reach
        terms[t, LEAST] = reach
        reuse = problem.reuse[child, t]
        if reuse == NONE:
            continue
        terms[t, COPIES] = irrelevant_spatial(problem, t, spatial)
        terms[t, LEAST] = terms[t, COPIES] * words_of(problem, t, problem.sizes)
        for d in range(dims):
            outside = problem.sizes[d] > tile[d] * spatial[d]
            if adjacent and outside and problem.joined[t] >> d & 1:
                displacement[d] = tile[d] * spatial[d]
                moved = moved_of(problem, t, tile, displacement, reuse)
                displacement[d] = 0
                terms[t, SLID + d] = moved * visits


@helper
def interface_bound(
    problem: Problem, child: int, tile: Integers, spatial: Integers, terms: Floats
) -> float:
    """Least energy of filling memory `child` over everything that can run outside it.

    Some loop runs innermost. A tensor that it moves without overlap arrives whole at every visit;
    one that it slides arrives in part; any other arrives at least once for each word and instance.
    """
    dims, tensors = problem.sizes.size, problem.bits.size
    best = np.inf
    for d in range(dims):
        if problem.sizes[d] > tile[d] * spatial[d]:
            total = 0.0
            for t in range(tensors):
                words = terms[t, WHOLE]
                if not problem.single[t] >> d & 1:
                    # A loop of bound b steps on (b - 1) / b of its visits: at least on half.
                    words = max(terms[t, LEAST], terms[t, SLID + d] / 2.0)
                total += terms[t, PRICE] * words
            best = min(best, total)
    if best < np.inf:
        return best
    total = 0.0
    for t in range(tensors):
        total += terms[t, PRICE] * terms[t, LEAST]
    return total


@helper
def words_below(
    problem: Problem,
    dim: int,
    bound: int,
    looped: int,
    terms: Floats,
    around_terms: Floats,
    words: Floats,
) -> float:
    """Words that arrive at least when a loop of `bound` over `dim` runs innermost outside.

    A tensor that another loop of the same memory moves without overlap starts anew with every tile
    of that memory.

    Args:
        looped: Mask of the dimensions that this memory's loops run over.
        around_terms: `filling_terms` of that memory's own tile.
        words: `(T,)`, filled.

    Returns:
        Their energy.
    """
    total = 0.0
    for t in range(words.size):
        words[t] = terms[t, WHOLE]
        if not problem.single[t] >> dim & 1:
            least = terms[t, LEAST]
            if problem.single[t] & looped:
                least = max(least, terms[t, COPIES] * around_terms[t, REACH])
            words[t] = max(least, terms[t, SLID + dim] * (1.0 - 1.0 / bound))
        total += terms[t, PRICE] * words[t]
    return total


@helper
def looped_mask(problem: Problem, tile: Integers, spatial: Integers, around: Integers) -> int:
    """Mask of the dimensions that loops between a tile with its gap and `around` run over."""
    looped = 0
    for d in range(problem.sizes.size):
        if around[d] > tile[d] * spatial[d]:
            looped |= 1 << d
    return looped


@helper
def outermost_bound(problem: Problem, tile: Integers, spatial: Integers, terms: Floats) -> float:
    """`interface_bound` of memory 1: all loops outside it are those of memory 0."""
    looped = looped_mask(problem, tile, spatial, problem.sizes)
    around_terms = np.zeros_like(terms)
    words = np.empty(problem.bits.size)
    best = np.inf
    for d in range(problem.sizes.size):
        if looped >> d & 1:
            bound = problem.sizes[d] // (tile[d] * spatial[d])
            total = words_below(problem, d, bound, looped, terms, around_terms, words)
            if total < best and not is_absorbed(problem, 1, tile, d, bound):
                best = total
    if looped:
        return best
    return interface_bound(problem, 1, tile, spatial, terms)


@helper
def is_absorbed(problem: Problem, memory: int, tile: Integers, dim: int, bound: int) -> bool:
    """Whether a loop just outside a memory need not run innermost: its smallest factor fits in.

    Only for dimensions that share no axis of any tensor; docs/mapper.md has the reason.
    """
    if problem.sliding >> dim & 1:
        return False
    factor = 2
    while bound % factor:
        factor += 1
    tile[dim] *= factor
    absorbed = fits(problem, memory, tile)
    tile[dim] //= factor
    return absorbed
