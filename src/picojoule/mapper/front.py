"""Front: all mappings of an operation that no other one beats in both energy and latency."""

from dataclasses import dataclass

from picojoule.hardware import Accelerator
from picojoule.mapper.certificate import Solution
from picojoule.mapper.constraints import Constraints
from picojoule.mapper.factors import Factors
from picojoule.mapper.objective import OBJECTIVES
from picojoule.mapper.search import nothing_found, run_factors, solution_of, start_search
from picojoule.mapper.space import build_space
from picojoule.workload import Operation


@dataclass(frozen=True, slots=True)
class Front:
    """The whole trade between energy and latency.

    Args:
        points: One mapping each, the fastest first; energy falls from point to point.
        is_complete: Whether the whole space is accounted for, so that no point is missing.
    """

    points: tuple[Solution, ...]
    is_complete: bool


def pareto_front(
    operation: Operation,
    accelerator: Accelerator,
    *,
    constraints: Constraints | None = None,
    factors: Factors = "auto",
    budget: int | None = None,
    time_limit_s: float | None = None,
) -> Front:
    """Find every mapping that no other one beats in both energy and latency.

    Arguments and errors as `search`; of mappings that are equal in both, one is kept.
    """
    energy = OBJECTIVES["energy"]
    if constraints:
        constraints.check((operation,), accelerator)
    space = build_space(operation, accelerator, constraints or Constraints())
    run = start_search(
        space, accelerator, energy, is_front=True, budget=budget, time_limit_s=time_limit_s
    )
    run = run_factors(run, accelerator, factors)
    if not run.found:
        raise nothing_found(run, accelerator)
    rows = range(1, run.found + 1)
    points = tuple(solution_of(run, accelerator, energy, row=row) for row in rows)
    return Front(points, run.complete)
