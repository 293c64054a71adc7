"""ONNX nodes: one node with what is known of its inputs, as the rules for operators see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload.readers.graph import Edge, GraphBuilder, Shape, Site
from picojoule.workload.readers.onnx_file import TYPES, StoredTensor

Setting = int | float | str | tuple[int | float | str, ...] | StoredTensor
Data = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Node:
    """One ONNX node with what is known of its inputs."""

    site: Site
    opset: int
    inputs: tuple[Edge | None, ...]
    settings: Mapping[str, Setting]
    inferred: Callable[[str], Shape | None]
    rescale: tuple[int, int]
    """(batch of the file, batch asked for): what a Reshape with a written-down batch needs."""

    def edge(self, index: int) -> Edge:
        """Input `index`, which the operator cannot do without."""
        edge = self.optional(index)
        if edge is None:
            raise WorkloadError(
                "operator lacks an input",
                where=self.site.where,
                got=f"{len(self.inputs)} inputs, number {index} not given",
                expected=f"input number {index} of {self.site.operator}",
                fix="export the model again",
            )
        return edge

    def optional(self, index: int) -> Edge | None:
        """Input `index`, or None where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def number(self, name: str, default: float = 0) -> float:
        """A numeric attribute."""
        value = self.settings.get(name, default)
        if not isinstance(value, (int, float)):
            raise self.malformed(name, value, "a number")
        return value

    def whole(self, name: str, default: int = 0) -> int:
        """An integer attribute."""
        value = self.settings.get(name, default)
        if not isinstance(value, int):
            raise self.malformed(name, value, "a whole number")
        return value

    def text(self, name: str, default: str = "") -> str:
        """A text attribute."""
        value = self.settings.get(name, default)
        if not isinstance(value, str):
            raise self.malformed(name, value, "text")
        return value

    def ints(self, name: str, index: int = -1) -> tuple[int, ...] | None:
        """Whole numbers from an attribute, or from input `index` if that is constant."""
        value = self.settings.get(name)
        if value is None and index >= 0 and (edge := self.optional(index)) is not None:
            if edge.data is None or edge.data.dtype.kind not in "iub":
                raise self.unknown(f"input number {index} ({name})")
            return tuple(int(number) for number in edge.data.ravel().tolist())
        if value is None:
            return None
        if not isinstance(value, tuple) or not all(isinstance(item, int) for item in value):
            raise self.malformed(name, value, "whole numbers")
        return tuple(int(item) for item in value)

    def malformed(self, name: str, got: object, expected: str) -> WorkloadError:
        """An attribute of the wrong type or range."""
        return WorkloadError(
            "attribute is not valid",
            where=f"{self.site.where}, attribute {name!r}",
            got=got,
            expected=expected,
            fix="export the model again",
        )

    def unknown(self, what: str) -> Unsupported:
        """A shape that depends on data that is only known when the network runs."""
        return Unsupported(
            "shape depends on the data",
            where=self.site.where,
            got=f"{self.site.operator} whose {what} is computed while the network runs",
            expected="shapes that follow from the shapes of the inputs",
            fix="export with fixed shapes, or give them by inputs={name: shape}",
        )

    def axis(self, value: int, rank: int) -> int:
        """An axis counted from the front.

        Raises:
            WorkloadError: There is no such axis.
        """
        if not -rank <= value < rank:
            raise self.malformed("axis", value, f"an axis of a tensor with {rank} axes")
        return value % rank


Rule = Callable[[Node, GraphBuilder], tuple[Edge, ...]]
"""What an operator is: it adds layers, or none, and returns its results."""


def constant(name: str, data: Data) -> Edge:
    """An edge whose numbers are known."""
    bits = max(8, data.dtype.itemsize * 8)
    return Edge(name, data.shape, bits, bits, True, data)


def stored_edge(build: GraphBuilder, name: str, tensor: StoredTensor) -> Edge:
    """The edge of a constant of the file."""
    kind = TYPES[tensor.type]
    bits = build.width(kind.bits, is_float=kind.is_float)
    build.declare(name, tensor.shape)
    return Edge(name, tensor.shape, bits, bits, True, tensor.data, tensor.flaw)
