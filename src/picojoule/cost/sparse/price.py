"""Price: what an operation costs whose zeros spare actions.

As `cost.price`, with three differences: gated actions take time only, skipped ones nothing, and
where a memory compresses a tensor, the bits that say where its words belong move with them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from picojoule.cost.price import (
    LEAKAGE,
    Costs,
    combine_cycles,
    leakage_w,
    step_energy_pj,
)
from picojoule.cost.sparse.count import Densities
from picojoule.cost.sparse.formats import expected_bits
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapping import Counts, Nest, SparedActions, SparedCounts, Split
from picojoule.workload import Operation, Tensor, axis_points


@dataclass(frozen=True, slots=True)
class SparseCosts:
    """What one operation costs.

    Args:
        costs: Expected energy and time; whole cycles and bytes are rounded up.
        metadata_bytes: Of `costs.outer_bytes`, what says where words belong.
    """

    costs: Costs
    metadata_bytes: int


@dataclass(frozen=True, slots=True)
class _Traffic:
    """Bits of metadata that move with reads, fills and updates, by memory and tensor."""

    reads: float = 0.0
    fills: float = 0.0
    updates: float = 0.0


def price_spared(
    operation: Operation,
    accelerator: Accelerator,
    nest: Nest,
    dense: Counts,
    spared: SparedCounts,
    densities: Densities,
) -> SparseCosts:
    """Price the actions that zeros leave: expected energy and time, and where they go.

    Args:
        operation, accelerator, nest, dense: As mapped, and counted without zeros.
        spared: The counts by their fate.
        densities: As they were spared with; metadata hangs on them.
    """
    by_part = {part.name: 0.0 for part in accelerator.parts}
    by_tensor = {tensor.name: 0.0 for tensor in operation.tensors}
    traffic: dict[tuple[str, str], _Traffic] = {}
    for index, memory in enumerate(accelerator.parts):
        if not isinstance(memory, Memory):
            continue
        for tensor in operation.tensors:
            key = (memory.name, tensor.name)
            if (actions := spared.accesses.get(key)) is None:
                continue
            traffic[key] = _metadata(operation, nest, index, memory, tensor, actions, densities)
            energy_pj = _access_energy_pj(memory, tensor, actions, traffic[key])
            by_part[memory.name] += energy_pj
            by_tensor[tensor.name] += energy_pj
    for array in accelerator.arrays:
        for tensor in operation.tensors:
            energy_pj = _transfer_energy_pj(accelerator, array, tensor, dense, spared)
            by_part[array.name] += energy_pj
            by_tensor[tensor.name] += energy_pj
    compute = accelerator.compute
    by_part[compute.name] = spared.steps.actual * step_energy_pj(operation, accelerator)
    times = {
        m.name: _memory_cycles(operation, m, dense, spared, traffic) for m in accelerator.memories
    }
    compute_cycles = math.ceil(spared.compute_steps * compute.cycles)
    latency_cycles = combine_cycles(accelerator, compute_cycles, times)
    latency_s = latency_cycles / accelerator.clock_hz
    by_part[LEAKAGE] = leakage_w(accelerator) * latency_s * 1e12
    words, beside = _crossing_bits(operation, accelerator, spared, traffic)
    capacity = latency_cycles * accelerator.compute_units / compute.cycles
    costs = Costs(
        energy_pj=math.fsum(by_part.values()),
        latency_cycles=latency_cycles,
        latency_s=latency_s,
        compute_cycles=compute_cycles,
        utilization=spared.steps.timed / capacity if capacity else 0.0,
        active_pes=dense.instances[compute.name],
        energy_by_part_pj=by_part,
        energy_by_tensor_pj=by_tensor,
        cycles_by_memory=times,
        outer_bytes=math.ceil((words + beside) / 8),
    )
    return SparseCosts(costs, math.ceil(beside / 8))


def _metadata(
    operation: Operation,
    nest: Nest,
    index: int,
    memory: Memory,
    tensor: Tensor,
    actions: SparedActions,
    densities: Densities,
) -> _Traffic:
    """Bits that move beside the words: in proportion to the words that these stand for."""
    density, form = densities.get(tensor.name), memory.format_of(tensor.role)
    if density is None or form == "none":
        return _Traffic()
    lengths = nest.tile(index, operation.sizes)
    tile = [axis_points(axis, lengths) for axis in tensor.axes]
    _, bits = expected_bits(form, tile, density.share, tensor.bits)
    each = bits / math.prod(tile)
    if tensor.is_output:  # only results are compressed, and only where their zeros are left out
        results = operation.words(tensor) if actions.updates.skipped else 0
        return _Traffic(updates=results * each)
    fills = _told_of(actions.fills, density.share) if index else 0.0
    return _Traffic(_told_of(actions.reads, density.share) * each, fills * each)


def _told_of(moved: Split, share: float) -> float:
    """Words, zeros among them, whose non-zeros moved: all, where there are no non-zeros to tell."""
    return moved.actual / share if share else moved.dense


def _access_energy_pj(
    memory: Memory, tensor: Tensor, actions: SparedActions, beside: _Traffic
) -> float:
    bits = tensor.bits
    total = (
        (actions.reads.actual * bits + beside.reads) * memory.read_pj
        + (actions.fills.actual * bits + beside.fills) * memory.fill_pj
        + (actions.updates.actual * bits + beside.updates) * memory.update_pj
    )
    return total / memory.access_bits


def _transfer_energy_pj(
    accelerator: Accelerator, array: Array, tensor: Tensor, dense: Counts, spared: SparedCounts
) -> float:
    moved = spared.transfers[array.name, tensor.name]
    deliveries = moved.deliveries.actual
    if tensor.is_output:  # partial sums that travel back in, to the next memory that keeps them
        for part in accelerator.parts[accelerator.parts.index(array) + 1 :]:
            if isinstance(part, Memory) and (part.name, tensor.name) in spared.accesses:
                deliveries += spared.accesses[part.name, tensor.name].fills.actual
                break
    total = (
        deliveries * array.delivery_pj
        + moved.reductions.actual * array.reduction_pj
        + dense.transfers[array.name, tensor.name].links * array.link_pj
    )
    return total * tensor.bits / array.word_bits


def _memory_cycles(
    operation: Operation,
    memory: Memory,
    dense: Counts,
    spared: SparedCounts,
    traffic: Mapping[tuple[str, str], _Traffic],
) -> int:
    """Cycles that one instance's ports need, on average over the instances, rounded up."""
    reads = writes = 0.0
    for tensor in operation.tensors:
        key = (memory.name, tensor.name)
        actions = spared.accesses.get(key, SparedActions(Split(), Split(), Split()))
        beside = traffic.get(key, _Traffic())
        reads += actions.reads.timed * tensor.bits + beside.reads
        writes += (actions.fills.timed + actions.updates.timed) * tensor.bits
        writes += beside.fills + beside.updates
    ports = (
        (reads, memory.read_bits_per_cycle),
        (writes, memory.write_bits_per_cycle),
        (reads + writes, memory.port_bits_per_cycle),
    )
    instances = dense.instances[memory.name]
    return max((math.ceil(bits / instances / rate) for bits, rate in ports if rate), default=0)


def _crossing_bits(
    operation: Operation,
    accelerator: Accelerator,
    spared: SparedCounts,
    traffic: Mapping[tuple[str, str], _Traffic],
) -> tuple[float, float]:
    """Bits of words, and beside them, that cross the port of the outermost memory."""
    words = metadata = 0.0
    for tensor in operation.tensors:
        key = (accelerator.memories[0].name, tensor.name)
        actions = spared.accesses[key]
        words += (actions.reads.timed + actions.updates.timed) * tensor.bits
        metadata += traffic[key].reads + traffic[key].updates
    return words, metadata
