"""A dataflow's optimum is that of all mappings which keep what the dataflow says.

What it says is asked of finished nests here, of their counts where that is possible: how often
words enter the PEs, whether partial sums ever come back. Nothing is known of constraints.
"""

import random
from collections.abc import Callable

import pytest
from spaces import every_nest

from picojoule.cost import Costs, count, price
from picojoule.dataflows import DATAFLOWS
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import parse_objective, search
from picojoule.mapping import Counts, Nest
from picojoule.workload import ROLES, Operation, Role, parse_operation

Predicate = Callable[[Operation, Nest, Counts], bool]


def chip(rng: random.Random, rf: tuple[Role, ...], buffer: tuple[Role, ...] = ROLES) -> Accelerator:
    """Four PEs with a little storage and random prices."""

    def price_pj(most: float) -> float:
        return round(rng.uniform(0.2, most), 3)

    return Accelerator(
        "tiny",
        (
            Memory("dram", read_pj=price_pj(80), update_pj=price_pj(80), port_bits_per_cycle=24.0),
            Memory("buffer", buffer, rng.choice((64, 128, 256, 4096)), read_pj=price_pj(8),
                   fill_pj=price_pj(3), update_pj=price_pj(8)),
            Array("pes", 2, 2, delivery_pj=price_pj(3), reduction_pj=price_pj(1)),
            Memory("rf", rf, rng.choice((64, 128, 256)), read_pj=price_pj(2), fill_pj=price_pj(1),
                   update_pj=price_pj(2)),
            Compute(),
        ),
    )  # fmt: skip


def loops_of(nest: Nest, part: str) -> dict[str, int]:
    """Bounds at a part, both axes of an array together."""
    found: dict[str, int] = {}
    for level in nest.levels:
        if level.part == part:
            for loop in level.loops:
                found[loop.dim] = found.get(loop.dim, 1) * loop.bound
    return {dim: bound for dim, bound in found.items() if bound > 1}


def keeps(nest: Nest, part: str) -> set[str]:
    return {name for level in nest.levels if level.part == part for name in level.keeps}


def words(operation: Operation, name: str) -> int:
    return next(operation.words(t) for t in operation.tensors if t.name == name)


def dims(operation: Operation, name: str) -> set[str]:
    return {dim for t in operation.tensors if t.name == name for dim in t.dims}


def enters_once(operation: Operation, counts: Counts, name: str) -> bool:
    """Each word of a tensor comes into one PE, once, alone."""
    return counts.tile_words.get(("rf", name)) == 1 and counts.accesses["rf", name].fills == words(
        operation, name
    )


def sums_stay_on_chip(nest: Nest, counts: Counts) -> bool:
    """Partial sums are collected in the buffer, and none comes back from DRAM."""
    return "outputs" in keeps(nest, "buffer") and counts.accesses["dram", "outputs"].reads == 0


def is_ws(operation: Operation, nest: Nest, counts: Counts) -> bool:
    # Loops over pixels are inside the PE: the buffer sees the whole plane at a time.
    pixels = set(operation.sizes) - dims(operation, "weights")
    outside = {*loops_of(nest, "dram"), *loops_of(nest, "buffer"), *loops_of(nest, "pes")}
    return (
        keeps(nest, "rf") == {"weights"}
        and not pixels & outside
        and enters_once(operation, counts, "weights")
        and sums_stay_on_chip(nest, counts)
    )


def is_is(operation: Operation, nest: Nest, counts: Counts) -> bool:
    filters = set(operation.sizes) - dims(operation, "inputs")
    outside = {*loops_of(nest, "dram"), *loops_of(nest, "buffer"), *loops_of(nest, "pes")}
    taps = dims(operation, "weights") - dims(operation, "outputs")
    # One position of the window at a time: an input is there once for each of its MACs' windows.
    visits = operation.steps
    for dim in filters:
        visits //= operation.sizes[dim]
    fills = counts.accesses.get(("rf", "inputs"))
    return (
        keeps(nest, "rf") == {"inputs"}
        and not filters & outside
        and counts.tile_words["rf", "inputs"] == 1
        and not taps & set(loops_of(nest, "rf"))
        and fills is not None
        and fills.fills <= visits
        and not (set(operation.sizes) - filters) & set(loops_of(nest, "rf"))
        and sums_stay_on_chip(nest, counts)
    )


def is_os(spread: str) -> Predicate:
    def keeps_sums(operation: Operation, nest: Nest, counts: Counts) -> bool:
        summed = set(operation.sizes) - dims(operation, "outputs")
        outer = "buffer" if "outputs" in keeps(nest, "buffer") else "dram"
        home = counts.accesses.get(("rf", "outputs"))
        return (
            keeps(nest, "rf") == {"outputs"}
            and counts.tile_words["rf", "outputs"] == 1
            and home is not None
            and home.fills == 0
            and counts.accesses[outer, "outputs"].updates == words(operation, "outputs")
            and not set(loops_of(nest, "pes")) - set(spread)
            and not summed & set(loops_of(nest, "dram"))
        )

    return keeps_sums


def is_nlr(operation: Operation, nest: Nest, counts: Counts) -> bool:
    return (
        not keeps(nest, "rf")
        and not loops_of(nest, "rf")
        and not set(loops_of(nest, "pes")) - {"M", "C", "G"}
    )


def is_rs(operation: Operation, nest: Nest, counts: Counts) -> bool:
    (along_y,) = ([loop for loop in level.loops if loop.axis == "y"] for level in nest.levels
                  if level.part == "pes")  # fmt: skip
    height = {loop.dim: loop.bound for loop in along_y}.get("R", 1)
    outside = [
        loop for level in nest.levels if level.part in ("dram", "buffer") for loop in level.loops
        if loop.bound > 1
    ]  # fmt: skip
    # The row is gone along as a whole, last of all; the buffer's loops are outside the PEs'.
    size = operation.sizes["Q"]
    slides = size == 1 or (
        loops_of(nest, "buffer").get("Q") == size
        and (outside[-1].dim, outside[-1].bound) == ("Q", size)
    )
    inside = loops_of(nest, "rf")
    return (
        keeps(nest, "rf") == set(ROLES)
        and height == operation.sizes["R"]
        and inside.get("S", 1) == operation.sizes["S"]
        and not set(inside) - {"S", "M", "C", "G"}
        and not set(loops_of(nest, "pes")) - {"R", "P", "M", "C", "G"}
        and slides
    )


CASES: tuple[tuple[str, Predicate, tuple[Role, ...], tuple[str, ...]], ...] = (
    ("ws", is_ws, ("weights", "outputs"),
     ("conv M=2 C=2 P=1 Q=2", "conv N=2 M=2 C=2 P=1 Q=1", "conv M=2 C=1 P=1 Q=4 R=1 S=2")),
    ("is", is_is, ("inputs", "weights"),
     ("conv M=2 C=2 P=1 Q=2", "conv M=4 C=1 P=1 Q=2 R=1 S=2", "conv N=2 M=2 C=2 P=1 Q=1")),
    ("os_a", is_os("NPQ"), ("outputs", "inputs"),
     ("conv M=2 C=2 P=1 Q=2", "conv M=1 C=2 P=2 Q=2", "conv M=2 C=1 P=1 Q=4 R=1 S=2")),
    ("os_b", is_os("NQMG"), ("outputs", "weights"),
     ("conv M=2 C=2 P=1 Q=2", "conv M=1 C=2 P=2 Q=2", "conv N=2 M=2 C=2 P=1 Q=1")),
    ("os_c", is_os("NMG"), ("outputs", "weights"),
     ("conv M=2 C=2 P=1 Q=2", "conv M=4 C=2 P=1 Q=2", "conv N=2 M=2 C=2 P=1 Q=1")),
    ("nlr", is_nlr, ("weights", "outputs"),
     ("conv M=2 C=2 P=1 Q=2", "conv M=4 C=4 P=1 Q=1", "conv M=2 C=1 P=1 Q=2 R=1 S=2")),
    ("rs", is_rs, ROLES,
     ("conv M=1 C=1 P=2 Q=2 R=2 S=1", "conv M=2 C=1 P=1 Q=3 R=1 S=2",
      "conv M=1 C=2 P=1 Q=2 R=2 S=1")),
)  # fmt: skip


def keeping(operation: Operation, tiny: Accelerator, predicate: Predicate) -> list[Costs]:
    """What all mappings cost that the predicate accepts: some, but not all."""
    found, listed = [], 0
    for nest in every_nest(operation, tiny):
        counts, listed = count(operation, tiny, nest), listed + 1
        if predicate(operation, nest, counts):
            found.append(price(operation, tiny, counts))
    assert 0 < len(found) < listed
    return found


@pytest.mark.parametrize("name", [case[0] for case in CASES])
@pytest.mark.parametrize("place", [0, 1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_optimum_is_that_of_all_mappings_that_keep_the_dataflow(name: str, place: int) -> None:
    predicate, rf, layers = next(case[1:] for case in CASES if case[0] == name)
    rng = random.Random(f"{name} {place}")
    operation = parse_operation(layers[place])
    buffer: tuple[Role, ...] = ("outputs",) if name in ("ws", "is") else ("inputs",)
    tiny = chip(rng, rf, buffer if name in ("rs", "nlr") else ("inputs", "outputs"))
    costs = keeping(operation, tiny, predicate)
    rules = DATAFLOWS[name].build
    for minimize in ("energy", "edp", "latency"):
        objective = parse_objective(minimize)
        found = search(
            operation, tiny, minimize=minimize, constraints=rules(operation, tiny),
            factors="perfect",
        )  # fmt: skip
        assert predicate(operation, found.nest, found.counts), found.nest
        best = min(map(objective.score, costs))
        assert objective.score(found.costs) == pytest.approx(best, rel=1e-9)
        assert found.certificate.optimal
