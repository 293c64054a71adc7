"""Readers: model files and torch modules become networks.

The readers are resolved when they are first used, so that neither onnx nor torch is imported
before a model needs it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from picojoule.workload.readers.onnx_reader import read_onnx
    from picojoule.workload.readers.topology import read_topology
    from picojoule.workload.readers.torch_reader import read_torch

__all__ = ["read_onnx", "read_topology", "read_torch"]

_HOMES = {
    "read_onnx": "onnx_reader",
    "read_topology": "topology",
    "read_torch": "torch_reader",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
