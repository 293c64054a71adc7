"""The pass model against passes that are really walked through, PE by PE and word by word."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.errors import MappingError
from picojoule.silicon import (
    LayerShape,
    PassMapping,
    active_pes,
    check_mapping,
    coded_bytes,
    find_passes,
    movement_pj,
    pass_chip,
    passes,
    processing_cycles,
    traffic,
)

CHIP = pass_chip()


def chunks(total: int, size: int) -> list[range]:
    return [range(at, min(at + size, total)) for at in range(0, total, size)]


def walk(shape: LayerShape, how: PassMapping) -> tuple[Counter[str], int, int]:
    """Walk through all passes; words by kind, how many passes, and the most PEs at work in one.

    The buffer keeps partial sums of m filters, and reads the inputs of a pass anew from DRAM for
    each m; inside, blocks of p*t filters go one after another.
    """
    words: Counter[str] = Counter()
    products: Counter[tuple[int, ...]] = Counter()
    number = most = 0
    whole = itertools.product(
        range(shape.groups),
        chunks(shape.images, how.n),
        chunks(shape.e, how.e),
        chunks(shape.f, how.f),
        chunks(shape.filters, how.m),
    )
    for group, images, rows, columns, kept in whole:
        started: set[tuple[int, ...]] = set()
        height = (len(rows) - 1) * shape.stride_y + shape.height
        width = (len(columns) - 1) * shape.stride_x + shape.width
        for channels in chunks(shape.channels, how.q * how.r):
            read = len(images) * len(channels) * height * width
            words["dram_ifmaps"] += read
            for block in chunks(len(kept), how.p * how.t):
                filters = [kept[place] for place in block]
                number += 1
                weights = len(filters) * len(channels) * shape.height * shape.width
                words["buffer_ifmaps"] += read
                words["buffer_filters"] += weights
                words["dram_filters"] += weights
                by_set = [filters[at : at + how.p] for at in range(0, len(filters), how.p)]
                channel_sets = [channels[at : at + how.q] for at in range(0, len(channels), how.q)]
                pes = 0
                for some, own in itertools.product(by_set, channel_sets):
                    for _ in itertools.product(range(shape.height), rows):  # one PE each
                        pes += 1
                        words["filter_deliveries"] += len(some) * len(own) * shape.width
                        words["ifmap_deliveries"] += len(images) * len(own) * width
                most = max(most, pes)
                for out in itertools.product(images, filters, rows, columns):
                    key = (group, *out)
                    words["psum_reads"] += key in started
                    words["psum_writes"] += 1
                    words["psum_hops"] += len(channel_sets) * shape.height - 1
                    products[key] += len(channels) * shape.height * shape.width
                    started.add(key)
    assert set(products.values()) == {shape.channels * shape.height * shape.width}
    assert len(products) == shape.outputs
    words["dram_ofmaps"] = words["readout"] = len(products)
    return words, number, most


@st.composite
def cuts(draw: st.DrawFn) -> tuple[LayerShape, PassMapping]:
    size = st.integers(1, 4)
    images = draw(st.sampled_from([1, 2, 4]))
    shape = LayerShape(
        images, draw(st.integers(1, 2)), draw(st.integers(1, 7)), draw(st.integers(1, 7)),
        draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(size), draw(size),
        draw(st.integers(1, 2)), draw(st.integers(1, 2)),
    )  # fmt: skip
    p, t = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    m = draw(st.sampled_from([p * t, 2 * p * t, shape.filters]))
    how = PassMapping(
        min(m, shape.filters), draw(st.sampled_from([n for n in (1, 2, 4) if images % n == 0])),
        draw(st.integers(1, shape.e)), draw(st.integers(1, shape.f)),
        p, draw(st.integers(1, 3)), draw(st.integers(1, 2)), t,
    )  # fmt: skip
    return shape, how


@given(cuts())
@settings(max_examples=80, deadline=None)
def test_counts_are_those_of_the_walk(cut: tuple[LayerShape, PassMapping]) -> None:
    shape, how = cut
    words, number, most = walk(shape, how)
    moved = traffic(shape, how)
    assert number == passes(shape, how)
    assert {name: getattr(moved, name) for name in words} == dict(words)
    if how.q * how.r <= shape.channels and how.p * how.t <= how.m:
        assert most == active_pes(shape, how)


def every_cut(shape: LayerShape) -> list[PassMapping]:
    """All parameters of the definition, one by one, those that the chip refuses left out."""
    found: list[PassMapping] = []
    widths = {-(-shape.f // tiles) for tiles in range(1, 17)}
    ranges = (range(1, shape.filters + 1), (1, 2), range(1, shape.e + 1), sorted(widths),
              range(1, shape.filters + 1), range(1, 5), range(1, 6), range(1, 7))  # fmt: skip
    for parameters in itertools.product(*ranges):
        how = PassMapping(*parameters)
        if how.p * how.t * how.q * how.r > 60:
            continue
        try:
            check_mapping(CHIP, shape, how, where="test")
        except MappingError:
            continue
        found.append(how)
    return found


@pytest.mark.parametrize("goal", ["energy", "latency"])
def test_the_search_finds_the_least_of_all_cuts(goal: str) -> None:
    shape = LayerShape(2, 1, 4, 3, 3, 3, 5, 4)
    best = find_passes(CHIP, shape, minimize=goal)
    costs = []
    for how in every_cut(shape):
        moved = traffic(shape, how)
        if goal == "energy":
            costs.append(movement_pj(CHIP, moved))
        else:
            fmaps = (moved.dram_ifmaps + moved.dram_ofmaps) * 2 / CHIP.link_bytes_per_s
            seconds = float(processing_cycles(CHIP, shape, how)) / CHIP.clock_hz
            costs.append(max(seconds, moved.dram_filters * 2 / CHIP.link_bytes_per_s) + fmaps)
    assert len(costs) > 1000
    assert best.cost == pytest.approx(min(costs), rel=1e-12)


def test_the_search_never_breaks_a_limit() -> None:
    shape = LayerShape(4, 2, 128, 48, 5, 5, 27, 27)
    for goal in ("energy", "edp"):
        check_mapping(CHIP, shape, find_passes(CHIP, shape, minimize=goal).mapping, where="test")


def encoded_bytes(values: np.ndarray) -> int:
    """The chip's run-length code, executed: pairs of a run of at most 31 zeros and a value."""
    pairs = run = 0
    for value in values.tolist():
        if value == 0 and run < 31:
            run += 1
            continue
        pairs, run = pairs + 1, 0
    pairs += run > 0
    return -(-pairs // 3) * 8


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0])
def test_expected_sizes_are_those_of_random_maps(share: float) -> None:
    generator = np.random.default_rng(7)
    values = (generator.random(60_000) >= share).astype(int)
    assert coded_bytes(values.size, share) == pytest.approx(encoded_bytes(values), rel=0.03)
