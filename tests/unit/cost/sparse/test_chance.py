"""Chance: distributions are those of all fates of all words, listed."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picojoule.cost.sparse import effectual, expected_largest
from picojoule.errors import Unsupported

STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6)
SHARES = st.tuples(*[st.sampled_from([0.0, 0.2, 0.7, 1.0])] * 2)


def listed(steps: list[tuple[int, int]], shares: tuple[float, float]) -> np.ndarray:
    """The definition: every fate of every word."""
    words = sorted({(n, word) for step in steps for n, word in enumerate(step)})
    found = np.zeros(len(steps) + 1)
    for fates in itertools.product((0, 1), repeat=len(words)):
        lives = dict(zip(words, fates, strict=True))
        chance = 1.0
        for (operand, _), alive in lives.items():
            chance *= shares[operand] if alive else 1 - shares[operand]
        count = sum(all(lives[n, word] for n, word in enumerate(step)) for step in steps)
        found[count] += chance
    return found


@given(STEPS, SHARES)
def test_two_operands(steps: list[tuple[int, int]], shares: tuple[float, float]) -> None:
    words = [tuple((word,) for word in step) for step in steps]
    assert effectual(words, shares) == pytest.approx(listed(steps, shares))


def test_what_is_too_entangled_is_refused() -> None:
    ring = [((n,), (m % 30,)) for n in range(30) for m in (n, n + 1)]
    with pytest.raises(Unsupported) as error:
        effectual(ring, (0.5, 0.5))
    assert "12" in str(error.value.expected)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 4))
def test_the_largest_of_several_draws(weights: list[int], lanes: int) -> None:
    work = np.array(weights) / sum(weights)
    mean = 0.0
    for draws in itertools.product(range(len(weights)), repeat=lanes):
        mean += max(draws) * np.prod(work[list(draws)])
    assert expected_largest(work, lanes) == pytest.approx(mean)
