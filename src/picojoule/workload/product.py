"""Product: an operation as matrix products, the form in which a systolic array takes it.

A convolution becomes (pixels x window) times (window x filters): every output pixel is a row, and
its window, unrolled, meets one filter in every column. Which dimension goes where follows from the
tensors alone, so that fully-connected layers, matrix products and attention need no rule of their
own: what inputs and outputs share are pixels, what weights and outputs share are filters, what both
operands share is the window, and what all three share counts independent products.

Source: samajdar2020.
"""

import math
from dataclasses import dataclass

from picojoule.errors import Unsupported
from picojoule.workload.operation import Operation, Tensor

PIXELS = frozenset({"inputs", "outputs"})
FILTERS = frozenset({"weights", "outputs"})
WINDOW = frozenset({"weights", "inputs"})
ALL = PIXELS | FILTERS


@dataclass(frozen=True, slots=True)
class Product:
    """`count` products of a (pixels x window) by a (window x filters) matrix.

    Args:
        count: Independent products: groups, or batch and heads of attention.
        pixels, window, filters: Sizes of the matrices.
        dims: The operation's dimensions in count, pixels, window and filters, in their order.
    """

    count: int
    pixels: int
    window: int
    filters: int
    dims: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all products."""
        return self.count * self.pixels * self.window * self.filters


def as_product(operation: Operation) -> Product:
    """Write an operation as matrix products.

    Groups become products of their own, as depthwise layers do in SCALE-Sim. A batch adds pixels.

    Raises:
        Unsupported: The operation is no multiply-accumulate of two operands, or a dimension is
            summed before it is multiplied.

    >>> from picojoule.workload.build import conv
    >>> lowered = as_product(conv("CONV2", M=256, C=96, P=27, Q=27, R=5, S=5, G=2))
    >>> lowered.count, lowered.pixels, lowered.window, lowered.filters
    (2, 729, 1200, 128)
    """
    roles = [tensor.role for tensor in operation.tensors]
    if operation.inner != "mac" or sorted(roles) != ["inputs", "outputs", "weights"]:
        raise Unsupported(
            "operation is no matrix product",
            where=f"operation {operation.name!r}",
            got=f"{operation.inner} of {', '.join(roles)}",
            expected="multiply-accumulates of weights and inputs",
            fix="leave it to another part of the chip",
        )
    found: dict[frozenset[str], list[str]] = {ALL: [], PIXELS: [], WINDOW: [], FILTERS: []}
    for dim, size in operation.dims:
        users = frozenset(t.role for t in operation.tensors if dim in t.dims)
        if users in found:
            found[users].append(dim)
        elif size > 1:
            raise Unsupported(
                "operation is no matrix product",
                where=f"operation {operation.name!r}, dimension {dim}",
                got=f"in {' '.join(sorted(users)) or 'no tensor'} alone",
                expected="each dimension in two of the tensors, or in all three",
                fix="leave the dimension out, or sum over it first",
            )
    count, pixels, window, filters = (tuple(dims) for dims in found.values())
    sizes = operation.sizes

    def extent(dims: tuple[str, ...]) -> int:
        return math.prod(sizes[dim] for dim in dims)

    return Product(
        extent(count),
        extent(pixels),
        extent(window),
        extent(filters),
        (count, pixels, window, filters),
    )


def operand(operation: Operation, role: str) -> Tensor:
    """The tensor of one role; `as_product` makes sure that there is one."""
    return next(tensor for tensor in operation.tensors if tensor.role == role)
