"""Torch operators: which layers each ATen call of an exported program is.

Shapes of results come from the trace; the rules only say what is computed. Any call that torch
itself tags as pointwise is element-wise; any other that is not known is refused by name.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from picojoule.workload.light import FUNCTIONS
from picojoule.workload.readers.graph import Edge, GraphBuilder
from picojoule.workload.readers.pointwise import (
    add_concat,
    add_embedding,
    add_normalization,
    add_pointwise,
    add_reduction,
    add_softmax,
)
from picojoule.workload.readers.products import (
    CELLS,
    Direction,
    add_attention,
    add_einsum,
    add_product,
    add_recurrent,
)
from picojoule.workload.readers.torch_calls import (
    FACTORIES,
    MOVES,
    NOT_COUNTED,
    REDUCTIONS,
    Call,
    Rule,
    edges_in,
    words,
)
from picojoule.workload.readers.windows import (
    Window,
    add_convolution,
    add_pool,
    add_transposed_convolution,
)


def find_rule(name: str, target: Any) -> Rule | None:
    """The rule for a call, or None where it may multiply and is not known."""
    if name in RULES:
        return RULES[name]
    if name.endswith("_") and name[:-1] in RULES:
        return RULES[name[:-1]]
    import torch

    tags = getattr(target, "tags", ())
    return _pointwise if torch.Tag.pointwise in tags else None


def _move(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    """The same data in other shapes; a part of a stored tensor is a parameter of its own."""
    source = next((edge for edge in call.edges() if not edge.stored), call.edges()[0])
    results: list[Edge] = []
    for output, shape, native in zip(call.site.outputs, call.shapes, call.natives, strict=True):
        edge = replace(source.stored_in(native), shape=shape, native=native)
        if source.stored and math.prod(shape) < source.words:
            edge = replace(edge, value=f"{source.value}[{output}]")
            build.declare(edge.value, shape)
        results.append(edge)
    return tuple(results)


def _make(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    bits = call.natives[0]
    return (Edge(call.site.outputs[0], call.shapes[0], bits, bits, stored=True),)


def _skip(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    build.ignore(call.site.name, call.site.operator, "no multiply-accumulates; not counted")
    return tuple(
        replace(call.edges()[0], shape=shape, native=native)
        for shape, native in zip(call.shapes, call.natives, strict=True)
    )


def _batched(edge: Edge, rank: int) -> Edge:
    """A tensor with a batch axis, added where the module was called without one."""
    return edge.seen_as((1, *edge.shape)) if len(edge.shape) == rank + 1 else edge


def _window(call: Call, kernel: Sequence[int], x: Edge) -> Window:
    rank = len(kernel)
    stride = call.sizes("stride", rank) or tuple(kernel)
    if "kernel_size" not in call.arguments:
        stride = call.sizes("stride", rank) or (1,) * rank
    dilation = call.sizes("dilation", rank) or (1,) * rank
    ceil = bool(call.arguments.get("ceil_mode"))
    given = call.arguments.get("padding", 0)
    if isinstance(given, str):
        totals = [d * (k - 1) if given == "same" else 0 for k, d in zip(kernel, dilation)]
        padding = tuple((total // 2, total - total // 2) for total in totals)
    else:
        padding = tuple((size, size) for size in call.sizes("padding", rank) or (0,) * rank)
    return Window(kernel, stride=stride, dilation=dilation, padding=padding, ceil=ceil)


def _conv(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    weights = call.edge("weight")
    rank = len(weights.shape) - 2
    x = _batched(call.edge("input"), rank)
    groups = call.arguments.get("groups", 1)
    operands = (x, weights, call.optional("bias"))
    window = _window(call, weights.shape[2:], x)
    if call.site.operator.startswith("conv_transpose") or call.arguments.get("transposed"):
        extra = call.sizes("output_padding", rank)
        edge = add_transposed_convolution(
            build, call.site, operands, window=window, groups=groups, extra=extra
        )
    else:
        edge = add_convolution(build, call.site, operands, window=window, groups=groups)
    return (edge.seen_as(call.shapes[0]),)


def _linear(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    weights = call.edge("weight")
    flipped = weights.seen_as(weights.shape[::-1])
    operands = (call.edge("input"), flipped, call.optional("bias"))
    return (add_product(build, call.site, operands),)


def _product(*names: str) -> Rule:
    def rule(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
        a, b = call.edge(names[0]), call.edge(names[1])
        bias = call.optional(names[2]) if len(names) > 2 else None
        return (add_product(build, call.site, (a, b, bias)),)

    return rule


def _einsum(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    edges = list(edges_in(call.arguments["tensors"]))
    return (add_einsum(build, call.site, call.arguments["equation"], edges),)


def _attention(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    grouped = bool(call.arguments.get("enable_gqa"))
    operands = (call.edge("query"), call.edge("key"), call.edge("value"))
    return (add_attention(build, call.site, operands, grouped=grouped),)


def _recurrent(cell: str) -> Rule:
    def rule(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
        edge, layers = call.edge("input"), int(call.arguments["num_layers"])
        first = call.arguments.get("batch_first") and len(edge.shape) > 2
        steps = edge.shape[1 if first else 0]
        for layer in range(layers):
            name = call.site.name if layers == 1 else f"{call.site.name}.layer{layer}"
            made = call.site.outputs[0] + (f".layer{layer}" if layer < layers - 1 else "")
            directions = _directions(call, layer, layers)
            edge = add_recurrent(
                build,
                replace(call.site, name=name, outputs=(made,)),
                edge,
                directions=directions,
                cell=cell,
                steps=steps,
                hidden=directions[0].inputs.shape[0] // CELLS[cell].gates,
            )
        return tuple(edge.seen_as(shape) for shape in call.shapes)

    return rule


def _directions(call: Call, layer: int, layers: int) -> list[Direction]:
    """The stored tensors of one layer: inputs, recurrence, biases and projection, per direction."""
    stored = list(edges_in(call.arguments["params"]))
    count = 2 if call.arguments["bidirectional"] else 1
    own_count = len(stored) // (layers * count)
    biases = 2 if call.arguments["has_biases"] else 0
    directions: list[Direction] = []
    for index in range(count):
        start = (layer * count + index) * own_count
        own = stored[start : start + own_count]
        rest = own[2 + biases :]
        suffix = f".direction{index}" if count > 1 else ""
        projection = rest[0] if rest else None
        directions.append(Direction(suffix, own[0], own[1], tuple(own[2 : 2 + biases]), projection))
    return directions


def _recurrent_cell(cell: str) -> Rule:
    def rule(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
        biases = tuple(e for name in ("b_ih", "b_hh") if (e := call.optional(name)) is not None)
        recurrent = call.edge("w_hh")
        direction = Direction("", call.edge("w_ih"), recurrent, biases)
        x, hidden = call.edge("input"), recurrent.shape[1]
        edge = add_recurrent(
            build, call.site, x, directions=[direction], cell=cell, steps=1, hidden=hidden
        )
        return tuple(edge.seen_as(shape) for shape in call.shapes)

    return rule


def _pool(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    name, x = call.site.operator, call.edge("self")
    rank = int(name[name.index("pool") + 4])
    x = _batched(x, rank)
    mode = "max" if "max" in name else "average"
    if name.startswith("adaptive"):
        outputs = call.shapes[0][-rank:]
        sizes = x.shape[-rank:]
        stride = tuple(max(1, size // out) for size, out in zip(sizes, outputs, strict=True))
        kernel = tuple(
            max(1, size - (out - 1) * step)
            for size, out, step in zip(sizes, outputs, stride, strict=True)
        )
        window = Window(kernel, stride=stride)
    else:
        window = _window(call, call.sizes("kernel_size", rank), x)
    edge = add_pool(build, call.site, x, window=window, mode=mode)
    return tuple(edge.seen_as(shape) for shape in call.shapes)


def _normalization(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    x = call.optional("input") or call.edge("self")
    per_row = call.site.operator in ("layer_norm", "rms_norm", "native_layer_norm")
    parameters = [
        (call.optional("weight"), "scale"),
        (call.optional("bias"), "bias"),
        (call.optional("running_mean"), "statistics"),
        (call.optional("running_var"), "statistics"),
    ]
    axis = len(x.shape) - 1 if per_row else 1
    edge = add_normalization(build, call.site, x, axis=axis, parameters=parameters)
    return tuple(edge.seen_as(shape) for shape in call.shapes)


def _softmax(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    return (add_softmax(build, call.site, call.edge("self")),)


def _embedding(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    return (add_embedding(build, call.site, call.edge("weight"), call.edge("indices")),)


def _concat(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    parts = list(edges_in(call.arguments["tensors"]))
    rank, axis = len(call.shapes[0]), int(call.arguments.get("dim", 0))
    axis %= rank
    if call.site.operator == "stack":
        parts = [edge.seen_as((*edge.shape[:axis], 1, *edge.shape[axis:])) for edge in parts]
    parts = [edge for edge in parts if edge.words and len(edge.shape) == rank]
    return (add_concat(build, call.site, parts, axis=axis),)


def _reduction(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    x = call.edge("self")
    if len(call.edges()) > 1:
        return _pointwise(call, build)  # torch.max of two tensors
    dim = call.arguments.get("dim")
    axes = (dim,) if isinstance(dim, int) else tuple(dim or range(len(x.shape)))
    keep = bool(call.arguments.get("keepdim"))
    inner = REDUCTIONS[call.site.operator]
    edge = add_reduction(build, call.site, x, axes=axes, keep=keep, inner=inner)
    return tuple(
        replace(edge, shape=shape, native=native)
        for shape, native in zip(call.shapes, call.natives, strict=True)
    )


def _resize(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    x = call.optional("input") or call.edge("self")
    inner = "copy" if "nearest" in call.site.operator else "multiply"
    wide = replace(x, shape=call.shapes[0])
    return (add_pointwise(build, call.site, [wide], inner=inner, kind="resize"),)


def _pointwise(call: Call, build: GraphBuilder) -> tuple[Edge, ...]:
    name = call.site.operator.strip("_")
    edges = sorted(call.edges(), key=lambda edge: edge.stored)
    action = name.split("_")[0]
    if len(edges) > 1:
        inner = {"add": "add", "sub": "add", "rsub": "add", "mul": "multiply", "div": "multiply"}
        chosen = inner.get(action, "multiply" if "addc" in name else "max")
        role = "bias" if chosen == "add" else "scale"
        role = "constant" if edges[1].words == 1 else role
        kind = "activation" if name == "prelu" else "elementwise"
    else:
        chosen = FUNCTIONS.get(name) or _INNER.get(action, "exponential")
        kind, role = "activation" if action not in _INNER else "elementwise", "constant"
    edge = add_pointwise(
        build,
        call.site,
        edges,
        inner=chosen,
        kind=kind,
        native=call.natives[0],
        keeps_width=name in ("relu", "relu6", "clamp", "hardtanh"),
        role=role,
    )
    return (edge,)


_INNER = {
    **dict.fromkeys(words("add sub rsub neg"), "add"),
    **dict.fromkeys(words("mul div square reciprocal rsqrt remainder"), "multiply"),
    **dict.fromkeys(
        words("clamp abs sign floor ceil round eq ne lt le gt ge logical bitwise"),
        "max",
    ),
    **dict.fromkeys(["where", "masked"], "copy"),
}
"""First word of a function of one tensor (and numbers) -> its inner action."""

RULES: dict[str, Rule] = {
    **dict.fromkeys(MOVES, _move),
    **dict.fromkeys(FACTORIES, _make),
    **dict.fromkeys(NOT_COUNTED, _skip),
    **dict.fromkeys(REDUCTIONS, _reduction),
    **dict.fromkeys(
        words("conv1d conv2d conv3d convolution conv_transpose1d conv_transpose2d"), _conv
    ),
    **dict.fromkeys(
        [
            f"{prefix}{mode}_pool{rank}d{suffix}"
            for prefix in ("", "adaptive_")
            for mode in ("max", "avg")
            for rank in (1, 2, 3)
            for suffix in ("", "_with_indices")
        ],
        _pool,
    ),
    **dict.fromkeys(
        words(
            "batch_norm layer_norm native_layer_norm group_norm instance_norm rms_norm "
            "_native_batch_norm_legit_no_training"
        ),
        _normalization,
    ),
    **dict.fromkeys(words("softmax log_softmax _softmax _log_softmax"), _softmax),
    **dict.fromkeys(words("cat concat concatenate stack"), _concat),
    **dict.fromkeys(
        words(
            "upsample_nearest1d upsample_nearest2d upsample_bilinear2d upsample_linear1d "
            "upsample_bicubic2d _upsample_bilinear2d_aa"
        ),
        _resize,
    ),
    **dict.fromkeys(
        words("gelu silu mish elu selu celu glu prelu rrelu threshold"),
        _pointwise,
    ),
    "linear": _linear,
    "matmul": _product("self", "other"),
    "mm": _product("self", "mat2"),
    "bmm": _product("self", "mat2"),
    "mv": _product("self", "vec"),
    "dot": _product("self", "tensor"),
    "addmm": _product("mat1", "mat2", "self"),
    "baddbmm": _product("batch1", "batch2", "self"),
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
    "embedding": _embedding,
    "lstm": _recurrent("lstm"),
    "gru": _recurrent("gru"),
    "rnn_tanh": _recurrent("rnn"),
    "rnn_relu": _recurrent("rnn"),
    "lstm_cell": _recurrent_cell("lstm"),
    "gru_cell": _recurrent_cell("gru"),
    "rnn_tanh_cell": _recurrent_cell("rnn"),
    "rnn_relu_cell": _recurrent_cell("rnn"),
}
"""Calls that are known by name."""
