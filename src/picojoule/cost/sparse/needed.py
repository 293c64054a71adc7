"""Needed: which words of a tensor any step will ever use, given the zeros of the other operands.

Between two memories a rule spares a word only if no step of the whole operation needs it: the
inputs of a channel whose weights are all pruned, for instance. That does not hang on the nest.
"""

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.sparse.masks import LARGEST_LOOK, extents, look
from picojoule.cost.sparse.site import Strided
from picojoule.errors import Unsupported
from picojoule.mapping import Loop
from picojoule.workload import Density, Measured, Operation, Tensor

Floats = NDArray[np.float64]


def needed_chance(
    operation: Operation,
    tensor: Tensor,
    leaders: Sequence[Tensor],
    densities: Mapping[str, Density],
) -> Floats:
    """How likely each word of a tensor is needed.

    Args:
        operation: Whose steps use the word.
        tensor: Whose words; one of the leaders, or not.
        leaders: A step is done only if their words are all non-zero.
        densities: Of all leaders.

    Returns:
        Chances by coordinate, `(axis, axis, ...)`: 0 or 1 where all leaders are measured.

    Raises:
        Unsupported: Two other operands at once, or one whose words do not form a block.
    """
    shape = extents(operation, tensor)
    masks = {t.name: d for t in leaders if isinstance(d := densities[t.name], Measured)}
    if leaders and len(masks) == len(leaders):
        return _measured(operation, tensor, leaders, masks).astype(np.float64)
    chance = np.ones(shape)
    others = [leader for leader in leaders if leader.name != tensor.name]
    if len(others) < len(leaders):
        own = densities[tensor.name]
        chance *= own.mask if isinstance(own, Measured) else own.share
    if len(others) > 1:
        raise _refused(operation, tensor, "two other operands at once")
    for other in others:
        density = densities[other.name]
        lengths = _lengths(operation, tensor, other)
        for block in sorted(set(itertools.product(*(set(one.tolist()) for _, one in lengths)))):
            here = np.ones(shape, dtype=np.bool_)
            for (axis, one), length in zip(lengths, block, strict=True):
                along = (one == length).reshape(
                    [-1 if n == axis else 1 for n in range(len(shape))] if axis >= 0 else [1]
                )
                here &= along
            if here.any():
                tile = [max(1, length) for length in block]
                empty = density.empty_probability(tile) if min(block, default=1) else 1.0
                chance[here] *= 1.0 - empty
    return chance


def _lengths(
    operation: Operation, tensor: Tensor, other: Tensor
) -> list[tuple[int, NDArray[np.int64]]]:
    """Along each axis of the other operand: how many of its words meet a word of the tensor.

    Returns:
        (the tensor's axis that decides, or -1; the length by its coordinate).
    """
    shape, found = extents(operation, tensor), list[tuple[int, NDArray[np.int64]]]()
    used = list[int]()
    for axis in other.axes:
        dims = {term.dim for term in axis.terms}
        deciding = [n for n, own in enumerate(tensor.axes) if dims & {t.dim for t in own.terms}]
        if len(deciding) > 1 or any(n in used for n in deciding):
            raise _refused(operation, tensor, f"{other.name}, whose words form no block")
        used += deciding
        own_terms = tensor.axes[deciding[0]].terms if deciding else ()
        runs = list(dict.fromkeys([*(t.dim for t in own_terms), *(t.dim for t in axis.terms)]))
        words: dict[int, set[int]] = {}
        for point in itertools.product(*(range(operation.sizes[dim]) for dim in runs)):
            at = dict(zip(runs, point, strict=True))
            mine = sum(term.coefficient * at[term.dim] for term in own_terms)
            words.setdefault(mine, set()).add(
                sum(term.coefficient * at[term.dim] for term in axis.terms)
            )
        size = shape[deciding[0]] if deciding else 1
        counts = np.array([len(words.get(n, ())) for n in range(size)], dtype=np.int64)
        found.append((deciding[0] if deciding else -1, counts))
    return found


def _measured(
    operation: Operation, tensor: Tensor, leaders: Sequence[Tensor], masks: Mapping[str, Measured]
) -> NDArray[np.bool_]:
    """Look at every step."""
    dims = list(dict.fromkeys([*tensor.dims, *(dim for one in leaders for dim in one.dims)]))
    sizes = [operation.sizes[dim] for dim in dims]
    if math.prod(sizes) > LARGEST_LOOK:
        raise Unsupported(
            "too many steps to look at the zeros of each",
            where=f"operation {operation.name!r}, tensor {tensor.name!r}",
            got=f"{math.prod(sizes)} steps",
            expected=f"at most {LARGEST_LOOK}",
            fix="describe the tensors by their share: Uniform(measured.share)",
        )
    loops: list[Strided] = [(Loop(dim, operation.sizes[dim]), 1) for dim in dims]
    steps = np.ones(sizes, dtype=np.bool_)
    for leader in leaders:
        steps &= look(leader, masks, loops)
    steps = steps.any(axis=tuple(range(len(tensor.dims), len(dims))))
    needed = np.zeros(extents(operation, tensor), dtype=np.bool_)
    for point in np.argwhere(steps):
        at = dict(zip(tensor.dims, point.tolist(), strict=True))
        needed[tuple(sum(t.coefficient * at[t.dim] for t in a.terms) for a in tensor.axes)] = True
    return needed


def _refused(operation: Operation, tensor: Tensor, what: str) -> Unsupported:
    return Unsupported(
        "which words are needed is not found here",
        where=f"operation {operation.name!r}, tensor {tensor.name!r}",
        got=what,
        expected="one other operand, whose words that meet one word form a block",
        fix="measure the tensors, or drop the rule from the outer memory",
    )
