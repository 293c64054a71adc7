"""Nest: in which order the iterations run, where in space, and which memory keeps what.

One level per memory and per array of the chip, in the chip's order, outermost first. A memory's
loops are temporal and run outside the tile of the next level; an array's loops are spatial.
Bounds are counts, not last indices; a missing loop has bound 1.
"""

import math
from dataclasses import dataclass
from typing import Literal

from picojoule.errors import MappingError

AxisName = Literal["x", "y"]


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop: `bound` iterations over `dim`; `axis` says where a spatial loop is spread."""

    dim: str
    bound: int
    axis: AxisName | None = None

    def __post_init__(self) -> None:
        if isinstance(self.bound, bool) or not isinstance(self.bound, int) or self.bound < 1:
            raise MappingError(
                "loop bound is below 1",
                where=f"loop over {self.dim}",
                got=self.bound,
                expected="an integer of at least 1",
                fix="leave the loop out: a missing loop means bound 1",
            )


@dataclass(frozen=True, slots=True)
class Level:
    """The loops at one memory (temporal) or array (spatial), outermost first.

    Args:
        part: Name of the chip's memory or array.
        loops: All temporal at a memory, all spatial at an array.
        keeps: Names of the tensors that a memory keeps; empty at an array.
    """

    part: str
    loops: tuple[Loop, ...] = ()
    keeps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nest:
    """A mapping: one level per memory and array of the chip, outermost first."""

    levels: tuple[Level, ...]

    def bound(self, dim: str) -> int:
        """Iterations over `dim` of all levels together."""
        return math.prod(
            loop.bound for level in self.levels for loop in level.loops if loop.dim == dim
        )

    def tile(self, index: int) -> dict[str, int]:
        """Iterations per dimension inside level `index`, its own loops included.

        This is the tile that a memory at `index` holds.
        """
        tile: dict[str, int] = {}
        for level in self.levels[index:]:
            for loop in level.loops:
                tile[loop.dim] = tile.get(loop.dim, 1) * loop.bound
        return tile
