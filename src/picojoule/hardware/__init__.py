"""Which parts, connected how? Accelerators, in Python and in YAML, and a library of them."""

from picojoule.hardware.accelerator import Accelerator, Array, Compute, Memory, Part, Reuse
from picojoule.hardware.describe import PartRow, describe
from picojoule.hardware.load import accelerator, dump_accelerator, library, load_accelerator

__all__ = [
    "Accelerator",
    "Array",
    "Compute",
    "Memory",
    "Part",
    "PartRow",
    "Reuse",
    "accelerator",
    "describe",
    "dump_accelerator",
    "library",
    "load_accelerator",
]
