"""Model: an operation on a chip as arrays, and what tiles hold, share and cost."""

from picojoule.mapper.model.axes import axis_tables
from picojoule.mapper.model.goal import (
    CYCLES,
    ENERGY,
    FULL,
    SCORE,
    SLOT,
    Goal,
    energy_limit,
    is_better,
    no_points,
    score,
    scores,
)
from picojoule.mapper.model.prices import first_price, parent_of
from picojoule.mapper.model.problem import Integers, Problem, Stage, build_problem, stages_of
from picojoule.mapper.model.tiles import all_tiles, allowed_bits, needed_tiles, next_cuts

__all__ = [
    "CYCLES",
    "ENERGY",
    "FULL",
    "SCORE",
    "SLOT",
    "Goal",
    "Integers",
    "Problem",
    "Stage",
    "all_tiles",
    "allowed_bits",
    "axis_tables",
    "build_problem",
    "energy_limit",
    "first_price",
    "is_better",
    "needed_tiles",
    "next_cuts",
    "no_points",
    "parent_of",
    "score",
    "scores",
    "stages_of",
]
