"""Moved: how often each single word of a tensor moves between two memories.

The totals are those of `cost.traffic`, here by word, so that the words that are zero can be left
out. A step of one kind (see docs/counting.md) brings what the new tile has and the old one had not;
both are products over the tensor's axes, and so are their sums over the loops of each axis. Exact
where bounds divide.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.place import Exchange, strided_loops, temporal_loops
from picojoule.cost.sparse.masks import extents
from picojoule.cost.sparse.site import Strided, move
from picojoule.hardware import Accelerator, Array, Memory, Reuse
from picojoule.mapping import Nest
from picojoule.workload import Operation, Tensor

Integers = NDArray[np.int64]


def words_moved(
    operation: Operation,
    accelerator: Accelerator,
    nest: Nest,
    tensor: Tensor,
    exchange: Exchange,
    joined: Sequence[int],
) -> Integers:
    """How often each word is carried from one memory to the next inside it.

    Args:
        operation, accelerator, nest: A legal mapping whose bounds divide.
        tensor: What moves; its two memories are `exchange.parent` and `exchange.child`.
        exchange: Between memories.
        joined: Arrays (indices of parts) inside which equal words count once.

    Returns:
        One count per coordinate, `(axis, axis, ...)`; the sum is what `count` counts.
    """
    assert exchange.child is not None
    child = accelerator.parts[exchange.child]
    assert isinstance(child, Memory)
    loops = strided_loops(nest)
    time = temporal_loops(accelerator, loops, exchange.child)
    time = [pair for pair in time if pair[0].bound > 1]
    tile = nest.tile(exchange.child, operation.sizes)
    reach = extents(operation, tensor)
    total = np.zeros(reach, dtype=np.int64)
    spatial, times = _places(accelerator, loops, tensor, exchange.child, joined)
    axes = range(len(reach))
    points = [_tile_points(tensor, axis, tile) for axis in axes]
    for kind in range(-1, len(time)):
        advance, repeats, shift = _kind(tensor, time, kind, child.reuse_of(tensor.role))
        if not repeats:
            continue
        still = not any(shift) and kind >= 0
        keep = child.reuse_of(tensor.role)
        new, both = np.array(1), np.array(1)
        for axis in axes:
            starts = _starts(reach[axis], advance[axis], spatial[axis])
            held = _shifted(points[axis], shift[axis])
            new = np.multiply.outer(new, _cover(starts, points[axis], reach[axis]))
            both = np.multiply.outer(both, _cover(starts, held, reach[axis]))
        if kind < 0 or keep == "none" or (keep == "tile" and not still):
            both = np.zeros_like(new)
        total += (new - both) * repeats * times
    return total


def _kind(
    tensor: Tensor, time: Sequence[Strided], kind: int, reuse: Reuse
) -> tuple[list[list[tuple[range, int]]], int, tuple[int, ...]]:
    """One kind of step: by axis the loops that move it, repetitions by others, and its shift."""
    axes = len(tensor.axes)
    advance: list[list[tuple[range, int]]] = [[] for _ in range(axes)]
    shift, repeats = [0] * axes, 1
    for n, pair in enumerate(time):
        bound, moves = pair[0].bound, move(tensor, pair)
        if kind < 0:
            indices = range(1)
        elif n < kind:
            indices = range(bound)
        elif n == kind:
            indices = range(1, bound)
        else:
            indices = range(1)
        for axis in range(axes):
            if moves[axis]:
                advance[axis].append((indices, moves[axis]))
                if n == kind:
                    shift[axis] += moves[axis]
                elif 0 <= kind < n:
                    shift[axis] -= moves[axis] * (bound - 1)
        repeats *= 1 if any(moves) else len(indices)
    return advance, repeats, tuple(shift)


def _places(
    accelerator: Accelerator,
    loops: Sequence[Sequence[Strided]],
    tensor: Tensor,
    child: int,
    joined: Sequence[int],
) -> tuple[list[Integers], int]:
    """Where instances stand on each axis, those of joined arrays once; repetitions elsewhere."""
    reach = len(tensor.axes)
    axes = [np.zeros(1, dtype=np.int64) for _ in range(reach)]
    times = 1
    for index in range(child):
        if not isinstance(accelerator.parts[index], Array):
            continue
        local = [np.zeros(1, dtype=np.int64) for _ in range(reach)]
        for pair in loops[index]:
            moves = move(tensor, pair)
            if not any(moves):
                times *= 1 if index in joined else pair[0].bound
            for axis in range(reach):
                if moves[axis]:
                    steps = np.arange(pair[0].bound) * moves[axis]
                    local[axis] = np.add.outer(local[axis], steps).ravel()
        for axis in range(reach):
            here = np.unique(local[axis]) if index in joined else local[axis]
            axes[axis] = np.add.outer(axes[axis], here).ravel()
    return axes, times


def _starts(reach: int, advance: Sequence[tuple[range, int]], places: Integers) -> Integers:
    """How often a tile starts at each coordinate of an axis."""
    starts = np.zeros(1, dtype=np.int64)
    for indices, step in advance:
        starts = np.add.outer(starts, np.array(indices) * step).ravel()
    starts = np.add.outer(starts, places).ravel()
    return np.bincount(starts, minlength=reach)


def _tile_points(tensor: Tensor, axis: int, tile: dict[str, int]) -> NDArray[np.bool_]:
    """Which coordinates a tile that starts at 0 touches on one axis."""
    points = np.zeros(1, dtype=np.int64)
    for term in tensor.axes[axis].terms:
        points = np.unique(np.add.outer(points, np.arange(tile[term.dim]) * term.coefficient))
    touched = np.zeros(int(points.max()) + 1, dtype=np.bool_)
    touched[points] = True
    return touched


def _shifted(points: NDArray[np.bool_], shift: int) -> NDArray[np.bool_]:
    """Which of the points the tile had before it moved by `shift`."""
    before = np.zeros_like(points)
    size = points.size
    if abs(shift) < size:
        # The old tile lies at -shift: coordinate x of the new one was x + shift of the old one.
        if shift >= 0:
            before[: size - shift] = points[shift:]
        else:
            before[-shift:] = points[: size + shift]
    return points & before


def _cover(starts: Integers, points: NDArray[np.bool_], reach: int) -> Integers:
    """How often each coordinate is in a tile, over all starts."""
    return np.convolve(starts, points.astype(np.int64))[:reach]
