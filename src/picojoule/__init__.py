"""picojoule: what does this network cost on this hardware, and what is the best way to run it?

The public names are resolved when they are first used, so that `import picojoule` loads neither
numba nor onnx nor torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from picojoule.cost import Costs, area_mm2, count, price
    from picojoule.errors import PicojouleError
    from picojoule.evaluation import (
        Evaluation,
        SystolicReport,
        evaluate,
        evaluate_operation,
        network_front,
        systolic,
    )
    from picojoule.hardware import Accelerator, Array, Compute, Memory, accelerator, library
    from picojoule.mapper import Certificate, Solution, load_constraints, pareto_front, search
    from picojoule.mapping import (
        Counts,
        Level,
        Loop,
        Nest,
        format_nest,
        parse_nest,
        validate,
    )
    from picojoule.workload import (
        Layer,
        Network,
        Operation,
        Tensor,
        load,
        parse_operation,
        profile,
    )

__version__ = "0.1.0"

_HOMES = {
    "cost": ("Costs", "area_mm2", "count", "price"),
    "errors": ("PicojouleError",),
    "evaluation": (
        "Evaluation",
        "SystolicReport",
        "evaluate",
        "evaluate_operation",
        "network_front",
        "systolic",
    ),
    "hardware": ("Accelerator", "Array", "Compute", "Memory", "accelerator", "library"),
    "mapper": ("Certificate", "Solution", "load_constraints", "pareto_front", "search"),
    "mapping": ("Counts", "Level", "Loop", "Nest", "format_nest", "parse_nest", "validate"),
    "workload": (
        "Layer",
        "Network",
        "Operation",
        "Tensor",
        "load",
        "parse_operation",
        "profile",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Accelerator",
    "Array",
    "Certificate",
    "Compute",
    "Costs",
    "Counts",
    "Evaluation",
    "Layer",
    "Level",
    "Loop",
    "Memory",
    "Nest",
    "Network",
    "Operation",
    "PicojouleError",
    "Solution",
    "SystolicReport",
    "Tensor",
    "accelerator",
    "area_mm2",
    "count",
    "evaluate",
    "evaluate_operation",
    "format_nest",
    "library",
    "load",
    "load_constraints",
    "network_front",
    "pareto_front",
    "parse_nest",
    "parse_operation",
    "price",
    "profile",
    "search",
    "systolic",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Find a public name in its folder's face, once."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'picojoule' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"picojoule.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
