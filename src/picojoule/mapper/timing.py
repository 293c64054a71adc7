"""Timing: how long a chain takes, from the bits that cross each port of its memories."""

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper
from picojoule.mapper.bounds import (
    all_prices,
    find_shares,
    first_tiles_energy,
    first_words,
    order_energy,
    ordered_energy,
    parent_of,
    visits_of,
)
from picojoule.mapper.problem import Problem

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
                words *= shares[t, gap]
            if port != WRITE:
                total += words * problem.bits[t]
            if t == output and port != READ:
                total += words * problem.bits[t]
    if problem.keeps[memory, output]:
        first = first_words(problem, memory, tiles, spatial, 0) * problem.bits[output]
        if port != WRITE:
            total -= first
        if memory > 0 and port != READ:
            total -= first
    return total


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
            bits += order_energy(problem, level, tiles, spatial, prices, memories - 1, scratch)
    for gap in range(memory):
        for d in range(dims):
            bits /= spatial[gap, d]
    return np.ceil(bits / problem.rates[memory, port] - 1e-9)


@helper
def chain_cycles(
    problem: Problem, tiles: Integers, spatial: Integers, orders: Integers, given: bool
) -> float:
    """Latency of a chain: under the given orders, or a bound below it over all orders."""
    hidden = compute_cycles(problem, spatial)
    added = 0.0
    for memory in range(problem.keeps.shape[0]):
        slowest = 0.0
        for port in range(3):
            if problem.rates[memory, port] > 0.0:
                slowest = max(
                    slowest, port_cycles(problem, tiles, spatial, memory, port, orders, given)
                )
        if problem.overlapped[memory]:
            hidden = max(hidden, slowest)
        else:
            added += slowest
    return hidden + added


@helper
def ordered_chain_energy(
    problem: Problem, tiles: Integers, spatial: Integers, orders: Integers, base: float
) -> float:
    """Energy of a complete chain under given orders; `base` is what no order changes."""
    shares = find_shares(problem, tiles, spatial, 0)
    prices = all_prices(problem, shares, 0)
    energy = base + first_tiles_energy(problem, tiles, spatial, prices, problem.keeps.shape[0] - 1)
    for memory in range(problem.keeps.shape[0] - 1):
        energy += ordered_energy(problem, memory, tiles, spatial, prices, orders[memory])
    return energy
