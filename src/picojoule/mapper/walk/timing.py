"""Timing: how long a chain takes, from the bits that cross each port of its memories."""

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, inlined, leaf
from picojoule.mapper.model.goal import Goal
from picojoule.mapper.model.prices import (
    find_shares,
    first_tiles_energy,
    first_words,
    parent_of,
    touching_spatial,
)
from picojoule.mapper.model.problem import Problem
from picojoule.mapper.model.tiles import visits_of
from picojoule.mapper.walk.bounds import SHARE
from picojoule.mapper.walk.orders import order_energy, ordered_energy

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

READ, WRITE, BOTH = 0, 1, 2


@helper
def compute_cycles(problem: Problem, spatial: Integers) -> float:
    """Steps in sequence, times the cycles of a step."""
    cycles = visits_of(problem, np.ones(problem.sizes.size, dtype=np.int64))
    for gap in range(spatial.shape[0]):
        for d in range(problem.sizes.size):
            cycles /= spatial[gap, d]
    return cycles * problem.cycles_per_step


@helper
def port_prices(problem: Problem, shares: Floats, memory: int, port: int) -> Floats:
    """Bits that cross a port of `memory` per word exchanged with each child, `(L, T)`."""
    memories, tensors = problem.keeps.shape
    bits = np.zeros((memories, tensors))
    output = tensors - 1
    for child in range(1, memories):
        for t in range(tensors):
            if not problem.keeps[child, t]:
                continue
            if child == memory and port != READ:
                bits[child, t] += problem.bits[t]
            if parent_of(problem, child, t) == memory:
                share = float(problem.bits[t])
                for gap in range(memory, child):
                    share *= shares[t, gap]
                if port != WRITE:
                    bits[child, t] += share
                if t == output and port != READ:
                    bits[child, t] += share
    return bits


@helper
def port_base(
    problem: Problem, tiles: Integers, spatial: Integers, shares: Floats, memory: int, port: int
) -> float:
    """Bits that cross a port of `memory` for the compute units, less first accumulations."""
    memories, tensors = problem.keeps.shape
    output = tensors - 1
    total = 0.0
    for t in range(tensors):
        if parent_of(problem, memories, t) == memory:
            words = visits_of(problem, np.ones(problem.sizes.size, dtype=np.int64))
            for gap in range(memory, memories):
                words *= float(shares[t, gap])
            if port != WRITE:
                total += words * problem.bits[t]
            if t == output and port != READ:
                total += words * problem.bits[t]
    if problem.keeps[memory, output]:
        first = first_words(problem, memory, tiles, spatial, 0) * float(problem.bits[output])
        if port != WRITE:
            total -= first
        if memory > 0 and port != READ:
            total -= first
    return total


@helper
def port_bits(
    problem: Problem,
    tiles: Integers,
    spatial: Integers,
    memory: int,
    port: int,
    orders: Integers,
    given: bool,
) -> float:
    """Bits over a port of all instances of `memory`: under the given orders, or the least."""
    memories, dims = problem.keeps.shape[0], problem.sizes.size
    shares = find_shares(problem, tiles, spatial, 0)
    prices = port_prices(problem, shares, memory, port)
    bits = port_base(problem, tiles, spatial, shares, memory, port)
    bits += first_tiles_energy(problem, tiles, spatial, prices, problem.keeps.shape[0] - 1)
    scratch = np.empty(dims, dtype=np.int64)
    for level in range(memories - 1):
        if given:
            bits += ordered_energy(problem, level, tiles, spatial, prices, orders[level])
        else:
            bits += order_energy(
                problem, level, tiles, spatial, prices, memories - 1, np.inf, scratch
            )
    return bits


@helper
def port_cycles(
    problem: Problem,
    tiles: Integers,
    spatial: Integers,
    memory: int,
    port: int,
    orders: Integers,
    given: bool,
) -> float:
    """Cycles that a port of `memory` needs: under the given orders, or the least over all."""
    bits = port_bits(problem, tiles, spatial, memory, port, orders, given)
    for gap in range(memory):
        for d in range(problem.sizes.size):
            bits /= spatial[gap, d]
    return np.ceil(bits / problem.rates[memory, port] - 1e-9)


@helper
def chain_cycles(
    problem: Problem, tiles: Integers, spatial: Integers, orders: Integers, given: bool
) -> float:
    """Latency of a chain: under the given orders, or a bound below it over all orders."""
    slowest = np.zeros(problem.keeps.shape[0])
    for memory in range(slowest.size):
        for port in range(3):
            if problem.rates[memory, port] > 0.0:
                cycles = port_cycles(problem, tiles, spatial, memory, port, orders, given)
                slowest[memory] = max(slowest[memory], cycles)
    return latency_of(problem, compute_cycles(problem, spatial), slowest)


@helper
def latency_of(problem: Problem, compute: float, slowest: Floats) -> float:
    """Cycles of a chain: what overlaps is hidden behind the slowest, what does not is added.

    Args:
        compute: Cycles of the compute units.
        slowest: Of each memory, cycles of its slowest port, `(L,)`.
    """
    hidden, added = compute, 0.0
    for memory in range(slowest.size):
        if problem.overlapped[memory]:
            hidden = max(hidden, slowest[memory])
        else:
            added += slowest[memory]
    return hidden + added


@inlined
def is_timed(problem: Problem, goal: Goal) -> bool:
    """Whether time matters to the goal: by itself, by a limit, or because energy leaks."""
    return (
        goal.time_power != 0.0
        or goal.is_front
        or goal.most_cycles < np.inf
        or problem.leakage_pj_per_cycle > 0.0
    )


@inlined
def add_crossings(
    problem: Problem, child: int, terms: Floats, words: Floats, total: Floats
) -> None:
    """Add the bits over each port when `words` of each tensor arrive at `child`."""
    output = problem.bits.size - 1
    for t in range(problem.bits.size):
        if not problem.keeps[child, t]:
            continue
        parent = parent_of(problem, child, t)
        bits = words[t] * problem.bits[t]
        total[child, WRITE] += bits
        total[child, BOTH] += bits
        bits *= terms[t, SHARE]
        total[parent, READ] += bits
        total[parent, BOTH] += bits
        if t == output:
            total[parent, WRITE] += bits
            total[parent, BOTH] += bits


@helper
def base_crossings(problem: Problem, shares: Floats, known: int, total: Floats) -> None:
    """Add the bits over each port that serve the compute units, at least.

    Args:
        shares: `(T, L)`, of the gaps from `known` on; others count with their whole fan-out.
        total: `(L, 3)`.
    """
    memories, tensors = problem.keeps.shape
    steps = visits_of(problem, np.ones(problem.sizes.size, dtype=np.int64))
    for t in range(tensors):
        parent = parent_of(problem, memories, t)
        bits = steps * problem.bits[t]
        for gap in range(parent, memories):
            bits *= shares[t, gap] if gap >= known else 1.0 / problem.fanout[gap]
        total[parent, READ] += bits
        total[parent, BOTH] += bits
        if t == tensors - 1:
            total[parent, WRITE] += bits
            total[parent, BOTH] += bits


@leaf
def first_crossings(problem: Problem, memory: int, port: int, copies: float) -> float:
    """Output bits that first accumulations keep off a port of `memory`, at most."""
    output = problem.bits.size - 1
    if not problem.keeps[memory, output]:
        return 0.0
    times = 0
    if port != WRITE:
        times += 1
    if memory > 0 and port != READ:
        times += 1
    return times * copies * problem.words[output] * problem.bits[output]


@inlined
def least_cycles(
    problem: Problem, hidden: float, crossings: Floats, spatial: Integers, inner: int
) -> float:
    """Latency at least, when `crossings` bits cross the ports at least.

    Args:
        hidden: Compute cycles at least.
        crossings: `(L, 3)`.
        spatial: Factors of the gaps, decided from `inner` on; others count with their fan-out.
    """
    added = 0.0
    instances, copies = 1.0, 1.0
    for memory in range(crossings.shape[0]):
        slowest = 0.0
        for port in range(3):
            if problem.rates[memory, port] > 0.0 and crossings[memory, port] > 0.0:
                bits = crossings[memory, port]
                bits -= first_crossings(problem, memory, port, copies)
                slowest = max(slowest, bits / instances / problem.rates[memory, port])
        if problem.overlapped[memory]:
            hidden = max(hidden, slowest)
        else:
            added += slowest
        if memory >= inner:
            for factor in spatial[memory]:
                instances *= factor
            copies *= touching_spatial(problem, spatial[memory])
        else:
            instances *= problem.fanout[memory]
            copies *= problem.fanout[memory]
    # Rounding must not lift a bound above the time that it is a bound of.
    return (hidden + added) * (1.0 - 1e-12)
