"""Explore: walk the chains in the order of their bounds until none can be better."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, inlined
from picojoule.mapper.walk.bounds import COPIES, PRICE, REACH, looped_mask, words_below
from picojoule.mapper.walk.chain import Kept, try_chain
from picojoule.mapper.walk.goal import Goal, is_better, is_beyond
from picojoule.mapper.walk.parts import (
    ADDED,
    BOUND,
    COMPUTE,
    CYCLES,
    FILLING,
    HIDDEN,
    ROUGH,
    UNKNOWN,
    Parts,
    bound_part,
)
from picojoule.mapper.walk.problem import Problem
from picojoule.mapper.walk.tiles import is_absorbed
from picojoule.mapper.walk.timing import (
    add_crossings,
    is_timed,
    least_cycles,
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]

DEPTH, LOOKED, EVALUATED = 0, 1, 2
"""Places in the state of a walk."""


class Walk(NamedTuple):
    """Where a walk stands: it can stop at any chain and go on later. `P` levels of parts."""

    position: Integers  # (P,)
    masks: Bits  # (P, word): which parts of each level go with the one inside
    sums: Floats  # (P + 1,): bounds of the parts chosen so far
    tiles: Integers  # (L, D)
    spatial: Integers  # (L, D)
    unions: Integers  # (P, D): of the chosen part of each level
    state: Integers  # (3,): depth, pairs looked at, chains evaluated


@inlined
def least_below(
    problem: Problem,
    looped: int,
    bound: int,
    dim: int,
    terms: Floats,
    around_terms: Floats,
    around_by_loop: Floats,
    words: Floats,
) -> float:
    """Least energy of filling two memories, when a loop over `dim` is innermost between them.

    A tensor that no loop between them moves waits for the loops outside both: what is innermost
    there decides for both memories.

    Args:
        looped: Mask of the dimensions that the loops between run over.
        bound: Of the innermost one.
        terms, around_terms: Of the inner and of the outer memory.
        around_by_loop: `(D,)`, filling the outer memory with each loop innermost outside it.
        words: `(T,)`, filled with what arrives at the inner memory at least.
    """
    inner = words_below(problem, dim, bound, looped, terms, around_terms, words)
    best = np.inf
    for outer in range(around_by_loop.size):
        if around_by_loop[outer] == np.inf:
            continue
        total = around_by_loop[outer] + inner
        for t in range(words.size):
            waits = not problem.single[t] & (looped | 1 << dim)
            if waits and problem.single[t] >> outer & 1:
                more = terms[t, COPIES] * around_terms[t, REACH] - words[t]
                total += terms[t, PRICE] * max(0.0, more)
        best = min(best, total)
    return best if best < np.inf else inner


@inlined
def can_pair_win(
    problem: Problem,
    goal: Goal,
    child: int,
    tiles: Integers,
    spatial: Integers,
    around: Integers,
    terms: Floats,
    around_terms: Floats,
    around_by_loop: Floats,
    crossings: Floats,
    rest: float,
    cycles: float,
    best: Floats,
    scratch: tuple[Floats, Floats, Integers],
) -> bool:
    """Whether some loop between two memories' parts can run innermost and beat the best.

    Args:
        child: The inner memory; `around` is the tile of the memory just outside.
        terms, around_terms, around_by_loop: Details of both parts.
        crossings: Bits over the ports that other parts move at least, `(L, 3)`.
        rest: Energy of everything but filling both, at least, without leakage over `cycles`.
        cycles: Compute cycles, at least.
        scratch: `(T,)`, `(L, 3)`, and `(D, 4)`: whether a loop of an even bound, or of one that 3
            divides, is absorbed into the child's tile; -1 until it is asked for.
    """
    tile, gap = tiles[child], spatial[child - 1]
    words, total, absorbed = scratch
    looped = looped_mask(problem, tile, gap, around)
    if looped == 0:
        return True
    timed = is_timed(problem, goal)
    for d in range(gap.size):
        if not looped >> d & 1:
            continue
        bound = around[d] // (tile[d] * gap[d])
        energy = rest + least_below(
            problem, looped, bound, d, terms, around_terms, around_by_loop, words
        )
        slowest = cycles
        if timed:
            total[:] = crossings
            add_crossings(problem, child, terms, words, total)
            slowest = least_cycles(problem, cycles, total, spatial, child - 1)
            energy += problem.leakage_pj_per_cycle * (slowest - cycles)
        if not is_better(goal, energy, slowest, best):
            continue
        factor = 2 if bound % 2 == 0 else 3
        if bound % factor:
            if not is_absorbed(problem, child, tile, d, bound):
                return True
            continue
        if absorbed[d, factor] < 0:
            absorbed[d, factor] = is_absorbed(problem, child, tile, d, factor)
        if absorbed[d, factor] == 0:
            return True
    return False


@inlined
def _next_set(mask: Bits, position: int, end: int) -> int:
    """The first set bit from `position` on, or `end`."""
    while position < end:
        word = mask[position // 64] >> np.uint64(position % 64)
        if word == 0:
            position += 64 - position % 64
            continue
        while not word & np.uint64(1):
            word >>= np.uint64(1)
            position += 1
        return position
    return end


@inlined
def _open_level(masks: Bits, bits: Bits, unions: Integers) -> None:
    """Find the parts of a level that go with the union of the part inside."""
    for word in range(bits.shape[2]):
        masks[word] = bits[0, unions[0], word]
        for d in range(1, unions.size):
            masks[word] &= bits[d, unions[d], word]


@helper
def explore(
    problem: Problem,
    goal: Goal,
    parts: Parts,
    starts: Integers,
    bits: Bits,
    leasts: Floats,
    floor: Floats,
    walk: Walk,
    best: Floats,
    kept: Kept,
    most_evaluated: int,
    most_looked: int,
) -> bool:
    """Walk all chains of parts whose bounds leave room for a better one.

    Args:
        parts: Of all memories from the innermost to memory 1; those of the innermost by score, the
            others by energy, both rough.
        starts: `(P + 1,)`, where each memory's parts begin, innermost first.
        bits: `(P, D, n, word)`, which parts of a level go with a union inside, see `allowed_bits`.
        leasts: `(P,)`, the least bound of each level's parts.
        floor: Bits that the parts of outer memories move over the ports at least, `(L, 3)`.
        walk: Where to begin, and where it stopped.
        most_evaluated, most_looked: Where the walk stops, by its state.

    Returns:
        Whether the walk is complete.
    """
    memories = problem.keeps.shape[0]
    levels = starts.size - 1
    tiles, spatial, state = walk.tiles, walk.spatial, walk.state
    position, sums = walk.position, walk.sums
    unions = walk.unions
    orders = np.full(tiles.shape, -1, dtype=np.int64)
    least_rest = np.zeros(levels + 1)
    for n in range(levels - 1, -1, -1):
        least_rest[n] = least_rest[n + 1] + leasts[n]
    timed = is_timed(problem, goal)
    fastest = parts.values[: starts[1], CYCLES].min()
    words, total = np.empty(problem.bits.size), np.empty((memories, 3))
    absorbed = np.full((levels, problem.sizes.size, 4), -1, dtype=np.int64)
    scratch = np.ones_like(spatial)
    depth = state[DEPTH]
    while depth >= 0:
        end = starts[depth + 1]
        row = position[depth]
        if depth > 0 and row < end:
            row = starts[depth] + _next_set(
                walk.masks[depth], row - starts[depth], end - starts[depth]
            )
        if row >= end:
            depth -= 1
            if depth >= 0:
                position[depth] += 1
            continue
        position[depth] = row
        if state[LOOKED] >= most_looked:
            break
        inner = position[max(depth - 1, 0)]
        rest = 0.0
        state[LOOKED] += 1
        memory = memories - 1 - depth
        value = parts.values[row]
        others = sums[depth] + least_rest[depth + 1]
        cycles, least = parts.values[position[0], COMPUTE], parts.values[position[0], CYCLES]
        if not is_better(goal, others + value[ROUGH], least, best):
            beyond = depth > 0 or is_beyond(goal, others + value[ROUGH], least, fastest, best)
            position[depth] = end if beyond else row + 1
            continue
        if value[BOUND] == UNKNOWN:
            bound_part(problem, goal, memory, parts, row, scratch, floor)
            least = parts.values[position[0], CYCLES]
        energy = others + value[BOUND]
        if depth == levels - 1 and depth > 0 and timed:
            least = max(least, (max(cycles, value[HIDDEN]) + value[ADDED]) * (1.0 - 1e-12))
        if not is_better(goal, energy, least, best):
            position[depth] = row + 1
            continue
        if depth > 0:
            rest = energy - parts.values[inner, FILLING]
            filling = np.inf
            for d in range(unions.shape[1]):
                if parts.tile_indices[row, d] != unions[depth - 1, d]:
                    filling = min(filling, parts.by_loop[inner, d])
            if filling < np.inf and not is_better(goal, rest + filling, least, best):
                position[depth] = row + 1
                continue
            rest -= value[FILLING]
        if memory == 1:
            spatial[0] = parts.factors[row, 1]
        if depth > 0 and not can_pair_win(
            problem,
            goal,
            memory + 1,
            tiles,
            spatial,
            parts.factors[row, 0],
            parts.details[inner],
            parts.details[row],
            parts.by_loop[row],
            parts.crossings[row],
            rest,
            cycles,
            best,
            (words, total, absorbed[depth - 1]),
        ):
            position[depth] = row + 1
            continue
        tiles[memory] = parts.factors[row, 0]
        if memory > 0:
            spatial[memory - 1] = parts.factors[row, 1]
        if depth == 0:
            spatial[memory] = parts.factors[row, 2]
        sums[depth + 1] = sums[depth] + value[BOUND]
        absorbed[depth] = -1
        unions[depth] = parts.unions[row]
        if depth + 1 < levels:
            depth += 1
            _open_level(walk.masks[depth], bits[depth], parts.unions[row])
            position[depth] = starts[depth]
            continue
        state[EVALUATED] += 1
        outermost = value[BOUND] if depth > 0 else 0.0
        try_chain(problem, goal, tiles, spatial, orders, outermost, best, kept)
        position[depth] += 1
        if state[EVALUATED] >= most_evaluated:
            break
    state[DEPTH] = depth
    return depth < 0
