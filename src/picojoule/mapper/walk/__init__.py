"""Walk: kernels that bound, price and compare chains of tiles."""

from picojoule.mapper.walk.chain import (
    Kept,
    are_allowed_orders,
    enter,
    fill_free_order,
    next_orders,
    sort_orders,
    try_chain,
)
from picojoule.mapper.walk.explore import DEPTH, EVALUATED, HELD, LOOKED, UNEVEN, Walk, explore
from picojoule.mapper.walk.gaps import choice_bounds, gap_facts, least_fillings
from picojoule.mapper.walk.parts import CYCLES as PART_CYCLES
from picojoule.mapper.walk.parts import ROUGH, Parts, settle_least, still_better
from picojoule.mapper.walk.rough import all_parts, count_choices
from picojoule.mapper.walk.timing import BOTH, is_timed, latency_of

__all__ = [
    "BOTH",
    "DEPTH",
    "EVALUATED",
    "HELD",
    "LOOKED",
    "PART_CYCLES",
    "ROUGH",
    "UNEVEN",
    "Kept",
    "Parts",
    "Walk",
    "all_parts",
    "are_allowed_orders",
    "choice_bounds",
    "count_choices",
    "enter",
    "explore",
    "fill_free_order",
    "gap_facts",
    "is_timed",
    "latency_of",
    "least_fillings",
    "next_orders",
    "settle_least",
    "sort_orders",
    "still_better",
    "try_chain",
]
