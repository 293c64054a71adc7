"""Rules: the constraints of a dataflow, written down part by part."""

from collections.abc import Iterable

from picojoule.hardware import Array, Memory
from picojoule.mapper import Constraints, PartConstraints, Range
from picojoule.workload import ROLES, Role

ONE = Range(1, 1)


class Rules:
    """Constraints in the making; a class because one sentence after another adds to them.

    Args:
        dataflow: Named by the messages of constraints that quarrel.
    """

    def __init__(self, dataflow: str) -> None:
        self._dataflow = dataflow
        self._ranges: dict[str, dict[str, dict[str, Range]]] = {}
        self._keep: dict[str, list[str]] = {}
        self._bypass: dict[str, list[str]] = {}
        self._order: dict[str, list[tuple[str, str]]] = {}

    def no_loops(self, memories: Iterable[Memory], dims: Iterable[str]) -> None:
        """No loop over these dimensions at these memories."""
        dims = tuple(dims)
        for memory in memories:
            self._range(memory.name, "factors", dims, ONE)

    def single(self, memory: Memory, dims: Iterable[str]) -> None:
        """The tile of a memory has one iteration of each of these dimensions."""
        self._range(memory.name, "tile", dims, ONE)

    def spread(self, array: Array, axis: str, dims: Iterable[str], factors: Range) -> None:
        """Over how many instances along an axis these dimensions are spread."""
        self._range(array.name, axis, dims, factors)

    def not_spread(self, arrays: Iterable[Array], dims: Iterable[str]) -> None:
        """These dimensions are not spread over any array."""
        dims = tuple(dims)
        for array in arrays:
            for axis in ("x", "y"):
                self.spread(array, axis, dims, ONE)

    def keep(self, memory: Memory, role: Role) -> None:
        """The memory keeps the tensor."""
        self._keep.setdefault(memory.name, []).append(role)

    def hold_only(self, memories: Iterable[Memory], homes: dict[Role, Memory]) -> None:
        """Each of these memories keeps the roles that it is the home of, and no others."""
        for memory in memories:
            for role in ROLES:
                if role not in memory.holds:
                    continue
                if homes.get(role) is memory:
                    self.keep(memory, role)
                else:
                    self._bypass.setdefault(memory.name, []).append(role)

    def order(self, memory: Memory, outer: Iterable[str], inner: Iterable[str]) -> None:
        """The loops of a memory over the inner dimensions run inside those over the outer ones."""
        inner = tuple(inner)
        self._order.setdefault(memory.name, []).extend((a, b) for a in outer for b in inner)

    def constraints(self) -> Constraints:
        """All that was said."""
        names = dict.fromkeys((*self._ranges, *self._keep, *self._bypass, *self._order))
        parts = {
            name: PartConstraints(
                order=tuple(self._order.get(name, ())),
                keep=tuple(self._keep.get(name, ())),
                bypass=tuple(self._bypass.get(name, ())),
                **self._ranges.get(name, {}),
            )
            for name in names
        }
        paths = [f"{name}.{key}" for name, own in parts.items() for key in own.given]
        paths += [
            f"{name}.{key}.{dim}"
            for name, keys in self._ranges.items()
            for key, ranges in keys.items()
            for dim in ranges
        ]
        return Constraints(
            {name: own for name, own in parts.items() if own.given},
            places=dict.fromkeys(paths, f"dataflow {self._dataflow}"),
        )

    def _range(self, part: str, key: str, dims: Iterable[str], value: Range) -> None:
        for dim in dims:
            self._ranges.setdefault(part, {}).setdefault(key, {})[dim] = value
