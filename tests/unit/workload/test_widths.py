"""Widths: every word of a role gets its width, and texts say so in one of two ways."""

import pytest

from picojoule.errors import WorkloadError
from picojoule.evaluation import load_for
from picojoule.hardware import accelerator
from picojoule.workload import load, read_widths, with_widths


def widths(network) -> set[tuple[str, int]]:
    return {(t.role, t.bits) for layer in network.layers for t in layer.operation.tensors}


def test_every_word_of_a_role() -> None:
    narrow = with_widths(load("alexnet"), {"weights": 1, "inputs": 12, "outputs": 20})
    assert widths(narrow) == {("weights", 1), ("inputs", 12), ("outputs", 20)}
    assert {value.bits for value in narrow.values.values()} == {12}
    by_role = {(p.role, p.bits) for p in narrow.parameters()}
    assert ("weights", 1) in by_role and ("bias", 16) in by_role
    assert widths(with_widths(load("lenet5"), {})) == widths(load("lenet5"))


def test_a_network_of_the_zoo_takes_the_chips_words() -> None:
    chip = accelerator("yodann")
    assert dict(chip.word_bits) == {"weights": 1, "inputs": 12, "outputs": 12}
    assert widths(load_for("alexnet", chip)) == {("weights", 1), ("inputs", 12), ("outputs", 12)}
    assert widths(load_for("alexnet", accelerator("eyeriss"))) == widths(load("alexnet"))
    eight = dict.fromkeys(("weights", "inputs", "outputs"), 8)
    assert {bits for _, bits in widths(load_for("alexnet", chip, bits=eight))} == {8}


@pytest.mark.parametrize(
    ("text", "expected"), [("8", [8, 8, 8]), ("1,12,12", [1, 12, 12]), ("128", [128] * 3)]
)
def test_texts(text: str, expected: list[int]) -> None:
    assert list(read_widths(text).values()) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "129", "8,8", "8,8,8,8", "8,-1,8", "8.0", "x", "٨", "1e1"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(WorkloadError) as caught:
        read_widths(text)
    assert caught.value.fix
