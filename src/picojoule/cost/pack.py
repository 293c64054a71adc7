"""Pack: operations and nests as arrays for the kernels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.mapping import Loop
from picojoule.workload import Operation, Tensor

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PackedTensor:
    """The axes of one tensor: terms `first[a]` to `first[a + 1]` belong to axis `a`."""

    first: Integers  # (axis + 1,)
    dim: Integers  # (term,), index into the operation's dimensions
    coefficient: Integers  # (term,)


def pack_tensor(operation: Operation, tensor: Tensor) -> PackedTensor:
    """Turn a tensor's axes into arrays over the operation's dimension order."""
    index = {name: n for n, (name, _) in enumerate(operation.dims)}
    first = [0]
    dims: list[int] = []
    coefficients: list[int] = []
    for axis in tensor.axes:
        dims.extend(index[term.dim] for term in axis.terms)
        coefficients.extend(term.coefficient for term in axis.terms)
        first.append(len(dims))
    return PackedTensor(
        np.array(first, dtype=np.int64),
        np.array(dims, dtype=np.int64),
        np.array(coefficients, dtype=np.int64),
    )


def pack_tile(operation: Operation, tile: Mapping[str, int]) -> Integers:
    """Turn a tile into an array `(dim,)` over the operation's dimension order."""
    return np.array([tile.get(dim, 1) for dim, _ in operation.dims], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class PackedLoops:
    """Loops outermost first: dimension index, bound, and how far one iteration moves."""

    dim: Integers  # (loop,)
    bound: Integers  # (loop,)
    stride: Integers  # (loop,), in iterations of the dimension


def pack_loops(operation: Operation, loops: Sequence[tuple[Loop, int]]) -> PackedLoops:
    """Turn (loop, stride) pairs, outermost first, into arrays; loops of bound 1 are left out."""
    index = {name: n for n, (name, _) in enumerate(operation.dims)}
    kept = [(loop, stride) for loop, stride in loops if loop.bound > 1]
    return PackedLoops(
        np.array([index[loop.dim] for loop, _ in kept], dtype=np.int64),
        np.array([loop.bound for loop, _ in kept], dtype=np.int64),
        np.array([stride for _, stride in kept], dtype=np.int64),
    )
