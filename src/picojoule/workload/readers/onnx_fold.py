"""ONNX, folded away: nodes that compute nothing when the network runs.

Reshapes, slices and casts only rename data, so their results stay connected to the value they come
from; arithmetic on shapes and constants is done here, on at most `LARGEST_DATA_WORDS` numbers.
"""

import math
from dataclasses import replace

import numpy as np

from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload.readers.graph import Edge, GraphBuilder, Shape, check_shape
from picojoule.workload.readers.onnx_file import LARGEST_DATA_WORDS, TYPES, StoredTensor
from picojoule.workload.readers.onnx_node import Node, Rule, constant, stored_edge
from picojoule.workload.readers.pointwise import add_embedding, broadcast


def narrowed(node: Node, build: GraphBuilder, edge: Edge, shape: Shape, index: int = 0) -> Edge:
    """A part of a tensor: of a stored one, the part is a parameter of its own."""
    if not edge.stored or math.prod(shape) >= edge.words:
        return edge.seen_as(shape)
    name = f"{edge.value}[{node.site.outputs[index]}]"
    build.declare(name, shape)
    return replace(edge, value=name, shape=shape, data=None)


def _reshape(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    target = _target(node)
    if target is None:
        raise node.unknown("target shape")
    return (edge.seen_as(_resolved(node, edge, target)),)


def _target(node: Node) -> tuple[int, ...] | None:
    if "shape" in node.settings:
        return node.ints("shape")
    data = node.edge(1).data
    if data is None:
        return node.inferred(node.site.outputs[0])
    return tuple(int(size) for size in data.ravel().tolist())


def _resolved(node: Node, edge: Edge, target: tuple[int, ...]) -> Shape:
    """The target with its 0 and -1 filled in, and the batch asked for in place of the file's."""
    keep_zero = bool(node.whole("allowzero"))
    sizes = [
        edge.shape[axis] if size == 0 and not keep_zero and axis < len(edge.shape) else size
        for axis, size in enumerate(target)
    ]
    before, after = node.rescale
    known = math.prod(size for size in sizes if size != -1)
    fits = known and (edge.words % known == 0 if -1 in sizes else edge.words == known)
    if before != after and sizes and sizes[0] > 0 and sizes[0] * after % before == 0:
        scaled = [sizes[0] * after // before, *sizes[1:]]
        written = -1 not in sizes and math.prod(scaled) == edge.words
        batched = -1 in sizes and sizes[0] == before and edge.shape[:1] == (after,)
        if (written and not fits) or batched:
            sizes = scaled
            known = math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) == 1 and known and edge.words % known == 0:
        sizes[sizes.index(-1)] = edge.words // known
    if math.prod(sizes) != edge.words or min(sizes, default=1) < 0:
        raise WorkloadError(
            "reshape does not fit",
            where=node.site.where,
            got=f"{edge.words} elements, shape {edge.shape}, into {target}",
            expected="the same number of elements",
            fix="correct the shape of the network's input, or the reshape",
        )
    return tuple(sizes)


def _flatten(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    axis = node.whole("axis", 1)
    axis = axis + len(edge.shape) if axis < 0 else axis
    return (edge.seen_as((math.prod(edge.shape[:axis]), math.prod(edge.shape[axis:]))),)


def _squeeze(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    rank, axes = len(edge.shape), node.ints("axes", 1)
    if axes is None:
        axes = tuple(axis for axis, size in enumerate(edge.shape) if size == 1)
    gone = {node.axis(axis, rank) for axis in axes}
    if any(edge.shape[axis] != 1 for axis in gone):
        raise node.malformed("axes", axes, f"axes of size 1 in shape {edge.shape}")
    return (edge.seen_as(tuple(s for axis, s in enumerate(edge.shape) if axis not in gone)),)


def _unsqueeze(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    axes = node.ints("axes", 1) or ()
    rank = len(edge.shape) + len(axes)
    sizes = list(edge.shape)
    for axis in sorted(node.axis(axis, rank) for axis in axes):
        sizes.insert(axis, 1)
    return (edge.seen_as(tuple(sizes)),)


def _transpose(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    order = node.ints("perm") or tuple(reversed(range(len(edge.shape))))
    if sorted(order) != list(range(len(edge.shape))):
        raise node.malformed("perm", order, f"each axis of shape {edge.shape} once")
    return (edge.seen_as(tuple(edge.shape[axis] for axis in order)),)


def _same(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    return tuple(edge for _ in node.site.outputs)


def _cast(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    native = node.edge(1).native if node.site.operator == "CastLike" else edge.native
    if "to" in node.settings:
        kind = TYPES.get(node.whole("to"))
        native = build.width(kind.bits, is_float=kind.is_float) if kind else native
    return (replace(edge.stored_in(native), native=native),)


def _slice(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    starts, ends = node.ints("starts", 1) or (), node.ints("ends", 2) or ()
    axes = node.ints("axes", 3) or tuple(range(len(starts)))
    steps = node.ints("steps", 4) or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise node.malformed("starts", (starts, ends, axes, steps), "one start, end, step per axis")
    sizes = list(edge.shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = node.axis(axis, len(sizes))
        sizes[axis] = len(range(*slice(start, end, step).indices(edge.shape[axis])))
    return (narrowed(node, build, edge, tuple(sizes)),)


def _split(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    axis = node.axis(node.whole("axis"), len(edge.shape))
    count = len(node.site.outputs)
    size = edge.shape[axis]
    sizes = node.ints("split", 1)
    if sizes is None:
        part = -(-size // count)
        sizes = tuple(min(part, size - part * index) for index in range(count))
    if sum(sizes) != size or len(sizes) != count or min(sizes) < 0:
        raise node.malformed("split", sizes, f"{count} sizes that add up to {size}")
    return tuple(
        narrowed(node, build, edge, (*edge.shape[:axis], part, *edge.shape[axis + 1 :]), index)
        for index, part in enumerate(sizes)
    )


def _pad(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    pads = node.ints("pads", 1) or node.ints("paddings") or ()
    rank = len(edge.shape)
    axes = node.ints("axes", 3) or tuple(range(rank))
    if len(pads) != 2 * len(axes):
        raise node.malformed("pads", pads, f"two numbers for each of {len(axes)} axes")
    sizes = list(edge.shape)
    for index, axis in enumerate(axes):
        sizes[node.axis(axis, rank)] += pads[index] + pads[index + len(axes)]
    return (edge.seen_as(check_shape(tuple(sizes), node.site.where, lowest=1)),)


def _expand(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    target = node.ints("shape", 1) or ()
    return (edge.seen_as(check_shape(broadcast((edge.shape, target), node.site.where), "")),)


def _tile(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge = node.edge(0)
    repeats = node.ints("repeats", 1) or ()
    if len(repeats) != len(edge.shape):
        raise node.malformed("repeats", repeats, f"{len(edge.shape)} numbers")
    shape = tuple(size * times for size, times in zip(edge.shape, repeats, strict=True))
    return (edge.seen_as(check_shape(shape, node.site.where)),)


def _gather(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge, rows = node.edge(0), node.edge(1)
    axis = node.axis(node.whole("axis"), len(edge.shape))
    if edge.stored and not rows.stored and axis == 0:
        return (add_embedding(build, node.site, edge, rows),)
    shape = (*edge.shape[:axis], *rows.shape, *edge.shape[axis + 1 :])
    source = rows if edge.stored and not rows.stored else edge
    if source is rows:
        build.ignore(node.site.name, node.site.operator, "looks up a table; no multiplication")
    return (narrowed(node, build, source, check_shape(shape, node.site.where)),)


def _gather_elements(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return (node.edge(0).seen_as(node.edge(1).shape),)


def _gather_points(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge, rows = node.edge(0), node.edge(1)
    depth, shared = rows.shape[-1], node.whole("batch_dims")
    return (edge.seen_as((*rows.shape[:-1], *edge.shape[shared + depth :])),)


def _shape(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    sizes = node.edge(0).shape
    chosen = sizes[slice(node.whole("start"), node.whole("end", len(sizes)))]
    return (constant(node.site.outputs[0], np.array(chosen, dtype=np.int64)),)


def _size(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    return (constant(node.site.outputs[0], np.array(node.edge(0).words, dtype=np.int64)),)


def _constant(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    for name, value in node.settings.items():
        if isinstance(value, StoredTensor):
            edge = stored_edge(build, node.site.outputs[0], value)
            return (edge,)
        if name.startswith("value_") and not isinstance(value, str):
            kind = np.int64 if "int" in name else np.float32
            return (constant(node.site.outputs[0], np.array(value, dtype=kind)),)
    raise Unsupported(
        "constant is not a plain tensor",
        where=node.site.where,
        got=", ".join(node.settings) or "no value",
        expected="a tensor or numbers",
        fix="export the model without text or sparse constants",
    )


def _constant_of_shape(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    sizes = node.ints("shape", 0) or ()
    value = node.settings.get("value")
    fill = value.data if isinstance(value, StoredTensor) else np.zeros(1, dtype=np.float32)
    name = node.site.outputs[0]
    shape = check_shape(tuple(sizes), node.site.where)
    build.declare(name, shape)
    kind = TYPES[value.type] if isinstance(value, StoredTensor) else TYPES[1]
    bits = build.width(kind.bits, is_float=kind.is_float)
    small = fill is not None and fill.size == 1 and math.prod(shape) <= LARGEST_DATA_WORDS
    data = np.full(shape, fill.ravel()[0]) if small and fill is not None else None
    return (Edge(name, shape, bits, bits, True, data),)


def _range(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    numbers = [node.edge(index).data for index in range(3)]
    if any(data is None or data.size != 1 for data in numbers):
        raise node.unknown("start, limit or step")
    start, limit, step = (data.ravel()[0].item() for data in numbers if data is not None)
    count = max(0, math.ceil((limit - start) / step)) if step else 0
    check_shape((count,), node.site.where)
    if count > LARGEST_DATA_WORDS:
        return (Edge(node.site.outputs[0], (count,), 64, 64, True),)
    return (constant(node.site.outputs[0], start + step * np.arange(count)),)


def _depth_to_space(node: Node, build: GraphBuilder) -> tuple[Edge, ...]:
    edge, block = node.edge(0), node.whole("blocksize", 1)
    sizes = edge.shape
    if len(sizes) != 4 or block < 1:
        raise node.malformed("blocksize", block, "a positive number, and an input with four axes")
    if node.site.operator == "DepthToSpace":
        shape = (sizes[0], sizes[1] // block**2, sizes[2] * block, sizes[3] * block)
    else:
        shape = (sizes[0], sizes[1] * block**2, sizes[2] // block, sizes[3] // block)
    if math.prod(shape) != edge.words:
        raise node.malformed("blocksize", block, f"a size that divides shape {sizes}")
    return (edge.seen_as(shape),)


MOVEMENT: dict[str, Rule] = {
    **dict.fromkeys(
        (
            "Identity",
            "Dropout",
            "Trilu",
            "ReverseSequence",
            "ScatterND",
            "ScatterElements",
            "Scatter",
            "StopGradient",
        ),
        _same,
    ),
    **dict.fromkeys(("Cast", "CastLike"), _cast),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _depth_to_space),
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Slice": _slice,
    "Split": _split,
    "Pad": _pad,
    "Expand": _expand,
    "Tile": _tile,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "GatherND": _gather_points,
    "Shape": _shape,
    "Size": _size,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Range": _range,
}
"""Operators that only move data, or make constants."""
