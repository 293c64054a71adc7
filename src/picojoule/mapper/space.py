"""Space: which mappings there are: factors, spatial choices and what each memory may keep."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.hardware import Accelerator, Array
from picojoule.mapper.constraints import Constraints, PartConstraints, Range
from picojoule.mapper.walk import (
    Integers,
    Problem,
    Stage,
    build_problem,
    stages_of,
)
from picojoule.workload import Operation, Tensor

Vector = tuple[int, ...]
Split = tuple[Vector, Vector]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Space:
    """All mappings of an operation on a chip that the constraints allow.

    Args:
        operation, stages: What is mapped, and the memories with the arrays below them.
        constraints: What the user allows.
        problem: The same as arrays, with everything kept that may be.
        table, counts: Divisors of each dimension, `(D, n)`, and how many, `(D,)`.
        products: Index of the product of two divisors, `(D, n, n)`, or -1.
        links: `(L, D, n, n)`: whether the loops of a memory over a dimension may run between its
            tile and the union inside, both as indices.
        vectors: Per gap, spatial factors with one split over its axes.
    """

    operation: Operation
    stages: tuple[Stage, ...]
    constraints: Constraints
    problem: Problem
    table: Integers
    counts: Integers
    products: Integers
    links: Flags
    vectors: tuple[dict[Vector, Split], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions in order."""
        return tuple(name for name, _ in self.operation.dims)

    def of(self, stage: int) -> PartConstraints:
        """The constraints of a stage's memory."""
        return self.constraints.of(self.stages[stage].memory.name)

    def of_array(self, stage: int) -> PartConstraints:
        """The constraints of a stage's array."""
        array = self.stages[stage].array
        return PartConstraints() if array is None else self.constraints.of(array.name)


def build_space(operation: Operation, accelerator: Accelerator, constraints: Constraints) -> Space:
    """Lay out the space of mappings of an operation on a chip."""
    stages = stages_of(accelerator)
    problem = build_problem(operation, accelerator)
    table, counts = divisor_table(problem.sizes)
    names = tuple(name for name, _ in operation.dims)
    before = np.zeros_like(problem.before)
    absorbs = problem.absorbs.copy()
    links = np.zeros((len(stages), len(names), table.shape[1], table.shape[1]), dtype=np.bool_)
    for n, stage in enumerate(stages):
        own = constraints.of(stage.memory.name)
        links[n] = _links(own.factors, names, table, counts)
        before[n] = _before(own.order, names)
        if own.factors or own.order:
            # Moving a factor into or out of these loops may be forbidden.
            absorbs[n] = False
            if n + 1 < len(stages):
                absorbs[n + 1] = False
        if own.tile:
            absorbs[n] = False
        if not stage.memory.holds:
            absorbs[n] = False
    return Space(
        operation=operation,
        stages=stages,
        constraints=constraints,
        problem=problem._replace(before=before, absorbs=absorbs),
        table=table,
        counts=counts,
        products=product_table(problem.sizes, table, counts),
        links=links,
        vectors=tuple(
            spatial_vectors(problem.sizes, names, stage.array, constraints) for stage in stages
        ),
    )


def _links(
    factors: Mapping[str, Range], names: tuple[str, ...], table: Integers, counts: Integers
) -> Flags:
    """Which loops a memory may have, `(D, tile, union)`: from one divisor to one that it is of."""
    links = np.zeros((len(names), table.shape[1], table.shape[1]), dtype=np.bool_)
    for d, name in enumerate(names):
        allowed = factors.get(name, Range())
        for i, j in itertools.product(range(counts[d]), repeat=2):
            bound, rest = divmod(int(table[d, i]), int(table[d, j]))
            links[d, i, j] = rest == 0 and bound in allowed
    return links


def _before(order: tuple[str, ...], names: tuple[str, ...]) -> Integers:
    """Per dimension, the mask of those whose loops must run inside its own."""
    masks = np.zeros(len(names), dtype=np.int64)
    for outer, inner in itertools.combinations([name for name in order if name in names], 2):
        masks[names.index(outer)] |= 1 << names.index(inner)
    return masks


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


def spatial_vectors(
    sizes: Integers, names: tuple[str, ...], array: Array | None, constraints: Constraints
) -> dict[Vector, Split]:
    """Spatial factors per dimension that fit an array, each with one split over its axes."""
    ones = (1,) * len(names)
    if array is None:
        return {ones: (ones, ones)}
    own = constraints.of(array.name)
    along_x = _allowed(axis_vectors(sizes, names, array.x, array.x_dims), names, own.x)
    along_y = _allowed(axis_vectors(sizes, names, array.y, array.y_dims), names, own.y)
    if not along_x or not along_y:
        return {}
    x, y = np.array(along_x)[:, None, :], np.array(along_y)[None, :, :]
    rows, columns = np.nonzero((sizes % (x * y) == 0).all(axis=2))
    totals = x[rows, 0] * y[0, columns]
    _, first = np.unique(totals, axis=0, return_index=True)
    return {
        tuple(totals[n].tolist()): (along_x[rows[n]], along_y[columns[n]]) for n in np.sort(first)
    }


def _allowed(
    vectors: list[Vector], names: tuple[str, ...], ranges: Mapping[str, Range]
) -> list[Vector]:
    """The choices along one axis whose factors lie in the ranges."""
    if not ranges:
        return vectors
    return [
        vector
        for vector in vectors
        if all(
            factor in ranges[name]
            for name, factor in zip(names, vector, strict=True)
            if name in ranges
        )
    ]


def keep_choices(space: Space) -> Iterator[Flags]:
    """Which tensors each memory keeps, `(L, T)`: all that the chip and the user allow.

    The outermost memory keeps everything. The first choice keeps all that may be kept.
    """
    tensors = space.operation.tensors
    options: list[tuple[bool, ...]] = []
    for n, stage in enumerate(space.stages):
        own = space.of(n)
        for tensor in tensors:
            may_keep = tensor.role in stage.memory.holds
            if n == 0 or (may_keep and _names(own.keep, tensor)):
                options.append((True,))
            elif not may_keep or _names(own.bypass, tensor):
                options.append((False,))
            else:
                options.append((True, False))
    for choice in itertools.product(*options):
        yield np.array(choice, dtype=np.bool_).reshape(len(space.stages), len(tensors))


def _names(names: tuple[str, ...], tensor: Tensor) -> bool:
    """Whether a tensor is named, by itself or by its role."""
    return tensor.name in names or tensor.role in names


def mapspace_size(space: Space) -> int:
    """Count the mappings of the space: factorisations, times loop orders, times what is kept.

    Every dimension is factorised over the memories and the array axes that it may be spread on;
    every memory's loops come in any order that is allowed. Mappings that do not fit are in the
    space: the search has to reject them too.
    """
    orders = math.prod(
        math.factorial(len(space.names)) // math.factorial(len(_known(space.of(n).order, space)))
        for n in range(len(space.stages))
        if space.stages[n].memory.holds
    )
    kept = math.prod(
        2
        for n, stage in enumerate(space.stages)
        for tensor in space.operation.tensors
        if n > 0
        and tensor.role in stage.memory.holds
        and not _names(space.of(n).keep, tensor)
        and not _names(space.of(n).bypass, tensor)
    )
    return kept * orders * math.prod(_tilings(space, d) for d in range(len(space.names)))


def _known(order: tuple[str, ...], space: Space) -> tuple[str, ...]:
    return tuple(name for name in order if name in space.names)


def _tilings(space: Space, dim: int) -> int:
    """Ways to factorise one dimension over all places, from the inside out."""
    name, size = space.operation.dims[dim]
    divisors = space.table[dim, : space.counts[dim]].tolist()
    ways = {1: 1}
    for n in reversed(range(len(space.stages))):
        memory, array = space.stages[n]
        on_array, own = space.of_array(n), space.of(n)
        places: list[Range] = []
        if array is not None:
            axes = ((array.x, array.x_dims, on_array.x), (array.y, array.y_dims, on_array.y))
            for length, allowed, ranges in axes:
                factors = ranges.get(name, Range())
                if length > 1 and (allowed is None or name in allowed):
                    places.append(factors)
                elif 1 not in factors:
                    return 0
        if memory.holds:
            places.append(own.factors.get(name, Range()))
        for place in places:
            ways = _extended(ways, divisors, place)
        tiles = own.tile.get(name, Range())
        ways = {tile: count for tile, count in ways.items() if tile in tiles}
    return ways.get(size, 0)


def _extended(ways: dict[int, int], divisors: list[int], factors: Range) -> dict[int, int]:
    """Ways to each tile after one more place takes any allowed factor."""
    found: dict[int, int] = {}
    for tile, count in ways.items():
        for larger in divisors:
            if larger % tile == 0 and larger // tile in factors:
                found[larger] = found.get(larger, 0) + count
    return found
