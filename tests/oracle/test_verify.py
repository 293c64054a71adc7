"""Certificates of real layers hold when they are derived again; false ones are caught."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from picojoule.cost import count, price
from picojoule.hardware import Accelerator, Array, Compute, Memory, accelerator
from picojoule.mapper import (
    Constraints,
    Limits,
    PartConstraints,
    Range,
    Solution,
    pareto_front,
    search,
    verify,
)
from picojoule.mapper.certificate import has_factors
from picojoule.mapper.space import build_space, mapspace_size
from picojoule.mapping import Level, Loop, Nest
from picojoule.workload import Axis, Operation, Tensor, Term, matmul, parse_operation

LAYERS = (
    ("conv M=96 C=3 P=55 Q=55 R=11 S=11 stride=4", "eyeriss"),
    ("conv M=128 C=96 P=27 Q=27 R=5 S=5 groups=2", "simple-3-level"),
    ("conv M=64 C=64 P=14 Q=14 R=3 S=3 dilation=2", "eyeriss"),
    ("depthwise C=32 P=28 Q=28 R=3 S=3 stride=2", "eyeriss"),
    ("fc N=4 M=1000 C=2048", "nvdla-like"),
    ("matmul M=128 N=128 K=768", "systolic-128"),
)
PRODUCT = parse_operation("fc N=1 M=64 C=64")
CHIP = accelerator("simple-3-level")


@pytest.mark.parametrize(("text", "chip"), LAYERS)
@pytest.mark.parametrize("minimize", ["energy", "edp"])
def test_certificates_hold(text: str, chip: str, minimize: str) -> None:
    operation, hardware = parse_operation(text), accelerator(chip)
    solution = search(operation, hardware, minimize=minimize)
    second_look = verify(operation, hardware, solution)
    assert second_look.faults == ()
    assert second_look.executed
    assert second_look.neighbours > 10
    assert solution.certificate.optimal


@pytest.mark.parametrize("minimize", ["ed2p", "energy^0.5*latency^3", "energy^2*latency"])
def test_certificates_of_any_product_hold(minimize: str) -> None:
    operation, hardware = parse_operation("fc N=4 M=100 C=128"), accelerator("eyeriss")
    solution = search(operation, hardware, minimize=minimize)
    assert verify(operation, hardware, solution).faults == ()


ODD = (
    ("matmul M=13 K=7 N=11", "eyeriss", ("energy", "latency", "edp")),
    ("matmul M=13 K=7 N=11", "nvdla-like", ("energy", "edp")),
    ("fc N=1 M=100 C=23", "systolic-128", ("energy", "edp")),
    ("fc N=1 M=100 C=23", "nvdla-like", ("energy", "edp")),
    ("conv M=6 C=5 P=7 Q=5 R=3 S=3", "systolic-128", ("energy", "latency")),
)


@pytest.mark.parametrize(("text", "chip", "goals"), ODD)
def test_certificates_of_imperfect_factors_hold(
    text: str, chip: str, goals: tuple[str, ...]
) -> None:
    operation, hardware = parse_operation(text), accelerator(chip)
    for minimize in goals:
        solution = search(operation, hardware, minimize=minimize, factors="imperfect")
        assert solution.certificate.optimal
        assert solution.certificate.factors == "imperfect"
        second_look = verify(operation, hardware, solution)
        assert second_look.faults == ()
        assert second_look.neighbours > 10
    for point in pareto_front(operation, hardware, factors="imperfect").points[:3]:
        assert verify(operation, hardware, point).faults == ()


def test_a_claim_about_other_factors_is_caught() -> None:
    operation, hardware = parse_operation("matmul M=13 K=7 N=11"), accelerator("eyeriss")
    solution = search(operation, hardware, minimize="edp", factors="imperfect")
    claim = replace(solution.certificate, factors="perfect")
    assert verify(operation, hardware, replace(solution, certificate=claim)).faults == (
        "the space has another size",
        "the nest has factors that the space has not",
    )


ONE_ARRAY = (Memory("dram"), Array("pes", 4, 6), Memory("spad"), Compute())
TWO_ARRAYS = (Memory("dram"), Array("a", 5, 5), Memory("b"), Array("c", 4, 1), Compute())


@pytest.mark.parametrize("parts", [ONE_ARRAY, TWO_ARRAYS])
@pytest.mark.parametrize("size", [8, 11, 13, 18, 23])
def test_the_factors_of_a_space_are_those_of_its_nests(
    parts: tuple[Memory | Array | Compute, ...], size: int
) -> None:
    """Factorisations of one dimension, listed: they and the space grow alike when more are let."""
    operation, chip = matmul("product", M=size, K=1, N=1), Accelerator("chip", parts)
    sizes = [
        mapspace_size(build_space(operation, chip, Constraints(), imperfect=imperfect))
        for imperfect in (False, True)
    ]
    nests = [Nest(tuple(levels)) for levels in _cut(chip, 0, size)]
    listed = [
        sum(has_factors(operation, chip, nest, imperfect=imperfect) for nest in nests)
        for imperfect in (False, True)
    ]
    assert listed[0] < listed[1] < len(nests)
    assert sizes[1] * listed[0] == sizes[0] * listed[1]


def _cut(chip: Accelerator, place: int, size: int) -> Iterator[list[Level]]:
    """Every way to cut a dimension at a part and inside it, each bound needed, none too wide."""
    if place == len(chip.parts) - 1:
        if size == 1:
            yield []
        return
    part = chip.parts[place]
    limits = (size, size if isinstance(part, Array) and part.y > 1 else 1)
    axes = ("x", "y") if isinstance(part, Array) else (None, None)
    for outer, inner in itertools.product(*(range(1, limit + 1) for limit in limits)):
        middle = -(-size // outer)
        rest = -(-middle // inner)
        if -(-size // middle) == outer and -(-middle // rest) == inner:
            loops = tuple(map(Loop, "MM", (outer, inner), axes))
            for levels in _cut(chip, place + 1, rest):
                yield [Level(part.name, loops), *levels]


def test_what_slides_in_the_output_divides() -> None:
    slid = Operation(
        "slid",
        "matmul",
        (("P", 5), ("R", 5), ("M", 5)),
        (
            Tensor("weights", "weights", (Axis((Term("R"),)), Axis((Term("M"),)))),
            Tensor("outputs", "outputs", (Axis((Term("P"), Term("R"))), Axis((Term("M"),)))),
        ),
    )
    for dim, may_leave in (("M", True), ("P", False), ("R", False)):
        uneven = Nest(
            (Level("dram", (Loop(dim, 3),)), Level("pes"), Level("spad", (Loop(dim, 2),)))
        )
        chip = Accelerator("chip", ONE_ARRAY)
        assert has_factors(slid, chip, uneven, imperfect=True) == may_leave
        assert not has_factors(slid, chip, uneven, imperfect=False)


CONSTRAINTS = Constraints(
    {
        "glb": PartConstraints(order=("C", "M"), tile={"M": Range(2)}, bypass=("outputs",)),
        "pes": PartConstraints(x={"M": Range(2, 4)}, y={"C": Range(2)}),
        "spad": PartConstraints(factors={"C": Range(1, 8)}, keep=("weights",)),
    },
    Limits(latency_s=1e-3, utilization=0.01),
)


def test_certificates_under_constraints_hold() -> None:
    operation, hardware = parse_operation("fc N=4 M=48 C=64"), accelerator("eyeriss")
    solution = search(operation, hardware, constraints=CONSTRAINTS)
    second_look = verify(operation, hardware, solution, constraints=CONSTRAINTS)
    assert second_look.faults == ()
    assert second_look.neighbours > 10
    assert verify(operation, hardware, solution).faults == ("the space has another size",)


@pytest.mark.parametrize(
    ("constraints", "fault"),
    [
        ({"glb": PartConstraints(factors={"C": Range(1, 1)})}, "the nest breaks a constraint"),
        ({"glb": PartConstraints(tile={"M": Range(1, 24)})}, "the nest breaks a constraint"),
        ({"glb": PartConstraints(order=("C", "M", "N"))}, "the nest breaks a constraint"),
        ({"glb": PartConstraints(keep=("weights",))}, "the nest breaks a constraint"),
        ({"spad": PartConstraints(bypass=("inputs0", "inputs"))}, "the nest breaks a constraint"),
        ({"pes": PartConstraints(y={"M": Range(2)})}, "the nest breaks a constraint"),
        (Limits(latency_s=1e-9), "the costs break a limit"),
        (Limits(utilization=0.9), "the costs break a limit"),
        (Limits(power_w=1e-3), "the costs break a limit"),
        (Limits(bandwidth_bytes_per_s=1e3), "the costs break a limit"),
    ],
)
def test_a_broken_constraint_is_caught(
    constraints: dict[str, PartConstraints] | Limits, fault: str
) -> None:
    operation, hardware = parse_operation("fc N=4 M=48 C=64"), accelerator("eyeriss")
    names = tuple(tensor.name for tensor in operation.tensors)
    held = tuple(tensor.name for tensor in operation.tensors if tensor.role != "weights")
    nest = Nest(
        (
            Level("dram", (Loop("N", 4),), names),
            Level("glb", (Loop("M", 12), Loop("C", 8)), held),
            Level("pes", (Loop("M", 4, "x"), Loop("C", 8, "y"))),
            Level("spad", (), names),
        )
    )
    solution = _forged(operation, hardware, nest)
    assert fault not in verify(operation, hardware, solution).faults
    given = Constraints(limits=constraints) if isinstance(constraints, Limits) else constraints
    given = given if isinstance(given, Constraints) else Constraints(given)
    assert fault in verify(operation, hardware, solution, constraints=given).faults


def _forged(operation: Operation, hardware: Accelerator, nest: Nest) -> Solution:
    """A solution that claims a nest to have the least energy."""
    counts = count(operation, hardware, nest)
    costs = price(operation, hardware, counts)
    certificate = search(operation, hardware, budget=1_000_000).certificate
    claim = replace(certificate, cost=costs.energy_pj, lower_bound=costs.energy_pj, optimal=True)
    return Solution(nest, counts, costs, claim)


def test_a_worse_nest_is_caught() -> None:
    solution = search(PRODUCT, CHIP)
    names = tuple(tensor.name for tensor in PRODUCT.tensors)
    worse = Nest(
        (
            Level("dram", (Loop("M", 64), Loop("C", 64)), names),
            *(Level(level.part, (), level.keeps) for level in solution.nest.levels[1:]),
        )
    )
    assert verify(PRODUCT, CHIP, replace(solution, nest=worse)).faults
    faults = verify(PRODUCT, CHIP, _forged(PRODUCT, CHIP, worse)).faults
    assert faults
    assert all(fault.startswith("a neighbour is better") for fault in faults)


def test_a_tensor_kept_in_vain_is_caught() -> None:
    # Each weight is used once: a register for it only costs a fill. So does leaving out the sums.
    chip = Accelerator(
        "register",
        (
            Memory("dram", read_pj=100.0, update_pj=100.0),
            Memory("register", read_pj=1.0, fill_pj=1.0, update_pj=1.0),
            Compute(),
        ),
    )
    must = Constraints({"register": PartConstraints(keep=("weights",))})
    forced = search(PRODUCT, chip, constraints=must)
    assert verify(PRODUCT, chip, forced, constraints=must).faults == ()
    assert any("a neighbour" in fault for fault in verify(PRODUCT, chip, forced).faults)
    best = search(PRODUCT, chip)
    assert best.nest.levels[1].keeps == ("inputs", "outputs")
    for keeps in (("weights", "inputs", "outputs"), ("inputs",)):
        worse = Nest((best.nest.levels[0], replace(best.nest.levels[1], keeps=keeps)))
        faults = verify(PRODUCT, chip, _forged(PRODUCT, chip, worse)).faults
        assert any(f"{best.costs.energy_pj} pJ" in fault for fault in faults)


def test_false_claims_are_caught() -> None:
    solution = search(PRODUCT, CHIP)
    cost = solution.certificate.cost
    for changes, fault in (
        ({"lower_bound": cost / 2}, "optimal must mean that the bound met the cost"),
        ({"lower_bound": cost * 2, "optimal": False}, "the bound is above the cost"),
        ({"mapspace_size": 1}, "the space has another size"),
    ):
        claim = replace(solution.certificate, **changes)
        faults = verify(PRODUCT, CHIP, replace(solution, certificate=claim)).faults
        assert faults == (fault,)
    counts = replace(solution.counts, steps=solution.counts.steps + 1)
    assert verify(PRODUCT, CHIP, replace(solution, counts=counts)).faults == (
        "the counts differ from an execution of the nest",
    )


def test_points_of_a_front_hold_and_a_beaten_one_is_caught() -> None:
    operation, hardware = parse_operation("matmul M=32 K=32 N=32"), accelerator("eyeriss")
    front = pareto_front(operation, hardware)
    assert len(front.points) > 1
    for point in front.points:
        assert verify(operation, hardware, point).faults == ()
    fastest = front.points[0]
    claim = replace(fastest.certificate, objective="energy")
    assert verify(operation, hardware, replace(fastest, certificate=claim)).faults
    names = tuple(tensor.name for tensor in operation.tensors)
    outside = Level("dram", tuple(Loop(dim, size) for dim, size in operation.dims), names)
    slow = Nest((outside, *(Level(level.part) for level in fastest.nest.levels[1:])))
    forged = _forged(operation, hardware, slow)
    claim = replace(forged.certificate, objective="front")
    assert verify(operation, hardware, replace(forged, certificate=claim)).faults
