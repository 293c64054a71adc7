"""Masks: count exactly what the zeros of actual tensors spare, where bounds divide.

An iteration of the nest's loops names one word of each tensor, at a fixed stride per loop: a mask
is looked at through such strides, without copying it.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.sparse.site import Site, Spread, Strided, groups_of, move
from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload import Measured, Operation, Tensor

Masks = Mapping[str, Measured]
Integers = NDArray[np.int64]
LARGEST_LOOK = 1 << 27
"""Steps that are looked at one by one."""


def check_mask(operation: Operation, tensor: Tensor, measured: Measured) -> None:
    """Refuse a mask that does not have the tensor's shape.

    Raises:
        WorkloadError: It is too small or too large on an axis.
    """
    shape = extents(operation, tensor)
    if measured.mask.shape != shape:
        raise WorkloadError(
            "a measured tensor has another shape than its layer's",
            where=f"operation {operation.name!r}, tensor {tensor.name!r}",
            got=measured.mask.shape,
            expected=f"{shape}, padding included",
            fix="measure the tensor as the layer reads it: padded, one axis per axis of the tensor",
        )


def extents(operation: Operation, tensor: Tensor) -> tuple[int, ...]:
    """How far a tensor's coordinates reach along each axis, gaps included."""
    sizes = operation.sizes
    return tuple(
        1 + sum(term.coefficient * (sizes[term.dim] - 1) for term in axis.terms)
        for axis in tensor.axes
    )


def count_steps(leaders: Sequence[Tensor], masks: Masks, loops: Sequence[Strided]) -> int:
    """Steps at which the words of all leaders are non-zero."""
    bounds = [loop.bound for loop, _ in loops]
    uses = [[any(move(leader, pair)) for pair in loops] for leader in leaders]
    product: Integers | None = None
    for leader, own in zip(leaders, uses, strict=True):
        seen = look(leader, masks, loops)
        private = tuple(
            n for n, used in enumerate(own) if used and sum(other[n] for other in uses) == 1
        )
        sums = seen.sum(axis=private, dtype=np.int64, keepdims=True)
        idle = tuple(
            slice(None) if used else slice(0, 1) for used in own
        )  # a loop that does not move the leader
        sums = sums[idle]
        product = sums if product is None else product * sums
    if product is None:
        return math.prod(bounds)
    rest = [bound for n, bound in enumerate(bounds) if not any(own[n] for own in uses)]
    return int(product.sum()) * math.prod(rest)


def count_groups(
    site: Site, joined: Sequence[Spread], leaders: Sequence[Tensor], masks: Masks, *, first: bool
) -> int:
    """Accesses that serve some step at which the words of all leaders are non-zero.

    Args:
        site: Where.
        joined: Arrays that join equal words; the others, if any, carry them apart.
        leaders, masks: Whose zeros.
        first: Count only accesses that are the first to their word, for an output.
    """
    others = [p for spread in site.spreads if spread not in joined for p in spread.loops]
    loops = [*site.time, *others]
    if first:
        loops = [pair for pair in loops if any(move(site.tensor, pair))]
    loops += site.above
    if not any(spread.loops for spread in joined):
        return count_steps(leaders, masks, loops)
    moving = [pair for pair in loops if any(any(move(leader, pair)) for leader in leaders)]
    times = math.prod(loop.bound for loop, _ in loops) // math.prod(p[0].bound for p in moving)
    seats = [pair for spread in joined for pair in spread.loops]
    needed = _needed(leaders, masks, [*moving, *seats])
    shape = [math.prod(loop.bound for loop, _ in spread.loops) for spread in joined]
    needed = needed.reshape(-1, *shape)
    for axis, spread in enumerate(joined, start=1):
        groups = groups_of(site, spread)
        needed = np.stack([needed.take(group, axis).any(axis) for group in groups], axis)
    return int(np.count_nonzero(needed)) * times


def count_lane_steps(
    leaders: Sequence[Tensor],
    masks: Masks,
    time: Sequence[Strided],
    space: Sequence[Strided],
    lane_steps: int,
) -> int:
    """Steps in sequence where lanes wait for the slowest after every `lane_steps` of theirs."""
    moving = [pair for pair in space if any(any(move(leader, pair)) for leader in leaders)]
    needed = _needed(leaders, masks, [*time, *moving])
    steps = math.prod(loop.bound for loop, _ in time)
    needed = needed.reshape(steps, -1)
    starts = np.arange(0, steps, min(lane_steps, steps))
    work = np.add.reduceat(needed, starts, axis=0, dtype=np.int64)
    return int(work.max(axis=1).sum())


def _needed(leaders: Sequence[Tensor], masks: Masks, loops: Sequence[Strided]) -> NDArray[np.bool_]:
    """Whether each step must be done, over all indices of the loops."""
    size = math.prod(loop.bound for loop, _ in loops)
    if size > LARGEST_LOOK:
        raise Unsupported(
            "too many steps to look at the zeros of each",
            where="measured density",
            got=f"{size} steps",
            expected=f"at most {LARGEST_LOOK}",
            fix="describe the tensor by its share: Uniform(measured.share)",
        )
    needed = np.ones([loop.bound for loop, _ in loops], dtype=np.bool_)
    for leader in leaders:
        needed &= look(leader, masks, loops)
    return needed


def look(leader: Tensor, masks: Masks, loops: Sequence[Strided]) -> NDArray[np.bool_]:
    """The leader's mask by loop indices: whether its word is non-zero there."""
    mask = masks[leader.name].mask
    strides = [
        sum(m * s for m, s in zip(move(leader, pair), mask.strides, strict=True)) for pair in loops
    ]
    shape = [loop.bound for loop, _ in loops]
    return np.lib.stride_tricks.as_strided(mask, shape, strides, writeable=False)
