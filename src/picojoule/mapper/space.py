"""Space: the parts that a chain can be made of, each with a bound on its cost."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper
from picojoule.mapper.bounds import SLID, filling_terms, interface_bound, outermost_bound
from picojoule.mapper.factors import code_places, indices_of, union_code
from picojoule.mapper.problem import Problem, is_better
from picojoule.mapper.tiles import base_energy, find_shares
from picojoule.mapper.timing import is_timed, least_crossings, least_cycles, own_crossings

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LARGEST_MEMO = 2**24
"""Unions whose bound is remembered, 8 bytes each."""


@helper
def part_bound(
    problem: Problem,
    memory: int,
    tile: Integers,
    outer: Integers,
    inner: Integers,
    tiles: Integers,
    spatial: Integers,
    terms: Floats,
) -> tuple[float, float]:
    """Least energy that a choice of tile and gaps adds to any chain.

    Args:
        tile: Of `memory`.
        outer: Spatial factors of the gap outside it.
        inner: Spatial factors of the gap inside it, when it is the innermost memory.
        tiles, spatial: Scratch space, `(L, D)`; gaps that are not decided hold ones.
        terms: Filled by `filling_terms`.

    Returns:
        The bound, and the part of it that filling this memory adds.
    """
    memories = problem.keeps.shape[0]
    tiles[memory] = tile
    energy = 0.0
    if memory == memories - 1:
        spatial[memory] = inner
        if memory > 0:
            spatial[memory - 1] = outer
        known = max(memory - 1, 0)
        shares = find_shares(problem, tiles, spatial, known)
        energy += base_energy(problem, tiles, spatial, shares, known)
        energy += problem.leakage_pj_per_cycle * _least_cycles(problem, memory, spatial)
    else:
        spatial[memory - 1] = outer
        shares = find_shares(problem, tiles, spatial, memory - 1)
    if memory == 0:
        return energy, 0.0
    filling_terms(problem, memory, tile, outer, shares, terms)
    if memory > 1:
        filling = interface_bound(problem, memory, tile, outer, terms)
    else:
        filling = outermost_bound(problem, tile, outer, terms)
    return energy + filling, filling


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
def _gap_bounds(
    problem: Problem, memory: int, outer_vectors: Integers, inner: Integers, floor: Floats
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
    for o in range(outer_vectors.shape[0]):
        if memory > 0:
            spatial[memory - 1] = outer_vectors[o]
        shares = find_shares(problem, tiles, spatial, known)
        for t in range(problem.bits.size):
            if memory > 0 and problem.joined[t]:
                # The share of a sliding window depends on the tile: at least as if all were alike.
                shares[t, memory - 1] = 1.0 / np.prod(outer_vectors[o])
        gaps[o, 1] = _least_cycles(problem, memory, spatial)
        gaps[o, 2] = least_cycles(problem, gaps[o, 1], floor, spatial, inside)
        gaps[o, 0] = base_energy(problem, tiles, spatial, shares, known)
        if memory > 0 and problem.joined[-1]:
            # Fewer words on the way out are more additions: the least lies at one end.
            shares[-1, memory - 1] = 1.0
            apart = base_energy(problem, tiles, spatial, shares, known)
            gaps[o, 0] = min(gaps[o, 0], apart)
        gaps[o, 0] += problem.leakage_pj_per_cycle * gaps[o, 1]
    return gaps


@helper
def least_base(problem: Problem) -> float:
    """`base_energy` at least, of any chain; savings of first accumulations may make it negative."""
    memories, tensors = problem.keeps.shape
    ones = np.ones((memories, problem.sizes.size), dtype=np.int64)
    return base_energy(problem, ones, ones, np.ones((tensors, memories)), memories)


@helper
def _union_bound(problem: Problem, memory: int, union: Integers) -> float:
    """Least energy of filling a memory when all instances of its gap together hold `union`."""
    if memory == 0:
        return 0.0
    memories, tensors = problem.keeps.shape
    shares = np.ones((tensors, memories))
    ones = np.ones(problem.sizes.size, dtype=np.int64)
    terms = np.empty((tensors, SLID + ones.size))
    filling_terms(problem, memory, union, ones, shares, terms)
    return interface_bound(problem, memory, union, ones, terms)


@helper
def _doubled(rows: NDArray[Any]) -> NDArray[Any]:
    """The same rows with as many empty ones after them."""
    return np.concatenate((rows, np.zeros_like(rows)))


@helper
def all_parts(
    problem: Problem,
    memory: int,
    tiles_held: Integers,
    outer_vectors: Integers,
    inner_vectors: Integers,
    objective: int,
    others_pj: float,
    best: Floats,
    table: Integers,
    products: Integers,
    floor: Floats,
) -> tuple[Integers, Floats, Floats, Floats]:
    """Every (tile, outer gap, inner gap) of one memory whose bound leaves room to beat `best`.

    Args:
        others_pj: The least that the parts of the other memories add.
        table, products: From `divisor_table` and `product_table`.
        floor: Bits that the parts of the other memories move over the ports at least, `(L, 3)`.

    Returns:
        Parts `(part, 3, D)`: tile, outer and inner factors; `(part, 4)`: the bound, what filling
        this memory adds to it, the least compute cycles, and the least cycles of any chain; its
        `filling_terms`; and, of memory 1, its `least_crossings`.
    """
    memories, dims = problem.keeps.shape[0], problem.sizes.size
    parts = np.zeros((1024, 3, dims), dtype=np.int64)
    values = np.zeros((1024, 4))
    details = np.zeros((1024, problem.bits.size, SLID + dims))
    crossings = np.zeros((1024, memories, 3))
    tiles = np.ones((memories, dims), dtype=np.int64)
    tiles[0] = problem.sizes
    spatial = np.ones((memories, dims), dtype=np.int64)
    tile_indices, outer_indices = indices_of(tiles_held, table), indices_of(outer_vectors, table)
    places = code_places(table)
    unions = np.full(min(places[dims], LARGEST_MEMO), -1.0)
    count = 0
    for inner in inner_vectors:
        gaps = _gap_bounds(problem, memory, outer_vectors, inner, floor)
        for row in range(tiles_held.shape[0]):
            tile = tiles_held[row]
            if not _divides(inner, tile):
                continue
            for o in range(outer_vectors.shape[0]):
                code = union_code(tile_indices[row], outer_indices[o], products, places)
                if code < 0:
                    continue
                if code < unions.size:
                    if unions[code] < 0.0:
                        unions[code] = _union_bound(problem, memory, tile * outer_vectors[o])
                    rough = unions[code] + gaps[o, 0] + others_pj
                    if not is_better(objective, rough, gaps[o, 2], best):
                        continue
                if count == len(parts):
                    parts, values = _doubled(parts), _doubled(values)
                    details, crossings = _doubled(details), _doubled(crossings)
                parts[count, 0], parts[count, 1], parts[count, 2] = tile, outer_vectors[o], inner
                values[count, 2], values[count, 3] = gaps[o, 1], gaps[o, 2]
                if _bound_part(
                    problem,
                    memory,
                    objective,
                    parts[count],
                    values[count],
                    details[count],
                    crossings[count],
                    tiles,
                    spatial,
                    others_pj,
                    floor,
                    best,
                ):
                    count += 1
    return parts[:count], values[:count], details[:count], crossings[:count]


@helper
def _bound_part(
    problem: Problem,
    memory: int,
    objective: int,
    part: Integers,
    values: Floats,
    terms: Floats,
    crossings: Floats,
    tiles: Integers,
    spatial: Integers,
    others_pj: float,
    floor: Floats,
    best: Floats,
) -> bool:
    """Fill in the values of one part, see `all_parts`; False once they leave no room."""
    innermost = memory == problem.keeps.shape[0] - 1
    timed = is_timed(problem, objective)
    values[0], values[1] = part_bound(
        problem, memory, part[0], part[1], part[2], tiles, spatial, terms
    )
    if timed and innermost and memory > 0:
        total = own_crossings(problem, memory, terms, floor)
        values[3] = least_cycles(problem, values[2], total, spatial, memory - 1)
    if not is_better(objective, values[0] + others_pj, values[3], best):
        return False
    if memory == 1 and timed:
        least_crossings(problem, tiles, spatial, crossings)
    return True


@helper
def _divides(factors: Integers, numbers: Integers) -> bool:
    """Whether every factor divides its number."""
    remainders = 0
    for d in range(factors.size):
        remainders += numbers[d] % factors[d]
    return remainders == 0
