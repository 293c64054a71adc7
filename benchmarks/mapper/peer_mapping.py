"""Peer mapping: what another tool's mapping costs in picojoule's counting.

The other tools may start each tensor's tile at its own place in the loops of one memory ("uneven"),
where a nest of picojoule has one place for all tensors of a memory. So such a mapping is counted
tensor by tensor: a nest in which each memory that keeps the tensor has the loops that run inside
its tile. Where one nest for all tensors costs no more, the mapping is in picojoule's space, too.

A mapping is written as nodes, outermost first: `keep glb inputs; loop M 4; spread pes x N 8`.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from picojoule.cost import count, price
from picojoule.errors import PicojouleError
from picojoule.hardware import Accelerator, Compute, Memory, Part
from picojoule.mapping import Actions, Counts, Level, Loop, Nest, format_nest, validate
from picojoule.simulate import execute
from picojoule.workload import Operation, Tensor

Node = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repriced:
    """A peer's mapping in picojoule's counting.

    Args:
        energy_pj: What it costs.
        without_elision_pj: The same, if first accumulations read, too, wherever later ones do.
        overfull: Memories whose tiles do not fit, counted as picojoule counts them.
        nest: The same as one nest; None where the mapping is uneven.
        executed: Whether the oracle ran it and counted the same.
    """

    energy_pj: float
    without_elision_pj: float
    overfull: tuple[str, ...]
    nest: str | None
    executed: bool


def reprice(
    operation: Operation, chip: Accelerator, mapping: str, *, largest_execution: int
) -> Repriced:
    """Count a peer's mapping and price it.

    Raises:
        ValueError: The oracle counts something else than the closed form.
    """
    nodes = [tuple(node.split()) for node in mapping.split(";")]
    nests = tuple(_tensor_nest(operation, chip, nodes, tensor) for tensor in operation.tensors)
    counted = tuple(count(operation, one, nest) for one, nest in nests)
    executes = operation.steps <= largest_execution
    if executes and any(
        execute(operation, one, nest) != counts
        for (one, nest), counts in zip(nests, counted, strict=True)
    ):
        raise ValueError(f"{operation.name}: the oracle counts this mapping differently")
    chips = tuple(one for one, _ in nests)
    energy_pj = _energy_of(operation, chips, counted)
    one, nest = nests[-1]
    full = count(operation, one, nest, elide_first_read=False)
    unelided = (*counted[:-1], _never_elided(counted[-1], full))
    held_bits = _held_bits(operation, counted)
    overfull = tuple(
        memory.name
        for memory in chip.memories
        if memory.capacity_bits is not None and held_bits[memory.name] > memory.capacity_bits
    )
    costs = {
        nest: price(operation, chip, count(operation, chip, nest)).energy_pj
        for nest in _even_nests(operation, chip, nodes)
    }
    best = min(costs, key=lambda nest: costs[nest], default=None)
    even = best is not None and costs[best] <= energy_pj * (1 + 1e-12)
    return Repriced(
        energy_pj,
        _energy_of(operation, chips, unelided),
        overfull,
        format_nest(best) if even and best else None,
        executes,
    )


def _energy_of(
    operation: Operation, chips: Sequence[Accelerator], counted: Sequence[Counts]
) -> float:
    """Energy of all tensors, each from its own nest, and of the steps."""
    costs = [price(operation, chip, counts) for chip, counts in zip(chips, counted, strict=True)]
    tensors = zip(operation.tensors, costs, strict=True)
    compute = chips[0].compute.name
    moved_pj = sum(cost.energy_by_tensor_pj[tensor.name] for tensor, cost in tensors)
    return moved_pj + costs[0].energy_by_part_pj[compute]


def _held_bits(operation: Operation, counted: Sequence[Counts]) -> dict[str, int]:
    """What each memory holds of all tensors."""
    held: dict[str, int] = {}
    for tensor, counts in zip(operation.tensors, counted, strict=True):
        for (memory, name), words in counts.tile_words.items():
            if name == tensor.name:
                held[memory] = held.get(memory, 0) + words * tensor.bits
    return held


def _never_elided(elided: Counts, full: Counts) -> Counts:
    """Counts in which first accumulations read wherever partial sums come back at all."""
    accesses = {
        place: Actions(
            full.accesses[place].reads if actions.reads else 0,
            full.accesses[place].fills if actions.fills else 0,
            actions.updates,
        )
        for place, actions in elided.accesses.items()
    }
    return replace(elided, accesses=accesses)


def _tensor_nest(
    operation: Operation, chip: Accelerator, nodes: Sequence[Node], tensor: Tensor
) -> tuple[Accelerator, Nest]:
    """The memories that keep one tensor, as a chip of their own, and the loops inside each tile."""
    kept = [node[1] for node in nodes if node[0] == "keep" and node[2] == tensor.name]
    outermost = chip.parts[0].name
    parts = tuple(
        replace(part, holds=(tensor.role,), capacity_bits=None, partitions=())
        if isinstance(part, Memory) and part.name != outermost
        else part
        for part in chip.parts
        if not isinstance(part, Memory) or part.name in kept
    )
    keeps = {part.name: {tensor.name} for part in parts}
    keeps[outermost] = {one.name for one in operation.tensors}
    levels: dict[str, list[Loop]] = {part.name: [] for part in parts}
    current = outermost
    for node in nodes:
        if node[0] == "keep" and node[2] == tensor.name:
            current = node[1]
        elif node[0] == "loop":
            levels[current].append(_loop(node))
        elif node[0] == "spread":
            levels[node[1]].append(_loop(node))
    return replace(chip, parts=parts), _nest_of(parts, levels, keeps)


def _loop(node: Node) -> Loop:
    if node[0] == "loop":
        return Loop(node[1], int(node[2]))
    return Loop(node[3], int(node[4]), "x" if node[2] == "x" else "y")


def _nest_of(
    parts: Sequence[Part], levels: Mapping[str, list[Loop]], keeps: Mapping[str, set[str]]
) -> Nest:
    """Levels in the chip's order."""
    return Nest(
        tuple(
            Level(
                part.name,
                tuple(loop for loop in levels[part.name] if loop.bound > 1),
                tuple(sorted(keeps[part.name])) if isinstance(part, Memory) else (),
            )
            for part in parts
            if not isinstance(part, Compute)
        )
    )


def _even_nests(operation: Operation, chip: Accelerator, nodes: Sequence[Node]) -> Iterator[Nest]:
    """Every legal nest in which each memory starts all its tiles at one of its places."""
    keeps: dict[str, set[str]] = {part.name: set() for part in chip.parts}
    places: dict[str, list[int]] = {}
    for n, node in enumerate(nodes):
        if node[0] == "keep":
            keeps[node[1]].add(node[2])
            if node[1] != chip.parts[0].name:
                places.setdefault(node[1], []).append(n)
    memories = [memory.name for memory in chip.memories if memory.name in places]
    for chosen in itertools.product(*(places[name] for name in memories)):
        if list(chosen) != sorted(chosen):
            continue
        starts = dict(zip(chosen, memories, strict=True))
        levels: dict[str, list[Loop]] = {part.name: [] for part in chip.parts}
        current = chip.parts[0].name
        for n, node in enumerate(nodes):
            current = starts.get(n, current)
            if node[0] != "keep":
                levels[node[1] if node[0] == "spread" else current].append(_loop(node))
        nest = _nest_of(chip.parts, levels, keeps)
        try:
            validate(operation, chip, nest)
        except PicojouleError:
            continue
        yield nest
