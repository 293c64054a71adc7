"""Dims: what each dimension of an operation does to the three tensors, whatever its name.

A convolution's M, a matrix product's N and the like play one part in a dataflow, so a dataflow is
written for the parts and holds for every operation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from picojoule.errors import Unsupported
from picojoule.workload import Operation, Role, Tensor

Dims = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The dimensions of an operation by what they index; only those of more than one iteration.

    Args:
        channels: Weights and outputs, not inputs: M of a convolution, N of a matrix product.
        plane: Inputs and outputs, not weights, sliding over the inputs: P, Q.
        batch: Inputs and outputs, not weights, without sliding: N; M of a matrix product.
        taps: Not the outputs, sliding over the inputs: R, S.
        depth: Not the outputs, without sliding: C; K of a matrix product.
        groups: All three tensors: G, or the batch and heads of attention.
        rows: (plane dimension, its taps) of each sliding axis, the last one a row.
        by_role: All dimensions that index the tensors of a role.
        is_sliding_output: Whether an axis of the outputs has two dimensions, as where a convolution
            is transposed.
    """

    channels: Dims
    plane: Dims
    batch: Dims
    taps: Dims
    depth: Dims
    groups: Dims
    rows: tuple[tuple[str, str], ...]
    by_role: dict[Role, frozenset[str]]
    is_sliding_output: bool

    @property
    def outputs(self) -> Dims:
        """What indexes the outputs."""
        return (*self.groups, *self.batch, *self.channels, *self.plane)

    @property
    def reduction(self) -> Dims:
        """What is summed."""
        return (*self.depth, *self.taps)


def parts_of(operation: Operation) -> Parts:
    """Tell the dimensions of a multiply-accumulate operation by the parts they play.

    Raises:
        Unsupported: It does not have weights, inputs and outputs, one tensor each.

    >>> from picojoule.workload import parse_operation
    >>> found = parts_of(parse_operation("conv M=8 C=4 P=6 Q=6 R=3 S=3"))
    >>> found.channels, found.plane, found.depth, found.taps, found.rows
    (('M',), ('P', 'Q'), ('C',), ('R', 'S'), (('P', 'R'), ('Q', 'S')))
    >>> parts_of(parse_operation("matmul M=8 K=4 N=2")).batch
    ('M',)
    """
    tensors: dict[Role, Tensor] = {tensor.role: tensor for tensor in operation.tensors}
    if len(tensors) < 3 or len(operation.tensors) != 3:
        raise Unsupported(
            "dataflow needs three tensors",
            where=f"operation {operation.name!r}",
            got=", ".join(f"{tensor.name} ({tensor.role})" for tensor in operation.tensors),
            expected="weights, inputs and outputs, one tensor each",
            fix="search without a dataflow",
        )
    used: dict[Role, frozenset[str]] = {
        role: frozenset(tensor.dims) for role, tensor in tensors.items()
    }
    names = [name for name, size in operation.dims if size > 1]
    axes = [[term.dim for term in axis.terms] for axis in tensors["inputs"].axes]
    sliding = [
        (p, r)
        for p in used["outputs"]
        for r in used["weights"] - used["outputs"]
        if any(p in axis and r in axis for axis in axes)
    ]
    # In the operation's order; rows are along the last axis that has any extent.
    order = {name: place for place, (name, _) in enumerate(operation.dims)}
    rows = sorted(sliding, key=lambda pair: order[pair[0]])
    rows = [pair for pair in rows if any(operation.sizes[dim] > 1 for dim in pair)]

    def those(*, weights: bool, inputs: bool, outputs: bool) -> list[str]:
        wanted = (weights, inputs, outputs)
        return [
            name
            for name in names
            if tuple(name in used[role] for role in ("weights", "inputs", "outputs")) == wanted
        ]

    pixels = those(weights=False, inputs=True, outputs=True)
    summed = [name for name in names if name not in used["outputs"]]
    slides = {dim for pair in sliding for dim in pair}
    return Parts(
        channels=tuple(those(weights=True, inputs=False, outputs=True)),
        plane=_kept(pixels, slides, True),
        batch=_kept(pixels, slides, False),
        taps=_kept(summed, slides, True),
        depth=_kept(summed, slides, False),
        groups=tuple(those(weights=True, inputs=True, outputs=True)),
        rows=tuple(rows),
        by_role={role: dims & set(names) for role, dims in used.items()},
        is_sliding_output=any(
            sum(operation.sizes[term.dim] > 1 for term in axis.terms) > 1
            for axis in operation.output.axes
        ),
    )


def _kept(dims: Sequence[str], chosen: set[str], among: bool) -> Dims:
    return tuple(dim for dim in dims if (dim in chosen) == among)
