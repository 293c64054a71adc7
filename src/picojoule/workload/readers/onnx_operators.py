"""ONNX operators that multiply and accumulate, or pool: which layers each of them is.

Every rule translates names and attributes and calls `windows` or `products`. Quantised operators
are read as their bit widths: a dequantised int8 tensor is stored in 8 bits.
"""

from collections.abc import Sequence
from dataclasses import replace

from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload.readers.graph import Edge, GraphBuilder
from picojoule.workload.readers.onnx_light import LIGHT
from picojoule.workload.readers.onnx_node import Node, Rule
from picojoule.workload.readers.onnx_quantized import WIDTHS
from picojoule.workload.readers.products import (
    CELLS,
    Direction,
    add_attention,
    add_einsum,
    add_product,
    add_recurrent,
)
from picojoule.workload.readers.windows import (
    Window,
    add_convolution,
    add_pool,
    add_transposed_convolution,
)

NOT_COUNTED = (
    "TopK", "OneHot", "NonZero", "NonMaxSuppression", "Unique", "Compress", "RoiAlign",
    "MaxRoiPool", "MaxUnpool", "GridSample", "EyeLike", "RandomNormal", "RandomNormalLike",
    "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial", "Det", "Col2Im",
    "CenterCropPad", "HannWindow", "HammingWindow", "BlackmanWindow", "RotaryEmbedding",
)  # fmt: skip
"""Operators without multiply-accumulates on weights that are listed in `network.ignored`."""


def _window(node: Node, x: Edge, kernel: Sequence[int]) -> Window:
    """Stride, dilation and padding from a node's attributes, SAME padding worked out."""
    rank = len(kernel)
    stride = node.ints("strides") or (1,) * rank
    dilation = node.ints("dilations") or (1,) * rank
    pads = node.ints("pads") or (0,) * (2 * rank)
    for name, numbers, lowest in (
        ("kernel_shape", kernel, 1),
        ("strides", stride, 1),
        ("dilations", dilation, 1),
        ("pads", pads, 0),
    ):
        count = 2 * rank if name == "pads" else rank
        if len(numbers) != count or any(not lowest <= size < 2**31 for size in numbers):
            raise node.malformed(name, tuple(numbers), f"{count} numbers of at least {lowest}")
    padding = tuple((pads[axis], pads[rank + axis]) for axis in range(rank))
    mode = node.text("auto_pad", "NOTSET")
    if mode.startswith("SAME") and len(x.shape) == rank + 2:
        padding = tuple(
            _same(x.shape[2 + axis], kernel[axis], stride[axis], dilation[axis], mode)
            for axis in range(rank)
        )
    ceil = bool(node.whole("ceil_mode"))
    return Window(kernel, stride=stride, dilation=dilation, padding=padding, ceil=ceil)


def _same(size: int, kernel: int, stride: int, dilation: int, mode: str) -> tuple[int, int]:
    """Padding that gives ceil(size / stride) outputs."""
    total = max(0, (-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size)
    half = total // 2
    return (half, total - half) if mode == "SAME_UPPER" else (total - half, half)


def _kernel(node: Node, weights: Edge) -> tuple[int, ...]:
    kernel = weights.shape[2:]
    if (stated := node.ints("kernel_shape")) is not None and stated != kernel:
        raise node.malformed("kernel_shape", stated, f"{kernel}, as the weights have it")
    return kernel


def _groups(node: Node) -> int:
    groups = node.whole("group", 1)
    if groups < 1:
        raise node.malformed("group", groups, "at least 1")
    return groups


def _convolution(
    node: Node, build: GraphBuilder, places: tuple[int, int, int], native: int | None = None
) -> tuple[Edge, ...]:
    x, weights = node.edge(places[0]), node.edge(places[1])
    window = _window(node, x, _kernel(node, weights))
    operands = (x, weights, node.optional(places[2]))
    return (
        add_convolution(
            build, node.site, operands, window=window, groups=_groups(node), native=native
        ),
    )


def _conv(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return _convolution(node, build, (0, 1, 2))


def _conv_quantized(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return _convolution(node, build, (0, 3, 8), native=node.edge(7).native)


def _conv_integer(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return _convolution(node, build, (0, 1, 99), native=32)


def _conv_transposed(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    x, weights = node.edge(0), node.edge(1)
    kernel = _kernel(node, weights)
    window = _window(node, x, kernel)
    rank, extra = len(kernel), node.ints("output_padding") or (0,) * len(kernel)
    wanted = node.ints("output_shape")
    if wanted is None and node.text("auto_pad", "NOTSET").startswith("SAME"):
        wanted = tuple(
            size * stride for size, stride in zip(x.shape[2:], window.stride, strict=True)
        )
    if wanted is not None:
        cropped = tuple(
            (x.shape[2 + axis] - 1) * window.stride[axis]
            + window.dilation[axis] * (kernel[axis] - 1)
            + 1
            + extra[axis]
            - wanted[axis - rank]
            for axis in range(rank)
        )
        extra = tuple(size + max(0, -crop) for size, crop in zip(extra, cropped, strict=True))
        window.padding = tuple((max(0, crop) // 2, -(-max(0, crop) // 2)) for crop in cropped)
    return (
        add_transposed_convolution(
            build,
            node.site,
            (x, weights, node.optional(2)),
            window=window,
            groups=_groups(node),
            extra=extra,
        ),
    )


def _pool(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    x, kernel = node.edge(0), node.ints("kernel_shape")
    if kernel is None:
        raise node.malformed("kernel_shape", "nothing", "the size of the window")
    mode = "max" if node.site.operator == "MaxPool" else "average"
    edge = add_pool(build, node.site, x, window=_window(node, x, kernel), mode=mode)
    return tuple(edge for _ in node.site.outputs)


def _pool_global(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    x = node.edge(0)
    mode = "max" if node.site.operator == "GlobalMaxPool" else "average"
    return (add_pool(build, node.site, x, window=Window(x.shape[2:]), mode=mode),)


def _gemm(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    a, b = node.edge(0), node.edge(1)
    if len(a.shape) != 2 or len(b.shape) != 2:
        raise WorkloadError(
            "matrix product does not fit",
            where=node.site.where,
            got=f"{a.shape} x {b.shape}",
            expected="two matrices",
            fix="flatten the input before it, or use MatMul",
        )
    a = a.seen_as(a.shape[::-1]) if node.whole("transA") else a
    b = b.seen_as(b.shape[::-1]) if node.whole("transB") else b
    return (add_product(build, node.site, (a, b, node.optional(2))),)


def _matmul(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return (add_product(build, node.site, (node.edge(0), node.edge(1), None)),)


def _matmul_quantized(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    operands = (node.edge(0), node.edge(3), None)
    return (add_product(build, node.site, operands, native=node.edge(7).native),)


def _matmul_integer(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return (add_product(build, node.site, (node.edge(0), node.edge(1), None), native=32),)


def _einsum(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edges = [node.edge(index) for index in range(len(node.inputs))]
    return (add_einsum(build, node.site, node.text("equation"), edges),)


def _recurrent(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    x, weights, recurrent = node.edge(0), node.edge(1), node.edge(2)
    if len(x.shape) != 3 or len(weights.shape) != 3 or len(recurrent.shape) != 3:
        raise WorkloadError(
            "recurrent layer does not fit",
            where=node.site.where,
            got=f"input {x.shape}, weights {weights.shape} and {recurrent.shape}",
            expected="three axes each: (steps, batch, size), (directions, gates x units, size)",
            fix="correct the shapes",
        )
    batch_first = bool(node.whole("layout"))
    steps, batch = (x.shape[1], x.shape[0]) if batch_first else (x.shape[0], x.shape[1])
    kind, count = node.site.operator.lower(), weights.shape[0]
    hidden = recurrent.shape[2]
    if weights.shape[1] != CELLS[kind].gates * hidden or recurrent.shape[0] != count:
        raise node.malformed("hidden_size", weights.shape, f"{CELLS[kind].gates} gates x {hidden}")
    biases = [edge for edge in (node.optional(3), node.optional(7)) if edge is not None]
    directions = [
        Direction(
            f".direction{index}" if count > 1 else "",
            _part(build, weights, index),
            _part(build, recurrent, index),
            tuple(_part(build, bias, index) for bias in biases),
        )
        for index in range(count)
    ]
    edge = add_recurrent(
        build, node.site, x, directions=directions, cell=kind, steps=steps, hidden=hidden
    )
    last = edge.seen_as((batch, count, hidden) if batch_first else (count, batch, hidden))
    every = (batch, steps, count, hidden) if batch_first else (steps, count, batch, hidden)
    return (edge.seen_as(every), last, last)


def _part(build: GraphBuilder, edge: Edge, index: int) -> Edge:
    """The share of one direction in weights that are stored together."""
    shape = edge.shape[1:]
    if not edge.stored or edge.shape[0] == 1:
        return edge.seen_as(shape)
    name = f"{edge.value}[{index}]"
    build.declare(name, shape)
    return replace(edge, value=name, shape=shape, data=None)


def _attention(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    query, key, value = (node.edge(index) for index in range(3))
    flat = len(query.shape) == 3
    if flat:
        heads = (node.whole("q_num_heads"), node.whole("kv_num_heads"))
        query = _by_head(node, query, heads[0])
        key, value = _by_head(node, key, heads[1]), _by_head(node, value, heads[1])
    if node.optional(4) is not None:
        raise Unsupported(
            "attention over a cache is not supported",
            where=node.site.where,
            got="Attention with past keys and values",
            expected="keys and values of the whole sequence",
            fix="export the model without its cache",
        )
    edge = add_attention(build, node.site, (query, key, value), grouped=True)
    if flat:
        batch, heads_, length, size = edge.shape
        return (edge.seen_as((batch, length, heads_ * size)),)
    return (edge,)


def _by_head(node: Node, edge: Edge, heads: int) -> Edge:
    batch, length, size = edge.shape
    if heads < 1 or size % heads:
        raise node.malformed("q_num_heads, kv_num_heads", heads, f"a number that divides {size}")
    return edge.seen_as((batch, heads, length, size // heads))


COMPUTE: dict[str, Rule] = {
    **LIGHT,
    **WIDTHS,
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), _pool),
    **dict.fromkeys(("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"), _pool_global),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    "Conv": _conv,
    "ConvTranspose": _conv_transposed,
    "ConvInteger": _conv_integer,
    "QLinearConv": _conv_quantized,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "MatMulInteger": _matmul_integer,
    "QLinearMatMul": _matmul_quantized,
    "Einsum": _einsum,
    "Attention": _attention,
}
"""Operators that compute, or that say in which width others do."""

MULTIPLY_ACCUMULATE = (
    "Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "Gemm", "MatMul", "MatMulInteger",
    "QLinearMatMul", "Einsum", "LSTM", "GRU", "RNN", "Attention",
)  # fmt: skip

PARAMETER_INPUTS = {
    **dict.fromkeys(("Conv", "ConvTranspose", "Gemm"), (1, 2)),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), (1, 2, 3, 7)),
    **dict.fromkeys(("BatchNormalization", "InstanceNormalization"), (1, 2, 3, 4)),
    **dict.fromkeys(("LayerNormalization", "GroupNormalization"), (1, 2)),
    "QLinearConv": (1, 2, 3, 4, 5, 6, 7, 8),
    "PRelu": (1,),
}
"""Inputs that are stored by nature: a graph input used only there is weights without values."""
