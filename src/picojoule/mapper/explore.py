"""Explore: walk the chains in the order of their bounds until none can be better."""

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper
from picojoule.mapper.bounds import looped_mask, words_below
from picojoule.mapper.orders import chain_energy
from picojoule.mapper.problem import Problem, energy_limit, is_better, score
from picojoule.mapper.tiles import is_absorbed
from picojoule.mapper.timing import (
    add_crossings,
    chain_cycles,
    compute_cycles,
    first_crossings,
    is_timed,
    least_cycles,
    ordered_chain_energy,
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@helper
def _permute(order: Integers, size: int) -> bool:
    """Step to the next permutation of the first `size` entries; False once they are sorted."""
    pivot = size - 2
    while pivot >= 0 and order[pivot] >= order[pivot + 1]:
        pivot -= 1
    if pivot < 0:
        order[:size] = np.sort(order[:size])
        return False
    swap = size - 1
    while order[swap] <= order[pivot]:
        swap -= 1
    order[pivot], order[swap] = order[swap], order[pivot]
    low, high = pivot + 1, size - 1
    while low < high:
        order[low], order[high] = order[high], order[low]
        low, high = low + 1, high - 1
    return True


@helper
def _try_all_orders(
    problem: Problem,
    objective: int,
    tiles: Integers,
    spatial: Integers,
    orders: Integers,
    energy: float,
    best: Floats,
    best_orders: Integers,
) -> bool:
    """Compare every order of every memory: where energy and time want different ones.

    `orders` holds the orders of least `energy`.
    """
    outer = orders.shape[0] - 1
    base = energy - ordered_chain_energy(problem, tiles, spatial, orders, 0.0)
    sizes = np.zeros(outer, dtype=np.int64)
    for level in range(outer):
        while sizes[level] < orders.shape[1] and orders[level, sizes[level]] >= 0:
            sizes[level] += 1
        orders[level, : sizes[level]] = np.sort(orders[level, : sizes[level]])
    improved = False
    running = True
    while running:
        cycles = chain_cycles(problem, tiles, spatial, orders, True)
        total = ordered_chain_energy(problem, tiles, spatial, orders, base)
        total += problem.leakage_pj_per_cycle * cycles
        if is_better(objective, total, cycles, best):
            best[0], best[1], best[2] = score(objective, total, cycles), total, cycles
            best_orders[:] = orders
            improved = True
        running = False
        for level in range(outer):
            if _permute(orders[level], sizes[level]):
                running = True
                break
    return improved


@helper
def try_chain(
    problem: Problem,
    objective: int,
    tiles: Integers,
    spatial: Integers,
    orders: Integers,
    outermost: float,
    best: Floats,
    best_orders: Integers,
) -> bool:
    """Evaluate a complete chain exactly; update `best` (score, energy, cycles) if it wins.

    `outermost` is the bound of memory 1's part, or 0.
    """
    least = compute_cycles(problem, spatial)
    limit = energy_limit(objective, least, best) - problem.leakage_pj_per_cycle * least
    energy = chain_energy(problem, tiles, spatial, orders, limit, outermost)
    if energy == np.inf:
        return False
    if not is_better(objective, energy + problem.leakage_pj_per_cycle * least, least, best):
        return False
    if not is_timed(problem, objective):
        best[0], best[1], best[2] = energy, energy, 0.0
        best_orders[:] = orders
        return True
    least = chain_cycles(problem, tiles, spatial, orders, False)
    total = energy + problem.leakage_pj_per_cycle * least
    if not is_better(objective, total, least, best):
        return False
    cycles = chain_cycles(problem, tiles, spatial, orders, True)
    if cycles == least:
        best[0], best[1], best[2] = score(objective, total, cycles), total, cycles
        best_orders[:] = orders
        return True
    return _try_all_orders(problem, objective, tiles, spatial, orders, energy, best, best_orders)


@helper
def can_pair_win(
    problem: Problem,
    objective: int,
    child: int,
    tiles: Integers,
    spatial: Integers,
    around: Integers,
    terms: Floats,
    around_terms: Floats,
    crossings: Floats,
    rest: float,
    cycles: float,
    best: Floats,
) -> bool:
    """Whether some loop between two memories' parts can run innermost and beat the best.

    Args:
        child: The inner memory; `around` is the tile of the memory just outside.
        crossings: Bits over the ports that other parts move at least, `(L, 3)`.
        rest: Energy of everything but filling `child`, at least, without leakage over `cycles`.
        cycles: Compute cycles, at least.
    """
    tile, gap = tiles[child], spatial[child - 1]
    looped = looped_mask(problem, tile, gap, around)
    if looped == 0:
        return True
    timed = is_timed(problem, objective)
    words = np.empty(problem.bits.size)
    total = np.zeros_like(crossings)
    for d in range(gap.size):
        if not looped >> d & 1:
            continue
        bound = around[d] // (tile[d] * gap[d])
        energy = rest + words_below(problem, d, bound, looped, terms, around_terms, words)
        slowest = cycles
        if timed:
            total[:] = crossings
            add_crossings(problem, child, terms, words, total)
            slowest = least_cycles(problem, cycles, total, spatial, child - 1)
            energy += problem.leakage_pj_per_cycle * (slowest - cycles)
        if is_better(objective, energy, slowest, best) and not is_absorbed(
            problem, child, tile, d, bound
        ):
            return True
    return False


@helper
def _outer_times(problem: Problem, crossings: Floats) -> Floats:
    """Time that each part of memory 1 takes at memory 0 at least, `(part, 2)`: hidden, added."""
    times = np.zeros((crossings.shape[0], 2))
    for row in range(crossings.shape[0]):
        for port in range(3):
            rate = problem.rates[0, port]
            if rate > 0.0 and crossings[row, 0, port] > 0.0:
                bits = crossings[row, 0, port] - first_crossings(problem, 0, port, 1.0)
                kind = 0 if problem.overlapped[0] else 1
                times[row, kind] = max(times[row, kind], bits / rate)
    return times


@helper
def _divides(tile: Integers, gap: Integers, around: Integers) -> bool:
    """Whether the instances of a gap, a tile each, divide the tile around them."""
    d = 0
    while d < tile.size and around[d] % (tile[d] * gap[d]) == 0:
        d += 1
    return d == tile.size


@helper
def explore(
    problem: Problem,
    objective: int,
    parts: Integers,
    values: Floats,
    details: Floats,
    crossings: Floats,
    starts: Integers,
    best: Floats,
    best_tiles: Integers,
    best_spatial: Integers,
    best_orders: Integers,
    budget: int,
) -> tuple[int, int, bool]:
    """Walk all chains of parts whose bounds leave room for a better one.

    Args:
        parts, values, details, crossings: Of all memories from the innermost to memory 1; those of
            the innermost by score, the others by energy.
        starts: `(L + 1,)`, where each memory's parts begin, innermost first.
        best: `(3,)`, score, energy and cycles of the best so far; updated.
        budget: Evaluations after which the walk stops.

    Returns:
        Pairs looked at, chains evaluated, and whether the walk was complete.
    """
    memories, dims = problem.keeps.shape[0], problem.sizes.size
    levels = starts.size - 1
    tiles = np.ones((memories, dims), dtype=np.int64)
    tiles[0] = problem.sizes
    spatial = np.ones((memories, dims), dtype=np.int64)
    orders = np.full((memories, dims), -1, dtype=np.int64)
    least_rest = np.zeros(levels + 1)
    for n in range(levels - 1, -1, -1):
        least_rest[n] = least_rest[n + 1] + values[starts[n], 0]
    timed = is_timed(problem, objective)
    outer_times = _outer_times(problem, crossings[starts[levels - 1] :])
    position = starts[:-1].copy()
    sums = np.zeros(levels + 1)
    looked = 0
    evaluated = 0
    depth = 0
    while depth >= 0:
        if position[depth] >= starts[depth + 1]:
            position[depth] = starts[depth]
            depth -= 1
            if depth >= 0:
                position[depth] += 1
            continue
        row, inner = position[depth], position[max(depth - 1, 0)]
        looked += 1
        memory = memories - 1 - depth
        energy = sums[depth] + values[row, 0] + least_rest[depth + 1]
        cycles, least = values[position[0], 2], values[position[0], 3]
        if not is_better(objective, energy, least, best):
            # Parts are sorted: none after this one is better.
            position[depth] = starts[depth + 1]
            continue
        if depth == levels - 1 and depth > 0 and timed:
            hidden, added = outer_times[row - starts[depth]]
            least = max(least, (max(cycles, hidden) + added) * (1.0 - 1e-12))
        if memory == 1:
            spatial[0] = parts[row, 1]
        if depth > 0 and not (
            is_better(objective, energy, least, best)
            and _divides(tiles[memory + 1], spatial[memory], parts[row, 0])
            and can_pair_win(
                problem,
                objective,
                memory + 1,
                tiles,
                spatial,
                parts[row, 0],
                details[inner],
                details[row],
                crossings[row],
                energy - values[inner, 1],
                cycles,
                best,
            )
        ):
            position[depth] += 1
            continue
        tiles[memory] = parts[row, 0]
        if memory > 0:
            spatial[memory - 1] = parts[row, 1]
        if depth == 0:
            spatial[memory] = parts[row, 2]
        sums[depth + 1] = sums[depth] + values[row, 0]
        if depth + 1 < levels:
            depth += 1
            continue
        evaluated += 1
        outermost = values[row, 0] if depth > 0 else 0.0
        if try_chain(problem, objective, tiles, spatial, orders, outermost, best, best_orders):
            best_tiles[:] = tiles
            best_spatial[:] = spatial
        if evaluated >= budget:
            return looked, evaluated, False
        position[depth] += 1
    return looked, evaluated, True
