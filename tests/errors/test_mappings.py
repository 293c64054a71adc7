"""Mistakes in a mapping: each is named with its place, and its fix makes it go away."""

from dataclasses import dataclass

import pytest

from picojoule.errors import CapacityError, MappingError
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import format_nest, parse_nest, validate
from picojoule.workload import Axis, Operation, Tensor, Term

OPERATION = Operation(
    "fc",
    "fc",
    (("M", 8), ("C", 6)),
    (
        Tensor("weights", "weights", (Axis((Term("M"),)), Axis((Term("C"),)))),
        Tensor("inputs", "inputs", (Axis((Term("C"),)),)),
        Tensor("outputs", "outputs", (Axis((Term("M"),)),)),
    ),
)
CHIP = Accelerator(
    "chip",
    (
        Memory("dram"),
        Memory("buffer", holds=("weights", "inputs"), capacity_bits=16 * 16),
        Array("pes", x=4, y=2, x_dims=("M",)),
        Memory("register", capacity_bits=8 * 16),
        Compute(),
    ),
)
GOOD = """\
dram  keeps weights inputs outputs
  for M in 2
  for C in 3
buffer  keeps weights inputs
pes
  spread M in 4 over x
  spread C in 2 over y
register  keeps outputs"""


@dataclass(frozen=True)
class Mistake:
    """What a user wrote instead of the good line, and what the message must say."""

    good: str
    bad: str
    where: str
    got: str
    expected: str
    kind: type[MappingError] = MappingError


MISTAKES = {
    "loops do not cover": Mistake(
        "spread M in 4", "spread M in 2", "dimension M", "product 4 (2 at 'dram' x 2 at 'pes')", "8"
    ),
    "outer loop has an empty iteration": Mistake(
        "for C in 3",
        "for C in 5",
        "level 'dram', loop over C",
        "bound 5 over 6: pieces of 2, and 2 empty",
        "bound 3",
    ),
    "inner loop has an empty iteration": Mistake(
        "for M in 2",
        "for M in 3",
        "level 'pes', loop over M",
        "bound 4 over 3: pieces of 1, and 1 empty",
        "bound 3",
    ),
    "loop is missing": Mistake("  for C in 3\n", "", "dimension C", "product 2", "product 6"),
    "unknown dimension": Mistake("for C in 3", "for K in 3", "loop 2 of 2 (K)", "K", "C, M"),
    "unknown part": Mistake("buffer ", "bufer ", "level 2 of 4", "bufer", "'buffer'"),
    "part is missing": Mistake(
        "buffer  keeps weights inputs\n", "", "the nest", "dram pes register", "dram buffer pes"
    ),
    "unknown tensor": Mistake(
        "register  keeps outputs", "register  keeps output", "'register'", "output", "'outputs'"
    ),
    "tensor is kept twice": Mistake(
        "buffer  keeps weights inputs",
        "buffer  keeps inputs inputs",
        "'buffer'",
        "inputs inputs",
        "once",
    ),
    "memory cannot hold it": Mistake(
        "buffer  keeps weights inputs",
        "buffer  keeps weights outputs",
        "tensor 'outputs'",
        "role outputs",
        "weights inputs",
    ),
    "outermost does not keep all": Mistake(
        "dram  keeps weights inputs outputs",
        "dram  keeps weights outputs",
        "level 'dram'",
        "keeps weights outputs",
        "keeps weights inputs outputs",
    ),
    "spatial loop at a memory": Mistake(
        "for M in 2", "spread M in 2 over x", "level 'dram'", "axis x", "temporal"
    ),
    "temporal loop at an array": Mistake(
        "spread M in 4 over x", "for M in 4", "array 'pes'", "no axis", "x or y"
    ),
    "array is too small": Mistake(
        "  for M in 2\n  for C in 3\nbuffer  keeps weights inputs\npes\n  spread M in 4 over x",
        "  for C in 3\nbuffer  keeps weights inputs\npes\n  spread M in 8 over x",
        "array 'pes'",
        "8 (M 8)",
        "at most 4",
    ),
    "dimension may not be spread there": Mistake(
        "spread C in 2 over y", "spread C in 2 over x", "array 'pes'", "C", "one of M"
    ),
    "array keeps something": Mistake(
        "pes\n", "pes  keeps inputs\n", "array 'pes'", "keeps inputs", "no kept tensors"
    ),
    "tile is too large": Mistake(
        "  for M in 2\n  for C in 3\nbuffer  keeps weights inputs\n",
        "buffer  keeps weights inputs\n  for M in 2\n  for C in 3\n",
        "memory 'buffer', tensor 'weights'",
        "864 bits: weights 48 x 16 bits, inputs 6 x 16 bits",
        "at most 256 bits; 608 bits too many, 38 words of weights",
        CapacityError,
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    mistake = MISTAKES[name]
    assert mistake.good in GOOD
    wrong = parse_nest(GOOD.replace(mistake.good, mistake.bad))
    with pytest.raises(MappingError) as caught:
        validate(OPERATION, CHIP, wrong)
    error = caught.value
    assert type(error) is mistake.kind
    assert mistake.where in error.where
    assert mistake.got in str(error.got)
    assert mistake.expected in str(error.expected)
    assert error.fix
    mended = format_nest(wrong).replace(mistake.bad.rstrip(), mistake.good.rstrip(), 1)
    if mistake.bad:
        validate(OPERATION, CHIP, parse_nest(mended))
    validate(OPERATION, CHIP, parse_nest(GOOD))


def test_the_capacity_fix_is_enough() -> None:
    """Moving one of the loops outside, as the message says, does help."""
    inside = GOOD.replace("  for M in 2\n", "").replace(
        "buffer  keeps weights inputs\n", "buffer  keeps weights inputs\n  for M in 2\n"
    )
    with pytest.raises(CapacityError) as caught:
        validate(OPERATION, CHIP, parse_nest(inside))
    assert "M" in caught.value.fix
    validate(OPERATION, CHIP, parse_nest(GOOD))


@pytest.mark.parametrize("name", ["outer loop has an empty iteration", "loops do not cover"])
def test_the_bound_that_the_message_names_is_legal(name: str) -> None:
    mistake = MISTAKES[name]
    with pytest.raises(MappingError) as caught:
        validate(OPERATION, CHIP, parse_nest(GOOD.replace(mistake.good, mistake.bad)))
    if name == "loops do not cover":
        assert caught.value.fix.startswith("add a loop of 2 over M")
        mended = GOOD.replace(mistake.good, mistake.bad) + "\n  for M in 2"
    else:
        assert caught.value.fix == "write 3 instead of 5"
        mended = GOOD.replace(mistake.good, mistake.bad).replace("C in 5", "C in 3")
    validate(OPERATION, CHIP, parse_nest(mended))


def test_bounds_need_not_divide() -> None:
    """M = 8 over three: pieces of 3, 3 and 2, each over 3 columns."""
    nest = GOOD.replace("for M in 2", "for M in 3").replace("spread M in 4", "spread M in 3")
    validate(OPERATION, CHIP, parse_nest(nest))


def test_a_bound_of_one_is_what_an_empty_loop_becomes() -> None:
    nest = GOOD + "\n  for M in 2"
    with pytest.raises(MappingError) as caught:
        validate(OPERATION, CHIP, parse_nest(nest))
    assert caught.value.fix == "write 1 instead of 2, or leave the loop out"
    validate(OPERATION, CHIP, parse_nest(GOOD + "\n  for M in 1"))
