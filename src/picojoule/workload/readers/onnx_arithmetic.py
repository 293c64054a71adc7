"""ONNX arithmetic on what is known before the network runs: shapes and small constants.

Only operators that exporters use to compute shapes are followed, on at most
`LARGEST_DATA_WORDS` numbers; anything else keeps its shape and loses its numbers.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from picojoule.workload.readers.graph import Edge
from picojoule.workload.readers.onnx_file import LARGEST_DATA_WORDS, TYPES
from picojoule.workload.readers.onnx_node import Data, Node
from picojoule.workload.readers.pointwise import broadcast


def _divide(a: Data, b: Data) -> Data:
    if a.dtype.kind in "iu" and b.dtype.kind in "iu":
        return np.where(b == 0, 0, np.trunc(a / np.where(b == 0, 1, b))).astype(a.dtype)
    return np.divide(a, b)


def _reduce(function: Callable[..., Any]) -> Callable[..., Any]:
    def evaluate(node: Node, data: Data, *_: Data) -> Any:
        axes = node.ints("axes", 1)
        keep = bool(node.whole("keepdims", 1))
        return function(data, axis=axes, keepdims=keep)

    return evaluate


ARITHMETIC: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": _divide,
    "Mod": np.mod,
    "Pow": np.power,
    "Neg": np.negative,
    "Abs": np.abs,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Round": np.round,
    "Sqrt": np.sqrt,
    "Reciprocal": np.reciprocal,
    "Min": lambda *parts: np.minimum.reduce(np.broadcast_arrays(*parts)),
    "Max": lambda *parts: np.maximum.reduce(np.broadcast_arrays(*parts)),
    "Equal": np.equal,
    "Less": np.less,
    "Greater": np.greater,
    "LessOrEqual": np.less_equal,
    "GreaterOrEqual": np.greater_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Not": np.logical_not,
    "Where": np.where,
}
"""Element-wise operators that are followed on known numbers."""


def _identity(node: Node, data: Data) -> Data:
    return data


def _cast(node: Node, data: Data) -> Data:
    kind = TYPES.get(node.whole("to"))
    return data.astype(kind.numpy) if kind and kind.numpy else data


def _gather(node: Node, data: Data, rows: Data) -> Any:
    return np.take(data, rows.astype(np.int64), axis=node.whole("axis"))


def _concat(node: Node, *parts: Data) -> Any:
    return np.concatenate(parts, axis=node.whole("axis"))


def _transpose(node: Node, data: Data) -> Any:
    return np.transpose(data, node.ints("perm"))


ARRANGEMENT: dict[str, Callable[..., Any]] = {
    "Identity": _identity,
    "Cast": _cast,
    "Gather": _gather,
    "Concat": _concat,
    "Transpose": _transpose,
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
}
"""Other operators that are followed on known numbers, by (node, *data)."""

SHAPED = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")
"""Operators that give their numbers another shape and nothing else."""


def moved(node: Node, edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """The results of a rule of `MOVEMENT`, with their numbers where these are followed."""
    source, result = node.optional(0), edges[0]
    if source is None or not all(edge.stored for edge in node.inputs if edge is not None):
        return edges
    data = evaluate(node, [edge for edge in node.inputs if edge is not None])
    if source.data is not None and node.site.operator in SHAPED:
        data = source.data.reshape(result.shape)
    elif (
        source.data is not None
        and node.site.operator == "Expand"
        and result.words <= LARGEST_DATA_WORDS
    ):
        data = np.broadcast_to(source.data, result.shape)
    if data is None or data.shape != result.shape:
        return edges
    return (replace(result, data=data), *edges[1:])


def evaluate(node: Node, edges: Sequence[Edge]) -> Data | None:
    """The result of a node on known numbers, or None where it is not followed."""
    operator, arrays = node.site.operator, [edge.data for edge in edges]
    known = [data for data in arrays if data is not None]
    if len(known) != len(arrays) or not known:
        return None
    with np.errstate(all="ignore"):
        if operator in ARITHMETIC:
            shape = broadcast([data.shape for data in known], node.site.where)
            if math.prod(shape) <= LARGEST_DATA_WORDS:
                return np.asarray(ARITHMETIC[operator](*known))
        if operator in ARRANGEMENT:
            result = np.asarray(ARRANGEMENT[operator](node, *known))
            return result if result.size <= LARGEST_DATA_WORDS else None
        if operator == "Slice":
            return _sliced(node, known[0])
    return None


def _sliced(node: Node, data: Data) -> Data:
    starts, ends = node.ints("starts", 1) or (), node.ints("ends", 2) or ()
    axes = node.ints("axes", 3) or tuple(range(len(starts)))
    steps = node.ints("steps", 4) or (1,) * len(starts)
    chosen = [slice(None)] * data.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        chosen[node.axis(axis, data.ndim)] = slice(start, end, step)
    return data[tuple(chosen)]
