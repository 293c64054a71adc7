"""Space: the tiles and spatial factors a chain can be made of, each with a bound on its cost."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.hardware import Array
from picojoule.jit import helper
from picojoule.mapper.bounds import SLID, filling_terms, interface_bound, outermost_bound
from picojoule.mapper.objective import is_better
from picojoule.mapper.orders import order_energy
from picojoule.mapper.prices import all_prices, base_energy, first_tiles_energy
from picojoule.mapper.problem import Problem
from picojoule.mapper.tiles import find_shares, fits
from picojoule.mapper.timing import is_timed, least_crossings, least_cycles, own_crossings

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LARGEST_MEMO = 2**24
"""Unions whose bound is remembered, 8 bytes each."""


def divisor_table(sizes: Integers) -> tuple[Integers, Integers]:
    """Divisors of each dimension in rising order, `(D, most)`, and how many it has, `(D,)`."""
    divisors = [_divisors(int(size)) for size in sizes]
    table = np.zeros((len(divisors), max(map(len, divisors))), dtype=np.int64)
    for d, row in enumerate(divisors):
        table[d, : len(row)] = row
    return table, np.array([len(row) for row in divisors], dtype=np.int64)


def _divisors(size: int) -> list[int]:
    low = [n for n in range(1, math.isqrt(size) + 1) if size % n == 0]
    return low + [size // n for n in reversed(low) if n * n != size]


def axis_vectors(
    sizes: Integers, names: Sequence[str], limit: int, dims: tuple[str, ...] | None
) -> list[tuple[int, ...]]:
    """All ways to spread factors of the dimensions along one axis of an array."""
    vectors: list[tuple[int, ...]] = [()]
    for name, size in zip(names, sizes, strict=True):
        allowed = dims is None or name in dims
        factors = _divisors(int(size)) if allowed and limit > 1 else [1]
        vectors = [
            (*vector, factor)
            for vector in vectors
            for factor in factors
            if math.prod(vector) * factor <= limit
        ]
    return vectors


def spatial_vectors(
    sizes: Integers, names: Sequence[str], array: Array | None
) -> dict[tuple[int, ...], tuple[tuple[int, ...], tuple[int, ...]]]:
    """Spatial factors per dimension that fit an array, each with one split over its axes."""
    ones = (1,) * len(names)
    if array is None:
        return {ones: (ones, ones)}
    found: dict[tuple[int, ...], tuple[tuple[int, ...], tuple[int, ...]]] = {}
    along_y = axis_vectors(sizes, names, array.y, array.y_dims)
    for along_x in axis_vectors(sizes, names, array.x, array.x_dims):
        rest = tuple(int(size) // x for size, x in zip(sizes, along_x, strict=True))
        for y_vector in along_y:
            if all(r % y == 0 for r, y in zip(rest, y_vector, strict=True)):
                total = tuple(x * y for x, y in zip(along_x, y_vector, strict=True))
                found.setdefault(total, (along_x, y_vector))
    return found


@helper
def _advance(index: Integers, counts: Integers) -> bool:
    """Step a mixed-radix counter; False once it has wrapped."""
    for d in range(index.size - 1, -1, -1):
        index[d] += 1
        if index[d] < counts[d]:
            return True
        index[d] = 0
    return False


@helper
def all_tiles(problem: Problem, memory: int, table: Integers, counts: Integers) -> Integers:
    """Every tile that memory `memory` can hold, `(tile, D)`."""
    dims = counts.size
    capacity = 1024
    tiles = np.empty((capacity, dims), dtype=np.int64)
    index = np.zeros(dims, dtype=np.int64)
    tile = np.empty(dims, dtype=np.int64)
    count = 0
    running = True
    while running:
        for d in range(dims):
            tile[d] = table[d, index[d]]
        if fits(problem, memory, tile):
            if count == capacity:
                grown = np.empty((2 * capacity, dims), dtype=np.int64)
                grown[:capacity] = tiles
                tiles, capacity = grown, 2 * capacity
            tiles[count] = tile
            count += 1
            running = _advance(index, counts)
        else:
            # Larger factors of the last dimensions do not fit either: skip to the next carry.
            last = dims - 1
            while last >= 0 and index[last] == 0:
                last -= 1
            if last < 0:
                break
            for d in range(last, dims):
                index[d] = 0
            running = last > 0 and _advance(index[:last], counts[:last])
    return tiles[:count].copy()


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
    exact: bool,
) -> tuple[float, float]:
    """Least energy that a choice of tile and gaps adds to any chain.

    Args:
        tile: Of `memory`.
        outer: Spatial factors of the gap outside it.
        inner: Spatial factors of the gap inside it, when it is the innermost memory.
        tiles, spatial: Scratch space, `(L, D)`; gaps that are not decided hold ones.
        terms: Filled by `filling_terms`.
        exact: Whether memory 1 is bounded by the best order of the loops outside it.

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
    elif exact:
        prices = all_prices(problem, shares, 0)
        scratch = np.empty(problem.sizes.size, dtype=np.int64)
        filling = order_energy(problem, 0, tiles, spatial, prices, 1, scratch)
        filling += first_tiles_energy(problem, tiles, spatial, prices, 1)
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


def product_table(sizes: Integers, table: Integers, counts: Integers) -> Integers:
    """Index of the product of two divisors, `(D, i, j)`, or -1 where it does not divide."""
    most = table.shape[1]
    products = np.full((len(sizes), most, most), -1, dtype=np.int64)
    for d, count in enumerate(counts):
        index = {int(divisor): n for n, divisor in enumerate(table[d, :count])}
        for i in range(count):
            for j in range(count):
                products[d, i, j] = index.get(int(table[d, i]) * int(table[d, j]), -1)
    return products


@helper
def indices_of(vectors: Integers, table: Integers) -> Integers:
    """Divisor indices of each vector, `(vector, D)`."""
    indices = np.empty_like(vectors)
    for row in range(vectors.shape[0]):
        for d in range(vectors.shape[1]):
            n = 0
            while table[d, n] != vectors[row, d]:
                n += 1
            indices[row, d] = n
    return indices


@helper
def _gap_bounds(
    problem: Problem, memory: int, outer_vectors: Integers, inner: Integers
) -> tuple[Floats, Floats]:
    """Per choice of the outer gap: base energy at least, and least compute cycles."""
    memories, dims = problem.keeps.shape[0], problem.sizes.size
    energies = np.zeros(outer_vectors.shape[0])
    cycles = np.zeros(outer_vectors.shape[0])
    if memory < memories - 1:
        return energies, cycles
    tiles = np.ones((memories, dims), dtype=np.int64)
    spatial = np.ones((memories, dims), dtype=np.int64)
    spatial[memory] = inner
    known = max(memory - 1, 0)
    if problem.joined[-1]:
        known = max(known, 1)
    for o in range(outer_vectors.shape[0]):
        instances = 1
        if memory > 0:
            spatial[memory - 1] = outer_vectors[o]
            for d in range(dims):
                instances *= outer_vectors[o, d]
        shares = find_shares(problem, tiles, spatial, min(known, memories))
        for t in range(problem.bits.size):
            if memory > 0 and problem.joined[t]:
                # The share of a sliding window depends on the tile: not more than all alike.
                shares[t, memory - 1] = 1.0 / instances
        cycles[o] = _least_cycles(problem, memory, spatial)
        energies[o] = base_energy(problem, tiles, spatial, shares, known)
        energies[o] += problem.leakage_pj_per_cycle * cycles[o]
    return energies, cycles


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
    exact: bool,
) -> tuple[Integers, Floats, Floats, Floats]:
    """Every (tile, outer gap, inner gap) of one memory whose bound leaves room to beat `best`.

    Args:
        others_pj: The least that the parts of the other memories add.
        table, products: From `divisor_table` and `product_table`.
        floor: Bits that the parts of the other memories move over the ports at least, `(L, 3)`.
        exact: See `part_bound`.

    Returns:
        Parts `(part, 3, D)`: tile, outer and inner factors; `(part, 4)`: the bound, what filling
        this memory adds to it, the least compute cycles, and the least cycles of any chain;
        its `filling_terms`; and
        `(part, L, 3)`: bits that cross the ports of memories 0 and 1 at least, for memory 1 alone.
    """
    memories, dims = problem.keeps.shape[0], problem.sizes.size
    capacity = 1024
    parts = np.empty((capacity, 3, dims), dtype=np.int64)
    values = np.empty((capacity, 4))
    columns = SLID + dims
    details = np.zeros((capacity, problem.bits.size, columns))
    terms = np.zeros((problem.bits.size, columns))
    crossings = np.zeros((capacity, memories, 3))
    tiles = np.ones((memories, dims), dtype=np.int64)
    tiles[0] = problem.sizes
    spatial = np.ones((memories, dims), dtype=np.int64)
    tile_indices = indices_of(tiles_held, table)
    outer_indices = indices_of(outer_vectors, table)
    radix = np.ones(dims + 1, dtype=np.int64)
    for d in range(dims):
        most = 0
        while most < table.shape[1] and table[d, most] > 0:
            most += 1
        radix[d + 1] = radix[d] * most
    timed = memory == memories - 1 and is_timed(problem, objective)
    unions = np.full(min(radix[dims], LARGEST_MEMO), -1.0)
    union = np.empty(dims, dtype=np.int64)
    count = 0
    for i in range(inner_vectors.shape[0]):
        inner = inner_vectors[i]
        gap_pj, gap_cycles = _gap_bounds(problem, memory, outer_vectors, inner)
        gap_least = gap_cycles.copy()
        if timed:
            for o in range(gap_least.size):
                if memory > 0:
                    spatial[memory - 1] = outer_vectors[o]
                gap_least[o] = least_cycles(
                    problem, gap_cycles[o], floor, spatial, max(memory - 1, 0)
                )
        for row in range(tiles_held.shape[0]):
            tile = tiles_held[row]
            if not _divides(inner, tile):
                continue
            for o in range(outer_vectors.shape[0]):
                code = 0
                for d in range(dims):
                    index = products[d, tile_indices[row, d], outer_indices[o, d]]
                    if index < 0:
                        code = -1
                        break
                    code += index * radix[d]
                if code < 0:
                    continue
                if code < unions.size:
                    if unions[code] < 0.0:
                        for d in range(dims):
                            union[d] = tile[d] * outer_vectors[o, d]
                        unions[code] = _union_bound(problem, memory, union)
                    rough = unions[code] + gap_pj[o] + others_pj
                    if not is_better(objective, rough, gap_least[o], best):
                        continue
                outer = outer_vectors[o]
                bound, least = 0.0, gap_least[o]
                for careful in (False, True):
                    if careful and not (exact and memory == 1):
                        continue
                    bound, filling = part_bound(
                        problem, memory, tile, outer, inner, tiles, spatial, terms, careful
                    )
                    if timed and memory > 0:
                        crossing = own_crossings(problem, memory, terms, floor)
                        least = least_cycles(problem, gap_cycles[o], crossing, spatial, memory - 1)
                    if not is_better(objective, bound + others_pj, least, best):
                        bound = np.inf
                        break
                if bound == np.inf:
                    continue
                if count == capacity:
                    grown = np.empty((2 * capacity, 3, dims), dtype=np.int64)
                    grown[:capacity] = parts
                    grown_values = np.empty((2 * capacity, 4))
                    grown_values[:capacity] = values
                    grown_details = np.zeros((2 * capacity, problem.bits.size, columns))
                    grown_details[:capacity] = details
                    grown_crossings = np.zeros((2 * capacity, memories, 3))
                    grown_crossings[:capacity] = crossings
                    parts, values, details = grown, grown_values, grown_details
                    crossings = grown_crossings
                    capacity *= 2
                parts[count, 0], parts[count, 1], parts[count, 2] = tile, outer, inner
                values[count, 0] = bound
                values[count, 1] = filling
                details[count] = terms
                if memory == 1 and is_timed(problem, objective):
                    least_crossings(problem, tiles, spatial, crossings[count])
                values[count, 2] = gap_cycles[o]
                values[count, 3] = least
                count += 1
    return (
        parts[:count].copy(),
        values[:count].copy(),
        details[:count].copy(),
        crossings[:count].copy(),
    )


@helper
def _divides(factors: Integers, numbers: Integers) -> bool:
    """Whether every factor divides its number."""
    remainders = 0
    for d in range(factors.size):
        remainders += numbers[d] % factors[d]
    return remainders == 0
