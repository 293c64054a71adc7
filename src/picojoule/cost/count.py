"""Count: all actions of a chip under a nest, from the closed forms of traffic and forwarding."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from picojoule.cost.forwarding import Forwarded, forwarded_words
from picojoule.cost.pack import PackedLoops, PackedTensor, pack_loops, pack_tensor, pack_tile
from picojoule.cost.place import (
    Exchange,
    active_instances,
    exchanges,
    strided_loops,
    temporal_loops,
)
from picojoule.cost.traffic import NONE, TILE, WINDOW, distinct_offsets, fetched_words, tile_points
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array, Memory, Reuse
from picojoule.mapping import Actions, Counts, Loop, Nest, Transfers
from picojoule.workload import Operation, Tensor

Footprint = Literal["points", "box"]
REUSE: dict[Reuse, int] = {"window": WINDOW, "tile": TILE, "none": NONE}


@dataclass(frozen=True, slots=True)
class _Case:
    """One count: the nest, with each loop's stride and each level's active instances."""

    operation: Operation
    accelerator: Accelerator
    nest: Nest
    loops: tuple[tuple[tuple[Loop, int], ...], ...]
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
            box were accumulated before is not defined.
    """
    if footprint == "box" and any(len(axis.terms) > 1 for axis in operation.output.axes):
        raise Unsupported(
            "boxes are not defined for this output",
            where=f"operation {operation.name!r}, tensor {operation.output.name!r}",
            got="several dimensions on one axis",
            expected="one dimension per axis",
            fix="count points: footprint='points'",
        )
    ragged = nest.ragged(operation.sizes)
    if ragged:
        raise Unsupported(
            "bounds that do not divide are only executed, not counted in closed form",
            where=f"operation {operation.name!r}",
            got=f"ragged loops over {' '.join(sorted(ragged))}",
            expected="bounds that divide",
            fix="change the bounds",
        )
    case = _Case(
        operation,
        accelerator,
        nest,
        strided_loops(nest),
        active_instances(accelerator, nest),
        footprint == "box",
        elide_first_read,
    )
    tile_words: dict[tuple[str, str], int] = {}
    accesses: dict[tuple[str, str], Actions] = {}
    transfers: dict[tuple[str, str], Transfers] = {}
    for tensor in operation.tensors:
        _count_tensor(case, tensor, tile_words, accesses, transfers)
    cycles = math.prod(
        loop.bound
        for part, level in zip(accelerator.parts, nest.levels, strict=False)
        if isinstance(part, Memory)
        for loop in level.loops
    )
    instances = {part.name: case.active[n] for n, part in enumerate(accelerator.parts)}
    return Counts(operation.steps, cycles, instances, tile_words, accesses, transfers)


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
        tile = pack_tile(case.operation, case.nest.tile(exchange.parent, case.operation.sizes))
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
    temporal = temporal_loops(case.accelerator, case.loops, inside)
    loops = pack_loops(case.operation, temporal)
    tile = pack_tile(case.operation, case.nest.tile(inside, case.operation.sizes))
    fetched = fetched_words(
        packed.first, packed.dim, packed.coefficient, tile, _rows(loops), REUSE[reuse], case.box
    )
    words = int(fetched) * case.active[inside]
    received, linked = words, 0
    for index in reversed(exchange.arrays):
        links = 0
        array = case.array(index)
        grouped = array.groups(tensor.role)
        spatial = case.loops[index]
        if index + 1 == inside and tensor.role in array.forwarding:
            one = forwarded_words(
                tensor,
                tile=case.nest.tile(inside, case.operation.sizes),
                temporal=temporal,
                spatial=spatial,
                reuse=reuse,
                groups=grouped,
                box=case.box,
            )
            networks = case.active[index]
            arrived, links = one.received * networks, one.links * networks
            received, linked, sends = arrived, links, one.sends * networks
        else:
            arrived = words
            sends = words
            if grouped:
                fanout = case.active[index + 1] // case.active[index]
                distinct = distinct_offsets(
                    packed.first,
                    packed.dim,
                    packed.coefficient,
                    _rows(pack_loops(case.operation, spatial)),
                )
                sends = words // fanout * int(distinct)
        transfers[array.name, tensor.name] = Transfers(
            sends, arrived, arrived - sends if tensor.is_output and grouped else 0, links
        )
        words = sends
    return Forwarded(words, received, linked)


def _rows(loops: PackedLoops) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    return np.stack([loops.dim, loops.bound, loops.stride])


def _first_words(case: _Case, tensor: Tensor, packed: PackedTensor, index: int) -> int:
    """Words of the output that the instances of a memory ever touch, each instance's own."""
    if not tensor.is_output:
        return 0
    tile = case.nest.tile(index, case.operation.sizes)
    runs = [(Loop(dim, bound), 1) for dim, bound in tile.items()]
    runs += temporal_loops(case.accelerator, case.loops, index)
    rows = _rows(pack_loops(case.operation, runs))
    distinct = distinct_offsets(packed.first, packed.dim, packed.coefficient, rows)
    return int(distinct) * case.active[index]
