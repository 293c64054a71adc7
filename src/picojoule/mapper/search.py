"""Search: the best mapping of an operation on a chip, and the proof that none is better."""

import math
import time

import numpy as np

from picojoule.cost import count, price
from picojoule.errors import MappingError
from picojoule.hardware import Accelerator
from picojoule.mapper.certificate import Certificate, Solution
from picojoule.mapper.chains import WIDE_VECTORS, Chains, chains_of, problem_of, walk_on
from picojoule.mapper.constraints import Constraints
from picojoule.mapper.factors import Factors, Split, checked_factors
from picojoule.mapper.model import FULL, SLOT, Goal, is_better, no_points, score
from picojoule.mapper.objective import Objective, parse_objective
from picojoule.mapper.space import Space, build_space, keep_choices, mapspace_size
from picojoule.mapper.state import UNLIMITED, Search
from picojoule.mapper.walk import Kept, choice_bounds
from picojoule.mapping import AxisName, Level, Loop, Nest, check_capacities
from picojoule.workload import Operation

FIRST_LOOK = 3000
"""Chains that the first, narrow look evaluates before the whole space is bounded."""
SHORT_WALK, SHORT_LOOKS = 20, 20_000
"""Chains that each way to keep tensors gets before any is walked to its end, and looks for them."""
LARGEST_FRONT = 4096
"""Points that a front has room for; one with more is not complete."""
MOST_HELD = 400_000
"""Parts of walks that are held open at a time, some 400 bytes each; those beyond end at once."""


def search(
    operation: Operation,
    accelerator: Accelerator,
    *,
    minimize: str = "energy",
    constraints: Constraints | None = None,
    factors: Factors = "auto",
    budget: int | None = None,
    time_limit_s: float | None = None,
) -> Solution:
    """Find the best mapping, and prove that none is better.

    What each memory keeps is searched, too: everything that it holds, or less.

    Args:
        operation: What to map.
        accelerator: Where.
        minimize: A name of `OBJECTIVES`, or a product such as "energy^2*latency".
        constraints: Which mappings are allowed, and limits that the result keeps.
        factors: "perfect" ones divide; with "imperfect" ones the outermost loop over a dimension
            may leave less to its last iteration; "auto" takes them where perfect ones leave more
            than half of the compute units idle.
        budget: Chains to evaluate at most; None searches until the optimum is proved.
        time_limit_s: Seconds after which the best so far is returned, with its bound.

    Returns:
        The nest, its counts and costs, and the certificate.

    Raises:
        MappingError: No mapping keeps the constraints and the limits.
        CapacityError: The outermost memory cannot hold the operation.
        Unsupported: An array forwards.
        WorkloadError: The objective, or the choice of factors, is not known.
    """
    objective = parse_objective(minimize)
    if constraints:
        constraints.check((operation,), accelerator)
    space = build_space(operation, accelerator, constraints or Constraints())
    run = start_search(space, accelerator, objective, budget=budget, time_limit_s=time_limit_s)
    run = run_factors(run, accelerator, factors)
    if not run.found:
        raise nothing_found(run, accelerator)
    return solution_of(run, accelerator, objective, row=1)


def start_search(
    space: Space,
    accelerator: Accelerator,
    objective: Objective,
    *,
    is_front: bool = False,
    budget: int | None = None,
    time_limit_s: float | None = None,
) -> Search:
    """Prepare a search: nothing is known yet.

    Raises:
        CapacityError: The outermost memory cannot hold the operation.
    """
    _check_outermost(space, accelerator)
    limits = space.constraints.limits
    clock = accelerator.clock_hz
    most_cycles = math.inf
    if limits.latency_s is not None:
        most_cycles = limits.latency_s * clock * (1 + 1e-12)
    if limits.utilization is not None:
        capacity = limits.utilization * accelerator.compute_units / accelerator.compute.cycles
        most_cycles = min(most_cycles, space.operation.steps / capacity * (1 + 1e-12))
    bandwidth = limits.bandwidth_bytes_per_s
    goal = Goal(
        objective.energy_power,
        objective.time_power,
        is_front,
        most_cycles,
        math.inf if limits.power_w is None else limits.power_w / clock * 1e12,
        math.inf if bandwidth is None else bandwidth * 8 / clock,
    )
    size = LARGEST_FRONT if is_front else 1
    shape = (size, len(space.stages), len(space.names))
    kept = Kept(
        np.ones(shape, dtype=np.int64),
        np.ones(shape, dtype=np.int64),
        np.full(shape, -1, dtype=np.int64),
        np.zeros((*shape[:2], len(space.operation.tensors)), dtype=np.bool_),
    )
    most = UNLIMITED if budget is None else budget
    deadline = math.inf if time_limit_s is None else time.monotonic() + time_limit_s
    return Search(space, goal, no_points(size), kept, most, deadline)


def _check_outermost(space: Space, accelerator: Accelerator) -> None:
    """All else may be passed, but the outermost memory keeps every tensor whole."""
    outermost = accelerator.memories[0]
    nest = Nest(
        tuple(
            Level(
                part.name,
                tuple(Loop(dim, size) for dim, size in space.operation.dims) if n == 0 else (),
                tuple(tensor.name for tensor in space.operation.tensors) if n == 0 else (),
            )
            for n, part in enumerate(accelerator.parts[:-1])
        )
    )
    if outermost.capacity_bits is not None or outermost.partitions:
        check_capacities(space.operation, accelerator, nest)


def run_factors(run: Search, accelerator: Accelerator, factors: Factors) -> Search:
    """Search with perfect factors, and from there with imperfect ones where they are wanted.

    Args:
        run: A search of the space of perfect factors.
        accelerator: Where.
        factors: See `search`.

    Returns:
        The search that accounts for the largest space.

    Raises:
        WorkloadError: There is no such choice of factors.
    """
    checked_factors(factors)
    run_search(run)
    if factors == "perfect" or (factors == "auto" and not leaves_idle(run.space)):
        return run
    space = build_space(run.space.operation, accelerator, run.space.constraints, imperfect=True)
    if not space.cuts.uneven:
        return run
    wider = run.over(space)
    run_search(wider)
    return wider


def leaves_idle(space: Space) -> bool:
    """Whether no choice of spatial factors gives work to half of the compute units."""
    used = math.prod(int(spread.factors.prod(axis=1).max(initial=1)) for spread in space.spreads)
    return 2 * used < int(space.problem.fanout.prod())


def run_search(run: Search) -> None:
    """Search every choice of what the memories keep, the most promising first."""
    if not all(len(spread.splits) for spread in run.space.spreads):
        return
    choices = [problem_of(run.space, run.goal, keeps) for keeps in keep_choices(run.space)]
    run.chosen = len(choices)
    bounds = [choice_bounds(one) for one in choices]
    for one, bound in zip(choices, bounds, strict=True):
        run.tell_others(one, *bound)
    look = None
    if len(choices) > 1 or not _is_narrow(run.space):
        look = chains_of(run, choices[0], is_first_look=True)
    if look is not None:
        walk_on(run, look, most=FIRST_LOOK)
        run.first_look = run.evaluated
    # A short walk everywhere first: the best of all leaves each the least room.
    begun: list[Chains] = []
    held = 0
    for n in sorted(range(len(choices)), key=lambda n: (n > 0, bounds[n])):
        if run.is_over:
            _leave(run, *bounds[n])
        elif is_better(run.goal, *bounds[n], run.best):
            run.walked += 1
            chains = chains_of(run, choices[n])
            if chains is not None and held + len(chains.parts.values) > MOST_HELD:
                _finish(run, chains)
            elif chains is not None:
                walk_on(run, chains, most=SHORT_WALK, looks=SHORT_LOOKS)
                begun.append(chains)
                held += len(chains.parts.values)
    begun.sort(key=lambda chains: chains.bound(run.goal), reverse=True)
    while begun:
        _finish(run, begun.pop())
    if run.best[0, FULL]:
        run.complete, run.bound = False, 0.0


def _is_narrow(space: Space) -> bool:
    """Whether a first look would list the same parts as the search itself."""
    return all(len(spread.splits) <= WIDE_VECTORS for spread in space.spreads)


def _finish(run: Search, chains: Chains) -> None:
    """Walk to the end, or note the bound of what is left."""
    walk_on(run, chains, most=UNLIMITED)
    if not chains.is_complete:
        run.complete = False
        run.bound = min(run.bound, chains.bound(run.goal))


def _leave(run: Search, energy_pj: float, cycles: float) -> None:
    """Give up on mappings that cost at least this much."""
    if is_better(run.goal, energy_pj, cycles, run.best):
        run.complete = False
        run.bound = min(run.bound, score(run.goal, energy_pj, cycles))


def solution_of(run: Search, accelerator: Accelerator, objective: Objective, row: int) -> Solution:
    """Count and price one of the best results anew, and certify it."""
    operation = run.space.operation
    slot = int(run.best[row, SLOT])
    nest = build_nest(run.space, accelerator, run.kept, slot)
    counts = count(operation, accelerator, nest)
    costs = price(operation, accelerator, counts)
    # The walk and the closed form price the same chain; anything else is a bug of ours.
    assert math.isclose(run.best[row, 1], costs.energy_pj, rel_tol=1e-6, abs_tol=1e-6)
    cost = objective.score(costs)
    certificate = Certificate(
        objective="front" if run.goal.is_front else objective.name,
        cost=cost,
        lower_bound=cost if run.complete else min(cost, run.bound),
        optimal=run.complete or run.bound >= cost,
        mapspace_size=mapspace_size(run.space),
        factors="imperfect" if run.space.cuts.uneven else "perfect",
        keep_choices=run.chosen,
        keep_choices_refuted=run.chosen - run.walked,
        choices=run.seen,
        parts=run.parts,
        visited=run.looked,
        evaluated=run.evaluated,
        first_look=run.first_look,
        level_bounds_pj=run.level_bounds_pj.get(run.kept.keeps[slot].tobytes(), {}),
    )
    return Solution(nest, counts, costs, certificate)


def build_nest(space: Space, accelerator: Accelerator, kept: Kept, slot: int) -> Nest:
    """Turn the arrays of a kept chain into a nest."""
    levels: list[Level] = []
    for n, stage in enumerate(space.stages):
        tile = np.ones_like(kept.tiles[slot, n])
        if n + 1 < len(space.stages):
            tile = kept.tiles[slot, n + 1]
        if stage.memory in accelerator.parts:
            union = np.minimum(kept.spatial[slot, n] * tile, kept.tiles[slot, n])
            bounds = -(-kept.tiles[slot, n] // union)
            order = [int(d) for d in kept.orders[slot, n] if d >= 0]
            levels.append(
                Level(
                    stage.memory.name,
                    tuple(Loop(space.names[d], int(bounds[d])) for d in reversed(order)),
                    tuple(
                        tensor.name
                        for tensor, keeps in zip(
                            space.operation.tensors, kept.keeps[slot, n], strict=True
                        )
                        if keeps
                    ),
                )
            )
        if stage.array is not None:
            split = space.split(n, kept.spatial[slot, n], tile)
            levels.append(Level(stage.array.name, _spatial_loops(space, split)))
    return Nest(tuple(levels))


def _spatial_loops(space: Space, split: Split) -> tuple[Loop, ...]:
    axes: tuple[AxisName, ...] = ("x", "y")
    return tuple(
        Loop(name, factor, axis)
        for axis, along in zip(axes, split, strict=True)
        for name, factor in zip(space.names, along, strict=True)
        if factor > 1
    )


def nothing_found(run: Search, accelerator: Accelerator) -> MappingError:
    """Why there is no result: without constraints there is one, since tensors may pass memories."""
    return MappingError(
        "no mapping keeps the constraints",
        where=f"operation {run.space.operation.name!r} on {accelerator.name!r}",
        got="an empty space of mappings",
        expected="at least one mapping",
        fix="loosen a constraint or a limit",
    )
