"""Shapes: a layer as the chip sees it, or the reason why the chip has no such layer.

Names as in sze2017, Table I, except that E and F are called P and Q elsewhere in picojoule.
"""

from dataclasses import dataclass

from picojoule.workload import Axis, Operation

_DIMS = frozenset(("N", "G", "M", "C", "P", "Q", "R", "S"))


@dataclass(frozen=True, slots=True)
class LayerShape:
    """A convolution: `images` x `groups` x (`channels` to `filters`), `e` x `f` outputs each.

    Args:
        images, groups, filters, channels: N, G, M and C; filters and channels of one group.
        height, width: R and S of a filter.
        e, f: Rows and columns of one output plane.
        stride_y, stride_x: Between windows, down and along.
    """

    images: int
    groups: int
    filters: int
    channels: int
    height: int
    width: int
    e: int
    f: int
    stride_y: int = 1
    stride_x: int = 1

    def rows(self, e: int) -> int:
        """Input rows that `e` output rows need, padding included."""
        return (e - 1) * self.stride_y + self.height

    def columns(self, f: int) -> int:
        """Input columns that `f` output columns need, padding included."""
        return (f - 1) * self.stride_x + self.width

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.outputs * self.channels * self.height * self.width

    @property
    def outputs(self) -> int:
        """Words of all output maps."""
        return self.images * self.groups * self.filters * self.e * self.f

    @property
    def weights(self) -> int:
        """Words of all filters."""
        return self.groups * self.filters * self.channels * self.height * self.width


def shape_of(operation: Operation) -> LayerShape | str:
    """The shape of an operation, or why the pass model has none.

    >>> from picojoule.workload import parse_operation
    >>> shape_of(parse_operation("conv M=96 C=3 P=55 Q=55 R=11 S=11 stride=4")).rows(55)
    227
    """
    if operation.inner != "mac":
        return f"{operation.inner} is not a multiply-accumulate"
    sizes = operation.sizes
    if operation.kind not in ("conv", "fc") or not set(sizes) <= _DIMS:
        return f"{operation.kind} is no convolution over two dimensions"
    strides: list[int] = []
    inputs = next(tensor for tensor in operation.tensors if tensor.role == "inputs")
    for out, window in (("P", "R"), ("Q", "S")):
        axis = next((axis for axis in inputs.axes if _has(axis, out)), Axis(()))
        steps = {term.dim: term.coefficient for term in axis.terms}
        if steps.get(window, 1) != 1:
            return "dilated filters are not among the chip's shapes"
        strides.append(steps.get(out, 1))
    return LayerShape(
        images=sizes.get("N", 1),
        groups=sizes.get("G", 1),
        filters=sizes.get("M", 1),
        channels=sizes.get("C", 1),
        height=sizes.get("R", 1),
        width=sizes.get("S", 1),
        e=sizes.get("P", 1),
        f=sizes.get("Q", 1),
        stride_y=strides[0],
        stride_x=strides[1],
    )


def _has(axis: Axis, dim: str) -> bool:
    return any(term.dim == dim for term in axis.terms)
