"""Mistakes in constraints: each is refused with its place, and the fix makes it go."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from picojoule.errors import MappingError, PicojouleError
from picojoule.hardware import accelerator
from picojoule.mapper import (
    Constraints,
    Limits,
    PartConstraints,
    Range,
    load_constraints,
    parse_constraints,
)
from picojoule.workload import Axis, Operation, Tensor, Term, parse_operation

CHIP = accelerator("eyeriss")
CONV = parse_operation("conv M=8 C=4 P=6 Q=6 R=3 S=3")
PRODUCT = parse_operation("matmul M=8 K=4 N=6")
VALID = """\
limits:
  latency_s: 0.5
  utilization: 0.01
parts:
  dram:
    keep: [inputs]
  glb:
    keep: [inputs]
    bypass: [outputs]
    factors: {P: 3, Q: {at_most: 2}}
    order: [P, Q, M]
  pes:
    x: {C: 2}
    y: {M: {at_least: 2, at_most: 4}}
  spad:
    tile: {R: {at_least: 1}}
"""

# (right, wrong, line, what, part of got, part of expected, fix)
MISTAKES = {
    "unknown key": ("limits:", "limit:", 1, "unknown key", "limit", "'limits'", "limits:"),
    "unknown limit": ("latency_s", "latency", 2, "unknown key", "latency", "'latency_s'",
        "latency_s"),
    "limit with a unit": ("0.5", "500ms", 2, "`latency_s` has a wrong value", "500ms", "number",
        "0.5"),
    "limit is zero": ("0.5", "0", 2, "`latency_s` has a wrong value", "0", "greater than 0", "1"),
    "limit is not a number": ("0.5", ".nan", 2, "`latency_s` has a wrong value", "nan", "number",
        "1"),
    "limit is empty": (" 0.5", "", 2, "a key has no value", "latency_s", "value", " 0.5"),
    "share in percent": ("0.01", "80", 3, "`utilization` has a wrong value", "80", "equal to 1",
        "0.8"),
    "key of a part": ("bypass:", "by_pass:", 9, "unknown key", "by_pass", "'bypass'", "bypass:"),
    "key given twice": ("bypass:", "keep:", 9, "a key is given twice", "lines 8 and 9", "once",
        "bypass:"),
    "part given twice": ("  pes:", "  glb:", 12, "a key is given twice", "lines 7 and 12", "once",
        "  pes:"),
    "factor of zero": ("P: 3", "P: 0", 10, "`P` has a wrong value", "0", "at least 1", "P: 1"),
    "factor is an expression": ("P: 3", "P: 2*3", 10, "`P` has a wrong value", "2*3", "at_least",
        "P: 6"),
    "factor is a truth": ("P: 3", "P: true", 10, "`P` has a wrong value", "True", "at least 1",
        "P: 1"),
    "factor is empty": ("P: 3", "P: ", 10, "`P` has a wrong value", "nothing", "at least 1",
        "P: 3"),
    "unknown bound": ("at_most: 2}", "at_mots: 2}", 10, "unknown key", "at_mots", "'at_most'",
        "at_most: 2}"),
    "empty range": ("at_most: 4", "at_most: 1", 14, "range is empty", "at most 1", "no more than",
        "at_most: 2"),
    "list without brackets": ("[P, Q, M]", "P", 11, "`order` has a wrong value", "P", "[name",
        "[P]"),
    "list in a list": ("[P, Q, M]", "[[P, Q], M]", 11, "`order` has a wrong value", "'M'",
        "lists of names", "[[P, Q], [P, M]]"),
    "lists that no order keeps": ("[P, Q, M]", "[[P, Q], [Q, P]]", 7,
        "loops have to stand inside each other", "P Q; Q P", "some one order", "[[P, Q], [M, Q]]"),
    "number as a part": ("{R: {at_least: 1}}", "3", 16, "`tile` has a wrong value", "3", "{name",
        "{R: 3}"),
    "name twice": ("[P, Q, M]", "[P, Q, P]", 7, "a name is given twice", "P Q P", "once", "[P, Q]"),
    "kept and bypassed": ("[outputs]", "[inputs]", 7, "a tensor is both kept and bypassed",
        "inputs", "one of them", "[outputs]"),
    "alias": ("[P, Q, M]", "*a", 11, "anchors and aliases are not read", "'a'", "written out",
        "[P]"),
    "unknown part": ("  spad:", "  spads:", 15, "'eyeriss' has no part 'spads' to constrain",
        "spads", "'spad'", "  spad:"),
    "compute unit": ("  spad:", "  mac:", 15, "'eyeriss' has no part 'mac' to constrain", "mac",
        "one of dram", "  spad:"),
    "memory key at an array": ("    x: {C: 2}", "    tile: {C: 2}", 13,
        "`tile` does not go with this part", "array 'pes'", "x, y", "    x: {C: 2}"),
    "array key at a memory": ("    tile: {R", "    x: {R", 16, "`x` does not go with this part",
        "memory 'spad'", "tile", "    tile: {R"),
    "unknown dimension": ("Q: {", "K: {", 10, "operation 'conv' has no dimension 'K'", "K",
        "one of", "Q: {"),
    "unknown dimension in an order": ("[P, Q, M]", "[P, Z]", 11,
        "operation 'conv' has no dimension 'Z'", "Z", "one of", "[P, M]"),
    "unknown tensor": ("[outputs]", "[output]", 9, "no tensor is called 'output'", "output",
        "'outputs'", "[outputs]"),
    "role the memory does not hold": ("keep: [inputs]\n    bypass: [outputs]",
        "keep: [weights]", 8, "memory 'glb' cannot keep weights", "weights", "inputs outputs",
        "keep: [inputs]"),
    "outermost bypass": ("  dram:\n    keep: [inputs]", "  dram:\n    bypass: [inputs]", 6,
        "the outermost memory keeps every tensor, whole", "'dram'", "order",
        "  dram:\n    keep: [inputs]"),
    "outermost tile": ("  dram:\n    keep: [inputs]", "  dram:\n    tile: {P: 2}", 6,
        "the outermost memory keeps every tensor, whole", "'dram'", "order",
        "  dram:\n    factors: {P: 2}"),
    "wider than the array": ("{C: 2}", "{C: 16}", 13,
        "the array has fewer instances along x", "16", "at most 14", "{C: 14}"),
}  # fmt: skip


def read(text: str) -> Constraints:
    found = parse_constraints(text, name="rules.yaml")
    found.check((CONV,), CHIP)
    return found


def test_the_valid_file_is_valid() -> None:
    found = read(VALID)
    assert found.limits == Limits(latency_s=0.5, utilization=0.01)
    assert found.of("glb") == PartConstraints(
        keep=("inputs",),
        bypass=("outputs",),
        factors={"P": Range(3, 3), "Q": Range(1, 2)},
        order=("P", "Q", "M"),
    )
    assert found.of("pes").y == {"M": Range(2, 4)}
    assert found.of("spad").tile == {"R": Range()}
    assert found.of("elsewhere") == PartConstraints()


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    right, wrong, line, what, got, expected, fix = MISTAKES[name]
    assert right in VALID
    with pytest.raises(MappingError) as caught:
        read(VALID.replace(right, wrong, 1))
    error = caught.value
    assert error.what == what
    assert error.where.startswith(f"rules.yaml:{line}"), error.where
    assert got in str(error.got)
    assert expected in str(error.expected)
    assert error.fix
    read(VALID.replace(right, fix, 1))


WRONG_VALUES: dict[str, Callable[[], object]] = {
    "least of zero": lambda: Range(0),
    "least is a truth": lambda: Range(True),
    "most is a share": lambda: Range(1, 2.5),  # pyright: ignore
    "empty range": lambda: Range(3, 2),
    "kept and bypassed": lambda: PartConstraints(keep=("a",), bypass=("a",)),
    "order of one twice": lambda: PartConstraints(order=("P", "P")),
    "no time": lambda: Limits(latency_s=0.0),
    "never": lambda: Limits(power_w=float("inf")),
    "more than all": lambda: Limits(utilization=1.5),
}


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_a_value_that_contradicts_itself_cannot_be_built(name: str) -> None:
    with pytest.raises(MappingError) as caught:
        WRONG_VALUES[name]()
    assert caught.value.fix


def test_one_tensor_by_name_and_by_role() -> None:
    axis = Axis((Term("M"),))
    tensors = (Tensor("left", "inputs", (axis,)), Tensor("sum", "outputs", (axis,)))
    operation = Operation("one", "one", (("M", 4),), tensors)
    Constraints({"glb": PartConstraints(keep=("left",))}).check((operation,), CHIP)
    rules = Constraints({"glb": PartConstraints(keep=("inputs",), bypass=("left",))})
    with pytest.raises(MappingError) as caught:
        rules.check((operation,), CHIP)
    assert "left" in str(caught.value.got)


def test_a_network_ignores_what_a_layer_lacks_and_refuses_what_all_lack() -> None:
    rules = Constraints({"glb": PartConstraints(factors={"K": Range(2, 2), "P": Range(1, 1)})})
    rules.check((CONV, PRODUCT), CHIP)
    assert rules.narrowed(CONV).of("glb").factors == {"P": Range(1, 1)}
    assert rules.narrowed(PRODUCT).of("glb").factors == {"K": Range(2, 2)}
    with pytest.raises(MappingError) as caught:
        rules.check((CONV, CONV), CHIP)
    assert caught.value.what == "no layer of the network has a dimension 'K'"
    only = Constraints({"glb": PartConstraints(order=("K",))})
    assert only.narrowed(CONV).is_free


def test_an_error_without_a_file_names_the_constraint() -> None:
    with pytest.raises(MappingError) as caught:
        Constraints({"glb": PartConstraints(factors={"Z": Range(2)})}).check((CONV,), CHIP)
    assert caught.value.where == "constraint glb.factors.Z"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is not a mapping"),
        (b"- a\n", "the file is not a mapping"),
        (b"\xff\xfe\x00", "the file is not text"),
        (b"parts: [", "the file is not YAML"),
        (b"#" * 1_000_001, "the file is too large"),
        (b"parts: {a: {order: [" + b"M, " * 30_000 + b"]}}", "the file has too many values"),
        (b"parts: " + b"{a: " * 1000, "the file is nested too deeply"),
        (b"parts: {a: {tile: {P: " + b"9" * 50 + b"}}}", "a number has too many digits"),
        (b"parts: {a: {tile: {P: " + b"9" * 20 + b"}}}", "`P` has a wrong value"),
    ],
)
def test_hostile_files(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_bytes(content)
    with pytest.raises(MappingError) as caught:
        load_constraints(file)
    assert caught.value.what == what
    assert "chip" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.yaml", "a\0b", ""])
def test_missing_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(MappingError) as caught:
        load_constraints(tmp_path / name)
    assert caught.value.what == "cannot read the constraints file"


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=12)
RANGES = st.dictionaries(
    NAMES,
    st.tuples(st.integers(1, 50), st.none() | st.integers(0, 50)).map(
        lambda pair: Range(pair[0], None if pair[1] is None else pair[0] + pair[1])
    ),
    max_size=3,
)
LISTS = st.lists(NAMES, unique=True, max_size=4)
PARTS = st.builds(
    lambda factors, tile, order, names, cut, x, y: PartConstraints(
        factors, tile, tuple(order), tuple(names[:cut]), tuple(names[cut:]), x, y
    ),
    RANGES, RANGES, LISTS, LISTS, st.integers(0, 4), RANGES, RANGES,
)  # fmt: skip
AMOUNTS = st.none() | st.floats(1e-12, 1e12)
LIMITS = st.builds(Limits, AMOUNTS, st.none() | st.floats(1e-9, 1), AMOUNTS, AMOUNTS)


@settings(max_examples=200, deadline=None)
@given(st.builds(Constraints, st.dictionaries(NAMES, PARTS, max_size=3), LIMITS))
def test_what_is_written_is_read_back(constraints: Constraints) -> None:
    text = json.dumps(constraints.to_dict(), ensure_ascii=False)  # YAML 1.2 reads JSON
    assert parse_constraints(text) == constraints


PIECES = (
    "0", "-1", "1e400", ".nan", "null", "true", "[]", "{}", "*a", "&a ", "!!int ", "? ", ": ",
    "- ", "\t", "\n", '"', "'", "|", "%", "---\n", "[[[[", "}}", "9" * 50, "at_least", "M", "keep",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
@example(0)
def test_whatever_is_changed_ends_in_constraints_or_in_our_error(seed: int) -> None:
    rng = random.Random(seed)
    text = VALID
    for _ in range(rng.randrange(1, 5)):
        start = rng.randrange(len(text) + 1)
        piece: Any = rng.choice(PIECES)
        text = text[:start] + piece + text[start + rng.randrange(6) :]
    try:
        found = parse_constraints(text, name="rules.yaml")
        found.check((CONV,), CHIP)
        assert parse_constraints(text) == found
    except PicojouleError as error:
        assert isinstance(error, MappingError)
        assert error.where and error.fix
