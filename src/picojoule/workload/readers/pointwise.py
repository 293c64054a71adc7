"""Pointwise: layers without multiply-accumulates, added to the graph being read.

Element-wise operations, norms, softmax, concatenations, reductions and lookups, from either source.
"""

import math
from collections.abc import Sequence

from picojoule.errors import WorkloadError
from picojoule.workload.light import concat, lrn, normalization, softmax
from picojoule.workload.operation import Axis, Operation, Role, Tensor, Term
from picojoule.workload.readers.graph import Edge, GraphBuilder, Operand, Shape, Site

LETTERS = "NCPQRSGM"
"""Dimension names of a tensor without named axes, in order."""


def add_normalization(
    build: GraphBuilder,
    site: Site,
    x: Edge,
    *,
    axis: int,
    parameters: Sequence[tuple[Edge | None, str]],
) -> Edge:
    """Batch, layer, group or instance normalisation with its (parameter, role) pairs."""
    kept = [(edge, role) for edge, role in parameters if edge is not None]
    scaled = bool(kept) and kept[0][1] == "scale"
    shape, axis = _at_most_eight(x.shape, axis % max(1, len(x.shape)))
    reads = [Operand(edge, "second" if role == "scale" else "", role) for edge, role in kept]
    return build.add_layer(
        normalization(site.name, shape, axis=axis, scaled=scaled),
        [Operand(x), *reads],
        output=site.outputs[0],
        shape=x.shape,
        native=x.native,
    )


def add_local_response(build: GraphBuilder, site: Site, x: Edge, *, window: int) -> Edge:
    """Local response normalisation across channels."""
    return build.add_layer(
        lrn(site.name, x.shape, window=window),
        [Operand(x)],
        output=site.outputs[0],
        shape=x.shape,
        native=x.native,
        attributes={"window": window},
    )


def add_softmax(build: GraphBuilder, site: Site, x: Edge) -> Edge:
    """Softmax and its relatives: one exponential per element."""
    return build.add_layer(
        softmax(site.name, _at_most_eight(x.shape, 0)[0]),
        [Operand(x)],
        output=site.outputs[0],
        shape=x.shape,
        native=x.native,
    )


def add_concat(build: GraphBuilder, site: Site, parts: Sequence[Edge], *, axis: int) -> Edge:
    """Concatenation along one axis."""
    axis %= max(1, len(parts[0].shape))
    lead = parts[0].shape
    for part in parts:
        if len(part.shape) != len(lead) or any(
            size != full
            for index, (size, full) in enumerate(zip(part.shape, lead, strict=True))
            if index != axis
        ):
            raise WorkloadError(
                "parts of a concatenation do not fit together",
                where=site.where,
                got=" and ".join(str(part.shape) for part in parts),
                expected=f"equal sizes on all axes but axis {axis}",
                fix="correct the shapes, or the axis",
            )
    total = sum(part.shape[axis] for part in parts)
    shape = (*lead[:axis], total, *lead[axis + 1 :])
    return build.add_layer(
        concat(site.name, _at_most_eight(shape, 0)[0]),
        [Operand(part, "inputs", "constant") for part in parts],
        output=site.outputs[0],
        shape=shape,
        native=max(part.native for part in parts),
        bits=max(part.bits for part in parts),
        attributes={"axis": axis},
    )


def add_pointwise(
    build: GraphBuilder,
    site: Site,
    operands: Sequence[Edge],
    *,
    inner: str,
    kind: str = "elementwise",
    native: int | None = None,
    keeps_width: bool = False,
    role: str = "constant",
) -> Edge:
    """One step per element of the broadcast shape, from one or two operands."""
    shape = broadcast([edge.shape for edge in operands], site.where)
    labels = ("inputs", "second", *("" for _ in operands))
    reads = [Operand(edge, label, role) for edge, label in zip(operands, labels, strict=False)]
    widest = max(edge.bits for edge in operands)
    return build.add_layer(
        pointwise(site.name, shape, [edge.shape for edge in operands], inner=inner, kind=kind),
        reads,
        output=site.outputs[0],
        shape=shape or (1,),
        native=native or max(edge.native for edge in operands if not edge.stored or edge.words > 1),
        bits=widest if keeps_width else None,
    ).seen_as(shape)


def add_reduction(
    build: GraphBuilder, site: Site, x: Edge, *, axes: Sequence[int], keep: bool, inner: str
) -> Edge:
    """A sum, mean, maximum, ... over some axes: one step per element that is read."""
    rank = len(x.shape)
    gone = {axis % rank for axis in axes} if rank else set[int]()
    shape = tuple(
        1 if axis in gone else size for axis, size in enumerate(x.shape) if keep or axis not in gone
    )
    full = x.shape if 0 < rank <= len(LETTERS) else (x.words,)
    dims = LETTERS[: len(full)]
    left = [dim for axis, dim in enumerate(dims) if axis not in gone and rank == len(full)]
    operation = Operation(
        site.name,
        "reduce",
        tuple(zip(dims, full, strict=True)),
        (_tensor("inputs", "inputs", dims), _tensor("outputs", "outputs", left)),
        inner,
    )
    return build.add_layer(
        operation, [Operand(x)], output=site.outputs[0], shape=shape or (1,), native=x.native
    ).seen_as(shape)


def add_embedding(build: GraphBuilder, site: Site, table: Edge, rows: Edge) -> Edge:
    """A lookup of rows in a stored table: words are copied, nothing is multiplied."""
    width = table.words // table.shape[0] if table.shape[0] else 0
    shape = (*rows.shape, *table.shape[1:])
    operation = Operation(
        site.name,
        "embedding",
        (("N", max(1, rows.words)), ("C", width)),
        (
            _tensor("rows", "inputs", "N"),
            _tensor("table", "weights", "NC"),
            _tensor("outputs", "outputs", "NC"),
        ),
        "copy",
    )
    return build.add_layer(
        operation,
        [Operand(rows, "rows", "constant"), Operand(table, "table", "table")],
        output=site.outputs[0],
        shape=shape,
        native=table.native,
        bits=table.bits,
    )


def broadcast(shapes: Sequence[Shape], where: str) -> Shape:
    """The common shape of operands that are aligned at the right, as in numpy."""
    rank = max(map(len, shapes))
    aligned = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    result: list[int] = []
    for sizes in zip(*aligned, strict=True):
        wide = {size for size in sizes if size != 1}
        if len(wide) > 1:
            raise WorkloadError(
                "shapes do not broadcast",
                where=where,
                got=" and ".join(map(str, shapes)),
                expected="equal sizes, or 1, on each axis counted from the right",
                fix="correct the shape of one operand, or of the network's input",
            )
        result.append(wide.pop() if wide else 1)
    return tuple(result)


def pointwise(
    name: str, shape: Shape, operands: Sequence[Shape], *, inner: str, kind: str
) -> Operation:
    """An operation with one step per element; a broadcast operand is read at its own size."""
    shapes = [shape, *operands]
    if not 0 < len(shape) <= len(LETTERS):
        full = math.prod(shape)
        shapes = [(math.prod(part) if math.prod(part) in (1, full) else full,) for part in shapes]
        shape = (full,)
    dims = LETTERS[: len(shape)]
    tensors: list[Tensor] = []
    for part, label in zip(shapes[1:3], ("inputs", "second"), strict=False):
        aligned = (1,) * (len(shape) - len(part)) + part
        kept = [dim for dim, size, all_ in zip(dims, aligned, shape, strict=True) if size == all_]
        tensors.append(_tensor(label, "inputs" if label == "inputs" else "weights", kept))
    tensors.append(_tensor("outputs", "outputs", dims))
    return Operation(name, kind, tuple(zip(dims, shape, strict=True)), tuple(tensors), inner)


def _tensor(name: str, role: Role, dims: Sequence[str]) -> Tensor:
    return Tensor(name, role, tuple(Axis((Term(dim),)) for dim in dims))


def _at_most_eight(shape: Shape, axis: int) -> tuple[Shape, int]:
    """`shape` with its outer axes merged until each axis has a name, and where `axis` went."""
    if not shape:
        return (1,), 0
    merged = len(shape) - len(LETTERS)
    if merged <= 0:
        return shape, axis
    return (math.prod(shape[: merged + 1]), *shape[merged + 1 :]), max(0, axis - merged)
