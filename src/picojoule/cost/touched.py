"""Touched: how many different words the instances of a memory ever see.

Over the whole run an instance has of each dimension the same iterations whatever the other
dimensions do. Along an axis of one dimension instances share nothing, so together they see all of
it. On an axis of several, what one instance sees are all sums of its iterations; where all bounds
divide, those are the same for every instance, moved.

Source: docs/counting.md. Exact for every legal nest.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.halo import points_of
from picojoule.cost.pieces import (
    BOUND,
    DIM,
    PIECE,
    PLACE,
    TEMPORAL,
    TIMES,
    Integers,
    is_whole,
    iterations_of,
    moves_of,
)
from picojoule.jit import helper, kernel


def touched_words_reference(
    first: Sequence[int],
    dim: Sequence[int],
    coefficient: Sequence[int],
    dims: NDArray[np.int64],
    loops: NDArray[np.int64],
) -> int:
    """The definition: collect the words of every instance over all steps."""
    seen: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
    spatial = [n for n, loop in enumerate(loops) if loop[PLACE] != TEMPORAL]
    for index in itertools.product(*(range(int(loop[BOUND])) for loop in loops)):
        runs = [range(int(size)) for size in dims[0]]
        for at, loop in zip(index, loops, strict=True):
            start = at * int(loop[PIECE])
            runs[loop[DIM]] = runs[loop[DIM]][start : start + int(loop[PIECE])]
        if not all(runs):
            continue
        axes: list[set[int]] = []
        for low, high in itertools.pairwise(first):
            terms = [[int(coefficient[n]) * i for i in runs[dim[n]]] for n in range(low, high)]
            axes.append({sum(parts) for parts in itertools.product(*terms)})
        instance = tuple(index[n] for n in spatial)
        seen.setdefault(instance, set()).update(itertools.product(*axes))
    return sum(map(len, seen.values()))


@kernel(reference=touched_words_reference)
def touched_words(
    first: Integers, dim: Integers, coefficient: Integers, dims: Integers, loops: Integers
) -> int:
    """Words that each instance of a memory ever sees, summed over the instances.

    Args:
        first, dim, coefficient: The tensor, see `pack.PackedTensor`.
        dims, loops: As in `carried_words`; no array is joined.
    """
    words = 1
    rows, starts = moves_of(loops, dims, -1, np.zeros(dims.shape[1], dtype=np.bool_))
    for which in range(dims.shape[1]):
        indexes, instances = False, 0
        for n in range(dim.size):
            indexes |= dim[n] == which
        for n in range(starts[which], starts[which + 1]):
            instances += rows[n, TIMES]
        if not indexes:
            words *= instances
    for axis in range(first.size - 1):
        low, high = first[axis], first[axis + 1]
        whole = True
        for n in range(low, high):
            whole &= is_whole(loops, dim[n], dims[0, dim[n]], dims[1, dim[n]])
        if high - low == 1:
            words *= int(dims[0, dim[low]])
        elif whole:
            words *= _seen_alike(dim[low:high], coefficient[low:high], dims, loops)
        else:
            words *= _seen_apart(dim[low:high], coefficient[low:high], dims, loops)
    return words


@helper
def _seen_alike(dim: Integers, coefficient: Integers, dims: Integers, loops: Integers) -> int:
    """Coordinates that the instances see on an axis whose bounds all divide."""
    instances, size = 1, 0
    runs = np.empty(dim.size * (loops.shape[0] + 1), dtype=np.int64)
    counts = np.empty(runs.size, dtype=np.int64)
    for n in range(dim.size):
        runs[size], counts[size] = coefficient[n], dims[1, dim[n]]
        size += 1
        for loop in loops:
            if loop[DIM] != dim[n]:
                continue
            if loop[PLACE] == TEMPORAL:
                runs[size], counts[size] = coefficient[n] * loop[PIECE], loop[BOUND]
                size += 1
            else:
                instances *= loop[BOUND]
    return instances * points_of(runs[:size], counts[:size], False)


@helper
def _seen_apart(dim: Integers, coefficient: Integers, dims: Integers, loops: Integers) -> int:
    """Coordinates that the instances see on an axis, looked at one by one."""
    reach = 1
    for n in range(dim.size):
        reach += coefficient[n] * (dims[0, dim[n]] - 1)
    # What each instance sees of the sums over the dimensions so far.
    seen = np.zeros((1, reach), dtype=np.bool_)
    seen[0, 0] = True
    for n in range(dim.size):
        own = iterations_of(loops, dim[n], dims[0, dim[n]])
        grown = np.zeros((seen.shape[0] * own.shape[0], reach), dtype=np.bool_)
        for row in range(grown.shape[0]):
            marks, mine = seen[row // own.shape[0]], own[row % own.shape[0]]
            for i in range(mine.size):
                shift = coefficient[n] * i
                for point in range(reach - shift if mine[i] else 0):
                    if marks[point]:
                        grown[row, point + shift] = True
        seen = grown
    return int(np.sum(seen))
