"""In which order, and where is data kept? Loop nests, and the counts that running one gives."""

from picojoule.mapping.counts import Actions, Counts, Transfers
from picojoule.mapping.legality import check_capacities, check_loops, usable_bits, validate
from picojoule.mapping.nest import AxisName, Level, Loop, Nest
from picojoule.mapping.spared import SparedActions, SparedCounts, SparedTransfers, Split
from picojoule.mapping.text import format_nest, parse_nest

__all__ = [
    "Actions",
    "AxisName",
    "Counts",
    "Level",
    "Loop",
    "Nest",
    "SparedActions",
    "SparedCounts",
    "SparedTransfers",
    "Split",
    "Transfers",
    "check_capacities",
    "check_loops",
    "format_nest",
    "parse_nest",
    "usable_bits",
    "validate",
]
