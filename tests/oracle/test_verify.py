"""Certificates of real layers hold when they are derived again; false ones are caught."""

from dataclasses import replace

import pytest

from picojoule.cost import count, price
from picojoule.hardware import accelerator
from picojoule.mapper import Minimize, Solution, search, verify
from picojoule.mapping import Level, Loop, Nest
from picojoule.workload import parse_operation

LAYERS = (
    ("conv M=96 C=3 P=55 Q=55 R=11 S=11 stride=4", "eyeriss"),
    ("conv M=128 C=96 P=27 Q=27 R=5 S=5 groups=2", "simple-3-level"),
    ("conv M=64 C=64 P=14 Q=14 R=3 S=3 dilation=2", "eyeriss"),
    ("depthwise C=32 P=28 Q=28 R=3 S=3 stride=2", "eyeriss"),
    ("fc N=4 M=1000 C=2048", "nvdla-like"),
    ("matmul M=128 N=128 K=768", "systolic-128"),
)


@pytest.mark.parametrize(("text", "chip"), LAYERS)
@pytest.mark.parametrize("minimize", ["energy", "edp"])
def test_certificates_hold(text: str, chip: str, minimize: Minimize) -> None:
    operation, hardware = parse_operation(text), accelerator(chip)
    solution = search(operation, hardware, minimize=minimize)
    second_look = verify(operation, hardware, solution)
    assert second_look.faults == ()
    assert second_look.executed
    assert second_look.neighbours > 10
    assert solution.certificate.optimal


def test_a_worse_nest_is_caught() -> None:
    operation, hardware = parse_operation("fc N=1 M=64 C=64"), accelerator("simple-3-level")
    solution = search(operation, hardware)
    names = tuple(tensor.name for tensor in operation.tensors)
    worse = Nest(
        (
            Level("dram", (Loop("M", 64), Loop("C", 64)), names),
            *(Level(level.part, (), level.keeps) for level in solution.nest.levels[1:]),
        )
    )
    assert verify(operation, hardware, replace(solution, nest=worse)).faults
    counts = count(operation, hardware, worse)
    costs = price(operation, hardware, counts)
    claim = replace(solution.certificate, cost=costs.energy_pj, lower_bound=costs.energy_pj)
    forged = Solution(worse, counts, costs, claim)
    faults = verify(operation, hardware, forged).faults
    assert faults
    assert all(fault.startswith("a neighbour costs") for fault in faults)


def test_a_false_claim_is_caught() -> None:
    operation, hardware = parse_operation("fc N=1 M=64 C=64"), accelerator("simple-3-level")
    solution = search(operation, hardware)
    claim = replace(solution.certificate, lower_bound=solution.certificate.cost / 2)
    faults = verify(operation, hardware, replace(solution, certificate=claim)).faults
    assert faults == ("optimal must mean that the bound met the cost",)
