"""Nest: in which order the iterations run, where in space, and which memory keeps what.

One level per memory and per array of the chip, in the chip's order, outermost first. A memory's
loops are temporal and run outside the tile of the next level; an array's loops are spatial.
Bounds are counts, not last indices; a missing loop has bound 1.

The loops over one dimension cut it one after another, outermost first: a loop of bound b over n
iterations makes pieces of n / b, rounded up, and the last one is what is left. The next loop
inwards cuts each of these pieces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from picojoule.errors import MappingError

AxisName = Literal["x", "y"]


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop: `bound` pieces of `dim`; `axis` says where a spatial loop is spread."""

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

    def ragged(self, index: int, sizes: Mapping[str, int]) -> frozenset[str]:
        """Dimensions that the loops outside level `index` cut into pieces that are not all equal.

        Args:
            index: 0 is the outermost level; the number of levels stands for the compute unit.
            sizes: Of all dimensions; the nest must be legal for them.

        >>> rows = Nest((Level("dram", (Loop("P", 5),)), Level("pes", (Loop("P", 3, "x"),))))
        >>> sorted(rows.ragged(1, {"P": 13})), sorted(rows.ragged(1, {"P": 15}))
        (['P'], [])
        """
        cuts, tile = _cuts(self.levels[:index], sizes), self.tile(index, sizes)
        return frozenset(dim for dim, size in sizes.items() if cuts[dim] * tile[dim] != size)

    def tile(self, index: int, sizes: Mapping[str, int]) -> dict[str, int]:
        """Iterations per dimension inside level `index`, its own loops included.

        This is the tile that a memory at `index` holds; where a bound does not divide, the largest
        one: the first.

        Args:
            index: 0 is the outermost level; the number of levels stands for the compute unit.
            sizes: Of all dimensions, see `Operation.sizes`.

        >>> rows = Nest((Level("dram", (Loop("P", 5),)), Level("pes", (Loop("P", 3, "x"),))))
        >>> rows.tile(1, {"P": 13}), rows.tile(2, {"P": 13})
        ({'P': 3}, {'P': 1})
        """
        cuts = _cuts(self.levels[:index], sizes)
        return {dim: -(-size // cuts[dim]) for dim, size in sizes.items()}


def _cuts(levels: Sequence[Level], sizes: Mapping[str, int]) -> dict[str, int]:
    """Into how many pieces the loops of some levels cut each dimension, empty ones included."""
    cuts = dict.fromkeys(sizes, 1)
    for level in levels:
        for loop in level.loops:
            cuts[loop.dim] *= loop.bound
    return cuts
