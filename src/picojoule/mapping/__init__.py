"""In which order, and where is data kept? Loop nests, and the counts that running one gives."""

from picojoule.mapping.counts import Actions, Counts, Transfers
from picojoule.mapping.nest import AxisName, Level, Loop, Nest

__all__ = ["Actions", "AxisName", "Counts", "Level", "Loop", "Nest", "Transfers"]
