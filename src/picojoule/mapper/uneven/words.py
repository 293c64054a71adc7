"""Uneven: the exact cost of a chain whose outermost loop over some dimension does not divide.

What moves at a step still depends only on which loops run inside it; but pieces come in two sizes,
and instances are idle at times, so the words are those of the closed form, kind by kind of step.
Everything that is counted is a sum over words on their way, so one list of prices per word serves
energy and ports alike.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import APART, REUSE, TEMPORAL, kind_words, touched_words
from picojoule.jit import helper, inlined
from picojoule.mapper.model import Integers, Problem
from picojoule.mapper.model.prices import first_price, parent_of

Floats = NDArray[np.float64]

NONE = REUSE["none"]
DIM, BOUND, PIECE, PLACE = 0, 1, 2, 3
"""Columns of loops, see `cost.pieces`."""


@inlined
def union_of(tiles: Integers, spatial: Integers, level: int, dim: int) -> int:
    """Iterations that all instances of the gap below a memory have together."""
    inside = tiles[level + 1, dim] if level + 1 < tiles.shape[0] else 1
    return min(inside * spatial[level, dim], tiles[level, dim])


@helper
def is_counted(problem: Problem, tiles: Integers, spatial: Integers) -> bool:
    """Whether the closed form counts a chain: it does not where arrays in a row share windows.

    The same as `cost.count` refuses, see docs/counting.md.
    """
    memories, tensors = problem.keeps.shape
    counted = True
    for t in range(tensors):
        for outer in range(memories):
            for inner in range(outer + 1, memories):
                if not _are_in_a_row(problem, t, outer, inner, spatial):
                    continue
                for d in range(problem.sizes.size):
                    if not _is_cut_short(problem, tiles, spatial, inner, d):
                        continue
                    outside, inside = spatial[outer, d] > 1, spatial[inner, d] > 1
                    if problem.joined[t] >> d & 1:
                        counted &= not (outside or inside)
                    elif not problem.single[t] >> d & 1 and not problem.grouped[inner, t]:
                        counted &= not (outside and inside)
    return counted


@helper
def _are_in_a_row(problem: Problem, tensor: int, outer: int, inner: int, spatial: Integers) -> bool:
    """Whether a tensor passes two arrays that are in use, the outer of which groups it."""
    if not problem.grouped[outer, tensor]:
        return False
    first = second = False
    for d in range(spatial.shape[1]):
        first |= spatial[outer, d] > 1
        second |= spatial[inner, d] > 1
    passed = True
    for memory in range(outer + 1, inner + 1):
        passed &= not problem.keeps[memory, tensor]
    return first and second and passed


@helper
def _is_cut_short(problem: Problem, tiles: Integers, spatial: Integers, gap: int, dim: int) -> bool:
    """Whether a loop outside a gap, or of it, leaves a dimension's last piece short."""
    short = False
    for level in range(gap + 1):
        inside = tiles[level + 1, dim] if level + 1 < tiles.shape[0] else 1
        short |= tiles[level, dim] % (inside * spatial[level, dim]) != 0
    return short


@helper
def loops_around(
    problem: Problem,
    tiles: Integers,
    spatial: Integers,
    child: int,
    memory: int,
    inside: int,
    loop: int,
) -> tuple[Integers, int]:
    """All loops outside a child, outermost first, as `cost.pieces` reads them.

    Args:
        child: A memory; their number for the compute units.
        memory: Whose loop steps.
        inside, loop: Mask of this memory's loops that run inside, and the one that steps; -1 for
            none.

    Returns:
        The loops, spatial ones of gap g in the place -3 - g, and the row of the one that steps.
    """
    dims = problem.sizes.size
    rows = np.empty((2 * dims * child, 4), dtype=np.int64)
    count, stepping = 0, -1
    for level in range(child):
        for turn in range(3):
            # Those outside, the one that steps, those inside; of other memories in any order.
            for d in range(dims):
                place = 0
                if level == memory and loop >= 0:
                    place = 1 if d == loop else 2 if inside >> d & 1 else 0
                union = union_of(tiles, spatial, level, d)
                if place != turn or union == tiles[level, d]:
                    continue
                if turn == 1:
                    stepping = count
                rows[count, DIM], rows[count, PLACE] = d, TEMPORAL
                rows[count, BOUND], rows[count, PIECE] = -(-tiles[level, d] // union), union
                count += 1
        for d in range(dims):
            if spatial[level, d] > 1:
                inner = tiles[level + 1, d] if level + 1 < tiles.shape[0] else 1
                rows[count, DIM], rows[count, PLACE] = d, -3 - level
                rows[count, BOUND], rows[count, PIECE] = spatial[level, d], inner
                count += 1
    return rows[:count], stepping


@helper
def moved_price(
    problem: Problem,
    tensor: int,
    parent: int,
    child: int,
    tile: Integers,
    loops: Integers,
    kind: int,
    reuse: int,
    prices: Floats,
) -> float:
    """What the words cost that all instances of a child receive at the steps of one kind.

    Args:
        tile: Of the child, `(D,)`.
        loops, kind: From `loops_around`; kinds as in `cost.kind_words`.
        prices: `(L + 1,)`: per word that leaves the array of gap g outwards, and at the child's
            place per word that arrives.
    """
    low, high = problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]
    first = problem.axis_first[low : high + 1] - problem.axis_first[low]
    terms = slice(problem.axis_first[low], problem.axis_first[high])
    dim, coefficient = problem.term_dim[terms], problem.term_coefficient[terms]
    sizes = np.stack((problem.sizes, tile))
    placed = loops.copy()
    for n in range(placed.shape[0]):
        if placed[n, PLACE] != TEMPORAL:
            placed[n, PLACE] = APART
    words = float(kind_words(first, dim, coefficient, sizes, placed, kind, reuse, False))
    total = words * prices[child]
    for gap in range(child - 1, parent - 1, -1):
        joins = False
        for n in range(placed.shape[0]):
            if loops[n, PLACE] == -3 - gap and problem.grouped[gap, tensor]:
                placed[n, PLACE] = gap
                joins = True
        if joins and words > 0.0:
            words = float(kind_words(first, dim, coefficient, sizes, placed, kind, reuse, False))
        total += words * prices[gap]
    return total


@helper
def energy_prices(problem: Problem) -> Floats:
    """Energy per word on its way, `(child, T, L + 1)`; the last child is the compute units."""
    memories, tensors = problem.keeps.shape
    prices = np.zeros((memories + 1, tensors, memories + 1))
    for child in range(1, memories + 1):
        for t in range(tensors):
            if child < memories and not problem.keeps[child, t]:
                continue
            parent, own = parent_of(problem, child, t), prices[child, t]
            output = t == tensors - 1
            own[parent] += problem.read_pj[parent, t]
            if output:
                own[parent] += problem.update_pj[parent, t]
            if child < memories:
                own[child] += problem.fill_pj[child, t]
            for gap in range(parent, child):
                own[gap + 1] += problem.delivery_pj[gap, t]
                if output and child < memories:
                    own[child] += problem.delivery_pj[gap, t]
                if output and problem.grouped[gap, t]:
                    own[gap + 1] += problem.reduction_pj[gap, t]
                    own[gap] -= problem.reduction_pj[gap, t]
    return prices


@helper
def port_word_bits(problem: Problem, memory: int, port: int) -> Floats:
    """Bits over a port of `memory` per word on its way, as `energy_prices`; 0 reads, 1 writes."""
    memories, tensors = problem.keeps.shape
    bits = np.zeros((memories + 1, tensors, memories + 1))
    for child in range(1, memories + 1):
        for t in range(tensors):
            if child < memories and not problem.keeps[child, t]:
                continue
            width, output = float(problem.bits[t]), t == tensors - 1
            if child == memory and port != 0:
                bits[child, t, child] += width
            if parent_of(problem, child, t) == memory:
                if port != 1:
                    bits[child, t, memory] += width
                if output and port != 0:
                    bits[child, t, memory] += width
    return bits


@helper
def first_prices(problem: Problem) -> Floats:
    """Energy that the first accumulation into a word saves at each memory, `(L,)`."""
    memories, tensors = problem.keeps.shape
    saved = np.zeros(memories)
    for memory in range(memories):
        if problem.keeps[memory, tensors - 1]:
            saved[memory] = problem.read_pj[memory, tensors - 1]
            if memory > 0:
                parent = parent_of(problem, memory, tensors - 1)
                saved[memory] += first_price(problem, parent, memory, tensors - 1)
    return saved


@helper
def first_bits(problem: Problem, memory: int, port: int) -> Floats:
    """Bits over a port of `memory` that first accumulations save, as `first_prices`."""
    saved = np.zeros(problem.keeps.shape[0])
    output = problem.bits.size - 1
    if problem.keeps[memory, output]:
        if port != 1:
            saved[memory] += problem.bits[output]
        if memory > 0 and port != 0:
            saved[memory] += problem.bits[output]
    return saved


@helper
def settled_total(
    problem: Problem, tiles: Integers, spatial: Integers, prices: Floats, saved: Floats
) -> float:
    """What no order changes: operands and first tiles, less first accumulations."""
    memories, tensors = problem.keeps.shape
    total = 0.0
    ones = np.ones(problem.sizes.size, dtype=np.int64)
    for child in range(1, memories + 1):
        loops, _ = loops_around(problem, tiles, spatial, child, 0, 0, -1)
        tile = tiles[child] if child < memories else ones
        kind = -1 if child < memories else loops.shape[0]
        for t in range(tensors):
            if np.any(prices[child, t] != 0.0):
                parent = parent_of(problem, child, t)
                total += moved_price(
                    problem, t, parent, child, tile, loops, kind, NONE, prices[child, t]
                )
    low, high = problem.tensor_axis[-2], problem.tensor_axis[-1]
    first = problem.axis_first[low : high + 1] - problem.axis_first[low]
    terms = slice(problem.axis_first[low], problem.axis_first[high])
    for memory in range(memories):
        if saved[memory] != 0.0:
            loops, _ = loops_around(problem, tiles, spatial, memory, 0, 0, -1)
            for n in range(loops.shape[0]):
                if loops[n, PLACE] != TEMPORAL:
                    loops[n, PLACE] = APART
            sizes = np.stack((problem.sizes, tiles[memory]))
            words = touched_words(
                first, problem.term_dim[terms], problem.term_coefficient[terms], sizes, loops
            )
            total -= saved[memory] * words
    return total


@helper
def step_total(
    problem: Problem,
    memory: int,
    tiles: Integers,
    spatial: Integers,
    inside: int,
    loop: int,
    prices: Floats,
) -> float:
    """What all steps of a loop of `memory` cost while those of the mask `inside` wrap."""
    memories, tensors = problem.keeps.shape
    total = 0.0
    for child in range(memory + 1, memories):
        loops, kind = loops_around(problem, tiles, spatial, child, memory, inside, loop)
        for t in range(tensors):
            if problem.keeps[child, t] and np.any(prices[child, t] != 0.0):
                parent = parent_of(problem, child, t)
                total += moved_price(
                    problem,
                    t,
                    parent,
                    child,
                    tiles[child],
                    loops,
                    kind,
                    problem.reuse[child, t],
                    prices[child, t],
                )
    return total


@helper
def ordered_steps(
    problem: Problem, tiles: Integers, spatial: Integers, prices: Floats, orders: Integers
) -> float:
    """What the steps of all loops cost under given orders, innermost first, -1 ends them."""
    total = 0.0
    for memory in range(tiles.shape[0] - 1):
        inside = 0
        for loop in orders[memory]:
            if loop < 0:
                break
            total += step_total(problem, memory, tiles, spatial, inside, loop, prices)
            inside |= 1 << loop
    return total
