"""Constraints: which mappings a user allows, and which limits a result must keep.

A value that contradicts itself cannot be built. What does not fit the operations or the chip that
it is used for is refused by `Constraints.check`, before any search.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn

from picojoule.errors import MappingError, nearest
from picojoule.hardware import Accelerator, Array, Memory, Part
from picojoule.mapper.constraints.order import Order, circle_of, lists_of, narrowed_order
from picojoule.workload import ROLES, Operation, Tensor

AT_MEMORIES = ("factors", "tile", "order", "keep", "bypass")
AT_ARRAYS = ("x", "y")


@dataclass(frozen=True, slots=True)
class Range:
    """Values from `least` to `most`, both allowed; a most of None is unbounded."""

    least: int = 1
    most: int | None = None

    def __post_init__(self) -> None:
        for value in (self.least, 1 if self.most is None else self.most):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                _refuse(
                    "bound of a range is not a count",
                    "range",
                    repr(value),
                    "a whole number of at least 1",
                    "give the least and the most factor; 1 is no loop at all",
                )
        if self.most is not None and self.most < self.least:
            _refuse(
                "range is empty",
                "range",
                f"at least {self.least} and at most {self.most}",
                "a least value that is no more than the most",
                "exchange the two, or leave one out",
            )

    def __contains__(self, value: int) -> bool:
        return self.least <= value and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        if self.least == self.most:
            return f"= {self.least}"
        least = f">= {self.least}" if self.least > 1 else ""
        most = "" if self.most is None else f"<= {self.most}"
        return " and ".join(part for part in (least, most) if part) or "free"

    @property
    def is_free(self) -> bool:
        """Whether every value is allowed."""
        return self.least <= 1 and self.most is None

    def to_plain(self) -> int | dict[str, int]:
        """The range as a constraints file writes it."""
        if self.least == self.most:
            return self.least
        most = {} if self.most is None else {"at_most": self.most}
        return {"at_least": self.least, **most}


def _no_ranges() -> Mapping[str, Range]:
    return {}


@dataclass(frozen=True, slots=True)
class PartConstraints:
    """What a mapping may do at one memory or array.

    Args:
        factors: At a memory, bounds of its loop over a dimension.
        tile: At a memory, iterations per dimension of the tile that it holds.
        order: At a memory, dimensions whose loops must follow each other so, outermost first;
            others may stand anywhere between. Or several such lists: all of them hold.
        keep, bypass: At a memory, tensors (or roles) that it must or must not keep.
        x, y: At an array, factors of a dimension along each axis.
    """

    factors: Mapping[str, Range] = field(default_factory=_no_ranges)
    tile: Mapping[str, Range] = field(default_factory=_no_ranges)
    order: Order = ()
    keep: tuple[str, ...] = ()
    bypass: tuple[str, ...] = ()
    x: Mapping[str, Range] = field(default_factory=_no_ranges)
    y: Mapping[str, Range] = field(default_factory=_no_ranges)

    def __post_init__(self) -> None:
        lists = [("order", one) for one in self.orders]
        for name, values in (*lists, ("keep", self.keep), ("bypass", self.bypass)):
            if len(set(values)) != len(values):
                _refuse(
                    "a name is given twice",
                    name,
                    " ".join(values),
                    "each name once",
                    "leave one of them out",
                )
        both = [name for name in self.keep if name in self.bypass]
        if both:
            _refuse(
                "a tensor is both kept and bypassed",
                "keep and bypass",
                " ".join(both),
                "each tensor under one of them, or under none",
                f"take {both[0]} out of `keep` or out of `bypass`",
            )
        circle = circle_of(self.order)
        if circle:
            _refuse(
                "loops have to stand inside each other",
                "order",
                "; ".join(" ".join(one) for one in self.orders),
                "lists that some one order keeps",
                f"leave {circle[0]} or {circle[1]} out of one of the lists",
            )

    @property
    def orders(self) -> tuple[tuple[str, ...], ...]:
        """The lists of `order`, one or several."""
        return lists_of(self.order)

    @property
    def given(self) -> tuple[str, ...]:
        """The fields that constrain something."""
        return tuple(one.name for one in fields(self) if getattr(self, one.name))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a result must keep; None is no limit.

    Args:
        latency_s: At most.
        utilization: At least, of all compute units over the whole time.
        power_w: At most, energy over latency.
        bandwidth_bytes_per_s: At most, bytes over the outermost memory's port over latency.
    """

    latency_s: float | None = None
    utilization: float | None = None
    power_w: float | None = None
    bandwidth_bytes_per_s: float | None = None

    def __post_init__(self) -> None:
        for name in self.given:
            value = getattr(self, name)
            known = isinstance(value, int | float) and not isinstance(value, bool)
            most = 1.0 if name == "utilization" else math.inf
            if not known or not math.isfinite(value) or not 0 < value <= most:
                _refuse(
                    "limit is out of range",
                    f"limits.{name}",
                    repr(value),
                    "a share above 0 and up to 1" if most == 1.0 else "a finite number above 0",
                    "correct it, or leave it out",
                )

    @property
    def given(self) -> tuple[str, ...]:
        """The limits that are set."""
        return tuple(one.name for one in fields(self) if getattr(self, one.name) is not None)

    @property
    def has_ratio(self) -> bool:
        """Whether something over time is limited: a mapping may be too fast for that."""
        return self.power_w is not None or self.bandwidth_bytes_per_s is not None


def _no_places() -> Mapping[str, str]:
    return {}


_FREE = PartConstraints()
"""Of a part that nothing is said of."""


@dataclass(frozen=True, slots=True)
class Constraints:
    """Which mappings are allowed, by part name, and which limits the result keeps.

    Args:
        parts: By the name of a memory or array.
        limits: Of the whole operation.
        places: Where in a file a constraint stands, for messages: "glb.factors.P" -> file, line.
    """

    parts: Mapping[str, PartConstraints] = field(default_factory=dict[str, PartConstraints])
    limits: Limits = Limits()
    places: Mapping[str, str] = field(default_factory=_no_places, compare=False, repr=False)

    def of(self, part: str) -> PartConstraints:
        """The constraints of one part; free where none is given."""
        return self.parts.get(part, _FREE)

    @property
    def is_free(self) -> bool:
        """Whether every mapping is allowed."""
        return not self.limits.given and not any(part.given for part in self.parts.values())

    def to_dict(self) -> dict[str, object]:
        """Plain data, in the form of a constraints file."""
        parts: dict[str, dict[str, object]] = {}
        for name, own in self.parts.items():
            parts[name] = {}
            for key in own.given:
                value = getattr(own, key)
                parts[name][key] = (
                    {dim: one.to_plain() for dim, one in value.items()}
                    if isinstance(value, Mapping)
                    else [one if isinstance(one, str) else list(one) for one in value]
                )
        limits = {name: getattr(self.limits, name) for name in self.limits.given}
        return {"limits": limits, "parts": parts}

    def narrowed(self, operation: Operation) -> "Constraints":
        """What of these constraints speaks of an operation: its dimensions, its tensors.

        >>> product = Operation("x", "x", (("M", 2),), (Tensor("o", "outputs", ()),))
        >>> glb = PartConstraints(factors={"M": Range(2), "P": Range(4)})
        >>> Constraints({"glb": glb}).narrowed(product).of("glb").factors
        {'M': Range(least=2, most=None)}
        """
        names = {name for tensor in operation.tensors for name in (tensor.name, tensor.role)}
        known = {"keep": names, "bypass": names}
        parts: dict[str, PartConstraints] = {}
        for name, own in self.parts.items():
            kept: dict[str, Any] = {}
            for key in own.given:
                value, allowed = getattr(own, key), known.get(key, operation.sizes)
                if isinstance(value, Mapping):
                    kept[key] = {dim: one for dim, one in value.items() if dim in allowed}
                elif key == "order":
                    kept[key] = narrowed_order(own.order, allowed)
                else:
                    kept[key] = tuple(one for one in value if one in allowed)
            narrow = PartConstraints(**kept)
            if narrow.given:
                parts[name] = narrow
        return Constraints(parts, self.limits, self.places)

    def where(self, path: str) -> str:
        """Name a constraint for a message: its place in the file, or its path.

        >>> Constraints().where("glb.factors.P")
        'constraint glb.factors.P'
        """
        return self.places.get(path, f"constraint {path}")

    def check(self, operations: Sequence[Operation], accelerator: Accelerator) -> None:
        """Refuse what cannot be meant for these operations on this chip.

        A dimension or tensor that only some of the operations have is ignored for the others.

        Args:
            operations: All that the constraints are used for: the layers of a network.
            accelerator: The chip whose parts they name.

        Raises:
            MappingError: A part, dimension or tensor does not exist, or cannot do this.
        """
        known = {part.name: part for part in accelerator.parts[:-1]}
        for name, own in self.parts.items():
            part = known.get(name)
            if part is None:
                _refuse(
                    f"{accelerator.name!r} has no part {name!r} to constrain",
                    self.where(name),
                    name,
                    nearest(name, known),
                    "name a memory or an array of the chip",
                )
            self._check_keys(part, own)
            self._check_dims(name, own, operations)
            if isinstance(part, Array):
                self._check_axes(part, own)
            elif isinstance(part, Memory):
                self._check_memory(part, own, operations, is_outermost=part is accelerator.parts[0])

    def _check_keys(self, part: Part, own: PartConstraints) -> None:
        kind, allowed = ("array", AT_ARRAYS) if isinstance(part, Array) else ("memory", AT_MEMORIES)
        for key in own.given:
            if key not in allowed:
                _refuse(
                    f"`{key}` does not go with this part",
                    self.where(f"{part.name}.{key}"),
                    f"`{key}` at {kind} {part.name!r}",
                    f"one of {', '.join(allowed)}",
                    f"{', '.join(AT_MEMORIES)} are for memories, x and y for arrays",
                )

    def _check_dims(self, part: str, own: PartConstraints, operations: Sequence[Operation]) -> None:
        known = {dim for operation in operations for dim in operation.sizes}
        what = "no layer of the network has a dimension"
        if len(operations) == 1:
            what = f"operation {operations[0].name!r} has no dimension"
        for key in ("factors", "tile", "x", "y", "order"):
            named = itertools.chain(*own.orders) if key == "order" else getattr(own, key)
            for dim in named:
                if dim not in known:
                    _refuse(
                        f"{what} {dim!r}",
                        self.where(f"{part}.{key}" + ("" if key == "order" else f".{dim}")),
                        dim,
                        nearest(dim, known),
                        "use a dimension that there is, or leave it out",
                    )

    def _check_axes(self, array: Array, own: PartConstraints) -> None:
        for axis, size, dims in (("x", array.x, array.x_dims), ("y", array.y, array.y_dims)):
            ranges: Mapping[str, Range] = getattr(own, axis)
            for dim, allowed in ranges.items():
                where = self.where(f"{array.name}.{axis}.{dim}")
                if allowed.least > 1 and dims is not None and dim not in dims:
                    _refuse(
                        f"{dim} may not be spread along {axis}",
                        where,
                        f"{dim} {allowed}",
                        f"one of {' '.join(dims)}" if dims else "no dimension at all",
                        f"constrain a dimension that the chip spreads along {axis}",
                    )
                if allowed.least > size:
                    _refuse(
                        f"the array has fewer instances along {axis}",
                        where,
                        f"{dim} {allowed}",
                        f"at most {size}",
                        f"write a factor of at most {size}",
                    )

    def _check_memory(
        self,
        memory: Memory,
        own: PartConstraints,
        operations: Sequence[Operation],
        *,
        is_outermost: bool,
    ) -> None:
        tensors = [tensor for operation in operations for tensor in operation.tensors]
        for name in (*own.keep, *own.bypass):
            key = "keep" if name in own.keep else "bypass"
            roles = {tensor.role for tensor in tensors if name in (tensor.name, tensor.role)}
            if not roles and name not in ROLES:
                _refuse(
                    f"no tensor is called {name!r}",
                    self.where(f"{memory.name}.{key}"),
                    name,
                    nearest(name, {*ROLES, *(tensor.name for tensor in tensors)}),
                    "name a tensor of the operation, or a role",
                )
            if key == "keep" and not (roles or {name}) & set(memory.holds):
                _refuse(
                    f"memory {memory.name!r} cannot keep {name}",
                    self.where(f"{memory.name}.{key}"),
                    name,
                    f"one of the roles {' '.join(memory.holds)}",
                    f"leave {name} out, or add its role to the memory's `holds`",
                )
        for tensor in tensors:
            if _is_named(tensor, own.keep) and _is_named(tensor, own.bypass):
                _refuse(
                    "a tensor is both kept and bypassed",
                    self.where(f"{memory.name}.bypass"),
                    f"{tensor.name}, once by its name and once by its role {tensor.role}",
                    "each tensor under one of them, or under none",
                    "name tensors under both, or roles under both",
                )
        if is_outermost and (own.bypass or own.tile):
            key = "bypass" if own.bypass else "tile"
            _refuse(
                "the outermost memory keeps every tensor, whole",
                self.where(f"{memory.name}.{key}"),
                f"`{key}` at {memory.name!r}",
                "`factors`, `order` or `keep`",
                f"constrain a memory further in, or leave `{key}` out",
            )


def _is_named(tensor: Tensor, names: tuple[str, ...]) -> bool:
    return tensor.name in names or tensor.role in names


def _refuse(what: str, where: str, got: str, expected: str, fix: str) -> NoReturn:
    raise MappingError(what, where=where, got=got, expected=expected, fix=fix)
