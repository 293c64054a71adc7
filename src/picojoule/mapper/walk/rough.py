"""Rough: bounds so cheap that every tile, with every spatial choice, can have one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE
from picojoule.jit import helper, inlined, leaf
from picojoule.mapper.model.goal import Goal, is_better
from picojoule.mapper.model.problem import LEAST_MOVING, LEAST_STEPPING, Problem
from picojoule.mapper.model.tiles import allowed_bits, fits_grown, next_set
from picojoule.mapper.walk.bounds import SLID, tile_terms
from picojoule.mapper.walk.gaps import arriving_energy, gap_bounds, gap_prices
from picojoule.mapper.walk.parts import BASE, BOUND, COMPUTE, CYCLES, ROUGH, UNKNOWN, Parts
from picojoule.mapper.walk.timing import is_timed

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

Bits = NDArray[np.uint64]

NONE = REUSE["none"]


@inlined
def _rough_filling(
    problem: Problem,
    tile: Integers,
    outer: Integers,
    terms: Floats,
    prices: Floats,
    totals: Floats,
    worst: Floats,
) -> float:
    """Energy of filling a memory at least: nearly `fillings_by_loop`, at a tenth of its time.

    Args:
        terms: From `tile_terms`.
        prices: From `gap_prices`.
        totals: Words of each tensor, `(T,)`; 0 where an instance remembers nothing.
        worst: From `_worst_shares`.
    """
    best = np.inf
    least = 0.0
    for t in range(totals.size):
        words = prices[t, 1] * totals[t] if totals[t] > 0.0 else terms[t, 0]
        least += arriving_energy(prices[t, 0], prices[t, 2], prices[t, 3], words)
    for d in range(tile.size):
        if problem.sizes[d] > tile[d] * outer[d]:
            energy = least
            for t in range(totals.size):
                words, once = 0.0, prices[t, 1] * totals[t]
                if totals[t] == 0.0:
                    continue
                if problem.single[t] >> d & 1:
                    words = terms[t, 0] * worst[d, 0]
                elif problem.joined[t] >> d & 1:
                    words = min(terms[t, 0], terms[t, 1 + d] * outer[d]) * worst[d, 1]
                if words > once:
                    price, alone, sent_once = prices[t, 0], prices[t, 2], prices[t, 3]
                    energy += arriving_energy(price, alone, sent_once, words)
                    energy -= arriving_energy(price, alone, sent_once, once)
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


@leaf
def _count_bits(word: np.uint64) -> int:
    """How many bits are set: summed up in pairs, in fours, in bytes, and all bytes at once."""
    word -= word >> np.uint64(1) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (
        word >> np.uint64(2) & np.uint64(0x3333333333333333)
    )
    word = word + (word >> np.uint64(4)) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int(word * np.uint64(0x0101010101010101) >> np.uint64(56))


@helper
def _worst_shares(problem: Problem) -> Floats:
    """The least share that a loop over each dimension moves, and steps to, `(D, 2)`."""
    worst = np.ones((problem.sizes.size, 2))
    for d in range(problem.sizes.size):
        worst[d, 0] = problem.cut_shares[d, LEAST_MOVING].min()
        worst[d, 1] = problem.cut_shares[d, LEAST_STEPPING].min()
    return worst


@helper
def _hopeful_choices(
    goal: Goal, gaps: Floats, prices: Floats, totals: Floats, others_pj: float, best: Floats
) -> Bits:
    """Choices of a gap that may win if each word comes once only, a bit each."""
    hopeful = np.zeros((len(gaps) + 63) // 64, dtype=np.uint64)
    for o in range(len(gaps)):
        energy = gaps[o, 0] + others_pj
        for t in range(totals.size):
            words = prices[o, t, 1] * totals[t]
            energy += arriving_energy(prices[o, t, 0], prices[o, t, 2], prices[o, t, 3], words)
        if is_better(goal, energy, gaps[o, 2], best):
            hopeful[o // 64] |= np.uint64(1) << np.uint64(o % 64)
    return hopeful


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
                for column in range(prices.shape[2]):
                    cheapest[t, column] = min(cheapest[t, column], prices[o, t, column])
        if floors[g, 0] < np.inf:
            live[count] = g
            count += 1
    return live[:count], floors, cheapest


@helper
def count_choices(tile_indices: Integers, outer_indices: Integers, products: Integers) -> int:
    """How many choices of a tile and of the gap outside there are, see `all_parts`."""
    allowed = allowed_bits(outer_indices, products >= 0)
    count = 0
    for row in range(len(tile_indices)):
        for word in range(allowed.shape[2]):
            mask = allowed[0, tile_indices[row, 0], word]
            for d in range(1, tile_indices.shape[1]):
                mask &= allowed[d, tile_indices[row, d], word]
            count += _count_bits(mask)
    return count


@helper
def all_parts(
    problem: Problem,
    goal: Goal,
    memory: int,
    tile_indices: Integers,
    outer_vectors: Integers,
    outer_indices: Integers,
    facts: Floats,
    groups: Integers,
    inner: Integers,
    outside: NDArray[np.bool_],
    others_pj: float,
    least: float,
    best: Floats,
    products: Integers,
    floor: Floats,
) -> Parts:
    """Every (tile, outer gap) of one memory whose rough bound leaves room to beat `best`.

    Args:
        tile_indices: Tiles that the memory can hold, as indices, `(tile, D)`.
        outer_vectors, outer_indices: Choices of the gap outside, `(gap, D)`.
        facts: From `gap_facts`.
        groups: `(group + 1,)`, where choices of equal prices begin.
        inner: The choice of the gap inside; ones unless this is the innermost memory.
        outside: `(D, n)`, which unions memory 0 may loop over; it holds for memory 1 alone.
        others_pj: The least that the parts of the other memories add.
        least: Cycles at least.
        products: From `product_table`.
        floor: Bits that filling all memories moves over the ports at least, `(L, 3)`.
    """
    memories, dims = problem.keeps.shape[0], problem.sizes.size
    tensors = problem.bits.size
    gaps = gap_bounds(problem, goal, memory, outer_vectors, facts, inner, floor)
    gaps[:, 2] = np.maximum(gaps[:, 2], least)
    prices = gap_prices(problem, memory, facts)
    totals, worst = _remembered_words(problem, memory), _worst_shares(problem)
    hopeful = _hopeful_choices(goal, gaps, prices, totals, others_pj, best)
    rows = len(tile_indices) if hopeful.any() else 0
    factors = np.zeros((64, 3, dims), dtype=np.int64)
    unions = np.zeros((64, dims), dtype=np.int64)
    indices = np.zeros((64, dims), dtype=np.int64)
    values = np.zeros((64, 9))
    allowed = allowed_bits(outer_indices, products >= 0)
    terms = np.zeros((tensors, 1 + dims))
    tile = np.empty(dims, dtype=np.int64)
    union = np.empty(dims, dtype=np.int64)
    ones = np.ones(dims, dtype=np.int64)
    masks = np.zeros((1, allowed.shape[2]), dtype=np.uint64)
    live, floors, cheapest = _live_groups(groups, gaps, prices, hopeful)
    growths = np.empty(problem.tiles.shape, dtype=np.int64)
    counts, bits = np.zeros(dims, dtype=np.int64), np.empty(tensors, dtype=np.int64)
    gathers = problem.gathers if memory == memories - 1 else 0
    count = 0
    for row in range(rows):
        for d in range(dims):
            tile[d] = problem.tiles[d, tile_indices[row, d]]
        left = 0
        for word in range(allowed.shape[2]):
            mask = hopeful[word]
            for d in range(dims):
                mask &= allowed[d, tile_indices[row, d], word]
            masks[0, word] = mask
            left += _count_bits(masks[0, word])
        if memory > 0 and left > 0:
            tile_terms(problem, memory, tile, tile_indices[row], terms)
        if memory > 0 and left > 1:
            # What holds of all choices. Where one leaves no loop outside, each tile comes once, and
            # whole: no less than with any loop innermost.
            rough = floors[-1, 0] + others_pj
            rough += _rough_filling(problem, tile, ones, terms, cheapest, totals, worst)
            if not is_better(goal, rough, floors[-1, 1], best):
                continue
        if gathers and left > 0:
            _find_growths(problem, memory, tile, tile_indices[row], growths, counts, bits)
        # Where few choices are left, they are looked at one by one, else group by group.
        together = left > len(live)
        for turn in range(len(live) if together else min(left, 1)):
            g = live[turn] if together else 0
            end = int(groups[g + 1]) if together else len(outer_vectors)
            o = next_set(masks, 0, int(groups[g]) if together else 0, end)
            if together and o < end and memory > 0:
                # What holds of all choices with these prices.
                rough = floors[g, 0] + others_pj
                rough += _rough_filling(problem, tile, ones, terms, prices[o], totals, worst)
                if not is_better(goal, rough, floors[g, 1], best):
                    continue
            while o < end:
                outer = outer_vectors[o]
                rough = gaps[o, 0]
                if memory > 0:
                    rough += _rough_filling(problem, tile, outer, terms, prices[o], totals, worst)
                taken, o = o, next_set(masks, 0, o + 1, end)
                if not is_better(goal, rough + others_pj, gaps[taken, 2], best):
                    continue
                for d in range(dims):
                    union[d] = products[d, tile_indices[row, d], outer_indices[taken, d]]
                if memory == 1 and not _all_of(outside, union):
                    continue
                if gathers and _are_scattered(problem.tiles, tile, outer, union, growths, counts):
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
    )


@leaf
def _find_growths(
    problem: Problem,
    memory: int,
    tile: Integers,
    index: Integers,
    growths: Integers,
    counts: Integers,
    bits: Integers,
) -> None:
    """How many times as large a tile may be along the dimensions that few instances may share.

    Args:
        growths, counts: `(D, n)` and `(D,)`, filled per dimension.
        bits: Scratch space, `(T,)`.
    """
    for d in range(tile.size):
        counts[d] = 0
        for n in range(index[d] + 1, problem.tile_counts[d] if problem.gathers >> d & 1 else 0):
            times = problem.tiles[d, n] // tile[d]
            if times > problem.fanout[memory - 1]:
                break
            if problem.tiles[d, n] % tile[d] == 0:
                if not fits_grown(problem, memory, tile, d, times, bits):
                    break
                growths[d, counts[d]] = times
                counts[d] += 1


@inlined
def _are_scattered(
    tiles: Integers,
    tile: Integers,
    outer: Integers,
    union: Integers,
    growths: Integers,
    counts: Integers,
) -> bool:
    """Whether fewer instances can hold the same along a dimension that few may share."""
    for d in range(tile.size):
        if outer[d] > 1 and tile[d] * outer[d] == tiles[d, union[d]]:
            for n in range(counts[d]):
                if outer[d] % growths[d, n] == 0:
                    return True
    return False


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
