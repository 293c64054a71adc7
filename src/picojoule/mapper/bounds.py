"""Bounds: the least that filling a memory can cost, whatever runs outside it.

Some loop runs innermost outside a tile. A tensor that it moves without overlap arrives whole at
every visit, one that it slides arrives in part, any other at least once for each word and instance.
docs/mapper.md has the proof.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE
from picojoule.jit import helper
from picojoule.mapper.problem import Problem
from picojoule.mapper.tiles import (
    irrelevant_spatial,
    is_absorbed,
    moved_of,
    parent_of,
    visits_of,
    word_price,
    words_of,
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NONE = REUSE["none"]
PRICE, SHARE, WHOLE, LEAST, COPIES, REACH, SLID = 0, 1, 2, 3, 4, 5, 6
"""Columns of `filling_terms`; from SLID on there is one per dimension."""


@helper
def filling_terms(
    problem: Problem,
    child: int,
    tile: Integers,
    spatial: Integers,
    shares: Floats,
    terms: Floats,
) -> None:
    """What filling memory `child` with each tensor can take, whatever runs outside it.

    Args:
        tile, spatial: Its tile, and the factors of the gap just outside, `(D,)`.
        shares: Per tensor and gap, `(T, L)`; gaps outside `child - 1` are undecided.
        terms: `(T, SLID + D)`, filled per tensor: energy per word; words that leave the parent per
            word that arrives; words that arrive if the tile moves whole at every visit; if each
            arrives once where it is needed; instances that need each word; words of the tile over
            all visits; and per dimension, words if the tile slid along it at every visit.
    """
    dims, tensors = problem.sizes.size, problem.bits.size
    visits = visits_of(problem, tile)
    displacement = np.zeros(dims, dtype=np.int64)
    terms[:] = 0.0
    adjacent = True
    for gap in range(child - 1):
        adjacent = adjacent and problem.fanout[gap] == 1
    for t in range(tensors):
        reach = words_of(problem, t, tile) * visits
        terms[t, REACH] = reach
        if not problem.keeps[child, t]:
            continue
        parent = parent_of(problem, child, t)
        terms[t, PRICE] = word_price(problem, parent, child, t, shares[t], child - 1)
        terms[t, SHARE] = 1.0
        for gap in range(parent, child):
            known = gap >= child - 1
            terms[t, SHARE] *= shares[t, gap] if known else 1.0 / problem.fanout[gap]
        terms[t, WHOLE] = reach
        terms[t, LEAST] = reach
        reuse = problem.reuse[child, t]
        if reuse == NONE:
            continue
        terms[t, COPIES] = irrelevant_spatial(problem, t, spatial)
        terms[t, LEAST] = terms[t, COPIES] * words_of(problem, t, problem.sizes)
        for d in range(dims):
            outside = problem.sizes[d] > tile[d] * spatial[d]
            if adjacent and outside and problem.joined[t] >> d & 1:
                displacement[d] = tile[d] * spatial[d]
                moved = moved_of(problem, t, tile, displacement, reuse)
                displacement[d] = 0
                terms[t, SLID + d] = moved * visits


@helper
def interface_bound(
    problem: Problem, child: int, tile: Integers, spatial: Integers, terms: Floats
) -> float:
    """Least energy of filling memory `child` over everything that can run outside it.

    Some loop runs innermost. A tensor that it moves without overlap arrives whole at every visit;
    one that it slides arrives in part; any other arrives at least once for each word and instance.
    """
    dims, tensors = problem.sizes.size, problem.bits.size
    best = np.inf
    for d in range(dims):
        if problem.sizes[d] > tile[d] * spatial[d]:
            total = 0.0
            for t in range(tensors):
                words = terms[t, WHOLE]
                if not problem.single[t] >> d & 1:
                    # A loop of bound b steps on (b - 1) / b of its visits: at least on half.
                    words = max(terms[t, LEAST], terms[t, SLID + d] / 2.0)
                total += terms[t, PRICE] * words
            best = min(best, total)
    if best < np.inf:
        return best
    total = 0.0
    for t in range(tensors):
        total += terms[t, PRICE] * terms[t, LEAST]
    return total


@helper
def words_below(
    problem: Problem,
    dim: int,
    bound: int,
    looped: int,
    terms: Floats,
    around_terms: Floats,
    words: Floats,
) -> float:
    """Words that arrive at least when a loop of `bound` over `dim` runs innermost outside.

    A tensor that another loop of the same memory moves without overlap starts anew with every tile
    of that memory.

    Args:
        looped: Mask of the dimensions that this memory's loops run over.
        around_terms: `filling_terms` of that memory's own tile.
        words: `(T,)`, filled.

    Returns:
        Their energy.
    """
    total = 0.0
    for t in range(words.size):
        words[t] = terms[t, WHOLE]
        if not problem.single[t] >> dim & 1:
            least = terms[t, LEAST]
            if problem.single[t] & looped:
                least = max(least, terms[t, COPIES] * around_terms[t, REACH])
            words[t] = max(least, terms[t, SLID + dim] * (1.0 - 1.0 / bound))
        total += terms[t, PRICE] * words[t]
    return total


@helper
def looped_mask(problem: Problem, tile: Integers, spatial: Integers, around: Integers) -> int:
    """Mask of the dimensions that loops between a tile with its gap and `around` run over."""
    looped = 0
    for d in range(problem.sizes.size):
        if around[d] > tile[d] * spatial[d]:
            looped |= 1 << d
    return looped


@helper
def outermost_bound(problem: Problem, tile: Integers, spatial: Integers, terms: Floats) -> float:
    """`interface_bound` of memory 1: all loops outside it are those of memory 0."""
    looped = looped_mask(problem, tile, spatial, problem.sizes)
    around_terms = np.zeros_like(terms)
    words = np.empty(problem.bits.size)
    best = np.inf
    for d in range(problem.sizes.size):
        if looped >> d & 1:
            bound = problem.sizes[d] // (tile[d] * spatial[d])
            total = words_below(problem, d, bound, looped, terms, around_terms, words)
            if total < best and not is_absorbed(problem, 1, tile, d, bound):
                best = total
    if looped:
        return best
    return interface_bound(problem, 1, tile, spatial, terms)
