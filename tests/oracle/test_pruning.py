"""What the search leaves out at once: with and without it, the best is as good, on real chips."""

import sys
from typing import Any

import pytest

import picojoule.mapper.chains
import picojoule.mapper.space
from picojoule.hardware import accelerator
from picojoule.mapper import Solution, search
from picojoule.mapper.chains import problem_of
from picojoule.mapper.factors import Factors
from picojoule.mapper.model import Problem
from picojoule.workload import parse_operation

OPERATIONS = (
    "conv M=6 C=10 P=13 Q=5 R=3 S=3",
    "conv M=8 C=6 P=9 Q=5 R=3 S=3 groups=2 stride=2",
    "depthwise C=11 P=7 Q=5 R=3 S=3",
    "conv M=24 C=36 P=11 Q=10 R=1 S=1",
    "bmm B=5 M=26 K=18 N=21",
    "matmul M=50 K=46 N=39",
)
SEARCH = sys.modules["picojoule.mapper.search"]
RULES = ("sliced", "gathered", "absorbed")


def without(rule: str, patch: pytest.MonkeyPatch) -> None:
    """Switch one of the rules off."""
    if rule == "sliced":
        patch.setattr(picojoule.mapper.space, "_sliced", lambda *_: 0)
    elif rule == "gathered":
        patch.setattr(picojoule.mapper.chains, "_gathers", lambda *_: 0)
    else:

        def free(*given: Any) -> Problem:
            problem = problem_of(*given)
            return problem._replace(absorbs=problem.absorbs & False)

        patch.setattr(SEARCH, "problem_of", free)


@pytest.mark.parametrize("chip", ["eyeriss", "simple-3-level", "nvdla-like"])
@pytest.mark.parametrize("text", OPERATIONS)
@pytest.mark.parametrize(
    ("factors", "minimize"),
    [("perfect", "energy"), ("perfect", "latency"), ("perfect", "edp"), ("imperfect", "energy")],
)
def test_the_best_is_as_good_without_a_rule(
    text: str, chip: str, factors: Factors, minimize: str
) -> None:
    operation, hardware = parse_operation(text), accelerator(chip)
    found = search(operation, hardware, minimize=minimize, factors=factors)
    assert found.certificate.optimal
    for rule in RULES:
        with pytest.MonkeyPatch.context() as patch:
            without(rule, patch)
            other = search(operation, hardware, minimize=minimize, factors=factors)
        assert other.certificate.optimal
        assert other.certificate.cost == pytest.approx(found.certificate.cost, rel=1e-9)


def work(solution: Solution) -> int:
    """Parts that were bounded closely, and pairs that were compared."""
    return solution.certificate.parts + solution.certificate.visited


@pytest.mark.parametrize(
    ("rule", "text"),
    [("sliced", OPERATIONS[4]), ("gathered", OPERATIONS[5]), ("absorbed", OPERATIONS[5])],
)
def test_a_rule_leaves_something_out(rule: str, text: str) -> None:
    operation, hardware = parse_operation(text), accelerator("eyeriss")
    found = search(operation, hardware, factors="imperfect")
    with pytest.MonkeyPatch.context() as patch:
        without(rule, patch)
        other = search(operation, hardware, factors="imperfect")
    assert work(found) < work(other)
