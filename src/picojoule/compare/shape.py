"""Shape: a layer as the study sees it: a convolution of one group, many times over.

A fully connected layer is a convolution whose filter covers its whole ifmap (P = Q = 1). Where the
ifmap still has its plane, as AlexNet's FC6 gets 256 x 6 x 6, the filter has it, too.
Padding counts as ifmap, as in the source: zeros are read like other values.

Source: chen2016isca, Tables I and II. Our P and Q are its E and F.
"""

import math
from dataclasses import dataclass

from picojoule.workload import Layer, Network, Operation, axis_points

LAYERS = ("conv", "fc", "all")


@dataclass(frozen=True, slots=True)
class Shape:
    """One layer.

    Args:
        name: The layer's.
        kind: "conv" or "fc".
        repeats: How often it runs, one after another.
        G, N, M, C, P, Q, R, S: As everywhere; M and C are of one group.
        stride: The larger of the two.
        rows, columns: How many ifmap rows 0, 1, ... P rows of the ofmap need; columns likewise.
    """

    name: str
    kind: str
    repeats: int
    G: int
    N: int
    M: int
    C: int
    P: int
    Q: int
    R: int
    S: int
    stride: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def ifmap_rows(self) -> int:
        """Ifmap rows that are used, padding included."""
        return self.rows[-1]

    @property
    def ifmap_columns(self) -> int:
        """Ifmap columns that are used, padding included."""
        return self.columns[-1]

    @property
    def window(self) -> int:
        """Weights of a filter, and ifmap values of one ofmap value."""
        return self.C * self.R * self.S

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all repeats."""
        return self.psums * self.window

    @property
    def weights(self) -> int:
        """Filter values, for each repeat anew."""
        return self.repeats * self.G * self.M * self.window

    @property
    def ifmaps(self) -> int:
        """Ifmap values."""
        return self.repeats * self.G * self.N * self.C * self.ifmap_rows * self.ifmap_columns

    @property
    def psums(self) -> int:
        """Ofmap values, each the sum of a window."""
        return self.repeats * self.G * self.N * self.M * self.P * self.Q

    @property
    def weight_uses(self) -> int:
        """How often a weight is used."""
        return self.N * self.P * self.Q

    @property
    def ifmap_uses(self) -> float:
        """How often an ifmap value is used, on average."""
        return self.macs / self.ifmaps


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A layer with multiply-accumulates that the study has no place for."""

    name: str
    kind: str
    macs: int
    reason: str


def shapes_of(network: Network) -> tuple[tuple[Shape, ...], tuple[LeftOut, ...]]:
    """Every layer with multiply-accumulates: those that the study covers, and the others."""
    shapes: list[Shape] = []
    left_out: list[LeftOut] = []
    for layer in network.layers:
        if not layer.macs:
            continue
        reason = _obstacle(layer.operation)
        if reason:
            left_out.append(LeftOut(layer.name, layer.kind, layer.macs, reason))
        else:
            shapes.append(_shape(layer, network))
    return tuple(shapes), tuple(left_out)


def _obstacle(operation: Operation) -> str | None:
    """Why an operation is neither a convolution nor fully connected, or None if it is one."""
    roles = [tensor.role for tensor in operation.tensors]
    if operation.kind not in ("conv", "fc") or sorted(roles) != ["inputs", "outputs", "weights"]:
        return "the study has convolutions and fully connected layers only"
    if not set(operation.sizes) <= set("GNMCPQRS"):
        return "has other dimensions than a convolution's"
    if any(len(axis.terms) > 1 for axis in operation.output.axes):
        return "adds what overlaps in its output, as no dataflow of the study does"
    return None


def _shape(layer: Layer, network: Network) -> Shape:
    operation = layer.operation
    size = {dim: operation.sizes.get(dim, 1) for dim in "GNMCPQRS"}
    plane = _plane(layer, network) if layer.kind == "fc" else None
    if plane:
        size["C"], size["R"], size["S"] = plane
        rows, columns = (0, size["R"]), (0, size["S"])
    else:
        rows, columns = _touched(operation, "P", "R"), _touched(operation, "Q", "S")
    return Shape(
        layer.name,
        layer.kind,
        layer.repeats,
        **size,
        stride=_stride(operation),
        rows=rows,
        columns=columns,
    )


def _plane(layer: Layer, network: Network) -> tuple[int, int, int] | None:
    """(C, H, W) of what a fully connected layer flattens, if that is what it reads."""
    shape = network.values[layer.inputs[0]].shape
    channels = layer.operation.sizes.get("C", 1)
    if layer.attributes.get("flatten") and len(shape) == 4 and math.prod(shape[1:]) == channels:
        return shape[1], shape[2], shape[3]
    return None


def _touched(operation: Operation, outer: str, inner: str) -> tuple[int, ...]:
    """Ifmap rows (or columns) that 0, 1, ... of the ofmap's need; gaps are not counted."""
    axis = next(
        (
            axis
            for tensor in operation.tensors
            if tensor.role == "inputs"
            for axis in tensor.axes
            if {term.dim for term in axis.terms} & {outer, inner}
        ),
        None,
    )
    last = operation.sizes.get(outer, 1)
    if axis is None:
        return (0, *(1 for _ in range(last)))
    taps = operation.sizes.get(inner, 1)
    return (0, *(axis_points(axis, {outer: tile, inner: taps}) for tile in range(1, last + 1)))


def _stride(operation: Operation) -> int:
    steps = [
        term.coefficient
        for tensor in operation.tensors
        if tensor.role == "inputs"
        for axis in tensor.axes
        for term in axis.terms
        if term.dim in ("P", "Q")
    ]
    return max(steps, default=1)
