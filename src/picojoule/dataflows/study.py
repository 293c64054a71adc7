"""Study: the chips that a dataflow runs on in the equal-area study, given its share of storage.

Source: chen2016isca, Sec. VI; sze2017, Sec. V-B.
"""

import math

from picojoule.dataflows.catalogue import dataflow
from picojoule.dataflows.dims import parts_of
from picojoule.errors import HardwareError
from picojoule.hardware import STUDY_WORD_BYTES, Accelerator, hierarchy_chip
from picojoule.workload import ROLES, Operation, Role, tile_words

_KEEPS: dict[str, tuple[Role, ...]] = {
    "ws": ("weights",),
    "os_a": ("outputs",),
    "os_b": ("outputs",),
    "os_c": ("outputs",),
    "is": ("inputs",),
}
"""What the register files of a dataflow hold; of the others, everything."""
_PASSES_ON = ("os_a", "os_b")
"""Dataflows whose PEs hand inputs to neighbours, in registers beside the partial sum."""


def study_chips(
    name: str, rf_bytes: int, buffer_bytes: int, *, pes: int, operation: Operation
) -> tuple[Accelerator, ...]:
    """The chips that a dataflow may use for an operation: one for each way to divide its buffer.

    All have the storage that is given and the prices of the study. Registers that OS_A and OS_B
    have beside the partial sum pass inputs on to neighbours. WS keeps partial sums of the whole
    batch and plane while inputs only stream by, which one loop nest over one memory cannot say:
    banks of the buffer are given to partial sums, for one filter, two, and so on for all numbers
    that divide the filters, and the best division counts.

    Args:
        name: Of the dataflow.
        rf_bytes: Registers of one PE.
        buffer_bytes: The global buffer.
        pes: Processing elements.
        operation: What is to run.

    Raises:
        HardwareError: The registers do not hold what the dataflow keeps there, or the number of PEs
            is out of range.
        MappingError: The dataflow is not known.
    """
    dataflow(name)
    least = STUDY_WORD_BYTES * {"nlr": 0, "rs": 3, "flex": 0}.get(name, 1)
    if rf_bytes < least:
        raise HardwareError(
            f"dataflow {name} cannot run on this chip",
            where="rf_bytes",
            got=f"{rf_bytes} bytes of registers in each PE",
            expected=f"at least {least}, for what it keeps there",
            fix="give its PEs more of the storage",
        )
    spare = rf_bytes - STUDY_WORD_BYTES if name in _PASSES_ON else 0
    window = pes * spare if spare >= STUDY_WORD_BYTES else 0

    def chip(sums_bytes: int = 0) -> Accelerator:
        return hierarchy_chip(
            f"{name}-{pes}",
            pes=pes,
            buffer_bytes=buffer_bytes,
            rf_bytes=rf_bytes - spare if name != "nlr" else 0,
            rf_holds=_KEEPS.get(name, ROLES),
            window_bytes=window,
            sums_bytes=sums_bytes,
        )

    if name != "ws":
        return (chip(),)
    return (chip(), *(chip(size) for size in _sums_bytes(operation, buffer_bytes)))


def _sums_bytes(operation: Operation, buffer_bytes: int) -> list[int]:
    """Sizes of the partial sums that WS may keep: of numbers of filters that divide."""
    parts = parts_of(operation)
    tile = {dim: operation.sizes[dim] for dim in (*parts.batch, *parts.plane)}
    word = STUDY_WORD_BYTES * tile_words(operation.output, tile)
    filters = math.prod(operation.sizes[dim] for dim in (*parts.channels, *parts.groups))
    return [
        n * word
        for n in range(1, filters + 1)
        if filters % n == 0 and n * word <= buffer_bytes - STUDY_WORD_BYTES
    ]
