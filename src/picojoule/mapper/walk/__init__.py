"""The walk: kernels that bound, price and compare chains of tiles."""

from picojoule.mapper.walk.chain import Kept
from picojoule.mapper.walk.explore import DEPTH, EVALUATED, LOOKED, Walk, explore
from picojoule.mapper.walk.factors import (
    all_tiles,
    allowed_bits,
    axis_vectors,
    divisor_table,
    indices_of,
    product_table,
)
from picojoule.mapper.walk.goal import (
    CYCLES,
    ENERGY,
    SCORE,
    SLOT,
    Goal,
    is_better,
    no_points,
    score,
)
from picojoule.mapper.walk.parts import (
    BOUND,
    ROUGH,
    Parts,
    all_parts,
    choice_bounds,
    least_fillings,
    settle_least,
    still_better,
)
from picojoule.mapper.walk.parts import CYCLES as PART_CYCLES
from picojoule.mapper.walk.problem import Integers, Problem, Stage, build_problem, stages_of

__all__ = [
    "BOUND",
    "CYCLES",
    "DEPTH",
    "ENERGY",
    "EVALUATED",
    "LOOKED",
    "PART_CYCLES",
    "ROUGH",
    "SCORE",
    "SLOT",
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
    "axis_vectors",
    "build_problem",
    "choice_bounds",
    "divisor_table",
    "explore",
    "indices_of",
    "is_better",
    "least_fillings",
    "no_points",
    "product_table",
    "score",
    "settle_least",
    "stages_of",
    "still_better",
]
