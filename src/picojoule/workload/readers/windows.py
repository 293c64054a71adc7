"""Windows: convolutions and pooling, added to the graph being read.

The ONNX and the torch reader translate their attributes and call these, so that the same network
gives the same layers from either. Shapes are (N, C, spatial...).
"""

from collections.abc import Mapping, Sequence

from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload.build import conv, conv_transposed, output_size, transposed_output_size
from picojoule.workload.light import pool
from picojoule.workload.network import Attribute
from picojoule.workload.operation import Axis, Operation, Tensor, Term
from picojoule.workload.readers.graph import Edge, GraphBuilder, Operand, Shape, Site


class Window:
    """Stride, dilation and padding of a sliding window, one number per spatial axis."""

    __slots__ = ("ceil", "dilation", "kernel", "padding", "stride")

    def __init__(
        self,
        kernel: Sequence[int],
        *,
        stride: Sequence[int] = (),
        dilation: Sequence[int] = (),
        padding: Sequence[tuple[int, int]] = (),
        ceil: bool = False,
    ) -> None:
        rank = len(kernel)
        self.kernel = tuple(kernel)
        self.stride = tuple(stride) or (1,) * rank
        self.dilation = tuple(dilation) or (1,) * rank
        self.padding = tuple(padding) or ((0, 0),) * rank
        self.ceil = ceil

    def check(self, rank: int, where: str) -> None:
        """Refuse lists of another length than the tensor has spatial axes."""
        for what in ("kernel", "stride", "dilation", "padding"):
            if len(getattr(self, what)) != rank:
                raise WorkloadError(
                    f"{what} does not fit its input",
                    where=where,
                    got=f"{what} {getattr(self, what)}",
                    expected=f"{rank} numbers, one per spatial axis",
                    fix=f"correct the {what}, or the shape of the input",
                )

    def attributes(self) -> dict[str, Attribute]:
        """Real padding and geometry, for whoever rebuilds the layer."""
        return {
            "kernel": self.kernel,
            "stride": self.stride,
            "dilation": self.dilation,
            "padding": tuple(before for before, _ in self.padding)
            + tuple(after for _, after in self.padding),
            "ceil": self.ceil,
        }


def add_convolution(
    build: GraphBuilder,
    site: Site,
    operands: tuple[Edge, Edge, Edge | None],
    *,
    window: Window,
    groups: int,
    native: int | None = None,
) -> Edge:
    """A convolution in one, two or three dimensions: (ifmap, weights (M, C/G, taps...), bias)."""
    x, weights, bias = operands
    rank = len(weights.shape) - 2
    if rank not in (1, 2, 3):
        raise Unsupported(
            "convolution has too many or too few axes",
            where=site.where,
            got=f"{site.operator} with weights {weights.shape}",
            expected="one, two or three spatial axes",
            fix="reshape it to a convolution in at most three dimensions",
        )
    window.check(rank, site.where)
    _check_channels(site, x, rank, channels=weights.shape[1] * groups)
    plane = tuple(
        output_size(size, kernel, stride=stride, padding=padding, dilation=dilation)
        for size, kernel, stride, padding, dilation in zip(
            x.shape[2:],
            window.kernel,
            window.stride,
            window.padding,
            window.dilation,
            strict=True,
        )
    )
    sizes = {"N": x.shape[0], "M": weights.shape[0], "C": x.shape[1], "G": groups}
    make = _conv_volume if rank == 3 else _conv_plane
    shape = (x.shape[0], weights.shape[0], *plane)
    return build.add_layer(
        make(site.name, sizes, plane, window),
        _weighted(x, weights, bias),
        output=site.outputs[0],
        shape=shape,
        native=native or x.native,
        attributes={**window.attributes(), "groups": groups},
    )


def add_transposed_convolution(
    build: GraphBuilder,
    site: Site,
    operands: tuple[Edge, Edge, Edge | None],
    *,
    window: Window,
    groups: int,
    extra: Sequence[int] = (),
) -> Edge:
    """A transposed convolution: (ifmap, weights (C, M/G, taps...), bias)."""
    x, weights, bias = operands
    rank = len(weights.shape) - 2
    if rank not in (1, 2):
        raise Unsupported(
            "transposed convolution has too many or too few axes",
            where=site.where,
            got=f"{site.operator} with weights {weights.shape}",
            expected="one or two spatial axes",
            fix="reshape it to a transposed convolution in at most two dimensions",
        )
    window.check(rank, site.where)
    _check_channels(site, x, rank, channels=weights.shape[0])
    plane = tuple(
        transposed_output_size(
            x.shape[2 + axis],
            window.kernel[axis],
            stride=window.stride[axis],
            padding=window.padding[axis],
            dilation=window.dilation[axis],
            extra=extra[axis] if extra else 0,
        )
        for axis in range(rank)
    )
    height, width = _two(x.shape[2:])
    filters = weights.shape[1] * groups
    operation = conv_transposed(
        site.name,
        N=x.shape[0],
        M=filters,
        C=x.shape[1],
        P=height,
        Q=width,
        R=_two(window.kernel)[0],
        S=_two(window.kernel)[1],
        G=groups,
        stride=_two(window.stride),
        dilation=_two(window.dilation),
    )
    return build.add_layer(
        operation,
        _weighted(x, weights, bias),
        output=site.outputs[0],
        shape=(x.shape[0], filters, *plane),
        native=x.native,
        attributes={**window.attributes(), "groups": groups, "transposed": True},
    )


def add_pool(build: GraphBuilder, site: Site, x: Edge, *, window: Window, mode: str) -> Edge:
    """Pooling over one to three spatial axes; three are counted as planes side by side."""
    rank = len(x.shape) - 2
    window.check(rank, site.where)
    plane = tuple(
        output_size(
            x.shape[2 + axis],
            window.kernel[axis],
            stride=window.stride[axis],
            padding=window.padding[axis],
            dilation=window.dilation[axis],
            ceil=window.ceil,
        )
        for axis in range(rank)
    )
    if rank in (1, 2):
        operation = pool(
            site.name,
            N=x.shape[0],
            C=x.shape[1],
            P=_two(plane)[0],
            Q=_two(plane)[1],
            R=_two(window.kernel)[0],
            S=_two(window.kernel)[1],
            stride=_two(window.stride),
            dilation=_two(window.dilation),
            mode=mode,
        )
    else:
        operation = _pool_volume(site.name, x.shape[:2], plane, window, mode)
    return build.add_layer(
        operation,
        [Operand(x)],
        output=site.outputs[0],
        shape=(*x.shape[:2], *plane),
        native=x.native,
        bits=x.bits if mode == "max" else None,
        attributes={**window.attributes(), "mode": mode},
    )


def _check_channels(site: Site, x: Edge, rank: int, *, channels: int) -> None:
    """Refuse an ifmap that the weights do not fit."""
    if len(x.shape) != rank + 2 or x.shape[1] != channels:
        raise WorkloadError(
            "weights do not fit their input",
            where=site.where,
            got=f"input {x.shape}",
            expected=f"{rank + 2} axes with {channels} channels, as the weights have them",
            fix="correct the shape of the weights, the groups, or the network's input",
        )


def _weighted(x: Edge, weights: Edge, bias: Edge | None) -> list[Operand]:
    reads = [Operand(x), Operand(weights, "weights")]
    return [*reads, Operand(bias, "", "bias")] if bias else reads


def _two(sizes: Sequence[int]) -> tuple[int, int]:
    """(height, width) of one or two spatial sizes."""
    return (sizes[0], sizes[1]) if len(sizes) > 1 else (sizes[0], 1)


def _conv_plane(name: str, sizes: Mapping[str, int], plane: Shape, window: Window) -> Operation:
    return conv(
        name,
        N=sizes["N"],
        M=sizes["M"],
        C=sizes["C"],
        G=sizes["G"],
        P=_two(plane)[0],
        Q=_two(plane)[1],
        R=_two(window.kernel)[0],
        S=_two(window.kernel)[1],
        stride=_two(window.stride),
        dilation=_two(window.dilation),
    )


def _conv_volume(name: str, sizes: Mapping[str, int], plane: Shape, window: Window) -> Operation:
    """A convolution with depth: O output frames, T taps in depth, else as `conv`."""
    groups = sizes["G"]
    if groups < 1 or sizes["M"] % groups or sizes["C"] % groups:
        raise WorkloadError(
            "groups do not divide the channels",
            where=f"operation {name!r}",
            got=f"{groups} groups with {sizes['M']} filters and {sizes['C']} channels",
            expected="a number of groups that divides both",
            fix="correct the groups",
        )
    outer = (("N", sizes["N"]), *((("G", groups),) if groups > 1 else ()))
    group = "G" if groups > 1 else ""
    sliding = _sliding("OPQ", "TRS", window)
    return Operation(
        name,
        "conv",
        (
            *outer,
            ("M", sizes["M"] // groups),
            ("C", sizes["C"] // groups),
            *zip("OPQ", plane, strict=True),
            *zip("TRS", window.kernel, strict=True),
        ),
        (
            Tensor("weights", "weights", _plain(group + "MCTRS")),
            Tensor("inputs", "inputs", (*_plain("N" + group + "C"), *sliding)),
            Tensor("outputs", "outputs", _plain("N" + group + "MOPQ")),
        ),
    )


def _pool_volume(name: str, outer: Shape, plane: Shape, window: Window, mode: str) -> Operation:
    """Pooling with depth: O output frames, T taps in depth, else as `pool`."""
    if len(plane) != 3:
        raise Unsupported(
            "pooling has too many or too few axes",
            where=f"operation {name!r}",
            got=f"{len(plane)} spatial axes",
            expected="one, two or three",
            fix="reshape it to at most three spatial axes",
        )
    return Operation(
        name,
        "pool",
        (
            *zip("NC", outer, strict=True),
            *zip("OPQ", plane, strict=True),
            *zip("TRS", window.kernel, strict=True),
        ),
        (
            Tensor("inputs", "inputs", (*_plain("NC"), *_sliding("OPQ", "TRS", window))),
            Tensor("outputs", "outputs", _plain("NCOPQ")),
        ),
        "max" if mode == "max" else "add",
    )


def _sliding(outputs: str, taps: str, window: Window) -> tuple[Axis, ...]:
    return tuple(
        Axis((Term(output, stride), Term(tap, dilation)))
        for output, tap, stride, dilation in zip(
            outputs, taps, window.stride, window.dilation, strict=True
        )
    )


def _plain(dims: str) -> tuple[Axis, ...]:
    return tuple(Axis((Term(dim),)) for dim in dims)
