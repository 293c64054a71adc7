"""Prices: what instances share, and what a word of a tile costs on its way."""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import distinct_offsets
from picojoule.jit import helper, inlined, leaf
from picojoule.mapper.model.problem import MANY, NEITHER, Problem
from picojoule.mapper.model.tiles import words_of

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@inlined
def parent_of(problem: Problem, child: int, tensor: int) -> int:
    """The next outer memory that keeps the tensor."""
    parent = child - 1
    while not problem.keeps[parent, tensor]:
        parent -= 1
    return parent


@inlined
def irrelevant_spatial(problem: Problem, tensor: int, spatial: Integers) -> int:
    """Instances that work on the same words: factors over dimensions that do not index them."""
    product = 1
    mask = problem.single[tensor] | problem.joined[tensor]
    for d in range(spatial.size):
        if not mask >> d & 1:
            product *= spatial[d]
    return product


@inlined
def _pair_offsets(one: int, ones: int, other: int, others: int) -> int:
    """Distinct sums of two progressions: `ones` steps of `one` each, and `others` of `other`."""
    common, rest = one, other
    while rest:
        common, rest = rest, common % rest
    again = max(0, ones - other // common) * max(0, others - one // common)
    return ones * others - again


@inlined
def _pair_terms(problem: Problem, axis: int) -> tuple[int, int]:
    """The terms of the two dimensions that share an axis."""
    first = last = problem.axis_first[axis]
    for n in range(problem.axis_first[axis], problem.axis_first[axis + 1]):
        if problem.axis_pair[axis, 0] == problem.term_dim[n]:
            first = n
        elif problem.axis_pair[axis, 1] == problem.term_dim[n]:
            last = n
    return first, last


@leaf
def _least_offsets(problem: Problem, axis: int, spatial: Integers) -> int:
    """Distinct positions of a tile on an axis at least, over all instances, whatever the tile."""
    dims, coefficients = problem.term_dim, problem.term_coefficient
    if problem.axis_pair[axis, 0] == MANY:
        # Sums of progressions have at least as many values as all together, less one for each.
        offsets = 1
        for n in range(problem.axis_first[axis], problem.axis_first[axis + 1]):
            offsets += int(spatial[dims[n]]) - 1
        return offsets
    first, last = _pair_terms(problem, axis)
    ones, others = int(spatial[dims[first]]), int(spatial[dims[last]])
    offsets = ones * others
    if ones > 1 and others > 1:
        for i in range(problem.tile_counts[dims[first]]):
            one = coefficients[first] * problem.tiles[dims[first], i]
            for j in range(problem.tile_counts[dims[last]]):
                other = coefficients[last] * problem.tiles[dims[last], j]
                offsets = min(offsets, _pair_offsets(one, ones, other, others))
    return offsets


@helper
def _offsets_at(problem: Problem, axis: int, tile: Integers, spatial: Integers) -> int:
    """Distinct positions of a tile on an axis over all instances."""
    dims, coefficients = problem.term_dim, problem.term_coefficient
    if problem.axis_pair[axis, 0] != MANY:
        first, last = _pair_terms(problem, axis)
        one = coefficients[first] * tile[dims[first]]
        other = coefficients[last] * tile[dims[last]]
        ones, others = int(spatial[dims[first]]), int(spatial[dims[last]])
        return _pair_offsets(one, ones, other, others)
    loops = np.empty((3, spatial.size), dtype=np.int64)
    for d in range(spatial.size):
        loops[0, d], loops[1, d], loops[2, d] = d, spatial[d], tile[d]
    return distinct_offsets(problem.axis_first[axis : axis + 2], dims, coefficients, loops)


@leaf
def least_share(problem: Problem, tensor: int, spatial: Integers) -> float:
    """Grouped share of a gap's words at least, whatever the tile: offsets along a window differ."""
    distinct, instances = 1.0, 1.0
    for d in range(spatial.size):
        instances *= spatial[d]
        if problem.single[tensor] >> d & 1:
            distinct *= spatial[d]
    for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
        if problem.axis_pair[axis, 0] != NEITHER:
            distinct *= _least_offsets(problem, axis, spatial)
    return float(distinct / instances)


@helper
def group_share(
    problem: Problem, gap: int, tensor: int, tile: Integers, spatial: Integers
) -> float:
    """Share of an array's words that travel once they are grouped: distinct over all instances.

    Where bounds do not divide, fewer instances have work at some steps: it is a bound then.
    """
    if not problem.grouped[gap, tensor]:
        return 1.0
    instances = 1
    distinct = 1
    for d in range(spatial.size):
        if spatial[d] > 1:
            instances *= spatial[d]
            if problem.single[tensor] >> d & 1:
                distinct *= spatial[d]
    if problem.joined[tensor] and instances > 1:
        for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
            if problem.axis_pair[axis, 0] != NEITHER:
                distinct *= _offsets_at(problem, axis, tile, spatial)
    return distinct / instances


@helper
def passed_energy(problem: Problem, tile: Integers, outer: Integers, inner: Integers) -> float:
    """What operands that pass the innermost memory cost above their least, at a tile.

    Sliding windows: which instances share a word depends on the tile.
    """
    memories, tensors = problem.keeps.shape
    innermost, gap = memories - 1, memories - 2
    steps, energy = 1.0, 0.0
    for size in problem.sizes:
        steps *= size
    shares = np.ones(memories)
    # The output's additions are cheaper the less it shares: its bound is at either end.
    for t in range(tensors - 1):
        passes = not problem.keeps[innermost, t] and problem.joined[t] != 0
        if passes and problem.grouped[gap, t]:
            parent = parent_of(problem, memories, t)
            if problem.fanout[innermost] > 1:
                shares[innermost] = mean_share(problem, innermost, t, np.ones_like(tile), inner)
            shares[gap] = group_share(problem, gap, t, tile, outer)
            energy += steps * word_price(problem, parent, memories, t, shares, gap)
            once = sent_once(problem, t, float(shares[innermost]))
            shares[gap] = max(least_share(problem, t, outer), once)
            energy -= steps * word_price(problem, parent, memories, t, shares, gap)
    return energy


@leaf
def sent_once(problem: Problem, tensor: int, inner: float) -> float:
    """Share of a gap's words that travel at least, if operands pass it: each word does once.

    Args:
        inner: The share of the gap inside.
    """
    steps = 1.0
    for size in problem.sizes:
        steps *= size
    # Rounding must not lift a bound above what it is a bound of.
    return float(problem.words[tensor] / (steps * inner) * (1.0 - 1e-12))


@helper
def mean_share(problem: Problem, gap: int, tensor: int, tile: Integers, spatial: Integers) -> float:
    """As `group_share`, over all steps: at the last piece of a dimension fewer share a word."""
    share = group_share(problem, gap, tensor, tile, spatial)
    if problem.uneven and problem.grouped[gap, tensor]:
        mask = problem.single[tensor] | problem.joined[tensor]
        for d in range(spatial.size):
            if spatial[d] > 1 and not mask >> d & 1:
                size = problem.sizes[d]
                union = min(tile[d] * spatial[d], size)
                share *= spatial[d] * -(-size // union) / -(-size // tile[d])
    return float(share)


@helper
def find_shares(problem: Problem, tiles: Integers, spatial: Integers, known: int) -> Floats:
    """Grouped share of each tensor and gap, `(T, L)`."""
    memories, tensors = problem.keeps.shape
    shares = np.ones((tensors, memories))
    inside = np.ones(problem.sizes.size, dtype=np.int64)
    for gap in range(known, memories):
        if problem.fanout[gap] == 1:
            continue
        for t in range(tensors):
            tile = tiles[gap + 1] if gap + 1 < memories else inside
            shares[t, gap] = group_share(problem, gap, t, tile, spatial[gap])
    return shares


@leaf
def touching_spatial(problem: Problem, spatial: Integers) -> int:
    """Instances of a gap that may touch the same output word, at most.

    Factors over dimensions that do not index the output, and over joined ones: neighbours along a
    sliding window overlap.
    """
    product = 1
    for d in range(spatial.size):
        if not problem.single[-1] >> d & 1:
            product *= spatial[d]
    return product


@helper
def first_words(
    problem: Problem, memory: int, tiles: Integers, spatial: Integers, known: int
) -> float:
    """Output words that the instances of a memory ever touch, each instance's own.

    Gaps outside `known` are undecided, and the result is then an upper bound; with `known` of 0 it
    is exact.
    """
    output = problem.bits.size - 1
    if known == 0 and problem.joined[output]:
        return _touched_words(problem, output, memory, tiles, spatial)
    words = problem.words[output]
    for gap in range(memory):
        if gap < known:
            words *= problem.fanout[gap]
        else:
            words *= touching_spatial(problem, spatial[gap])
    return words


@helper
def _touched_words(
    problem: Problem, tensor: int, memory: int, tiles: Integers, spatial: Integers
) -> float:
    """Words of a tensor with joined axes that all instances of a memory touch, each its own."""
    dims = problem.sizes.size
    loops = np.empty((3, dims * (memory + 1)), dtype=np.int64)
    instances = 1.0
    n = 0
    for level in range(memory + 1):
        for d in range(dims):
            stride, bound = 1, tiles[level, d]
            if level < memory:
                stride = tiles[level + 1, d] * spatial[level, d]
                bound = tiles[level, d] // stride
                instances *= spatial[level, d]
            loops[0, n], loops[1, n], loops[2, n] = d, bound, stride
            n += 1
    low, high = problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]
    return instances * distinct_offsets(
        problem.axis_first[low : high + 1], problem.term_dim, problem.term_coefficient, loops
    )


@leaf
def word_price(
    problem: Problem, parent: int, child: int, tensor: int, shares: Floats, known: int
) -> float:
    """Energy per word that an instance of `child` exchanges with `parent`; child L is compute.

    `shares[gap]` is the tensor's grouped share of each gap; a gap outside `known` is undecided and
    counts as grouped over its whole fan-out. First accumulations are subtracted elsewhere.
    """
    output = tensor == problem.bits.size - 1
    memories = problem.fanout.size
    share = 1.0
    total = 0.0
    back = 2.0 if output and child < memories else 1.0
    for gap in range(child - 1, parent - 1, -1):
        own = shares[gap] if gap >= known else 1.0 / problem.fanout[gap]
        # Partial sums that return are priced per child word on every array between.
        total += problem.delivery_pj[gap, tensor] * (share + back - 1.0)
        if output and problem.grouped[gap, tensor] and gap >= known:
            total += problem.reduction_pj[gap, tensor] * share * (1.0 - own)
        share *= own
    total += share * problem.read_pj[parent, tensor]
    if output:
        total += share * problem.update_pj[parent, tensor]
    if child < memories:
        total += problem.fill_pj[child, tensor]
    return total


@leaf
def first_price(problem: Problem, parent: int, child: int, tensor: int) -> float:
    """Energy per output word that its first arrival at `child` saves: no fill, no way back in."""
    total = problem.fill_pj[child, tensor]
    for gap in range(parent, child):
        total += problem.delivery_pj[gap, tensor]
    return total


@leaf
def first_saving(problem: Problem, memory: int) -> float:
    """Energy per output word that its first accumulation saves at `memory` and on its way there."""
    output = problem.bits.size - 1
    if not problem.keeps[memory, output]:
        return 0.0
    saved = problem.read_pj[memory, output]
    if memory > 0:
        saved += first_price(problem, parent_of(problem, memory, output), memory, output)
    return saved


@helper
def all_prices(problem: Problem, shares: Floats, known: int) -> Floats:
    """Energy per word exchanged with each child, `(L, T)`; 0 where it does not keep the tensor."""
    memories, tensors = problem.keeps.shape
    prices = np.zeros((memories, tensors))
    for child in range(1, memories):
        for t in range(tensors):
            if problem.keeps[child, t]:
                parent = parent_of(problem, child, t)
                prices[child, t] = word_price(problem, parent, child, t, shares[t], known)
    return prices


@helper
def base_energy(
    problem: Problem, tiles: Integers, spatial: Integers, shares: Floats, known: int
) -> float:
    """Energy of the steps, of their operands, and minus what first accumulations save.

    Gaps outside `known` are undecided; 0 means that the chain is complete and the value exact.
    """
    memories, tensors = problem.keeps.shape
    energy = problem.steps_pj
    steps = 1.0
    for size in problem.sizes:
        steps *= size
    for t in range(tensors):
        parent = parent_of(problem, memories, t)
        energy += steps * word_price(problem, parent, memories, t, shares[t], known)
    for memory in range(memories):
        saved = first_saving(problem, memory)
        if saved > 0.0:
            energy -= saved * first_words(problem, memory, tiles, spatial, known)
    return energy


@leaf
def first_tiles_energy(
    problem: Problem, tiles: Integers, spatial: Integers, prices: Floats, last_child: int
) -> float:
    """Energy of the first tile of every instance of the memories from 1 to `last_child`."""
    tensors = problem.bits.size
    energy = 0.0
    instances = 1.0
    for child in range(1, last_child + 1):
        for d in range(problem.sizes.size):
            instances *= spatial[child - 1, d]
        for t in range(tensors):
            if problem.keeps[child, t]:
                energy += instances * prices[child, t] * words_of(problem, t, tiles[child])
    return energy
