"""Scaling: from the technology of a publication to the technology of a chip.

    energy ~ node * V^2        area ~ node^2        leakage ~ node * V

The capacitance of a gate or a wire of scaled length shrinks with the linear dimension, and a
transition costs C * V^2. Source: dennard1974, Table I, with the voltage left free. Assumed: below
about 20 nm, nodes are names rather than lengths, and real gains are smaller than this rule's.
DRAM and other parts off the chip do not scale with the chip's node.
"""


def energy_factor(
    *, from_nm: float, to_nm: float, from_v: float, to_v: float | None = None
) -> float:
    """What to multiply an energy by; without a voltage it stays the publication's.

    >>> round(energy_factor(from_nm=45, to_nm=65, from_v=0.9, to_v=1.0), 4)
    1.7833
    """
    return to_nm / from_nm * ((to_v or from_v) / from_v) ** 2


def area_factor(*, from_nm: float, to_nm: float) -> float:
    """What to multiply an area by.

    >>> area_factor(from_nm=90, to_nm=45)
    0.25
    """
    return (to_nm / from_nm) ** 2


def leakage_factor(
    *, from_nm: float, to_nm: float, from_v: float, to_v: float | None = None
) -> float:
    """What to multiply a leakage power by. Assumed: leakage per bit follows the gate width."""
    return to_nm / from_nm * (to_v or from_v) / from_v


def scaled_note(source: str, *, from_nm: float, to_nm: float) -> str:
    """A source text with the scaling that was applied to its number."""
    if from_nm == to_nm:
        return source
    return f"{source}; {from_nm:g} nm to {to_nm:g} nm as node x V^2 (assumed)"
