"""What must be computed? Operations, and networks of them."""

from picojoule.workload.network import Attribute, Ignored, Layer, Network, Parameter, Value
from picojoule.workload.operation import (
    ROLES,
    Axis,
    Operation,
    Role,
    Tensor,
    Term,
    axis_points,
    tile_words,
)

__all__ = [
    "ROLES",
    "Attribute",
    "Axis",
    "Ignored",
    "Layer",
    "Network",
    "Operation",
    "Parameter",
    "Role",
    "Tensor",
    "Term",
    "Value",
    "axis_points",
    "tile_words",
]
