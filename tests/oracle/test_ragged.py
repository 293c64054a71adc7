"""Bounds that do not divide: closed form and oracle agree, and both with hand arithmetic."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Case, cases

from picojoule.cost import count
from picojoule.errors import Unsupported
from picojoule.hardware import Array
from picojoule.mapping import Level, Loop, Nest, validate
from picojoule.simulate import execute_slowly

KEEP = ("W", "I", "O")


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
@settings(max_examples=8000, deadline=None)
@given(cases(ragged=True, forwarding=False), st.booleans())
def test_closed_form_equals_oracle_on_thousands(case: Case, elide: bool) -> None:
    check(case, elide)


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


@settings(max_examples=60, deadline=None)
@given(cases(ragged=True, gaps=False))
def test_boxes_are_refused(case: Case) -> None:
    assume(is_ragged(case))
    with pytest.raises(Unsupported):
        count(case.operation, case.accelerator, case.nest, footprint="box")


@settings(max_examples=100, deadline=None)
@given(cases(ragged=True, forwarding=False), st.data())
def test_a_loop_of_one_iteration_changes_nothing(case: Case, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(case.nest.levels) - 1))
    level = case.nest.levels[index]
    spatial = isinstance(case.accelerator.parts[index], Array)
    place = data.draw(st.integers(0, len(level.loops)))
    extra = Loop(case.operation.dims[0][0], 1, "y" if spatial else None)
    longer = Level(level.part, (*level.loops[:place], extra, *level.loops[place:]), level.keeps)
    levels = (*case.nest.levels[:index], longer, *case.nest.levels[index + 1 :])
    assert execute_slowly(case.operation, case.accelerator, case.nest) == execute_slowly(
        case.operation, case.accelerator, Nest(levels)
    )


@settings(max_examples=100, deadline=None)
@given(cases(ragged=True, most_steps=100))
def test_every_step_runs_once(case: Case) -> None:
    counts = execute_slowly(case.operation, case.accelerator, case.nest)
    first = case.operation.tensors[0]
    innermost = [
        m.name for m in case.accelerator.memories if (m.name, first.name) in counts.accesses
    ]
    arrays = [array.name for array in case.accelerator.arrays]
    assert counts.compute_cycles * counts.instances["mac"] >= counts.steps
    if arrays and case.accelerator.parts[-2].name == arrays[-1]:
        moved = counts.transfers[arrays[-1], first.name]
        assert moved.deliveries + moved.links == counts.steps
    else:
        assert counts.accesses[innermost[-1], first.name].reads >= counts.steps
