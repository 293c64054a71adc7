"""Sums: equal to every choice listed and sorted out; and what is left out is as close as told."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.evaluation import sums
from picojoule.evaluation.sums import Sums, add_fronts

Points = list[tuple[int, int]]

POINTS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), min_size=1, max_size=6)
FRONTS = st.lists(POINTS, min_size=1, max_size=5)


def add(fronts: list[Points], **options: int) -> Sums:
    """Energies are whole numbers here, so that every order of adding gives the same."""
    return add_fronts(
        [(np.array([t for t, _ in one]), np.array([float(e) for _, e in one])) for one in fronts],
        **options,
    )


def listed(fronts: list[Points]) -> Points:
    """Every choice; those that no other one beats, the fastest first."""
    chosen = {
        (sum(t for t, _ in choice), sum(e for _, e in choice))
        for choice in itertools.product(*fronts)
    }
    return sorted(
        one
        for one in chosen
        if not any(o != one and o[0] <= one[0] and o[1] <= one[1] for o in chosen)
    )


def check_choices(fronts: list[Points], found: Sums) -> None:
    for latency, energy, choice in zip(found.latency, found.energy, found.choices, strict=True):
        chosen = [front[index] for front, index in zip(fronts, choice, strict=True)]
        assert (latency, energy) == (sum(t for t, _ in chosen), sum(e for _, e in chosen))


@settings(max_examples=200, deadline=None)
@given(FRONTS)
def test_the_sums_are_those_of_a_listing(fronts: list[Points]) -> None:
    found = add(fronts)
    assert list(zip(found.latency, found.energy, strict=True)) == listed(fronts)
    assert found.excess == 0.0
    check_choices(fronts, found)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    fronts = [[(int(t), int(e)) for t, e in rng.integers(1, 500, (30, 2))] for _ in range(4)]
    whole = add(fronts)
    monkeypatch.setattr(sums, "BLOCK", 64)
    parts = add(fronts)
    assert len(whole.latency) > 20
    assert (whole.latency == parts.latency).all()
    assert (whole.energy == parts.energy).all()
    check_choices(fronts, parts)


@settings(max_examples=200, deadline=None)
@given(FRONTS, st.integers(3, 8))
def test_what_is_left_out_is_as_close_as_told(fronts: list[Points], most_points: int) -> None:
    found = add(fronts, most_points=most_points)
    exact = listed(fronts)
    assert len(found.latency) <= most_points
    check_choices(fronts, found)
    if len(exact) > most_points:
        assert found.excess > 0
    for latency, energy in exact:
        fast = found.energy[found.latency <= latency]
        assert len(fast) > 0
        assert fast.min() <= energy * (1 + found.excess) * (1 + 1e-12)


def test_many_layers_stay_within_memory() -> None:
    rng = np.random.default_rng(3)
    fronts = []
    for _ in range(40):
        times = np.sort(rng.integers(10**5, 10**6, 12))
        fronts.append((times, np.sort(rng.uniform(1e6, 2e6, 12))[::-1].copy()))
    found = add_fronts(fronts, most_points=3000)
    assert len(found.latency) <= 3000
    assert 0 < found.excess < 0.02
    assert (np.diff(found.latency) > 0).all()
    assert (np.diff(found.energy) < 0).all()
    assert found.energy[-1] == pytest.approx(sum(energies[-1] for _, energies in fronts))
    assert found.latency[0] == sum(int(times[0]) for times, _ in fronts)
