"""Estimators: hand arithmetic on the published tables, and what must hold at any size."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.components import attributes_of, classes, energy_factor, estimate
from picojoule.errors import HardwareError

BITS = st.integers(1, 128)
SIZES = st.integers(1, 2**30)


@pytest.mark.parametrize(
    ("kind", "bits", "type_", "energy_pj"),
    [
        ("adder", 8, "int", 0.03),
        ("adder", 4, "int", 0.015),  # linear below the table
        ("adder", 64, "int", 0.2),  # and above
        ("multiplier", 8, "int", 0.2),
        ("multiplier", 2, "int", 0.2 / 16),  # quadratic below
        ("multiplier", 64, "int", 4 * 3.1),
        ("multiplier", 16, "int", math.sqrt(0.2 * 3.1)),  # 16 is midway on a log axis
        ("multiplier", 16, "float", 1.1),
        ("mac", 16, "int", math.sqrt(0.2 * 3.1) + 0.1),
        ("mac", 32, "float", 3.7 + 0.9),
        ("mac", 16, "float", 1.1 + 0.9),  # sums of half-precision products are kept in single
    ],
)
def test_arithmetic_by_hand(kind: str, bits: int, type_: str, energy_pj: float) -> None:
    assert estimate(kind, bits=bits, type=type_).action_pj == pytest.approx(energy_pj, rel=1e-12)


def test_scaling_by_hand() -> None:
    at_45 = estimate("multiplier", bits=8)
    at_90 = estimate("multiplier", bits=8, technology_nm=90, voltage_v=1.8)
    assert at_90.action_pj == pytest.approx(2 * 4 * at_45.action_pj)
    assert at_90.area_um2 == pytest.approx(4 * at_45.area_um2)
    assert energy_factor(from_nm=45, to_nm=45, from_v=1.0) == 1


def test_banked_memory_by_hand() -> None:
    # 108 kB in 27 banks of 4 kB at 65 nm: area = 12.25 mm2 * 2/3 / 3.5.
    memory = estimate("sram", capacity_bytes=108 * 1024, banks=27, technology_nm=65, voltage_v=0.9)
    assert memory.area_um2 == pytest.approx(12.25e6 * 2 / 3 / 3.5, rel=1e-6)
    bank_pj = 10 * math.sqrt(4 / 8) * 16 / 64 * 65 / 45
    side_mm = math.sqrt(12.25 * 2 / 3 / 3.5)
    wire_pj = 310 / 256 / 10 * 16 * side_mm * 65 / 40
    assert memory.read_pj == pytest.approx(bank_pj + wire_pj, rel=1e-6)
    assert memory.leakage_w == pytest.approx(108 * 1024 * 8 * 10e-12 * 0.9)


def test_dram_does_not_scale_and_takes_no_technology() -> None:
    assert "technology_nm" not in attributes_of("dram")
    assert estimate("dram", kind="hbm2", bits=64).read_pj == pytest.approx(64 * 3.92)


@given(
    BITS, BITS, st.sampled_from(["mac", "adder", "multiplier"]), st.sampled_from(["int", "float"])
)
@settings(max_examples=60, deadline=None)
def test_wider_arithmetic_costs_more(few: int, many: int, kind: str, type_: str) -> None:
    few, many = sorted((few, many))
    narrow, wide = estimate(kind, bits=few, type=type_), estimate(kind, bits=many, type=type_)
    assert 0 < narrow.action_pj <= wide.action_pj
    assert 0 < narrow.area_um2 <= wide.area_um2


@given(SIZES, SIZES, st.integers(1, 512))
@settings(max_examples=60, deadline=None)
def test_larger_memories_cost_more_per_access(small: int, large: int, bits: int) -> None:
    small, large = sorted((small, large))
    little = estimate("sram", capacity_bytes=small, bits=bits)
    much = estimate("sram", capacity_bytes=large, bits=bits)
    assert 0 < little.read_pj <= much.read_pj
    assert little.read_pj * 2 == pytest.approx(
        estimate("sram", capacity_bytes=small, bits=2 * bits).read_pj
    )


@given(st.sampled_from(classes()), st.floats(5, 180), st.floats(5, 180))
@settings(max_examples=60, deadline=None)
def test_every_class_is_positive_and_scales(kind: str, near: float, far: float) -> None:
    values = {"capacity_bytes": 4096, "length_mm": 1.0, "pitch_mm": 0.2, "x": 8}
    needed = {name: values[name] for name, must in attributes_of(kind).items() if must}
    if "technology_nm" in attributes_of(kind):
        small, large = sorted((near, far))
        first = estimate(kind, **needed, technology_nm=small)
        second = estimate(kind, **needed, technology_nm=large)
        assert second.action_pj / first.action_pj == pytest.approx(large / small)
    one = estimate(kind, **needed)
    assert one.read_pj > 0 and one.fill_pj > 0 and one.update_pj > 0 and one.source


@pytest.mark.parametrize(
    ("kind", "attributes", "got", "expected_has"),
    [
        ("sramm", {}, "sramm", "'sram'"),
        ("sram", {"capacity_byte": 4}, "capacity_byte", "'capacity_bytes'"),
        ("sram", {}, "no attributes", "capacity_bytes"),
        ("sram", {"capacity_bytes": -1}, -1, "above 0"),
        ("sram", {"capacity_bytes": math.nan}, math.nan, "above 0"),
        ("sram", {"capacity_bytes": 1e18}, 1e18, "at most"),
        ("mac", {"bits": 2.5}, 2.5, "whole number"),
        ("mac", {"bits": True}, True, "whole number"),
        ("mac", {"bits": "16"}, "16", "whole number"),
        ("mac", {"type": "integer"}, "integer", "'int'"),
        ("dram", {"kind": "ddr33"}, "ddr33", "'ddr3'"),
    ],
)
def test_refusals(kind: str, attributes: dict, got: object, expected_has: str) -> None:
    with pytest.raises(HardwareError) as caught:
        estimate(kind, **attributes)
    assert str(caught.value.got) == str(got)
    assert expected_has in str(caught.value.expected)
