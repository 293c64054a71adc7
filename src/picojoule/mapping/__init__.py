"""In which order, and where is data kept? Loop nests."""

from picojoule.mapping.nest import AxisName, Level, Loop, Nest

__all__ = ["AxisName", "Level", "Loop", "Nest"]
