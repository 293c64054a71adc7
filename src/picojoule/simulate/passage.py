"""Passages: between which two parts a tensor moves, and which loops run above, between and inside.

Every memory that keeps a tensor is filled from the next outer memory that keeps it; the compute
unit is served by the innermost one. One such pair is a passage. Both engines of the oracle walk
passages; this module only lays out the loops, it counts nothing.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from picojoule.hardware import Accelerator, Array, Memory, Reuse
from picojoule.mapping import AxisName, Loop, Nest
from picojoule.workload import Operation, Tensor

Footprint = Literal["points", "box"]


@dataclass(frozen=True, slots=True)
class Stride:
    """One loop as a tensor sees it: each iteration moves its coordinates by `move`."""

    bound: int
    move: tuple[int, ...]
    axis: AxisName | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """One array on the way, as a tensor sees it.

    Args:
        name: The array's part name.
        strides: Its spatial loops.
        groups: Whether equal words of several instances travel as one.
        forwards: Whether an instance may take words from a direct neighbour; only where the array
            stands directly above the part that holds the tensor.
    """

    name: str
    strides: tuple[Stride, ...]
    groups: bool
    forwards: bool

    @property
    def instances(self) -> int:
        """Active instances of one array network."""
        return math.prod(stride.bound for stride in self.strides)


@dataclass(frozen=True, slots=True)
class Passage:
    """A tensor's way from one memory to the next part inwards that holds it.

    Args:
        tensor: What moves.
        parent: Name of the outer memory; None for what arrives at the outermost one.
        child: Name of the inner memory, or of the compute unit.
        stores: Whether the child is a memory.
        reuse: What the child keeps of its old tile.
        time: Temporal loops above the child, outermost first.
        above: Spatial loops above the parent.
        spreads: Arrays between the two, outermost first.
        inside: All loops inside the child, temporal and spatial.
    """

    tensor: Tensor
    parent: str | None
    child: str
    stores: bool
    reuse: Reuse
    time: tuple[Stride, ...]
    above: tuple[Stride, ...]
    spreads: tuple[Spread, ...]
    inside: tuple[Stride, ...]

    @property
    def parents(self) -> int:
        """Active instances of the parent."""
        return math.prod(stride.bound for stride in self.above)

    @property
    def instances(self) -> int:
        """Active instances of the child."""
        return self.parents * math.prod(spread.instances for spread in self.spreads)

    @property
    def steps(self) -> int:
        """Advances of the child's time."""
        return math.prod(stride.bound for stride in self.time)


def passages(operation: Operation, accelerator: Accelerator, nest: Nest) -> Iterator[Passage]:
    """Yield the passages of every tensor, outermost first.

    The first passage of a tensor has no parent: it stands for the outermost memory's own tile.
    """
    places = accelerator.parts[:-1]
    for tensor in operation.tensors:
        strides = _strides(operation, nest, tensor)
        keepers = [index for index, level in enumerate(nest.levels) if tensor.name in level.keeps]
        parent: int | None = None
        for child in [*keepers, len(places)]:
            part = accelerator.parts[child]
            start = 0 if parent is None else parent
            yield Passage(
                tensor=tensor,
                parent=None if parent is None else places[parent].name,
                child=part.name,
                stores=isinstance(part, Memory),
                reuse=part.reuse_of(tensor.role) if isinstance(part, Memory) else "none",
                time=_of_kind(accelerator, strides, range(child), Memory),
                above=_of_kind(accelerator, strides, range(start), Array),
                spreads=tuple(
                    Spread(
                        array.name,
                        strides[index],
                        groups=array.groups(tensor.role),
                        forwards=tensor.role in array.forwarding and index == child - 1,
                    )
                    for index, array in enumerate(places)
                    if isinstance(array, Array) and start <= index < child
                ),
                inside=tuple(stride for level in strides[child:] for stride in level),
            )
            parent = child


def _of_kind(
    accelerator: Accelerator,
    strides: list[tuple[Stride, ...]],
    indices: range,
    kind: type[Memory] | type[Array],
) -> tuple[Stride, ...]:
    return tuple(
        stride
        for index in indices
        if isinstance(accelerator.parts[index], kind)
        for stride in strides[index]
    )


def _strides(operation: Operation, nest: Nest, tensor: Tensor) -> list[tuple[Stride, ...]]:
    """Per level, the loops as `tensor` sees them; loops of one iteration are left out."""
    inner = dict.fromkeys(operation.sizes, 1)
    levels: list[tuple[Stride, ...]] = []
    for level in reversed(nest.levels):
        strides: list[Stride] = []
        for loop in reversed(level.loops):
            if loop.bound > 1:
                strides.append(Stride(loop.bound, _move(tensor, loop, inner[loop.dim]), loop.axis))
            inner[loop.dim] *= loop.bound
        levels.append(tuple(reversed(strides)))
    levels.reverse()
    return levels


def _move(tensor: Tensor, loop: Loop, iterations: int) -> tuple[int, ...]:
    return tuple(
        sum(term.coefficient * iterations for term in axis.terms if term.dim == loop.dim)
        for axis in tensor.axes
    )
