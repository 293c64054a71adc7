"""Which parts, connected how? Accelerators, in Python and in YAML, and a library of them."""

from picojoule.hardware.accelerator import (
    Accelerator,
    Array,
    Compute,
    Format,
    Leaders,
    Memory,
    Part,
    Reuse,
)
from picojoule.hardware.describe import PartRow, describe
from picojoule.hardware.diagram import Block, blocks, draw_svg, draw_text
from picojoule.hardware.document import Document, Location, Subject, parse_document, read_document
from picojoule.hardware.hierarchy import STUDY_PRICES, STUDY_WORD_BYTES, hierarchy_chip
from picojoule.hardware.load import accelerator, dump_accelerator, library, load_accelerator
from picojoule.hardware.schema import SourceText, read_spec
from picojoule.hardware.systolic import (
    DRAINS,
    FOLDS,
    SYSTOLIC_DATAFLOWS,
    Drain,
    Folds,
    SystolicArray,
    SystolicDataflow,
    check_systolic_dataflow,
)

__all__ = [
    "DRAINS",
    "FOLDS",
    "STUDY_PRICES",
    "STUDY_WORD_BYTES",
    "SYSTOLIC_DATAFLOWS",
    "Accelerator",
    "Array",
    "Block",
    "Compute",
    "Document",
    "Drain",
    "Folds",
    "Format",
    "Leaders",
    "Location",
    "Memory",
    "Part",
    "PartRow",
    "Reuse",
    "SourceText",
    "Subject",
    "SystolicArray",
    "SystolicDataflow",
    "accelerator",
    "blocks",
    "check_systolic_dataflow",
    "describe",
    "draw_svg",
    "draw_text",
    "dump_accelerator",
    "hierarchy_chip",
    "library",
    "load_accelerator",
    "parse_document",
    "read_document",
    "read_spec",
]
