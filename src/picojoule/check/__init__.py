"""Do the witnesses agree? Closed form, oracle, and recorded results of another tool."""

from picojoule.check.compare import (
    Difference,
    MappingCheck,
    Outcome,
    RecordsCheck,
    check_mapping,
    check_records,
)
from picojoule.check.documents import RecordError

__all__ = [
    "Difference",
    "MappingCheck",
    "Outcome",
    "RecordError",
    "RecordsCheck",
    "check_mapping",
    "check_records",
]
