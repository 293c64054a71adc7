"""Bounds: the least that filling a memory can cost, whatever runs outside it.

Some loop runs innermost outside a tile. A tensor that it moves without overlap arrives whole at
every visit, one that it slides arrives in part, any other at least once for each word and instance.
docs/mapper.md has the proof.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE
from picojoule.jit import helper, inlined, leaf
from picojoule.mapper.model.axes import all_words, uneven_share
from picojoule.mapper.model.prices import group_share, irrelevant_spatial, parent_of, word_price
from picojoule.mapper.model.problem import (
    LEAST_MOVING,
    LEAST_STEPPING,
    MANY,
    MOVES,
    SLIDES,
    Problem,
)
from picojoule.mapper.model.tiles import absorbed_mask, is_even_axis, shared_on_axis
from picojoule.mapper.walk.outermost import is_alone, outermost_fillings

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

TILE, NONE = REUSE["tile"], REUSE["none"]
PRICE, SHARE, WHOLE, LEAST, COPIES, REACH, SENDING, OWN, SLID = range(9)
"""Columns of `filling_terms`; from SLID on there is one per dimension."""


@leaf
def tile_terms(
    problem: Problem, memory: int, tile: Integers, index: Integers, terms: Floats
) -> None:
    """What a tile moves over all its visits, `(T, 1 + D)`: whole, and slid along d by one tile.

    Sliding by several tiles moves as many times more, up to all. Windows with gaps slide by 0 here.
    """
    terms[:] = 0.0
    adjacent = True
    for gap in range(memory - 1):
        adjacent = adjacent and problem.fanout[gap] == 1
    for t in range(problem.bits.size):
        if not problem.keeps[memory, t]:
            continue
        terms[t, 0] = all_words(problem, t, tile, index)
        if not adjacent or problem.reuse[memory, t] == NONE or not problem.joined[t]:
            continue
        for axis in range(problem.tensor_axis[t], problem.tensor_axis[t + 1]):
            pair = problem.axis_pair[axis]
            if pair[0] == MANY:
                _slide_many(problem, memory, t, axis, tile, terms[t])
            elif pair[0] >= 0:
                i, j = index[pair[0]], index[pair[1]]
                for which in range(2):
                    column = MOVES if problem.reuse[memory, t] == TILE else SLIDES
                    share = problem.axis_tables[axis, column + which, i, j]
                    terms[t, 1 + pair[which]] = terms[t, 0] * share


@leaf
def _slide_many(
    problem: Problem, memory: int, tensor: int, axis: int, tile: Integers, terms: Floats
) -> None:
    """As `tile_terms`, along an axis that more than two dimensions share; with full pieces only."""
    low, high = problem.axis_first[axis], problem.axis_first[axis + 1]
    dims, coefficients = problem.term_dim, problem.term_coefficient
    if not is_even_axis(problem, tile, low, high):
        return
    extent = 1
    for n in range(low, high):
        extent += coefficients[n] * (tile[dims[n]] - 1)
    points = shared_on_axis(dims, coefficients, low, high, tile, 0)
    for n in range(low, high):
        if problem.joined[tensor] >> dims[n] & 1:
            if problem.reuse[memory, tensor] == TILE:
                terms[1 + dims[n]] = terms[0]
            elif points == extent:
                terms[1 + dims[n]] = terms[0] * coefficients[n] * tile[dims[n]] / extent


@helper
def _moved_share(problem: Problem, tensor: int, tile: Integers, dim: int, step: int) -> float:
    """Share of the words of all tiles that is new after steps along one dimension, at least."""
    kept = 1.0
    for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
        low, high = problem.axis_first[axis], problem.axis_first[axis + 1]
        dims, coefficients = problem.term_dim, problem.term_coefficient
        for n in range(low, high):
            if dims[n] == dim and not is_even_axis(problem, tile, low, high):
                return uneven_share(problem, tile, low, high, n, step)
            if dims[n] == dim:
                distance = coefficients[n] * step
                shared = shared_on_axis(dims, coefficients, low, high, tile, distance)
                kept *= shared / shared_on_axis(dims, coefficients, low, high, tile, 0)
    return 1.0 - kept


@helper
def filling_terms(
    problem: Problem,
    child: int,
    tile: Integers,
    index: Integers,
    spatial: Integers,
    terms: Floats,
) -> None:
    """What filling memory `child` with each tensor can take, whatever runs outside it.

    Args:
        tile, index, spatial: Its tile, the same as indices, and the factors of the gap outside,
            `(D,)`; all further gaps outside are undecided.
        terms: `(T, SLID + D)`, filled per tensor: energy per word; words that leave the parent per
            word that arrives; words that arrive if the tile moves whole at every visit; if each
            arrives once where it is needed; instances that need each word; words of the tile over
            all visits; with uneven pieces, energy per word that is sent, which is part of the price
            of those that arrive, and how many are sent for each; and per dimension, words if the
            tile slid along it at every visit.
    """
    dims, tensors = problem.sizes.size, problem.bits.size
    moves = np.empty((tensors, 1 + dims))
    tile_terms(problem, child, tile, index, moves)
    shares = np.ones(problem.fanout.size)
    adjacent = True
    for gap in range(child - 1):
        adjacent = adjacent and problem.fanout[gap] == 1
    terms[:] = 0.0
    for t in range(tensors):
        if not problem.keeps[child, t]:
            terms[t, REACH] = all_words(problem, t, tile, index)
            continue
        reach = moves[t, 0]
        parent = parent_of(problem, child, t)
        if problem.fanout[child - 1] > 1:
            shares[child - 1] = group_share(problem, child - 1, t, tile, spatial)
        terms[t, REACH] = reach
        terms[t, PRICE] = word_price(problem, parent, child, t, shares, child - 1)
        terms[t, SHARE] = shares[child - 1]
        if problem.uneven and shares[child - 1] < 1.0:
            # Where fewer instances have work, fewer share what is sent, and there is less to add.
            own = shares[child - 1]
            shares[child - 1] = 1.0
            apart = word_price(problem, parent, child, t, shares, child - 1)
            terms[t, SENDING] = max(0.0, apart - terms[t, PRICE]) / (1.0 - own)
            terms[t, OWN] = own
            terms[t, PRICE] = min(terms[t, PRICE], apart)
        for gap in range(parent, child - 1):
            terms[t, SHARE] /= problem.fanout[gap]
        terms[t, WHOLE] = reach
        terms[t, LEAST] = reach
        if problem.reuse[child, t] == NONE:
            continue
        terms[t, COPIES] = irrelevant_spatial(problem, t, spatial)
        if not problem.uneven:
            # Each word is sent once at least, to no more than so many instances at a time.
            terms[t, COPIES] = max(terms[t, COPIES], 1.0 / shares[child - 1])
        terms[t, LEAST] = terms[t, COPIES] * problem.words[t]
        for d in range(dims):
            if problem.joined[t] >> d & 1:
                terms[t, SLID + d] = min(reach, moves[t, 1 + d] * spatial[d])
                if moves[t, 1 + d] == 0.0 and adjacent:
                    step = tile[d] * spatial[d]
                    terms[t, SLID + d] = reach * _moved_share(problem, t, tile, d, step)


@helper
def fillings_by_loop(
    problem: Problem,
    memory: int,
    tile: Integers,
    index: Integers,
    spatial: Integers,
    union: Integers,
    terms: Floats,
    by_loop: Floats,
    words: Floats,
) -> float:
    """Least energy of filling a memory with each loop innermost outside it, and with any.

    All loops outside memory 1 are those of memory 0, so that more is known of them.

    Args:
        tile, index: Its tile, and the same as indices.
        spatial, union: The factors of the gap outside, and the indices of what they hold together.
        terms: `filling_terms` of them.
        by_loop: `(D + 1,)`, filled; infinite for a loop that there is not or need not be. The last
            one is for no loop at all.
        words: `(D + 1, T)`, filled with what arrives then at least.
    """
    dims = problem.sizes.size
    looped = looped_mask(problem, tile, spatial, problem.sizes)
    absorbed = 0
    if memory == 1:
        scratch = np.empty((2, problem.bits.size), dtype=np.int64)
        absorbed = absorbed_mask(problem, 1, tile, index, spatial, union, scratch)
    base = terms[:, LEAST].copy()
    by_loop[:] = np.inf
    for d in range(dims):
        if not looped >> d & 1:
            continue
        moving = problem.cut_shares[d, LEAST_MOVING, union[d]] if problem.uneven else 1.0
        if memory > 1:
            # Only some of these iterations run between; a loop of bound b steps on (b - 1) / b of
            # its visits: at least on half, or less where a piece is short.
            steps = problem.cut_shares[d, LEAST_STEPPING, union[d]] if problem.uneven else 0.5
            by_loop[d] = words_below(problem, d, steps, moving, base, terms, words[d])
            continue
        if not absorbed >> d & 1:
            steps = stepping_share(problem, d, tile[d], spatial[d], problem.sizes[d])
            by_loop[d] = words_below(problem, d, steps, moving, base, terms, words[d])
    if memory == 1 and looped and is_alone(problem):
        exact = np.full(dims, np.inf)
        outermost_fillings(problem, tile, index, terms[:, PRICE].copy(), looped, exact)
        for d in range(dims):
            if by_loop[d] < np.inf:
                by_loop[d] = max(by_loop[d], exact[d] * (1.0 - 1e-12))
    if looped == 0:
        by_loop[dims] = 0.0
        for t in range(problem.bits.size):
            words[dims, t] = terms[t, LEAST]
            price, sending, own = terms[t, PRICE], terms[t, SENDING], terms[t, OWN]
            total = problem.words[t]
            by_loop[dims] += arrival_energy(price, sending, own, total, words[dims, t])
    return by_loop.min()


@inlined
def stepping_share(problem: Problem, dim: int, tile: int, factor: int, around: int) -> float:
    """Share of the iterations that a loop steps to, between a tile's union and `around`.

    The others are in the first union of each piece.
    """
    size = problem.sizes[dim]
    return 1.0 - tile * factor * -(-size // around) / size


@inlined
def anew_shares(
    problem: Problem,
    tile: Integers,
    spatial: Integers,
    around: Integers,
    around_indices: Integers,
    union_indices: Integers,
    looped: int,
    shares: Floats,
) -> None:
    """What short pieces leave, at least, of the words of an outer tile times the copies needed.

    Args:
        looped: Mask of the dimensions that run between the two memories.
        shares: `(2, T)`, filled with the share where a loop between makes a tensor start anew, and
            with the share of the copies that have work.
    """
    for t in range(problem.bits.size):
        mask = problem.single[t] | problem.joined[t]
        moving, busy = 0.0, 1.0
        for d in range(tile.size):
            if problem.single[t] & looped & 1 << d:
                moving = max(moving, problem.cut_shares[d, around_indices[d], union_indices[d]])
            if spatial[d] > 1 and problem.uneven & ~mask & 1 << d:
                pieces = -(-problem.sizes[d] // around[d])
                last = problem.sizes[d] - (pieces - 1) * around[d]
                copies = min(spatial[d], -(-last // tile[d]))
                busy *= (spatial[d] * (pieces - 1.0) + copies) / (spatial[d] * pieces)
        shares[0, t], shares[1, t] = busy * moving, busy


@inlined
def words_below(
    problem: Problem,
    dim: int,
    steps: float,
    moving: float,
    base: Floats,
    terms: Floats,
    words: Floats,
) -> float:
    """Words that arrive at least when a loop over `dim` runs innermost outside.

    Args:
        steps: Share of the visits that the loop steps on, see `stepping_share`.
        moving: Share of the words that it moves, see `factors.cut_shares`.
        base: `(T,)`, words that arrive at least whatever runs innermost.
        words: `(T,)`, filled.

    Returns:
        Their energy.
    """
    total = 0.0
    for t in range(words.size):
        words[t] = base[t]
        if problem.single[t] >> dim & 1:
            words[t] = terms[t, WHOLE]
            if problem.uneven and terms[t, COPIES] > 0.0:
                words[t] = max(words[t] * moving, terms[t, LEAST])
        elif problem.joined[t] >> dim & 1:
            words[t] = max(words[t], terms[t, SLID + dim] * steps)
        price, sending, own = terms[t, PRICE], terms[t, SENDING], terms[t, OWN]
        total += arrival_energy(price, sending, own, problem.words[t], words[t])
    return total


@inlined
def arrival_energy(price: float, sending: float, own: float, total: float, words: float) -> float:
    """Energy of so many words that arrive at least, where each of `total` words is sent once.

    Args:
        price, sending, own: From `filling_terms`.
    """
    return price * words + sending * max(0.0, total - own * words)


@inlined
def looped_mask(problem: Problem, tile: Integers, spatial: Integers, around: Integers) -> int:
    """Mask of the dimensions that loops between a tile with its gap and `around` run over."""
    looped = 0
    for d in range(problem.sizes.size):
        if around[d] > tile[d] * spatial[d]:
            looped |= 1 << d
    return looped
