"""What did its designers publish of a chip, and what does the model say? Side by side."""

from picojoule.published.compare import (
    Comparison,
    compare,
    modelled,
    on_chip_bytes,
    peak_ops_per_s,
)
from picojoule.published.figures import (
    FAMILIES,
    QUANTITIES,
    Figure,
    Report,
    quantity_text,
    read_report,
    report,
)

__all__ = [
    "FAMILIES",
    "QUANTITIES",
    "Comparison",
    "Figure",
    "Report",
    "compare",
    "modelled",
    "on_chip_bytes",
    "peak_ops_per_s",
    "quantity_text",
    "read_report",
    "report",
]
