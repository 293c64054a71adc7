"""Of two choices that are mirror images one is enough: the optimum needs no mirror."""

import random
import sys

import numpy as np
import pytest
from random_problems import random_chip
from spaces import listed_at_most

from picojoule.hardware import Accelerator, Array, Compute, Memory, accelerator
from picojoule.mapper import (
    OBJECTIVES,
    Constraints,
    Limits,
    PartConstraints,
    Range,
    pareto_front,
    parse_objective,
    search,
)
from picojoule.mapper.space import build_space
from picojoule.workload import Axis, Operation, Tensor, Term, parse_operation

SQUARE = "conv M=2 C=3 P=6 Q=6 R=3 S=3"


def exchanged(
    operation: Operation, chip: Accelerator, constraints: Constraints | None = None
) -> dict[str, str]:
    """The dimensions that the mirror exchanges."""
    space = build_space(operation, chip, constraints or Constraints())
    images = zip(space.names, space.problem.mirror.tolist(), strict=True)
    return {name: space.names[image] for name, image in images if space.names[image] != name}


def row_of(*dims: str) -> Accelerator:
    """A chip with an array that takes some dimensions along x."""
    return Accelerator("row", (Memory("dram"), Array("pes", 4, 2, x_dims=dims), Compute()))


BOTH = {"P": "Q", "Q": "P", "R": "S", "S": "R"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SQUARE, BOTH),
        (SQUARE + " stride=2 dilation=2", BOTH),
        ("conv M=2 C=3 P=6 Q=6 R=1 S=1", {"P": "Q", "Q": "P"}),
        ("conv M=2 C=3 P=6 Q=6 R=3 S=1", {}),
        ("conv M=2 C=3 P=6 Q=5 R=3 S=3", {}),
        ("matmul M=4 K=4 N=4", {}),
    ],
)
def test_square_maps_with_square_filters_have_a_mirror(text: str, expected: dict[str, str]) -> None:
    assert exchanged(parse_operation(text), accelerator("eyeriss")) == expected


def test_what_tells_the_axes_apart_leaves_no_mirror() -> None:
    operation, chip = parse_operation(SQUARE), accelerator("eyeriss")
    for own in (
        PartConstraints(factors={"P": Range(2)}),
        PartConstraints(order=("P", "Q")),
        PartConstraints(tile={"S": Range(1, 1)}),
    ):
        assert exchanged(operation, chip, Constraints({"glb": own})) == {}
    assert exchanged(operation, chip, Constraints(limits=Limits(utilization=0.1))) == BOTH
    assert exchanged(operation, row_of("P", "R")) == {}
    assert exchanged(operation, row_of("M", "P", "Q")) == BOTH


def windows(*, size: int, filter_size: int, steps: tuple[int, int], channels: int) -> Operation:
    """A square convolution whose windows step by as much along each axis as `steps` says."""
    dims = (("P", size), ("S", filter_size), ("C", channels), ("R", filter_size), ("Q", size))
    ifmap = tuple(
        Axis((Term(out, step), Term(tap))) for out, tap, step in zip("PQ", "RS", steps, strict=True)
    )

    def axes(names: str) -> tuple[Axis, ...]:
        return tuple(Axis((Term(name),)) for name in names)

    tensors = (
        Tensor("weights", "weights", axes("CRS")),
        Tensor("inputs", "inputs", (*axes("C"), *ifmap)),
        Tensor("outputs", "outputs", axes("PQ")),
    )
    return Operation("windows", "conv", dims, tensors)


def test_steps_that_differ_by_axis_leave_no_mirror() -> None:
    chip = accelerator("eyeriss")
    equal = windows(size=6, filter_size=3, steps=(2, 2), channels=2)
    assert exchanged(equal, chip) == BOTH
    assert exchanged(windows(size=6, filter_size=3, steps=(1, 2), channels=2), chip) == {}


def square_problem(rng: random.Random, most: int) -> tuple[Operation, Accelerator]:
    """The next random square convolution on a random chip with at most `most` factorisations."""
    while True:
        chip = random_chip(rng)
        operation = windows(
            size=rng.choice((2, 3, 4, 5)),
            filter_size=rng.choice((1, 2, 3)),
            steps=(rng.choice((1, 2)),) * 2,
            channels=rng.choice((1, 2, 3)),
        )
        listed = listed_at_most(operation, chip, imperfect=True)
        if listed <= most and exchanged(operation, chip):
            return operation, chip


def check_without_mirror(seed: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All optima and the front of a random square problem, with its mirror and without."""
    rng = random.Random(seed)
    operation, chip = square_problem(rng, most)
    factors = rng.choice(("perfect", "imperfect"))
    with monkeypatch.context() as without:
        without.setattr(
            sys.modules["picojoule.mapper.space"],
            "_mirror_of",
            lambda operation, stages: np.arange(len(operation.dims)),
        )
        assert exchanged(operation, chip) == {}
        scores = [best_score(operation, chip, name, factors) for name in OBJECTIVES]
        front = pareto_front(operation, chip, factors=factors)
    assert [best_score(operation, chip, name, factors) for name in OBJECTIVES] == pytest.approx(
        scores, rel=1e-9
    )
    mirrored = pareto_front(operation, chip, factors=factors)
    assert [one.costs.latency_cycles for one in mirrored.points] == [
        one.costs.latency_cycles for one in front.points
    ]
    assert [one.costs.energy_pj for one in mirrored.points] == pytest.approx(
        [one.costs.energy_pj for one in front.points], rel=1e-9
    )


def best_score(operation: Operation, chip: Accelerator, minimize: str, factors: str) -> float:
    """The score of the proved optimum."""
    solution = search(operation, chip, minimize=minimize, factors=factors)
    assert solution.certificate.optimal
    return parse_objective(minimize).score(solution.costs)


@pytest.mark.parametrize("seed", range(30_000, 30_012))
def test_the_optimum_needs_no_mirror(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_without_mirror(seed, 20_000, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(31_000, 31_150))
def test_the_optimum_needs_no_mirror_at_length(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_without_mirror(seed, 200_000, monkeypatch)


def test_a_mirror_halves_the_work() -> None:
    operation, chip = parse_operation(SQUARE), accelerator("eyeriss")
    oblong = Constraints({"glb": PartConstraints(factors={"M": Range(1)})})
    assert exchanged(operation, chip, oblong) == {}
    with_mirror = search(operation, chip, factors="perfect")
    without = search(operation, chip, constraints=oblong, factors="perfect")
    assert with_mirror.costs.energy_pj == pytest.approx(without.costs.energy_pj, rel=1e-9)
    assert with_mirror.certificate.parts < without.certificate.parts
