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
from picojoule.hardware.document import Document, Location, Subject, parse_document, read_document
from picojoule.hardware.load import accelerator, dump_accelerator, library, load_accelerator
from picojoule.hardware.schema import read_spec

__all__ = [
    "Accelerator",
    "Array",
    "Compute",
    "Document",
    "Format",
    "Leaders",
    "Location",
    "Memory",
    "Part",
    "PartRow",
    "Reuse",
    "Subject",
    "accelerator",
    "describe",
    "dump_accelerator",
    "library",
    "load_accelerator",
    "parse_document",
    "read_document",
    "read_spec",
]
