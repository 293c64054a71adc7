"""What does the chip that was built do, pass by pass? Eyeriss, beside its measurements."""

from picojoule.silicon.chip import OperatingPoint, PassChip, pass_chip, pass_chips
from picojoule.silicon.mappings import mapping_of, parse_passes, read_passes
from picojoule.silicon.power import Energy, layer_energy
from picojoule.silicon.published import Measured, Published, published
from picojoule.silicon.result import PassLayer, PassRun, Unrun
from picojoule.silicon.run import run_passes
from picojoule.silicon.schedule import (
    PassMapping,
    Traffic,
    active_pes,
    banks,
    check_mapping,
    passes,
    traffic,
)
from picojoule.silicon.search import Found, find_passes, movement_pj
from picojoule.silicon.shapes import LayerShape, shape_of
from picojoule.silicon.tables import describe_run, run_tables, silicon_bars
from picojoule.silicon.timing import pass_cycles, processing_cycles
from picojoule.silicon.zeros import Shares, Zeros, coded_bytes, parse_shares, read_shares

__all__ = [
    "Energy",
    "Found",
    "LayerShape",
    "Measured",
    "OperatingPoint",
    "PassChip",
    "PassLayer",
    "PassMapping",
    "PassRun",
    "Published",
    "Shares",
    "Traffic",
    "Unrun",
    "Zeros",
    "active_pes",
    "banks",
    "check_mapping",
    "coded_bytes",
    "describe_run",
    "find_passes",
    "layer_energy",
    "mapping_of",
    "movement_pj",
    "parse_passes",
    "parse_shares",
    "pass_chip",
    "pass_chips",
    "pass_cycles",
    "passes",
    "processing_cycles",
    "published",
    "read_passes",
    "read_shares",
    "run_passes",
    "run_tables",
    "shape_of",
    "silicon_bars",
    "traffic",
]
