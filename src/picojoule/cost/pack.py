"""Pack: operations and nests as arrays for the kernels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.pieces import APART, TEMPORAL
from picojoule.hardware import Accelerator, Memory
from picojoule.mapping import Nest
from picojoule.workload import Operation, Tensor

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PackedTensor:
    """The axes of one tensor: terms `first[a]` to `first[a + 1]` belong to axis `a`."""

    first: Integers  # (axis + 1,)
    dim: Integers  # (term,), index into the operation's dimensions
    coefficient: Integers  # (term,)


def pack_tensor(operation: Operation, tensor: Tensor) -> PackedTensor:
    """Turn a tensor's axes into arrays over the operation's dimension order.

    Of terms that share an axis, those of a single iteration are left out: they move nothing.
    """
    index = {name: n for n, (name, _) in enumerate(operation.dims)}
    first = [0]
    dims: list[int] = []
    coefficients: list[int] = []
    for axis in tensor.axes:
        terms = [term for term in axis.terms if operation.sizes[term.dim] > 1] or axis.terms[:1]
        dims.extend(index[term.dim] for term in terms)
        coefficients.extend(term.coefficient for term in terms)
        first.append(len(dims))
    return PackedTensor(
        np.array(first, dtype=np.int64),
        np.array(dims, dtype=np.int64),
        np.array(coefficients, dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class PackedNest:
    """The loops of a nest in rows, outermost first, and what they leave to each level.

    Args:
        loops: `(loop, 4)`: dimension, bound, iterations in one piece, and TEMPORAL or APART.
        levels: Number of each loop's level, `(loop,)`.
        outside: How many loops stand outside each level, `(level + 1)`.
        dims: Size of each dimension, and iterations inside each level, `(level + 1, 2, dim)`.
        ragged: Whether the loops outside each level make pieces that are not all equal.
    """

    loops: Integers
    levels: Integers
    outside: tuple[int, ...]
    dims: Integers
    ragged: tuple[bool, ...]


def pack_nest(operation: Operation, accelerator: Accelerator, nest: Nest) -> PackedNest:
    """Turn the loops of a nest into rows; loops of bound 1 are left out."""
    index = {name: n for n, (name, _) in enumerate(operation.dims)}
    sizes = [size for _, size in operation.dims]
    left, cuts = list(sizes), [1] * len(sizes)
    rows: list[tuple[int, int, int, int]] = []
    levels: list[int] = []
    outside, dims, ragged = [0], [[sizes, list(left)]], [False]
    for number, level in enumerate(nest.levels):
        place = TEMPORAL if isinstance(accelerator.parts[number], Memory) else APART
        for loop in level.loops:
            if loop.bound > 1:
                which = index[loop.dim]
                left[which] = -(-left[which] // loop.bound)
                cuts[which] *= loop.bound
                rows.append((which, loop.bound, left[which], place))
                levels.append(number)
        outside.append(len(rows))
        dims.append([sizes, list(left)])
        ragged.append(any(n * m != size for n, m, size in zip(left, cuts, sizes, strict=True)))
    return PackedNest(
        np.array(rows, dtype=np.int64).reshape(-1, 4),
        np.array(levels, dtype=np.int64),
        tuple(outside),
        np.array(dims, dtype=np.int64),
        tuple(ragged),
    )
