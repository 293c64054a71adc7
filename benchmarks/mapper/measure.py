"""Measure: CPU seconds, wall seconds and peak memory of a search, the first and the second run."""

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Times:
    """User CPU seconds, children included, and wall seconds."""

    cpu_s: float
    wall_s: float


def _cpu_s() -> float:
    return sum(
        resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def timed(search: Callable[[], Result]) -> tuple[Result, Times]:
    """Run a search and time it."""
    cpu_s, wall_s = _cpu_s(), time.perf_counter()
    result = search()
    return result, Times(_cpu_s() - cpu_s, time.perf_counter() - wall_s)


def peak_memory_mb() -> float:
    """Of this process so far; Linux counts kibibytes, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


LONGEST_TO_REPEAT_S = 30.0
"""What takes longer is run once: what a start costs no longer shows."""


def report(search: Callable[[], Result], describe: Callable[[Result], dict[str, object]]) -> None:
    """Search twice in this process and print, as JSON, what came out and how long it took."""
    result, first = timed(search)
    warm = None
    if first.wall_s <= LONGEST_TO_REPEAT_S:
        result, warm = timed(search)
    line = {"memory_mb": round(peak_memory_mb()), "first": asdict(first)}
    line |= {"warm": asdict(warm) if warm else None}
    print(json.dumps(describe(result) | line))
