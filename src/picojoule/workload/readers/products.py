"""Products: matrix products, attention and recurrent layers, added to the graph being read.

The ONNX and the torch reader translate their attributes and call these, so that the same network
gives the same layers from either.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from picojoule.errors import WorkloadError
from picojoule.workload.build import batched_matmul, fully_connected, matmul
from picojoule.workload.einsum import einsum
from picojoule.workload.light import attention
from picojoule.workload.operation import Operation
from picojoule.workload.readers.graph import Edge, GraphBuilder, Operand, Shape, Site
from picojoule.workload.readers.pointwise import add_concat, broadcast, pointwise


def add_product(
    build: GraphBuilder,
    site: Site,
    operands: tuple[Edge, Edge, Edge | None],
    *,
    native: int | None = None,
) -> Edge:
    """A matrix product as in numpy, of activations or with a stored operand: (a, b, bias)."""
    a, b, bias = operands
    first, second = a.shape, b.shape
    left = (1, *first) if len(first) == 1 else first
    right = (*second, 1) if len(second) == 1 else second
    if not first or not second or left[-1] != right[len(right) - 2]:
        raise WorkloadError(
            "matrix product does not fit",
            where=site.where,
            got=f"{first} x {second}",
            expected="(..., M, K) x (..., K, N) with the same K",
            fix="correct the shape of the weights, or of the network's input",
        )
    outer = broadcast((left[:-2], right[:-2]), site.where)
    shape = (
        *outer,
        *((left[-2],) if len(first) > 1 else ()),
        *((right[-1],) if len(second) > 1 else ()),
    )
    operation, names = _product(site.name, (a, b), left, right, outer)
    reads = [Operand(a, names[0]), Operand(b, names[1])]
    return build.add_layer(
        operation,
        reads + ([Operand(bias, "", "bias")] if bias else []),
        output=site.outputs[0],
        shape=shape or (1,),
        native=native or a.native,
    ).seen_as(shape)


def add_einsum(build: GraphBuilder, site: Site, equation: str, edges: Sequence[Edge]) -> Edge:
    """An Einsum of one or two tensors."""
    kind = "fc" if any(edge.stored for edge in edges) else "matmul"
    operation = einsum(site.name, equation, tuple(edge.shape for edge in edges), kind=kind)
    shape = tuple(operation.sizes[dim] for dim in operation.output.dims)
    labels = ("inputs", "weights")
    reads = [Operand(edge, label) for edge, label in zip(edges, labels, strict=False)]
    edge = build.add_layer(
        operation, reads, output=site.outputs[0], shape=shape or (1,), native=edges[0].native
    )
    return edge.seen_as(shape)


def _product(
    name: str, operands: tuple[Edge, Edge], left: Shape, right: Shape, outer: Shape
) -> tuple[Operation, tuple[str, str]]:
    """The operation, and which of its tensors each operand is."""
    a, b = operands
    rows, inner, columns = left[-2], left[-1], right[-1]
    count, left_count, right_count = (math.prod(x) for x in (outer, left[:-2], right[:-2]))
    usual, swapped = ("inputs", "weights"), ("weights", "inputs")
    if b.stored and right_count == 1:
        return fully_connected(name, N=count * rows, M=columns, C=inner), usual
    if a.stored and left_count == 1:
        return fully_connected(name, N=count * columns, M=rows, C=inner), swapped
    if right_count == 1:
        return matmul(name, M=count * rows, K=inner, N=columns), usual
    if left_count == 1:
        return matmul(name, M=rows, K=inner, N=count * columns), usual
    shared = _shared(left[:-2], right[:-2], outer)
    if shared > 1:
        return batched_matmul(name, B=count // shared, G=shared, M=rows, K=inner, N=columns), usual
    return batched_matmul(name, B=count, M=rows, K=inner, N=columns), usual


def _shared(left: Shape, right: Shape, outer: Shape) -> int:
    """First operands that share one second operand: the innermost axes that only they have."""
    padded = (1,) * (len(outer) - len(right)) + right
    whole = (1,) * (len(outer) - len(left)) + left
    shared, position = 1, len(outer)
    while position and padded[position - 1] == 1:
        position -= 1
        shared *= outer[position]
    full = padded[:position] == outer[:position] and whole == outer
    return shared if full else 1


def add_attention(
    build: GraphBuilder, site: Site, operands: tuple[Edge, Edge, Edge], *, grouped: bool = False
) -> Edge:
    """Scaled dot-product attention: query (..., H, L, E), key (..., H, S, E), value (..., H, S, V).

    Counted in full, masks included: a causal mask is not credited.
    """
    query, key, value = operands
    fits = (
        len(query.shape) == len(key.shape) == len(value.shape) >= 2
        and query.shape[-1] == key.shape[-1]
        and key.shape[-2] == value.shape[-2]
    )
    if not fits:
        raise WorkloadError(
            "attention does not fit",
            where=site.where,
            got=f"query {query.shape}, key {key.shape}, value {value.shape}",
            expected="equal head sizes of query and key, equal lengths of key and value",
            fix="correct the shapes of the projections",
        )
    lead = query.shape[:-2]
    heads = lead[-1] if lead else 1
    length, keys = query.shape[-2], key.shape[-2]
    scores, weights, weighted = attention(
        site.name,
        B=math.prod(lead[:-1]),
        H=heads,
        queries=length,
        keys=keys,
        head_size=query.shape[-1],
        value_size=value.shape[-1],
        key_heads=key.shape[-3] if grouped and len(key.shape) > 2 else None,
    )
    output, native = site.outputs[0], query.native
    square = (*lead, length, keys)
    edge = build.add_layer(
        scores,
        [Operand(query), Operand(key, "weights")],
        output=f"{output}.scores",
        shape=square,
        native=native,
    )
    edge = build.add_layer(
        weights, [Operand(edge)], output=f"{output}.softmax", shape=square, native=native
    )
    return build.add_layer(
        weighted,
        [Operand(edge), Operand(value, "weights")],
        output=output,
        shape=(*query.shape[:-1], value.shape[-1]),
        native=native,
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A kind of recurrent layer, per step and hidden unit.

    Args:
        gates: Pre-activations.
        functions: Evaluations of sigmoid or tanh.
        multiplies: Element-wise multiplications after the gates.
    """

    gates: int
    functions: int
    multiplies: int


CELLS = {"lstm": Cell(4, 5, 3), "gru": Cell(3, 3, 3), "rnn": Cell(1, 1, 0)}
"""LSTM: 4 gates and tanh(c); f*c, i*g, o*tanh(c). GRU: r*h, z*h, (1-z)*n."""


@dataclass(frozen=True, slots=True)
class Direction:
    """Weights of one direction of one recurrent layer, and their (bias, ...) edges."""

    suffix: str
    inputs: Edge
    recurrent: Edge
    biases: tuple[Edge, ...] = ()
    projection: Edge | None = None


def add_recurrent(
    build: GraphBuilder,
    site: Site,
    x: Edge,
    *,
    directions: Sequence[Direction],
    cell: str,
    steps: int,
    hidden: int,
) -> Edge:
    """One recurrent layer: per direction an input projection, a recurrence and the gates.

    Each runs once per time step (`Layer.repeats`); the recurrence reads what the gates made a
    step before, an edge that would close a cycle and is therefore not drawn.

    Returns:
        The hidden states of all steps, both directions side by side: (steps, batch, size).
    """
    batch = x.words // max(1, steps * x.shape[-1])
    made = [
        _add_direction(build, site, x, direction, (cell, steps, batch, hidden, len(directions)))
        for direction in directions
    ]
    if len(made) == 1:
        return made[0]
    both = Site(f"{site.name}.both", site.operator, site.where, site.outputs)
    return add_concat(build, both, made, axis=2)


def _add_direction(
    build: GraphBuilder,
    site: Site,
    x: Edge,
    direction: Direction,
    sizes: tuple[str, int, int, int, int],
) -> Edge:
    kind, steps, batch, hidden, count = sizes
    cell = CELLS[kind]
    name, rows = f"{site.name}{direction.suffix}", cell.gates * hidden
    made = f"{site.outputs[0]}{direction.suffix}"
    state = direction.recurrent.shape[-1]
    for edge, width in ((direction.inputs, x.shape[-1]), (direction.recurrent, state)):
        if edge.words != rows * width:
            raise WorkloadError(
                "weights do not fit their input",
                where=site.where,
                got=f"weights {edge.shape}",
                expected=f"{rows} rows ({cell.gates} gates x {hidden} units) of {width}",
                fix="correct the shape of the weights, or of the network's input",
            )
    sequence = (steps, batch)
    projected = build.add_layer(
        fully_connected(f"{name}.input", N=batch, M=rows, C=x.shape[-1], kind=kind),
        [
            Operand(x),
            Operand(direction.inputs, "weights"),
            *(Operand(bias, "", "bias") for bias in direction.biases),
        ],
        output=f"{made}.projected",
        shape=(*sequence, rows),
        native=x.native,
        repeats=steps,
    )
    gates = build.add_layer(
        fully_connected(f"{name}.recurrence", N=batch, M=rows, C=state, kind=kind),
        [Operand(projected, ""), Operand(direction.recurrent, "weights")],
        output=f"{made}.gates",
        shape=(*sequence, rows),
        native=x.native,
        repeats=steps,
    )
    ends = count == 1 and direction.projection is None
    last = site.outputs[0] if ends else f"{made}.state"
    edge = _add_gates(build, name, gates, (cell, steps, batch, hidden), last)
    if direction.projection is None:
        return edge
    size = direction.projection.words // hidden
    return build.add_layer(
        fully_connected(f"{name}.projection", N=batch, M=size, C=hidden, kind=kind),
        [Operand(edge), Operand(direction.projection, "weights")],
        output=site.outputs[0] if count == 1 else f"{made}.out",
        shape=(*sequence, size),
        native=x.native,
        repeats=steps,
    )


def _add_gates(
    build: GraphBuilder, name: str, gates: Edge, sizes: tuple[Cell, int, int, int], last: str
) -> Edge:
    """The functions of the gates, and the multiplications that make the new state of them."""
    cell, steps, batch, hidden = sizes
    only = cell.multiplies == 0
    functions = cell.functions * hidden
    edge = build.add_layer(
        pointwise(
            f"{name}.functions",
            (batch, functions),
            [(batch, functions)],
            inner="exponential",
            kind="activation",
        ),
        [Operand(gates)],
        output=last if only else f"{last}.activated",
        shape=(steps, batch, functions),
        native=gates.native,
        repeats=steps,
    )
    if only:
        return edge
    products = cell.multiplies * hidden
    return build.add_layer(
        pointwise(
            f"{name}.cell",
            (batch, products),
            [(batch, products)],
            inner="multiply",
            kind="elementwise",
        ),
        [Operand(edge)],
        output=last,
        shape=(steps, batch, hidden),
        native=gates.native,
        repeats=steps,
    )
