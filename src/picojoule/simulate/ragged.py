"""The compiled oracle where bounds do not divide: tiles that come in several sizes.

As in `stepper.py`, a numba kernel really advances the time of a passage, step by step, and moves
every instance along each dimension. It tells steps apart by where the pieces of all instances lie
and lay before. Each situation that differs is then carried out once, by membership of words, and
counted as often as it occurred. Two facts carry this, both checked against the slow engine by the
tests: what an instance held last of one dimension does not depend on the others; and a tile is the
product of its coordinate sets, one per axis.
"""

import hashlib
import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.simulate.oracle import Load, all_indices, all_places, serve
from picojoule.simulate.passage import Passage, Place, Stride
from picojoule.simulate.situations import situations_kernel
from picojoule.simulate.tally import Tally, active_by_loop
from picojoule.workload import Axis

Integers = NDArray[np.int64]

LARGEST_VARIETY = 1 << 16
"""Different situations of a passage, and patterns of one dimension, that are told apart."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """Words that arrive together: a set of words by its shape and where it lies."""

    shape: bytes
    origin: tuple[int, ...]
    words: int

    def __len__(self) -> int:
        return self.words


Run = tuple[int, int, int, int]
"""Start and length of a piece now, and before; a length of 0 now is no work, before is no tile."""


def walk_ragged(passage: Passage) -> Tally | None:
    """Run one passage and count what it moves; None where its steps are too various to tell."""
    strides = sorted(passage.outside, key=lambda stride: stride.depth)
    dims = tuple(dict.fromkeys(stride.dim for stride in strides))
    loops = np.array(
        [[dims.index(s.dim), s.bound, s.piece, s in passage.time] for s in strides], dtype=np.int64
    ).reshape(-1, 4)
    sizes = np.array([passage.sizes[dim] for dim in dims], dtype=np.int64)
    rows, times, patterns = situations_kernel(
        loops, sizes, passage.reuse != "none", LARGEST_VARIETY
    )
    if times.size == 0:
        return None
    tally = Tally(steps=int(times.sum()))
    whole = {dim: range(length) for dim, length in passage.tile.items()}
    tally.tile = math.prod(len(_coordinates(axis, whole)) for axis in passage.tensor.axes)
    if passage.tensor.is_output:
        tally.touched = _touched(passage, strides, passage.spatial)
        tally.accumulated = _touched(passage, strides, passage.above)
    scene = _Scene(passage, strides, dims)
    for row, count in zip(rows.tolist(), times.tolist(), strict=True):
        once = scene.carry([patterns[number] for number in row])
        tally.arrivals += count * once.arrivals
        tally.served += count * once.served
        for name, words in once.sends.items():
            tally.sends[name] = tally.sends.get(name, 0) + count * words
        for name, words in once.deliveries.items():
            tally.deliveries[name] = tally.deliveries.get(name, 0) + count * words
    tally.active = active_by_loop(passage, scene.busy)
    return tally


def _coordinates(axis: Axis, block: Mapping[str, Collection[int]]) -> set[int]:
    """Coordinates that some iterations of the dimensions touch on one axis."""
    points = {0}
    for term in axis.terms:
        points = {point + term.coefficient * i for point in points for i in block[term.dim]}
    return points


def _touched(passage: Passage, strides: Sequence[Stride], apart: Sequence[Stride]) -> int:
    """Distinct words over the whole run, for each combination of some spatial loops by itself."""
    seen = {dim: _iterations(passage, dim, strides, apart) for dim in passage.sizes}
    indexing = passage.tensor.dims
    words = math.prod(len(some) for dim, some in seen.items() if dim not in indexing)
    for axis in passage.tensor.axes:
        dims = [term.dim for term in axis.terms]
        words *= sum(
            len(_coordinates(axis, dict(zip(dims, own, strict=True))))
            for own in itertools.product(*(seen[dim] for dim in dims))
        )
    return words


def _iterations(
    passage: Passage, dim: str, strides: Sequence[Stride], apart: Sequence[Stride]
) -> list[set[int]]:
    """Iterations of one dimension at each place in the loops `apart`, if there are any."""
    seen: dict[Place, set[int]] = {}
    chain = [stride for stride in strides if stride.dim == dim]
    for indices in itertools.product(*map(all_indices, chain)):
        run = range(passage.sizes[dim])
        for stride, index in zip(chain, indices, strict=True):
            run = run[index * stride.piece : (index + 1) * stride.piece]
        place = tuple(i for s, i in zip(chain, indices, strict=True) if s in apart)
        if run:
            seen.setdefault(place, set()).update(run)
    return list(seen.values())


class _Scene:
    """The instances of a passage, on which each situation is carried out once."""

    def __init__(self, passage: Passage, strides: Sequence[Stride], dims: Sequence[str]) -> None:
        self.passage = passage
        self.dims = tuple(dims)
        self.shapes: dict[tuple[bool, tuple[Run, ...]], tuple[bytes, tuple[int, ...], int]] = {}
        # Where each instance finds its own among the pieces of each dimension.
        self.seats: dict[Place, dict[tuple[Place, ...], tuple[int, ...]]] = {}
        self.busy: set[tuple[Place, tuple[Place, ...]]] = set()
        spreads = [stride for spread in passage.spreads for stride in spread.strides]
        for base in itertools.product(*map(all_indices, passage.above)):
            seats = self.seats[base] = {}
            for place in itertools.product(*map(all_places, passage.spreads)):
                at = dict(zip(passage.above, base, strict=True))
                at.update(zip(spreads, itertools.chain(*place), strict=True))
                seats[place] = tuple(_seat(strides, dim, at) for dim in dims)

    def carry(self, patterns: Sequence[Integers]) -> Tally:
        """Carry out one situation: the pieces of all instances, by dimension."""
        once = Tally()
        runs: list[list[Run]] = [
            [(a, b, c, d) for a, b, c, d in pattern.reshape(-1, 4).tolist()] for pattern in patterns
        ]
        for base, seats in self.seats.items():
            loads: dict[tuple[Place, ...], Load] = {}
            for place, own in seats.items():
                pieces = [run[seat] for run, seat in zip(runs, own, strict=True)]
                if not all(piece[1] for piece in pieces):
                    continue
                self.busy.add((base, place))
                arriving = self._arriving(dict(zip(self.dims, pieces, strict=True)))
                if arriving:
                    loads[place] = ((arriving, 1),)
                    once.arrivals += len(arriving)
            once.served += serve(self.passage.spreads, loads, {}, once)
        return once

    def _arriving(self, pieces: dict[str, Run]) -> Difference:
        """What one instance receives."""
        tensor = self.passage.tensor
        held = any(old for _, _, _, old in pieces.values())
        whole = {dim: (0, self.passage.tile[dim], 0, self.passage.tile[dim]) for dim in tensor.dims}
        own = [pieces.get(dim, whole[dim]) for dim in tensor.dims]
        key = held, tuple((0, new, before - start, old) for start, new, before, old in own)
        if key not in self.shapes:
            self.shapes[key] = self._shape(dict(zip(tensor.dims, key[1], strict=True)), held)
        shape, first, words = self.shapes[key]
        starts = {dim: run[0] for dim, run in zip(tensor.dims, own, strict=True)}
        origin = tuple(
            lead + sum(term.coefficient * starts[term.dim] for term in axis.terms)
            for lead, axis in zip(first, tensor.axes, strict=False)
        )
        return Difference(shape, origin, words)

    def _shape(self, runs: dict[str, Run], held: bool) -> tuple[bytes, tuple[int, ...], int]:
        """The words of one difference: a name of their set, the first of them, and how many."""
        axes = self.passage.tensor.axes
        new = [_ascending(axis, {dim: run[:2] for dim, run in runs.items()}) for axis in axes]
        old = [_ascending(axis, {dim: run[2:] for dim, run in runs.items()}) for axis in axes]
        # One more axis says whether anything was held at all.
        new.append(np.zeros(1, dtype=np.int64))
        old.append(np.zeros(1 if held else 0, dtype=np.int64))
        kept = np.ones(tuple(map(len, new)), dtype=np.bool_)
        for n, (points, before) in enumerate(zip(new, old, strict=True)):
            kept &= np.isin(points, before).reshape([-1 if m == n else 1 for m in range(len(new))])
        same = all(np.array_equal(*pair) for pair in zip(new, old, strict=True))
        if self.passage.reuse == "none" or (self.passage.reuse == "tile" and not same):
            kept[:] = False
        at = zip(new, np.nonzero(~kept), strict=True)
        words = np.stack([points[index] for points, index in at], axis=1)
        first = words[:1].sum(axis=0)
        name = hashlib.blake2b((words - first).tobytes()).digest()
        return name, tuple(first.tolist()), len(words)


def _ascending(axis: Axis, runs: Mapping[str, tuple[int, int]]) -> Integers:
    """Coordinates on an axis of iterations given by start and length, in order."""
    points = np.zeros(1, dtype=np.int64)
    for term in axis.terms:
        start, length = runs[term.dim]
        steps = term.coefficient * np.arange(start, start + length, dtype=np.int64)
        points = np.unique(points[:, None] + steps)
    return points


def _seat(strides: Sequence[Stride], dim: str, at: Mapping[Stride, int]) -> int:
    """Number of an instance among those that stand apart along one dimension."""
    seat = 0
    for stride in strides:
        if stride.dim == dim and stride in at:
            seat = seat * stride.bound + at[stride]
    return seat
