"""A search that is cut short says so, and its bound is below every mapping's cost."""

import random

import pytest
from random_problems import PRODUCTS, random_constraints, small_problem
from spaces import Problem, obeys

from picojoule.cost import count, price
from picojoule.errors import PicojouleError
from picojoule.hardware import accelerator
from picojoule.mapper import (
    OBJECTIVES,
    Constraints,
    Factors,
    Objective,
    Solution,
    parse_objective,
    search,
)
from picojoule.mapping import validate
from picojoule.workload import parse_operation


@pytest.mark.parametrize("minimize", ["energy", "latency", "edp"])
def test_a_search_cut_short_reports_a_bound(minimize: str) -> None:
    operation = parse_operation("conv M=64 C=64 P=14 Q=14 R=3 S=3")
    chip = accelerator("eyeriss")
    best = search(operation, chip, minimize=minimize).certificate
    cut = search(operation, chip, minimize=minimize, budget=1).certificate
    assert best.optimal
    assert not cut.optimal
    assert 0.0 < cut.lower_bound <= best.cost <= cut.cost


def check_cut(
    problem: Problem, constraints: Constraints, objective: Objective, solution: Solution
) -> None:
    """A cut search returns an allowed mapping, and a bound that no mapping is below."""
    certificate = solution.certificate
    best = min(objective.score(one.costs) for one in problem.allowed(constraints))
    validate(problem.operation, problem.chip, solution.nest)
    assert obeys(problem.operation, problem.chip, constraints, solution.nest)
    counts = count(problem.operation, problem.chip, solution.nest)
    assert certificate.cost == objective.score(price(problem.operation, problem.chip, counts))
    assert certificate.cost >= best * (1 - 1e-9)
    assert certificate.lower_bound <= best * (1 + 1e-9)
    assert certificate.lower_bound <= certificate.cost
    if certificate.optimal:
        assert certificate.cost == pytest.approx(best, rel=1e-9)
        assert certificate.lower_bound == certificate.cost


def check_cuts(rng: random.Random, problem: Problem, factors: Factors = "perfect") -> None:
    """Cut searches of a problem at every small budget, and at once by the clock."""
    constraints = rng.choice((Constraints(), random_constraints(rng, problem)))
    if not problem.allowed(constraints):
        return
    minimize = rng.choice((*OBJECTIVES, *PRODUCTS))
    objective = parse_objective(minimize)
    for budget in range(1, 12):
        try:
            solution = search(
                problem.operation,
                problem.chip,
                minimize=minimize,
                constraints=constraints,
                factors=factors,
                budget=budget,
            )
        except PicojouleError:
            # All chains that the budget paid for were worse than others, or not allowed.
            continue
        check_cut(problem, constraints, objective, solution)
    timed = search(
        problem.operation,
        problem.chip,
        minimize=minimize,
        constraints=constraints,
        factors=factors,
        time_limit_s=0.0,
    )
    check_cut(problem, constraints, objective, timed)


@pytest.mark.parametrize("seed", range(10_000, 10_012))
def test_bounds_of_cut_searches_are_below_every_mapping(seed: int) -> None:
    rng = random.Random(seed)
    check_cuts(rng, small_problem(rng, 400))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(11_000, 11_150))
def test_bounds_of_cut_searches_at_length(seed: int) -> None:
    rng = random.Random(seed)
    check_cuts(rng, small_problem(rng, 1000))
