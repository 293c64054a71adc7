"""Site: where a memory serves the compute units, and whose zeros matter there.

In a step each compute unit uses one word of each tensor. Where arrays join equal words, one access
serves several units: a group. Groups are told by where the array's loops put a tensor's word.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.place import exchanges, strided_loops
from picojoule.hardware import Accelerator, Array
from picojoule.mapping import Loop, Nest
from picojoule.workload import Operation, Role, Tensor

Integers = NDArray[np.int64]
Strided = tuple[Loop, int]
"""A loop, and the iterations of its dimension that one step moves."""
Word = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """One array between a memory and the compute units.

    Args:
        name: The array's.
        loops: Its spatial loops.
        joins: Whether equal words of the tensor travel as one.
    """

    name: str
    loops: tuple[Strided, ...]
    joins: bool


@dataclass(frozen=True, slots=True)
class Site:
    """The last link of a tensor's chain, from a memory to the compute units.

    Args:
        tensor: What is served.
        parent: Index of the memory.
        time: All loops in time.
        above: Loops over the memory's instances.
        spreads: Arrays between, outermost first.
    """

    tensor: Tensor
    parent: int
    time: tuple[Strided, ...]
    above: tuple[Strided, ...]
    spreads: tuple[Spread, ...]


def site_of(operation: Operation, accelerator: Accelerator, nest: Nest, tensor: Tensor) -> Site:
    """Find where a tensor is served to the compute units."""
    loops = strided_loops(nest)
    last = exchanges(accelerator, nest, tensor)[-1]
    spreads: list[Spread] = []
    time: list[Strided] = []
    above: list[Strided] = []
    for index, part in enumerate(accelerator.parts[:-1]):
        real = tuple(pair for pair in loops[index] if pair[0].bound > 1)
        if isinstance(part, Array) and index in last.arrays:
            spreads.append(Spread(part.name, real, part.groups(tensor.role)))
        else:
            (above if isinstance(part, Array) else time).extend(real)
    return Site(tensor, last.parent, tuple(time), tuple(above), tuple(spreads))


def lanes_of(
    accelerator: Accelerator, nest: Nest
) -> tuple[tuple[Strided, ...], tuple[Strided, ...]]:
    """All loops in time, and all loops in space, outermost first."""
    time: list[Strided] = []
    space: list[Strided] = []
    for part, level in zip(accelerator.parts, strided_loops(nest), strict=False):
        real = [pair for pair in level if pair[0].bound > 1]
        (space if isinstance(part, Array) else time).extend(real)
    return tuple(time), tuple(space)


def operands(operation: Operation, roles: Sequence[Role]) -> tuple[Tensor, ...]:
    """The tensors whose zeros matter: inputs of the operation in some roles."""
    return tuple(tensor for tensor in operation.tensors[:-1] if tensor.role in roles)


def move(tensor: Tensor, strided: Strided) -> Word:
    """How far one iteration of a loop moves a tensor's word along each axis."""
    loop, stride = strided
    return tuple(
        sum(term.coefficient * stride for term in axis.terms if term.dim == loop.dim)
        for axis in tensor.axes
    )


def positions(tensor: Tensor, loops: Sequence[Strided]) -> Integers:
    """Where the loops put a tensor's word, for every combination of indices: `(index, axis)`."""
    found = np.zeros((1, len(tensor.axes)), dtype=np.int64)
    for strided in loops:
        steps = np.arange(strided[0].bound)[:, None] * np.array(move(tensor, strided), np.int64)
        found = (found[:, None, :] + steps[None, :, :]).reshape(-1, len(tensor.axes))
    return found


def groups_of(site: Site, spread: Spread) -> list[list[int]]:
    """Which instances of one network of an array share the tensor's word."""
    kept: dict[Word, list[int]] = {}
    for place, word in enumerate(positions(site.tensor, spread.loops).tolist()):
        kept.setdefault(tuple(word), []).append(place)
    return list(kept.values())


def group_words(
    site: Site, joined: Sequence[Spread], leaders: Sequence[Tensor]
) -> list[list[tuple[Word, ...]]]:
    """For each group that the joined arrays make: the leaders' words in each step it serves."""
    places = {
        leader.name: [positions(leader, spread.loops) for spread in joined] for leader in leaders
    }
    found: list[list[tuple[Word, ...]]] = []
    for choice in itertools.product(*(groups_of(site, spread) for spread in joined)):
        steps: list[tuple[Word, ...]] = []
        for seats in itertools.product(*choice):
            words: list[Word] = []
            for leader in leaders:
                word = np.zeros(len(leader.axes), dtype=np.int64)
                for table, seat in zip(places[leader.name], seats, strict=True):
                    word = word + table[seat]
                words.append(tuple(word.tolist()))
            steps.append(tuple(words))
        found.append(steps)
    return found
