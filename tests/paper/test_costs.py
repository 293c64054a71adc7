"""The estimators against publications that they were not fitted to.

Each row: what is claimed, by whom, and how near the estimate must come, with the reason.
"""

import pytest

from picojoule.components import estimate
from picojoule.hardware import accelerator

AT_EYERISS = {"technology_nm": 65, "voltage_v": 1.0}
MAC_PJ = estimate("mac", bits=16, **AT_EYERISS).action_pj
BUFFER = estimate("sram", capacity_bytes=108 * 1024, banks=27, **AT_EYERISS)


def within(factor: float, value: float, claim: float) -> bool:
    """Whether a value is the claim up to a factor."""
    return claim / factor <= value <= claim * factor


@pytest.mark.parametrize(
    ("level", "energy_pj", "claim", "factor"),
    [
        # chen2016isca, Table IV, in MACs. The register file's curve is an extrapolation to 0.5 kB.
        (
            "register file",
            estimate("register_file", capacity_bytes=512, **AT_EYERISS).read_pj,
            1,
            1.5,
        ),
        # 1 to 2 mm of wire; the claim includes the FIFOs at both ends, the estimate only the wire.
        ("array", estimate("wire", length_mm=1, **AT_EYERISS).action_pj, 2, 1.5),
        # The claim includes the FIFOs, the estimate banks and wires.
        ("buffer", BUFFER.read_pj, 6, 1.5),
        # Independent of the logic's node: 640 pJ per 32 bits is 320 per word.
        ("dram", estimate("dram", kind="typical", bits=16).read_pj, 200, 1.1),
    ],
)
def test_hierarchy(level: str, energy_pj: float, claim: float, factor: float) -> None:
    assert within(factor, energy_pj / MAC_PJ, claim), level


@pytest.mark.parametrize(
    ("what", "value", "claim", "factor"),
    [
        # keckler2011, Table 1, at 40 nm; another vendor's memory than the one that was fitted.
        ("64 bits of 8 kB at 40 nm, pJ",
         estimate("sram", capacity_bytes=8192, bits=64, technology_nm=40).read_pj, 14, 1.6),
        # horowitz2014: a separate row of the table that was fitted at 64 bits only.
        ("32 bits of 8 kB at 45 nm, pJ",
         estimate("sram", capacity_bytes=8192, bits=32).read_pj, 5, 1.0001),
        # sze2017, Sec. VI-A (from DaDianNao): eDRAM 321 times better than DDR3; a whole system
        # against a bank, hence a factor of 3.
        ("DDR3 over eDRAM", estimate("dram", kind="ddr3").read_pj
         / estimate("dram", kind="edram").read_pj, 321, 3),
        # chen2017jssc: the scratch pads take 2.5 times the buffer's area. The estimate knows
        # register files and the curve of chen2016isca, but no ports and no control.
        ("scratch pads over buffer, area", 168 * sum(
            estimate("register_file", capacity_bytes=b, **AT_EYERISS).area_um2
            for b in (448, 24, 48)) / BUFFER.area_um2, 2.5, 1.4),
        # chen2017jssc: multipliers and adders take 7.4 % of 12.25 mm2. The estimate has neither
        # pipeline registers nor truncation, hence less than half of it.
        ("168 MACs, mm2", 168 * estimate("mac", bits=16, **AT_EYERISS).area_um2 / 1e6,
         0.074 * 12.25, 2.5),
    ],
)  # fmt: skip
def test_what_was_not_fitted(what: str, value: float, claim: float, factor: float) -> None:
    assert within(factor, value, claim), what


@pytest.mark.parametrize(
    ("kind", "wide", "narrow", "energy", "area", "tolerance"),
    [
        # sze2017, Sec. VII-A. Its areas are rounded: 7700 / 282 is 27.3 where it prints 27.5.
        ("adder", {"bits": 32}, {"bits": 8}, 3.3, 3.8, 0.02),
        ("adder", {"bits": 32, "type": "float"}, {"bits": 8}, 30, 116, 0.01),
        ("multiplier", {"bits": 32}, {"bits": 8}, 15.5, 12.4, 0.01),
        ("multiplier", {"bits": 32, "type": "float"}, {"bits": 8}, 18.5, 27.5, 0.01),
    ],
)
def test_precision_ratios_of_the_survey(
    kind: str, wide: dict, narrow: dict, energy: float, area: float, tolerance: float
) -> None:
    large, small = estimate(kind, **wide), estimate(kind, **narrow)
    assert large.action_pj / small.action_pj == pytest.approx(energy, rel=tolerance)
    assert large.area_um2 / small.area_um2 == pytest.approx(area, rel=tolerance)


def test_eyeriss_as_published() -> None:
    chip = accelerator("eyeriss")
    dram, glb, spad = chip.memories
    mac = chip.compute.mac_pj
    # chen2017jssc and sze2017, Table V.
    assert (chip.compute_units, chip.area_mm2, chip.clock_hz) == (168, 12.25, 200e6)
    assert glb.capacity_bits == 108 * 1024 * 8
    pads = sum(bits for _, bits in spad.partitions) // 8
    assert dict(spad.partitions) == {"weights": 448 * 8, "inputs": 24 * 8, "outputs": 48 * 8}
    assert 168 * dict(spad.partitions)["weights"] // 8 + 108 * 1024 == int(181.5 * 1024)  # SRAM
    assert 168 * pads / 1024 + 108 == pytest.approx(193.3, abs=0.1)  # the survey's "192 kB"
    assert chip.area_mm2 / 168 == pytest.approx(0.073, abs=0.0005)
    # 64 bits at 60 MHz.
    assert dram.port_bits_per_cycle * chip.clock_hz == pytest.approx(64 * 60e6)
    # chen2016isca, Table IV.
    assert spad.read_pj / mac == pytest.approx(1)
    assert chip.arrays[0].delivery_pj / mac == pytest.approx(2)
    assert glb.read_pj / mac == pytest.approx(6)
    assert dram.read_pj / mac == pytest.approx(200)


def test_equal_area_point() -> None:
    # chen2016isca, Eq. 2 and Fig. 7: 256 PEs of 512 B and 128 kB of buffer.
    chip = accelerator("eyeriss-isca-256")
    _, buffer, rf = chip.memories
    assert chip.compute_units == 256
    assert buffer.capacity_bits == 256 * 512 * 8 == 128 * 1024 * 8
    assert rf.capacity_bits == 512 * 8


def test_peak_rates() -> None:
    # nvdla2018: 1024 MACs of 16 bits; 168 MACs at 200 MHz are 33.6 GMACS (chen2017jssc).
    assert accelerator("nvdla-like").compute_units == 1024
    assert accelerator("systolic-128").compute_units == 128 * 128
    chip = accelerator("eyeriss")
    assert chip.compute_units * chip.clock_hz == pytest.approx(33.6e9)
