"""How many actions, hence how much? The closed form: counts, energy, time and area."""

from picojoule.cost.count import REUSE, Footprint, count
from picojoule.cost.halo import common_points, shared_in_run, shared_points
from picojoule.cost.pack import pack_tensor
from picojoule.cost.pieces import APART, TEMPORAL
from picojoule.cost.price import (
    LEAKAGE,
    Costs,
    area_mm2,
    leakage_w,
    price,
    step_energy_pj,
)
from picojoule.cost.systolic import SystolicCost, systolic_cost, systolic_costs
from picojoule.cost.touched import touched_words
from picojoule.cost.traffic import distinct_offsets, kind_words, moved_points, tile_points

__all__ = [
    "APART",
    "LEAKAGE",
    "REUSE",
    "TEMPORAL",
    "Costs",
    "Footprint",
    "SystolicCost",
    "area_mm2",
    "common_points",
    "count",
    "distinct_offsets",
    "kind_words",
    "leakage_w",
    "moved_points",
    "pack_tensor",
    "price",
    "shared_in_run",
    "shared_points",
    "step_energy_pj",
    "systolic_cost",
    "systolic_costs",
    "tile_points",
    "touched_words",
]
