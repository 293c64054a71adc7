"""Walk: kernels that bound, price and compare chains of tiles."""

from picojoule.mapper.walk.chain import Kept, enter, fill_free_order, permute, try_chain
from picojoule.mapper.walk.explore import DEPTH, EVALUATED, LOOKED, UNEVEN, Walk, explore
from picojoule.mapper.walk.gaps import choice_bounds, gap_prices, least_fillings
from picojoule.mapper.walk.orders import is_allowed_order
from picojoule.mapper.walk.parts import CYCLES as PART_CYCLES
from picojoule.mapper.walk.parts import ROUGH, Parts, settle_least, still_better
from picojoule.mapper.walk.rough import all_parts
from picojoule.mapper.walk.timing import BOTH, is_timed

__all__ = [
    "BOTH",
    "DEPTH",
    "EVALUATED",
    "LOOKED",
    "PART_CYCLES",
    "ROUGH",
    "UNEVEN",
    "Kept",
    "Parts",
    "Walk",
    "all_parts",
    "choice_bounds",
    "enter",
    "explore",
    "fill_free_order",
    "gap_prices",
    "is_allowed_order",
    "is_timed",
    "least_fillings",
    "permute",
    "settle_least",
    "still_better",
    "try_chain",
]
