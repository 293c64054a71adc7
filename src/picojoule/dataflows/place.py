"""Place: where on a chip a dataflow can keep something: outside the array, or in its PEs."""

from collections.abc import Iterable
from dataclasses import dataclass

from picojoule.errors import MappingError
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapping import usable_bits
from picojoule.units import size_text
from picojoule.workload import Operation, Role, tile_words


@dataclass(frozen=True, slots=True)
class Places:
    """The parts of a chip as a dataflow sees them.

    Args:
        chip: Its name.
        outermost: The memory that holds everything, DRAM.
        shared: The other memories that PEs share, outermost first.
        arrays: Arrays of several instances, outermost first.
        private: The memories inside the innermost of these: of one PE, outermost first.
    """

    chip: str
    outermost: Memory
    shared: tuple[Memory, ...]
    arrays: tuple[Array, ...]
    private: tuple[Memory, ...]

    def home(self, role: Role, dataflow: str) -> Memory:
        """The innermost memory of a PE that can hold a role.

        Raises:
            MappingError: No memory of a PE can.
        """
        found = [memory for memory in self.private if role in memory.holds]
        if found:
            return found[-1]
        raise MappingError(
            f"dataflow {dataflow} cannot run on this chip",
            where=f"chip {self.chip!r}, memories inside array {self.arrays[-1].name!r}",
            got=", ".join(f"{m.name} holds {' '.join(m.holds)}" for m in self.private) or "none",
            expected=f"a memory in each PE that holds {role}: {dataflow} keeps them there",
            fix=f"add {role} to a memory inside the array, or choose another dataflow",
        )

    def collector(self, dataflow: str) -> Memory:
        """The outermost on-chip memory that PEs share and that can hold outputs.

        Raises:
            MappingError: There is none.
        """
        found = [memory for memory in self.shared if "outputs" in memory.holds]
        if found:
            return found[0]
        raise MappingError(
            f"dataflow {dataflow} cannot run on this chip",
            where=f"chip {self.chip!r}, memories outside array {self.arrays[-1].name!r}",
            got=", ".join(f"{m.name} holds {' '.join(m.holds)}" for m in self.shared) or "none",
            expected="an on-chip memory that holds outputs: partial sums are collected there",
            fix="add outputs to the buffer's `holds`, or choose another dataflow",
        )

    def check_sums(
        self, memory: Memory, operation: Operation, dims: Iterable[str], *, dataflow: str
    ) -> None:
        """Refuse a memory that cannot hold the partial sums of all iterations over some dimensions.

        Raises:
            MappingError: It is too small.
        """
        tile = {dim: operation.sizes[dim] for dim in dims}
        bits = tile_words(operation.output, tile) * operation.output.bits
        usable = usable_bits(memory, "outputs")
        if usable is None or bits <= usable:
            return
        sizes = " ".join(f"{dim}={size}" for dim, size in tile.items())
        raise MappingError(
            f"dataflow {dataflow} cannot run: its partial sums do not fit",
            where=f"operation {operation.name!r} on {self.chip!r}, memory {memory.name!r}",
            got=f"{size_text(bits)} of partial sums that grow at the same time ({sizes})",
            expected=f"at most {size_text(usable)}",
            fix="lower the batch, enlarge the memory, or choose another dataflow",
        )


def places_of(chip: Accelerator, dataflow: str) -> Places:
    """Find the places of a chip.

    Raises:
        MappingError: It has no array: a dataflow says what several PEs do together.
    """
    arrays = tuple(array for array in chip.arrays if array.size > 1)
    if not arrays:
        raise MappingError(
            f"dataflow {dataflow} cannot run on this chip",
            where=f"chip {chip.name!r}",
            got=f"{' > '.join(part.name for part in chip.parts)}: no array of several PEs",
            expected="an array: a dataflow says what its PEs keep and share",
            fix="choose a chip with an array, or the dataflow flex",
        )
    last = chip.parts.index(arrays[-1])
    return Places(
        chip.name,
        chip.memories[0],
        tuple(m for m in chip.memories[1:] if chip.parts.index(m) < last),
        arrays,
        tuple(m for m in chip.memories if chip.parts.index(m) > last),
    )
