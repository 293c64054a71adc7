"""Chain: evaluate a chain with uneven loops exactly, over all loop orders, against the best so far.

The same as `walk.chain` does, with words counted kind by kind of step.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper
from picojoule.mapper.model import Goal, Integers, Problem, energy_limit, is_better
from picojoule.mapper.uneven.words import (
    energy_prices,
    first_bits,
    first_prices,
    is_counted,
    ordered_steps,
    port_word_bits,
    settled_total,
    step_total,
    union_of,
)
from picojoule.mapper.walk import (
    BOTH,
    Kept,
    are_allowed_orders,
    enter,
    fill_free_order,
    latency_of,
    next_orders,
    sort_orders,
)

Floats = NDArray[np.float64]


@helper
def least_steps(
    problem: Problem,
    memory: int,
    tiles: Integers,
    spatial: Integers,
    prices: Floats,
    allowance: float,
    order: Integers,
) -> float:
    """The least that the steps of a memory's loops cost over all orders, if below an allowance.

    Args:
        order: Filled with the best order, innermost first, then -1.
    """
    dims = problem.sizes.size
    order[:] = -1
    looped, count = 0, 0
    for d in range(dims):
        if union_of(tiles, spatial, memory, d) < tiles[memory, d]:
            looped |= 1 << d
            count += 1
    best = np.full(1 << dims, np.inf)
    came = np.zeros(1 << dims, dtype=np.int64)
    best[0] = 0.0
    for chosen in range(1 << dims):
        if best[chosen] >= allowance or chosen & ~looped:
            continue
        for d in range(dims):
            if chosen >> d & 1 or not looped >> d & 1:
                continue
            if problem.before[memory, d] & looped & ~chosen:
                continue
            target = chosen | 1 << d
            if best[target] <= best[chosen]:
                continue
            energy = best[chosen]
            energy += step_total(problem, memory, tiles, spatial, chosen, d, prices)
            if energy < best[target]:
                best[target], came[target] = energy, d
    if best[looped] >= allowance:
        return np.inf
    left = looped
    for position in range(count - 1, -1, -1):
        order[position] = came[left]
        left &= ~(1 << came[left])
    return best[looped]


@helper
def first_cycles(problem: Problem, tiles: Integers, spatial: Integers) -> float:
    """Cycles of the first instance of the compute units: it has work whenever any has."""
    cycles = float(problem.cycles_per_step)
    memories = tiles.shape[0]
    for d in range(problem.sizes.size):
        # Full pieces, how long they are, and what a last one has.
        full, piece, last = 1.0, problem.sizes[d], 0
        for level in range(memories):
            inner = tiles[level + 1, d] if level + 1 < memories else 1
            union = union_of(tiles, spatial, level, d)
            full = full * (piece // union) + last // union
            last = piece % union if last == 0 else last % union
            if inner < union:
                full, last = (full + 1.0, 0) if last >= inner else (full, last)
            piece = inner
        cycles *= full + (1.0 if last else 0.0)
    return cycles


@helper
def busy_instances(problem: Problem, tiles: Integers, spatial: Integers, memory: int) -> float:
    """Instances of a memory that ever have work: those that have it at the first step."""
    instances = 1.0
    for d in range(problem.sizes.size):
        # Full pieces, and what a short one has.
        full, last = 1.0, 0
        for level in range(memory):
            union = union_of(tiles, spatial, level, d)
            if last >= union:
                full, last = full + 1.0, 0
            inner = tiles[level + 1, d]
            whole = full * (union // inner) + last // inner
            last = union % inner if last == 0 else last % inner
            full = whole
        instances *= full + (1.0 if last else 0.0)
    return instances


@helper
def least_energy(
    problem: Problem, tiles: Integers, spatial: Integers, orders: Integers, limit: float
) -> float:
    """Exact least energy of a chain over all loop orders, without leakage; as `chain_energy`."""
    memories = tiles.shape[0]
    prices = energy_prices(problem)
    energy = problem.steps_pj
    energy += settled_total(problem, tiles, spatial, prices, first_prices(problem))
    orders[memories - 1] = -1
    for memory in range(memories - 2, -1, -1):
        if energy >= limit:
            return np.inf
        energy += least_steps(
            problem, memory, tiles, spatial, prices, limit - energy, orders[memory]
        )
    return energy


@helper
def uneven_bits(
    problem: Problem,
    tiles: Integers,
    spatial: Integers,
    memory: int,
    port: int,
    orders: Integers,
    given: bool,
) -> float:
    """Bits over a port of all instances of `memory`; as `port_bits`."""
    prices = port_word_bits(problem, memory, port)
    bits = settled_total(problem, tiles, spatial, prices, first_bits(problem, memory, port))
    if given:
        return bits + ordered_steps(problem, tiles, spatial, prices, orders)
    scratch = np.empty(problem.sizes.size, dtype=np.int64)
    for level in range(tiles.shape[0] - 1):
        bits += least_steps(problem, level, tiles, spatial, prices, np.inf, scratch)
    return bits


@helper
def uneven_cycles(
    problem: Problem, tiles: Integers, spatial: Integers, orders: Integers, given: bool
) -> float:
    """Latency of a chain: under the given orders, or a bound below it; as `chain_cycles`."""
    slowest = np.zeros(tiles.shape[0])
    for memory in range(tiles.shape[0]):
        instances = busy_instances(problem, tiles, spatial, memory)
        for port in range(3):
            if problem.rates[memory, port] > 0.0:
                bits = uneven_bits(problem, tiles, spatial, memory, port, orders, given)
                cycles = np.ceil(bits / instances / problem.rates[memory, port] - 1e-9)
                slowest[memory] = max(slowest[memory], cycles)
    return latency_of(problem, first_cycles(problem, tiles, spatial), slowest)


@helper
def _offer(
    problem: Problem,
    goal: Goal,
    tiles: Integers,
    spatial: Integers,
    orders: Integers,
    energy: float,
    cycles: float,
    best: Floats,
    kept: Kept,
) -> bool:
    """Keep an exact result if it beats the best and keeps the limits; say whether it was kept."""
    if not is_better(goal, energy, cycles, best) or energy > goal.most_pj_per_cycle * cycles:
        return False
    if goal.most_bits_per_cycle < np.inf:
        bits = uneven_bits(problem, tiles, spatial, 0, BOTH, orders, True)
        if bits > goal.most_bits_per_cycle * cycles:
            return False
    return enter(problem, goal, tiles, spatial, orders, energy, cycles, best, kept)


@helper
def _try_all_orders(
    problem: Problem,
    goal: Goal,
    tiles: Integers,
    spatial: Integers,
    orders: Integers,
    energy: float,
    best: Floats,
    kept: Kept,
) -> None:
    """Compare every order of every memory; `orders` holds those of least `energy`."""
    prices = energy_prices(problem)
    base = energy - ordered_steps(problem, tiles, spatial, prices, orders)
    sizes = sort_orders(orders)
    running = True
    while running:
        if are_allowed_orders(problem, orders):
            cycles = uneven_cycles(problem, tiles, spatial, orders, True)
            total = base + ordered_steps(problem, tiles, spatial, prices, orders)
            total += problem.leakage_pj_per_cycle * cycles
            _offer(problem, goal, tiles, spatial, orders, total, cycles, best, kept)
        running = next_orders(orders, sizes)


@helper
def try_held(
    problem: Problem, goal: Goal, tiles: Integers, spatial: Integers, best: Floats, kept: Kept
) -> None:
    """Evaluate chains exactly, `(chain, L, D)`; enter those that win into `best` and `kept`."""
    for n in range(tiles.shape[0]):
        _try_uneven(problem, goal, tiles[n], spatial[n], best, kept)


@helper
def _try_uneven(
    problem: Problem, goal: Goal, tiles: Integers, spatial: Integers, best: Floats, kept: Kept
) -> None:
    """Evaluate a complete chain exactly; enter it into `best` and `kept` if it wins."""
    if not is_counted(problem, tiles, spatial):
        return
    orders = np.full(tiles.shape, -1, dtype=np.int64)
    least = first_cycles(problem, tiles, spatial)
    limit = energy_limit(goal, least, best) - problem.leakage_pj_per_cycle * least
    energy = least_energy(problem, tiles, spatial, orders, limit)
    if energy == np.inf:
        return
    fill_free_order(problem, tiles, spatial, orders[-1])
    if not is_better(goal, energy + problem.leakage_pj_per_cycle * least, least, best):
        return
    least = uneven_cycles(problem, tiles, spatial, orders, False)
    total = energy + problem.leakage_pj_per_cycle * least
    if not is_better(goal, total, least, best):
        return
    cycles = uneven_cycles(problem, tiles, spatial, orders, True)
    if cycles == least and _offer(problem, goal, tiles, spatial, orders, total, cycles, best, kept):
        return
    _try_all_orders(problem, goal, tiles, spatial, orders, energy, best, kept)
