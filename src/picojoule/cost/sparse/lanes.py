"""Lanes: how many steps in sequence are left where compute units skip, and wait for the slowest.

After every `lane_steps` of its steps a compute unit waits for all others. Within such a group a
unit needs as many steps as have no zero operand; the group takes as long as its slowest unit. The
distribution of one unit's work is exact (`chance`); the largest of n units that share no word has
the n-th power of its cumulative distribution. Units that use the same words are one. Units that
share some words and not others are taken as independent, which is an upper bound: work only grows
with each word that is not zero, so units that share words are never less likely to be all early.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.sparse.chance import effectual
from picojoule.cost.sparse.masks import count_lane_steps
from picojoule.cost.sparse.site import Strided, positions
from picojoule.mapping import Loop
from picojoule.workload import Density, Measured, Tensor, Uniform, binomial

Floats = NDArray[np.float64]
LARGEST_GROUP = 1 << 16
"""Steps of one unit whose words are listed."""
LARGEST_SHARED = 1 << 22
"""Words of all units of a group that are compared."""


def compute_steps(
    leaders: Sequence[Tensor],
    densities: Mapping[str, Density],
    time: Sequence[Strided],
    space: Sequence[Strided],
    *,
    lane_steps: int,
    dense_steps: int,
) -> tuple[float, str]:
    """Find the steps in sequence that remain.

    Args:
        leaders: Operands whose zeros let a unit skip.
        densities: Of the tensors; leaders without one have no zeros.
        time, space: All loops.
        lane_steps: After how many steps units wait for each other.
        dense_steps: Steps in sequence without zeros.

    Returns:
        Steps, and why they are approximate ("" where they are an exact expectation).
    """
    leaders = [leader for leader in leaders if leader.name in densities]
    if not leaders:
        return dense_steps, ""
    found = {leader.name: densities[leader.name] for leader in leaders}
    masks = {name: one for name, one in found.items() if isinstance(one, Measured)}
    if len(masks) == len(found):
        return count_lane_steps(leaders, masks, time, space, lane_steps), ""
    why = ""
    if any(not isinstance(one, Uniform) for one in found.values()):
        why = "zeros in a pattern: lanes as if they were independent"
    group, whole = _group(time, lane_steps)
    size = math.prod(loop.bound for loop, _ in group)
    shares = [one.share for one in found.values()]
    lanes, disjoint = _different_lanes(leaders, group, space)
    if not disjoint:
        why = why or "lanes share words: time is at most this"
    if not whole:
        why = why or "groups of steps that loops do not end with: as if they did"
    if size > LARGEST_GROUP:
        work = binomial(LARGEST_GROUP, math.prod(shares))
        scale = size / LARGEST_GROUP
        why = why or "long groups of steps: work scaled"
    else:
        words = [positions(leader, group).tolist() for leader in leaders]
        steps = [tuple(tuple(word) for word in step) for step in zip(*words, strict=True)]
        work, scale = effectual(steps, shares), 1.0
    return dense_steps / size * expected_largest(work, lanes) * scale, why


def expected_largest(work: Floats, lanes: int) -> float:
    """Mean of the largest of several independent draws from a distribution of 0, 1, 2, ...

    >>> expected_largest(np.array([0.5, 0.5]), 2)
    0.75
    """
    reached = np.minimum(np.cumsum(work), 1.0) ** lanes
    return float((1.0 - reached[:-1]).sum())


def _group(time: Sequence[Strided], lane_steps: int) -> tuple[tuple[Strided, ...], bool]:
    """The innermost loops of one group of steps, and whether groups end where these loops do."""
    group: list[Strided] = []
    left = lane_steps
    for loop, stride in reversed(time):
        if left == 1:
            break
        bound = min(loop.bound, left)
        group.append((Loop(loop.dim, bound), stride))
        if loop.bound > left:
            return tuple(reversed(group)), loop.bound % left == 0
        if left % loop.bound and len(group) < len(time):
            return tuple(reversed(group)), False
        left = max(1, left // loop.bound)
    return tuple(reversed(group)), True


def _different_lanes(
    leaders: Sequence[Tensor], group: Sequence[Strided], space: Sequence[Strided]
) -> tuple[int, bool]:
    """Units that do not use the same words all along, and whether those share none at all."""
    seats = np.concatenate([positions(leader, space) for leader in leaders], axis=1)
    lanes = np.unique(seats, axis=0).shape[0]
    disjoint, start = True, 0
    for leader in leaders:
        axes = len(leader.axes)
        here = np.unique(seats[:, start : start + axes], axis=0)
        start += axes
        words = np.unique(positions(leader, group), axis=0)
        if here.shape[0] < lanes:
            disjoint = False  # two different units use the same words of this operand
        if here.shape[0] * words.shape[0] > LARGEST_SHARED:
            return lanes, False
        together = (here[:, None, :] + words[None, :, :]).reshape(-1, axes)
        if np.unique(together, axis=0).shape[0] < here.shape[0] * words.shape[0]:
            disjoint = False
    return lanes, disjoint
