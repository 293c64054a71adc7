"""Small mapping problems, all their mappings, and what constraints mean for one of them.

Nothing here knows how the mapper searches: mappings are listed place by place, each is counted and
priced by the closed form, and a constraint is a question asked of a finished nest.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from picojoule.cost import Costs, count, price
from picojoule.errors import PicojouleError, Unsupported
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapper import Constraints, Limits, PartConstraints, Range
from picojoule.mapping import AxisName, Level, Loop, Nest, validate
from picojoule.workload import Operation, Tensor

Place = tuple[int, AxisName | None]


@dataclass(frozen=True, slots=True)
class Mapping:
    """A legal nest and what it costs."""

    nest: Nest
    costs: Costs


@dataclass(frozen=True, slots=True)
class Problem:
    """An operation, a chip, and every legal mapping."""

    operation: Operation
    chip: Accelerator
    mappings: tuple[Mapping, ...]

    def allowed(self, constraints: Constraints) -> list[Mapping]:
        """The mappings that obey constraints and keep limits."""
        return [
            one
            for one in self.mappings
            if obeys(self.operation, self.chip, constraints, one.nest)
            and keeps_limits(constraints.limits, one.costs)
        ]


def places_of(chip: Accelerator) -> list[Place]:
    """Where loops may stand: at each memory, and along each axis of an array."""
    places: list[Place] = []
    for n, part in enumerate(chip.parts[:-1]):
        if isinstance(part, Memory):
            places.append((n, None))
        elif isinstance(part, Array):
            places += [(n, "x"), (n, "y")]
    return places


def _may_stand(chip: Accelerator, place: Place, dim: str, bound: int) -> bool:
    array = chip.parts[place[0]]
    if bound == 1 or not isinstance(array, Array):
        return True
    size, dims = (array.x, array.x_dims) if place[1] == "x" else (array.y, array.y_dims)
    return size > 1 and (dims is None or dim in dims)


def _factorisations(size: int, places: int, uneven: bool) -> Iterator[tuple[int, ...]]:
    """All bounds that leave single iterations; the first above 1 may leave less to its last."""
    if places == 1:
        yield (size,)
        return
    for first in range(1, size + 1):
        piece = -(-size // first)
        if size % first == 0 or (uneven and -(-size // piece) == first):
            for rest in _factorisations(piece, places - 1, uneven and first == 1):
                yield (first, *rest)


def splits_of(
    operation: Operation, chip: Accelerator, *, imperfect: bool = False
) -> list[list[tuple[int, ...]]]:
    """Per dimension, all ways to factorise it over the places where it may stand, fit or not.

    With imperfect factors, those of dimensions that share no axis of the output need not divide.
    """
    places = places_of(chip)
    joined = {
        term.dim
        for axis in operation.output.axes
        if sum(operation.sizes[term.dim] > 1 for term in axis.terms) > 1
        for term in axis.terms
    }
    return [
        [
            bounds
            for bounds in _factorisations(size, len(places), imperfect and dim not in joined)
            if all(_may_stand(chip, p, dim, b) for p, b in zip(places, bounds, strict=True))
            and _is_searched(chip, size, bounds)
        ]
        for dim, size in operation.dims
    ]


def _is_searched(chip: Accelerator, size: int, bounds: tuple[int, ...]) -> bool:
    """Whether a dimension on both axes of an array divides, where the chip has several arrays."""
    if sum(array.size > 1 for array in chip.arrays) < 2:
        return True
    for (_, axis), bound, inside in zip(places_of(chip), bounds, (*bounds[1:], 1), strict=True):
        if axis == "x" and inside > 1 and size % bound:
            return False
        size = -(-size // bound)
    return True


def ways_to_keep(operation: Operation, chip: Accelerator) -> list[tuple[tuple[str, ...], ...]]:
    """Per way, the names that each part keeps; the outermost memory keeps everything."""
    options: list[list[tuple[str, ...]]] = []
    for n, part in enumerate(chip.parts[:-1]):
        held = [
            tensor.name
            for tensor in operation.tensors
            if isinstance(part, Memory) and tensor.role in part.holds
        ]
        subsets = [
            tuple(itertools.compress(held, mask))
            for mask in itertools.product((True, False), repeat=len(held))
        ]
        options.append(subsets if n else [tuple(held)])
    return list(itertools.product(*options))


def listed_at_most(operation: Operation, chip: Accelerator, *, imperfect: bool = False) -> int:
    """Factorisations times ways to keep tensors: no fewer than what is legal, but for orders."""
    splits = splits_of(operation, chip, imperfect=imperfect)
    return len(ways_to_keep(operation, chip)) * math.prod(map(len, splits))


def every_nest(
    operation: Operation, chip: Accelerator, *, imperfect: bool = False
) -> Iterator[Nest]:
    """Every legal nest: all factorisations, all ways to keep tensors, all loop orders."""
    parts, places = chip.parts[:-1], places_of(chip)
    names = [name for name, _ in operation.dims]
    ways = ways_to_keep(operation, chip)
    for factors in itertools.product(*splits_of(operation, chip, imperfect=imperfect)):
        if any(
            axis and math.prod(bounds[place] for bounds in factors) > getattr(parts[n], axis)
            for place, (n, axis) in enumerate(places)
        ):
            continue
        loops: list[list[Loop]] = [[] for _ in parts]
        for place, (n, axis) in enumerate(places):
            for name, bounds in zip(names, factors, strict=True):
                if bounds[place] > 1:
                    loops[n].append(Loop(name, bounds[place], axis))
        orders = [
            list(itertools.permutations(level)) if isinstance(part, Memory) else [tuple(level)]
            for part, level in zip(parts, loops, strict=True)
        ]
        for way in ways:
            nests = (
                Nest(
                    tuple(
                        Level(part.name, level, kept)
                        for part, level, kept in zip(parts, order, way, strict=True)
                    )
                )
                for order in itertools.product(*orders)
            )
            first = next(nests)
            if _is_legal(operation, chip, first):
                # Legality does not depend on the order.
                yield first
                yield from nests


def every_mapping(
    operation: Operation, chip: Accelerator, *, imperfect: bool = False
) -> Iterator[Mapping]:
    """Every legal nest, counted and priced; those that the closed form refuses are left out."""
    for nest in every_nest(operation, chip, imperfect=imperfect):
        try:
            counts = count(operation, chip, nest)
        except Unsupported:
            continue
        yield Mapping(nest, price(operation, chip, counts))


def _is_legal(operation: Operation, chip: Accelerator, nest: Nest) -> bool:
    try:
        validate(operation, chip, nest)
    except PicojouleError:
        return False
    return True


def names_tensor(names: tuple[str, ...], tensor: Tensor) -> bool:
    return tensor.name in names or tensor.role in names


def lists_of(own: PartConstraints) -> list[tuple[str, ...]]:
    """The lists of an order: the one, or each of several."""
    if any(isinstance(one, str) for one in own.order):
        return [tuple(str(one) for one in own.order)]
    return [tuple(one) for one in own.order]


def obeys(operation: Operation, chip: Accelerator, constraints: Constraints, nest: Nest) -> bool:
    """Whether a nest obeys the constraints of every part."""
    for index, (part, level) in enumerate(zip(chip.parts, nest.levels, strict=False)):
        own = constraints.parts.get(part.name, PartConstraints())
        bounds = {(loop.dim, loop.axis): loop.bound for loop in level.loops}
        tile = nest.tile(index, operation.sizes)
        axes = ((None, own.factors), ("x", own.x), ("y", own.y))
        for axis, ranges in axes:
            if any(bounds.get((dim, axis), 1) not in allowed for dim, allowed in ranges.items()):
                return False
        if any(tile[dim] not in allowed for dim, allowed in own.tile.items()):
            return False
        for order in lists_of(own):
            for outer, inner in itertools.combinations(level.loops, 2):
                if {outer.dim, inner.dim} <= set(order) and (
                    order.index(outer.dim) > order.index(inner.dim)
                ):
                    return False
        for tensor in operation.tensors:
            if names_tensor(own.bypass if tensor.name in level.keeps else own.keep, tensor):
                return False
    return True


def keeps_limits(limits: Limits, costs: Costs) -> bool:
    """Whether costs keep the limits; what equals a limit keeps it."""
    near = 1 + 1e-11
    power_w = costs.energy_pj * 1e-12 / costs.latency_s
    bytes_per_s = costs.outer_bytes / costs.latency_s
    return (
        (limits.latency_s is None or costs.latency_s <= limits.latency_s * near)
        and (limits.utilization is None or costs.utilization * near >= limits.utilization)
        and (limits.power_w is None or power_w <= limits.power_w * near)
        and (
            limits.bandwidth_bytes_per_s is None
            or bytes_per_s <= limits.bandwidth_bytes_per_s * near
        )
    )


def listed_size(
    operation: Operation, chip: Accelerator, constraints: Constraints, *, imperfect: bool = False
) -> int:
    """Mappings of a space, legal or not: each dimension, each order, each way to keep is listed."""
    places = places_of(chip)
    parts = [constraints.of(part.name) for part in chip.parts[:-1]]
    names = [name for name, _ in operation.dims]
    size = 1
    all_splits = splits_of(operation, chip, imperfect=imperfect)
    for dim, splits in zip(names, all_splits, strict=True):
        ways = 0
        for bounds in splits:
            fine = True
            for place, ((n, axis), bound) in enumerate(zip(places, bounds, strict=True)):
                ranges = {None: parts[n].factors, "x": parts[n].x, "y": parts[n].y}[axis]
                fine &= bound in ranges.get(dim, Range())
                if axis is None:
                    tile = operation.sizes[dim]
                    for outside in bounds[:place]:
                        tile = -(-tile // outside)
                    fine &= tile in parts[n].tile.get(dim, Range())
            ways += fine
        size *= ways
    for part, own in zip(chip.parts, parts, strict=False):
        if isinstance(part, Memory):
            lists = [[name for name in one if name in names] for one in lists_of(own)]
            size *= sum(
                all([name for name in order if name in known] == known for known in lists)
                for order in itertools.permutations(names)
            )
    return size * sum(
        not any(
            names_tensor(own.bypass if tensor.name in kept else own.keep, tensor)
            for own, kept in zip(parts, way, strict=True)
            for tensor in operation.tensors
        )
        for way in ways_to_keep(operation, chip)
    )
