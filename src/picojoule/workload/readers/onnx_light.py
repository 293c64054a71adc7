"""ONNX operators without multiply-accumulates: which layers each of them is."""

import math
from dataclasses import replace

from picojoule.errors import WorkloadError
from picojoule.workload.readers.graph import Edge, GraphBuilder, check_shape
from picojoule.workload.readers.onnx_node import Node, Rule
from picojoule.workload.readers.pointwise import (
    add_concat,
    add_local_response,
    add_normalization,
    add_pointwise,
    add_reduction,
    add_softmax,
)

UNARY = {
    **dict.fromkeys(
        (
            "Relu",
            "LeakyRelu",
            "ThresholdedRelu",
            "HardSigmoid",
            "Clip",
            "Abs",
            "Sign",
            "Shrink",
            "Floor",
            "Ceil",
            "Round",
            "Not",
            "IsNaN",
            "IsInf",
            "BitwiseNot",
        ),
        "max",
    ),
    **dict.fromkeys(
        (
            "Elu",
            "Selu",
            "Celu",
            "Sigmoid",
            "Tanh",
            "Softplus",
            "Softsign",
            "Gelu",
            "FastGelu",
            "QuickGelu",
            "BiasGelu",
            "Mish",
            "Swish",
            "Erf",
            "Exp",
            "Log",
            "Sin",
            "Cos",
            "Tan",
            "Sinh",
            "Cosh",
            "Asin",
            "Acos",
            "Atan",
            "Asinh",
            "Acosh",
            "Atanh",
        ),
        "exponential",
    ),
    **dict.fromkeys(("HardSwish", "Sqrt", "Reciprocal"), "multiply"),
    **dict.fromkeys(("Neg", "CumSum"), "add"),
}
"""Functions of one tensor -> their inner action."""

BINARY = {
    **dict.fromkeys(("Add", "Sub", "Sum", "Mean"), "add"),
    **dict.fromkeys(("Mul", "Div", "Mod", "PRelu"), "multiply"),
    **dict.fromkeys(("Min", "Max"), "max"),
    **dict.fromkeys(("BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Where"), "copy"),
    "Pow": "exponential",
}
"""Functions of two and more tensors -> their inner action."""

COMPARISONS = ("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual", "And", "Or", "Xor")

REDUCTIONS = {
    **dict.fromkeys(("ReduceSum", "ReduceMean", "ReduceL1", "ReduceLogSum"), "add"),
    **dict.fromkeys(("ReduceMax", "ReduceMin", "ArgMax", "ArgMin"), "max"),
    **dict.fromkeys(("ReduceSumSquare", "ReduceL2", "ReduceProd"), "multiply"),
    "ReduceLogSumExp": "exponential",
}
"""Reductions -> their inner action."""


def _unary(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    operator = node.site.operator
    edge = add_pointwise(
        build,
        node.site,
        [node.edge(0)],
        inner=UNARY[operator],
        kind="activation",
        native=8 if operator in ("IsNaN", "IsInf", "Not") else None,
        keeps_width=operator in ("Relu", "Clip"),
    )
    return (edge,)


def _binary(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    operator = node.site.operator
    edges = [edge for edge in node.inputs if edge is not None]
    edges.sort(key=lambda edge: edge.stored)  # the stored operand is the second one
    if not edges:
        raise node.malformed("inputs", 0, "at least one input")
    native = 8 if operator in COMPARISONS else max(edge.native for edge in edges[:1])
    inner = BINARY.get(operator, "max")
    kind = "activation" if operator == "PRelu" else "elementwise"
    if operator == "Where" or len(edges) == 1:
        return (add_pointwise(build, node.site, edges, inner=inner, kind=kind, native=native),)
    edge = edges[0]
    for number, other in enumerate(edges[1:], start=2):
        last = number == len(edges)
        outputs = node.site.outputs if last else (f"{node.site.outputs[0]}.partial{number}",)
        name = node.site.name if last else f"{node.site.name}.partial{number}"
        site = replace(node.site, name=name, outputs=outputs)
        role = "constant" if other.words == 1 else "bias" if inner == "add" else "scale"
        edge = add_pointwise(
            build, site, [edge, other], inner=inner, kind=kind, native=native, role=role
        )
    return (edge,)


def _normalization(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    x, operator = node.edge(0), node.site.operator
    per_row = operator in ("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
    axis = node.axis(node.whole("axis", -1), len(x.shape)) if per_row else 1
    if len(x.shape) < 2:
        raise node.malformed("input", x.shape, "at least two axes")
    roles = ("scale", "bias", "statistics", "statistics")
    count = 0 if operator in ("MeanVarianceNormalization", "LpNormalization") else 4
    parameters = [(node.optional(index + 1), role) for index, role in enumerate(roles[:count])]
    if operator == "BatchNormalization":
        for edge, role in parameters:
            if edge is not None and edge.words != x.shape[1]:
                raise WorkloadError(
                    "parameter does not fit its input",
                    where=node.site.where,
                    got=f"{edge.words} numbers of {role} for input {x.shape}",
                    expected=f"{x.shape[1]}, one per channel",
                    fix="correct the parameter, or the shape of the input",
                )
    scaled = axis if not per_row else len(x.shape) - 1
    return (add_normalization(build, node.site, x, axis=scaled, parameters=parameters),)


def _lrn(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return (add_local_response(build, node.site, node.edge(0), window=node.whole("size", 1)),)


def _softmax(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return (add_softmax(build, node.site, node.edge(0)),)


def _concat(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    parts = [edge for edge in node.inputs if edge is not None]
    rank = len(parts[0].shape) if parts else 0
    axis = node.axis(node.whole("axis", 1), rank)
    parts = [part for part in parts if part.words] or parts
    return (add_concat(build, node.site, parts, axis=axis),)


def _reduction(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    x, operator = node.edge(0), node.site.operator
    rank, keep = len(x.shape), bool(node.whole("keepdims", 1))
    if operator.startswith("Arg"):
        axes: tuple[int, ...] = (node.whole("axis"),)
    else:
        axes = node.ints("axes", 1) or ()
        if not axes and node.whole("noop_with_empty_axes"):
            return (x,)
        axes = axes or tuple(range(rank))
    axes = tuple(node.axis(axis, rank) for axis in axes)
    edge = add_reduction(build, node.site, x, axes=axes, keep=keep, inner=REDUCTIONS[operator])
    return (replace(edge, native=64) if operator.startswith("Arg") else edge,)


def _resize(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    x, rank = node.edge(0), len(node.edge(0).shape)
    sizes = node.ints("sizes", 3)
    if not sizes:
        place = 2 if node.site.operator == "Resize" and node.opset >= 11 else 1
        held = node.optional(place)
        scales = node.settings.get("scales") or (
            None if held is None or held.data is None else tuple(held.data.ravel().tolist())
        )
        if not isinstance(scales, tuple):
            raise node.unknown("scales")
        axes = node.ints("axes") or tuple(range(rank))
        if len(scales) != len(axes) or not all(0 < float(scale) < 2**20 for scale in scales):
            raise node.malformed("scales", scales, f"{len(axes)} positive numbers")
        sizes = list(x.shape)
        for axis, scale in zip(axes, scales, strict=True):
            sizes[node.axis(axis, rank)] = math.floor(x.shape[axis] * float(scale))
    shape = check_shape(tuple(sizes), node.site.where, lowest=1)
    inner = "copy" if node.text("mode", "nearest") == "nearest" else "multiply"
    wide = replace(x, shape=shape)
    return (add_pointwise(build, node.site, [wide], inner=inner, kind="resize"),)


LIGHT: dict[str, Rule] = {
    **dict.fromkeys(UNARY, _unary),
    **dict.fromkeys((*BINARY, *COMPARISONS), _binary),
    **dict.fromkeys(REDUCTIONS, _reduction),
    **dict.fromkeys(
        (
            "BatchNormalization",
            "LayerNormalization",
            "InstanceNormalization",
            "GroupNormalization",
            "RMSNormalization",
            "SimplifiedLayerNormalization",
            "MeanVarianceNormalization",
            "LpNormalization",
        ),
        _normalization,
    ),
    **dict.fromkeys(("Softmax", "LogSoftmax", "Hardmax"), _softmax),
    **dict.fromkeys(("Resize", "Upsample"), _resize),
    "LRN": _lrn,
    "Concat": _concat,
}
"""Operators that are counted by other actions than multiply-accumulates."""
