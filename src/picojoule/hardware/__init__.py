"""Which parts, connected how? Accelerators."""

from picojoule.hardware.accelerator import Accelerator, Array, Compute, Memory, Part, Reuse

__all__ = ["Accelerator", "Array", "Compute", "Memory", "Part", "Reuse"]
