"""The closed form equals the oracle, on every mapping that hypothesis can think of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Case, build_operation, cases

from picojoule.check import check_mapping
from picojoule.cost import count
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import Level, Loop, Nest
from picojoule.simulate import execute, execute_slowly


def check(case: Case, footprint: str, elide: bool) -> None:
    place = case.operation, case.accelerator, case.nest
    executed = execute_slowly(*place, footprint=footprint, elide_first_read=elide)
    assert count(*place, footprint=footprint, elide_first_read=elide) == executed


@settings(max_examples=250, deadline=None)
@given(cases(), st.booleans())
def test_closed_form_equals_oracle(case: Case, elide: bool) -> None:
    check(case, "points", elide)


@settings(max_examples=150, deadline=None)
@given(cases(gaps=False), st.booleans())
def test_closed_form_equals_oracle_on_boxes(case: Case, elide: bool) -> None:
    check(case, "box", elide)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None)
@given(cases(), st.booleans())
def test_closed_form_equals_oracle_on_thousands(case: Case, elide: bool) -> None:
    check(case, "points", elide)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(cases(gaps=False), st.booleans())
def test_closed_form_equals_oracle_on_thousands_of_boxes(case: Case, elide: bool) -> None:
    check(case, "box", elide)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(cases(most_steps=5000), st.booleans())
def test_closed_form_equals_compiled_oracle(case: Case, elide: bool) -> None:
    place = case.operation, case.accelerator, case.nest
    assert count(*place, elide_first_read=elide) == execute(*place, elide_first_read=elide)


@settings(max_examples=20, deadline=None)
@given(cases())
def test_check_mapping_agrees(case: Case) -> None:
    assert check_mapping(case.operation, case.accelerator, case.nest).agree


def test_links_are_booked_where_the_neighbours_are() -> None:
    operation = build_operation("conv1d", {"M": 1, "R": 1, "P": 4}, 1, 1)
    outer, inner = Array("outer", x=1), Array("inner", x=2, forwarding=("weights",))
    parts = (Memory("dram"), outer, Memory("buffer"), inner, Compute())
    levels = (
        Level("dram", (Loop("P", 2),), ("w", "i", "o")),
        Level("outer"),
        Level("buffer"),
        Level("inner", (Loop("P", 2, "x"),)),
    )
    place = operation, Accelerator("two arrays", parts), Nest(levels)
    assert execute_slowly(*place).transfers["outer", "w"].links == 0
    assert count(*place) == execute_slowly(*place)


def test_boxes_need_outputs_with_one_dimension_per_axis() -> None:
    sizes = dict.fromkeys("CGKMNQS", 1) | {"R": 2, "P": 2}
    operation = build_operation("transposed", sizes, 1, 1)
    chip = Accelerator("one memory", (Memory("dram"), Compute()))
    nest = Nest((Level("dram", (Loop("R", 2), Loop("P", 2)), ("w", "i", "o")),))
    with pytest.raises(Unsupported):
        count(operation, chip, nest, footprint="box")
    assert count(operation, chip, nest) == execute_slowly(operation, chip, nest)
