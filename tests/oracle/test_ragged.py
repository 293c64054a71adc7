"""Bounds that do not divide: closed form and oracle agree, and both with hand arithmetic."""

from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Case, axis, cases, with_a_loop_of_one

from picojoule.cost import count, price
from picojoule.cost.place import active_instances
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array, Compute, Memory, accelerator
from picojoule.mapping import Actions, Counts, Level, Loop, Nest, Transfers, validate
from picojoule.simulate import execute, execute_slowly
from picojoule.simulate.stepper import execute_compiled
from picojoule.workload import Operation, Tensor, parse_operation

KEEP = ("W", "I", "O")
Run = Callable[..., Counts]


def is_ragged(case: Case) -> bool:
    """Whether some bound does not divide."""
    return bool(case.nest.ragged(len(case.nest.levels), case.operation.sizes))


def check(case: Case, elide: bool) -> None:
    """Closed form equals oracle, unless arrays in a row are refused by name."""
    place = case.operation, case.accelerator, case.nest
    validate(*place)
    executed = execute_slowly(*place, elide_first_read=elide)
    try:
        counted = count(*place, elide_first_read=elide)
    except Unsupported as refusal:
        assert "several arrays in a row" in refusal.what
        assert len(case.accelerator.arrays) > 1
        return
    assert counted == executed


@settings(max_examples=600, deadline=None)
@given(cases(ragged=True, forwarding=False), st.booleans())
def test_closed_form_equals_oracle(case: Case, elide: bool) -> None:
    check(case, elide)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None)
@given(cases(ragged=True, forwarding=False), st.booleans())
def test_closed_form_equals_oracle_on_thousands(case: Case, elide: bool) -> None:
    check(case, elide)


@settings(max_examples=150, deadline=None)
@given(cases(ragged=True, forwarding=False), st.booleans())
def test_compiled_equals_slow(case: Case, elide: bool) -> None:
    check_compiled(case, elide)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None)
@given(cases(ragged=True, forwarding=False), st.booleans())
def test_compiled_equals_slow_on_thousands(case: Case, elide: bool) -> None:
    check_compiled(case, elide)


def check_compiled(case: Case, elide: bool) -> None:
    place = case.operation, case.accelerator, case.nest
    slow = execute_slowly(*place, elide_first_read=elide)
    assert execute_compiled(*place, elide_first_read=elide) == slow


@settings(max_examples=100, deadline=None)
@given(cases(ragged=True))
def test_forwarding_is_refused_or_not_used(case: Case) -> None:
    place = case.operation, case.accelerator, case.nest
    assume(is_ragged(case))
    try:
        counted = count(*place)
    except Unsupported as refusal:
        assert "forwarded" in refusal.what or "several arrays" in refusal.what
        return
    assert counted == execute_slowly(*place)


@settings(max_examples=100, deadline=None)
@given(cases(ragged=True))
def test_the_compiled_engine_runs_a_case_or_refuses_it(case: Case) -> None:
    place = case.operation, case.accelerator, case.nest
    try:
        compiled = execute_compiled(*place)
    except Unsupported as refusal:
        assert is_ragged(case)
        assert "forwarding" in str(refusal.got)
        return
    assert compiled == execute_slowly(*place)


@settings(max_examples=60, deadline=None)
@given(cases(ragged=True, gaps=False))
def test_boxes_are_refused(case: Case) -> None:
    assume(is_ragged(case))
    with pytest.raises(Unsupported):
        count(case.operation, case.accelerator, case.nest, footprint="box")
    with pytest.raises(Unsupported):
        execute_compiled(case.operation, case.accelerator, case.nest, footprint="box")


@settings(max_examples=100, deadline=None)
@given(cases(ragged=True, forwarding=False), st.data())
def test_a_loop_of_one_iteration_changes_nothing(case: Case, data: st.DataObject) -> None:
    longer = with_a_loop_of_one(case, data)
    assert execute_slowly(case.operation, case.accelerator, case.nest) == execute_slowly(
        case.operation, case.accelerator, longer
    )


@settings(max_examples=100, deadline=None)
@given(cases(ragged=True, forwarding=False))
def test_every_step_runs_once(case: Case) -> None:
    """At each step of each compute unit one word of an input arrives, idle ones left out."""
    counts = execute_slowly(case.operation, case.accelerator, case.nest)
    first = case.operation.tensors[0].name
    keeper = max(n for n, level in enumerate(case.nest.levels) if first in level.keeps)
    parts = case.accelerator.parts
    arrays = [part.name for part in parts[keeper:] if isinstance(part, Array)]
    if arrays:
        assert counts.transfers[arrays[-1], first].deliveries == counts.steps
    else:
        assert counts.accesses[parts[keeper].name, first].reads == counts.steps
    assert counts.compute_cycles * counts.instances["mac"] >= counts.steps


@settings(max_examples=300, deadline=None)
@given(cases(ragged=True))
def test_active_instances_are_those_that_ever_have_work(case: Case) -> None:
    """Also where counts are refused: forwarding, and several arrays in a row."""
    place = case.operation, case.accelerator, case.nest
    active = active_instances(case.accelerator, case.nest, case.operation.sizes)
    assert active == list(execute_slowly(*place).instances.values())


RUNS = pytest.mark.parametrize("run", [count, execute_slowly, execute_compiled])


def conv(**sizes: int) -> Operation:
    """A filter of R taps, M times, over P outputs, N times."""
    return Operation(
        "conv1d",
        "conv",
        tuple(sizes.items()),
        (
            Tensor("W", "weights", (axis(("M", 1)), axis(("R", 1)))),
            Tensor("I", "inputs", (axis(("N", 1)), axis(("P", 1), ("R", 1)))),
            Tensor("O", "outputs", (axis(("N", 1)), axis(("M", 1)), axis(("P", 1)))),
        ),
    )


def loops(text: str) -> tuple[Loop, ...]:
    """`P4 R3x`: a loop over P of 4, then one over R of 3 spread along x."""
    return tuple(
        Loop(word[0], int(word[1:].rstrip("xy")), word[-1] if word[-1] in "xy" else None)
        for word in text.split()
    )


def two_levels(outer: str, inner: str) -> tuple[Accelerator, Nest]:
    chip = Accelerator("two", (Memory("dram"), Memory("buffer"), Compute()))
    return chip, Nest((Level("dram", loops(outer), KEEP), Level("buffer", loops(inner), KEEP)))


def three_levels(buffer: str, spatial: str, register: str) -> tuple[Accelerator, Nest]:
    parts = (Memory("dram"), Memory("buffer"), Array("pes", x=16), Memory("register"), Compute())
    levels = (
        Level("dram", (), KEEP),
        Level("buffer", loops(buffer), KEEP),
        Level("pes", loops(spatial)),
        Level("register", loops(register), KEEP),
    )
    return Accelerator("three", parts), Nest(levels)


@RUNS
def test_thirteen_rows_in_two_steps_of_seven_and_six(run: Run) -> None:
    counts = run(conv(N=1, M=1, R=3, P=13), *three_levels("P2", "P7x", "R3"))
    assert counts.compute_cycles == 2 * 3
    assert counts.steps == 39
    assert counts.instances["register"] == 7
    # Seven PEs fetch the filter once, as one; the seventh has nothing to do in the second step.
    assert counts.transfers["pes", "W"] == Transfers(sends=3, deliveries=21)
    # Three rows of the ifmap for each output; none is there from seven outputs before.
    assert counts.transfers["pes", "I"] == Transfers(sends=39, deliveries=39)
    assert counts.accesses["buffer", "O"] == Actions(reads=0, fills=0, updates=13)
    assert counts.accesses["register", "O"] == Actions(reads=39 - 13, fills=0, updates=39)


@RUNS
def test_fifty_five_rows_over_fourteen(run: Run) -> None:
    counts = run(conv(N=1, M=1, R=3, P=55), *three_levels("", "P14x", "P4 R3"))
    # Thirteen PEs have four outputs, the last has three.
    assert counts.compute_cycles == 4 * 3
    assert counts.tile_words["register", "I"] == 4 + 2
    assert counts.tile_words["register", "O"] == 4
    assert counts.accesses["register", "I"].fills == 13 * 6 + 5
    assert counts.accesses["register", "W"] == Actions(reads=55 * 3, fills=14 * 3)
    assert counts.accesses["buffer", "O"].updates == 55
    assert counts.accesses["buffer", "I"].fills == 57


@RUNS
def test_a_window_slides_over_a_smaller_tile(run: Run) -> None:
    counts = run(conv(N=1, M=1, R=3, P=13), *two_levels("P3 R2", "R2 P5"))
    # Outputs 5 5 3, taps 2 1. Rows 0-5, 2-6 | 5-10, 7-11 | 10-13, 12-14: each difference is new.
    assert counts.accesses["buffer", "I"].fills == (6 + 1) + (4 + 1) + (2 + 1)
    assert counts.accesses["buffer", "W"].fills == 3 * (2 + 1)
    assert counts.tile_words["buffer", "I"] == 6
    assert counts.compute_cycles == counts.steps == 39


@RUNS
def test_an_idle_instance_keeps_what_it_holds(run: Run) -> None:
    counts = run(conv(N=2, M=1, R=3, P=13), *three_levels("N2 P2", "P7x", "R3"))
    # The seventh PE is idle at every second step, and still has the filter at the third.
    assert counts.transfers["pes", "W"].deliveries == 7 * 3
    counts = run(conv(N=1, M=2, R=3, P=13), *three_levels("P2 M2", "P7x", "R3"))
    assert counts.transfers["pes", "W"] == Transfers(sends=4 * 3, deliveries=2 * (7 + 6) * 3)


@RUNS
def test_windows_of_different_size_that_bring_equal_words_travel_as_one(run: Run) -> None:
    """Taps 0 1 in one column and 2 in the other, for two outputs; C slides all windows by one."""
    operation = Operation(
        "slide",
        "conv",
        (("C", 3), ("P", 2), ("R", 3)),
        (
            Tensor("W", "weights", (axis(("C", 1)), axis(("R", 1)))),
            Tensor("I", "inputs", (axis(("C", 1), ("P", 1), ("R", 1)),)),
            Tensor("O", "outputs", (axis(("P", 1)),)),
        ),
    )
    counts = run(operation, *three_levels("C3", "R2x P2x", "R2"))
    # Rows 0-1, 1-2, 2 and 3 first; then each window gets one more, and two of them the same.
    assert counts.transfers["pes", "I"] == Transfers(sends=6 + 2 * 3, deliveries=6 + 2 * 4)


@RUNS
def test_idle_instances_reduce_nothing(run: Run) -> None:
    counts = run(conv(N=1, M=1, R=5, P=2), *three_levels("R2 P2", "R3x", ""))
    # Taps 0 1 2, then 3 4: for each output three sums are added, then two.
    assert counts.transfers["pes", "O"] == Transfers(sends=4, deliveries=10, reductions=6)
    assert counts.compute_cycles == 4


@RUNS
def test_an_instance_that_never_has_work_is_not_active(run: Run) -> None:
    """Eleven rows over three times four PEs: 4 4 3, and the last PE of the third column idles."""
    pes = Array("pes", x=3, y=4)
    chip = Accelerator("one array", (Memory("dram"), pes, Memory("register"), Compute()))
    spread = Level("pes", loops("P3x P4y"))
    nest = Nest((Level("dram", (), KEEP), spread, Level("register", loops("R3"), KEEP)))
    operation = conv(N=1, M=1, R=3, P=11)
    counts = run(operation, chip, nest)
    assert counts.instances == {"dram": 1, "pes": 1, "register": 11, "mac": 11}
    assert counts.compute_cycles == 3
    assert counts.transfers["pes", "W"] == Transfers(sends=3, deliveries=11 * 3)
    costs = price(operation, chip, counts)
    assert costs.active_pes == 11
    assert costs.utilization == 33 / 36


@RUNS
def test_time_between_two_arrays_leaves_instances_without_work(run: Run) -> None:
    """Seven rows over three buffers, 3 3 1, in steps of two over two PEs: 2 2 1, then 1 1."""
    parts = (
        Memory("dram"),
        Array("columns", x=3),
        Memory("buffer"),
        Array("rows", x=2),
        Memory("register"),
        Compute(),
    )
    levels = (
        Level("dram", (), KEEP),
        Level("columns", loops("P3x")),
        Level("buffer", loops("P2"), KEEP),
        Level("rows", loops("P2x")),
        Level("register", loops("R3"), KEEP),
    )
    counts = run(conv(N=1, M=1, R=3, P=7), Accelerator("two arrays", parts), Nest(levels))
    active = {"dram": 1, "columns": 1, "buffer": 3, "rows": 3, "register": 5, "mac": 5}
    assert counts.instances == active
    assert counts.compute_cycles == 2 * 3
    # Each PE has the filter once; the third buffer shares nothing within.
    assert counts.transfers["rows", "W"] == Transfers(sends=3 * 3, deliveries=5 * 3)


def test_a_layer_of_alexnet_with_thirteen_rows() -> None:
    operation = parse_operation("conv M=384 C=256 P=13 Q=13 R=3 S=3")
    levels = (
        Level("dram", loops("C4 M3"), ("weights", "inputs", "outputs")),
        Level("glb", loops("M8 Q13 P2"), ("inputs", "outputs")),
        Level("pes", loops("P7x R3y C4y")),
        Level("spad", loops("C16 M16 S3"), ("weights", "inputs", "outputs")),
    )
    place = operation, accelerator("eyeriss"), Nest(levels)
    counts = count(*place)
    assert counts == execute(*place)
    assert counts.compute_cycles == 4 * 3 * 8 * 13 * 2 * 16 * 16 * 3
    assert counts.steps == 149_520_384


def test_larger_layers_than_can_be_run_are_refused() -> None:
    operation = parse_operation("matmul M=4097 K=4097 N=4097")
    chip = Accelerator("two", (Memory("dram"), Memory("buffer"), Compute()))
    keeps = ("weights", "inputs", "outputs")
    outside = (Loop("M", 2049), Loop("K", 4097), Loop("N", 4097))
    nest = Nest((Level("dram", outside, keeps), Level("buffer", (Loop("M", 2),), keeps)))
    with pytest.raises(Unsupported) as caught:
        execute(operation, chip, nest)
    assert "too many steps" in caught.value.what
    assert count(operation, chip, nest).compute_cycles == 4097**3
