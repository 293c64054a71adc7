"""Widths: the same network with words of other widths.

A network of the zoo has no widths of its own: it is shapes, and 16 bits are our default. What it
costs on a chip for one-bit weights is asked at the chip's widths.
"""

from collections.abc import Mapping
from dataclasses import replace

from picojoule.errors import WorkloadError
from picojoule.workload.network import Layer, Network
from picojoule.workload.operation import ROLES, Role


def with_widths(network: Network, bits: Mapping[Role, int]) -> Network:
    """A network whose weights, inputs and outputs have the given widths.

    Edges of the graph are the inputs of the next layer and take that width; parameters that are
    not weights (biases, scales) keep theirs.

    Args:
        network: Any network.
        bits: Role -> width of one word; a role that is not given keeps its widths.

    >>> from picojoule.workload import load
    >>> narrow = with_widths(load("lenet5"), {"weights": 1, "inputs": 8})
    >>> [tensor.bits for tensor in narrow.layers[0].operation.tensors]
    [1, 8, 16]
    """
    values = {
        name: replace(value, bits=bits.get("inputs", value.bits))
        for name, value in network.values.items()
    }
    return replace(
        network, layers=tuple(_layer(layer, bits) for layer in network.layers), values=values
    )


def read_widths(text: str) -> dict[Role, int]:
    """Read "8", or "1,12,12" for weights, inputs and outputs.

    Raises:
        WorkloadError: It is neither.

    >>> read_widths("1,12,12")
    {'weights': 1, 'inputs': 12, 'outputs': 12}
    """
    fields = text.split(",")
    numbers = [int(f) for f in fields if f.isascii() and f.isdigit() and len(f) <= 3]
    if len(fields) not in (1, 3) or len(numbers) != len(fields) or not _all_in_range(numbers):
        raise WorkloadError(
            "word widths are not understood",
            where="widths of words",
            got=repr(text[:40]),
            expected="one width from 1 to 128, or three: weights,inputs,outputs",
            fix="write 8, or 1,12,12",
        )
    return dict(zip(ROLES, numbers * (3 // len(numbers)), strict=True))


def _all_in_range(numbers: list[int]) -> bool:
    return all(1 <= number <= 128 for number in numbers)


def _layer(layer: Layer, bits: Mapping[Role, int]) -> Layer:
    tensors = tuple(
        replace(tensor, bits=bits.get(tensor.role, tensor.bits))
        for tensor in layer.operation.tensors
    )
    parameters = tuple(
        replace(one, bits=bits.get("weights", one.bits)) if one.role == "weights" else one
        for one in layer.parameters
    )
    return replace(
        layer, operation=replace(layer.operation, tensors=tensors), parameters=parameters
    )
