"""Gaps: what is known of a mapping from its spatial factors alone, or from what is kept alone."""

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper
from picojoule.mapper.model.goal import Goal
from picojoule.mapper.model.prices import (
    base_energy,
    find_shares,
    irrelevant_spatial,
    least_share,
    mean_share,
    parent_of,
    word_price,
)
from picojoule.mapper.model.problem import Problem
from picojoule.mapper.walk.bounds import SHARE, SLID
from picojoule.mapper.walk.timing import add_crossings, base_crossings, is_timed, least_cycles

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@helper
def least_base(problem: Problem) -> float:
    """`base_energy` at least, of any chain; savings of first accumulations may make it negative."""
    memories, tensors = problem.keeps.shape
    ones = np.ones((memories, problem.sizes.size), dtype=np.int64)
    return base_energy(problem, ones, ones, np.ones((tensors, memories)), memories)


@helper
def least_fillings(problem: Problem) -> tuple[Floats, Floats]:
    """Per memory, the energy of filling it with each word once, and bits over the ports then."""
    memories, tensors = problem.keeps.shape
    energies = np.zeros(memories)
    crossings = np.zeros((memories, memories, 3))
    shares = np.ones((tensors, memories))
    words = np.empty(tensors)
    terms = np.zeros((tensors, SLID + problem.sizes.size))
    for memory in range(1, memories):
        for t in range(tensors):
            words[t] = problem.words[t]
            if problem.keeps[memory, t]:
                parent = parent_of(problem, memory, t)
                price = word_price(problem, parent, memory, t, shares[t], memory)
                energies[memory] += price * words[t]
                terms[t, SHARE] = 1.0
                for gap in range(parent, memory):
                    terms[t, SHARE] /= problem.fanout[gap]
        add_crossings(problem, memory, terms, words, crossings[memory])
    return energies, crossings


@helper
def _least_cycles(problem: Problem, memory: int, spatial: Integers) -> float:
    """Compute cycles if every undecided gap were used whole."""
    cycles = float(problem.cycles_per_step)
    for size in problem.sizes:
        cycles *= size
    for gap in range(problem.fanout.size):
        if gap >= memory - 1:
            for d in range(problem.sizes.size):
                cycles /= spatial[gap, d]
        else:
            cycles /= problem.fanout[gap]
    return cycles


@helper
def choice_bounds(problem: Problem) -> tuple[float, float]:
    """Least energy and cycles of any mapping, for one way to keep tensors."""
    memories = problem.keeps.shape[0]
    energies, crossings = least_fillings(problem)
    total = crossings.sum(axis=0)
    base_crossings(problem, np.ones((problem.bits.size, memories)), memories, total)
    ones = np.ones((memories, problem.sizes.size), dtype=np.int64)
    hidden = _least_cycles(problem, memories + 1, ones)
    cycles = least_cycles(problem, hidden, total, ones, memories)
    energy = least_base(problem) + energies.sum() + problem.leakage_pj_per_cycle * cycles
    return energy, cycles


@helper
def gap_bounds(
    problem: Problem,
    goal: Goal,
    memory: int,
    outer_vectors: Integers,
    inner: Integers,
    floor: Floats,
) -> Floats:
    """Per choice of the outer gap, `(gap, 3)`: base energy, compute cycles and cycles at least.

    All are 0 for memories that are not the innermost.
    """
    memories, dims = problem.keeps.shape[0], problem.sizes.size
    gaps = np.zeros((outer_vectors.shape[0], 3))
    if memory < memories - 1:
        return gaps
    tiles = np.ones((memories, dims), dtype=np.int64)
    spatial = np.ones((memories, dims), dtype=np.int64)
    spatial[memory] = inner
    inside = max(memory - 1, 0)
    # The words that a joined output touches are bounded as if the outermost gap were open.
    known = max(inside, 1) if problem.joined[-1] else inside
    total = np.empty_like(floor)
    timed = is_timed(problem, goal)
    for o in range(outer_vectors.shape[0]):
        if memory > 0:
            spatial[memory - 1] = outer_vectors[o]
        shares = find_shares(problem, tiles, spatial, known)
        for t in range(problem.bits.size):
            if problem.fanout[memory] > 1:
                shares[t, memory] = mean_share(problem, memory, t, tiles[memory], inner)
            if memory > 0 and problem.joined[t] and problem.grouped[memory - 1, t]:
                # The share of a sliding window depends on the tile.
                shares[t, memory - 1] = least_share(problem, t, outer_vectors[o])
        gaps[o, 1] = _least_cycles(problem, memory, spatial)
        gaps[o, 2] = gaps[o, 1]
        if timed:
            total[:] = floor
            base_crossings(problem, shares, known, total)
            gaps[o, 2] = least_cycles(problem, gaps[o, 1], total, spatial, inside)
        gaps[o, 0] = base_energy(problem, tiles, spatial, shares, known)
        if memory > 0 and (problem.joined[-1] or problem.uneven):
            # Fewer words on the way out are more additions: the least lies at one end.
            shares[-1, memory - 1] = 1.0
            apart = base_energy(problem, tiles, spatial, shares, known)
            gaps[o, 0] = min(gaps[o, 0], apart)
        gaps[o, 0] += problem.leakage_pj_per_cycle * gaps[o, 1]
    return gaps


@helper
def gap_prices(problem: Problem, memory: int, outer_vectors: Integers) -> Floats:
    """Per choice of the gap outside, `(gap, T, 2)`: see `_gap_prices`."""
    memories, tensors = problem.keeps.shape
    prices = np.zeros((len(outer_vectors), tensors, 2))
    shares = np.ones(memories)
    for o in range(len(outer_vectors) if memory > 0 else 0):
        for t in range(tensors):
            if problem.keeps[memory, t]:
                prices[o, t] = _gap_price(problem, memory, t, outer_vectors[o], shares)
    return prices


@helper
def _gap_price(
    problem: Problem, memory: int, tensor: int, outer: Integers, shares: Floats
) -> tuple[float, float]:
    """Energy per word of a tensor that fills `memory` at least, and copies that are needed.

    Args:
        outer: The choice of the gap outside.
        shares: Scratch space, `(L,)`.
    """
    parent, gap = parent_of(problem, memory, tensor), memory - 1
    shares[gap] = least_share(problem, tensor, outer) if problem.grouped[gap, tensor] else 1.0
    price = word_price(problem, parent, memory, tensor, shares, gap)
    varies = problem.joined[tensor] != 0 or problem.uneven != 0
    if varies and problem.grouped[gap, tensor]:
        # The share of a sliding window depends on the tile, and that of short pieces on the step;
        # the least price is at one end.
        shares[gap] = 1.0
        price = min(price, word_price(problem, parent, memory, tensor, shares, gap))
    return price, float(irrelevant_spatial(problem, tensor, outer))
