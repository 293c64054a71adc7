"""DRAM: energy per access by kind of memory.

    energy = bits * energy per bit of the kind

The kinds and the source of each are in `tables/dram.yaml`. Activation and interface are included
at the publication's access pattern; refresh and standby power are not (leakage 0), and the price
does not scale with the chip's technology. Area is 0: it is not on the chip.
"""

from picojoule.components.estimate import Estimate, single
from picojoule.components.table import branch, number, table, text


def kinds() -> tuple[str, ...]:
    """The kinds of DRAM that have a price."""
    return tuple(branch(table("dram"), "kinds"))


def dram(*, kind: str = "typical", bits: int = 16) -> Estimate:
    """Moving one word of `bits` to or from a DRAM.

    >>> dram(kind="typical", bits=32).read_pj
    640.0
    """
    known = branch(table("dram"), "kinds", kind)
    return single(number(known, "energy_pj_per_bit") * bits, 0.0, text(known, "source"))
