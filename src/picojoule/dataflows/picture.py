"""Picture: what a mapping keeps in a PE, sends to many PEs and adds up across them.

Everything shown is read off the mapping: the words that the PEs need in the first step, and how
long the tile of a PE stays before a loop outside it moves on.
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from picojoule.dataflows.place import Places, places_of
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapping import AxisName, Loop, Nest, format_nest
from picojoule.report import WIDTH, Grid, GridPicture
from picojoule.workload import Operation, Tensor, tile_words

MOST_COLUMNS, MOST_ROWS = 8, 6
"""Of the array that are drawn; the others go on in the same way."""
IDLE = "-"


@dataclass(frozen=True, slots=True)
class TensorUse:
    """What the PEs do with one tensor.

    Args:
        tensor: Its name.
        words: What one PE keeps of it; 0 where it passes by.
        stays: Multiply-accumulates of a PE for which they stay.
        is_sliding: Whether some of them stay even then, since windows overlap.
        source: The memory that serves the PEs.
        sharing: PEs that need the same word in a step; for outputs, that add to the same sum.
        is_grouped: Whether the array sends such a word once (adds such sums on the way).
        is_output: Whether it is accumulated.
        cells: `(row, column)` of the PEs that are drawn: the first word of each; equal texts are
            equal words.
    """

    tensor: str
    words: int
    stays: int
    is_sliding: bool
    source: str
    sharing: int
    is_grouped: bool
    is_output: bool
    cells: tuple[tuple[str, ...], ...]

    @property
    def in_pe(self) -> str:
        """What a PE keeps, in words."""
        if not self.words:
            done = "goes to" if self.is_output else "comes from"
            return f"keeps none: every MAC's {done} {self.source}"
        many = "1 stays" if self.words == 1 else f"{self.words:,} stay"
        then = ", then the window slides" if self.is_sliding else ""
        return f"{many} for {self.stays:,} MACs{then}"

    @property
    def across(self) -> str:
        """What PEs share, in words."""
        if self.sharing == 1:
            return "each PE has its own"
        if self.is_output:
            how = "added on the way" if self.is_grouped else f"one after another in {self.source}"
            return f"{self.sharing} PEs accumulate into one, {how}"
        how = "broadcast" if self.is_grouped else "read once for each"
        return f"up to {self.sharing} PEs need the same, {how}"

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "tensor": self.tensor,
            "words_in_pe": self.words,
            "stays_for_macs": self.stays,
            "slides": self.is_sliding,
            "served_by": self.source,
            "pes_sharing_a_word": self.sharing,
            "shared_by_array": self.is_grouped,
        }


def tensor_uses(operation: Operation, chip: Accelerator, nest: Nest) -> tuple[TensorUse, ...]:
    """What the PEs of a mapping do with each tensor.

    Raises:
        MappingError: The chip has no array.
    """
    places = places_of(chip, "picture")
    array = places.arrays[-1]
    level = next(n for n, level in enumerate(nest.levels) if level.part == array.name)
    tile = nest.tile(level, operation.sizes)
    starts = _starts(nest, level, tile, array)
    return tuple(
        _use(operation, chip, nest, tensor, places, starts) for tensor in operation.tensors
    )


Starts = dict[tuple[int, int], dict[str, int] | None]
"""By (row, column), the first iteration of a PE over each dimension; None where it has no work."""


def _starts(nest: Nest, level: int, tile: Mapping[str, int], array: Array) -> Starts:
    """Where each PE of an array begins."""
    loops = nest.levels[level].loops
    found: Starts = {}
    for y, x in itertools.product(range(array.y), range(array.x)):
        left = {"x": x, "y": y}
        index: dict[int, int] = {}
        for n, loop in reversed(list(enumerate(loops))):
            assert loop.axis is not None
            left[loop.axis], index[n] = divmod(left[loop.axis], loop.bound)
        found[y, x] = None if any(left.values()) else _start(loops, index, tile)
    return found


def _start(
    loops: tuple[Loop, ...], index: Mapping[int, int], tile: Mapping[str, int]
) -> dict[str, int] | None:
    """The first iteration over each dimension after some spatial loops; None beyond the tile."""
    piece, start = dict(tile), dict.fromkeys(tile, 0)
    for n, loop in enumerate(loops):
        piece[loop.dim] = -(-piece[loop.dim] // loop.bound)
        start[loop.dim] += index[n] * piece[loop.dim]
    return start if all(start[dim] < size for dim, size in tile.items()) else None


def _use(
    operation: Operation,
    chip: Accelerator,
    nest: Nest,
    tensor: Tensor,
    places: Places,
    starts: Starts,
) -> TensorUse:
    names = [part.name for part in chip.parts]
    keepers = [m for m in chip.memories if tensor.name in nest.levels[names.index(m.name)].keeps]
    home = next((m for m in reversed(keepers) if m in places.private), None)
    outside = [m for m in keepers if m not in places.private]
    words = [_word(tensor, start) for start in starts.values() if start is not None]
    stays, is_sliding = _stay(operation, chip, nest, tensor, home) if home else (0, False)
    rows = range(min(MOST_ROWS, places.arrays[-1].y))
    columns = range(min(MOST_COLUMNS, places.arrays[-1].x))
    shown = _shown_axes(tensor, words)
    return TensorUse(
        tensor.name,
        tile_words(tensor, nest.tile(names.index(home.name), operation.sizes)) if home else 0,
        stays,
        is_sliding,
        outside[-1].name,
        max(words.count(word) for word in set(words)),
        places.arrays[-1].groups(tensor.role),
        tensor.is_output,
        tuple(
            tuple(_label(tensor, starts[row, column], shown) for column in columns) for row in rows
        ),
    )


def _word(tensor: Tensor, start: Mapping[str, int]) -> tuple[int, ...]:
    """The coordinates of a tensor's word at an iteration."""
    return tuple(
        sum(term.coefficient * start[term.dim] for term in axis.terms) for axis in tensor.axes
    )


def _shown_axes(tensor: Tensor, words: list[tuple[int, ...]]) -> tuple[int, ...]:
    """The axes along which the PEs' words differ."""
    return tuple(n for n in range(len(tensor.axes)) if len({word[n] for word in words}) > 1)


def _label(tensor: Tensor, start: Mapping[str, int] | None, shown: tuple[int, ...]) -> str:
    """A word's coordinates where PEs differ: "c4 h2"; sliding axes are h and w, as in papers."""
    if start is None:
        return IDLE
    word, sliding = _word(tensor, start), "hwxyz"
    names: list[str] = []
    for axis in tensor.axes:
        if len(axis.terms) > 1:
            names.append(sliding[sum(name in sliding for name in names) % len(sliding)])
        else:
            names.append("".join(term.dim.lower() for term in axis.terms))
    return " ".join(f"{names[n]}{word[n]}" for n in shown) or "same"


def _stay(
    operation: Operation, chip: Accelerator, nest: Nest, tensor: Tensor, home: Memory
) -> tuple[int, bool]:
    """For how many steps a PE's tile stays, and whether the loop that ends this only slides it."""
    place = [part.name for part in chip.parts].index(home.name)
    steps = math.prod(nest.tile(place, operation.sizes).values())
    tile = nest.tile(place, operation.sizes)
    for level in reversed(nest.levels[:place]):
        for loop in reversed(level.loops):
            if loop.axis is not None or loop.bound == 1:
                continue
            if loop.dim in tensor.dims:
                axis = next(a for a in tensor.axes if any(t.dim == loop.dim for t in a.terms))
                own = sum((tile[t.dim] - 1) * t.coefficient for t in axis.terms) + 1
                step = next(t.coefficient for t in axis.terms if t.dim == loop.dim) * tile[loop.dim]
                return steps, len(axis.terms) > 1 and step < own
            steps *= loop.bound
    return steps, False


def describe_use(operation: Operation, chip: Accelerator, nest: Nest, *, width: int = WIDTH) -> str:
    """The loop nest, and the array once for each tensor, as text of at most `width` columns."""
    uses = tensor_uses(operation, chip, nest)
    array = places_of(chip, "picture").arrays[-1]
    lines = [
        format_nest(nest),
        "",
        f"{array.name}: {array.x} x {array.y} PEs{_spread(nest, array)}",
    ]
    for use in uses:
        lines += ["", f"{use.tensor}: {use.in_pe}; {use.across}"]
        wide = max(len(cell) for row in use.cells for cell in row)
        shown = min(MOST_COLUMNS, (width - len("    ..")) // (wide + 2))
        more = "  .." if array.x > shown else ""
        lines += [
            "  " + "  ".join(cell.ljust(wide) for cell in row[:shown]) + more for row in use.cells
        ]
        if array.y > MOST_ROWS:
            lines.append("  ..")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _spread(nest: Nest, array: Array) -> str:
    """Which dimensions lie along the axes."""
    (level,) = (level for level in nest.levels if level.part == array.name)
    axes: tuple[AxisName, ...] = ("x", "y")
    told = [
        f"{axis}: " + " ".join(f"{one.dim}{one.bound}" for one in level.loops if one.axis == axis)
        for axis in axes
        if any(loop.axis == axis and loop.bound > 1 for loop in level.loops)
    ]
    return ", " + ", ".join(told) if told else ""


def grid_picture(operation: Operation, chip: Accelerator, nest: Nest, title: str) -> GridPicture:
    """The same as a picture: the loop nest beside the array, once for each tensor."""
    array = places_of(chip, "picture").arrays[-1]
    continued = array.x > MOST_COLUMNS, array.y > MOST_ROWS
    return GridPicture(
        title,
        format_nest(nest),
        f"{array.name}: {array.x} x {array.y} PEs{_spread(nest, array)}",
        tuple(
            Grid(use.tensor, f"{use.in_pe}\n{use.across}", use.cells, IDLE, *continued)
            for use in tensor_uses(operation, chip, nest)
        ),
    )
