"""Area: how much storage each dataflow gets on the same silicon.

Every dataflow has the same number of PEs and the same area for storage: that of a register file of
512 B in each PE and one buffer of 512 B for each PE. What its register files leave goes
to the buffer. Small memories take more area per byte, so a dataflow with small register files gets
more storage in all.

Source: chen2016isca, Eq. 2 and Fig. 7, whose points are joined by straight lines here.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from picojoule.components import memory_area_points
from picojoule.hardware import STUDY_WORD_BYTES

BASELINE_BYTES = 512
"""Of a register file, and of the buffer for each PE, where the budget comes from."""
_SMALLEST_BUFFER = 64
"""Below this the curve's lines fall as a memory grows, so that an area has no one size."""


@dataclass(frozen=True, slots=True)
class Storage:
    """What a dataflow's chip has.

    Args:
        pes: Processing elements, each with one MAC.
        rf_bytes: Register file of one PE.
        buffer_bytes: The buffer that all share; 0 where the register files leave no room.
    """

    pes: int
    rf_bytes: int
    buffer_bytes: int

    @property
    def rf_words(self) -> int:
        """Words of one PE's register file."""
        return self.rf_bytes // STUDY_WORD_BYTES

    @property
    def buffer_words(self) -> int:
        """Words of the buffer."""
        return self.buffer_bytes // STUDY_WORD_BYTES

    @property
    def total_bytes(self) -> int:
        """Of all register files and the buffer."""
        return self.pes * self.rf_bytes + self.buffer_bytes


def memory_area(size_bytes: int) -> float:
    """Area of one memory, in that of a byte of a large one.

    >>> memory_area(4096), memory_area(512), memory_area(0)
    (4096.0, 839.68, 0.0)
    """
    sizes, per_byte = zip(*memory_area_points(), strict=True)
    return size_bytes * float(np.interp(size_bytes, sizes, per_byte))


def budget(pes: int) -> float:
    """Area for storage on a chip with so many PEs.

    >>> round(budget(256) / 1024, 1)  # in kB of a large memory
    337.9
    """
    return pes * memory_area(BASELINE_BYTES) + memory_area(pes * BASELINE_BYTES)


def storage(pes: int, *, rf_bytes: int) -> Storage:
    """The storage of a chip whose PEs have so large a register file.

    >>> storage(256, rf_bytes=512).buffer_bytes, storage(256, rf_bytes=2).buffer_bytes // 1024
    (131072, 333)
    """
    return Storage(pes, rf_bytes, _size_of(budget(pes) - pes * memory_area(rf_bytes)))


def _size_of(area: float) -> int:
    """The largest memory that fits: 0 where not even the smallest does."""
    flat, per_byte = memory_area_points()[-1]
    if area >= flat * per_byte:
        return int(area / per_byte + 1e-6)  # what floats lose must not cost a byte
    sizes = range(_SMALLEST_BUFFER, int(flat) + 1)
    found = bisect_right(sizes, area + 1e-6, key=memory_area)
    return sizes[found - 1] if found else 0
