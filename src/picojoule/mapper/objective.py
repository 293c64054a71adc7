"""Objective: what a search minimises, and how two results compare."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper

Floats = NDArray[np.float64]
Minimize = Literal["energy", "latency", "edp"]

ENERGY, LATENCY, EDP = 0, 1, 2
OBJECTIVES: dict[Minimize, int] = {"energy": ENERGY, "latency": LATENCY, "edp": EDP}


@helper
def score(objective: int, energy: float, cycles: float) -> float:
    """What is minimised: pJ, cycles, or their product."""
    if objective == ENERGY:
        return energy
    if objective == LATENCY:
        return cycles
    return energy * cycles


@helper
def is_better(objective: int, energy: float, cycles: float, best: Floats) -> bool:
    """Whether (energy, cycles) beats `best` (score, energy); equal latency goes by energy."""
    value = score(objective, energy, cycles)
    return value < best[0] or (objective == LATENCY and value == best[0] and energy < best[1])


@helper
def energy_limit(objective: int, cycles: float, best: Floats) -> float:
    """Energy that a result of at least `cycles` must stay below to beat `best`; never too low."""
    if objective == ENERGY:
        return best[0]
    if objective == EDP:
        return best[0] / cycles * (1.0 + 1e-12)
    if cycles > best[0]:
        return 0.0
    return best[1] if cycles == best[0] else np.inf
