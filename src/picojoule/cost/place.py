"""Place: which tensor is exchanged between which parts of a chip under a nest.

A tensor travels along the memories that keep it and ends at the compute unit; the arrays between
two neighbours of that chain carry it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapping import Loop, Nest
from picojoule.workload import Tensor


@dataclass(frozen=True, slots=True)
class Exchange:
    """One link of a tensor's chain: `parent` serves `child`; a child of None is the compute unit.

    Indices are positions in the chip's parts; `arrays` lists those between, outermost first.
    """

    parent: int
    child: int | None
    arrays: tuple[int, ...]


def exchanges(accelerator: Accelerator, nest: Nest, tensor: Tensor) -> tuple[Exchange, ...]:
    """List the links of the tensor's chain, outermost first."""
    keepers = [n for n, level in enumerate(nest.levels) if tensor.name in level.keeps]
    ends: list[int | None] = [*keepers[1:], None]
    found: list[Exchange] = []
    for parent, child in zip(keepers, ends, strict=True):
        stop = len(nest.levels) if child is None else child
        arrays = tuple(
            n for n in range(parent + 1, stop) if isinstance(accelerator.parts[n], Array)
        )
        found.append(Exchange(parent, child, arrays))
    return tuple(found)


def strided_loops(nest: Nest) -> tuple[tuple[tuple[Loop, int], ...], ...]:
    """Give each loop of each level the iterations that one step moves; all bounds must divide."""
    stride: dict[str, int] = {}
    result: list[tuple[tuple[Loop, int], ...]] = []
    for level in reversed(nest.levels):
        loops: list[tuple[Loop, int]] = []
        for loop in reversed(level.loops):
            loops.append((loop, stride.get(loop.dim, 1)))
            stride[loop.dim] = stride.get(loop.dim, 1) * loop.bound
        result.append(tuple(reversed(loops)))
    return tuple(reversed(result))


def active_instances(accelerator: Accelerator, nest: Nest, sizes: Mapping[str, int]) -> list[int]:
    """Instances with work of each level's part, then of the compute unit: `(level + 1,)`.

    They are those at the first step, where each loop in time stands at its first piece: pieces
    only get smaller towards the end, so whatever has none there never has any.
    """
    return _pieces_apart(accelerator, nest, sizes, Array)


def temporal_loops(
    accelerator: Accelerator, loops: Sequence[Sequence[tuple[Loop, int]]], stop: int
) -> list[tuple[Loop, int]]:
    """All temporal loops of the levels before `stop`, outermost first."""
    return [
        pair
        for part, level in zip(accelerator.parts[:stop], loops[:stop], strict=True)
        if isinstance(part, Memory)
        for pair in level
    ]


def compute_cycles(accelerator: Accelerator, nest: Nest, sizes: Mapping[str, int]) -> int:
    """Steps in sequence: those at which the first instance has work.

    The first instance has work whenever any has: pieces only get smaller towards the end.
    """
    return _pieces_apart(accelerator, nest, sizes, Memory)[-1]


def _pieces_apart(
    accelerator: Accelerator,
    nest: Nest,
    sizes: Mapping[str, int],
    kind: type[Memory] | type[Array],
) -> list[int]:
    """How many pieces with work the loops of one kind of part make, the others at their first.

    Returns:
        Pieces made outside each level, then by all levels: `(level + 1,)`.
    """
    lengths = {dim: {size: 1} for dim, size in sizes.items()}
    pieces = dict(sizes)
    apart = [1]
    for part, level in zip(accelerator.parts, nest.levels, strict=False):
        for loop in level.loops:
            pieces[loop.dim] = piece = -(-pieces[loop.dim] // loop.bound)
            found: dict[int, int] = {}
            for length, times in lengths[loop.dim].items():
                cut = ((min(piece, length), 1),)
                if isinstance(part, kind):
                    cut = ((piece, length // piece), (length % piece, 1))
                for new, ways in cut:
                    if new and ways:
                        found[new] = found.get(new, 0) + times * ways
            lengths[loop.dim] = found
        apart.append(math.prod(sum(found.values()) for found in lengths.values()))
    return apart
