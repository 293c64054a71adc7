"""The oracle against hand arithmetic, against its own compiled twin, and against symmetries."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.simulate import execute_slowly
from picojoule.simulate.stepper import execute_compiled
from strategies import Case, cases

@settings(max_examples=150, deadline=None)
@given(cases(), st.sampled_from(("points", "box")), st.booleans())
def test_compiled_equals_slow(case: Case, footprint: str, elide: bool) -> None:
    slow = execute_slowly(
        case.operation, case.accelerator, case.nest, footprint=footprint, elide_first_read=elide
    )
    fast = execute_compiled(
        case.operation, case.accelerator, case.nest, footprint=footprint, elide_first_read=elide
    )
    assert slow == fast
