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
from picojoule.mapping import AxisName, Nest
from picojoule.workload import Operation, Tensor

Footprint = Literal["points", "box"]
Place = tuple[int, ...]
"""Where an instance stands: an index for each of some spatial loops."""


@dataclass(frozen=True, slots=True)
class Stride:
    """One loop: it cuts what the loops over `dim` outside it have left into pieces.

    Args:
        dim: What it runs over.
        bound: Pieces, all of them needed.
        piece: Iterations of `dim` in one, fewer in the last.
        depth: Its place in the whole nest; 0 is the outermost loop.
        axis: Along which the pieces are spread; None for one after the other.
    """

    dim: str
    bound: int
    piece: int
    depth: int
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
        """Instances of one array network that the loops tell apart, with work or without."""
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
        sizes: Of the operation's dimensions.
        tile: Iterations per dimension inside the child, the most it ever has.
    """

    tensor: Tensor
    parent: str | None
    child: str
    stores: bool
    reuse: Reuse
    time: tuple[Stride, ...]
    above: tuple[Stride, ...]
    spreads: tuple[Spread, ...]
    sizes: dict[str, int]
    tile: dict[str, int]

    @property
    def outside(self) -> tuple[Stride, ...]:
        """All loops outside the child: those of its time, above the parent, and between."""
        return (*self.time, *self.spatial)

    @property
    def spatial(self) -> tuple[Stride, ...]:
        """All spatial loops outside the child, outermost first."""
        return (*self.above, *(s for spread in self.spreads for s in spread.strides))

    @property
    def ragged(self) -> bool:
        """Whether some loop outside the child makes pieces that are not all equal."""
        cut = dict(self.tile)
        for stride in self.outside:
            cut[stride.dim] *= stride.bound
        return cut != self.sizes

    def move(self, stride: Stride) -> tuple[int, ...]:
        """How far one iteration of a loop moves the tile along each axis of the tensor."""
        return tuple(
            sum(term.coefficient * stride.piece for term in axis.terms if term.dim == stride.dim)
            for axis in self.tensor.axes
        )

    @property
    def parents(self) -> int:
        """Instances of the parent that the loops tell apart; some never work if it is ragged."""
        return math.prod(stride.bound for stride in self.above)

    @property
    def instances(self) -> int:
        """The same of the child."""
        return self.parents * math.prod(spread.instances for spread in self.spreads)

    @property
    def steps(self) -> int:
        """Advances of the child's time; fewer where the passage is ragged."""
        return math.prod(stride.bound for stride in self.time)


def passages(operation: Operation, accelerator: Accelerator, nest: Nest) -> Iterator[Passage]:
    """Yield the passages of every tensor, outermost first.

    The first passage of a tensor has no parent: it stands for the outermost memory's own tile.
    """
    places = accelerator.parts[:-1]
    strides = _strides(operation, nest)
    for tensor in operation.tensors:
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
                sizes=operation.sizes,
                tile=nest.tile(child, operation.sizes),
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


def _strides(operation: Operation, nest: Nest) -> list[tuple[Stride, ...]]:
    """The loops of each level; those of one iteration are left out."""
    left = operation.sizes
    levels: list[tuple[Stride, ...]] = []
    depth = 0
    for level in nest.levels:
        strides: list[Stride] = []
        for loop in level.loops:
            if loop.bound > 1:
                left[loop.dim] = -(-left[loop.dim] // loop.bound)
                strides.append(Stride(loop.dim, loop.bound, left[loop.dim], depth, loop.axis))
                depth += 1
        levels.append(tuple(strides))
    return levels
