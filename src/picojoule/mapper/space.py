"""Space: which mappings there are: factors, spatial choices and what each memory may keep."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from picojoule.hardware import Accelerator, Array
from picojoule.mapper.constraints import (
    Constraints,
    Order,
    PartConstraints,
    Range,
    count_orders,
    inner_dims,
)
from picojoule.mapper.factors import (
    Cuts,
    Split,
    Spreads,
    cut_shares,
    cuts_of,
    has_one_array,
    product_table,
    spreads_of,
    uneven_dims,
)
from picojoule.mapper.model import (
    Integers,
    Problem,
    Stage,
    axis_tables,
    build_problem,
    next_cuts,
    stages_of,
)
from picojoule.workload import Operation, Tensor

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Space:
    """All mappings of an operation on a chip that the constraints allow.

    Args:
        operation, stages: What is mapped, and the memories with the arrays below them.
        constraints: What the user allows.
        problem: The same as arrays, with everything kept that may be.
        cuts: The tiles that each dimension may have.
        products: Index of what the instances of a factor hold together, `(D, tile, factor)`, or -1.
        links: `(L, D, n, n)`: whether the loops of a memory over a dimension may run between its
            tile and the union inside, both as indices.
        reached: `(L, D, n)`: which tiles of a dimension a memory may have, given what is inside.
        spreads: Per gap, the choices of spatial factors.
    """

    operation: Operation
    stages: tuple[Stage, ...]
    constraints: Constraints
    problem: Problem
    cuts: Cuts
    products: Integers
    links: Flags
    reached: Flags
    spreads: tuple[Spreads, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions in order."""
        return tuple(name for name, _ in self.operation.dims)

    def split(self, stage: int, factors: Integers, tile: Integers) -> Split:
        """How an array's axes share the factors of a gap, around a tile."""
        spread, dims = self.spreads[stage], np.arange(len(tile))
        inside = [self.cuts.tiles(d).index(size) for d, size in enumerate(tile.tolist())]
        fits = self.products[dims, inside, spread.indices] >= 0
        rows = np.flatnonzero((fits & (spread.factors == factors)).all(axis=1))
        return spread.splits[rows[0]]

    def of(self, stage: int) -> PartConstraints:
        """The constraints of a stage's memory."""
        return self.constraints.of(self.stages[stage].memory.name)

    def of_array(self, stage: int) -> PartConstraints:
        """The constraints of a stage's array."""
        array = self.stages[stage].array
        return PartConstraints() if array is None else self.constraints.of(array.name)


def build_space(
    operation: Operation,
    accelerator: Accelerator,
    constraints: Constraints,
    *,
    imperfect: bool = False,
) -> Space:
    """Lay out the space of mappings of an operation on a chip.

    Args:
        operation, accelerator, constraints: What is mapped, and how it may be.
        imperfect: Whether the outermost loop over a dimension may leave less to its last iteration.
    """
    stages = stages_of(accelerator)
    problem = build_problem(operation, accelerator)
    # Where an output slides, which of its words are new is not told by the size of a piece.
    uneven = uneven_dims(problem.sizes) & ~int(problem.joined[-1]) if imperfect else 0
    cuts = cuts_of(problem.sizes, uneven)
    problem = _with_cuts(problem, cuts)
    names = tuple(name for name, _ in operation.dims)
    before = np.zeros_like(problem.before)
    absorbs = problem.absorbs.copy()
    most = cuts.table.shape[1]
    links = np.zeros((len(stages), len(names), most, most), dtype=np.bool_)
    for n, stage in enumerate(stages):
        own = constraints.of(stage.memory.name)
        links[n] = _links(own.factors, names, cuts)
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
    sliced = _sliced(problem, stages, constraints)
    for n in range(1, len(stages)):
        for d in range(len(names)):
            if sliced >> d & 1 and not _is_inside_only_array(stages, n):
                links[n, d] &= np.eye(most, dtype=np.bool_)
    arrays = [stage.array for stage in stages]
    spreads, codes = spreads_of(cuts, names, arrays, constraints, sliced)
    products = product_table(cuts, codes)
    return Space(
        operation=operation,
        stages=stages,
        constraints=constraints,
        problem=problem._replace(
            before=before,
            absorbs=absorbs,
            sliced=sliced,
            mirror=problem.mirror if constraints.parts else _mirror_of(operation, stages),
        ),
        cuts=cuts,
        products=products,
        links=links,
        reached=_reached(stages, constraints, names, cuts, products, links, spreads),
        spreads=spreads,
    )


def _reached(
    stages: Sequence[Stage],
    constraints: Constraints,
    names: tuple[str, ...],
    cuts: Cuts,
    products: Integers,
    links: Flags,
    spreads: Sequence[Spreads],
) -> Flags:
    """Which tiles of each dimension a memory may have, `(L, D, n)`, from the inside out."""
    reached = np.zeros((len(stages), *cuts.table.shape), dtype=np.bool_)
    for d, name in enumerate(names):
        tiles = np.array([0])
        for n in reversed(range(len(stages))):
            codes, unions = np.zeros((2, max(products.shape[1:])), dtype=np.bool_)
            codes[spreads[n].indices[:, d]] = True
            found = products[d, tiles][:, np.flatnonzero(codes)]
            unions[found[found >= 0]] = True
            reached[n, d] = links[n, d][:, np.flatnonzero(unions)].any(axis=1)
            ranges = constraints.of(stages[n].memory.name).tile
            if name in ranges:
                reached[n, d] &= [int(tile) in ranges[name] for tile in cuts.table[d]]
            tiles = np.flatnonzero(reached[n, d])
    return reached


def _sliced(problem: Problem, stages: Sequence[Stage], constraints: Constraints) -> int:
    """Mask of the dimensions that need loops in time at memory 0 only.

    What indexes every tensor, alone on an axis, cuts the operation into slices that share no word.
    One slice after the other moves no more than any mixture, and takes as long. Constraints may
    want another mapping. What several arrays hold together of an uneven dimension need not be a
    tile once there is less between them.
    """
    own = [constraints.of(stage.memory.name) for stage in stages]
    if constraints.limits.has_ratio or any(one.factors or one.tile or one.order for one in own):
        return 0
    sliced = int(np.bitwise_and.reduce(problem.single))
    return sliced if has_one_array(stage.array for stage in stages) else sliced & ~problem.uneven


def _is_inside_only_array(stages: Sequence[Stage], memory: int) -> bool:
    """Whether a memory stands inside the only array of several instances.

    If these have all iterations of a slice's dimension unevenly, each may have several.
    """
    arrays = [stage.array for stage in stages]
    outside = [array for array in arrays[:memory] if array is not None and array.size > 1]
    return len(outside) == 1 and has_one_array(arrays)


def _mirror_of(operation: Operation, stages: Sequence[Stage]) -> Integers:
    """Dimensions exchanged by which neither the operation nor a chip's arrays change, `(D,)`.

    So P with Q and R with S, where maps and filters are square.
    """
    names = [name for name, _ in operation.dims]
    same = np.arange(len(names))
    pairs = [
        (a, b)
        for a, b in itertools.combinations(range(len(names)), 2)
        if operation.dims[a][1] == operation.dims[b][1] > 1
    ]
    for chosen in itertools.chain(
        itertools.combinations(pairs, 1), itertools.combinations(pairs, 2)
    ):
        exchanged = same.copy()
        for a, b in chosen:
            exchanged[a], exchanged[b] = exchanged[b], exchanged[a]
        disjoint = (exchanged[exchanged] == same).all()
        images = dict(zip(names, exchanged.tolist(), strict=True))
        if disjoint and _is_mirror(operation, stages, images):
            return exchanged
    return same


def _is_mirror(operation: Operation, stages: Sequence[Stage], images: Mapping[str, int]) -> bool:
    """Whether nothing changes when each dimension takes the place of its image."""
    names, sizes = [name for name, _ in operation.dims], operation.sizes
    for tensor in operation.tensors:
        axes = [[term for term in axis.terms if sizes[term.dim] > 1] for axis in tensor.axes]
        own = sorted(sorted((term.coefficient, term.dim) for term in axis) for axis in axes)
        image = sorted(
            sorted((term.coefficient, names[images[term.dim]]) for term in axis) for axis in axes
        )
        if own != image:
            return False
    return all(
        dims is None or (name in dims) == (names[images[name]] in dims)
        for _, array in stages
        if array is not None
        for dims in (array.x_dims, array.y_dims)
        for name in names
    )


def _with_cuts(problem: Problem, cuts: Cuts) -> Problem:
    """The problem, with what is known of pieces that are not all equal."""
    problem = problem._replace(
        tiles=cuts.table, tile_counts=cuts.counts, uneven=cuts.uneven, cut_shares=cut_shares(cuts)
    )
    return problem._replace(axis_tables=axis_tables(problem), next_cuts=next_cuts(problem))


def _links(factors: Mapping[str, Range], names: tuple[str, ...], cuts: Cuts) -> Flags:
    """Which loops a memory may have, `(D, tile, union)`: from one tile to one that it is cut to."""
    most = cuts.table.shape[1]
    links = np.zeros((len(names), most, most), dtype=np.bool_)
    for d, name in enumerate(names):
        count = int(cuts.counts[d])
        links[d, :count, :count] = _cut_by(cuts, d, factors.get(name, Range()))
    return links


def _before(order: Order, names: tuple[str, ...]) -> Integers:
    """Per dimension, the mask of those whose loops must run inside its own."""
    masks = np.zeros(len(names), dtype=np.int64)
    for outer, inner in inner_dims(order).items():
        if outer in names:
            masks[names.index(outer)] = sum(1 << names.index(dim) for dim in inner & set(names))
    return masks


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
        count_orders(space.names, space.of(n).order)
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


def _tilings(space: Space, dim: int) -> int:
    """Ways to factorise one dimension over all places, from the inside out."""
    name = space.names[dim]
    count = int(space.cuts.counts[dim])
    tiles = space.cuts.table[dim, :count]
    # As objects: the ways may be more than a machine's integer holds.
    ways: NDArray[Any] = np.array([1] + [0] * (count - 1), dtype=object)
    for n in reversed(range(len(space.stages))):
        memory, array = space.stages[n]
        if array is not None:
            ways = _spread(ways, space, dim, array, space.of_array(n))
        if memory.holds:
            factors = space.of(n).factors.get(name, Range())
            ways = _cut_by(space.cuts, dim, factors) @ ways
        ranges = space.of(n).tile
        if name in ranges:
            ways = ways * np.array([int(tile) in ranges[name] for tile in tiles], dtype=object)
    return int(ways[-1])


def _spread(
    ways: NDArray[Any], space: Space, dim: int, array: Array, own: PartConstraints
) -> NDArray[Any]:
    """Ways to what the instances of an array hold together, after both axes took any factors."""
    name = space.names[dim]
    axes = ((array.y, array.y_dims, own.y), (array.x, array.x_dims, own.x))
    allowed: list[Range | None] = []
    for length, dims, ranges in axes:
        factors = ranges.get(name, Range())
        free = length > 1 and (dims is None or name in dims)
        allowed.append(factors if free else Range(1, 1) if 1 in factors else None)
    along_y, along_x = (_cut_by(space.cuts, dim, factors) for factors in allowed)
    if has_one_array(stage.array for stage in space.stages):
        return along_x @ (along_y @ ways)
    # What one axis has cut, the other one divides.
    tiles = space.cuts.table[dim, : len(ways)]
    kept = along_y.diagonal()
    cut = along_y & ~np.eye(len(ways), dtype=np.bool_)
    divides = tiles[:, None] % tiles == 0
    return along_x @ (kept * ways) + (along_x & divides) @ (cut @ ways)


def _cut_by(cuts: Cuts, dim: int, factors: Range | None) -> Flags:
    """Whether an allowed factor, if any is, cuts a tile to another one, `(tile, inside)`."""
    tiles = cuts.table[dim, : cuts.counts[dim]]
    larger, inside = tiles[:, None], tiles[None, :]
    is_cut = (larger % inside == 0) | ((larger == cuts.sizes[dim]) & (larger >= inside))
    if factors is None:
        return np.zeros_like(is_cut)
    bounds = -(-larger // inside)
    is_cut &= bounds >= factors.least
    return is_cut if factors.most is None else is_cut & (bounds <= factors.most)
