"""Join: what both sets allow, and which of their constraints quarrel."""

import pytest

from picojoule.errors import MappingError
from picojoule.mapper import Constraints, Limits, PartConstraints, Range, join_constraints

ONE = Range(1, 1)


def joined(one: PartConstraints, two: PartConstraints) -> PartConstraints:
    first = Constraints(
        {"glb": one}, places={"glb.order": "mine.yaml:3", "glb.keep": "mine.yaml:4"}
    )
    second = Constraints(
        {"glb": two}, places={"glb.order": "dataflow x", "glb.bypass": "dataflow x"}
    )
    return join_constraints(first, second).of("glb")


def test_ranges_are_those_of_both() -> None:
    for key in ("factors", "tile", "x", "y"):
        one = PartConstraints(**{key: {"P": Range(2), "Q": Range(1, 9), "M": ONE}})
        two = PartConstraints(**{key: {"P": Range(1, 7), "Q": Range(4, 12), "C": ONE}})
        found = getattr(joined(one, two), key)
        assert found == {"P": Range(2, 7), "Q": Range(4, 9), "M": ONE, "C": ONE}


def test_tensors_orders_limits_and_parts_of_both_hold() -> None:
    found = joined(
        PartConstraints(keep=("inputs",), order=("P", "Q")),
        PartConstraints(keep=("weights",), bypass=("outputs",), order=(("M", "Q"), ("C", "Q"))),
    )
    assert set(found.keep) == {"inputs", "weights"}
    assert found.bypass == ("outputs",)
    assert set(found.orders) == {("P", "Q"), ("M", "Q"), ("C", "Q")}
    limits = Limits(latency_s=1.0)
    own = PartConstraints(order=("P", "Q"))
    for both in (
        join_constraints(Constraints({"a": own}, limits), Constraints({"b": own})),
        join_constraints(Constraints({"b": own}), Constraints({"a": own}, limits)),
    ):
        assert both.limits == limits
        assert both.of("a") == both.of("b") == own


def test_a_loop_that_is_forbidden_has_no_place() -> None:
    found = joined(
        PartConstraints(order=("Q", "P"), factors={"Q": ONE}), PartConstraints(order=("P", "Q"))
    )
    assert found.order == ()


@pytest.mark.parametrize(
    ("one", "two", "named"),
    [
        (
            PartConstraints(factors={"P": Range(4)}),
            PartConstraints(factors={"P": Range(1, 2)}),
            ("glb.factors P >= 4", "glb.factors P <= 2"),
        ),
        (
            PartConstraints(tile={"P": Range(3, 3)}),
            PartConstraints(tile={"P": ONE}),
            ("= 3", "= 1"),
        ),
        (
            PartConstraints(keep=("inputs",)),
            PartConstraints(bypass=("inputs",)),
            ("inputs", "mine.yaml:4", "dataflow x"),
        ),
        (
            PartConstraints(order=("Q", "P", "M")),
            PartConstraints(order=(("P", "Q"), ("C", "Q"))),
            ("P and Q", "mine.yaml:3", "dataflow x"),
        ),
    ],
)
def test_a_quarrel_names_both(one: PartConstraints, two: PartConstraints, named) -> None:
    for pair in ((one, two), (two, one)):
        with pytest.raises(MappingError) as caught:
            joined(*pair)
        text = str(caught.value).replace("Q and P", "P and Q")
        if pair == (one, two):
            assert all(part in text for part in named), text


def test_plain_data_writes_several_orders() -> None:
    own = Constraints({"glb": PartConstraints(order=(("P", "Q"), ("M", "Q")))})
    assert own.to_dict()["parts"] == {"glb": {"order": [["P", "Q"], ["M", "Q"]]}}
