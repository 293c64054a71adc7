"""Objective: what is minimised, by name or as energy ** a * latency ** b."""

import re
from dataclasses import dataclass

from picojoule.cost import Costs
from picojoule.errors import WorkloadError, nearest

_POWER = re.compile(r"(energy|latency)(?:\^(\d{1,2}(?:\.\d{1,2})?))?")
LARGEST_POWER = 10.0
"""Beyond it the product of a large energy and a long time leaves the range of a float."""


@dataclass(frozen=True, slots=True)
class Objective:
    """energy_pj ** energy_power * latency_cycles ** time_power, the least of which is best.

    Equal values go by the other metric: equal energy by latency, anything else by energy.
    """

    name: str
    energy_power: float
    time_power: float

    def score(self, costs: Costs) -> float:
        """What is minimised: pJ, cycles, or a product of powers of both."""
        if self.time_power == 0.0:
            return costs.energy_pj
        if self.energy_power == 0.0:
            return float(costs.latency_cycles)
        if self.energy_power == 1.0 and self.time_power == 1.0:
            return costs.energy_pj * costs.latency_cycles
        return float(costs.energy_pj**self.energy_power * costs.latency_cycles**self.time_power)


OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        Objective("energy", 1.0, 0.0),
        Objective("latency", 0.0, 1.0),
        Objective("edp", 1.0, 1.0),
        Objective("ed2p", 1.0, 2.0),
    )
}


def parse_objective(text: str) -> Objective:
    """Read an objective: a name of `OBJECTIVES`, or a product such as `energy^2*latency`.

    Raises:
        WorkloadError: It is neither.

    >>> parse_objective("energy^1.5*latency").energy_power
    1.5
    """
    if text in OBJECTIVES:
        return OBJECTIVES[text]
    powers = {"energy": 0.0, "latency": 0.0}
    factors = [_POWER.fullmatch(factor.strip()) for factor in text.split("*")]
    names = [match[1] for match in factors if match]
    if len(names) != len(factors) or len(set(names)) != len(names):
        raise _unknown(text)
    for match in factors:
        if match:
            powers[match[1]] = float(match[2]) if match[2] else 1.0
    if not any(powers.values()) or max(powers.values()) > LARGEST_POWER:
        raise _unknown(text)
    if powers["latency"] == 0.0:
        return OBJECTIVES["energy"]
    if powers["energy"] == 0.0:
        return OBJECTIVES["latency"]
    return Objective(text, powers["energy"], powers["latency"])


def _unknown(text: str) -> WorkloadError:
    known = nearest(text, OBJECTIVES)
    return WorkloadError(
        "objective is not known",
        where="minimize",
        got=repr(text),
        expected=f"{known}; or a product such as energy^2*latency, powers up to {LARGEST_POWER:g}",
        fix="name one of them, or give powers of energy and latency",
    )
