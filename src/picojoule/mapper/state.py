"""State: what one search knows so far."""

import math
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from picojoule.mapper.factors import Spreads
from picojoule.mapper.model import Goal, Integers, Problem
from picojoule.mapper.space import Space
from picojoule.mapper.walk import Kept, Parts, least_fillings

Floats = NDArray[np.float64]

UNLIMITED = 2**62


@dataclass(frozen=True, slots=True)
class Gap:
    """Spatial choices of a gap, those of equal prices together.

    Args:
        factors, indices: See `Spreads`.
        facts: From `gap_facts`.
        groups: `(group + 1,)`, where choices of equal prices begin.
    """

    factors: Integers
    indices: Integers
    facts: Floats
    groups: Integers


@dataclass(slots=True)
class Search:
    """One search: what is known so far.

    Args:
        space, goal: What is searched, and for what.
        best, kept: The best results so far and their chains, see `model.goal`.
        budget: Chains that may still be evaluated.
        deadline: On the clock of `time.monotonic`; infinite without a limit.
        bound: Of a search that was cut short: no mapping has a lower score.
        chosen, walked: What the memories may keep: choices in all, and those not refuted at once.
        seen, parts: Choices of a memory's tile and gaps in all, and those that were not refuted.
        looked, evaluated, first_look: Pairs of parts compared, chains evaluated, and those among
            them that only looked for a good start.
        outer_parts: Of outer memories, by memory, whether for the first look, and what is kept: the
            parts, and the least that one adds.
        tiles: By memory and what it keeps, the tiles that fit.
        facts: Of the gap outside a memory, by memory and whether for the first look: its spatial
            choices, `gap_facts` of them, and by tensor which of them are alike.
        gaps: Of the gap outside a memory, by memory, whether for the first look, and what it keeps.
        counts: How many choices of its tile and its gaps a memory has, by memory and what it keeps.
        others: By memory and what is kept there and outside: the energy that everything but filling
            it adds, and the cycles, at least.
        complete: Whether the whole space is accounted for.
        level_bounds_pj: By what is kept, the least that any part of each memory adds.
    """

    space: Space
    goal: Goal
    best: Floats
    kept: Kept
    budget: int = UNLIMITED
    deadline: float = math.inf
    bound: float = math.inf
    chosen: int = 0
    walked: int = 0
    seen: int = 0
    parts: int = 0
    looked: int = 0
    evaluated: int = 0
    first_look: int = 0
    outer_parts: dict[tuple[int, bool, bytes], tuple[Parts, float]] = field(
        default_factory=dict[tuple[int, bool, bytes], tuple[Parts, float]]
    )
    tiles: dict[tuple[int, bytes], Integers] = field(
        default_factory=dict[tuple[int, bytes], Integers]
    )
    facts: dict[tuple[int, bool], tuple[Spreads, Floats, list[list[int]]]] = field(
        default_factory=dict[tuple[int, bool], tuple[Spreads, Floats, list[list[int]]]]
    )
    gaps: dict[tuple[int, bool, bytes], Gap] = field(
        default_factory=dict[tuple[int, bool, bytes], Gap]
    )
    counts: dict[tuple[int, bytes], int] = field(default_factory=dict[tuple[int, bytes], int])
    others: dict[tuple[int, bytes], tuple[float, float]] = field(
        default_factory=dict[tuple[int, bytes], tuple[float, float]]
    )
    complete: bool = True
    level_bounds_pj: dict[bytes, dict[str, float]] = field(
        default_factory=dict[bytes, dict[str, float]]
    )

    @property
    def found(self) -> int:
        """Results so far: at most one, unless a front is searched."""
        return int(self.best[0, 0])

    def over(self, space: Space) -> "Search":
        """A search of another space that starts from what this one found."""
        return Search(
            space,
            self.goal,
            self.best,
            self.kept,
            self.budget,
            self.deadline,
            seen=self.seen,
            parts=self.parts,
            looked=self.looked,
            evaluated=self.evaluated,
            first_look=self.first_look,
        )

    def tell_others(self, problem: Problem, energy_pj: float, cycles: float) -> None:
        """Note that mappings of a problem cost at least so much."""
        fillings_pj, _ = least_fillings(problem)
        for memory in range(1, len(fillings_pj)):
            key = (memory, problem.keeps[: memory + 1].tobytes())
            known = self.others.get(key, (math.inf, math.inf))
            others_pj = energy_pj - float(fillings_pj[memory])
            self.others[key] = (min(known[0], others_pj), min(known[1], cycles))

    @property
    def is_over(self) -> bool:
        """Whether the budget or the time is used up and there is a result to return."""
        if not self.found:
            return False
        return self.evaluated >= self.budget or time.monotonic() > self.deadline
