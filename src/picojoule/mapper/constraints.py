"""Constraints: which mappings a user allows, and which limits a result must keep."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Range:
    """Values from `least` to `most`, both allowed; a most of None is unbounded."""

    least: int = 1
    most: int | None = None

    def __contains__(self, value: int) -> bool:
        return self.least <= value and (self.most is None or value <= self.most)

    @property
    def is_free(self) -> bool:
        """Whether every value is allowed."""
        return self.least <= 1 and self.most is None


def _no_ranges() -> Mapping[str, Range]:
    return {}


@dataclass(frozen=True, slots=True)
class PartConstraints:
    """What a mapping may do at one memory or array.

    Args:
        factors: At a memory, bounds of its loop over a dimension.
        tile: At a memory, iterations per dimension of the tile that it holds.
        order: At a memory, dimensions whose loops must follow each other so, outermost first;
            others may stand anywhere between.
        keep, bypass: At a memory, tensors (or roles) that it must or must not keep.
        x, y: At an array, factors of a dimension along each axis.
    """

    factors: Mapping[str, Range] = field(default_factory=_no_ranges)
    tile: Mapping[str, Range] = field(default_factory=_no_ranges)
    order: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    bypass: tuple[str, ...] = ()
    x: Mapping[str, Range] = field(default_factory=_no_ranges)
    y: Mapping[str, Range] = field(default_factory=_no_ranges)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a result must keep; None is no limit.

    Args:
        latency_s: At most.
        utilization: At least, of all compute units over the whole time.
        power_w: At most, energy over latency.
        bandwidth_bytes_per_s: At most, bytes over the outermost memory's port over latency.
    """

    latency_s: float | None = None
    utilization: float | None = None
    power_w: float | None = None
    bandwidth_bytes_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class Constraints:
    """Which mappings are allowed, by part name, and which limits the result keeps."""

    parts: Mapping[str, PartConstraints] = field(default_factory=dict[str, PartConstraints])
    limits: Limits = Limits()

    def of(self, part: str) -> PartConstraints:
        """The constraints of one part; free where none is given."""
        return self.parts.get(part, PartConstraints())
