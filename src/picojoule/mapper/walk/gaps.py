"""Gaps: what is known of a mapping from its spatial factors alone, or from what is kept alone."""

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, inlined
from picojoule.mapper.model.goal import Goal
from picojoule.mapper.model.prices import (
    base_energy,
    first_saving,
    irrelevant_spatial,
    least_share,
    mean_share,
    parent_of,
    sent_once,
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
    energy = base_energy(problem, ones, ones, np.ones((tensors, memories)), memories)
    for t in range(tensors):
        parent = parent_of(problem, memories, t)
        price, share = problem.read_pj[parent, t], 1.0
        if t == tensors - 1:
            price += problem.update_pj[parent, t]
        for gap in range(parent, memories):
            share /= problem.fanout[gap]
        # As operands, each word is sent once at least.
        once = problem.words[t] * (1.0 - share / sent_once(problem, t, 1.0))
        energy += price * max(0.0, once)
    return energy


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
                # Each word is sent once over each gap at least.
                price = word_price(problem, parent, memory, t, shares[t], 0)
                energies[memory] += price * words[t]
                terms[t, SHARE] = 1.0
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
def gap_facts(problem: Problem, memory: int, outer_vectors: Integers) -> Floats:
    """Per choice of the gap outside, `(gap, T, 2)`: share of a word at least, and its copies.

    Nothing here depends on what is kept.
    """
    tensors = problem.bits.size
    facts = np.ones((len(outer_vectors), tensors, 2))
    for o in range(len(outer_vectors) if memory > 0 else 0):
        for t in range(tensors):
            if problem.grouped[memory - 1, t]:
                facts[o, t, 0] = least_share(problem, t, outer_vectors[o])
            facts[o, t, 1] = irrelevant_spatial(problem, t, outer_vectors[o])
    return facts


@helper
def gap_bounds(
    problem: Problem,
    goal: Goal,
    memory: int,
    outer_vectors: Integers,
    facts: Floats,
    inner: Integers,
    floor: Floats,
) -> Floats:
    """Per choice of the outer gap, `(gap, 3)`: base energy, compute cycles and cycles at least.

    All are 0 for memories that are not the innermost.

    Args:
        facts: From `gap_facts`.
        inner: The choice of the gap inside.
        floor: Bits over the ports at least, `(L, 3)`.
    """
    memories, dims = problem.keeps.shape[0], problem.sizes.size
    gaps = np.zeros((outer_vectors.shape[0], 3))
    if memory < memories - 1:
        return gaps
    output = problem.bits.size - 1
    spatial = np.ones((memories, dims), dtype=np.int64)
    spatial[memory] = inner
    inside = max(memory - 1, 0)
    # The words that a joined output touches are bounded as if the outermost gap were open.
    known = max(inside, 1) if problem.joined[output] else inside
    total = np.empty_like(floor)
    timed = is_timed(problem, goal)
    varies = problem.joined[output] != 0 or problem.uneven != 0
    shares, once = np.ones((output + 1, memories)), np.zeros(output + 1)
    for t in range(output + 1):
        if problem.fanout[memory] > 1:
            shares[t, memory] = mean_share(problem, memory, t, np.ones_like(inner), inner)
        if not problem.keeps[memory, t]:
            once[t] = sent_once(problem, t, shares[t, memory])
    cycles = _least_cycles(problem, memory, spatial)
    base, slopes, saved = _base_terms(problem, memory, shares, spatial, known)
    for o in range(outer_vectors.shape[0]):
        instances, touching = 1.0, 1.0
        for d in range(dims if memory > 0 else 0):
            instances *= outer_vectors[o, d]
            if not problem.single[output] >> d & 1:
                touching *= outer_vectors[o, d]
        gaps[o, 1] = gaps[o, 2] = cycles / instances
        if timed:
            if memory > 0:
                spatial[memory - 1] = outer_vectors[o]
                shares[:, memory - 1] = facts[o, :, 0]
            total[:] = floor
            base_crossings(problem, shares, known, total)
            gaps[o, 2] = least_cycles(problem, gaps[o, 1], total, spatial, inside)
        gaps[o, 0] = base - saved * touching + problem.leakage_pj_per_cycle * gaps[o, 1]
        for t in range(output + 1):
            energy = slopes[t] * max(facts[o, t, 0], once[t])
            if t == output and varies:
                # Fewer words on the way out are more additions: the least lies at one end.
                energy = min(energy, slopes[t])
            gaps[o, 0] += energy
    return gaps


@helper
def _base_terms(
    problem: Problem, memory: int, shares: Floats, spatial: Integers, known: int
) -> tuple[float, Floats, float]:
    """`base_energy`, which is linear in the shares of the gap outside the innermost memory.

    Returns:
        What no choice of the gap changes; energy by its share, `(T,)`; and what first accumulations
        save for each instance that may touch the same output word.
    """
    gap = memory - 1
    tiles, slopes = np.ones_like(spatial), np.zeros(problem.bits.size)
    if memory == 0:
        return base_energy(problem, tiles, spatial, shares, known), slopes, 0.0
    shares[:, gap] = 0.0
    base = base_energy(problem, tiles, spatial, shares, known)
    for t in range(slopes.size):
        shares[t, gap] = 1.0
        slopes[t] = base_energy(problem, tiles, spatial, shares, known) - base
        shares[t, gap] = 0.0
    saved = 0.0
    if gap >= known:
        saved = max(0.0, first_saving(problem, memory)) * problem.words[-1]
        for outside in range(gap):
            saved *= problem.fanout[outside]
    return base + saved, slopes, saved


@helper
def gap_prices(problem: Problem, memory: int, facts: Floats) -> Floats:
    """Per choice of the gap outside, `(gap, T, 4)`: the least price of a word, and how many arrive.

    Args:
        facts: From `gap_facts`.

    Returns:
        Energy per word that fills `memory` at least, and how many of them there are at least for
        each word of the operation, as far as energy goes; and where pieces are uneven, energy per
        word without what is spent once if several get it, and the energy of sending each word once.
    """
    tensors = problem.bits.size
    prices = np.zeros((len(facts), tensors, 4))
    shares = np.ones(problem.fanout.size)
    gap = memory - 1
    for t in range(tensors):
        if memory == 0 or not problem.keeps[memory, t]:
            continue
        parent = parent_of(problem, memory, t)
        shares[gap] = 1.0
        apart = word_price(problem, parent, memory, t, shares, gap)
        shares[gap] = 0.0
        # The price is linear in the share.
        fixed = word_price(problem, parent, memory, t, shares, gap)
        varies = problem.grouped[gap, t] and (problem.joined[t] != 0 or problem.uneven != 0)
        for o in range(len(facts)):
            share, copies = facts[o, t, 0], facts[o, t, 1]
            price = fixed + (apart - fixed) * share
            if varies:
                # The share of a sliding window depends on the tile, and that of short pieces on
                # the step; the least price is at one end.
                price = min(price, apart)
                if problem.uneven and apart > fixed:
                    prices[o, t, 2] = fixed
                    prices[o, t, 3] = (apart - fixed) * problem.words[t]
                elif not problem.uneven and price > 0.0:
                    # Each word is sent once at least: the fewer share it, the more of it arrive.
                    once = min(fixed + (apart - fixed) / copies, apart)
                    copies *= max(1.0, once / price)
            prices[o, t, 0], prices[o, t, 1] = price, copies
    return prices


@inlined
def arriving_energy(price: float, alone: float, sent_once: float, words: float) -> float:
    """Energy of so many words that arrive at least, at the prices of `gap_prices`."""
    return max(price * words, alone * words + sent_once)
