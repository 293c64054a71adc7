"""Under constraints and limits the search equals brute force over the mappings that obey them."""

import random
from collections.abc import Mapping

import pytest
from random_problems import PRODUCTS, product, random_constraints, small_problem
from spaces import Problem, every_mapping
from test_search import check_best

from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import OBJECTIVES, Constraints, Limits, PartConstraints, Range


def check_problem(seed: int, most: int, sets: int) -> None:
    """Compare searches under several random sets of constraints."""
    rng = random.Random(seed)
    problem = small_problem(rng, most)
    for _ in range(sets):
        constraints = random_constraints(rng, problem)
        for minimize in rng.sample((*OBJECTIVES, *PRODUCTS), 2):
            check_best(problem, constraints, minimize)


@pytest.mark.parametrize("seed", range(5000, 5016))
def test_constrained_searches_equal_brute_force(seed: int) -> None:
    check_problem(seed, most=600, sets=3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6000, 6250))
def test_constrained_searches_equal_brute_force_at_length(seed: int) -> None:
    check_problem(seed, most=1500, sets=5)


def check(
    sizes: Mapping[str, int],
    chip: Accelerator,
    parts: Mapping[str, PartConstraints],
    limits: Limits = Limits(),  # noqa: B008  a frozen value
    *,
    feasible: bool = True,
) -> None:
    """Compare all objectives on a product, and whether any mapping is allowed."""
    operation, constraints = product(**sizes), Constraints(parts, limits)
    problem = Problem(operation, chip, tuple(every_mapping(operation, chip)))
    assert bool(problem.allowed(constraints)) == feasible
    for minimize in OBJECTIVES:
        check_best(problem, constraints, minimize)


TWO_BUFFERS = Accelerator(
    "two buffers",
    (
        Memory("dram", read_pj=50.0, update_pj=50.0),
        Memory("outer", ("weights", "inputs"), 64, read_pj=4.0, fill_pj=2.0),
        Memory("inner", ("outputs",), 32, read_pj=1.0, update_pj=1.0, port_bits_per_cycle=16.0),
        Compute(),
    ),
)


@pytest.mark.parametrize("part", ["dram", "outer", "inner"])
def test_an_order_holds_in_every_memory(part: str) -> None:
    for order in (("M", "K", "N"), ("K", "N", "M"), ("N", "M")):
        check({"M": 2, "K": 2, "N": 4}, TWO_BUFFERS, {part: PartConstraints(order=order)})


@pytest.mark.parametrize("part", ["dram", "outer", "inner"])
def test_several_orders_hold_together(part: str) -> None:
    for order in ((("M", "N"), ("K", "N")), (("N", "M"), ("N", "K")), (("M", "K"), ("K", "N"))):
        check({"M": 2, "K": 2, "N": 4}, TWO_BUFFERS, {part: PartConstraints(order=order)})


@pytest.mark.parametrize("part", ["outer", "inner"])
def test_a_memory_that_keeps_nothing_obeys_too(part: str) -> None:
    # What it may keep does not fit beside such loops or tiles, so all passes it by.
    nothing = ("weights", "inputs", "outputs")
    for own in (
        PartConstraints(factors={"N": Range(4)}, bypass=nothing),
        PartConstraints(tile={"M": Range(2), "K": Range(1, 1)}, bypass=nothing),
        PartConstraints(tile={"M": Range(2, 2), "N": Range(4)}),
    ):
        check({"M": 2, "K": 2, "N": 4}, TWO_BUFFERS, {part: own})


def test_loops_move_to_a_memory_that_keeps_nothing() -> None:
    parts = {
        "dram": PartConstraints(factors={"M": Range(1, 1), "K": Range(1, 1), "N": Range(1, 1)}),
        "outer": PartConstraints(bypass=("a", "b")),
        "inner": PartConstraints(factors={"M": Range(1, 1), "K": Range(1, 1)}),
    }
    check({"M": 2, "K": 2, "N": 2}, TWO_BUFFERS, parts)


def test_a_limit_on_power_may_ask_for_more_time() -> None:
    # The better mapping, larger tiles in the buffer, takes less time: too much power.
    chip = Accelerator(
        "leaky",
        (
            Memory("dram", access_bits=8, update_pj=50.0),
            Memory(
                "buffer", capacity_bits=96, fill_pj=6.0, port_bits_per_cycle=12.0, leakage_w=1.0
            ),
            Array("outer", 2, 3),
            Array("inner", 2, 2, delivery_pj=5.0, word_bits=8),
            Compute(),
        ),
        clock_hz=2e8,
    )
    check({"N": 2, "K": 3, "M": 6}, chip, {}, Limits(power_w=1.0074551))


@pytest.mark.parametrize(
    ("parts", "limits"),
    [
        ({"dram": PartConstraints(factors={"M": Range(3)})}, Limits()),
        ({"dram": PartConstraints(factors={"M": Range(2)}),
          "outer": PartConstraints(factors={"M": Range(2)})}, Limits()),
        ({"inner": PartConstraints(tile={"M": Range(2), "N": Range(4)}, keep=("c",))}, Limits()),
        ({}, Limits(latency_s=1.5e-8)),
        ({}, Limits(power_w=1e-6)),
        ({}, Limits(bandwidth_bytes_per_s=1.0)),
    ],
)  # fmt: skip
def test_what_nothing_obeys_is_refused(
    parts: Mapping[str, PartConstraints], limits: Limits
) -> None:
    check({"M": 2, "K": 2, "N": 4}, TWO_BUFFERS, parts, limits, feasible=False)


def test_an_axis_too_short_for_its_constraint_leaves_nothing() -> None:
    chip = Accelerator("row", (Memory("dram"), Array("pes", 4, 1, x_dims=("M",)), Compute()))
    check({"M": 2, "K": 2}, chip, {"pes": PartConstraints(x={"M": Range(2)})})
    check({"M": 2, "K": 2}, chip, {"pes": PartConstraints(x={"K": Range(2)})}, feasible=False)
    check({"M": 2, "K": 2}, chip, {"pes": PartConstraints(y={"M": Range(2)})}, feasible=False)
