"""Solve: the best mapping of each different operation; known ones come from the cache."""

import math
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from picojoule.errors import MappingError, WorkloadError
from picojoule.evaluation.workers import checked_jobs, run_all
from picojoule.hardware import Accelerator
from picojoule.workload import Operation

if TYPE_CHECKING:
    from picojoule.mapper import Constraints, Factors, Front, Solution

Place = bool | str | Path
"""Of the cache: the user's own (True), none (False), or a file."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to search.

    Args:
        minimize: What is minimised, see `mapper.parse_objective`.
        constraints: Which mappings are allowed, and limits that each result keeps.
        dataflow: One that every mapping follows besides, see `dataflows.DATAFLOWS`.
        factors: Whether all must divide, see `mapper.search`.
        budget: Chains of tiles that one search may evaluate; None is no limit.
        time_limit_s: Seconds for all searches together; None is no limit.
        jobs: Searches at a time; None takes one per core.
        cache: Where proved mappings are kept.
    """

    minimize: str
    constraints: "Constraints"
    factors: "Factors"
    budget: int | None = None
    time_limit_s: float | None = None
    jobs: int | None = None
    cache: Place = True
    dataflow: str | None = None

    def __post_init__(self) -> None:
        from picojoule.dataflows import dataflow
        from picojoule.mapper import parse_objective

        parse_objective(self.minimize)
        if self.dataflow is not None:
            dataflow(self.dataflow)
        checked_jobs(self.jobs)
        _check_limit("time_limit_s", self.time_limit_s, "seconds, at least 0")
        _check_limit("budget", self.budget, "a whole number of at least 1", least=1)

    def rules(self, operation: Operation, chip: Accelerator) -> "Constraints":
        """What holds for one operation: the user's constraints, and those of the dataflow.

        Raises:
            PicojouleError: The chip cannot run the dataflow, it has no meaning for the operation,
                or the two quarrel.
        """
        from picojoule.dataflows import dataflow
        from picojoule.mapper import join_constraints

        own = self.constraints.narrowed(operation)
        if self.dataflow is None:
            return own
        return join_constraints(own, dataflow(self.dataflow).build(operation, chip))


def _check_limit(name: str, value: float | None, expected: str, *, least: int = 0) -> None:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    if value is None or (known and math.isfinite(value) and value >= least):
        return
    raise WorkloadError(
        f"{name} is out of range",
        where=name,
        got=repr(value),
        expected=expected,
        fix="correct it, or leave it out to search until the optimum is proved",
    )


def solve(
    operations: Sequence[Operation],
    chip: Accelerator,
    settings: Settings,
    tell: Callable[[int], None] | None = None,
) -> "list[Solution]":
    """Find the best mapping of each operation.

    Args:
        operations: All different.
        chip: Where they are mapped.
        settings: How to search.
        tell: Called with the index of each operation that is done.

    Returns:
        One solution per operation; the same, whether they were searched or known.

    Raises:
        PicojouleError: An operation has no mapping on this chip under these constraints.
    """
    from picojoule.mapper import parse_objective
    from picojoule.mapper.cache import mapping_key, open_cache

    settings.constraints.check(operations, chip)
    objective = parse_objective(settings.minimize)
    found: dict[int, Solution] = {}
    with open_cache(settings.cache) as cache:
        rules = [settings.rules(one, chip) for one in operations]
        keys = [
            mapping_key(one, chip, own, objective, settings.factors)
            for one, own in zip(operations, rules, strict=True)
        ]
        for index, (key, operation) in enumerate(zip(keys, operations, strict=True)):
            known = cache.find(key, operation, chip, objective)
            if known is not None:
                found[index] = known
                if tell:
                    tell(index)
        missing = [index for index in range(len(operations)) if index not in found]

        def search_one(index: int, share_s: float | None) -> "Solution":
            place = missing[index]
            return _search(operations[place], chip, settings, rules[place], share_s)

        def keep_one(index: int, solution: "Solution") -> None:
            cache.keep(keys[missing[index]], solution)
            if tell:
                tell(missing[index])

        solutions = run_all(
            search_one,
            len(missing),
            jobs=settings.jobs,
            time_limit_s=settings.time_limit_s,
            tell=keep_one,
        )
    found.update(zip(missing, solutions, strict=True))
    return [found[index] for index in range(len(operations))]


def solve_fronts(
    operations: Sequence[Operation],
    chip: Accelerator,
    settings: Settings,
    tell: Callable[[int], None] | None = None,
) -> "list[Front]":
    """Find, of each operation, every mapping that no other one beats in energy and latency.

    Arguments and errors as `solve`; fronts are not kept in the cache.
    """
    settings.constraints.check(operations, chip)
    rules = [settings.rules(one, chip) for one in operations]
    return run_all(
        lambda index, share_s: _front(operations[index], chip, settings, rules[index], share_s),
        len(operations),
        jobs=settings.jobs,
        time_limit_s=settings.time_limit_s,
        tell=None if tell is None else lambda index, _: tell(index),
    )


def _search(
    operation: Operation,
    chip: Accelerator,
    settings: Settings,
    constraints: "Constraints",
    share_s: float | None,
) -> "Solution":
    """Search one operation."""
    from picojoule.mapper import search

    with _explained(operation, chip, settings, constraints):
        return search(
            operation,
            chip,
            minimize=settings.minimize,
            constraints=constraints,
            factors=settings.factors,
            budget=settings.budget,
            time_limit_s=share_s,
        )


def _front(
    operation: Operation,
    chip: Accelerator,
    settings: Settings,
    constraints: "Constraints",
    share_s: float | None,
) -> "Front":
    """The front of one operation."""
    from picojoule.mapper import pareto_front

    with _explained(operation, chip, settings, constraints):
        return pareto_front(
            operation,
            chip,
            constraints=constraints,
            factors=settings.factors,
            budget=settings.budget,
            time_limit_s=share_s,
        )


@contextmanager
def _explained(
    operation: Operation, chip: Accelerator, settings: Settings, constraints: "Constraints"
) -> Generator[None]:
    """Where a search finds nothing, say which constraints are to blame."""
    from picojoule.mapper.diagnose import explain_nothing, refuse_empty

    if constraints.parts:
        refuse_empty(operation, chip, constraints, settings.factors)
    try:
        yield
    except MappingError as error:
        raise explain_nothing(
            operation,
            chip,
            constraints,
            error,
            minimize=settings.minimize,
            factors=settings.factors,
        ) from None
