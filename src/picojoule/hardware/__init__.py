"""Which parts, connected how? Accelerators, in Python and in YAML, and a library of them."""

from picojoule.hardware.accelerator import Accelerator, Array, Compute, Memory, Part, Reuse
from picojoule.hardware.describe import PartRow, describe
from picojoule.hardware.diagram import Block, blocks, draw_svg, draw_text
from picojoule.hardware.document import Document, Location, Subject, parse_document, read_document
from picojoule.hardware.load import accelerator, dump_accelerator, library, load_accelerator
from picojoule.hardware.schema import SourceText, read_spec

__all__ = [
    "Accelerator",
    "Array",
    "Block",
    "Compute",
    "Document",
    "Location",
    "Memory",
    "Part",
    "PartRow",
    "Reuse",
    "SourceText",
    "Subject",
    "accelerator",
    "blocks",
    "describe",
    "draw_svg",
    "draw_text",
    "dump_accelerator",
    "library",
    "load_accelerator",
    "parse_document",
    "read_document",
    "read_spec",
]
