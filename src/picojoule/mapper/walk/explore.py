"""Explore: walk the chains in the order of their bounds until none can be better."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, inlined
from picojoule.mapper.model.goal import Goal, is_better, is_beyond
from picojoule.mapper.model.problem import LEAST_MOVING, Problem
from picojoule.mapper.model.tiles import absorbing_cut, fits_grown, is_uneven
from picojoule.mapper.walk.bounds import (
    COPIES,
    LEAST,
    OWN,
    PRICE,
    REACH,
    SENDING,
    anew_shares,
    arrival_energy,
    stepping_share,
    words_below,
)
from picojoule.mapper.walk.chain import Kept, try_chain
from picojoule.mapper.walk.parts import (
    ADDED,
    BOUND,
    COMPUTE,
    CYCLES,
    FILLING,
    HIDDEN,
    ROUGH,
    TIMED,
    UNKNOWN,
    Parts,
    bound_part,
    time_part,
)
from picojoule.mapper.walk.timing import add_crossings, is_timed, least_cycles

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]

DEPTH, LOOKED, EVALUATED, UNEVEN = 0, 1, 2, 3
"""Places in the state of a walk."""
HELD = 64
"""Chains with uneven loops that a walk holds back at most, to have them priced together."""


class Walk(NamedTuple):
    """Where a walk stands: it can stop at any chain and go on later. `P` levels of parts."""

    position: Integers  # (P,)
    sums: Floats  # (P + 1,): bounds of the parts chosen so far
    tiles: Integers  # (L, D)
    spatial: Integers  # (L, D)
    unions: Integers  # (P, D): of the chosen part of each level
    state: Integers  # (4,): depth, pairs looked at, chains evaluated, those held back
    held_tiles: Integers  # (HELD, L, D): of the chains with uneven loops that are left to price
    held_spatial: Integers  # (HELD, L, D)


@inlined
def _is_absorbed_once(
    problem: Problem,
    memory: int,
    tile: Integers,
    dim: int,
    factor: int,
    union: int,
    around: int,
    known: NDArray[np.int8],
    bits: Integers,
) -> bool:
    """`is_absorbed`, asked only once for each cut.

    Args:
        known: `(D, n)`; -1 until it is asked for.
        bits: Scratch space, `(T,)`.
    """
    cut = absorbing_cut(problem, memory, dim, factor, union, around)
    if cut < 0:
        return False
    if known[dim, cut] < 0:
        times = problem.tiles[dim, cut] // problem.tiles[dim, union]
        known[dim, cut] = fits_grown(problem, memory, tile, dim, times, bits)
    return known[dim, cut] == 1


@inlined
def _pair_cycles(
    problem: Problem,
    goal: Goal,
    child: int,
    tiles: Integers,
    spatial: Integers,
    around: Integers,
    inner: int,
    row: int,
    operands: int,
    looped: int,
    unions: Integers,
    parts: Parts,
    rest: float,
    cycles: float,
    best: Floats,
    scratch: tuple[Floats, Floats, Floats, Floats, Floats, NDArray[np.int8], Integers],
) -> float:
    """Least cycles of any chain with two neighbouring parts that may beat the best; or infinity.

    Some loop between the two memories runs innermost there, and some loop outside both runs
    innermost outside. A tensor that a loop between them moves without overlap, but not the
    innermost one, starts anew with every tile of the outer memory. One that no loop between them
    moves waits for the loops outside: what is innermost there decides for both memories.

    Args:
        child: The inner memory; `around` is the tile of the memory just outside.
        inner, row: The two parts.
        operands: The innermost memory's part.
        looped: Mask of the dimensions that run between.
        unions: Of the inner part, as indices.
        rest: Energy of everything but filling both, at least, without leakage over `cycles`.
        cycles: Compute cycles, at least.
        scratch: Words that arrive at the child: whatever runs innermost, without and with what
            waits, `(T,)` each; for `anew_shares`, `(2, T)`; bits over the ports, `(L, 3)`; and for
            `_is_absorbed_once`, one of integers.
    """
    tile, gap = tiles[child], spatial[child - 1]
    base, words, all_words, shares, total, absorbed, bits = scratch
    terms, around_terms = parts.details[inner], parts.details[row]
    by_loop, dims = parts.by_loop[row], gap.size
    outside = parts.tile_indices[row]
    if looped == 0:
        return cycles
    timed = is_timed(problem, goal)
    least, ready = np.inf, False
    for d in range(dims):
        if not looped >> d & 1:
            continue
        rough = rest + parts.values[row, FILLING] + parts.by_loop[inner, d]
        if not is_better(goal, rough, cycles, best):
            continue
        if not ready:
            if problem.uneven:
                anew_shares(problem, tile, gap, around, outside, unions, looped, shares)
            for t in range(base.size):
                base[t] = terms[t, LEAST]
                if problem.single[t] & looped:
                    anew = terms[t, COPIES] * around_terms[t, REACH] * shares[0, t]
                    base[t] = max(base[t], anew)
            ready = True
        moving = problem.cut_shares[d, outside[d], unions[d]] if problem.uneven else 1.0
        steps = 0.0
        if problem.sliding >> d & 1:
            steps = stepping_share(problem, d, tile[d], gap[d], around[d])
        filling = words_below(problem, d, steps, moving, base, terms, words)
        if not is_better(goal, rest + parts.values[row, FILLING] + filling, cycles, best):
            continue
        needed = False
        for outer in range(dims + 1):
            # The last one stands for no loop outside at all.
            if by_loop[outer] == np.inf:
                continue
            energy = rest + by_loop[outer] + filling
            for t in range(words.size):
                all_words[t] = words[t]
                waits = outer < dims and not problem.single[t] & (looped | 1 << d)
                if waits and problem.single[t] >> outer & 1:
                    arriving = terms[t, COPIES] * around_terms[t, REACH] * shares[1, t]
                    if problem.uneven:
                        union = parts.unions[row, outer]
                        arriving *= problem.cut_shares[outer, LEAST_MOVING, union]
                    if arriving > words[t]:
                        all_words[t] = arriving
                        price, sending, own = terms[t, PRICE], terms[t, SENDING], terms[t, OWN]
                        whole = problem.words[t]
                        energy += arrival_energy(price, sending, own, whole, arriving)
                        energy -= arrival_energy(price, sending, own, whole, words[t])
            slowest = cycles
            if not is_better(goal, energy, slowest, best):
                continue
            if timed:
                for m in range(len(total)):
                    for port in range(3):
                        total[m, port] = (
                            parts.crossings[row, outer, m, port]
                            + parts.crossings[operands, -1, m, port]
                        )
                add_crossings(problem, child, terms, all_words, total)
                slowest = least_cycles(problem, cycles, total, spatial, child - 1)
                energy += problem.leakage_pj_per_cycle * (slowest - cycles)
                if not is_better(goal, energy, slowest, best):
                    continue
            if not needed and _is_absorbed_once(
                problem, child, tile, d, gap[d], unions[d], outside[d], absorbed, bits
            ):
                break
            needed = True
            least = min(least, slowest)
            if not timed:
                return least
    return least


@inlined
def _next_fit(bits: Bits, unions: Integers, position: int, end: int) -> int:
    """The first part of a level from `position` on that goes with the union of the one inside."""
    while position < end:
        word = bits[0, unions[0], position >> 6]
        for d in range(1, unions.size):
            word &= bits[d, unions[d], position >> 6]
        word >>= np.uint64(position & 63)
        if word == 0:
            position += 64 - (position & 63)
            continue
        while not word & np.uint64(1):
            word >>= np.uint64(1)
            position += 1
        return position
    return end


@inlined
def _are_idle_loops(problem: Problem, tile: Integers, indices: Integers, union: Integers) -> bool:
    """Whether the loops of an idle memory 1 may be worth more than as loops of memory 0.

    They may where a dimension that slides is worth two loops with others between them; any other
    dimension needs no loop at both memories.
    """
    is_passed, slides = True, False
    for d in range(tile.size):
        inside, outside = indices[d] != union[d], tile[d] != problem.sizes[d]
        if inside:
            is_passed = False
        if inside and outside:
            if not problem.sliding >> d & 1:
                return False
            slides = True
    return is_passed or slides


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
        Whether the walk is complete. It holds chains with uneven loops back, to have them priced by
        `try_held`, and says in its state how many; few of them while it is young.
    """
    memories = problem.keeps.shape[0]
    levels = starts.size - 1
    tiles, spatial, state = walk.tiles, walk.spatial, walk.state
    position, sums = walk.position, walk.sums
    values, by_loop, tile_indices = parts.values, parts.by_loop, parts.tile_indices
    unions = walk.unions
    orders = np.full(tiles.shape, -1, dtype=np.int64)
    least_rest = np.zeros(levels + 1)
    for n in range(levels - 1, -1, -1):
        least_rest[n] = least_rest[n + 1] + leasts[n]
    timed = is_timed(problem, goal)
    fastest = parts.values[: starts[1], CYCLES].min()
    base, words, all_words = np.empty((3, problem.bits.size))
    shares, kept_bits = np.ones((2, problem.bits.size)), np.empty(problem.bits.size, dtype=np.int64)
    total = np.empty((memories, 3))
    absorbed = np.full((levels, *problem.tiles.shape), -1, dtype=np.int8)
    scratch = np.ones_like(spatial)
    depth = state[DEPTH]
    while depth >= 0:
        end = starts[depth + 1]
        row = position[depth]
        if depth > 0 and row < end:
            first = starts[depth]
            row = first + _next_fit(bits[depth], unions[depth - 1], row - first, end - first)
        if row >= end:
            depth -= 1
            if depth >= 0:
                position[depth] += 1
            continue
        position[depth] = row
        if state[LOOKED] >= most_looked:
            break
        inner = position[max(depth - 1, 0)]
        rest, looped = 0.0, 0
        state[LOOKED] += 1
        memory = memories - 1 - depth
        others = sums[depth] + least_rest[depth + 1]
        cycles, least = values[position[0], COMPUTE], values[position[0], CYCLES]
        if not is_better(goal, others + values[row, ROUGH], least, best):
            beyond = depth > 0 or is_beyond(goal, others + values[row, ROUGH], least, fastest, best)
            position[depth] = end if beyond else row + 1
            continue
        if values[row, BOUND] == UNKNOWN:
            bound_part(problem, memory, parts, row)
        energy = others + values[row, BOUND]
        if not is_better(goal, energy, least, best):
            position[depth] = row + 1
            continue
        if timed and values[row, TIMED] == 0.0:
            least_others = least_rest[0] - leasts[depth]
            time_part(problem, goal, memory, parts, row, least_others, best, scratch, floor)
            least = values[position[0], CYCLES]
            energy = others + values[row, BOUND]
        if depth == levels - 1 and depth > 0 and timed:
            outermost = max(cycles, values[row, HIDDEN]) + values[row, ADDED]
            least = max(least, outermost * (1.0 - 1e-12))
        if not is_better(goal, energy, least, best):
            position[depth] = row + 1
            continue
        if depth > 0 and memory == 1 and problem.idle[1]:
            tile, union = tile_indices[row], unions[depth - 1]
            if not _are_idle_loops(problem, parts.factors[row, 0], tile, union):
                position[depth] = row + 1
                continue
        if depth > 0:
            rest = energy - values[inner, FILLING]
            filling, looped = np.inf, 0
            for d in range(unions.shape[1]):
                if tile_indices[row, d] != unions[depth - 1, d]:
                    looped |= 1 << d
                    filling = min(filling, by_loop[inner, d])
            if looped and not is_better(goal, rest + filling, least, best):
                position[depth] = row + 1
                continue
            rest -= values[row, FILLING]
        if memory == 1:
            spatial[0] = parts.factors[row, 1]
        if depth > 0:
            pair = _pair_cycles(
                problem,
                goal,
                memory + 1,
                tiles,
                spatial,
                parts.factors[row, 0],
                inner,
                row,
                position[0],
                looped,
                unions[depth - 1],
                parts,
                rest,
                cycles,
                best,
                (base, words, all_words, shares, total, absorbed[depth - 1], kept_bits),
            )
            if pair == np.inf:
                position[depth] = row + 1
                continue
            least = max(least, pair)
        tiles[memory] = parts.factors[row, 0]
        if memory > 0:
            spatial[memory - 1] = parts.factors[row, 1]
        if depth == 0:
            spatial[memory] = parts.factors[row, 2]
        sums[depth + 1] = sums[depth] + values[row, BOUND]
        absorbed[depth] = -1
        unions[depth] = parts.unions[row]
        if depth + 1 < levels:
            depth += 1
            position[depth] = starts[depth]
            continue
        state[EVALUATED] += 1
        position[depth] += 1
        if is_uneven(problem, tiles, spatial):
            held = state[UNEVEN]
            walk.held_tiles[held], walk.held_spatial[held] = tiles, spatial
            state[UNEVEN] += 1
        else:
            outermost = values[row, BOUND] if depth > 0 else 0.0
            try_chain(problem, goal, tiles, spatial, orders, outermost, least, best, kept)
        is_full = state[UNEVEN] >= min(HELD, 1 + state[EVALUATED] // 4)
        if is_full or state[EVALUATED] >= most_evaluated:
            break
    state[DEPTH] = depth
    return depth < 0
