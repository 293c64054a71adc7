"""Spec: the chip files of this folder, as far as the other tools need them.

picojoule reads the files itself; the other tools run in environments without it, so this reads the
same files with a plain YAML reader.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml

ROLES = ("weights", "inputs", "outputs")
WORD_BITS = 16
"""Of every tensor, access and price."""


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory; `capacity_words` is None where it is unbounded."""

    name: str
    holds: tuple[str, ...]
    capacity_words: int | None
    read_pj: float
    write_pj: float


@dataclass(frozen=True, slots=True)
class Array:
    """An array of `x` times `y` instances, and which dimensions go along each axis."""

    name: str
    x: int
    y: int
    x_dims: tuple[str, ...]
    y_dims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """Memories and arrays from the outside in, and the price of a multiply-accumulate."""

    name: str
    parts: tuple[Memory | Array, ...]
    mac_pj: float

    @property
    def memories(self) -> tuple[Memory, ...]:
        """The memories, outermost first."""
        return tuple(part for part in self.parts if isinstance(part, Memory))

    @property
    def array(self) -> Array | None:
        """The array, if there is one; no chip here has two."""
        return next((part for part in self.parts if isinstance(part, Array)), None)

    def serves_array(self, memory: Memory) -> bool:
        """Whether the array stands below the memory."""
        return self.array is not None and self.parts.index(memory) < self.parts.index(self.array)


def read_chip(path: Path) -> Chip:
    """Read a chip file.

    Raises:
        ValueError: An update does not cost what the other tools charge for it.
    """
    document = yaml.safe_load(path.read_text())
    parts: list[Memory | Array] = []
    for part in document["parts"][:-1]:
        if "array" in part:
            x_dims, y_dims = tuple(part["x_dims"]), tuple(part["y_dims"])
            parts.append(Array(part["array"], part["x"], part["y"], x_dims, y_dims))
        else:
            holds = tuple(part.get("holds", ROLES))
            write_pj = part.get("fill_pj", part["read_pj"])
            words = part.get("capacity_words")
            parts.append(Memory(part["memory"], holds, words, part["read_pj"], write_pj))
    chip = Chip(document["name"], tuple(parts), document["parts"][-1]["mac_pj"])
    _check_updates(chip, document["parts"])
    return chip


def _check_updates(chip: Chip, parts: list[dict[str, float]]) -> None:
    """A partial sum that goes out is read in every instance and written once outside."""
    given = {part["memory"]: part for part in parts if "memory" in part}
    sums = [memory for memory in chip.memories if "outputs" in memory.holds]
    for outer, inner in zip(sums, [*sums[1:], None], strict=True):
        leaving_pj = inner.read_pj if inner else 0
        expected = outer.write_pj + leaving_pj
        if given[outer.name]["update_pj"] != expected:
            raise ValueError(f"{chip.name}, {outer.name}: update_pj must be {expected}")
    for part in parts:
        if "array" in part:
            inside = [m for m in sums if not chip.serves_array(m)]
            expected = inside[0].read_pj if inside else 0
            if part["reduction_pj"] != expected:
                raise ValueError(f"{chip.name}, {part['array']}: reduction_pj must be {expected}")
