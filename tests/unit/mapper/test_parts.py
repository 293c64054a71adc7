"""Parts: what is known of one alone holds among others, and no bound is above a closer one."""

import itertools
import random
import sys
from typing import Any

import numpy as np
import pytest
from random_problems import odd_sizes, random_chip, random_operation
from spaces import listed_at_most

from picojoule.mapper import Constraints, search
from picojoule.mapper.factors import Factors
from picojoule.mapper.model.prices import group_share, least_share
from picojoule.mapper.model.tiles import absorbed_mask, is_absorbed, needed_tiles
from picojoule.mapper.space import Space, build_space
from picojoule.mapper.walk.parts import BASE, BOUND, FILLING, ROUGH, Parts, bound_part
from picojoule.mapper.walk.rough import all_parts

CHAINS = sys.modules["picojoule.mapper.chains"]


def random_space(rng: random.Random, *, imperfect: bool) -> Space:
    """The space of a random operation on a random chip."""
    operation = random_operation(rng)
    if imperfect:
        operation = odd_sizes(rng, operation)
    return build_space(operation, random_chip(rng), Constraints(), imperfect=imperfect)


def random_tile(rng: random.Random, space: Space) -> tuple[np.ndarray, np.ndarray]:
    """A tile and its indices."""
    tiles = [space.cuts.tiles(d) for d in range(len(space.names))]
    index = np.array([rng.randrange(len(row)) for row in tiles])
    return np.array([row[n] for row, n in zip(tiles, index, strict=True)]), index


@pytest.mark.parametrize("factors", ["perfect", "imperfect"])
@pytest.mark.parametrize("seed", range(4))
def test_a_part_is_bounded_as_if_it_were_alone(
    seed: int, factors: Factors, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def checked(*given: Any) -> Parts:
        nonlocal asked
        problem, memory, best = given[0], given[2], given[12]
        tiles = given[3][:: len(given[3]) // 30 + 1]
        together = all_parts(*given[:3], tiles, *given[4:])
        alone = [all_parts(*given[:3], tiles[n : n + 1], *given[4:]) for n in range(len(tiles))]
        rough = np.concatenate([np.zeros(0), *(parts.values[:, ROUGH] for parts in alone)])
        assert together.values[:, ROUGH].tolist() == rough.tolist()
        asked += len(rough) if best[0, 0] else 0
        bounded = Parts(*together[:4], *(rooms(together, column) for column in together[4:]))
        values = bounded.values
        for row in range(len(values)):
            values[row, ROUGH] = -np.inf
            bound_part(problem, memory, bounded, row)
        closer = values[:, BASE] + values[:, FILLING] if memory else values[:, BOUND]
        assert memory == 0 or (rough <= closer + 1e-9 * (1 + abs(rough))).all()
        return all_parts(*given)

    monkeypatch.setattr(CHAINS, "all_parts", checked)
    rng = random.Random(seed)
    while asked < 200:
        operation, chip = random_operation(rng), random_chip(rng)
        if factors == "imperfect":
            operation = odd_sizes(rng, operation)
        if listed_at_most(operation, chip, imperfect=factors == "imperfect") <= 100_000:
            search(operation, chip, factors=factors)


def rooms(parts: Parts, column: np.ndarray) -> np.ndarray:
    """Room for every part where the kernel leaves it to the walk."""
    return np.zeros((len(parts.values), *column.shape[1:]))


def test_the_share_of_a_window_counts_the_different_places() -> None:
    rng = random.Random(1)
    for _ in range(200):
        space = random_space(rng, imperfect=False)
        problem, names = space.problem, space.names
        spatial = np.array(
            [rng.choice((1, 1, 2, 3, 4)) if size > 1 else 1 for size in problem.sizes]
        )
        tiles = list(itertools.product(*(space.cuts.tiles(d) for d in range(len(names)))))
        for t, tensor in enumerate(space.operation.tensors):
            grouped = problem._replace(grouped=np.ones_like(problem.grouped))
            shares = [
                len(different_places(tensor, names, np.array(tile), spatial)) / spatial.prod()
                for tile in tiles
            ]
            found = [group_share(grouped, 0, t, np.array(tile), spatial) for tile in tiles]
            assert found == pytest.approx(shares)
            least = least_share(grouped, t, spatial)
            assert least <= min(shares) * (1 + 1e-12)
            if all(len(axis.terms) < 3 for axis in tensor.axes):
                assert least == pytest.approx(min(shares))


def different_places(
    tensor: Any, names: tuple[str, ...], tile: np.ndarray, spatial: np.ndarray
) -> set[tuple[int, ...]]:
    """Where the tiles of all instances begin."""
    return {
        tuple(
            sum(term.coefficient * where[names.index(term.dim)] for term in axis.terms)
            for axis in tensor.axes
        )
        for where in itertools.product(
            *(range(0, int(s * size), int(size)) for s, size in zip(spatial, tile, strict=True))
        )
    }


@pytest.mark.parametrize("imperfect", [False, True])
def test_what_is_absorbed_is_the_same_asked_at_once_or_one_by_one(imperfect: bool) -> None:
    rng = random.Random(2)
    found = 0
    for _ in range(200):
        space = random_space(rng, imperfect=imperfect)
        problem = space.problem
        memory = rng.randrange(len(space.stages))
        tile, index = random_tile(rng, space)
        ones = np.ones_like(tile)
        outside = np.flatnonzero(tile < problem.sizes).tolist()
        scratch = np.empty((2, problem.bits.size), dtype=np.int64)
        expected = sum(
            1 << d
            for d in outside
            if is_absorbed(problem, memory, tile, d, 1, int(problem.sizes[d]), scratch[0])
        )
        asked = absorbed_mask(problem, memory, tile, index, ones, index, scratch)
        assert asked == expected
        if len(space.stages) > 1:
            looped = sum(1 << d for d in outside)
            absorbed = absorbed_mask(problem, 1, tile, index, ones, index, scratch)
            needed = not looped or looped & ~absorbed != 0
            assert needed_tiles(problem, index.reshape(1, -1)).tolist() == [needed]
        found += expected != 0
    assert found > 20
