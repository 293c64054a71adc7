"""Operation: one extended Einsum, the unit of work that is mapped, counted and priced.

An operation has named dimensions with sizes, and tensors whose axes are affine in those
dimensions: a convolution reads its ifmap row `stride * P + dilation * R`. Padding is part of the
coordinates: row 0 is the first padded row, as the loop nest sees it.

Source: sze2017, Sec. III and Table I (E and F are called P and Q here).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from picojoule.errors import WorkloadError

Role = Literal["weights", "inputs", "outputs"]
ROLES: tuple[Role, ...] = ("weights", "inputs", "outputs")
LARGEST_WORK = 2**63 // 64
"""Steps an operation may have, so that no count of the compiled kernels can overflow."""


@dataclass(frozen=True, slots=True)
class Term:
    """`coefficient * dim`, one part of an axis."""

    dim: str
    coefficient: int = 1


@dataclass(frozen=True, slots=True)
class Axis:
    """One coordinate of a tensor: the sum of its terms. An axis without terms has one point."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of an operation.

    Args:
        name: Unique in the operation.
        role: Which memories may hold it, and how it is accessed: `outputs` are accumulated.
        axes: Its coordinates, each affine in the operation's dimensions.
        bits: Width of one word.
    """

    name: str
    role: Role
    axes: tuple[Axis, ...]
    bits: int = 16

    @property
    def dims(self) -> tuple[str, ...]:
        """The dimensions that index this tensor, in order of appearance."""
        return tuple(dict.fromkeys(term.dim for axis in self.axes for term in axis.terms))

    @property
    def is_output(self) -> bool:
        """Whether this tensor is accumulated rather than only read."""
        return self.role == "outputs"


@dataclass(frozen=True, slots=True)
class Operation:
    """An extended Einsum: `outputs[...] inner= product of inputs[...]` over all `dims`.

    Args:
        name: For messages and tables.
        kind: What a reader of tables calls it: "conv", "fc", "matmul", "pool", ...
        dims: (name, size) in order; the product of the sizes is the number of inner steps.
        tensors: Inputs first, the one output last.
        inner: The step's action: "mac", or "max", "add", "multiply", "exponential", ...
    """

    name: str
    kind: str
    dims: tuple[tuple[str, int], ...]
    tensors: tuple[Tensor, ...]
    inner: str = "mac"

    def __post_init__(self) -> None:
        where = f"operation {self.name!r}"
        for dim, size in self.dims:
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise WorkloadError(
                    "dimension has no valid size",
                    where=f"{where}, dimension {dim}",
                    got=size,
                    expected="an integer of at least 1",
                    fix="give each dimension the number of its iterations",
                )
        if len(self.sizes) != len(self.dims):
            raise WorkloadError(
                "dimension is given twice",
                where=where,
                got=" ".join(dim for dim, _ in self.dims),
                expected="each dimension once",
                fix="leave one of them out",
            )
        if self.steps > LARGEST_WORK:
            raise WorkloadError(
                "operation is too large to count",
                where=f"{where}: {' '.join(f'{dim}={size}' for dim, size in self.dims)}",
                got=f"{self.steps} steps",
                expected=f"at most {LARGEST_WORK}",
                fix="check for a size with too many digits, or split the operation",
            )
        outputs = [tensor for tensor in self.tensors if tensor.is_output]
        if len(outputs) != 1 or self.tensors[-1] is not outputs[0]:
            raise WorkloadError(
                "operation needs exactly one output, last",
                where=where,
                got=", ".join(f"{t.name} ({t.role})" for t in self.tensors) or "no tensors",
                expected="inputs first, then one tensor of role 'outputs'",
                fix="give the result the role 'outputs' and put it last",
            )
        if len({tensor.name for tensor in self.tensors}) != len(self.tensors):
            raise WorkloadError(
                "two tensors have the same name",
                where=where,
                got=", ".join(tensor.name for tensor in self.tensors),
                expected="unique names",
                fix="rename one",
            )
        for tensor in self.tensors:
            self._check(tensor)

    def _check(self, tensor: Tensor) -> None:
        where = f"operation {self.name!r}, tensor {tensor.name!r}"
        for axis in tensor.axes:
            for term in axis.terms:
                if term.dim not in self.sizes or term.coefficient < 1:
                    raise WorkloadError(
                        "axis does not fit its operation",
                        where=where,
                        got=f"{term.coefficient} * {term.dim}",
                        expected=f"a positive coefficient times one of {' '.join(self.sizes)}",
                        fix="use a dimension of the operation; leave out what is not there",
                    )
        seen = [term.dim for axis in tensor.axes for term in axis.terms]
        if len(set(seen)) != len(seen):
            raise WorkloadError(
                "a dimension indexes a tensor twice",
                where=where,
                got=" ".join(seen),
                expected="each dimension on at most one axis of a tensor",
                fix="give the diagonal a dimension of its own",
            )
        if not 1 <= tensor.bits <= 128:
            raise WorkloadError(
                "word width is out of range",
                where=where,
                got=f"{tensor.bits} bits",
                expected="1 to 128 bits",
                fix="give the width of one word in bits (16, not 16e-9 or bytes)",
            )

    @property
    def sizes(self) -> dict[str, int]:
        """Size by dimension name."""
        return dict(self.dims)

    @property
    def steps(self) -> int:
        """How often the inner action runs."""
        return math.prod(size for _, size in self.dims)

    @property
    def macs(self) -> int:
        """Multiply-accumulates: the steps of a MAC operation, 0 for any other inner action."""
        return self.steps if self.inner == "mac" else 0

    @property
    def output(self) -> Tensor:
        """The tensor that is accumulated."""
        return self.tensors[-1]

    def words(self, tensor: Tensor) -> int:
        """Distinct words of `tensor` that the whole operation touches."""
        return tile_words(tensor, self.sizes)


def tile_words(tensor: Tensor, tile: Mapping[str, int]) -> int:
    """Count the distinct words of `tensor` that a tile touches.

    Gaps are not counted: a 1x1 filter at stride 2 touches every other pixel.

    Args:
        tensor: Its axes are read.
        tile: Iterations per dimension; a missing dimension has one.

    Returns:
        The product over the axes of their distinct coordinates.

    >>> ifmap = Tensor("inputs", "inputs", (Axis((Term("P", 2), Term("R"))),))
    >>> tile_words(ifmap, {"P": 4, "R": 3}), tile_words(ifmap, {"P": 4, "R": 1})
    (9, 4)
    """
    return math.prod(axis_points(axis, tile) for axis in tensor.axes)


def axis_points(axis: Axis, tile: Mapping[str, int]) -> int:
    """Count the distinct coordinates that a tile touches on one axis."""
    runs = [(t.coefficient, tile.get(t.dim, 1)) for t in axis.terms if tile.get(t.dim, 1) > 1]
    if len(runs) < 2:
        return runs[0][1] if runs else 1
    if len(runs) == 2:
        (a, n), (b, m) = runs
        divisor = math.gcd(a, b)
        # Each coordinate is reached by a chain of (i, j), (i + b', j - a'), ...: count chain ends.
        return n * m - max(0, n - b // divisor) * max(0, m - a // divisor)
    points = {0}
    for coefficient, count in runs:
        points = {p + coefficient * i for p in points for i in range(count)}
    return len(points)
