"""MAC: energy and area of adders, multipliers and multiply-accumulate units by width and type.

    adder      ~ bits          multiplier ~ bits^2         mac = multiplier + adder

Between the widths of the table, the power of the width that joins two neighbours (for a multiplier
between 8 and 32 bits that is bits^1.98); outside them, exactly linear and exactly quadratic.
Source: horowitz2014 (45 nm, 0.9 V), scaled by `scaling.py`. Checked against sze2017, Sec. VII-A.
Not included: operand registers, clock and control; Eyeriss's multipliers and adders take 2.3 times
this area (chen2017jssc: 7.4 % of the core).
"""

from picojoule.components.estimate import Estimate, single
from picojoule.components.scaling import area_factor, energy_factor, scaled_note
from picojoule.components.table import branch, number, points, power_law, table, text

TYPES = ("int", "float")


def adder(
    *, bits: int = 16, type: str = "int", technology_nm: float = 45, voltage_v: float = 0.9
) -> Estimate:
    """One addition of two `bits`-wide numbers.

    >>> adder(bits=32).action_pj, adder(bits=32, type="float").action_pj
    (0.1, 0.9)
    """
    return _unit("adder", 1, bits, type, technology_nm, voltage_v)


def multiplier(
    *, bits: int = 16, type: str = "int", technology_nm: float = 45, voltage_v: float = 0.9
) -> Estimate:
    """One multiplication of two `bits`-wide numbers.

    >>> multiplier(bits=8).action_pj, multiplier(bits=4).action_pj
    (0.2, 0.05)
    """
    return _unit("multiplier", 2, bits, type, technology_nm, voltage_v)


def mac(
    *,
    bits: int = 16,
    accumulator_bits: int | None = None,
    type: str = "int",
    technology_nm: float = 45,
    voltage_v: float = 0.9,
) -> Estimate:
    """One multiply-accumulate: a product of two `bits`-wide numbers added to a running sum.

    The sum is `accumulator_bits` wide: for integers twice `bits` unless given, so that no product
    is cut; for floats at least 32, as is usual for training and inference.

    >>> round(mac(bits=8).action_pj, 3)  # 0.2 + 0.05
    0.25
    """
    wide = accumulator_bits or (2 * bits if type == "int" else max(bits, 32))
    product = multiplier(bits=bits, type=type, technology_nm=technology_nm, voltage_v=voltage_v)
    total = adder(bits=wide, type=type, technology_nm=technology_nm, voltage_v=voltage_v)
    return single(
        product.action_pj + total.action_pj, product.area_um2 + total.area_um2, product.source
    )


def _unit(
    kind: str, exponent: int, bits: int, type: str, technology_nm: float, voltage_v: float
) -> Estimate:
    known = table("arithmetic")
    base_nm, base_v = number(known, "technology_nm"), number(known, "voltage_v")
    rows = branch(known, kind)
    energies = points(rows, type, "bits", "energy_pj")
    areas = points(rows, type, "bits", "area_um2")
    energy = power_law(energies, bits, below=exponent, above=exponent)
    area = power_law(areas, bits, below=exponent, above=exponent)
    return single(
        energy * energy_factor(from_nm=base_nm, to_nm=technology_nm, from_v=base_v, to_v=voltage_v),
        area * area_factor(from_nm=base_nm, to_nm=technology_nm),
        scaled_note(text(known, "source"), from_nm=base_nm, to_nm=technology_nm),
    )
