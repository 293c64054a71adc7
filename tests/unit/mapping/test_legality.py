"""Legality: what the random nests of the oracle tests obey, and capacities to the bit."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Case, cases

from picojoule.errors import CapacityError, MappingError
from picojoule.hardware import Accelerator, Compute, Memory
from picojoule.mapping import (
    Level,
    Loop,
    Nest,
    check_capacities,
    check_loops,
    usable_bits,
    validate,
)
from picojoule.simulate import execute_slowly
from picojoule.workload import Axis, Operation, Tensor, Term

OPERATION = Operation(
    "fc",
    "fc",
    (("M", 4), ("C", 8)),
    (
        Tensor("w", "weights", (Axis((Term("M"),)), Axis((Term("C"),))), bits=8),
        Tensor("i", "inputs", (Axis((Term("C"),)),), bits=8),
        Tensor("o", "outputs", (Axis((Term("M"),)),), bits=32),
    ),
)
KEEP = ("w", "i", "o")
# All of it in the buffer: 32 x 8 + 8 x 8 + 4 x 32 = 448 bits.
NEST = Nest((Level("dram", (), KEEP), Level("buffer", (Loop("M", 4), Loop("C", 8)), KEEP)))


def chip(buffer: Memory) -> Accelerator:
    return Accelerator("chip", (Memory("dram"), buffer, Compute()))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_random_nests_are_legal(case: Case) -> None:
    validate(case.operation, case.accelerator, case.nest)


@settings(max_examples=100, deadline=None)
@given(cases(ragged=True))
def test_random_nests_with_bounds_that_do_not_divide_are_legal(case: Case) -> None:
    validate(case.operation, case.accelerator, case.nest)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 14), st.lists(st.integers(1, 6), max_size=4))
def test_bounds_are_legal_when_each_iteration_has_work(size: int, bounds: list[int]) -> None:
    """Cut the range by hand: every index has a piece, and the last loop leaves single ones."""
    operation = replace(OPERATION, dims=(("M", size), ("C", 8)))
    inner = (*(Loop("M", bound) for bound in bounds), Loop("C", 8))
    nest = Nest((NEST.levels[0], Level("buffer", inner, KEEP)))
    run, needed = range(size), True
    for bound in bounds:
        pieces = [run[start : start + -(-len(run) // bound)] for start in _starts(run, bound)]
        needed &= all(pieces)
        run = pieces[0]
    if needed and len(run) == 1:
        check_loops(operation, chip(Memory("buffer")), nest)
        assert nest.tile(1, operation.sizes) == {"M": size, "C": 8}
        assert nest.tile(2, operation.sizes) == {"M": 1, "C": 1}
    else:
        with pytest.raises(MappingError):
            check_loops(operation, chip(Memory("buffer")), nest)


def _starts(run: range, bound: int) -> list[int]:
    return [index * -(-len(run) // bound) for index in range(bound)]


@settings(max_examples=60, deadline=None)
@given(st.booleans().flatmap(lambda ragged: cases(most_steps=64, ragged=ragged)))
def test_a_tile_fits_exactly_when_its_executed_words_do(case: Case) -> None:
    counts = execute_slowly(case.operation, case.accelerator, case.nest)
    bits = {tensor.name: tensor.bits for tensor in case.operation.tensors}
    innermost = case.accelerator.memories[-1]
    needed = sum(
        words * bits[tensor]
        for (memory, tensor), words in counts.tile_words.items()
        if memory == innermost.name
    )
    if not needed:
        return
    for capacity, fits in ((needed, True), (needed - 1, False)):
        parts = tuple(
            replace(part, capacity_bits=capacity) if part is innermost else part
            for part in case.accelerator.parts
        )
        accelerator = replace(case.accelerator, parts=parts)
        if fits:
            check_capacities(case.operation, accelerator, case.nest)
        else:
            with pytest.raises(CapacityError):
                check_capacities(case.operation, accelerator, case.nest)


def test_shared_capacity_to_the_bit() -> None:
    validate(OPERATION, chip(Memory("buffer", capacity_bits=448)), NEST)
    with pytest.raises(CapacityError) as caught:
        validate(OPERATION, chip(Memory("buffer", capacity_bits=447)), NEST)
    assert caught.value.where == "memory 'buffer', tensor 'w'"
    assert str(caught.value.got).startswith("448 bits")
    assert "at most 447 bits; 1 bits too many, 1 words of w" in str(caught.value.expected)


def test_two_copies_halve_the_capacity() -> None:
    validate(OPERATION, chip(Memory("buffer", capacity_bits=896, copies=2)), NEST)
    with pytest.raises(CapacityError):
        validate(OPERATION, chip(Memory("buffer", capacity_bits=894, copies=2)), NEST)


def test_partitions_hold_one_role_each_and_the_rest_shares() -> None:
    partitions = (("weights", 256), ("inputs", 64))
    validate(OPERATION, chip(Memory("b", capacity_bits=128, partitions=partitions)), rename("b"))
    for wrong in (
        Memory("b", capacity_bits=127, partitions=partitions),
        Memory("b", capacity_bits=1000, partitions=(("weights", 255), ("inputs", 64))),
    ):
        with pytest.raises(CapacityError):
            validate(OPERATION, chip(wrong), rename("b"))


def rename(buffer: str) -> Nest:
    return Nest((NEST.levels[0], replace(NEST.levels[1], part=buffer)))


def test_an_unbounded_memory_holds_everything() -> None:
    validate(OPERATION, chip(Memory("buffer")), NEST)


def test_bypassing_tensors_need_no_room() -> None:
    levels = (NEST.levels[0], replace(NEST.levels[1], keeps=("i",)))
    validate(OPERATION, chip(Memory("buffer", capacity_bits=64)), Nest(levels))


def test_usable_bits() -> None:
    memory = Memory("b", capacity_bits=100, partitions=(("weights", 30),), copies=2)
    assert usable_bits(memory, "weights") == 15
    assert usable_bits(memory, "inputs") == 50
    assert usable_bits(Memory("b"), "inputs") is None


def test_loops_alone_can_be_checked() -> None:
    check_loops(OPERATION, chip(Memory("buffer", capacity_bits=1)), NEST)
