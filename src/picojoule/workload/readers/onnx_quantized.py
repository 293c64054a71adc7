"""ONNX quantisation: operators that only say in which width a tensor is stored.

A quantised and dequantised tensor is the tensor itself in narrower words, so these leave no layer
behind; `Quant`, `BipolarQuant` and `Trunc` are those of QONNX.
"""

import math
from dataclasses import replace

from picojoule.workload.readers.graph import Edge, GraphBuilder
from picojoule.workload.readers.onnx_file import TYPES
from picojoule.workload.readers.onnx_node import Node, Rule
from picojoule.workload.readers.pointwise import add_pointwise


def _quantize(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    x, zero = node.edge(0), node.optional(2)
    kind = TYPES.get(node.whole("output_dtype"))
    bits = zero.native if zero is not None else kind.bits if kind else 8
    return (replace(x.stored_in(bits), native=bits, data=None),)


def _dequantize(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return (replace(node.edge(0), native=node.edge(1).native, data=None),)


def _quantize_dynamically(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = add_pointwise(build, node.site, [node.edge(0)], inner="max", kind="quantize", native=8)
    return (edge, edge.seen_as(()), edge.seen_as(()))


def _quant(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    x, operator = node.edge(0), node.site.operator
    if operator == "BipolarQuant":
        return (x.stored_in(1),)
    width = node.edge(4 if operator == "Trunc" else 3).data
    if width is None or width.size != 1 or not 1 <= float(width.ravel()[0]) <= 128:
        raise node.malformed("bit width", None if width is None else width.ravel()[:1], "1 to 128")
    return (x.stored_in(math.ceil(float(width.ravel()[0]))),)


WIDTHS: dict[str, Rule] = {
    **dict.fromkeys(("Quant", "BipolarQuant", "Trunc"), _quant),
    "QuantizeLinear": _quantize,
    "DequantizeLinear": _dequantize,
    "DynamicQuantizeLinear": _quantize_dynamically,
}
"""Operators that change widths."""
