"""Graph: what a reader knows while it reads, and the network that comes out of it.

A reader walks the nodes of a source in order. Each tensor of the source is an `Edge`: it names the
network value whose data it carries, so that reshapes and slices leave no layer behind. Constants
are edges too: stored ones become parameters where a layer uses them, small ones keep their numbers
so that shape arithmetic can be followed.
"""

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from picojoule.errors import WorkloadError
from picojoule.workload.network import Attribute, Ignored, Layer, Network, Parameter, Value
from picojoule.workload.operation import Operation

Shape = tuple[int, ...]
LARGEST_TENSOR_WORDS = 2**37
"""Elements one tensor may claim: 1000 times the largest weight matrix in use today."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One tensor of the source.

    Args:
        value: The network value, or the stored tensor, whose data it carries.
        shape: As the source sees it here; reshapes change it, `value` stays.
        bits: Width in which a word is really stored: a dequantised int8 tensor has 8.
        native: Width of the element type that the source gives it here.
        stored: Whether it is known before the network runs (weights, constants).
        data: The numbers, where they are few enough to matter for shapes.
        flaw: "NaN" or "infinite" where the stored numbers hold such a thing.
    """

    value: str
    shape: Shape
    bits: int
    native: int
    stored: bool = False
    data: NDArray[np.generic] | None = None
    flaw: str = ""

    @property
    def words(self) -> int:
        """Elements of the tensor."""
        return math.prod(self.shape)

    def seen_as(self, shape: Shape, *, data: NDArray[np.generic] | None = None) -> "Edge":
        """The same data under another shape."""
        return replace(self, shape=shape, data=data)

    def stored_in(self, bits: int) -> "Edge":
        """The same data in narrower words; words never become wider by a cast."""
        return replace(self, bits=min(bits, self.bits))


@dataclass(frozen=True, slots=True)
class Site:
    """The node being read: how its layer is called, what it makes, and where a user finds it."""

    name: str
    operator: str
    where: str
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """What a layer reads.

    Args:
        edge: The tensor.
        tensor: Name of the operation's tensor that it is; "" if the operation has none for it.
        role: The parameter's role, where the edge is stored.
    """

    edge: Edge
    tensor: str = "inputs"
    role: str = "weights"


class GraphBuilder:
    """Collects layers, values and what was ignored, and joins them to a `Network`."""

    def __init__(self, name: str, *, source: str, bits: int | None = None) -> None:
        self.name = name
        self.source = source
        self.bits = bits
        self._shapes: dict[str, Shape] = {}
        self._layers: list[Layer] = []
        self._values: dict[str, Value] = {}
        self._inputs: list[str] = []
        self._ignored: list[Ignored] = []
        self._names: set[str] = set()
        self._read_bits: dict[str, int] = {}

    @property
    def macs(self) -> int:
        """Multiply-accumulates so far."""
        return sum(layer.macs for layer in self._layers)

    def scratch(self) -> "GraphBuilder":
        """An empty builder, for what is computed from constants alone."""
        return GraphBuilder(self.name, source=self.source, bits=self.bits)

    def width(self, bits: int, *, is_float: bool) -> int:
        """Width of an element type; of numbers with a point, the one asked for if any."""
        return self.bits if is_float and self.bits is not None else bits

    def declare(self, name: str, shape: Shape) -> None:
        """Say how a stored tensor lies in memory, however a layer may see it."""
        self._shapes[name] = shape

    def adopt_shapes(self, other: "GraphBuilder") -> None:
        """Take over what another builder knows of stored tensors and its results."""
        self._shapes.update(other._shapes)
        self._shapes.update({name: value.shape for name, value in other._values.items()})

    def add_input(self, name: str, shape: Shape, *, bits: int) -> Edge:
        """Declare a tensor that enters the network."""
        check_shape(shape, f"{self.source}: input {name!r}", lowest=1)
        self._values[name] = Value(name, shape, bits)
        self._inputs.append(name)
        return Edge(name, shape, bits, bits)

    def add_layer(
        self,
        operation: Operation,
        operands: Sequence[Operand],
        *,
        output: str,
        shape: Shape,
        native: int,
        bits: int | None = None,
        attributes: Mapping[str, Attribute] | None = None,
        repeats: int = 1,
    ) -> Edge:
        """Append a layer.

        Args:
            operation: What it computes; its bits are set here from the operands.
            operands: What it reads: stored edges become parameters, others inputs.
            output: Name of the value it makes.
            shape: Of that value.
            native: Width of the element type of the result.
            bits: Width of the result where it is known to be narrower.
            attributes, repeats: Of the `Layer`.

        Returns:
            The edge of the result.
        """
        name = self.unique(operation.name)
        check_shape(shape, f"{self.source}: {name!r}", lowest=1)
        self._names.add(name)
        output = _fresh(output, self._values)
        width = min(native, bits or native)
        inputs: list[str] = []
        parameters: dict[str, Parameter] = {}
        for operand in operands:
            edge = operand.edge
            if edge.stored:
                self._refuse_flaw(operand, name)
                role = operand.role
                shape_held = self._shapes.get(edge.value, edge.shape)
                parameters[edge.value] = Parameter(edge.value, shape_held, edge.bits, role)
            else:
                inputs.append(edge.value)
                self.note_read(edge)
        self._values[output] = Value(output, shape, width)
        self._layers.append(
            Layer(
                name,
                _with_bits(replace(operation, name=name), operands, width),
                tuple(inputs),
                (output,),
                tuple(parameters.values()),
                dict(attributes or {}),
                repeats,
            )
        )
        return Edge(output, shape, width, native)

    def note_read(self, edge: Edge) -> None:
        """Remember in which width a value is read; the widest reader decides how it is stored."""
        self._read_bits[edge.value] = max(edge.bits, self._read_bits.get(edge.value, 0))

    def ignore(self, name: str, operator: str, reason: str) -> None:
        """List something that the network does not represent."""
        self._ignored.append(Ignored(name, operator, reason))

    def unique(self, name: str) -> str:
        """`name`, or with a suffix where a layer of that name exists already."""
        return _fresh(name, self._names)

    def finish(self, outputs: Iterable[Edge]) -> Network:
        """Close the graph.

        Raises:
            WorkloadError: Nothing in it computes anything.
        """
        edges = [edge for edge in outputs if not edge.stored]
        for edge in edges:
            self.note_read(edge)
        if not self._layers:
            raise WorkloadError(
                "network computes nothing",
                where=self.source,
                got=f"{len(self._ignored)} nodes ignored, no layer",
                expected="at least one operation on the network's inputs",
                fix="check that this is the file of a whole network",
            )
        multiplied = {
            parameter.name
            for layer in self._layers
            for parameter in layer.parameters
            if parameter.role == "weights"
        }
        values = {
            name: replace(value, bits=min(value.bits, self._read_bits.get(name, value.bits)))
            for name, value in self._values.items()
        }
        return Network(
            self.name,
            tuple(_settle(layer, values, multiplied) for layer in self._layers),
            values,
            tuple(self._inputs),
            tuple(dict.fromkeys(edge.value for edge in edges)),
            tuple(self._ignored),
            self.source,
        )

    def _refuse_flaw(self, operand: Operand, layer: str) -> None:
        """Infinity is legitimate in a mask or a clip, not in weights; NaN nowhere."""
        flaw = operand.edge.flaw
        if flaw == "NaN" or (flaw and operand.role in ("weights", "scale", "statistics")):
            raise WorkloadError(
                "weights are not finite",
                where=f"{self.source}: tensor {operand.edge.value!r} of layer {layer!r}",
                got=f"at least one value is {flaw}",
                expected="finite numbers",
                fix="export the model again from a checkpoint that has not diverged",
            )


def check_shape(shape: Shape, where: str, *, lowest: int = 0) -> Shape:
    """Refuse sizes below `lowest`, and tensors that no machine holds."""
    for axis, size in enumerate(shape):
        if size < lowest:
            raise WorkloadError(
                "dimension has no valid size",
                where=f"{where}, axis {axis}",
                got=f"{size} in shape {shape}",
                expected=f"at least {lowest}",
                fix="correct the shape in the model, or give the input's shape yourself",
            )
    if math.prod(shape) > LARGEST_TENSOR_WORDS:
        raise WorkloadError(
            "tensor is too large",
            where=where,
            got=f"{math.prod(shape)} elements, shape {shape}",
            expected=f"at most {LARGEST_TENSOR_WORDS} elements",
            fix="check for a size with too many digits, or lower the batch",
        )
    return shape


def _fresh(name: str, taken: Container[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}~{number}"
    return candidate


def _with_bits(operation: Operation, operands: Sequence[Operand], width: int) -> Operation:
    """The operation with the width of each of its tensors."""
    bits: dict[str, int] = {}
    for operand in operands:
        bits[operand.tensor] = max(operand.edge.bits, bits.get(operand.tensor, 0))
    tensors = tuple(
        replace(tensor, bits=width if tensor.is_output else bits.get(tensor.name, tensor.bits))
        for tensor in operation.tensors
    )
    return replace(operation, tensors=tensors)


def _settle(layer: Layer, values: Mapping[str, Value], multiplied: set[str]) -> Layer:
    """The layer with its result in the width in which that is really stored.

    What any layer multiplies is weights everywhere: a table that is also the last layer's matrix.
    """
    parameters = tuple(
        replace(parameter, role="weights") if parameter.name in multiplied else parameter
        for parameter in layer.parameters
    )
    operation, bits = layer.operation, values[layer.outputs[0]].bits
    tensors = (*operation.tensors[:-1], replace(operation.output, bits=bits))
    return replace(layer, operation=replace(operation, tensors=tensors), parameters=parameters)
