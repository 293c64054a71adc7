"""What does one action of one part cost? Energy, area and leakage estimators."""

from picojoule.components.estimate import Estimate
from picojoule.components.registry import Attribute, attributes_of, classes, estimate
from picojoule.components.scaling import area_factor, energy_factor, leakage_factor
from picojoule.components.sram import memory_area_points

__all__ = [
    "Attribute",
    "Estimate",
    "area_factor",
    "attributes_of",
    "classes",
    "energy_factor",
    "estimate",
    "leakage_factor",
    "memory_area_points",
]
