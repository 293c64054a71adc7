"""Densities: each answers as its definition, listed pattern by pattern, says."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picojoule.errors import WorkloadError
from picojoule.workload import Density, Pruned, Structured, Uniform, binomial, measure

SHARES = st.floats(0, 1)


def uniform(share: float, shape: tuple[int, ...]) -> Iterator[tuple[np.ndarray, float]]:
    for bits in itertools.product((0, 1), repeat=math.prod(shape)):
        mask = np.array(bits).reshape(shape)
        yield mask, share ** mask.sum() * (1 - share) ** (mask.size - mask.sum())


def structured(keep: int, of: int, blocks: int, lines: int) -> Iterator[tuple[np.ndarray, float]]:
    """All patterns of `lines` lines, each of several blocks."""
    choices = list(itertools.combinations(range(of), keep))
    for chosen in itertools.product(choices, repeat=blocks * lines):
        mask = np.zeros((lines, blocks, of), dtype=int)
        for number, places in enumerate(chosen):
            mask[number // blocks, number % blocks, list(places)] = 1
        yield mask.reshape(lines, -1), 1 / len(choices) ** (blocks * lines)


def tiles(mask: np.ndarray, tile: tuple[int, ...]) -> list[int]:
    """Non-zeros of each tile, one after another."""
    found = []
    for start in itertools.product(
        *(range(0, n, t) for n, t in zip(mask.shape, tile, strict=True))
    ):
        part = mask[tuple(slice(s, s + t) for s, t in zip(start, tile, strict=True))]
        found.append(int(part.sum()))
    return found


def check(
    density: Density, tile: tuple[int, ...], patterns: Iterator[tuple[np.ndarray, float]]
) -> None:
    """The density's answers are those of all patterns and all tiles."""
    words = math.prod(tile)
    occupancy, total = np.zeros(words + 1), 0.0
    for mask, chance in patterns:
        counts = tiles(mask, tile)
        for count in counts:
            occupancy[count] += chance / len(counts)
        total += chance
    assert total == pytest.approx(1)
    assert density.occupancy(tile) == pytest.approx(occupancy)
    assert density.empty_probability(tile) == pytest.approx(occupancy[0])
    assert density.expected_nonzeros(tile) == pytest.approx(occupancy @ np.arange(words + 1))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_uniform_zeros(share: float) -> None:
    check(Uniform(share), (2, 2), uniform(share, (2, 4)))


@pytest.mark.parametrize("tile", [(1, 1), (1, 2), (2, 3), (1, 4), (2, 6)])
def test_structured_zeros(tile: tuple[int, int]) -> None:
    blocks = 3 if tile[1] in (3, 6) else 1
    check(Structured(1, 4, axis=1), tile, structured(1, 4, blocks, tile[0]))


def test_two_of_four_along_another_axis() -> None:
    density = Structured(2, 4, axis=0)
    assert density.occupancy((2, 1)) == pytest.approx(np.array([1, 4, 1]) / 6)
    assert density.empty_probability((4, 7)) == 0.0


def test_pruned_channels() -> None:
    def patterns() -> Iterator[tuple[np.ndarray, float]]:
        for kept in itertools.product((0, 1), repeat=3):
            chance = math.prod(0.4 if one else 0.6 for one in kept)
            yield np.repeat(np.array(kept)[:, None], 2, axis=1), chance

    check(Pruned(0.4, axis=0), (3, 1), patterns())
    check(Pruned(0.4, axis=0), (1, 2), patterns())


@given(st.lists(st.integers(0, 1), min_size=12, max_size=12), st.sampled_from([1, 2, 3, 4]))
def test_measured_zeros(bits: list[int], length: int) -> None:
    mask = np.array(bits).reshape(2, 6)
    density = measure(mask)
    assert density.share == mask.mean()
    counts = tiles(mask, (1, length))
    assert density.expected_nonzeros((1, length)) == pytest.approx(np.mean(counts))
    assert density.empty_probability((1, length)) == pytest.approx(counts.count(0) / len(counts))
    assert (density.occupancy((1, length)) * len(counts)).round(9).tolist() == [
        counts.count(n) for n in range(length + 1)
    ]


def test_small_magnitudes_count_as_zeros() -> None:
    assert measure(np.array([-2.0, -0.5, 0.0, 0.5, 0.6]), threshold=0.5).share == 2 / 5


@given(st.integers(0, 200), SHARES)
def test_a_binomial_has_its_mean_and_variance(trials: int, share: float) -> None:
    found, n = binomial(trials, share), np.arange(trials + 1)
    assert found.sum() == pytest.approx(1)
    assert found @ n == pytest.approx(trials * share, abs=1e-9)
    assert found @ n**2 - (found @ n) ** 2 == pytest.approx(trials * share * (1 - share), abs=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Uniform(1.5),
        lambda: Uniform(True),
        lambda: Uniform(float("nan")),
        lambda: Structured(5, 4, axis=0),
        lambda: Structured(2, 4, axis=-1),
        lambda: Pruned(-0.1, axis=0),
        lambda: Pruned(0.5, axis=-1),
        lambda: Structured(2, 4, axis=2).occupancy((4, 4)),
        lambda: Uniform(0.5).occupancy((2**11, 2**11)),
        lambda: measure(np.ones((2, 2))).occupancy((2,)),
    ],
)
def test_what_is_out_of_range_is_refused(wrong) -> None:
    with pytest.raises(WorkloadError) as error:
        wrong()
    assert error.value.fix
