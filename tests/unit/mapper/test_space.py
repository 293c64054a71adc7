"""The space of mappings by hand: spatial choices, what is kept, orders, and how many there are."""

import pytest
from random_problems import product

from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import Constraints, PartConstraints, Range
from picojoule.mapper.factors import Split
from picojoule.mapper.space import Space, build_space, keep_choices, mapspace_size
from picojoule.workload import Operation

NOTHING = PartConstraints()


def space(operation: Operation, *parts: Memory | Array, **constraints: PartConstraints) -> Space:
    chip = Accelerator("chip", (Memory("dram"), *parts, Compute()))
    return build_space(operation, chip, Constraints(constraints))


def spreads(space: Space) -> dict[tuple[int, ...], Split]:
    """The choices of spatial factors of the first array: factors by dimension, and their split."""
    first = space.spreads[0]
    return dict(zip(map(tuple, first.factors.tolist()), first.splits, strict=True))


def test_spatial_factors_fit_the_axes() -> None:
    found = spreads(space(product(M=4, K=3), Array("pes", 4, 1)))
    assert set(found) == {(1, 1), (2, 1), (4, 1), (1, 3)}
    assert found[4, 1] == ((4, 1), (1, 1))
    found = spreads(space(product(M=4, K=3), Array("pes", 2, 3)))
    assert set(found) == {(1, 1), (2, 1), (4, 1), (1, 3), (2, 3)}
    assert found[2, 3] == ((2, 1), (1, 3))
    assert found[4, 1] == ((2, 1), (2, 1))


def test_axes_take_only_their_dimensions() -> None:
    array = Array("pes", 4, 3, x_dims=("M",), y_dims=("K",))
    assert set(spreads(space(product(M=4, K=3), array))) == {
        (m, k) for m in (1, 2, 4) for k in (1, 3)
    }


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (NOTHING, {(1, 1), (2, 1), (4, 1), (1, 2), (2, 2)}),
        (PartConstraints(x={"M": Range(2)}), {(2, 1), (4, 1), (2, 2)}),
        (PartConstraints(x={"M": Range(1, 1)}, y={"M": Range(1, 1)}), {(1, 1), (1, 2)}),
        (PartConstraints(x={"M": Range(2, 2)}, y={"K": Range(2)}), {(2, 2)}),
        (PartConstraints(x={"M": Range(3)}), set()),
    ],
)
def test_constraints_take_spatial_factors_away(
    own: PartConstraints, expected: set[tuple[int, int]]
) -> None:
    found = spreads(space(product(M=4, K=2), Array("pes", 2, 2), pes=own))
    assert set(found) == expected


def test_imperfect_factors_use_more_of_an_array() -> None:
    operation = product(M=11)
    for array, perfect, imperfect in (
        # Pieces of 6, 4, 3 and 2 rows; for pieces of 3, four instances do, and five are too many.
        (Array("pes", 10, 1), {1}, {1, 2, 3, 4, 6}),
        # Three columns of 4 rows each: the last one has 3, and eleven instances work.
        (Array("pes", 3, 4), {1}, {1, 2, 3, 4, 6, 11}),
    ):
        chip = Accelerator("chip", (Memory("dram"), array, Compute()))
        for factors, is_imperfect in ((perfect, False), (imperfect, True)):
            found = spreads(build_space(operation, chip, Constraints(), imperfect=is_imperfect))
            assert {instances for instances, *_ in found} == factors


def test_between_two_arrays_stands_a_memory_of_nothing() -> None:
    found = space(product(M=4), Array("outer", 2), Array("inner", 2), Memory("register"))
    assert [stage.memory.holds for stage in found.stages] == [
        ("weights", "inputs", "outputs"),
        (),
        ("weights", "inputs", "outputs"),
    ]
    assert [stage.array and stage.array.name for stage in found.stages] == ["outer", "inner", None]


@pytest.mark.parametrize(
    ("own", "ways"),
    [
        (NOTHING, 4),
        (PartConstraints(keep=("a",)), 2),
        (PartConstraints(bypass=("weights",)), 2),
        (PartConstraints(keep=("a",), bypass=("inputs",)), 1),
    ],
)
def test_what_a_memory_keeps_is_its_choice_or_the_users(own: PartConstraints, ways: int) -> None:
    found = space(product(M=4), Memory("buffer", ("weights", "inputs")), buffer=own)
    choices = [choice.tolist() for choice in keep_choices(found)]
    assert len(choices) == ways
    assert all(outermost == [True, True, True] for outermost, _ in choices)
    assert all(kept[2] is False for _, kept in choices)
    # The first way keeps as much as may be.
    assert sum(choices[0][1]) == max(sum(kept) for _, kept in choices)


def test_an_order_says_which_loops_run_inside() -> None:
    before = space(
        product(M=2, K=2, N=2), Memory("buffer"), buffer=PartConstraints(order=("N", "M"))
    ).problem.before
    assert before.tolist() == [[0, 0, 0], [0, 0, 0b001]]
    both = PartConstraints(order=(("N", "M"), ("K", "M")))
    before = space(product(M=2, K=2, N=2), Memory("buffer"), buffer=both).problem.before
    assert before.tolist() == [[0, 0, 0], [0, 0b001, 0b001]]


@pytest.mark.parametrize(
    ("own", "size"),
    [
        # M splits in three ways over two memories, K in two; two loops have two orders at each;
        # each of three tensors is kept or not.
        (NOTHING, 3 * 2 * 2**2 * 2**3),
        (PartConstraints(order=("K", "M")), 3 * 2 * 2 * 2**3),
        (PartConstraints(order=(("K", "M"), ("K", "M"))), 3 * 2 * 2 * 2**3),
        (PartConstraints(keep=("a",), bypass=("outputs",)), 3 * 2 * 2**2 * 2),
        (PartConstraints(factors={"M": Range(2)}), 2 * 2 * 2**2 * 2**3),
        (PartConstraints(factors={"M": Range(2, 2)}, tile={"K": Range(2)}), 2**2 * 2**3),
        (PartConstraints(factors={"M": Range(3, 3)}), 0),
        (PartConstraints(tile={"M": Range(1, 2)}, factors={"M": Range(4)}), 0),
    ],
)
def test_the_size_of_a_space(own: PartConstraints, size: int) -> None:
    assert mapspace_size(space(product(M=4, K=2), Memory("buffer"), buffer=own)) == size


@pytest.mark.parametrize(
    ("array", "own", "size"),
    [
        # M = 4 over dram and one axis, over both axes, and where only x takes it.
        (Array("pes", 4, 1), NOTHING, 3),
        (Array("pes", 2, 2), NOTHING, 6),
        (Array("pes", 2, 2, y_dims=()), NOTHING, 3),
        (Array("pes", 2, 2), PartConstraints(x={"M": Range(2, 2)}), 2),
        (Array("pes", 2, 1), PartConstraints(y={"M": Range(1, 1)}), 3),
        (Array("pes", 2, 1), PartConstraints(y={"M": Range(2)}), 0),
    ],
)
def test_arrays_add_places_to_the_size(array: Array, own: PartConstraints, size: int) -> None:
    assert mapspace_size(space(product(M=4), array, pes=own)) == size
