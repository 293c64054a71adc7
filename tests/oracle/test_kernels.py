"""The kernels of `cost` equal the plain-Python definitions that they are bound to."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import picojoule.cost  # noqa: F401 - registers the kernels
from picojoule.jit import PAIRS

SMALL = st.integers(1, 4)
RUNS = st.lists(st.tuples(st.integers(1, 5), SMALL), min_size=1, max_size=3)


def pair(name: str) -> tuple[object, object]:
    """The (reference, kernel) whose kernel has this name."""
    found = [both for both in PAIRS if both[1].__name__ == name]
    assert len(found) == 1
    return found[0]


@settings(max_examples=400, deadline=None)
@given(RUNS, st.integers(-30, 30), st.booleans())
def test_shared_points(runs: list[tuple[int, int]], shift: int, box: bool) -> None:
    reference, kernel = pair("shared_points")
    coefficients, counts = (np.array(column, dtype=np.int64) for column in zip(*runs, strict=True))
    expected = reference(coefficients, counts, shift, box)
    assert kernel(coefficients, counts, shift, box) == expected
    assert kernel.py_func(coefficients, counts, shift, box) == expected


@st.composite
def nests(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    """A tensor, a tile, and loops outside it with strides as nested loops have them."""
    dims = draw(st.integers(1, 3))
    order = draw(st.permutations(range(dims)))
    cuts = sorted(draw(st.lists(st.integers(0, dims), max_size=2)))
    first = np.array([0, *cuts, dims], dtype=np.int64)
    coefficient = np.array(draw(st.lists(SMALL, min_size=dims, max_size=dims)), dtype=np.int64)
    tile = np.array(draw(st.lists(SMALL, min_size=dims, max_size=dims)), dtype=np.int64)
    stride = tile.copy()
    rows: list[tuple[int, int, int]] = []
    for dim in draw(st.lists(st.integers(0, dims - 1), max_size=4)):
        bound = draw(st.integers(1, 3))
        rows.append((dim, bound, int(stride[dim])))
        stride[dim] *= bound * draw(st.integers(1, 2))  # a spatial loop may lie between
    loops = np.array(rows[::-1], dtype=np.int64).reshape(-1, 3).T.copy()
    return first, np.array(order, dtype=np.int64), coefficient, tile, loops


@settings(max_examples=400, deadline=None)
@given(nests(), st.sampled_from([0, 1, 2]), st.booleans())
def test_fetched_words(nest: tuple[np.ndarray, ...], reuse: int, box: bool) -> None:
    reference, kernel = pair("fetched_words")
    expected = reference(*nest, reuse, box)
    assert kernel(*nest, reuse, box) == expected
