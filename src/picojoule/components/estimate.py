"""Estimate: what one action of a part costs, how large the part is, and who says so."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """The prices of one part.

    Args:
        read_pj, fill_pj, update_pj: Per access of a memory. A part with a single action (a MAC,
            a wire) has the same price in all three.
        area_um2, leakage_w: Of one part.
        source: A source text (`sources.py`): where the numbers come from, and what is fitted
            or assumed on the way.
    """

    read_pj: float
    fill_pj: float
    update_pj: float
    area_um2: float
    leakage_w: float
    source: str

    @property
    def action_pj(self) -> float:
        """The price of the one action of a part that has only one."""
        return self.read_pj


def single(energy_pj: float, area_um2: float, source: str) -> Estimate:
    """An estimate for a part with one action and without leakage of its own."""
    return Estimate(energy_pj, energy_pj, energy_pj, area_um2, 0.0, source)
