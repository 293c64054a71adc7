"""Units: from what is counted to SI, and memory sizes as a person reads them.

Inside, energy is in picojoules, area in square micrometres, size in bits, time in cycles.
"""

BITS_PER_BYTE = 8
BYTES_PER_KB = 1024
"""Sizes of memories are binary, as published: Eyeriss's 108 kB are 27 banks of 4096 bytes."""

_SIZES = ("B", "kB", "MB", "GB", "TB")


def joules(energy_pj: float) -> float:
    """Energy in joules.

    >>> joules(2e12)
    2.0
    """
    return energy_pj / 1e12


def seconds(cycles: float, clock_hz: float) -> float:
    """Time in seconds of some clock cycles."""
    return cycles / clock_hz


def square_millimetres(area_um2: float) -> float:
    """Area in square millimetres."""
    return area_um2 / 1e6


def size_text(bits: int) -> str:
    """Write a memory size in bytes, kB of 1024 bytes, and so on; in bits where bytes break.

    >>> size_text(108 * 1024 * 8), size_text(24), size_text(12)
    ('108 kB', '3 B', '12 bits')
    """
    if bits % BITS_PER_BYTE:
        return f"{bits} bits"
    size, step = bits / BITS_PER_BYTE, 0
    while size >= BYTES_PER_KB and step < len(_SIZES) - 1:
        size, step = size / BYTES_PER_KB, step + 1
    return f"{size:.4g} {_SIZES[step]}"
