"""Constraints: which mappings a user allows, in Python and in YAML."""

from picojoule.mapper.constraints.file import load_constraints, parse_constraints
from picojoule.mapper.constraints.join import join_constraints
from picojoule.mapper.constraints.order import Order, count_orders, inner_dims
from picojoule.mapper.constraints.rules import Constraints, Limits, PartConstraints, Range

__all__ = [
    "Constraints",
    "Limits",
    "Order",
    "PartConstraints",
    "Range",
    "count_orders",
    "inner_dims",
    "join_constraints",
    "load_constraints",
    "parse_constraints",
]
