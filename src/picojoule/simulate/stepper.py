"""The compiled oracle: the same run as `oracle.py`, for nests of billions of steps.

A numba kernel really advances the time of every passage, step by step, and notes how far the tile
moved and how far it had moved the step before. There are few distinct pairs of such moves; for each
the words that arrive are found by membership in the old tile, once, and counted as often as it
occurred. Two facts carry this, both checked against the slow engine by the tests: all loops move
every instance alike, so instances and steps that differ only by a translation cost the same; and a
tile is the product of its coordinate sets, one per axis.
"""

import itertools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator
from picojoule.jit import kernel
from picojoule.mapping import Counts, Nest, check_loops
from picojoule.simulate.grid import Grid, Move
from picojoule.simulate.passage import Footprint, Passage, Stride, passages
from picojoule.simulate.ragged import LARGEST_VARIETY, walk_ragged
from picojoule.simulate.tally import Tally, settle
from picojoule.workload import Operation

Integers = NDArray[np.int64]
Points = NDArray[np.int64]

LARGEST_COMPILED_WORK = 50_000_000_000
"""Steps that `execute_compiled` agrees to walk: some minutes."""
LARGEST_RAGGED_WORK = 1_000_000_000
"""The same where tiles come in several sizes, which takes longer."""
LARGEST_AXIS = 1 << 24
LARGEST_ARRAY = 1 << 18
"""Coordinates on an axis, and instances of an array, that it agrees to hold."""
FIRST = np.iinfo(np.int64).max
"""Stands for the move that brings the first tile."""


def execute_compiled(
    operation: Operation,
    accelerator: Accelerator,
    nest: Nest,
    *,
    footprint: Footprint = "points",
    elide_first_read: bool = True,
) -> Counts:
    """Run the nest with the compiled engine. Arguments and result as `execute`.

    Raises:
        MappingError: The nest does not fit the operation or the chip.
        Unsupported: More than `LARGEST_COMPILED_WORK` steps, or too much to hold at once.
    """
    check_loops(operation, accelerator, nest)
    ways = tuple(passages(operation, accelerator, nest))
    where = f"operation {operation.name!r} on {accelerator.name!r}"
    total = sum(passage.steps for passage in ways if _remembers(passage) and not passage.ragged)
    _refuse_above(LARGEST_COMPILED_WORK, total, where, "nest has too many steps to run")
    various = sum(passage.steps for passage in ways if passage.ragged)
    _refuse_above(LARGEST_RAGGED_WORK, various, where, "nest has too many steps to run")
    for passage in ways:
        if passage.ragged and (footprint == "box" or _forwards(passage)):
            raise Unsupported(
                "nest is too large to run element by element",
                where=f"{where}, tensor {passage.tensor.name!r}",
                got=f"{'boxes' if footprint == 'box' else 'forwarding'} where bounds do not divide",
                expected="points, and no forwarding",
                fix="shrink the operation, or choose bounds that divide",
            )
        axes = range(len(passage.tensor.axes))
        longest = max((_reach(passage, axis) for axis in axes), default=0)
        place = f"{where}, tensor {passage.tensor.name!r}"
        _refuse_above(LARGEST_AXIS, longest, place, "axis is too long to hold")
        widest = max((spread.instances for spread in passage.spreads), default=0)
        _refuse_above(LARGEST_ARRAY, widest, place, "array has too many instances to run")
    tallies = tuple(
        _walk_ragged(passage, where) if passage.ragged else walk(passage, footprint)
        for passage in ways
    )
    return settle(operation, accelerator, nest, ways=ways, tallies=tallies, elide=elide_first_read)


def _walk_ragged(passage: Passage, where: str) -> Tally:
    tally = walk_ragged(passage)
    if tally is None:
        place = f"{where}, tensor {passage.tensor.name!r}"
        _refuse_above(LARGEST_VARIETY - 1, LARGEST_VARIETY, place, "steps are too various to run")
    assert tally is not None
    return tally


def _refuse_above(limit: int, got: int, where: str, what: str) -> None:
    if got > limit:
        raise Unsupported(
            what,
            where=where,
            got=got,
            expected=f"at most {limit}",
            fix="shrink the operation or the nest, or trust the closed form on this one",
        )


def _reach(passage: Passage, axis: int) -> int:
    """How far the coordinates of one axis reach over the whole run."""
    terms = passage.tensor.axes[axis].terms
    return sum(term.coefficient * (passage.sizes[term.dim] - 1) for term in terms)


def _forwards(passage: Passage) -> bool:
    """Whether instances of the child may take words from a neighbour."""
    return bool(passage.spreads) and passage.spreads[-1].forwards


def _remembers(passage: Passage) -> bool:
    """Whether a step of this passage depends on the one before it."""
    return _forwards(passage) or passage.reuse != "none"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of step: how the tile moved now and one step ago (None: there was no tile)."""

    before: Move | None
    now: Move | None
    times: int


def walk(passage: Passage, footprint: Footprint) -> Tally:
    """Run one passage and count what it moves."""
    axes = len(passage.tensor.axes)
    tile = tuple(_axis_tile(passage, axis, footprint) for axis in range(axes))
    tally = Tally(steps=passage.steps, tile=math.prod(map(len, tile)))
    tally.touched = passage.instances * _union(passage, tile, passage.time)
    below = passage.spatial[len(passage.above) :]
    tally.accumulated = passage.parents * _union(passage, tile, [*passage.time, *below])
    # Pieces are all equal, so every instance has work at every step.
    bounds = (stride.bound for stride in passage.spatial)
    tally.active = tuple(itertools.accumulate(bounds, operator.mul, initial=1))
    grid = Grid(passage)
    for kind in _kinds(passage):
        words = tally.tile - _kept_words(passage, tile, kind.now)
        if not words:
            continue
        taken: frozenset[int] = frozenset()
        if _forwards(passage) and kind.now is not None:
            arriving = _arriving(passage, tile, kind.now)
            before = _arriving(passage, tile, kind.before)
            taken = grid.taken(_gap(tile, arriving, before), kind.now)
        amount = words * kind.times * passage.parents
        tally.arrivals += amount * grid.size
        tally.served += amount * grid.carry(taken, tally, amount)
    return tally


def _axis_tile(passage: Passage, axis: int, footprint: Footprint) -> Integers:
    """Coordinates that the loops inside touch on one axis, ascending."""
    points = {0}
    for term in passage.tensor.axes[axis].terms:
        run = range(passage.tile[term.dim])
        points = {point + term.coefficient * i for point in points for i in run}
    filled = range(max(points) + 1) if footprint == "box" else sorted(points)
    return np.array(filled, dtype=np.int64)


def _union(passage: Passage, tile: Sequence[Integers], strides: Sequence[Stride]) -> int:
    """Distinct words of all the tiles that some loops run through."""
    moves = [(stride.bound, passage.move(stride)) for stride in strides]
    words = 1
    for axis, points in enumerate(tile):
        union = set(points.tolist())
        for bound, move in moves:
            if move[axis]:
                union = {point + move[axis] * i for point in union for i in range(bound)}
        words *= len(union)
    return words


def _kept(passage: Passage, tile: Sequence[Integers], move: Move | None) -> list[NDArray[np.bool_]]:
    """Per axis, which coordinates of the tile it had before it moved by `move`."""
    if move is None or passage.reuse == "none" or (passage.reuse == "tile" and any(move)):
        return [np.zeros(points.shape, dtype=np.bool_) for points in tile]
    # The old tile, seen from the corner of the new one, lies one move back.
    return [np.isin(points, points - shift) for points, shift in zip(tile, move, strict=True)]


def _kept_words(passage: Passage, tile: Sequence[Integers], move: Move | None) -> int:
    """How many words of the tile the instance has already."""
    if not tile:
        return 0 if move is None or passage.reuse == "none" else 1
    return math.prod(int(np.count_nonzero(kept)) for kept in _kept(passage, tile, move))


def _arriving(passage: Passage, tile: Sequence[Integers], move: Move | None) -> NDArray[np.bool_]:
    """Which words of the tile arrive when it moved by `move`: a mask over (axis, axis, ...)."""
    if not tile:
        return np.array(_kept_words(passage, tile, move) == 0)
    old = np.ones(tuple(map(len, tile)), dtype=np.bool_)
    for axis, kept in enumerate(_kept(passage, tile, move)):
        old &= kept.reshape([-1 if a == axis else 1 for a in range(len(tile))])
    return ~old


def _gap(
    tile: Sequence[Integers], arriving: NDArray[np.bool_], before: NDArray[np.bool_]
) -> Move | None:
    """The translation that takes what arrives now onto what arrived before, if there is one."""
    now, then = _words(tile, arriving), _words(tile, before)
    if now.shape != then.shape:
        return None
    gap = then[0] - now[0]
    return tuple(gap.tolist()) if bool(np.array_equal(now + gap, then)) else None


def _words(tile: Sequence[Integers], mask: NDArray[np.bool_]) -> Points:
    """Coordinates of the words in a mask over the tile's grid, in order; (word, axis)."""
    if not tile:
        return np.zeros((int(np.count_nonzero(mask)), 0), dtype=np.int64)
    indices = np.nonzero(mask)
    return np.stack([points[i] for points, i in zip(tile, indices, strict=True)], axis=1)


def _kinds(passage: Passage) -> list[Kind]:
    """Walk the passage's time and sort its steps by how the tile moved now and before."""
    if not _remembers(passage):
        return [Kind(None, None, times=passage.steps)]
    axes = len(passage.tensor.axes)
    moves = [(stride.bound, passage.move(stride)) for stride in passage.time]
    reach = [sum(move[a] * (bound - 1) for bound, move in moves) for a in range(axes)]
    radices = [2 * distance + 1 for distance in reach]
    place = f"tensor {passage.tensor.name!r}"
    _refuse_above(FIRST // 2, math.prod(radices), place, "tile moves in too many ways to run")
    places = [math.prod(radices[:axis]) for axis in range(axes)]
    bounds = np.array([bound for bound, _ in moves], dtype=np.int64)
    codes = np.array(
        [sum(m * p for m, p in zip(move, places, strict=True)) for _, move in moves],
        dtype=np.int64,
    )
    befores, nows, times = moves_kernel(bounds, codes, (len(bounds) + 2) ** 2)
    return [
        Kind(_decode(before, radices), _decode(now, radices), times=count)
        for before, now, count in zip(befores.tolist(), nows.tolist(), times.tolist(), strict=True)
    ]


def _decode(code: int, radices: Sequence[int]) -> Move | None:
    """The move that a code stands for; digits are balanced around 0."""
    if code == FIRST:
        return None
    move: list[int] = []
    for radix in radices:
        digit = (code + radix // 2) % radix - radix // 2
        move.append(digit)
        code = (code - digit) // radix
    return tuple(move)


# A step is told by the one loop that advances, so n loops give at most (n + 1)^2 pairs of moves.
def moves_reference(
    bounds: Sequence[int], codes: Sequence[int], largest: int
) -> tuple[Integers, Integers, Integers]:
    """The definition: visit every point of time and note how far the position moved."""
    seen: dict[tuple[int, int], int] = {}
    position, before = None, FIRST
    for indices in itertools.product(*(range(bound) for bound in bounds)):
        here = sum(int(i * code) for i, code in zip(indices, codes, strict=True))
        now = FIRST if position is None else here - position
        seen[before, now] = seen.get((before, now), 0) + 1
        position, before = here, now
    assert len(seen) <= largest
    columns = ([b for b, _ in seen], [n for _, n in seen], list(seen.values()))
    first, second, third = (np.array(column, dtype=np.int64) for column in columns)
    return first, second, third


@kernel(reference=moves_reference)
def moves_kernel(
    bounds: Integers, codes: Integers, largest: int
) -> tuple[Integers, Integers, Integers]:
    """Advance the loops like an odometer and count each pair of moves; in order of appearance."""
    size = 4
    while size < 4 * largest:
        size *= 2
    slots = np.full(size, -1, dtype=np.int64)
    befores = np.empty(largest, dtype=np.int64)
    nows = np.empty(largest, dtype=np.int64)
    times = np.zeros(largest, dtype=np.int64)
    indices = np.zeros(bounds.size, dtype=np.int64)
    befores[0], nows[0], times[0], kinds = FIRST, FIRST, 1, 1
    before = FIRST
    while True:
        loop = bounds.size - 1
        now = np.int64(0)
        while loop >= 0 and indices[loop] == bounds[loop] - 1:
            now -= codes[loop] * indices[loop]
            indices[loop] = 0
            loop -= 1
        if loop < 0:
            break
        indices[loop] += 1
        now += codes[loop]
        slot = (before * 31 + now) * 2654435761 & (size - 1)
        while slots[slot] >= 0 and not (
            befores[slots[slot]] == before and nows[slots[slot]] == now
        ):
            slot = (slot + 1) & (size - 1)
        if slots[slot] < 0:
            assert kinds < largest
            slots[slot] = kinds
            befores[kinds], nows[kinds] = before, now
            kinds += 1
        times[slots[slot]] += 1
        before = now
    return befores[:kinds], nows[:kinds], times[:kinds]
