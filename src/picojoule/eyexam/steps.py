"""Steps: what limits the MACs of a cycle, and the chips on which each limit stands alone.

The first three bounds are counted here. The others are least latencies of relaxed chips, found and
proved by the mapper: a chip without memories inside, one without limits on bandwidth, one whose
transfers all run while it computes, and the chip as it is. Each chip allows what the next one does,
so that no bound lies above the one before it.

Source: sze2020sscm, Eyexam. Its seventh step is what measuring finds below the average bandwidth;
here it is what this cost model knows of that: transfers that do not overlap.
"""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass

from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import Constraints, PartConstraints, Range
from picojoule.workload import Operation


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the examination.

    Args:
        name: Of the limit that it adds.
        loss: What a layer loses there, for tables.
    """

    name: str
    loss: str


STEPS = (
    Step("workload", "finite workload"),
    Step("dataflow", "dimensions that the array does not take"),
    Step("PEs", "work that does not fill the last round of PEs"),
    Step("array", "fragments along each axis"),
    Step("storage", "tiles that do not fit"),
    Step("bandwidth", "transfers slower than the array"),
    Step("overlap", "transfers while the array waits"),
)
"""The steps, in the order in which they tighten the bound."""


def parallel_macs(operation: Operation) -> float:
    """Bound of step 1: every MAC in the same cycle."""
    return float(operation.macs)


def dataflow_macs_per_cycle(
    operation: Operation, chip: Accelerator, constraints: Constraints
) -> float:
    """Bound of step 2: as many PEs as the allowed dimensions can use."""
    rounds = 1
    for dim, size in operation.sizes.items():
        rounds *= -(-size // _most_instances(dim, size, chip, constraints))
    return operation.macs / (rounds * chip.compute.cycles)


def pes_macs_per_cycle(operation: Operation, chip: Accelerator, constraints: Constraints) -> float:
    """Bound of step 3: the PEs that there are, in any arrangement.

    In any cycle all PEs stand at the same place of the dimensions that are not spread, so that
    each such place takes a whole number of rounds.
    """
    spread = together = 1
    for dim, size in operation.sizes.items():
        if _most_instances(dim, size, chip, constraints) > 1:
            spread *= size
        else:
            together *= size
    rounds = together * -(-spread // chip.compute_units)
    bound = operation.macs / (rounds * chip.compute.cycles)
    return min(bound, dataflow_macs_per_cycle(operation, chip, constraints))


def _most_instances(dim: str, size: int, chip: Accelerator, constraints: Constraints) -> int:
    """Instances that a dimension can be spread over, were the axes as long as it."""
    most = 1
    for own, dims in _axes(chip, constraints):
        if dims is None or dim in dims:
            limit = own.get(dim, Range()).most
            most *= size if limit is None else limit
    return min(most, size)


def _axes(
    chip: Accelerator, constraints: Constraints
) -> "Iterator[tuple[dict[str, Range], tuple[str, ...] | None]]":
    """What may be spread along each axis: limits of factors, and the chip's own choice."""
    for array in chip.arrays:
        own = constraints.of(array.name)
        yield dict(own.x), array.x_dims
        yield dict(own.y), array.y_dims


def without_memories(chip: Accelerator) -> Accelerator:
    """The chip of step 4: arrays below one memory that holds and delivers everything at once."""
    outermost, *inside = chip.parts
    arrays = [part for part in inside if not isinstance(part, Memory)]
    assert isinstance(outermost, Memory)
    return _relaxed(chip, "array", [_boundless(outermost, capacity_bits=None), *arrays])


def without_bandwidth(chip: Accelerator) -> Accelerator:
    """The chip of step 5: memories as large as they are, as fast as one likes."""
    parts = [_boundless(part) if isinstance(part, Memory) else part for part in chip.parts]
    return _relaxed(chip, "storage", parts)


def overlapping(chip: Accelerator) -> Accelerator:
    """The chip of step 6: all transfers run while the array works."""
    parts = [
        dataclasses.replace(part, overlapped=True) if isinstance(part, Memory) else part
        for part in chip.parts
    ]
    return _relaxed(chip, "bandwidth", parts)


def at_arrays(constraints: Constraints, chip: Accelerator) -> Constraints:
    """The constraints that a chip without memories can keep."""
    names = {array.name for array in chip.arrays}
    parts: dict[str, PartConstraints] = {
        name: own for name, own in constraints.parts.items() if name in names
    }
    return Constraints(parts, places=constraints.places)


def _boundless(memory: Memory, **changes: None) -> Memory:
    return dataclasses.replace(
        memory,
        read_bits_per_cycle=None,
        write_bits_per_cycle=None,
        port_bits_per_cycle=None,
        overlapped=True,
        **changes,
    )


def _relaxed(chip: Accelerator, name: str, parts: "list[Memory | Array | Compute]") -> Accelerator:
    """A chip on which nothing costs energy: only its time is asked for, and ties end at once."""
    return dataclasses.replace(
        chip, name=f"{chip.name} ({name})", parts=tuple(_free_of_charge(part) for part in parts)
    )


def _free_of_charge(part: Memory | Array | Compute) -> Memory | Array | Compute:
    if isinstance(part, Memory):
        return dataclasses.replace(part, read_pj=0.0, fill_pj=0.0, update_pj=0.0, leakage_w=0.0)
    if isinstance(part, Array):
        return dataclasses.replace(part, delivery_pj=0.0, reduction_pj=0.0, link_pj=0.0)
    return dataclasses.replace(part, mac_pj=0.0, leakage_w=0.0)


def outer_bytes_per_s(chip: Accelerator) -> float:
    """Bandwidth of the outermost memory, both directions together; infinite where unlimited."""
    outermost = chip.memories[0]
    rates = (outermost.read_bits_per_cycle, outermost.write_bits_per_cycle)
    both = math.inf if None in rates else sum(rate for rate in rates if rate is not None)
    port = outermost.port_bits_per_cycle
    return min(both, math.inf if port is None else port) / 8 * chip.clock_hz
