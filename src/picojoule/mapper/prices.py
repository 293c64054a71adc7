"""Prices: what a word costs along a tensor's chain of memories, and what no order changes."""

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper
from picojoule.mapper.problem import Problem
from picojoule.mapper.tiles import first_words, parent_of, words_of

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@helper
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


@helper
def first_price(problem: Problem, parent: int, child: int, tensor: int) -> float:
    """Energy per output word that its first arrival at `child` saves: no fill, no way back in."""
    total = problem.fill_pj[child, tensor]
    for gap in range(parent, child):
        total += problem.delivery_pj[gap, tensor]
    return total


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
    output = tensors - 1
    for memory in range(memories):
        if problem.keeps[memory, output]:
            saved = problem.read_pj[memory, output]
            if memory > 0:
                saved += first_price(problem, parent_of(problem, memory, output), memory, output)
            if saved > 0.0:
                energy -= saved * first_words(problem, memory, tiles, spatial, known)
    return energy


@helper
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
