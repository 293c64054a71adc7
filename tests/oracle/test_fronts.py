"""A front is all that no mapping beats in both energy and latency, by listing every mapping."""

import random
import sys

import pytest
from random_problems import random_constraints, small_problem
from spaces import Mapping, Problem

from picojoule.cost import count, price
from picojoule.errors import PicojouleError
from picojoule.hardware import accelerator
from picojoule.mapper import Constraints, Factors, pareto_front, search, verify
from picojoule.mapping import validate
from picojoule.workload import parse_operation


def non_dominated(mappings: list[Mapping]) -> list[tuple[int, float]]:
    """Points (cycles, pJ), fastest first; energies that differ by rounding are equal."""
    points: list[tuple[int, float]] = []
    for cycles, energy_pj in sorted((m.costs.latency_cycles, m.costs.energy_pj) for m in mappings):
        if not points or energy_pj < points[-1][1] * (1 - 1e-12):
            points.append((cycles, energy_pj))
    return points


def check_front(
    rng: random.Random, problem: Problem, sets: int, factors: Factors = "perfect"
) -> None:
    """Compare the front of a problem, and under some random constraints, with a listing."""
    operation, chip = problem.operation, problem.chip
    for constraints in (
        Constraints(),
        *(random_constraints(rng, problem) for _ in range(sets)),
    ):
        allowed = problem.allowed(constraints)
        if not allowed:
            with pytest.raises(PicojouleError):
                pareto_front(operation, chip, constraints=constraints, factors=factors)
            continue
        front = pareto_front(operation, chip, constraints=constraints, factors=factors)
        expected = non_dominated(allowed)
        assert front.is_complete
        assert [one.costs.latency_cycles for one in front.points] == [c for c, _ in expected]
        energies_pj = [one.costs.energy_pj for one in front.points]
        assert energies_pj == pytest.approx([e for _, e in expected], rel=1e-9)
        for point in front.points:
            validate(operation, chip, point.nest)
            assert point.costs == price(operation, chip, count(operation, chip, point.nest))
            second_look = verify(operation, chip, point, constraints=constraints)
            assert second_look.faults == ()


@pytest.mark.parametrize("seed", range(8000, 8010))
def test_fronts_equal_a_listing(seed: int) -> None:
    rng = random.Random(seed)
    check_front(rng, small_problem(rng, 500), sets=2)


def test_a_front_without_room_says_that_it_is_not_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    operation, chip = parse_operation("matmul M=64 K=32 N=48"), accelerator("eyeriss")
    whole = pareto_front(operation, chip)
    assert whole.is_complete and len(whole.points) > 2
    monkeypatch.setattr(sys.modules["picojoule.mapper.search"], "LARGEST_FRONT", 2)
    part = pareto_front(operation, chip)
    assert not part.is_complete and len(part.points) <= 2
    assert not any(point.certificate.optimal for point in part.points)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(9000, 9120))
def test_fronts_equal_a_listing_at_length(seed: int) -> None:
    rng = random.Random(seed)
    check_front(rng, small_problem(rng, 1500), sets=3)


def test_the_ends_of_a_front_are_the_two_optima() -> None:
    operation, chip = parse_operation("conv M=8 C=4 P=6 Q=6 R=3 S=3"), accelerator("eyeriss")
    front = pareto_front(operation, chip)
    assert front.is_complete
    fastest = search(operation, chip, minimize="latency").costs
    cheapest = search(operation, chip, minimize="energy").costs
    for point, end in ((front.points[0], fastest), (front.points[-1], cheapest)):
        assert point.costs.latency_cycles == end.latency_cycles
        assert point.costs.energy_pj == pytest.approx(end.energy_pj, rel=1e-9)
    for faster, slower in zip(front.points, front.points[1:], strict=False):
        assert faster.costs.latency_cycles < slower.costs.latency_cycles
        assert faster.costs.energy_pj > slower.costs.energy_pj


def test_a_front_cut_short_says_so_and_holds_real_mappings() -> None:
    operation, chip = parse_operation("conv M=16 C=16 P=14 Q=14 R=3 S=3"), accelerator("eyeriss")
    front = pareto_front(operation, chip, budget=50)
    assert not front.is_complete
    for point in front.points:
        validate(operation, chip, point.nest)
        assert verify(operation, chip, point).faults == ()
