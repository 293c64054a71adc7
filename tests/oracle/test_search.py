"""The search equals brute force: every legal mapping of small spaces, in closed form."""

import random
import sys

import pytest
from random_problems import (
    PRODUCTS,
    random_chip,
    random_constraints,
    random_operation,
    small_problem,
)
from spaces import Mapping, Problem, every_mapping, listed_size, obeys

from picojoule.cost import Costs, count, price
from picojoule.errors import PicojouleError
from picojoule.hardware import Accelerator, Array, Compute, Memory, accelerator
from picojoule.mapper import (
    OBJECTIVES,
    Constraints,
    Factors,
    Objective,
    PartConstraints,
    Solution,
    parse_objective,
    search,
)
from picojoule.mapper.search import run_search, start_search
from picojoule.mapper.space import build_space, mapspace_size
from picojoule.mapping import validate
from picojoule.workload import Axis, Operation, Tensor, Term, parse_operation

NO_CONSTRAINTS = Constraints()


def check_best(
    problem: Problem, constraints: Constraints, minimize: str, factors: Factors = "perfect"
) -> Solution | None:
    """Compare a search with all mappings; None where there is nothing to find, and nothing is.

    Args:
        factors: Of the problem's mappings, and so of what is searched.
    """
    operation, chip = problem.operation, problem.chip
    allowed = problem.allowed(constraints)
    options = {"minimize": minimize, "constraints": constraints, "factors": factors}
    if not allowed:
        with pytest.raises(PicojouleError):
            search(operation, chip, **options)
        return None
    objective = parse_objective(minimize)
    solution = search(operation, chip, **options)
    costs, certificate = solution.costs, solution.certificate
    validate(operation, chip, solution.nest)
    assert obeys(operation, chip, constraints, solution.nest)
    assert costs == price(operation, chip, count(operation, chip, solution.nest))
    best = min(objective.score(one.costs) for one in allowed)
    assert objective.score(costs) == pytest.approx(best, rel=1e-9)
    assert certificate.optimal
    assert certificate.cost == certificate.lower_bound == objective.score(costs)
    check_tie(objective, costs, best, allowed)
    imperfect = factors == "imperfect"
    assert survives_a_tight_hint(problem, constraints, objective, costs, imperfect=imperfect)
    return solution


def check_tie(objective: Objective, costs: Costs, best: float, allowed: list[Mapping]) -> None:
    """Of equal mappings it is the fastest that counts, or where time was minimised the cheapest."""
    equal = [one.costs for one in allowed if objective.score(one.costs) <= best * (1 + 1e-12)]
    if objective.time_power == 0.0:
        assert costs.latency_cycles == min(one.latency_cycles for one in equal)
    else:
        least = min(one.energy_pj for one in equal)
        assert costs.energy_pj == pytest.approx(least, rel=1e-9)


def survives_a_tight_hint(
    problem: Problem,
    constraints: Constraints,
    objective: Objective,
    best: Costs,
    *,
    imperfect: bool = False,
) -> bool:
    """Whether the walk still finds the optimum when it starts with one a hair above it.

    A loose start hides a bound that is too high: with a tight one, it loses the optimum.
    """
    space = build_space(problem.operation, problem.chip, constraints, imperfect=imperfect)
    run = start_search(space, problem.chip, objective)
    energy_pj, cycles = best.energy_pj * (1 + 1e-9), float(best.latency_cycles)
    hint = (objective.score(best) * (1 + 1e-9), energy_pj, cycles)
    run.best[1, :3] = hint
    run_search(run)
    return tuple(run.best[1, :3]) != hint


@pytest.fixture(autouse=True)
def narrow_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small spaces have few spatial choices: let the first look take only two of them."""
    monkeypatch.setattr(sys.modules["picojoule.mapper.chains"], "WIDE_VECTORS", 2)
    monkeypatch.setattr(sys.modules["picojoule.mapper.search"], "SHORT_WALK", 1)


@pytest.mark.parametrize("seed", range(40))
def test_search_equals_brute_force(seed: int) -> None:
    rng = random.Random(seed)
    problem = small_problem(rng, 1200)
    for minimize in (*OBJECTIVES, rng.choice(PRODUCTS)):
        check_best(problem, NO_CONSTRAINTS, minimize)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_search_equals_brute_force_at_length(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    problem = small_problem(rng, 3000)
    wide, short = rng.choice(((1, 1), (2, 20), (12, 3), (12, 2**40)))
    monkeypatch.setattr(sys.modules["picojoule.mapper.chains"], "WIDE_VECTORS", wide)
    monkeypatch.setattr(sys.modules["picojoule.mapper.search"], "SHORT_WALK", short)
    for minimize in (*OBJECTIVES, rng.choice(PRODUCTS)):
        check_best(problem, NO_CONSTRAINTS, minimize)


@pytest.mark.parametrize("seed", range(100))
def test_the_space_has_the_size_that_listing_it_gives(seed: int) -> None:
    rng = random.Random(seed)
    problem = Problem(random_operation(rng), random_chip(rng), ())
    for constraints in (NO_CONSTRAINTS, random_constraints(rng, problem)):
        space = build_space(problem.operation, problem.chip, constraints)
        listed = listed_size(problem.operation, problem.chip, constraints)
        assert mapspace_size(space) == listed


def _axes(*names: str) -> tuple[Axis, ...]:
    return tuple(Axis(tuple(map(Term, name))) for name in names)


def test_a_loop_may_run_on_both_sides_of_another() -> None:
    # A buffer that keeps nothing still splits P around S: windows slide by less than a whole row.
    operation = Operation(
        "two windows",
        "conv",
        (("P", 4), ("R", 3), ("S", 3)),
        (
            Tensor("a", "inputs", _axes("PR")),
            Tensor("b", "inputs", _axes("PS")),
            Tensor("sum", "outputs", _axes("P")),
        ),
    )
    parts = (
        Memory("dram", read_pj=75.0),
        Memory("buffer", ("weights",)),
        Memory("register", ("inputs",), 16),
        Compute(),
    )
    split = search(operation, Accelerator("with a buffer", parts))
    whole = search(operation, Accelerator("without", (parts[0], *parts[2:])))
    assert split.certificate.optimal
    assert (split.costs.energy_pj, whole.costs.energy_pj) == (5736.0, 6036.0)
    assert [loop.dim for level in split.nest.levels for loop in level.loops].count("P") == 2


def test_narrow_spatial_choices_are_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    # Only the outer of two buffers stands below the array; the first look takes its widest choice.
    monkeypatch.setattr(sys.modules["picojoule.mapper.chains"], "WIDE_VECTORS", 1)
    operation = Operation(
        "product",
        "matmul",
        (("M", 2), ("N", 2)),
        (
            Tensor("weights", "weights", _axes("M")),
            Tensor("inputs", "inputs", _axes("N")),
            Tensor("outputs", "outputs", _axes("M", "N")),
        ),
    )
    parts = (
        Memory("dram", read_bits_per_cycle=8.0),
        Array("pes", 1, 2),
        Memory("outer", ("weights",)),
        Memory("inner", ("outputs",)),
        Compute(leakage_w=1e-3),
    )
    chip = Accelerator("chip", parts)
    check_best(
        Problem(operation, chip, tuple(every_mapping(operation, chip))), NO_CONSTRAINTS, "energy"
    )


def test_no_budget_at_all_still_gives_a_mapping_with_its_bound() -> None:
    operation, chip = parse_operation("conv M=8 C=4 P=6 Q=6 R=3 S=3"), accelerator("eyeriss")
    best = search(operation, chip).certificate
    cut = search(operation, chip, budget=0).certificate
    assert cut.evaluated < best.evaluated
    assert cut.lower_bound <= best.cost <= cut.cost


def test_the_bounds_of_the_levels_are_those_of_what_the_result_keeps() -> None:
    operation, chip = parse_operation("conv M=8 C=4 P=6 Q=6 R=3 S=3"), accelerator("eyeriss")
    solution = search(operation, chip)
    bounds = solution.certificate.level_bounds_pj
    assert set(bounds) == {"glb", "spad"}
    assert sum(bounds.values()) <= solution.costs.energy_pj
    kept = {
        part.name: PartConstraints(
            keep=level.keeps,
            bypass=tuple(t.name for t in operation.tensors if t.name not in level.keeps),
        )
        for part, level in zip(chip.parts, solution.nest.levels, strict=False)
        if isinstance(part, Memory) and part is not chip.memories[0]
    }
    alone = search(operation, chip, constraints=Constraints(kept)).certificate
    assert alone.level_bounds_pj == pytest.approx(bounds)
