"""NoC: energy of moving words over wires on the chip.

    wire = bits * length * 0.121 pJ per bit and mm      (310 pJ for 256 bits over 10 mm, 40 nm)
    noc  = a wire from the middle of the array's edge to its average instance

Source: keckler2011, Table 1 (its 240 fJ per transition, at one transition every other bit), scaled
by `scaling.py`. Routers, FIFOs and the wires' area are not included; chen2016isca charges 2 MACs
for 1 to 2 mm with the FIFOs.
"""

from picojoule.components.estimate import Estimate, single
from picojoule.components.scaling import energy_factor, scaled_note
from picojoule.components.table import number, table, text


def wire_pj(bits: float, length_mm: float, technology_nm: float, voltage_v: float) -> float:
    """Energy of moving `bits` over `length_mm`."""
    known = table("wire")
    unit = number(known, "energy_pj") / number(known, "bits") / number(known, "length_mm")
    factor = energy_factor(
        from_nm=number(known, "technology_nm"),
        to_nm=technology_nm,
        from_v=number(known, "voltage_v"),
        to_v=voltage_v,
    )
    return unit * bits * length_mm * factor


def wire(
    *, length_mm: float, bits: int = 16, technology_nm: float = 40, voltage_v: float = 0.9
) -> Estimate:
    """Moving one word of `bits` over `length_mm`.

    >>> wire(length_mm=10, bits=256).action_pj
    310.0
    """
    known = table("wire")
    note = scaled_note(
        text(known, "source"), from_nm=number(known, "technology_nm"), to_nm=technology_nm
    )
    return single(wire_pj(bits, length_mm, technology_nm, voltage_v), 0.0, note)


def noc(
    *,
    x: int,
    pitch_mm: float,
    y: int = 1,
    bits: int = 16,
    technology_nm: float = 40,
    voltage_v: float = 0.9,
) -> Estimate:
    """Moving one word of `bits` to the average instance of an `x` by `y` array.

    From the middle of the left edge along x, then along y: x / 2 + y / 4 pitches. Assumed: the
    convention of parashar2019timeloop.

    >>> noc(x=8, y=8, pitch_mm=1, bits=256).action_pj == wire(length_mm=6, bits=256).action_pj
    True
    """
    return wire(
        length_mm=pitch_mm * (x / 2 + y / 4),
        bits=bits,
        technology_nm=technology_nm,
        voltage_v=voltage_v,
    )
