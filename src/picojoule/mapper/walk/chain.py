"""Chain: evaluate one chain of tiles exactly, over all loop orders, against the best so far."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper
from picojoule.mapper.model.goal import Goal, energy_limit, is_better, take
from picojoule.mapper.model.prices import all_prices, base_energy, find_shares, first_tiles_energy
from picojoule.mapper.model.problem import Problem
from picojoule.mapper.walk.orders import is_allowed_order, order_energy, ordered_energy
from picojoule.mapper.walk.timing import (
    BOTH,
    chain_cycles,
    compute_cycles,
    port_bits,
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Kept(NamedTuple):
    """The chains of the best results, one slot each; every memory's order is innermost first."""

    tiles: Integers  # (slot, L, D)
    spatial: Integers  # (slot, L, D)
    orders: Integers  # (slot, L, D)
    keeps: NDArray[np.bool_]  # (slot, L, T)


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
        if memory == 0:
            outermost = 0.0
        allowance = limit - energy - outermost
        if allowance <= 0.0:
            return np.inf
        energy += order_energy(
            problem, memory, tiles, spatial, prices, memories - 1, allowance, orders[memory]
        )
        if energy == np.inf:
            return energy
    fill_free_order(problem, tiles, spatial, orders[memories - 1])
    return energy


@helper
def fill_free_order(problem: Problem, tiles: Integers, spatial: Integers, order: Integers) -> None:
    """Write down some order of the innermost memory's loops, innermost first: all cost alike."""
    innermost = tiles.shape[0] - 1
    order[:] = -1
    left = 0
    for d in range(problem.sizes.size):
        if tiles[innermost, d] > spatial[innermost, d]:
            left |= 1 << d
    position = 0
    while left:
        for d in range(problem.sizes.size):
            if left >> d & 1 and not problem.before[innermost, d] & left:
                order[position] = d
                position += 1
                left &= ~(1 << d)


@helper
def sort_orders(orders: Integers) -> Integers:
    """Put every memory's loops but the innermost's into the first order; how many there are."""
    sizes = np.zeros(orders.shape[0] - 1, dtype=np.int64)
    for level in range(sizes.size):
        while sizes[level] < orders.shape[1] and orders[level, sizes[level]] >= 0:
            sizes[level] += 1
        orders[level, : sizes[level]] = np.sort(orders[level, : sizes[level]])
    return sizes


@helper
def next_orders(orders: Integers, sizes: Integers) -> bool:
    """Step to the next orders of all memories together; False once all have been."""
    stepped, level = False, 0
    while not stepped and level < sizes.size:
        stepped = _permute(orders[level], sizes[level])
        level += 1
    return stepped


@helper
def are_allowed_orders(problem: Problem, orders: Integers) -> bool:
    """Whether every memory's loops are in an order that is allowed."""
    allowed = True
    for level in range(orders.shape[0] - 1):
        allowed = allowed and is_allowed_order(orders[level], problem.before[level])
    return allowed


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
def _is_within(
    problem: Problem,
    goal: Goal,
    tiles: Integers,
    spatial: Integers,
    orders: Integers,
    energy: float,
    cycles: float,
) -> bool:
    """Whether an exact result keeps the limits on power and on bandwidth."""
    if energy > goal.most_pj_per_cycle * cycles:
        return False
    if goal.most_bits_per_cycle == np.inf:
        return True
    bits = port_bits(problem, tiles, spatial, 0, BOTH, orders, True)
    return bits <= goal.most_bits_per_cycle * cycles


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
    if not is_better(goal, energy, cycles, best) or not _is_within(
        problem, goal, tiles, spatial, orders, energy, cycles
    ):
        return False
    return enter(problem, goal, tiles, spatial, orders, energy, cycles, best, kept)


@helper
def enter(
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
    """Keep a result that beats the best; False where a front has no room for it."""
    slot = take(goal, energy, cycles, best)
    if slot < 0:
        return False
    kept.tiles[slot], kept.spatial[slot], kept.orders[slot] = tiles, spatial, orders
    kept.keeps[slot] = problem.keeps
    return True


@helper
def _try_all_orders(
    problem: Problem,
    goal: Goal,
    tiles: Integers,
    spatial: Integers,
    orders: Integers,
    energy: float,
    least: float,
    best: Floats,
    kept: Kept,
) -> None:
    """Compare every order of every memory: where energy and time want different ones.

    `orders` holds the orders of least `energy`; `least` are the cycles at least.
    """
    prices = all_prices(problem, find_shares(problem, tiles, spatial, 0), 0)
    base = energy - _steps_energy(problem, tiles, spatial, prices, orders)
    leakage = problem.leakage_pj_per_cycle
    sizes = sort_orders(orders)
    running = True
    while running:
        if are_allowed_orders(problem, orders):
            total = base + _steps_energy(problem, tiles, spatial, prices, orders)
            if is_better(goal, total + leakage * least, least, best):
                cycles = chain_cycles(problem, tiles, spatial, orders, True)
                total += leakage * cycles
                _offer(problem, goal, tiles, spatial, orders, total, cycles, best, kept)
        running = next_orders(orders, sizes)


@helper
def _steps_energy(
    problem: Problem, tiles: Integers, spatial: Integers, prices: Floats, orders: Integers
) -> float:
    """What the loops of all memories move under given orders."""
    energy = 0.0
    for memory in range(problem.keeps.shape[0] - 1):
        energy += ordered_energy(problem, memory, tiles, spatial, prices, orders[memory])
    return energy


@helper
def try_chain(
    problem: Problem,
    goal: Goal,
    tiles: Integers,
    spatial: Integers,
    orders: Integers,
    outermost: float,
    least: float,
    best: Floats,
    kept: Kept,
) -> None:
    """Evaluate a complete chain exactly; enter it into `best` and `kept` if it wins.

    Args:
        orders: Scratch space, `(L, D)`.
        outermost: The bound of memory 1's part, or 0.
        least: Cycles at least.
    """
    least = max(least, compute_cycles(problem, spatial))
    limit = energy_limit(goal, least, best) - problem.leakage_pj_per_cycle * least
    energy = chain_energy(problem, tiles, spatial, orders, limit, outermost)
    if energy == np.inf:
        return
    if not is_better(goal, energy + problem.leakage_pj_per_cycle * least, least, best):
        return
    least = chain_cycles(problem, tiles, spatial, orders, False)
    total = energy + problem.leakage_pj_per_cycle * least
    if not is_better(goal, total, least, best):
        return
    cycles = chain_cycles(problem, tiles, spatial, orders, True)
    total += problem.leakage_pj_per_cycle * (cycles - least)
    offered = _offer(problem, goal, tiles, spatial, orders, total, cycles, best, kept)
    if not offered or cycles > least:
        _try_all_orders(problem, goal, tiles, spatial, orders, energy, least, best, kept)
