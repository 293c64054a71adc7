"""Spared: what is left of a run's actions where zeros spare some of them.

The closed form (`cost.sparse`) and the oracle that executes real zeros (`simulate`) both return
this type. The oracle's numbers are whole; those of the closed form are expectations, and whole
where every density is measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """Actions by their fate.

    Args:
        actual: Take their time and their energy.
        gated: Take their time, but no energy.
        skipped: Take neither.
    """

    actual: float = 0.0
    gated: float = 0.0
    skipped: float = 0.0

    @property
    def dense(self) -> float:
        """All of them: what happens without zeros."""
        return self.actual + self.gated + self.skipped

    @property
    def timed(self) -> float:
        """Those that take time."""
        return self.actual + self.gated


@dataclass(frozen=True, slots=True)
class SparedActions:
    """What all instances of one memory do for one tensor, see `Actions`."""

    reads: Split = Split()
    fills: Split = Split()
    updates: Split = Split()


@dataclass(frozen=True, slots=True)
class SparedTransfers:
    """What one array carries for one tensor, see `Transfers`; links are never spared."""

    sends: Split = Split()
    deliveries: Split = Split()
    reductions: Split = Split()


@dataclass(frozen=True, slots=True)
class SparedCounts:
    """All actions of one operation under one nest, by their fate.

    Args:
        steps: Inner steps (MACs).
        compute_steps: Steps in sequence, each as long as its slowest lane needs.
        accesses: (memory, tensor) -> actions.
        transfers: (array, tensor) -> transfers.
    """

    steps: Split
    compute_steps: float
    accesses: Mapping[tuple[str, str], SparedActions]
    transfers: Mapping[tuple[str, str], SparedTransfers]
