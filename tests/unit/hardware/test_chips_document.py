"""docs/chips.md: its examples load, and its tables name what there is."""

import re
from pathlib import Path

import pytest

from picojoule.components import attributes_of, classes, estimate
from picojoule.components.dram import kinds
from picojoule.hardware import library
from picojoule.hardware.build import build_accelerator
from picojoule.hardware.document import parse_document
from picojoule.hardware.schema import ArraySpec, ComputeSpec, MemorySpec

TEXT = (Path(__file__).parents[3] / "docs" / "chips.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_example_loads(block: str) -> None:
    chip = build_accelerator(parse_document(block, name="chips.md"))
    assert chip.compute_units > 1 and chip.sources


def test_there_is_an_example() -> None:
    assert BLOCKS


def test_the_tables_name_every_chip_class_and_kind() -> None:
    first_cells = set(re.findall(r"^\| `([^`]+)`", TEXT, re.MULTILINE))
    assert set(library()) <= first_cells
    assert set(classes()) <= first_cells
    for kind in kinds():
        assert re.search(rf"\b{kind} [0-9.]+", TEXT), kind
    for name in classes():
        for attribute in attributes_of(name):
            assert f"`{attribute}`" in TEXT, attribute


@pytest.mark.parametrize("model", [MemorySpec, ArraySpec, ComputeSpec])
def test_every_key_is_described(model: type) -> None:
    for key in model.model_fields:
        stem = re.sub(r"^(read|write|port)_(bits|words)_per_cycle$", r"\2_per_cycle", key)
        stem = re.sub(r"^partitions_(bytes|bits)$", r"_\1", stem)
        assert f"`{stem}" in TEXT, key


def test_the_estimates_in_the_text_are_those_of_the_estimators() -> None:
    at = {"technology_nm": 65, "voltage_v": 1.0}
    mac = estimate("mac", **at)
    buffer = estimate("sram", capacity_bytes=108 * 1024, banks=27, **at)
    pads = [estimate("register_file", capacity_bytes=size, **at) for size in (448, 24, 48)]
    shown = {
        "register file": estimate("register_file", capacity_bytes=512, **at).read_pj / mac.read_pj,
        "array": estimate("wire", length_mm=1, **at).read_pj / mac.read_pj,
        "108 kB buffer": buffer.read_pj / mac.read_pj,
        "DRAM, in MACs": estimate("dram").read_pj / mac.read_pj,
        "64 bits": estimate("sram", capacity_bytes=8192, bits=64, technology_nm=40).read_pj,
        "Eyeriss's scratch": 168 * sum(pad.area_um2 for pad in pads) / buffer.area_um2,
        "168 multipliers": 168 * mac.area_um2 / 1e6,
    }
    for claim, value in shown.items():
        row = re.search(rf"^\| {claim}.*\| ([0-9.]+)[^|]*\|$", TEXT, re.MULTILINE)
        assert row and float(row[1]) == pytest.approx(value, rel=0.02), claim
