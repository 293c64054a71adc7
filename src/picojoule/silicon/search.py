"""Search: the cut into passes that costs least, among all that the chip can run.

Every n, e, p, q, r and t is tried, and every even cut of a plane's width into up to 16 tiles. m
needs no search: a larger one never adds a word anywhere, so the largest that fits is best, and of
those that read the inputs equally often the smallest is shown.

Energy is what the buffer, the array and DRAM cost at the chip's prices for dense data; products and
scratch pads cost the same in every cut. Source: chen2017jssc, Sec. IV (what is minimised);
chen2016isca, Table IV (prices).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from picojoule.errors import MappingError, nearest
from picojoule.silicon.chip import PassChip
from picojoule.silicon.schedule import (
    PassMapping,
    Traffic,
    active_pes,
    banks,
    sets,
    traffic,
    up,
)
from picojoule.silicon.shapes import LayerShape
from picojoule.silicon.timing import processing_cycles, total_latency_s

GOALS = ("energy", "latency", "edp")
MOST_TILES = 16
"""Tiles that a plane's width may be cut into."""

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """The best cut, what it costs by the goal, and how many were compared."""

    mapping: PassMapping
    cost: float
    compared: int


def find_passes(chip: PassChip, shape: LayerShape, *, minimize: str = "energy") -> Found:
    """The best cut of a layer into passes; ties go to less time, then to the first found.

    Raises:
        MappingError: The goal is unknown, or nothing fits the chip.

    >>> from picojoule.silicon.chip import pass_chip
    >>> conv4 = LayerShape(4, 2, 192, 192, 3, 3, 13, 13)
    >>> str(find_passes(pass_chip(), conv4).mapping)
    'm64 n4 e13 f13 p16 q3 r2 t2'
    """
    check_goal(minimize)
    spread = _spreads(chip, shape)
    best: tuple[float, float, PassMapping] | None = None
    compared = 0
    for n in (n for n in range(1, shape.images + 1) if shape.images % n == 0):
        for f in tile_widths(shape):
            for e in range(1, shape.e + 1):
                fitting = _fitting(chip, shape, spread, n, e, f)
                if fitting is None:
                    continue
                compared += len(fitting.p)
                most = best[0] if best else np.inf
                found = _best(chip, shape, fitting, minimize, most)
                if found and (best is None or found[:2] < best[:2]):
                    best = found
    if best is None:
        raise MappingError(
            "no cut into passes fits the chip",
            where=f"chip {chip.name!r}",
            got=str(shape),
            expected="a layer whose smallest pass fits pads, array and buffer",
            fix="evaluate without a dataflow: the mapper knows finer tiles",
        )
    return Found(best[2], best[0], compared)


def check_goal(minimize: str) -> None:
    """Refuse a goal that the search of passes does not know.

    Raises:
        MappingError: It is none of `GOALS`.
    """
    if minimize not in GOALS:
        raise MappingError(
            "the pass model does not minimise this",
            where="minimize",
            got=minimize,
            expected=nearest(minimize, GOALS),
            fix="name one of them",
        )


def tile_widths(shape: LayerShape) -> list[int]:
    """Widths of tiles that cut the plane's columns as evenly as their number allows.

    >>> tile_widths(LayerShape(1, 1, 1, 1, 1, 1, 6, 6))
    [6, 3, 2, 1]
    """
    return list(dict.fromkeys(up(shape.f, tiles) for tiles in range(1, MOST_TILES + 1)))


def movement_pj(chip: PassChip, moved: Traffic) -> Any:
    """Energy of the words that move, dense."""
    return chip.dram_pj * moved.dram + chip.buffer_pj * moved.buffer + chip.array_pj * moved.array


def _spreads(chip: PassChip, shape: LayerShape) -> Integers:
    """Every p, q, r, t (rows of the result) that pads, array and prefetch allow."""
    places = chip.rows // shape.height * chip.columns
    words = chip.prefetch_bytes // chip.word_bytes // (shape.height * shape.width)
    found = [
        (p, q, r, t)
        for q in range(1, min(chip.ifmap_spad // shape.width, shape.channels) + 1)
        for p in range(1, min(chip.psum_spad, chip.filter_spad // (q * shape.width)) + 1)
        for r in range(1, min(places, up(shape.channels, q)) + 1)
        for t in range(1, places // r + 1)
        if p * q * r * t <= words and p * (t - 1) < shape.filters and p <= shape.filters
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 4).T


def _fitting(
    chip: PassChip, shape: LayerShape, spread: Integers, n: int, e: int, f: int
) -> PassMapping | None:
    """All spreads that fit with these n, e and f, each with its best m."""
    p, q, r, t = spread[:, spread[2] * spread[3] <= sets(chip, shape, e)]
    inputs, _ = banks(chip, shape, PassMapping(0, n, e, f, p, q, r, t))
    block = p * t
    most = (chip.banks - inputs) * chip.bank_bytes // (n * e * f * chip.word_bytes)
    # Whole blocks, or every filter where these are no multiple of a block.
    kept = np.where(most >= shape.filters, shape.filters, most // block * block)
    fits = kept > 0
    if not fits.any():
        return None
    loads = up(shape.filters, np.maximum(kept, 1))
    m = np.where(loads == 1, shape.filters, up(up(shape.filters, block), loads) * block)
    return _take(PassMapping(m, n, e, f, p, q, r, t), fits)


def _best(
    chip: PassChip, shape: LayerShape, fitting: PassMapping, minimize: str, most: float
) -> tuple[float, float, PassMapping] | None:
    """The goal's least value, its seconds and its cut; None where all cost more than `most`."""
    moved = traffic(shape, fitting)
    energies = movement_pj(chip, moved)
    # The dear part, the cycles of every pass, is left out where even the products take too long.
    least = shape.macs / active_pes(shape, fitting) / chip.clock_hz
    bounds = _goal(chip, minimize, moved, energies, least)[0]
    near = bounds <= min(most, float(bounds.min()) if minimize == "energy" else most)
    if not near.any():
        return None
    fitting, energies = _take(fitting, near), energies[near]
    processing = processing_cycles(chip, shape, fitting) / chip.clock_hz
    costs, seconds = _goal(chip, minimize, traffic(shape, fitting), energies, processing)
    place = int(np.lexsort((seconds, costs))[0])
    one = _take(fitting, place)
    m, p, q, r, t = map(int, (one.m, one.p, one.q, one.r, one.t))
    chosen = PassMapping(m, fitting.n, fitting.e, fitting.f, p, q, r, t)
    return float(costs[place]), float(seconds[place]), chosen


def _goal(
    chip: PassChip, minimize: str, moved: Traffic, energies: Any, processing_s: Any
) -> tuple[Any, Any]:
    """What is minimised, and the seconds of the layer, where its passes take `processing_s`."""
    fmaps = (moved.dram_ifmaps + moved.dram_ofmaps) * chip.word_bytes
    seconds = total_latency_s(chip, processing_s, fmaps, moved.dram_filters * chip.word_bytes)
    return {"energy": energies, "latency": seconds, "edp": energies * seconds}[minimize], seconds


def _take(fitting: PassMapping, which: Any) -> PassMapping:
    m, p, q, r, t = (one[which] for one in (fitting.m, fitting.p, fitting.q, fitting.r, fitting.t))
    return PassMapping(m, fitting.n, fitting.e, fitting.f, p, q, r, t)
