"""Count: all actions of a chip under a nest, from the closed forms of traffic and forwarding."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from picojoule.cost.forwarding import Forwarded, forwarded_words
from picojoule.cost.pack import PackedNest, PackedTensor, pack_nest, pack_tensor
from picojoule.cost.pieces import NONE, PLACE, TILE, WINDOW
from picojoule.cost.place import (
    Exchange,
    active_instances,
    compute_cycles,
    exchanges,
    strided_loops,
    temporal_loops,
)
from picojoule.cost.touched import touched_words
from picojoule.cost.traffic import carried_words, tile_points
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array, Memory, Reuse
from picojoule.mapping import Actions, Counts, Nest, Transfers
from picojoule.workload import Operation, Tensor

Footprint = Literal["points", "box"]
REUSE: dict[Reuse, int] = {"window": WINDOW, "tile": TILE, "none": NONE}


@dataclass(frozen=True, slots=True)
class _Case:
    """One count: the nest, also packed, and each level's instances with work."""

    operation: Operation
    accelerator: Accelerator
    nest: Nest
    packed: PackedNest
    active: list[int]
    box: bool
    elide: bool

    def memory(self, index: int) -> Memory:
        part = self.accelerator.parts[index]
        assert isinstance(part, Memory)
        return part

    def array(self, index: int) -> Array:
        part = self.accelerator.parts[index]
        assert isinstance(part, Array)
        return part


def count(
    operation: Operation,
    accelerator: Accelerator,
    nest: Nest,
    *,
    footprint: Footprint = "points",
    elide_first_read: bool = True,
) -> Counts:
    """Count what every part of the chip does for the operation under the nest.

    Args:
        operation, accelerator, nest: A legal mapping, see `mapping.validate`.
        footprint: "points" counts the words a tile touches, "box" its bounding interval per axis.
        elide_first_read: Whether the first accumulation into a word reads nothing.

    Returns:
        Exact totals; equal to `simulate.execute` on every legal mapping.

    Raises:
        Unsupported: Boxes of an output that has several dimensions on an axis: which words of a
            box were accumulated before is not defined. Boxes, or forwarding, where pieces are not
            all equal; and then some nests with several arrays between two memories.
    """
    if footprint == "box" and any(len(axis.terms) > 1 for axis in operation.output.axes):
        raise Unsupported(
            "boxes are not defined for this output",
            where=f"operation {operation.name!r}, tensor {operation.output.name!r}",
            got="several dimensions on one axis",
            expected="one dimension per axis",
            fix="count points: footprint='points'",
        )
    ragged = nest.ragged(len(nest.levels), operation.sizes)
    if footprint == "box" and ragged:
        raise _unsupported(operation, "boxes", ragged, "count points: footprint='points'")
    case = _Case(
        operation,
        accelerator,
        nest,
        pack_nest(operation, accelerator, nest),
        active_instances(accelerator, nest, operation.sizes),
        footprint == "box",
        elide_first_read,
    )
    tile_words: dict[tuple[str, str], int] = {}
    accesses: dict[tuple[str, str], Actions] = {}
    transfers: dict[tuple[str, str], Transfers] = {}
    for tensor in operation.tensors:
        _count_tensor(case, tensor, tile_words, accesses, transfers)
    cycles = compute_cycles(accelerator, nest, operation.sizes)
    instances = {part.name: case.active[n] for n, part in enumerate(accelerator.parts)}
    return Counts(operation.steps, cycles, instances, tile_words, accesses, transfers)


def _unsupported(operation: Operation, what: str, ragged: frozenset[str], fix: str) -> Unsupported:
    return Unsupported(
        f"{what} are not counted in closed form where bounds do not divide",
        where=f"operation {operation.name!r}",
        got=f"pieces of different size over {' '.join(sorted(ragged))}",
        expected="bounds that divide",
        fix=fix,
    )


def _count_tensor(
    case: _Case,
    tensor: Tensor,
    tile_words: dict[tuple[str, str], int],
    accesses: dict[tuple[str, str], Actions],
    transfers: dict[tuple[str, str], Transfers],
) -> None:
    """Count one tensor along its chain of memories, from the outside in."""
    packed = pack_tensor(case.operation, tensor)
    received = linked = 0
    for exchange in exchanges(case.accelerator, case.nest, tensor):
        parent = case.memory(exchange.parent)
        tile = case.packed.dims[exchange.parent, 1]
        words = tile_points(packed.first, packed.dim, packed.coefficient, tile, case.box)
        tile_words[parent.name, tensor.name] = int(words)
        served = _serve(case, tensor, packed, exchange, transfers)
        first = _first_words(case, tensor, packed, exchange.parent) if case.elide else 0
        fills = 0 if exchange.parent == 0 else received + linked
        reads = served.sends + linked
        if tensor.is_output:
            fills -= 0 if exchange.parent == 0 else first
            accesses[parent.name, tensor.name] = Actions(reads - first, fills, served.sends)
        else:
            accesses[parent.name, tensor.name] = Actions(reads, fills, 0)
        received, linked = served.received, served.links


def _serve(
    case: _Case,
    tensor: Tensor,
    packed: PackedTensor,
    exchange: Exchange,
    transfers: dict[tuple[str, str], Transfers],
) -> Forwarded:
    """Count the words that leave the parent, reach all child instances, and are forwarded."""
    inside = len(case.nest.levels) if exchange.child is None else exchange.child
    reuse: Reuse = "none"
    if exchange.child is not None:
        reuse = case.memory(exchange.child).reuse_of(tensor.role)
    _check_arrays(case, tensor, exchange, inside)
    # Words if nothing is forwarded: all, and with what the arrays so far join.
    apart = together = _carried_words(case, packed, inside, reuse)
    words = received = apart
    linked = 0
    joined: list[int] = []
    for index in reversed(exchange.arrays):
        array = case.array(index)
        several = case.active[index + 1] > case.active[index]
        if several and array.groups(tensor.role):
            joined.append(index)
            apart, together = together, _carried_words(case, packed, inside, reuse, joined)
        else:
            apart = together
        arrived, links = words, 0
        if several and index + 1 == inside and tensor.role in array.forwarding:
            one = _forwarded(case, tensor, index, reuse)
            networks = case.active[index]
            arrived, links, words = (
                one.received * networks,
                one.links * networks,
                one.sends * networks,
            )
            received, linked = arrived, links
        else:
            words = words * together // apart
        reductions = arrived - words if tensor.is_output and array.groups(tensor.role) else 0
        transfers[array.name, tensor.name] = Transfers(words, arrived, reductions, links)
    return Forwarded(words, received, linked)


def _forwarded(case: _Case, tensor: Tensor, index: int, reuse: Reuse) -> Forwarded:
    """What one network of the array directly above a child carries, neighbours helping."""
    loops = strided_loops(case.nest)
    return forwarded_words(
        tensor,
        tile=case.nest.tile(index + 1, case.operation.sizes),
        temporal=temporal_loops(case.accelerator, loops, index + 1),
        spatial=loops[index],
        reuse=reuse,
        groups=case.array(index).groups(tensor.role),
        box=case.box,
    )


def _check_arrays(case: _Case, tensor: Tensor, exchange: Exchange, inside: int) -> None:
    """Refuse what the closed form does not count where pieces are not all equal.

    With several arrays, an outer one may group what its instances ask for. Instances ask for equal
    words if they have equal pieces; where inner pieces differ in size, they may do so otherwise.
    """
    if not case.packed.ragged[inside]:
        return
    ragged = case.nest.ragged(inside, case.operation.sizes)
    arrays = [index for index in exchange.arrays if case.active[index + 1] > case.active[index]]
    joins = {index: case.array(index).groups(tensor.role) for index in arrays}
    if any(n + 1 == inside and tensor.role in case.array(n).forwarding for n in arrays):
        raise _unsupported(case.operation, "forwarded words", ragged, "switch forwarding off")
    dims = {index: {loop.dim for loop in case.nest.levels[index].loops} for index in arrays}
    spread = ragged & set[str]().union(*dims.values())
    windows: set[str] = set()
    for axis in tensor.axes:
        sliding = {term.dim for term in axis.terms if case.operation.sizes[term.dim] > 1}
        windows |= sliding if len(sliding) > 1 else set()
    for outer in (index for index in arrays[:-1] if joins[index]):
        for inner in (index for index in arrays if index > outer):
            apart = dims[outer] & dims[inner] - set(tensor.dims)
            if spread & windows or (not joins[inner] and spread & apart):
                raise _unsupported(
                    case.operation,
                    f"several arrays in a row that carry {tensor.name}",
                    spread,
                    f"let a memory between {case.array(outer).name!r} and "
                    f"{case.array(inner).name!r} keep {tensor.name}",
                )


def _carried_words(
    case: _Case, tensor: PackedTensor, inside: int, reuse: Reuse, joined: Sequence[int] = ()
) -> int:
    """Words that all instances of the part at `inside` receive; joined arrays group equal ones."""
    loops = case.packed.loops[: case.packed.outside[inside]]
    if joined:
        loops = loops.copy()
        for index in joined:
            loops[case.packed.levels[: loops.shape[0]] == index, PLACE] = index
    words = carried_words(
        tensor.first,
        tensor.dim,
        tensor.coefficient,
        case.packed.dims[inside],
        loops,
        REUSE[reuse],
        case.box,
    )
    return int(words)


def _first_words(case: _Case, tensor: Tensor, packed: PackedTensor, index: int) -> int:
    """Words of the output that the instances of a memory ever touch, each instance's own."""
    if not tensor.is_output:
        return 0
    loops, dims = case.packed.loops[: case.packed.outside[index]], case.packed.dims[index]
    return int(touched_words(packed.first, packed.dim, packed.coefficient, dims, loops))
