"""The walk: kernels that bound, price and compare chains of tiles."""

from picojoule.mapper.walk.axes import axis_tables
from picojoule.mapper.walk.chain import Kept, enter, fill_free_order, permute
from picojoule.mapper.walk.explore import DEPTH, EVALUATED, LOOKED, UNEVEN, Walk, explore
from picojoule.mapper.walk.goal import (
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
from picojoule.mapper.walk.orders import is_allowed_order
from picojoule.mapper.walk.parts import CYCLES as PART_CYCLES
from picojoule.mapper.walk.parts import (
    ROUGH,
    Parts,
    settle_least,
    still_better,
)
from picojoule.mapper.walk.problem import Integers, Problem, Stage, build_problem, stages_of
from picojoule.mapper.walk.rough import all_parts, choice_bounds, gap_prices, least_fillings
from picojoule.mapper.walk.tiles import all_tiles, allowed_bits
from picojoule.mapper.walk.timing import BOTH, is_timed

__all__ = [
    "BOTH",
    "CYCLES",
    "DEPTH",
    "ENERGY",
    "EVALUATED",
    "FULL",
    "LOOKED",
    "PART_CYCLES",
    "ROUGH",
    "SCORE",
    "SLOT",
    "UNEVEN",
    "Goal",
    "Integers",
    "Kept",
    "Parts",
    "Problem",
    "Stage",
    "Walk",
    "all_parts",
    "all_tiles",
    "allowed_bits",
    "axis_tables",
    "build_problem",
    "choice_bounds",
    "energy_limit",
    "enter",
    "explore",
    "fill_free_order",
    "gap_prices",
    "is_allowed_order",
    "is_better",
    "is_timed",
    "least_fillings",
    "no_points",
    "permute",
    "score",
    "scores",
    "settle_least",
    "stages_of",
    "still_better",
]
