"""Conventions: what the other tool would print for our counts.

It prices accesses per instance and rounds up to whole blocks, charges words on a network by hop and
router, and slows a run down to the bandwidth of its worst level. None of this is our own cost model
(that is `cost`); it is written out here so that recorded numbers can be compared one by one.
"""

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from picojoule.check.documents import Node
from picojoule.check.records import Prices, Record
from picojoule.hardware import Array
from picojoule.mapping import Actions, Counts, Level
from picojoule.workload import Tensor

Number = int | float | Fraction
Quantities = dict[tuple[str, str], Number]
"""(place, quantity) -> value; the place reads `level tensor`, `network tensor` or `total`."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Counts of one record by one way of counting, with and without first-read elision."""

    elided: Counts
    full: Counts | None


def expected(record: Record, witness: Witness) -> Quantities:
    """Every quantity that the record states, as our counts imply it."""
    quantities: Quantities = {}
    counts = witness.elided if record.elide_first_read else witness.full
    assert counts is not None
    total_pj = counts.steps * record.mac_pj
    slowest = counts.compute_cycles
    tensors = [tensor.name for tensor in record.operation.tensors]
    for memory in record.accelerator.memories:
        name, prices = memory.name, record.prices[memory.name]
        actions = {
            tensor: _actions(record, witness, counts, (name, tensor))
            for tensor in tensors
            if (name, tensor) in counts.accesses
        }
        instances = counts.instances[name]
        energies = {t: instances * _energy_pj(one, prices) for t, one in actions.items()}
        for tensor, one in actions.items():
            place = f"{name} {tensor}"
            quantities[place, "reads"] = one.reads
            quantities[place, "fills"] = one.fills
            quantities[place, "updates"] = one.updates
            quantities[place, "utilized_capacity"] = counts.tile_words[name, tensor]
            quantities[place, "utilized_instances"] = instances
            quantities[place, "energy_pj"] = energies[tensor]
        cycles = _cycles(actions, prices, counts.compute_cycles)
        quantities[name, "energy_pj"] = sum(energies.values())
        quantities[name, "cycles"] = cycles
        slowest = max(slowest, cycles)
        total_pj += sum(energies.values())
    for array, level in zip(record.accelerator.arrays, record.nest.levels[1::2], strict=True):
        total_pj += _network(record, witness, counts, array, level, quantities)
    quantities["total", "cycles"] = slowest
    quantities["total", "energy_pj"] = total_pj
    return quantities


def recorded(record: Record) -> Quantities:
    """The same quantities as the record states them."""
    quantities: Quantities = {}
    output = record.output
    kept = {array.name: _kept_below(record, array) for array in record.accelerator.arrays}
    for name in output.at("levels").names():
        level = output.at("levels").at(name)
        for tensor in level.at("tensors").names():
            stated = level.at("tensors").at(tensor)
            place = f"{name} {tensor}"
            for key in ("reads", "fills", "updates", "utilized_capacity", "utilized_instances"):
                quantities[place, key] = stated.at(key).integer()
            quantities[place, "energy_pj"] = stated.at("energy_total").number()
        quantities[name, "energy_pj"] = level.at("energy_total").number()
        quantities[name, "cycles"] = level.at("cycles").integer()
    for name in output.at("networks").names():
        network = output.at("networks").at(name)
        for tensor in network.at("tensors").names():
            place = f"{name} {tensor}"
            _stated_transfers(network.at("tensors").at(tensor), place, quantities)
            if tensor not in kept.get(name, ()):
                del quantities[place, "hops"]
        quantities[name, "energy_pj"] = network.at("energy_total").number()
    quantities["total", "cycles"] = output.at("cycles").integer()
    quantities["total", "energy_pj"] = output.at("energy_total_pJ").number()
    return quantities


def _stated_transfers(stated: Node, place: str, quantities: Quantities) -> None:
    quantities[place, "ingresses"] = stated.at("ingresses").integer()
    quantities[place, "link_transfers"] = stated.at("link_transfers").integer()
    quantities[place, "spatial_reductions"] = stated.at("spatial_reductions").integer()
    quantities[place, "multicast_factor"] = stated.at("multicast_factor").integer()
    quantities[place, "hops"] = stated.at("num_hops").number()
    quantities[place, "energy_pj"] = stated.at("energy").number()
    sent = received = 0
    for part in stated.at("ingress_records").items():
        words = part.at("accesses").integer()
        sent += words
        received += words * part.at("multicast").integer()
    quantities[place, "mean_multicast"] = Fraction(received, sent) if sent else Fraction(0)


def _actions(record: Record, witness: Witness, counts: Counts, key: tuple[str, str]) -> Actions:
    """Actions of one instance; where the record says so, the first accumulation reads as well."""
    chosen = counts
    if key in record.reads_first:
        assert witness.full is not None
        chosen = witness.full
    total, instances = chosen.accesses[key], chosen.instances[key[0]]
    return Actions(
        reads=_share(total.reads, instances),
        fills=_share(total.fills, instances),
        updates=_share(total.updates, instances),
    )


def _share(total: int, instances: int) -> int:
    """Words per instance, rounded down where links make instances differ, as the tool does."""
    return total // instances


def _energy_pj(one: Actions, prices: Prices) -> float:
    block = prices.block_size
    return (
        -(-one.reads // block) * prices.read_pj
        + -(-one.fills // block) * prices.write_pj
        + -(-one.updates // block) * prices.update_pj
    )


def _cycles(actions: Mapping[str, Actions], prices: Prices, compute_cycles: int) -> int:
    """Cycles that the level's own bandwidth allows the run to take, at least."""
    reads = sum(one.reads for one in actions.values())
    writes = sum(one.fills + one.updates for one in actions.values())
    cycles = compute_cycles
    for words, rate in (
        (reads, prices.read_words_per_cycle),
        (writes, prices.write_words_per_cycle),
    ):
        if rate is not None:
            cycles = max(cycles, math.ceil(Fraction(words) / Fraction(rate)))
    return cycles


def _network(
    record: Record,
    witness: Witness,
    counts: Counts,
    array: Array,
    level: Level,
    quantities: Quantities,
) -> float:
    """Add the quantities of one network; return its energy, all instances."""
    memory = array.name.split(" <==> ")[0]
    prices, sources = record.prices[memory], counts.instances[array.name]
    total_pj = 0.0
    kept = _kept_below(record, array)
    for tensor in record.operation.tensors:
        place, moved = f"{array.name} {tensor.name}", counts.transfers[array.name, tensor.name]
        ingresses = _share(moved.sends, sources)
        key = (memory, tensor.name)
        if tensor.is_output and not prices.reduces_locally and key in witness.elided.accesses:
            # Old partial sums travel out and back; first accumulations find nothing to fetch.
            ingresses += _share(witness.elided.accesses[key].reads, sources)
        groups = list(_groups(record, tensor, array, level))
        # A network to one instance is a wire without hops.
        hops = sum(_hops(array, group) for group in groups) / len(groups) if level.loops else 0.0
        energy_pj = ingresses * (hops * prices.hop_pj + (1 + math.floor(hops)) * prices.router_pj)
        quantities[place, "ingresses"] = ingresses
        quantities[place, "link_transfers"] = _share(moved.links, sources)
        quantities[place, "spatial_reductions"] = _share(moved.reductions, sources)
        quantities[place, "multicast_factor"] = max(map(len, groups))
        quantities[place, "mean_multicast"] = (
            Fraction(moved.deliveries, moved.sends) if moved.sends else Fraction(0)
        )
        if tensor.name in kept:
            quantities[place, "hops"] = hops
        quantities[place, "energy_pj"] = energy_pj
        total_pj += sources * energy_pj
    quantities[array.name, "energy_pj"] = total_pj
    return total_pj


def _kept_below(record: Record, array: Array) -> tuple[str, ...]:
    """Tensors that the part below an array holds.

    The tool divides the hops of other tensors by another number of words, for no price, so their
    hops are not compared.
    """
    below = [level.part for level in record.nest.levels].index(array.name) + 1
    if below == len(record.nest.levels):
        return tuple(tensor.name for tensor in record.operation.tensors)
    return record.nest.levels[below].keeps


def _groups(
    record: Record, tensor: Tensor, array: Array, level: Level
) -> Iterator[tuple[int, ...]]:
    """Instances of one array that share a tile of `tensor`, by the tool's numbers."""
    steps = _steps(record, tensor, level)
    loops = list(zip(level.loops, steps, strict=True))
    ordered = [pair for axis in ("y", "x") for pair in loops if pair[0].axis == axis]
    groups: dict[tuple[int, ...], list[int]] = {}
    indices = itertools.product(*(range(loop.bound) for loop, _ in ordered))
    for number, index in enumerate(indices):
        offset = tuple(
            sum(i * step[a] for i, (_, step) in zip(index, ordered, strict=True))
            for a in range(len(tensor.axes))
        )
        key = offset if array.groups(tensor.role) else (number,)
        groups.setdefault(key, []).append(number)
    return map(tuple, groups.values())


def _steps(record: Record, tensor: Tensor, level: Level) -> list[tuple[int, ...]]:
    """How far each loop of `level` moves the tile along each axis of `tensor`."""
    inside = record.nest.tile(record.nest.levels.index(level) + 1, record.operation.sizes)
    steps: list[tuple[int, ...]] = []
    for loop in reversed(level.loops):
        reach = inside[loop.dim]
        steps.append(
            tuple(
                sum(term.coefficient * reach for term in axis.terms if term.dim == loop.dim)
                for axis in tensor.axes
            )
        )
        inside[loop.dim] = reach * loop.bound
    return steps[::-1]


def _hops(array: Array, group: tuple[int, ...]) -> float:
    """Hops of one word to all of a group: along the row to the farthest, then each column's reach.

    A word enters at the middle of the left edge; a column is served up and down from there.
    """
    middle = (array.y - 1) / 2
    columns: dict[int, list[int]] = {}
    for number in group:
        columns.setdefault(number % array.x, []).append(number // array.x)
    reach = (max(*rows, middle) - min(*rows, middle) for rows in columns.values())
    return max(columns) + sum(reach)
