"""Network: a graph of operations with a shape on every edge.

A layer's operation says what is computed; its edges say where the data comes from; its
parameters say what is stored. Parameters shared by several layers are counted once.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from picojoule.workload.operation import Operation

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True, slots=True)
class Value:
    """An edge of the graph: a tensor with a full shape, batch included."""

    name: str
    shape: tuple[int, ...]
    bits: int = 16

    @property
    def words(self) -> int:
        """Elements of the tensor."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size in memory, rounded up to whole bytes."""
        return -(-self.words * self.bits // 8)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A stored tensor: weights, biases, batch-norm statistics. `name` identifies it when shared."""

    name: str
    shape: tuple[int, ...]
    bits: int = 16
    role: str = "weights"
    """"weights" enter the multiply-accumulates; "bias", "scale", "statistics" do not."""

    @property
    def words(self) -> int:
        """Elements of the parameter."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size in memory, rounded up to whole bytes."""
        return -(-self.words * self.bits // 8)


Attribute = int | float | str | bool | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One node of the graph.

    Args:
        name: Unique in the network.
        operation: What is computed, once.
        inputs, outputs: Names of the network's values (edges).
        parameters: What the layer stores.
        attributes: What the operation alone does not say, e.g. real padding; `to_torch` reads it.
        repeats: How often the operation runs one after another (time steps of a recurrent layer).
    """

    name: str
    operation: Operation
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    repeats: int = 1

    @property
    def kind(self) -> str:
        """The operation's kind: "conv", "fc", "pool", ..."""
        return self.operation.kind

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all repeats."""
        return self.operation.macs * self.repeats


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something of the source that the network does not represent, and why."""

    name: str
    operator: str
    reason: str


@dataclass(frozen=True, slots=True)
class Network:
    """Layers in topological order, with the values that join them.

    Args:
        name: For tables and messages.
        layers: In an order in which each value is made before it is used.
        values: Every edge, network inputs included, by name.
        inputs, outputs: Names of the values that enter and leave.
        ignored: What the reader did not understand; never silently dropped.
        source: Where the definition comes from: a file, or a key of `sources.py`.
    """

    name: str
    layers: tuple[Layer, ...]
    values: Mapping[str, Value]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    ignored: tuple[Ignored, ...] = ()
    source: str = ""

    @property
    def batch(self) -> int:
        """Images (or sequences) in flight: the leading size of the first input."""
        shape = self.values[self.inputs[0]].shape if self.inputs else ()
        return shape[0] if shape else 1

    def parameters(self) -> Iterator[Parameter]:
        """Every stored tensor once, shared ones included once."""
        seen: set[str] = set()
        for layer in self.layers:
            for parameter in layer.parameters:
                if parameter.name not in seen:
                    seen.add(parameter.name)
                    yield parameter

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole network."""
        return sum(layer.macs for layer in self.layers)

    def to_torch(self, *, logits: bool = False, seed: int = 0) -> "nn.Module":
        """The trainable torch module of this network; see `picojoule.workload.to_torch`."""
        from picojoule.workload.to_torch import to_torch

        return to_torch(self, logits=logits, seed=seed)
