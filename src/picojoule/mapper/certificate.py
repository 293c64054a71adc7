"""Certificate: why a search result is the optimum, and a second look at its claims.

The second look takes nothing of what the search computed.

Legality, constraints, counts and costs are derived anew; the nest is executed by the oracle where
that is affordable; and every neighbour of the nest in its space (two loops swapped, one prime
factor moved to another place, one tensor kept or passed by) is priced, since a search that cut too
much would leave a better mapping close by. Spaces small enough to list are compared whole in the
project's tests.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from picojoule.cost import Costs, count, price
from picojoule.errors import PicojouleError
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapper.constraints import Constraints, Limits, PartConstraints, Range
from picojoule.mapper.objective import OBJECTIVES, Objective, parse_objective
from picojoule.mapper.space import build_space, mapspace_size
from picojoule.mapping import AxisName, Counts, Level, Loop, Nest, validate
from picojoule.simulate import execute
from picojoule.workload import Operation, Tensor

LARGEST_EXECUTION = 10**9
"""Steps up to which the oracle executes the nest: some ten seconds."""
FRONT = "front"
"""What the certificate of a point of a front names as its objective; its cost is its energy."""
IMPERFECT = "imperfect"
"""What the certificate names as the factors of a space in which not all divide."""
SAME = 1e-9
"""Relative difference up to which two prices count as equal: they are sums of rounded terms."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """How a result was proved.

    Args:
        objective: What was minimised, see `parse_objective`; "front" for a point of a front.
        cost: Of the result, in pJ, cycles or a product of powers of both.
        lower_bound: No mapping of the space costs less.
        optimal: Whether the bound met the cost.
        mapspace_size: Mappings in the space, legal or not, exactly.
        factors: Of the space: "perfect" ones divide; with "imperfect" ones the outermost loop over
            a dimension may leave less to its last iteration.
        keep_choices: Ways to choose which tensors each memory keeps.
        keep_choices_refuted: Those whose least energy was no better than the best cost.
        choices: Tiles with their spatial factors, over all memories and all ways to keep that were
            walked.
        parts: Those whose bound left room to beat the best cost.
        visited: Combinations of parts whose bound was compared with the best cost.
        evaluated: Chains of tiles whose cost was computed exactly, each over all loop orders.
        first_look: Those among them that only looked for a good start.
        level_bounds_pj: Per memory, the least that any of its parts adds to a chain's energy, with
            what the result keeps; the innermost one's includes compute and operands. A memory is
            missing where those inside it left nothing that could be better.
    """

    objective: str
    cost: float
    lower_bound: float
    optimal: bool
    mapspace_size: int
    factors: str = field(default="perfect", kw_only=True)
    keep_choices: int
    keep_choices_refuted: int
    choices: int
    parts: int
    visited: int
    evaluated: int
    first_look: int
    level_bounds_pj: Mapping[str, float]

    def to_dict(self) -> dict[str, object]:
        """Plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Solution:
    """The best nest of an operation on a chip, what it costs, and how that is proved."""

    nest: Nest
    counts: Counts
    costs: Costs
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Verification:
    """What a second look found.

    Args:
        executed: Whether the oracle ran the nest.
        neighbours: Legal mappings of the space, next to the solution, that were priced.
        faults: Every claim of the certificate that does not hold; empty for a sound one.
    """

    executed: bool
    neighbours: int
    faults: tuple[str, ...]


def verify(
    operation: Operation,
    accelerator: Accelerator,
    solution: Solution,
    *,
    constraints: Constraints | None = None,
) -> Verification:
    """Check every claim of a solution that can be checked without searching again.

    Args:
        operation, accelerator: What was searched.
        solution: What came out; of a point of a front it is checked that no neighbour beats it in
            both energy and latency.
        constraints: Which mappings were allowed.

    Returns:
        What was checked and what does not hold.
    """
    constraints = constraints or Constraints()
    certificate = solution.certificate
    on_front = certificate.objective == FRONT
    objective = OBJECTIVES["energy"] if on_front else parse_objective(certificate.objective)
    try:
        validate(operation, accelerator, solution.nest)
    except PicojouleError as error:
        return Verification(False, 0, (f"the nest is not legal: {error.what}",))
    faults: list[str] = []
    executed = operation.steps <= LARGEST_EXECUTION
    derive = execute if executed else count
    counts = derive(operation, accelerator, solution.nest)
    costs = price(operation, accelerator, counts)
    if counts != solution.counts:
        faults.append("the counts differ from an execution of the nest")
    if not _is_allowed(operation, accelerator, constraints, solution.nest):
        faults.append("the nest breaks a constraint")
    if not _is_within(constraints.limits, costs):
        faults.append("the costs break a limit")
    cost = objective.score(costs)
    if cost != certificate.cost:
        faults.append(f"the cost is {cost}, not {certificate.cost}")
    if certificate.lower_bound > certificate.cost:
        faults.append("the bound is above the cost")
    if certificate.optimal and certificate.lower_bound != certificate.cost:
        faults.append("optimal must mean that the bound met the cost")
    imperfect = certificate.factors == IMPERFECT
    space = build_space(operation, accelerator, constraints, imperfect=imperfect)
    if certificate.mapspace_size != mapspace_size(space):
        faults.append("the space has another size")
    if not has_factors(operation, accelerator, solution.nest, imperfect=imperfect):
        faults.append("the nest has factors that the space has not")
    neighbours = 0
    for nest in neighbouring_nests(operation, accelerator, solution.nest):
        if not has_factors(operation, accelerator, nest, imperfect=imperfect):
            continue
        found = _costs(operation, accelerator, constraints, nest)
        if found is None:
            continue
        neighbours += 1
        if certificate.optimal and _is_beaten(objective, costs, found, on_front=on_front):
            faults.append(
                f"a neighbour is better: {found.energy_pj} pJ in {found.latency_cycles} cycles, "
                f"not {costs.energy_pj} in {costs.latency_cycles}"
            )
    return Verification(executed, neighbours, tuple(faults))


def has_factors(
    operation: Operation, accelerator: Accelerator, nest: Nest, *, imperfect: bool
) -> bool:
    """Whether the bounds of a nest are such as a space has.

    Args:
        operation, accelerator, nest: What is mapped, where and how.
        imperfect: Whether the outermost loop over a dimension may leave less to its last iteration.
            It may not where the output has the dimension on one axis with another one, nor on an
            array that has the dimension on both axes, but along x of the chip's only array.
    """
    crowded = sum(isinstance(part, Array) and part.size > 1 for part in accelerator.parts) > 1
    (output,) = (tensor for tensor in operation.tensors if tensor.is_output)
    axes = [
        [term.dim for term in axis.terms if operation.sizes[term.dim] > 1] for axis in output.axes
    ]
    slides = {dim for axis in axes if len(axis) > 1 for dim in axis}
    for dim, size in operation.dims:
        cuts = [
            (level.part, loop)
            for level in nest.levels
            for loop in level.loops
            if loop.dim == dim and loop.bound > 1
        ]
        for n, (part, loop) in enumerate(cuts):
            is_shared = any(part == other for other, _ in cuts[1:])
            is_free = not is_shared or (loop.axis == "x" and not crowded)
            may_leave = imperfect and n == 0 and dim not in slides and is_free
            if size % loop.bound and not may_leave:
                return False
            size = -(-size // loop.bound)
    return True


def _is_beaten(objective: Objective, costs: Costs, found: Costs, *, on_front: bool) -> bool:
    """Whether a mapping found is better by more than the rounding of prices."""
    if on_front:
        return (
            found.latency_cycles <= costs.latency_cycles
            and found.energy_pj < costs.energy_pj * (1 - SAME)
        ) or (found.latency_cycles < costs.latency_cycles and found.energy_pj <= costs.energy_pj)
    return objective.score(found) < objective.score(costs) * (1 - SAME)


def _costs(
    operation: Operation, accelerator: Accelerator, constraints: Constraints, nest: Nest
) -> Costs | None:
    """Price a nest, or None if it is not legal, not counted in closed form, or not allowed."""
    if not _is_allowed(operation, accelerator, constraints, nest):
        return None
    try:
        validate(operation, accelerator, nest)
        counts = count(operation, accelerator, nest)
    except PicojouleError:
        return None
    costs = price(operation, accelerator, counts)
    return costs if _is_within(constraints.limits, costs) else None


def _is_allowed(
    operation: Operation, accelerator: Accelerator, constraints: Constraints, nest: Nest
) -> bool:
    """Whether a nest obeys the constraints of every part."""
    for n, (part, level) in enumerate(zip(accelerator.parts, nest.levels, strict=False)):
        own = constraints.of(part.name)
        if isinstance(part, Array):
            if not (_are_in(own.x, _bounds(level, "x")) and _are_in(own.y, _bounds(level, "y"))):
                return False
        elif not (
            _are_in(own.factors, _bounds(level, None))
            and _are_in(own.tile, nest.tile(n, operation.sizes))
            and all(_keeps_order(one, level) for one in own.orders)
            and _keeps_tensors(operation, own, level)
        ):
            return False
    return True


def _bounds(level: Level, axis: AxisName | None) -> dict[str, int]:
    """Bounds of a level's loops along an axis, by dimension; a missing one is 1."""
    return {loop.dim: loop.bound for loop in level.loops if loop.axis == axis}


def _are_in(ranges: Mapping[str, Range], values: Mapping[str, int]) -> bool:
    return all(values.get(dim, 1) in allowed for dim, allowed in ranges.items())


def _keeps_order(order: tuple[str, ...], level: Level) -> bool:
    """Whether loops that must follow each other do, outermost first."""
    places = [order.index(loop.dim) for loop in level.loops if loop.dim in order]
    return places == sorted(places)


def _keeps_tensors(operation: Operation, own: PartConstraints, level: Level) -> bool:
    """Whether a memory keeps what it must, and passes by what it must not keep."""
    kept = {tensor for tensor in operation.tensors if tensor.name in level.keeps}
    return all(
        not {tensor.name, tensor.role} & set(own.bypass if tensor in kept else own.keep)
        for tensor in operation.tensors
    )


def _is_within(limits: Limits, costs: Costs) -> bool:
    """Whether costs keep the limits; what equals a limit but for rounding keeps it."""
    pairs = (
        (costs.latency_s, limits.latency_s),
        (-costs.utilization, None if limits.utilization is None else -limits.utilization),
        (costs.energy_pj * 1e-12 / costs.latency_s, limits.power_w),
        (costs.outer_bytes / costs.latency_s, limits.bandwidth_bytes_per_s),
    )
    return all(most is None or value <= most + abs(most) * SAME for value, most in pairs)


def neighbouring_nests(
    operation: Operation, accelerator: Accelerator, nest: Nest
) -> Iterator[Nest]:
    """Every nest one step away, legal or not.

    Two neighbouring loops are swapped, one prime factor is moved, or one tensor that a memory keeps
    passes it by, or the other way round.
    """
    for n, level in enumerate(nest.levels):
        part = accelerator.parts[n]
        if isinstance(part, Memory):
            for tensor in operation.tensors if n else ():
                if tensor.role in part.holds:
                    yield _replaced(nest, n, level.loops, keeps=_flipped(operation, level, tensor))
            for i in range(len(level.loops) - 1):
                loops = list(level.loops)
                loops[i], loops[i + 1] = loops[i + 1], loops[i]
                yield _replaced(nest, n, tuple(loops))
    for n, level in enumerate(nest.levels):
        for i, loop in enumerate(level.loops):
            for prime in _primes(loop.bound):
                rest = Loop(loop.dim, loop.bound // prime, loop.axis)
                kept = (*level.loops[:i], rest, *level.loops[i + 1 :])
                taken = tuple(one for one in kept if one.bound > 1)
                for m in range(len(nest.levels)):
                    if m != n:
                        yield from _placed(
                            accelerator, _replaced(nest, n, taken), m, loop.dim, prime
                        )


def _placed(
    accelerator: Accelerator, nest: Nest, level: int, dim: str, factor: int
) -> Iterator[Nest]:
    """Put a factor at a level: into its loop over the dimension, or as a new loop anywhere."""
    loops = nest.levels[level].loops
    axes = ("x", "y") if isinstance(accelerator.parts[level], Array) else (None,)
    for axis in axes:
        held = [i for i, loop in enumerate(loops) if loop.dim == dim and loop.axis == axis]
        if held:
            i = held[0]
            grown = Loop(dim, loops[i].bound * factor, axis)
            yield _replaced(nest, level, (*loops[:i], grown, *loops[i + 1 :]))
        else:
            for i in range(len(loops) + 1):
                yield _replaced(nest, level, (*loops[:i], Loop(dim, factor, axis), *loops[i:]))


def _flipped(operation: Operation, level: Level, tensor: Tensor) -> tuple[str, ...]:
    """What a memory keeps once one tensor is kept that was not, or the other way round."""
    return tuple(
        other.name
        for other in operation.tensors
        if (other.name in level.keeps) != (other.name == tensor.name)
    )


def _replaced(
    nest: Nest, index: int, loops: tuple[Loop, ...], *, keeps: tuple[str, ...] | None = None
) -> Nest:
    level = nest.levels[index]
    changed = Level(level.part, loops, level.keeps if keeps is None else keeps)
    return Nest((*nest.levels[:index], changed, *nest.levels[index + 1 :]))


def _primes(number: int) -> Iterator[int]:
    """The different prime factors of a number."""
    for factor in itertools.count(2):
        if factor * factor > number:
            break
        if number % factor == 0:
            yield factor
            while number % factor == 0:
                number //= factor
    if number > 1:
        yield number
