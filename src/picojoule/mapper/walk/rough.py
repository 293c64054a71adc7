"""Rough: bounds so cheap that every tile, with every spatial choice, can have one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE
from picojoule.jit import helper, inlined
from picojoule.mapper.walk.bounds import SHARE, SLID, tile_terms
from picojoule.mapper.walk.goal import Goal, is_better
from picojoule.mapper.walk.parts import BASE, BOUND, COMPUTE, CYCLES, ROUGH, UNKNOWN, Parts
from picojoule.mapper.walk.problem import Problem
from picojoule.mapper.walk.tiles import (
    allowed_bits,
    base_energy,
    find_shares,
    irrelevant_spatial,
    least_share,
    mean_share,
    next_set,
    parent_of,
    word_price,
)
from picojoule.mapper.walk.timing import (
    add_crossings,
    base_crossings,
    is_timed,
    least_cycles,
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

Bits = NDArray[np.uint64]

NONE = REUSE["none"]


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
def _gap_bounds(
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


@inlined
def _rough_filling(
    problem: Problem,
    tile: Integers,
    outer: Integers,
    terms: Floats,
    prices: Floats,
    totals: Floats,
) -> float:
    """Energy of filling a memory at least: nearly `fillings_by_loop`, at a tenth of its time.

    Args:
        terms: From `tile_terms`.
        prices: From `_gap_prices`.
        totals: Words of each tensor, `(T,)`; 0 where an instance remembers nothing.
    """
    best = np.inf
    least = 0.0
    for t in range(totals.size):
        least += prices[t, 0] * (prices[t, 1] * totals[t] if totals[t] > 0.0 else terms[t, 0])
    for d in range(tile.size):
        if problem.sizes[d] > tile[d] * outer[d]:
            energy = least
            for t in range(totals.size):
                words = 0.0
                if totals[t] == 0.0:
                    continue
                if problem.single[t] >> d & 1:
                    words = terms[t, 0] * problem.worst_moving[d]
                elif problem.joined[t] >> d & 1:
                    words = min(terms[t, 0], terms[t, 1 + d] * outer[d]) * problem.worst_stepping[d]
                energy += prices[t, 0] * max(0.0, words - prices[t, 1] * totals[t])
            best = min(best, energy)
    return best if best < np.inf else least


@helper
def _remembered_words(problem: Problem, memory: int) -> Floats:
    """Words of each tensor that a memory may keep from step to step, `(T,)`; 0 for others."""
    totals = np.zeros(problem.bits.size)
    for t in range(totals.size):
        if problem.keeps[memory, t] and problem.reuse[memory, t] != NONE:
            totals[t] = problem.words[t]
    return totals


@helper
def _grown(rows: NDArray[Any]) -> NDArray[Any]:
    """The same rows with as many empty ones after them."""
    return np.concatenate((rows, np.zeros_like(rows)))


@helper
def _count_bits(word: np.uint64) -> int:
    """How many bits are set: summed up in pairs, in fours, in bytes, and all bytes at once."""
    word -= word >> np.uint64(1) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (
        word >> np.uint64(2) & np.uint64(0x3333333333333333)
    )
    word = word + (word >> np.uint64(4)) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int(word * np.uint64(0x0101010101010101) >> np.uint64(56))


@helper
def _live_groups(
    groups: Integers, gaps: Floats, prices: Floats, hopeful: Bits
) -> tuple[Integers, Floats, Floats]:
    """Groups of choices that are not all refuted.

    Returns:
        The groups; base energy and cycles of each at least, and last those of all; and the
        cheapest prices of all.
    """
    live = np.empty(len(groups) - 1, dtype=np.int64)
    floors = np.full((len(groups), 2), np.inf)
    cheapest = np.full(prices.shape[1:], np.inf)
    count = 0
    for g in range(len(groups) - 1):
        for o in range(groups[g], groups[g + 1]):
            if not hopeful[o >> 6] >> np.uint64(o & 63) & np.uint64(1):
                continue
            for row in (g, len(groups) - 1):
                floors[row, 0] = min(floors[row, 0], gaps[o, 0])
                floors[row, 1] = min(floors[row, 1], gaps[o, 2])
            for t in range(prices.shape[1]):
                cheapest[t, 0] = min(cheapest[t, 0], prices[o, t, 0])
                cheapest[t, 1] = min(cheapest[t, 1], prices[o, t, 1])
        if floors[g, 0] < np.inf:
            live[count] = g
            count += 1
    return live[:count], floors, cheapest


@helper
def all_parts(
    problem: Problem,
    goal: Goal,
    memory: int,
    tile_indices: Integers,
    outer_vectors: Integers,
    outer_indices: Integers,
    prices: Floats,
    groups: Integers,
    inner: Integers,
    outside: NDArray[np.bool_],
    others_pj: float,
    least: float,
    best: Floats,
    table: Integers,
    products: Integers,
    floor: Floats,
) -> tuple[Parts, int]:
    """Every (tile, outer gap) of one memory whose rough bound leaves room to beat `best`.

    Args:
        tile_indices: Tiles that the memory can hold, as indices into `table`, `(tile, D)`.
        outer_vectors, outer_indices: Choices of the gap outside, `(gap, D)`.
        prices: From `gap_prices`.
        groups: `(group + 1,)`, where choices of equal prices begin.
        inner: The choice of the gap inside; ones unless this is the innermost memory.
        outside: `(D, n)`, which unions memory 0 may loop over; it holds for memory 1 alone.
        others_pj: The least that the parts of the other memories add.
        least: Cycles at least.
        table, products: From `divisor_table` and `product_table`.
        floor: Bits that filling all memories moves over the ports at least, `(L, 3)`.

    Returns:
        The parts, and how many choices there were.
    """
    memories, dims = problem.keeps.shape[0], problem.sizes.size
    tensors = problem.bits.size
    factors = np.zeros((1024, 3, dims), dtype=np.int64)
    unions = np.zeros((1024, dims), dtype=np.int64)
    indices = np.zeros((1024, dims), dtype=np.int64)
    values = np.zeros((1024, 9))
    gaps = _gap_bounds(problem, goal, memory, outer_vectors, inner, floor)
    gaps[:, 2] = np.maximum(gaps[:, 2], least)
    totals = _remembered_words(problem, memory)
    allowed = allowed_bits(outer_indices, products >= 0)
    hopeful = np.zeros(allowed.shape[2], dtype=np.uint64)
    for o in range(len(outer_vectors)):
        energy = gaps[o, 0] + others_pj
        for t in range(tensors):
            energy += prices[o, t, 0] * prices[o, t, 1] * totals[t]
        if is_better(goal, energy, gaps[o, 2], best):
            hopeful[o // 64] |= np.uint64(1) << np.uint64(o % 64)
    terms = np.zeros((tensors, 1 + dims))
    tile = np.empty(dims, dtype=np.int64)
    union = np.empty(dims, dtype=np.int64)
    ones = np.ones(dims, dtype=np.int64)
    masks = np.zeros((1, allowed.shape[2]), dtype=np.uint64)
    live, floors, cheapest = _live_groups(groups, gaps, prices, hopeful)
    count = 0
    seen = 0
    for row in range(len(tile_indices)):
        for d in range(dims):
            tile[d] = table[d, tile_indices[row, d]]
        for word in range(allowed.shape[2]):
            mask = allowed[0, tile_indices[row, 0], word]
            for d in range(1, dims):
                mask &= allowed[d, tile_indices[row, d], word]
            seen += _count_bits(mask)
            masks[0, word] = mask & hopeful[word]
        if memory > 0 and len(live):
            # What holds of all choices.
            tile_terms(problem, memory, tile, tile_indices[row], terms)
            rough = floors[-1, 0] + others_pj
            rough += _rough_filling(problem, tile, ones, terms, cheapest, totals)
            if not is_better(goal, rough, floors[-1, 1], best):
                continue
        for g in live:
            o, end = next_set(masks, 0, groups[g], groups[g + 1]), groups[g + 1]
            if o == end:
                continue
            if memory > 0 and end - o > 1:
                # What holds of all choices with these prices.
                rough = floors[g, 0] + others_pj
                rough += _rough_filling(problem, tile, ones, terms, prices[o], totals)
                if not is_better(goal, rough, floors[g, 1], best):
                    continue
            while o < end:
                outer = outer_vectors[o]
                rough = gaps[o, 0]
                if memory > 0:
                    rough += _rough_filling(problem, tile, outer, terms, prices[o], totals)
                taken, o = o, next_set(masks, 0, o + 1, end)
                if not is_better(goal, rough + others_pj, gaps[taken, 2], best):
                    continue
                for d in range(dims):
                    union[d] = products[d, tile_indices[row, d], outer_indices[taken, d]]
                if memory == 1 and not _all_of(outside, union):
                    continue
                if memory == memories - 1 and _is_mirrored(problem.mirror, tile, outer, inner):
                    continue
                if count == len(values):
                    factors, unions = _grown(factors), _grown(unions)
                    indices, values = _grown(indices), _grown(values)
                factors[count, 0], factors[count, 1], factors[count, 2] = tile, outer, inner
                unions[count], indices[count] = union, tile_indices[row]
                values[count, ROUGH], values[count, BOUND] = rough, UNKNOWN
                values[count, BASE] = gaps[taken, 0]
                values[count, COMPUTE], values[count, CYCLES] = gaps[taken, 1], gaps[taken, 2]
                count += 1
    return Parts(
        factors[:count],
        unions[:count],
        indices[:count],
        values[:count],
        np.zeros((0, tensors, SLID + dims)),
        np.zeros((0, dims + 1, tensors)),
        np.zeros((0, dims + 1)),
        np.zeros((0, (dims + 2) if is_timed(problem, goal) else 1, memories, 3)),
    ), seen


@inlined
def _is_mirrored(mirror: Integers, tile: Integers, outer: Integers, inner: Integers) -> bool:
    """Whether the same part with dimensions exchanged comes first: one of the two is enough."""
    for d in range(mirror.size):
        other = mirror[d]
        if tile[d] != tile[other]:
            return tile[d] < tile[other]
        if outer[d] != outer[other]:
            return outer[d] < outer[other]
        if inner[d] != inner[other]:
            return inner[d] < inner[other]
    return False


@inlined
def _all_of(allowed: NDArray[np.bool_], indices: Integers) -> bool:
    """Whether each dimension allows its index."""
    found = True
    for d in range(indices.size):
        found &= allowed[d, indices[d]]
    return found
