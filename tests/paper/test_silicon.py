"""Eyeriss as measured: one row per printed number, and how near ours must come.

Tolerances of AlexNet are those that a reader may ask of a model of a chip (counts exact, traffic a
few per cent, time 10 to 15 %, power 15 %). Nothing is fitted to these rows but one number, the
standing power, to CONV1's power alone. VGG-16's cuts into passes were inferred from its buffer
traffic, so that row proves nothing there; its time, DRAM and power are predictions.
"""

from functools import cache

import pytest

from picojoule.silicon import (
    PassMapping,
    PassRun,
    banks,
    find_passes,
    layer_energy,
    movement_pj,
    pass_chip,
    published,
    run_passes,
    traffic,
)

ALEXNET = ("CONV1", "CONV2", "CONV3", "CONV4", "CONV5")
CHIP = pass_chip()


@cache
def run(network: str) -> PassRun:
    return run_passes(network, batch={"alexnet": 4, "vgg16": 3}[network], zeros="measured")


def layer(name: str):
    return next(one for one in (*run("alexnet").layers, *run("vgg16").layers) if one.name == name)


EXACT = [
    # chen2017jssc, Table V (active PEs); Table III with Sec. IV (passes, by hand).
    *zip(ALEXNET, ["passes"] * 5, [288, 1536, 384, 384, 256]),
    *zip(ALEXNET, ["active_pes"] * 5, [154, 135, 156, 156, 156]),
]


@pytest.mark.parametrize(("name", "key", "claim"), EXACT)
def test_counts_exact(name: str, key: str, claim: int) -> None:
    assert getattr(layer(name), key) == claim


ROWS = [
    # (what, claims, tolerance, unit). chen2016isscc, bars of DRAM traffic without coding.
    ("dram_bytes", [6.04, 5.42, 5.04, 3.92, 2.58], 0.02, 1e6),
    # chen2017jssc, Table V.
    ("dram_bytes_compressed", [5.0, 4.0, 3.0, 2.1, 1.3], 0.10, 1e6),
    ("processing_latency_s", [16.5, 39.2, 21.8, 16.0, 10.0], 0.10, 1e-3),
    ("total_latency_s", [20.9, 41.9, 23.6, 18.4, 10.5], 0.15, 1e-3),
    ("power_w", [332, 288, 266, 235, 236], 0.15, 1e-3),
]


@pytest.mark.parametrize(
    ("name", "key", "claim", "tolerance"),
    [
        (name, key, claim * unit, tolerance)
        for key, claims, tolerance, unit in ROWS
        for name, claim in zip(ALEXNET, claims)
    ],
)
def test_alexnet(name: str, key: str, claim: float, tolerance: float) -> None:
    assert getattr(layer(name), key) == pytest.approx(claim, rel=tolerance)


@pytest.mark.parametrize(
    ("name", "claim"), [("CONV1", 18.5), ("CONV2", 77.6), ("CONV4", 37.4), ("CONV5", 24.9)]
)
def test_alexnet_buffer(name: str, claim: float) -> None:
    assert layer(name).buffer_bytes == pytest.approx(claim * 1e6, rel=0.05)


def test_conv3_moved_what_the_cut_of_conv4_moves() -> None:
    """The printed cut would move 70.5 MB; CONV4's moves the 50.2 MB that were measured."""
    shape = layer("CONV3").shape
    assert layer("CONV3").buffer_bytes == pytest.approx(70.5e6, rel=0.01)
    as_conv4 = PassMapping(m=64, n=4, e=13, f=13, p=16, q=3, r=2, t=2)
    assert traffic(shape, as_conv4).buffer * 2 == pytest.approx(50.2e6, rel=0.05)
    assert sum(banks(CHIP, shape, as_conv4)) == 25


@pytest.mark.parametrize(
    ("key", "claim", "tolerance"),
    [
        # chen2017jssc, Sec. VI and Table V, all layers.
        ("total_latency_s", 0.1153, 0.10),
        ("processing_latency_s", 0.1035, 0.05),
        ("frames_per_s", 34.7, 0.10),
        ("power_w", 0.278, 0.10),
        ("active_pes", 148, 0.01),
        ("dram_bytes_compressed", 15.4e6, 0.10),
    ],
)
def test_alexnet_totals(key: str, claim: float, tolerance: float) -> None:
    assert run("alexnet").totals[key] == pytest.approx(claim, rel=tolerance)


VGG = tuple(published("vgg16", "eyeriss").layers)
VGG_TOLERANCES = {
    # Worst cells: conv1_1 for both latencies and power; conv1_2 and conv2_2, whose outputs are
    # pooled before anyone counts their zeros, for DRAM.
    "active_pes": 0.0,
    "processing_latency_s": 0.05,
    "total_latency_s": 0.10,
    "power_w": 0.15,
    "dram_bytes_compressed": 0.11,
}


@pytest.mark.parametrize("key", VGG_TOLERANCES)
@pytest.mark.parametrize("name", VGG)
def test_vgg16(name: str, key: str) -> None:
    """chen2017jssc, Table VI, as the library transcribes it."""
    one = layer(name)
    claim = one.measured.to_dict()[key]
    assert getattr(one, key) == pytest.approx(claim, rel=VGG_TOLERANCES[key])


@pytest.mark.parametrize("name", VGG)
def test_vgg16_buffer_in_binary_megabytes_with_readout(name: str) -> None:
    """Its cuts come from these rows: 13 rows met to 0.2 % by five settings, in one unit."""
    one = layer(name)
    read = (one.traffic.buffer + one.traffic.readout) * 2 / 2**20
    assert read == pytest.approx(one.measured.buffer_bytes / 1e6, rel=0.002)


def test_vgg16_totals() -> None:
    totals = run("vgg16").totals
    assert totals["total_latency_s"] == pytest.approx(4.3095, rel=0.05)
    assert totals["power_w"] == pytest.approx(0.236, rel=0.05)
    assert totals["dram_bytes_compressed"] == pytest.approx(321.1e6, rel=0.10)
    assert totals["frames_per_s"] == pytest.approx(0.7, abs=0.05)


def test_the_transcription_adds_up_to_the_printed_totals() -> None:
    """What was set right where the transcription is misread; sums of rounded cells."""
    known = published("vgg16", "eyeriss")
    for key, tolerance in (
        ("total_latency_s", 0.001),
        ("processing_latency_s", 0.001),
        ("buffer_bytes", 0.65e6),
        ("dram_bytes", 0.6e6),
    ):
        summed = sum(getattr(one, key) for one in known.layers.values())
        assert summed == pytest.approx(getattr(known.total, key), abs=tolerance), key


def test_the_standing_power_is_what_conv1_leaves() -> None:
    """The one calibrated number, computed again from CONV1's measured power."""
    one = layer("CONV1")
    counted = layer_energy(
        CHIP, one.shape, one.traffic, zeros=0.0001, latency_s=one.total_latency_s
    )
    moving = (counted.total - counted.standing) / one.total_latency_s
    assert CHIP.standing_w == pytest.approx(0.332 - moving, abs=5e-5)


def test_shares_of_power() -> None:
    """chen2017jssc, Sec. VI: ALUs below 10 %, pads, buffer and networks up to 45 %, and no
    counted part draws more than the pads; chen2016isscc: the buffer takes 2.7 %."""
    for name in ALEXNET:
        watts = layer(name).to_dict()["power_by_block_w"]
        total = sum(watts.values())
        moved = watts["scratch_pads"] + watts["buffer"] + watts["array_networks"]
        assert watts["alus"] < 0.10 * total and moved < 0.45 * total
        assert watts["scratch_pads"] == max(v for k, v in watts.items() if k != "standing")
    blocks = run("alexnet").energy_by_block_j
    assert blocks["buffer"] / sum(blocks.values()) == pytest.approx(0.027, abs=0.006)


def test_gating_saves_what_was_measured() -> None:
    """chen2017jssc, Sec. V-C: gating saves 45 % of a PE's power. Ours, of a PE that only sees
    zeros against one that sees none, each with its share of the standing power."""
    pes = CHIP.rows * CHIP.columns
    standing = CHIP.standing_w / pes
    busy = (CHIP.mac_pj + 4 * CHIP.spad_pj) * 1e-12 * CHIP.clock_hz + standing
    gated = CHIP.spad_pj * 1e-12 * CHIP.clock_hz + standing
    assert 1 - gated / busy == pytest.approx(0.45, abs=0.05)


@pytest.mark.parametrize("place", range(4))
def test_operating_points(place: int) -> None:
    """chen2016isscc, chart over core voltage; the average power at 1.01 V is 6 % high already."""
    point, measured = run("alexnet").operating_points[place], CHIP.points[place]
    assert point["power_w"] == pytest.approx(measured.power_w, rel=0.15)
    assert 97e6 < point["clock_hz"] < 260e6  # printed: 100 to 250 MHz over this range


@pytest.mark.parametrize("name", ["CONV1", "CONV4"])
def test_the_search_for_energy_and_time_finds_the_published_cut(name: str) -> None:
    one = layer(name)
    assert find_passes(CHIP, one.shape, minimize="edp").mapping == one.mapping


def test_published_cuts_cost_little_more_than_the_best() -> None:
    """The chip's authors searched for least energy too: within 9 % of our optimum."""
    for name in ALEXNET:
        one = layer(name)
        best = find_passes(CHIP, one.shape)
        assert movement_pj(CHIP, one.traffic) < 1.09 * best.cost


def test_survey_table_v_version_1() -> None:
    """sze2017, Table V, version 1: CONV1, where the zeros agree; run time and power above."""
    one = layer("CONV1")
    assert one.energy.total / one.nonzero_macs == pytest.approx(16.5e-12, rel=0.10)
    assert one.dram_bytes_compressed / 2 / one.nonzero_macs == pytest.approx(0.006, abs=0.0005)
