"""Price: counts times cost per action, and the time that the slowest part takes.

A word costs its share of an access: `price * word bits / access bits`, as if neighbours in a wide
row were used together. A MAC's energy is linear in the width of each operand. A memory's time is
its words over its bandwidth, rounded up; what overlaps is hidden behind the slowest part, what does
not is added.

Source: sze2017, Sec. V-B; yang2017asilomar for the bit widths.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapping import Actions, Counts, Transfers
from picojoule.workload import Operation, Tensor

LEAKAGE = "leakage"
"""Where `energy_by_part_pj` keeps the energy that leaks from all parts."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What one operation costs under one nest.

    Args:
        energy_pj: Everything, leakage included.
        latency_cycles, latency_s: Of the whole operation.
        compute_cycles: What the compute units alone need.
        utilization: Steps done over steps that all compute units could do in that time.
        active_pes: Compute units with work.
        energy_by_part_pj: By memory, array and compute unit, and "leakage"; sums to `energy_pj`.
        energy_by_tensor_pj: By tensor, without compute and leakage.
        cycles_by_memory: Time that each memory's transfers take.
        outer_bytes: Bytes that cross the port of the outermost memory.
    """

    energy_pj: float
    latency_cycles: int
    latency_s: float
    compute_cycles: int
    utilization: float
    active_pes: int
    energy_by_part_pj: Mapping[str, float]
    energy_by_tensor_pj: Mapping[str, float]
    cycles_by_memory: Mapping[str, int]
    outer_bytes: int


def price(operation: Operation, accelerator: Accelerator, counts: Counts) -> Costs:
    """Price the counts of an operation on a chip.

    Args:
        operation: Gives the word widths.
        accelerator: Gives the prices and bandwidths.
        counts: Of the closed form or of the oracle.

    Returns:
        Energy in pJ, time in cycles and seconds, and where they go.
    """
    by_part: dict[str, float] = {part.name: 0.0 for part in accelerator.parts}
    by_tensor: dict[str, float] = {tensor.name: 0.0 for tensor in operation.tensors}
    tensors = {tensor.name: tensor for tensor in operation.tensors}
    for memory in accelerator.memories:
        for name, tensor in tensors.items():
            actions = counts.accesses.get((memory.name, name))
            if actions is not None:
                energy_pj = access_energy_pj(memory, tensor, actions)
                by_part[memory.name] += energy_pj
                by_tensor[name] += energy_pj
    for array in accelerator.arrays:
        for name, tensor in tensors.items():
            transfers = counts.transfers[array.name, name]
            read_back = _read_back_words(accelerator, array, tensor, counts)
            energy_pj = transfer_energy_pj(array, tensor, transfers, read_back)
            by_part[array.name] += energy_pj
            by_tensor[name] += energy_pj
    by_part[accelerator.compute.name] = counts.steps * step_energy_pj(operation, accelerator)
    times = {m.name: memory_cycles(operation, m, counts) for m in accelerator.memories}
    compute_cycles = counts.compute_cycles * accelerator.compute.cycles
    latency_cycles = combine_cycles(accelerator, compute_cycles, times)
    latency_s = latency_cycles / accelerator.clock_hz
    by_part[LEAKAGE] = leakage_w(accelerator) * latency_s * 1e12
    active = counts.instances[accelerator.compute.name]
    capacity = latency_cycles * accelerator.compute_units / accelerator.compute.cycles
    outermost = accelerator.memories[0].name
    crossing = 0
    for name, tensor in tensors.items():
        actions = counts.accesses[outermost, name]
        crossing += (actions.reads + actions.updates) * tensor.bits
    return Costs(
        energy_pj=math.fsum(by_part.values()),
        latency_cycles=latency_cycles,
        latency_s=latency_s,
        compute_cycles=compute_cycles,
        utilization=counts.steps / capacity,
        active_pes=active,
        energy_by_part_pj=by_part,
        energy_by_tensor_pj=by_tensor,
        cycles_by_memory=times,
        outer_bytes=-(-crossing // 8),
    )


def access_energy_pj(memory: Memory, tensor: Tensor, actions: Actions) -> float:
    """Energy of one memory's actions for one tensor."""
    total = (
        actions.reads * memory.read_pj
        + actions.fills * memory.fill_pj
        + actions.updates * memory.update_pj
    )
    return total * tensor.bits / memory.access_bits


def transfer_energy_pj(
    array: Array, tensor: Tensor, transfers: Transfers, read_back_words: int
) -> float:
    """Energy of one array's network for one tensor; partial sums may travel back in."""
    total = (
        (transfers.deliveries + read_back_words) * array.delivery_pj
        + transfers.reductions * array.reduction_pj
        + transfers.links * array.link_pj
    )
    return total * tensor.bits / array.word_bits


def _read_back_words(accelerator: Accelerator, array: Array, tensor: Tensor, counts: Counts) -> int:
    """Partial sums that an array carries back in: the fills of the next memory that keeps them."""
    if not tensor.is_output:
        return 0
    inside = accelerator.parts[accelerator.parts.index(array) + 1 :]
    for part in inside:
        if isinstance(part, Memory) and (part.name, tensor.name) in counts.accesses:
            return counts.accesses[part.name, tensor.name].fills
    return 0


def step_energy_pj(operation: Operation, accelerator: Accelerator) -> float:
    """Energy of one inner step: linear in the width of each operand."""
    compute = accelerator.compute
    widths = [tensor.bits / compute.bits for tensor in operation.tensors[:-1]]
    return compute.mac_pj * math.prod(widths)


def memory_cycles(operation: Operation, memory: Memory, counts: Counts) -> int:
    """Cycles that one instance's ports need for its transfers, rounded up.

    An average over the active instances: where bounds do not divide, some transfer less.
    """
    reads = writes = 0
    for tensor in operation.tensors:
        actions = counts.accesses.get((memory.name, tensor.name), Actions())
        reads += actions.reads * tensor.bits
        writes += (actions.fills + actions.updates) * tensor.bits
    instances = counts.instances[memory.name]
    ports = (
        (reads, memory.read_bits_per_cycle),
        (writes, memory.write_bits_per_cycle),
        (reads + writes, memory.port_bits_per_cycle),
    )
    return max((math.ceil(bits / instances / rate) for bits, rate in ports if rate), default=0)


def combine_cycles(
    accelerator: Accelerator, compute_cycles: int, memory_times: Mapping[str, int]
) -> int:
    """The slowest of compute and overlapped memories, plus the memories that do not overlap."""
    hidden = [memory_times[m.name] for m in accelerator.memories if m.overlapped]
    added = [memory_times[m.name] for m in accelerator.memories if not m.overlapped]
    return max([compute_cycles, *hidden]) + sum(added)


def leakage_w(accelerator: Accelerator) -> float:
    """Leakage power of all parts, idle ones included."""
    return sum(
        part.leakage_w * accelerator.instances(part)
        for part in accelerator.parts
        if not isinstance(part, Array)
    )


def area_mm2(accelerator: Accelerator) -> float:
    """Core area: as published, else the sum of the parts."""
    if accelerator.area_mm2 is not None:
        return accelerator.area_mm2
    return sum(part.area_um2 * accelerator.instances(part) for part in accelerator.parts) * 1e-6
