"""What does each dataflow cost on the same area? The survey's comparison, from a running model."""

from picojoule.compare.area import Storage, budget, memory_area, storage
from picojoule.compare.difference import describe_difference
from picojoule.compare.exact import exact, exact_cost
from picojoule.compare.models import MODELS, compare
from picojoule.compare.result import Comparison, Cost, DataflowCost, LayerCost
from picojoule.compare.split import (
    PRICES,
    ByLevel,
    Prices,
    Split,
    input_energy,
    psum_energy,
)
from picojoule.compare.survey import DATAFLOWS, survey
from picojoule.compare.tables import comparison_chart, describe_comparison

__all__ = [
    "DATAFLOWS",
    "MODELS",
    "PRICES",
    "ByLevel",
    "Comparison",
    "Cost",
    "DataflowCost",
    "LayerCost",
    "Prices",
    "Split",
    "Storage",
    "budget",
    "compare",
    "comparison_chart",
    "describe_comparison",
    "describe_difference",
    "exact",
    "exact_cost",
    "input_energy",
    "memory_area",
    "psum_energy",
    "storage",
    "survey",
]
