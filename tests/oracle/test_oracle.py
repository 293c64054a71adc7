"""The oracle against hand arithmetic, against its own compiled twin, and against symmetries."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Case, axis, build_operation, cases, with_a_loop_of_one

from picojoule.errors import MappingError, Unsupported
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import Actions, Level, Loop, Nest, Transfers
from picojoule.simulate import execute, execute_slowly
from picojoule.simulate.oracle import Tally, all_places, block_at, serve, tile_of
from picojoule.simulate.passage import Passage, passages
from picojoule.simulate.stepper import execute_compiled, moves_kernel, moves_reference
from picojoule.workload import Operation, Tensor

CONV = Operation(
    "conv1d",
    "conv",
    (("R", 3), ("P", 16)),
    (
        Tensor("W", "weights", (axis(("R", 1)),)),
        Tensor("I", "inputs", (axis(("P", 1), ("R", 1)),)),
        Tensor("O", "outputs", (axis(("P", 1)),)),
    ),
)
KEEP = ("W", "I", "O")
ENGINES = pytest.mark.parametrize("run", [execute_slowly, execute_compiled, execute])


def two_levels(outer: str, inner: str) -> tuple[Accelerator, Nest]:
    chip = Accelerator("two", (Memory("dram"), Memory("buffer"), Compute()))
    return chip, Nest((Level("dram", loops(outer), KEEP), Level("buffer", loops(inner), KEEP)))


def three_levels(
    buffer: str, spatial: str, register: str, *, array: Array | None = None
) -> tuple[Accelerator, Nest]:
    array = array or Array("pes", x=16)
    parts = (Memory("dram"), Memory("buffer"), array, Memory("register"), Compute())
    levels = (
        Level("dram", (), KEEP),
        Level("buffer", loops(buffer), KEEP),
        Level("pes", loops(spatial)),
        Level("register", loops(register), KEEP),
    )
    return Accelerator("three", parts), Nest(levels)


def loops(text: str) -> tuple[Loop, ...]:
    """`P4 R3x`: a loop over P of 4, then one over R of 3 spread along x."""
    return tuple(
        Loop(word[0], int(word[1:].rstrip("xy")), word[-1] if word[-1] in "xy" else None)
        for word in text.split()
    )


@ENGINES
def test_everything_in_the_buffer(run) -> None:
    counts = run(CONV, *two_levels("", "R3 P16"))
    assert counts.accesses["buffer", "W"] == Actions(reads=48, fills=3)
    assert counts.accesses["buffer", "I"] == Actions(reads=48, fills=18)
    assert counts.accesses["buffer", "O"] == Actions(reads=32, fills=0, updates=48)
    assert counts.accesses["dram", "W"] == Actions(reads=3)
    assert counts.accesses["dram", "I"] == Actions(reads=18)
    assert counts.accesses["dram", "O"] == Actions(updates=16)
    assert counts.compute_cycles == counts.steps == 48
    assert counts.tile_words["buffer", "I"] == 18


@ENGINES
def test_a_sliding_window_brings_only_what_is_new(run) -> None:
    counts = run(CONV, *two_levels("P4", "R3 P4"))
    assert counts.tile_words["buffer", "I"] == 6
    assert counts.accesses["buffer", "I"].fills == 6 + 3 * 4
    assert counts.accesses["buffer", "W"].fills == 3


@ENGINES
def test_an_outer_reduction_loop_returns_partial_sums(run) -> None:
    counts = run(CONV, *two_levels("R3", "P16"))
    # Each of three passes over P sends all 16 sums out; the last two fetch them back.
    assert counts.accesses["dram", "O"] == Actions(reads=0, fills=0, updates=16)
    counts = run(CONV, *two_levels("R3 P16", ""))
    assert counts.accesses["dram", "O"] == Actions(reads=32, updates=48)
    assert counts.accesses["buffer", "O"] == Actions(reads=48 - 16, fills=48 - 16, updates=48)


@ENGINES
def test_without_elision_the_first_accumulation_reads_too(run) -> None:
    counts = run(CONV, *two_levels("R3 P16", ""), elide_first_read=False)
    assert counts.accesses["dram", "O"] == Actions(reads=48, updates=48)
    assert counts.accesses["buffer", "O"] == Actions(reads=48, fills=48, updates=48)


@ENGINES
def test_multicast_and_unicast(run) -> None:
    counts = run(CONV, *three_levels("P4", "P4x", "R3"))
    assert counts.accesses["buffer", "W"].reads == 3
    assert counts.transfers["pes", "W"] == Transfers(sends=3, deliveries=12)
    assert counts.accesses["buffer", "I"].reads == 48
    assert counts.instances == {"dram": 1, "buffer": 1, "pes": 1, "register": 4, "mac": 4}


@ENGINES
def test_neighbours_forward_what_they_received_a_step_ago(run) -> None:
    array = Array("pes", x=16, forwarding=("inputs",))
    counts = run(CONV, *three_levels("P4 R3", "P4x", "", array=array))
    assert counts.accesses["buffer", "I"].reads == 24
    assert counts.transfers["pes", "I"] == Transfers(sends=24, deliveries=24, links=24)
    # A forwarded word is read at one register and filled into the next.
    assert counts.accesses["register", "I"] == Actions(reads=48 + 24, fills=24 + 24)


@ENGINES
def test_partial_sums_are_added_on_the_way(run) -> None:
    operation = Operation(
        "dot",
        "conv",
        (("C", 8), ("P", 4)),
        (
            Tensor("W", "weights", (axis(("C", 1)),)),
            Tensor("I", "inputs", (axis(("C", 1)), axis(("P", 1)))),
            Tensor("O", "outputs", (axis(("P", 1)),)),
        ),
    )
    counts = run(operation, *three_levels("P4", "C4x", "C2"))
    assert counts.accesses["buffer", "O"].updates == 4
    assert counts.transfers["pes", "O"] == Transfers(sends=4, deliveries=16, reductions=12)
    apart = Array("pes", x=16, reduces=False)
    counts = run(operation, *three_levels("P4", "C4x", "C2", array=apart))
    assert counts.accesses["buffer", "O"] == Actions(reads=12, updates=16)


@ENGINES
def test_diagonal_instances_share_their_word(run) -> None:
    # R 3 x P 2 side by side: rows 0 1 1 2 2 3 of the ifmap, so two alone and two pairs each step.
    counts = run(CONV, *three_levels("P8", "R3x P2x", ""))
    assert counts.transfers["pes", "I"] == Transfers(sends=8 * 4, deliveries=8 * 6)


@ENGINES
def test_a_tensor_that_passes_by_is_charged_where_it_is_kept(run) -> None:
    chip, nest = three_levels("P4", "P4x", "R3")
    levels = list(nest.levels)
    levels[1] = Level("buffer", loops("P4"), ("W", "O"))
    counts = run(CONV, chip, Nest(tuple(levels)))
    assert ("buffer", "I") not in counts.accesses
    assert counts.accesses["dram", "I"].reads == 48


@ENGINES
def test_whole_tile_and_no_reuse(run) -> None:
    for reuse, fills in (("window", 18), ("tile", 24), ("none", 24)):
        parts = (Memory("dram"), Memory("buffer", reuse=(("inputs", reuse),)), Compute())
        nest = two_levels("P4", "R3 P4")[1]
        assert run(CONV, Accelerator("two", parts), nest).accesses["buffer", "I"].fills == fills
    for reuse, fills in (("window", 3), ("tile", 3), ("none", 12)):
        parts = (Memory("dram"), Memory("buffer", reuse=(("weights", reuse),)), Compute())
        assert run(CONV, Accelerator("two", parts), nest).accesses["buffer", "W"].fills == fills


@ENGINES
def test_a_box_holds_the_gaps_that_points_leave_out(run) -> None:
    operation = build_operation("conv1d", {"M": 1, "R": 2, "P": 4}, 4, 1)
    chip = Accelerator("two", (Memory("dram"), Memory("buffer"), Compute()))
    keeps = ("w", "i", "o")
    nest = Nest((Level("dram", loops("P2"), keeps), Level("buffer", loops("P2 R2"), keeps)))
    # Rows 0 1 4 5 | 8 9 12 13, held as 0..5 and 8..13; all of it spans 0..13.
    assert run(operation, chip, nest).tile_words["buffer", "i"] == 4
    assert run(operation, chip, nest).accesses["dram", "i"].reads == 8
    boxed = run(operation, chip, nest, footprint="box")
    assert boxed.tile_words == {**boxed.tile_words, ("buffer", "i"): 6, ("dram", "i"): 14}
    assert boxed.accesses["dram", "i"].reads == 12


@settings(max_examples=150, deadline=None)
@given(cases(), st.sampled_from(("points", "box")), st.booleans())
def test_compiled_equals_slow(case: Case, footprint: str, elide: bool) -> None:
    check_compiled(case, footprint, elide)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(cases(), st.sampled_from(("points", "box")), st.booleans())
def test_compiled_equals_slow_on_thousands(case: Case, footprint: str, elide: bool) -> None:
    check_compiled(case, footprint, elide)


def check_compiled(case: Case, footprint: str, elide: bool) -> None:
    place = case.operation, case.accelerator, case.nest
    slow = execute_slowly(*place, footprint=footprint, elide_first_read=elide)
    assert slow == execute_compiled(*place, footprint=footprint, elide_first_read=elide)


@settings(max_examples=100, deadline=None)
@given(cases(forwarding=False))
def test_what_arrives_departs(case: Case) -> None:
    """Updates are counted by what arrives; here they are counted by what leaves."""
    counts = execute_slowly(case.operation, case.accelerator, case.nest)
    for passage in passages(case.operation, case.accelerator, case.nest):
        if passage.tensor.is_output and passage.parent is not None:
            updates = counts.accesses[passage.parent, passage.tensor.name].updates
            assert count_departures(passage) == updates


def count_departures(passage: Passage) -> int:
    """Words that leave the child for the parent: each tile loses what the next one lacks."""
    words = 0
    places = list(itertools.product(*map(all_places, passage.spreads)))
    for base in itertools.product(*(range(stride.bound) for stride in passage.above)):
        steps = list(itertools.product(*(range(stride.bound) for stride in passage.time)))
        for now, then in itertools.zip_longest(steps, steps[1:]):
            leaving = {}
            for place in places:
                seat = (*base, *itertools.chain(*place))
                tile = tile_of(passage, block_at(passage, (*now, *seat)), "points")
                after = frozenset()
                if then is not None:
                    after = tile_of(passage, block_at(passage, (*then, *seat)), "points")
                if passage.reuse == "none" or (passage.reuse == "tile" and after != tile):
                    after = frozenset()
                if tile - after:
                    leaving[place] = ((tuple(sorted(tile - after)), 1),)
            words += serve(passage.spreads, leaving, {}, Tally())
    return words


@settings(max_examples=60, deadline=None)
@given(cases(), st.data())
def test_a_loop_of_one_iteration_changes_nothing(case: Case, data: st.DataObject) -> None:
    longer = with_a_loop_of_one(case, data)
    assert execute(case.operation, case.accelerator, case.nest) == execute(
        case.operation, case.accelerator, longer
    )


@settings(max_examples=60, deadline=None)
@given(cases(most_steps=64))
def test_every_input_word_that_is_used_is_fetched(case: Case) -> None:
    counts = execute(case.operation, case.accelerator, case.nest)
    outermost = case.accelerator.memories[0].name
    for tensor in case.operation.tensors:
        used = case.operation.words(tensor)
        actions = counts.accesses[outermost, tensor.name]
        assert actions.fills == 0
        moved = actions.updates if tensor.is_output else actions.reads
        assert moved >= used
        assert counts.tile_words[outermost, tensor.name] == used


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(2, 4), st.integers(0, 9)), max_size=5))
def test_moves_kernel(stretches: list[tuple[int, int]]) -> None:
    bounds = np.array([bound for bound, _ in stretches], dtype=np.int64)
    codes = np.array([code for _, code in stretches], dtype=np.int64)
    largest = (len(stretches) + 2) ** 2
    for got, expected in zip(
        moves_kernel(bounds, codes, largest),
        moves_reference(bounds.tolist(), codes.tolist(), largest),
        strict=True,
    ):
        assert got.tolist() == expected.tolist()


def test_passages_follow_the_keepers() -> None:
    chip, nest = three_levels("P4", "P4x", "R3")
    found = [(p.tensor.name, p.parent, p.child) for p in passages(CONV, chip, nest)]
    chain = [None, "dram", "buffer", "register", "mac"]
    assert found == [(t, *pair) for t in KEEP for pair in itertools.pairwise(chain)]


def test_too_large_to_run_element_by_element() -> None:
    operation = build_operation("matmul", {"M": 512, "K": 512, "N": 512}, 1, 1)
    chip = Accelerator("two", (Memory("dram"), Memory("buffer"), Compute()))
    keeps = ("w", "i", "o")
    nest = Nest((Level("dram", loops("M512 K512 N512"), keeps), Level("buffer", (), keeps)))
    with pytest.raises(Unsupported):
        execute_slowly(operation, chip, nest)
    assert execute(operation, chip, nest).accesses["dram", "w"].reads == 512**3


def test_a_run_without_end_is_refused() -> None:
    operation = build_operation("matmul", {"M": 2**18, "K": 2**18, "N": 2**18}, 1, 1)
    chip = Accelerator("two", (Memory("dram"), Memory("buffer"), Compute()))
    keeps = ("w", "i", "o")
    outside = (Loop("M", 2**18), Loop("K", 2**18), Loop("N", 2**18))
    nest = Nest((Level("dram", outside, keeps), Level("buffer", (), keeps)))
    with pytest.raises(Unsupported) as caught:
        execute(operation, chip, nest)
    assert caught.value.got == 3 * 2**54 + 3


def test_what_cannot_be_held_is_refused() -> None:
    keeps = ("w", "i", "o")
    for size, place in ((2**40, 1), (2**20, 2)):
        operation = build_operation("matmul", {"M": size, "K": 1, "N": 1}, 1, 1)
        parts = (Memory("dram"), Memory("buffer"), Array("pes", x=2**20), Compute())
        levels = [Level("dram", (), keeps), Level("buffer", (), keeps), Level("pes")]
        loop = Loop("M", size, "x" if place == 2 else None)
        levels[place] = Level(levels[place].part, (loop,), levels[place].keeps)
        with pytest.raises(Unsupported) as caught:
            execute(operation, Accelerator("wide", parts), Nest(tuple(levels)))
        assert caught.value.got in (size, size - 1)


def test_an_illegal_nest_is_refused_before_it_runs() -> None:
    chip, _ = two_levels("", "")
    nest = Nest((Level("dram", loops("P5"), KEEP), Level("buffer", loops("R3"), KEEP)))
    with pytest.raises(MappingError):
        execute(CONV, chip, nest)
