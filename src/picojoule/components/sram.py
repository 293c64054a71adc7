"""SRAM: energy, area and leakage of on-chip memories by size and width, register files included.

    energy per access = bits / 64 * E(capacity)      E: 10 pJ at 8 kB, 20 at 32 kB, 100 at 1 MB
    area              = bytes * A(capacity)          A: 21.1 um2 per byte from 4 kB up, at 65 nm
    leakage           = 10 pW per bit                assumed

E is joined between its points by powers of the capacity (0.5 up to 32 kB, 0.46 above), which also
go on below and above. Calibrated to the 64-bit cache accesses of horowitz2014 at 45 nm and 0.9 V;
its separate 32-bit read of an 8 kB SRAM (5 pJ) is what the width rule predicts. A follows the
area-per-byte curve of chen2016isca, Fig. 7, calibrated to the global buffer of chen2017jssc at its
4 kB point. Departures: writes are priced like reads, and below 8 kB, E is an extrapolation.
With `banks`, an access costs that of one bank, plus the wires across the whole memory's side.
Checked against sze2017 (1 : 1 : 2 : 6 : 200, at 16 bits), keckler2011 (14 pJ for 64 bits of 8 kB
at 40 nm) and the scratch pads of chen2017jssc; see docs/chips.md.
"""

import math

from picojoule.components.estimate import Estimate
from picojoule.components.noc import wire_pj
from picojoule.components.scaling import (
    area_factor,
    energy_factor,
    leakage_factor,
    scaled_note,
)
from picojoule.components.table import Points, branch, number, points, power_law, table, text


def sram(
    *,
    capacity_bytes: float,
    bits: int = 16,
    banks: int = 1,
    technology_nm: float = 45,
    voltage_v: float = 0.9,
) -> Estimate:
    """One access of `bits` to a memory of `capacity_bytes`, in `banks` equal banks.

    >>> sram(capacity_bytes=8192, bits=64).read_pj, sram(capacity_bytes=8192, bits=32).read_pj
    (10.0, 5.0)
    """
    bank_bytes = capacity_bytes / banks
    area = capacity_bytes * _area_per_byte(bank_bytes, technology_nm)
    energy = _access_pj(bank_bytes, bits, technology_nm, voltage_v)
    if banks > 1:
        side_mm = math.sqrt(area) / 1000
        energy += wire_pj(bits, side_mm, technology_nm, voltage_v)
    return Estimate(
        read_pj=energy,
        fill_pj=energy,
        update_pj=energy,
        area_um2=area,
        leakage_w=_leakage_w(capacity_bytes, technology_nm, voltage_v),
        source=scaled_note(
            text(branch(table("memory"), "energy"), "source"),
            from_nm=number(branch(table("memory"), "energy"), "technology_nm"),
            to_nm=technology_nm,
        ),
    )


def register_file(
    *, capacity_bytes: float, bits: int = 16, technology_nm: float = 45, voltage_v: float = 0.9
) -> Estimate:
    """One access of `bits` to a register file or scratch pad: the same curve, in one bank.

    >>> round(register_file(capacity_bytes=512).read_pj, 4)  # 10 * 16/64 * sqrt(512/8192)
    0.625
    """
    return sram(
        capacity_bytes=capacity_bytes, bits=bits, technology_nm=technology_nm, voltage_v=voltage_v
    )


def area_per_byte(capacity_bytes: float) -> float:
    """Area per byte relative to a memory of 4 kB, flat above: chen2016isca, Fig. 7.

    >>> area_per_byte(512), area_per_byte(1 << 20)
    (1.64, 1.0)
    """
    curve = memory_area_points()
    return power_law(curve, max(capacity_bytes, curve[0][0]), above=0)


def memory_area_points() -> Points:
    """The curve itself, as published: (bytes, area per byte relative to a memory of 4 kB)."""
    return points(branch(table("memory"), "area"), "points", "capacity_bytes", "relative")


def _area_per_byte(capacity_bytes: float, technology_nm: float) -> float:
    scale = branch(table("memory"), "area_scale")
    unit = number(scale, "buffer_um2") / number(scale, "buffer_bytes")
    factor = area_factor(from_nm=number(scale, "technology_nm"), to_nm=technology_nm)
    return unit * area_per_byte(capacity_bytes) * factor


def _access_pj(capacity_bytes: float, bits: int, technology_nm: float, voltage_v: float) -> float:
    known = branch(table("memory"), "energy")
    curve = points(known, "points", "capacity_bytes", "energy_pj")
    factor = energy_factor(
        from_nm=number(known, "technology_nm"),
        to_nm=technology_nm,
        from_v=number(known, "voltage_v"),
        to_v=voltage_v,
    )
    return power_law(curve, capacity_bytes) * bits / number(known, "access_bits") * factor


def _leakage_w(capacity_bytes: float, technology_nm: float, voltage_v: float) -> float:
    known = branch(table("memory"), "leakage")
    factor = leakage_factor(
        from_nm=number(known, "technology_nm"),
        to_nm=technology_nm,
        from_v=number(known, "voltage_v"),
        to_v=voltage_v,
    )
    return 8 * capacity_bytes * number(known, "power_pw_per_bit") * 1e-12 * factor
