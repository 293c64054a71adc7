"""Dims: every kind of operation, by the parts its dimensions play."""

import pytest

from picojoule.dataflows.dims import parts_of
from picojoule.errors import Unsupported
from picojoule.workload import Axis, Operation, Tensor, Term, parse_operation

EMPTY = dict.fromkeys(("channels", "plane", "batch", "taps", "depth", "groups"), "")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("conv N=2 M=8 C=4 P=6 Q=5 R=3 S=3",
         {"channels": "M", "plane": "PQ", "batch": "N", "taps": "RS", "depth": "C"}),
        ("conv M=8 C=4 P=6 Q=6", {"channels": "M", "plane": "PQ", "depth": "C"}),
        ("conv M=8 C=8 G=4 P=6 Q=6 R=3 S=3",
         {"channels": "M", "plane": "PQ", "taps": "RS", "depth": "C", "groups": "G"}),
        ("depthwise C=8 P=6 Q=6 R=3 S=3", {"plane": "PQ", "taps": "RS", "groups": "G"}),
        ("fc M=8 C=4 N=3", {"channels": "M", "batch": "N", "depth": "C"}),
        ("matmul M=8 K=4 N=2", {"channels": "N", "batch": "M", "depth": "K"}),
        ("bmm B=2 H=3 M=8 K=4 N=2",
         {"channels": "N", "batch": "M", "depth": "K", "groups": "BH"}),
    ],
)  # fmt: skip
def test_parts(text: str, parts: dict[str, str]) -> None:
    found = parts_of(parse_operation(text))
    assert {name: "".join(getattr(found, name)) for name in EMPTY} == {**EMPTY, **parts}
    assert not found.is_sliding_output


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("conv M=8 C=4 P=6 Q=6 R=3 S=3", ("Q", "S")),
        ("conv M=8 C=4 P=6 Q=1 R=3 S=1", ("P", "R")),
        ("conv M=8 C=4 P=1 Q=1 R=6 S=6", ("Q", "S")),
    ],
)
def test_a_row_lies_along_the_last_axis_with_an_extent(text: str, row: tuple[str, str]) -> None:
    assert parts_of(parse_operation(text)).rows[-1] == row


def test_what_slides_over_the_outputs_is_told() -> None:
    assert parts_of(
        parse_operation("conv_transposed M=4 C=4 P=4 Q=4 R=3 S=3 stride=2")
    ).is_sliding_output


def test_two_tensors_have_no_dataflow() -> None:
    axis = (Axis((Term("M"),)),)
    copy = Operation(
        "sum", "sum", (("M", 2),), (Tensor("a", "inputs", axis), Tensor("b", "outputs", axis))
    )
    with pytest.raises(Unsupported):
        parts_of(copy)
