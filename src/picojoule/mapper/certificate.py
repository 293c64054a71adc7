"""Certificate: why a search result is the optimum, and a second look at its claims.

The second look takes nothing of what the search computed.

Legality, counts and costs are derived anew; the nest is executed by the oracle where that is
affordable; and every neighbour of the nest (two loops swapped, one prime
factor moved to another place) is priced, since a search that cut too much would leave a better
mapping close by. Spaces small enough to list are compared whole in the project's tests.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from picojoule.cost import Costs, count, price
from picojoule.errors import PicojouleError
from picojoule.hardware import Accelerator, Array
from picojoule.mapper.constraints import Constraints
from picojoule.mapper.objective import parse_objective
from picojoule.mapper.space import build_space, mapspace_size
from picojoule.mapping import Counts, Level, Loop, Nest, validate
from picojoule.simulate import execute
from picojoule.workload import Operation

LARGEST_EXECUTION = 10**9
"""Steps up to which the oracle executes the nest: some ten seconds."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """How a result was proved.

    Args:
        objective: What was minimised, see `parse_objective`.
        cost: Of the result, in pJ, cycles or a product of powers of both.
        lower_bound: No mapping of the space costs less.
        optimal: Whether the bound met the cost.
        mapspace_size: Mappings in the space, legal or not, exactly.
        keep_choices: Ways to choose which tensors each memory keeps.
        keep_choices_refuted: Those whose least energy was no better than the best cost.
        choices: Tiles with their spatial factors, of all memories and the other ways to keep.
        parts: Those whose bound left room to beat the best cost.
        visited: Combinations of parts whose bound was compared with the best cost.
        evaluated: Chains of tiles whose cost was computed exactly, each over all loop orders.
        first_look: Those among them that only looked for a good start.
        level_bounds_pj: Per memory, the least that any of its parts adds to a chain's energy; the
            innermost one's includes compute and operands. Of the last way to keep that was walked.
    """

    objective: str
    cost: float
    lower_bound: float
    optimal: bool
    mapspace_size: int
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
        neighbours: Legal mappings next to the solution that were priced.
        faults: Every claim of the certificate that does not hold; empty for a sound one.
    """

    executed: bool
    neighbours: int
    faults: tuple[str, ...]


def verify(operation: Operation, accelerator: Accelerator, solution: Solution) -> Verification:
    """Check every claim of a solution that can be checked without searching again.

    Args:
        operation, accelerator: What was searched.
        solution: What came out.

    Returns:
        What was checked and what does not hold.
    """
    faults: list[str] = []
    certificate = solution.certificate
    objective = parse_objective(certificate.objective)
    try:
        validate(operation, accelerator, solution.nest)
    except PicojouleError as error:
        return Verification(False, 0, (f"the nest is not legal: {error.what}",))
    executed = operation.steps <= LARGEST_EXECUTION
    derive = execute if executed else count
    counts = derive(operation, accelerator, solution.nest)
    if counts != solution.counts:
        faults.append("the counts differ from an execution of the nest")
    cost = objective.score(price(operation, accelerator, counts))
    if cost != certificate.cost:
        faults.append(f"the cost is {cost}, not {certificate.cost}")
    if certificate.optimal != (certificate.lower_bound == certificate.cost):
        faults.append("optimal must mean that the bound met the cost")
    if certificate.mapspace_size != mapspace_size(space):
        faults.append("the space has another size")
    neighbours = 0
    for nest in neighbouring_nests(accelerator, solution.nest):
        costs = _costs(operation, accelerator, nest)
        if costs is None:
            continue
        neighbours += 1
        found = objective.score(costs)
        if certificate.optimal and found < certificate.cost * (1 - 1e-9):
            faults.append(f"a neighbour costs {found}, less than {certificate.cost}")
    return Verification(executed, neighbours, tuple(faults))


def _costs(operation: Operation, accelerator: Accelerator, nest: Nest) -> Costs | None:
    """Price a nest, or None if it is not legal."""
    try:
        validate(operation, accelerator, nest)
    except PicojouleError:
        return None
    return price(operation, accelerator, count(operation, accelerator, nest))


def neighbouring_nests(accelerator: Accelerator, nest: Nest) -> Iterator[Nest]:
    """Every nest one step away: two neighbouring loops swapped, or one prime factor moved."""
    for n, level in enumerate(nest.levels):
        if not isinstance(accelerator.parts[n], Array):
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


def _replaced(nest: Nest, index: int, loops: tuple[Loop, ...]) -> Nest:
    level = nest.levels[index]
    changed = Level(level.part, loops, level.keeps)
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
