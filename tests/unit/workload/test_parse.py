"""Operations from text: what is read, and that each slip is one clear message."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.errors import PicojouleError, WorkloadError
from picojoule.workload import (
    batched_matmul,
    conv,
    conv_transposed,
    fully_connected,
    matmul,
    parse_operation,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "conv N=1 M=256 C=256 P=56 Q=56 R=3 S=3 stride=1 padding=1 groups=1",
            conv("conv", M=256, C=256, P=56, Q=56, R=3, S=3),
        ),
        (
            "conv M=96 C=3 H=227 W=227 R=11 S=11 stride=4",
            conv("conv", M=96, C=3, P=55, Q=55, R=11, S=11, stride=4),
        ),
        (
            "conv M=8 C=8 H=9 W=12 R=3 S=5 stride=2x1 padding=1x2 dilation=1x2 G=4",
            conv("conv", M=8, C=8, P=5, Q=8, R=3, S=5, stride=(2, 1), dilation=(1, 2), G=4),
        ),
        ("conv M=8 C=4 P=20 R=3", conv("conv", M=8, C=4, P=20, R=3)),
        ("conv M=8 C=4 P=20 Q=20", conv("conv", M=8, C=4, P=20, Q=20)),
        ("conv M=8 C=4 P=7 H=7", conv("conv", M=8, C=4, P=7)),
        (
            "depthwise C=32 H=112 W=112 R=3 S=3 padding=1 bits=8",
            conv("depthwise", M=32, C=32, G=32, P=112, Q=112, R=3, S=3, bits=8),
        ),
        (
            "conv_transposed M=8 C=16 P=4 Q=4 R=3 S=3 stride=2",
            conv_transposed("conv_transposed", M=8, C=16, P=4, Q=4, R=3, S=3, stride=2),
        ),
        ("fc N=4 M=10 C=20", fully_connected("fc", N=4, M=10, C=20)),
        ("matmul M=2 K=3 N=4 bits=4,8,32", matmul("matmul", M=2, K=3, N=4, bits=(4, 8, 32))),
        ("  bmm  B=2 M=3 K=4\tN=5 ", batched_matmul("bmm", B=2, M=3, K=4, N=5)),
        (
            "batched_matmul B=2 H=3 M=3 K=4 N=5",
            batched_matmul("batched_matmul", B=2, H=3, M=3, K=4, N=5),
        ),
        (
            "scores H=12 queries=128 keys=64 head_size=32",
            batched_matmul("scores.scores", B=1, H=12, M=128, K=32, N=64),
        ),
        (
            "values H=12 queries=128 keys=64 head_size=32",
            batched_matmul("values.values", B=1, H=12, M=128, K=64, N=32),
        ),
    ],
)
def test_text_gives_the_operation(text: str, expected) -> None:
    assert parse_operation(text) == expected


def test_a_name_can_be_given() -> None:
    assert parse_operation("fc M=1 C=1", name="FC8").name == "FC8"


@given(
    sizes=st.fixed_dictionaries({key: st.integers(1, 100) for key in "NMCPQRS"}),
    order=st.permutations("NMCPQRS"),
)
@settings(max_examples=50, deadline=None)
def test_the_order_of_keys_does_not_matter(sizes: dict[str, int], order: list[str]) -> None:
    text = "conv " + " ".join(f"{key}={sizes[key]}" for key in order)
    assert parse_operation(text) == conv("conv", **sizes)


SLIPS = [
    # text, what the error names in `where` or `got`, the text mended as `fix` says
    ("", "empty", "fc M=1 C=1"),
    ("cnv M=1 C=1 P=1", "cnv", "conv M=1 C=1 P=1"),
    ("conv C=3 P=2", "C P", "conv M=1 C=3 P=2"),
    ("conv M=3 C=2", "M C", "conv M=3 C=2 P=1"),
    ("conv M=3 C=3 P=2 R=3 S=3", "M C P R S", "conv M=3 C=3 P=2 Q=1 R=3 S=3"),
    ("conv M=3 C=3 P=2 Q=2 R=3", "M C P Q R", "conv M=3 C=3 P=2 Q=2 R=3 S=3"),
    ("conv M=3 C=3 P=2 Q=2 S=3", "M C P Q S", "conv M=3 C=3 P=2 Q=2 R=3 S=3"),
    ("conv m=3 C=3 P=2", "'m'", "conv M=3 C=3 P=2"),
    ("conv M=3 C=3 P=2 filters=3", "filters", "conv M=3 C=3 P=2"),
    ("conv M=3 C=3 P=2 M=4", "3 and 4", "conv M=3 C=3 P=2"),
    ("conv M=3 C=3 P=2 G=1 groups=1", "1 and 1", "conv M=3 C=3 P=2 G=1"),
    ("conv M C=3 P=2", "'M'", "conv M=3 C=3 P=2"),
    ("conv M= C=3 P=2", "'M='", "conv M=3 C=3 P=2"),
    ("conv M=0 C=3 P=2", "0", "conv M=1 C=3 P=2"),
    ("conv M=-4 C=3 P=2", "-4", "conv M=4 C=3 P=2"),
    ("conv M=1000000000000 C=3 P=2", "1000000000000", "conv M=1000 C=3 P=2"),
    ("conv M=1e3 C=3 P=2", "1e3", "conv M=1000 C=3 P=2"),
    ("conv M=2.5 C=3 P=2", "2.5", "conv M=2 C=3 P=2"),
    ("conv M=1_000 C=3 P=2", "1_000", "conv M=1000 C=3 P=2"),
    ("conv M=\u0663 C=3 P=2", "\u0663", "conv M=3 C=3 P=2"),
    ("conv M=3 C=3 P=2 stride=0", "0", "conv M=3 C=3 P=2 stride=1"),
    ("conv M=3 C=3 P=2 stride=1x2x3", "1x2x3", "conv M=3 C=3 P=2 stride=1x2"),
    ("conv M=3 C=3 P=2 padding=-1", "-1", "conv M=3 C=3 P=2 padding=0"),
    ("conv M=3 C=3 P=2 bits=8,8", "8,8", "conv M=3 C=3 P=2 bits=8,8,8"),
    ("conv M=3 C=3 P=2 bits=500", "500", "conv M=3 C=3 P=2 bits=16"),
    ("conv M=3 C=4 P=2 groups=2", "G=2", "conv M=4 C=4 P=2 groups=2"),
    ("conv M=3 C=3 P=9 H=9 R=3", "P=9", "conv M=3 C=3 P=7 H=9 R=3"),
    ("conv M=3 C=3 H=2 R=3", "3 taps", "conv M=3 C=3 H=2 R=3 padding=1"),
    ("matmul M=2 K=2", "M K", "matmul M=2 K=2 N=1"),
    ("fc M=1000000000 C=1000000000 N=1000000000", "steps", "fc M=1000 C=1000 N=1"),
    ("fc " + "M=1 " * 1000, "characters", "fc M=1 C=1"),
]


@pytest.mark.parametrize(("text", "named", "mended"), SLIPS)
def test_a_slip_is_named_and_its_fix_works(text: str, named: str, mended: str) -> None:
    with pytest.raises(WorkloadError) as caught:
        parse_operation(text)
    error = caught.value
    assert named in f"{error.what} {error.where} {error.got}"
    assert error.fix
    parse_operation(mended)


WORDS = st.sampled_from(
    [
        "conv",
        "fc",
        "matmul",
        "depthwise",
        "M=1",
        "C=2",
        "P=3",
        "H=1",
        "stride=2x",
        "bits=,",
        "=",
        "x",
    ]
)


@given(st.one_of(st.text(string.printable, max_size=60), st.lists(WORDS, max_size=8).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_no_text_ends_in_a_traceback(text: str) -> None:
    try:
        parse_operation(text)
    except PicojouleError as error:
        assert error.where
