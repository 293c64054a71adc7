"""Factors: how each dimension splits, over tiles that a memory holds and axes of an array."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, inlined
from picojoule.mapper.walk.problem import Problem
from picojoule.mapper.walk.tiles import fits

Integers = NDArray[np.int64]
Bits = NDArray[np.uint64]


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


def axis_vectors(
    sizes: Integers, names: Sequence[str], limit: int, dims: tuple[str, ...] | None
) -> list[tuple[int, ...]]:
    """All ways to spread factors of the dimensions along one axis of an array."""
    vectors: list[tuple[tuple[int, ...], int]] = [((), 1)]
    for name, size in zip(names, sizes, strict=True):
        allowed = dims is None or name in dims
        factors = _divisors(int(size)) if allowed and limit > 1 else [1]
        vectors = [
            ((*vector, factor), product * factor)
            for vector, product in vectors
            for factor in factors
            if product * factor <= limit
        ]
    return [vector for vector, _ in vectors]


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
def allowed_bits(indices: Integers, allowed: NDArray[np.bool_]) -> Bits:
    """For each index outside, the rows that go with it: one bit each, `(D, n, word)`.

    Args:
        indices: Of every row, `(row, D)`.
        allowed: Which row index goes with which index outside, `(D, outside, row index)`.
    """
    rows, dims = indices.shape
    most = allowed.shape[1]
    bits = np.zeros((dims, most, (rows + 63) // 64), dtype=np.uint64)
    for row in range(rows):
        bit = np.uint64(1) << np.uint64(row % 64)
        for d in range(dims):
            for n in range(most):
                if allowed[d, n, indices[row, d]]:
                    bits[d, n, row // 64] |= bit
    return bits


@helper
def count_bits(word: int) -> int:
    """How many bits are set."""
    count = 0
    while word:
        word &= word - np.uint64(1)
        count += 1
    return count


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
    """Every tile that memory `memory` can hold, as indices into `table`, `(tile, D)`."""
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
            tiles[count] = index
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
