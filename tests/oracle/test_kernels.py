"""Kernels equal the plain-Python definitions that they are bound to."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import picojoule.simulate.situations  # noqa: F401 - registers its kernel
from picojoule.cost import shared_points
from picojoule.cost.pieces import APART, PLACE, TEMPORAL
from picojoule.jit import PAIRS

SMALL = st.integers(1, 4)
RUNS = st.lists(st.tuples(st.integers(1, 5), SMALL), min_size=1, max_size=3)


def pair(name: str) -> tuple[object, object]:
    """The (reference, kernel) whose kernel has this name."""
    found = [both for both in PAIRS if both[1].__name__ == name]
    assert len(found) == 1
    return found[0]


@settings(max_examples=400, deadline=None)
@given(RUNS, st.data(), st.integers(-30, 30), st.booleans())
def test_common_points(
    runs: list[tuple[int, int]], data: st.DataObject, shift: int, box: bool
) -> None:
    reference, kernel = pair("common_points")
    coefficients, counts = (np.array(column, dtype=np.int64) for column in zip(*runs, strict=True))
    others = np.array([data.draw(SMALL) for _ in runs], dtype=np.int64)
    expected = reference(coefficients, counts, others, shift, box)
    assert kernel(coefficients, counts, others, shift, box) == expected
    assert kernel.py_func(coefficients, counts, others, shift, box) == expected
    alike = reference(coefficients, counts, counts, shift, box)
    assert shared_points(coefficients, counts, shift, box) == alike


@st.composite
def nests(draw: st.DrawFn, *, ragged: bool = True) -> tuple[np.ndarray, ...]:
    """A tensor, sizes and tile, and the loops outside the tile, in time, in space, or joined."""
    dims = draw(st.integers(1, 3))
    order = draw(st.permutations(range(dims)))
    indexing = draw(st.integers(1, dims))
    cuts = sorted(draw(st.lists(st.integers(0, indexing), max_size=2)))
    first = np.array([0, *cuts, indexing], dtype=np.int64)
    some = st.lists(SMALL, min_size=dims, max_size=dims)
    coefficient = np.array(draw(some)[:indexing], dtype=np.int64)
    rows: list[list[int]] = []
    loop = st.tuples(st.integers(0, dims - 1), st.integers(2, 3), st.sampled_from([-2, -2, -1, 7]))
    if ragged:
        sizes = draw(st.lists(st.integers(1, 11), min_size=dims, max_size=dims))
        left = list(sizes)
        for which, bound, place in draw(st.lists(loop, max_size=5)):
            piece = -(-left[which] // bound)
            bound = -(-left[which] // piece)
            left[which] = piece
            if bound > 1:
                rows.append([which, bound, piece, place])
    else:
        left = draw(some)
        sizes = list(left)
        for which, bound, place in draw(st.lists(loop, max_size=4)):
            rows.insert(0, [which, bound, sizes[which], place])
            sizes[which] *= bound
    loops = np.array(rows, dtype=np.int64).reshape(-1, 4)
    dim = np.array(order[:indexing], dtype=np.int64)
    return first, dim, coefficient, np.array([sizes, left], dtype=np.int64), loops


@settings(max_examples=400, deadline=None)
@given(nests(), st.sampled_from([0, 1, 2]))
def test_carried_words(nest: tuple[np.ndarray, ...], reuse: int) -> None:
    reference, kernel = pair("carried_words")
    assert kernel(*nest, reuse, False) == reference(*nest, reuse, False)


@settings(max_examples=200, deadline=None)
@given(nests(ragged=False), st.sampled_from([0, 1, 2]), st.booleans())
def test_carried_words_where_bounds_divide(
    nest: tuple[np.ndarray, ...], reuse: int, box: bool
) -> None:
    reference, kernel = pair("carried_words")
    if box:
        nest[-1][:, PLACE] = np.minimum(nest[-1][:, PLACE], APART)
    assert kernel(*nest, reuse, box) == reference(*nest, reuse, box)


@settings(max_examples=400, deadline=None)
@given(nests())
def test_touched_words(nest: tuple[np.ndarray, ...]) -> None:
    reference, kernel = pair("touched_words")
    nest[-1][:, PLACE] = np.minimum(nest[-1][:, PLACE], APART)
    assert kernel(*nest) == reference(*nest)


@settings(max_examples=200, deadline=None)
@given(nests(), st.booleans())
def test_situations(nest: tuple[np.ndarray, ...], remembers: bool) -> None:
    reference, kernel = pair("situations_kernel")
    _, _, _, dims, loops = nest
    loops[:, PLACE] = loops[:, PLACE] == TEMPORAL
    expected = reference(loops, dims[0], remembers, 1 << 10)
    for got, wanted in zip(kernel(loops, dims[0], remembers, 1 << 10), expected, strict=True):
        assert got.tolist() == wanted.tolist()
    rows, times, _ = kernel(loops, dims[0], remembers, 1)
    assert times.size == 0
    assert rows.size == 0
