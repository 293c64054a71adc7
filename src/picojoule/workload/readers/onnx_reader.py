"""ONNX reader: a model file becomes a network.

The nodes are walked in order with the shapes of all tensors known, so each either adds layers,
is folded away (`onnx_fold`), is listed in `network.ignored`, or is refused by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import onnx.helper
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload.network import Network
from picojoule.workload.readers.graph import Edge, GraphBuilder, Shape, Site, check_shape
from picojoule.workload.readers.onnx_arithmetic import evaluate, moved
from picojoule.workload.readers.onnx_file import (
    element_type,
    open_model,
    stored_tensor,
)
from picojoule.workload.readers.onnx_fold import MOVEMENT
from picojoule.workload.readers.onnx_inputs import Bound, Entry, bind, declared
from picojoule.workload.readers.onnx_node import Node, Setting, constant, stored_edge
from picojoule.workload.readers.onnx_operators import (
    COMPUTE,
    MULTIPLY_ACCUMULATE,
    NOT_COUNTED,
)
from picojoule.workload.readers.onnx_order import infer, names_read, ordered, weight_names

STANDARD = ("", "ai.onnx")
FOREIGN = {
    "com.microsoft": ("Gelu", "FastGelu", "QuickGelu", "QuantizeLinear", "DequantizeLinear"),
    **dict.fromkeys(
        ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas"),
        ("Quant", "BipolarQuant", "Trunc"),
    ),
}
"""Operators of other domains that are known to mean the same as ours."""

INCONSISTENT = (
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    OverflowError,
    ZeroDivisionError,
    UnicodeDecodeError,
)
"""What a rule stumbles over where a file contradicts itself."""


def read_onnx(
    path: str | Path,
    *,
    batch: int | None = None,
    inputs: Mapping[str, Shape] | None = None,
    bits: int | None = None,
) -> Network:
    """Read an ONNX model.

    Args:
        path: The file; external data is read only inside its folder.
        batch: Leading size of the inputs; None keeps the file's, and takes 1 for a symbolic batch.
        inputs: Whole shapes of some inputs, by name, for other symbolic sizes.
        bits: Width of floating-point words; None keeps the file's. Quantised tensors keep theirs.

    Returns:
        The network. Reshapes and casts are folded away; what is not understood and does no
        multiply-accumulate is listed in `network.ignored`.

    Raises:
        WorkloadError: The file is missing, damaged or contradicts itself, or a size is missing.
        Unsupported: It holds an operator that may multiply and is not known; `got` names it.
    """
    file = Path(path)
    model = open_model(file)
    try:
        return _Walk(model, file, bits).run(batch, dict(inputs or {}))
    except INCONSISTENT as error:
        raise WorkloadError(
            "model contradicts itself",
            where=str(file),
            got=f"{type(error).__name__}: {error}",
            expected="a valid ONNX model",
            fix="check it with onnx.checker, and export it again",
        ) from error


@dataclass(slots=True)
class _Walk:
    """One pass over the nodes of a model."""

    model: ModelProto
    path: Path
    bits: int | None
    build: GraphBuilder = field(init=False)
    edges: dict[str, Edge] = field(init=False, default_factory=dict[str, Edge])
    lost: dict[str, str] = field(init=False, default_factory=dict[str, str])
    stored: dict[str, TensorProto] = field(init=False, default_factory=dict[str, TensorProto])
    bound: Bound = field(init=False, default_factory=lambda: Bound({}))
    opset: int = field(init=False, default=0)
    guesses: dict[str, Shape] | None = field(init=False, default=None)

    def run(self, batch: int | None, given: Mapping[str, Shape]) -> Network:
        """The network."""
        graph = self.model.graph
        self.build = GraphBuilder(self.path.stem, source=str(self.path), bits=self.bits)
        versions = [item.version for item in self.model.opset_import if item.domain in STANDARD]
        self.opset = max(versions, default=0)
        if not 1 <= self.opset < 1000:
            raise WorkloadError(
                "model names no version of the operators",
                where=str(self.path),
                got=f"opset {self.opset}" if versions else "no opset_import",
                expected="an opset_import of the standard operators",
                fix="export the model again",
            )
        self.stored = {tensor.name: tensor for tensor in graph.initializer}
        nodes = ordered(graph, str(self.path))
        self._enter(graph, nodes, batch, given)
        for index, proto in enumerate(nodes):
            self._step(proto, index)
        outputs = [self.edges[info.name] for info in graph.output if info.name in self.edges]
        return self.build.finish(outputs)

    def _enter(
        self,
        graph: GraphProto,
        nodes: Sequence[NodeProto],
        batch: int | None,
        given: Mapping[str, Shape],
    ) -> None:
        """Declare the inputs: data as values, weights without values as stored tensors."""
        where = str(self.path)
        infos = [info for info in graph.input if info.name not in self.stored]
        read = names_read(nodes) | {info.name for info in graph.output}
        absent = weight_names(nodes, [info.name for info in infos[1:]])
        entries: list[Entry] = []
        for info in infos:
            entry = declared(info, where)
            shape = given.get(info.name)
            if entry is None and (shape is not None or info.name in read):
                kind = info.type.tensor_type.elem_type
                entry = Entry(info.name, self._shapeless(info.name, shape), kind)
            if entry is not None and info.name in absent:
                self._enter_absent(entry)
            elif entry is not None:
                entries.append(entry)
        self.bound = bind(entries, batch=batch, given=given, where=where)
        for entry in entries:
            kind = element_type(entry.type, f"{where}: input {entry.name!r}")
            width = self.build.width(kind.bits, is_float=kind.is_float)
            if entry.name not in read:
                self.build.ignore(entry.name, "input", "no node reads it")
                continue
            self.edges[entry.name] = self.build.add_input(
                entry.name, self.bound.shapes[entry.name], bits=width
            )

    def _shapeless(self, name: str, shape: Shape | None) -> Shape:
        if shape is None:
            raise WorkloadError(
                "input has no shape",
                where=f"{self.path}: input {name!r}",
                got="a tensor of any shape",
                expected="a shape",
                fix=f"give it: inputs={{{name!r}: (...)}}",
            )
        return shape

    def _enter_absent(self, entry: Entry) -> None:
        """A graph input that only serves as weights: stored, its numbers left out of the file."""
        where = f"{self.path}: input {entry.name!r}"
        kind = element_type(entry.type, where)
        bits = self.build.width(kind.bits, is_float=kind.is_float)
        sizes = tuple(size for size in entry.sizes if isinstance(size, int))
        if len(sizes) != len(entry.sizes):
            raise WorkloadError(
                "weights have no full shape",
                where=where,
                got=entry.sizes,
                expected="a number for each axis",
                fix="export the model with its weights",
            )
        shape = check_shape(sizes, where, lowest=1)
        self.build.declare(entry.name, shape)
        self.build.ignore(entry.name, "input", "read as stored weights without values")
        self.edges[entry.name] = Edge(entry.name, shape, bits, bits, stored=True)

    def _step(self, proto: NodeProto, index: int) -> None:
        """Read one node."""
        outputs = tuple(
            output or f"{proto.name or proto.op_type}~{index}.{place}"
            for place, output in enumerate(proto.output)
        )
        name = proto.name or (outputs[0] if outputs else f"{proto.op_type}~{index}")
        where = f"{self.path}: node {name!r} ({proto.op_type})"
        site = Site(name, proto.op_type, where, outputs)
        try:
            self._check_operator(proto, site)
            missing = [name for name in proto.input if name in self.lost]
            if missing and not self._lose(site, missing[0]):
                return
            if proto.op_type in NOT_COUNTED:
                self._skip(proto, site)
                return
            node = self._node(proto, site)
            self._keep(site, self._result(node))
        except INCONSISTENT as error:
            raise WorkloadError(
                "operator does not fit its inputs",
                where=where,
                got=f"{type(error).__name__}: {error}",
                expected=f"inputs and attributes of {proto.op_type} at opset {self.opset}",
                fix="check the model with onnx.checker, and export it again",
            ) from error

    def _check_operator(self, proto: NodeProto, site: Site) -> None:
        """Refuse what is not known and may multiply."""
        operator, domain = proto.op_type, proto.domain
        known = operator in COMPUTE or operator in MOVEMENT or operator in NOT_COUNTED
        if (known and domain in STANDARD) or operator in FOREIGN.get(domain, ()):
            return
        branches = operator in ("If", "Loop", "Scan")
        raise Unsupported(
            "operator is not supported",
            where=site.where,
            got=f"{domain}:{operator}" if domain not in STANDARD else operator,
            expected="control flow that is decided in the file" if branches else "a known operator",
            fix="export with fixed shapes and without loops, so that no control flow is left"
            if branches
            else "replace it by standard operators before exporting",
        )

    def _lose(self, site: Site, source: str) -> bool:
        """Refuse to multiply what is unknown; list the rest. Returns whether to go on."""
        if site.operator in MULTIPLY_ACCUMULATE:
            raise Unsupported(
                "shape depends on the data",
                where=site.where,
                got=f"{site.operator} on the result of {self.lost[source]}",
                expected="shapes that follow from the shapes of the inputs",
                fix="export the part of the model before this operator",
            )
        self.build.ignore(site.name, site.operator, f"needs the result of {self.lost[source]}")
        self.lost.update(dict.fromkeys(site.outputs, self.lost[source]))
        return False

    def _skip(self, proto: NodeProto, site: Site) -> None:
        """List an operator without multiply-accumulates, and keep its results where possible."""
        self.build.ignore(site.name, site.operator, "no multiply-accumulates; not counted")
        sources = [edge for name in proto.input if name and (edge := self._edge(name))]
        lead = next((edge for edge in sources if not edge.stored), None)
        for output in site.outputs:
            shape = self._inferred(output)
            if lead is None or shape is None:
                self.lost[output] = site.operator
            else:
                self.edges[output] = lead.seen_as(shape)

    def _node(self, proto: NodeProto, site: Site) -> Node:
        return Node(
            site,
            self.opset,
            tuple(self._edge(name) if name else None for name in proto.input),
            {item.name: self._setting(item, site.where) for item in proto.attribute},
            self._inferred,
            self.bound.rescale,
        )

    def _edge(self, name: str) -> Edge:
        """An edge by name; constants of the file are read when they are first used."""
        if name not in self.edges:
            where = f"{self.path}: tensor {name!r}"
            tensor = stored_tensor(self.stored[name], self.path.parent, where)
            self.edges[name] = stored_edge(self.build, name, tensor)
        return self.edges[name]

    def _setting(self, item: AttributeProto, where: str) -> Setting:
        """An attribute as a plain value."""
        place = f"{where}, attribute {item.name!r}"
        if item.type == AttributeProto.TENSOR:
            return stored_tensor(item.t, self.path.parent, place)
        value: int | float | bytes | list[Any] = onnx.helper.get_attribute_value(item)
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, (int, float)):
            return value
        if item.type not in (AttributeProto.INTS, AttributeProto.FLOATS, AttributeProto.STRINGS):
            raise Unsupported(
                "attribute is not supported",
                where=place,
                got=AttributeProto.AttributeType.Name(item.type),
                expected="numbers, text or a tensor",
                fix="export the model without control flow and sparse tensors",
            )
        plain = [
            part.decode("utf-8", "replace") if isinstance(part, bytes) else part for part in value
        ]
        return tuple(plain)

    def _result(self, node: Node) -> tuple[Edge, ...]:
        """What the rule of the node's operator makes of it."""
        operator = node.site.operator
        present = [edge for edge in node.inputs if edge is not None]
        if operator in MOVEMENT:
            return moved(node, MOVEMENT[operator](node, self.build))
        data = evaluate(node, present) if all(edge.stored for edge in present) else None
        if data is not None:
            return (constant(node.site.outputs[0], data),)
        if not present or not all(edge.stored for edge in present):
            return COMPUTE[operator](node, self.build)
        return self._computed_before(node)

    def _computed_before(self, node: Node) -> tuple[Edge, ...]:
        """A node on constants alone: computed once, before the network runs."""
        scratch = self.build.scratch()
        edges = COMPUTE[node.site.operator](node, scratch)
        if scratch.macs:
            reason = f"computed once from constants, {scratch.macs} multiply-accumulates"
            self.build.ignore(node.site.name, node.site.operator, reason)
        self.build.adopt_shapes(scratch)
        return tuple(replace(edge, stored=True) for edge in edges)

    def _keep(self, site: Site, results: tuple[Edge, ...]) -> None:
        for place, output in enumerate(site.outputs):
            if place < len(results):
                check_shape(results[place].shape, site.where)
                self.edges[output] = results[place]
            else:
                self.lost[output] = site.operator

    def _inferred(self, name: str) -> Shape | None:
        """What ONNX's own shape inference makes of a tensor, run once when it is first needed."""
        if self.guesses is None:
            self.guesses = dict(infer(self.model, self.bound.shapes))
        return self.guesses.get(name)
