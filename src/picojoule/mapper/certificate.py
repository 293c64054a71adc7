"""Certificate: why a search result is the optimum, in numbers that can be checked again."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Certificate:
    """How a result was proved.

    Args:
        objective: "energy", "latency" or "edp".
        cost: Of the result, in pJ, cycles or pJ x cycles.
        lower_bound: No mapping of the space costs less.
        optimal: Whether the bound met the cost.
        mapspace_size: Mappings in the space, legal or not, exactly.
        visited: Combinations of parts whose bound was compared with the best cost.
        evaluated: Chains of tiles whose cost was computed exactly, each over all loop orders.
        first_look: Those among them that only looked for a good start.
    """

    objective: str
    cost: float
    lower_bound: float
    optimal: bool
    mapspace_size: int
    visited: int
    evaluated: int
    first_look: int

    def to_dict(self) -> dict[str, object]:
        """Plain data, for JSON."""
        return asdict(self)
