"""ONNX graphs: their nodes in order, the names they read, and the shapes onnx itself infers."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto

from picojoule.errors import WorkloadError
from picojoule.workload.readers.graph import Shape
from picojoule.workload.readers.onnx_operators import PARAMETER_INPUTS

LARGEST_INFERENCE_WORDS = 1024
"""Constants above this are hidden from the inference: they are weights, not shapes."""


def ordered(graph: GraphProto, where: str) -> list[NodeProto]:
    """The nodes, each after those it reads from.

    Raises:
        WorkloadError: Two nodes make the same tensor, one is made by nobody, or a cycle.
    """
    made = {info.name for info in graph.input} | {tensor.name for tensor in graph.initializer}
    maker: dict[str, int] = {}
    for index, node in enumerate(graph.node):
        for output in filter(None, node.output):
            if output in maker or output in made:
                raise WorkloadError(
                    "tensor is made twice",
                    where=f"{where}: node {node.name or output!r} ({node.op_type})",
                    got=f"a second tensor {output!r}",
                    expected="each name once",
                    fix="export the model again",
                )
            maker[output] = index
    waits = [
        {maker[name] for name in node.input if name and name not in made and name in maker}
        for node in graph.node
    ]
    for node in graph.node:
        for name in filter(None, node.input):
            if name not in made and name not in maker:
                raise _dangling(name, f"{where}: node {node.name!r} ({node.op_type})")
    for info in graph.output:
        if info.name not in made and info.name not in maker:
            raise _dangling(info.name, f"{where}: output {info.name!r}")
    return [graph.node[index] for index in _sorted(graph, waits, where)]


def _sorted(graph: GraphProto, waits: Sequence[set[int]], where: str) -> list[int]:
    """Indices in an order in which nothing waits; the file's own order where that is one."""
    readers: list[list[int]] = [[] for _ in waits]
    for index, sources in enumerate(waits):
        for source in sources:
            readers[source].append(index)
    left = [len(sources) for sources in waits]
    if all(source < index for index, sources in enumerate(waits) for source in sources):
        return list(range(len(waits)))
    ready = [index for index in reversed(range(len(waits))) if not left[index]]
    order: list[int] = []
    while ready:
        index = ready.pop()
        order.append(index)
        for reader in readers[index]:
            left[reader] -= 1
            if not left[reader]:
                ready.append(reader)
    if len(order) < len(waits):
        stuck = next(index for index, count in enumerate(left) if count)
        node = graph.node[stuck]
        raise WorkloadError(
            "graph has a cycle",
            where=f"{where}: node {node.name or stuck!r} ({node.op_type})",
            got="a node that needs its own result",
            expected="a graph without cycles",
            fix="export recurrence as LSTM, GRU or RNN, or unrolled",
        )
    return order


def _dangling(name: str, where: str) -> WorkloadError:
    return WorkloadError(
        "tensor is made by nobody",
        where=where,
        got=f"tensor {name!r}",
        expected="the name of an input, a constant or a node's output",
        fix="export the model again; a part of it is missing",
    )


def names_read(nodes: Sequence[NodeProto]) -> set[str]:
    """Every tensor that a node reads."""
    return {name for node in nodes for name in node.input}


def weight_names(nodes: Sequence[NodeProto], candidates: Sequence[str]) -> set[str]:
    """Graph inputs that every reader takes as weights."""
    as_weights: dict[str, bool] = {}
    for node in nodes:
        places = PARAMETER_INPUTS.get(node.op_type, ())
        for place, name in enumerate(node.input):
            as_weights[name] = as_weights.get(name, True) and place in places
    return {name for name in candidates if as_weights.get(name, False)}


def infer(model: ModelProto, shapes: Mapping[str, Shape]) -> Iterator[tuple[str, Shape]]:
    """Full shapes from ONNX's inference, on a copy without weights and with our input shapes."""
    light = ModelProto()
    light.CopyFrom(model)
    for tensor in light.graph.initializer:
        if int(np.prod([*tensor.dims], dtype=np.float64)) > LARGEST_INFERENCE_WORDS:
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
    for info in light.graph.input:
        for dim, size in zip(
            info.type.tensor_type.shape.dim, shapes.get(info.name, ()), strict=False
        ):
            dim.dim_value = size
    try:
        inferred = onnx.shape_inference.infer_shapes(light, data_prop=True)
    except (RuntimeError, ValueError):
        return
    for info in (*inferred.graph.value_info, *inferred.graph.output):
        dims = info.type.tensor_type.shape.dim
        known = info.type.HasField("tensor_type") and info.type.tensor_type.HasField("shape")
        if known and all(dim.HasField("dim_value") for dim in dims):
            yield info.name, tuple(dim.dim_value for dim in dims)
