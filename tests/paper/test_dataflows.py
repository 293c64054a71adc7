"""Dataflows counted exactly, beside the published equal-area study of AlexNet's CONV layers.

256 PEs, batch 16; storage per dataflow as published, energies per MAC from the bars of the study's
charts (chen2016isca, Sec. VI and VII), one MAC being 1. The study splits the reuse of each tensor
over the levels by rules of its own and lets any arrangement of PEs be; here loop nests are counted
on a square array, so the two agree only where the split can be a nest. docs/dataflows.md says where
they part, and why.
"""

import functools

import pytest

from picojoule.compare import DataflowCost, Storage, exact_cost
from picojoule.workload import load

KB = 1024
STORAGE = {
    "ws": Storage(256, 2, int(334.3 * KB)),
    "os_a": Storage(256, 98, int(243.9 * KB)),
    "os_b": Storage(256, 10, int(303.8 * KB)),
    "os_c": Storage(256, 2, int(334.3 * KB)),
    "nlr": Storage(256, 0, int(338.3 * KB)),
    "rs": Storage(256, 512, 128 * KB),
}
ALU = 0.1558
"""The published bars are in units of RS at batch 1; this is a MAC's."""
BARS = {
    "ws": {"rf": 0.1558, "array": 0.5714, "buffer": 0.3083, "dram": 0.6131},
    "os_a": {"rf": 0.3113, "array": 0.6231, "buffer": 0.1232, "dram": 0.1157},
    "os_b": {"rf": 0.3112, "array": 0.6231, "buffer": 0.0709, "dram": 0.1963},
    "os_c": {"rf": 0.3112, "array": 0.6231, "buffer": 0.1332, "dram": 0.4165},
    "nlr": {"rf": 0.0, "array": 0.5903, "buffer": 1.1821, "dram": 0.0958},
    "rs": {"rf": 0.6087, "array": 0.0295, "buffer": 0.0155, "dram": 0.1296},
}


@functools.cache
def costs(name: str, batch: int = 16) -> DataflowCost:
    layers = [one for one in load("alexnet", batch=batch).layers if one.name.startswith("CONV")]
    return exact_cost(name, layers, STORAGE[name], cache=False)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "level", "tolerance"),
    [
        # A PE's own accesses follow from the dataflow alone.
        ("rs", "rf", 0.02),
        ("os_a", "rf", 0.01),
        ("os_c", "rf", 0.01),
        # Two operands for every MAC.
        ("os_a", "array", 0.01),
        ("os_c", "array", 0.01),
        ("rs", "array", 0.10),
        # Sixteen PEs for each weight and each input.
        ("os_c", "buffer", 0.01),
        ("os_a", "buffer", 0.06),
        ("rs", "dram", 0.09),
        ("os_a", "dram", 0.10),
        pytest.param("ws", "rf", 0.01, marks=SLOW),
        pytest.param("os_b", "rf", 0.01, marks=SLOW),
        pytest.param("os_b", "array", 0.01, marks=SLOW),
        pytest.param("nlr", "rf", 0.0, marks=SLOW),
        pytest.param("nlr", "buffer", 0.01, marks=SLOW),
        # All channels of a filter are added across the array, not the taps alone.
        pytest.param("ws", "array", 0.10, marks=SLOW),
    ],
)
def test_level(name: str, level: str, tolerance: float) -> None:
    claim = BARS[name][level] / ALU
    assert costs(name).to_dict()["by_level"][level] == pytest.approx(claim, rel=tolerance)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("rs", 0.02),
        ("os_a", 0.02),
        pytest.param("ws", 0.08, marks=SLOW),
        pytest.param("os_b", 0.08, marks=SLOW),
        # Overlapping windows come from the buffer here, and from DRAM there.
        pytest.param("os_c", 0.20, marks=SLOW),
        # A word on its way to a single PE is charged for the array here.
        pytest.param("nlr", 0.18, marks=SLOW),
    ],
)
def test_total(name: str, tolerance: float) -> None:
    claim = 1 + sum(BARS[name].values()) / ALU
    assert costs(name).to_dict()["energy_per_mac"] == pytest.approx(claim, rel=tolerance)


@pytest.mark.parametrize(
    ("layer", "claim"),
    # chen2016isca, Sec. VII: energy by layer under RS.
    [("CONV1", 6.428), ("CONV2", 5.806), ("CONV3", 5.992), ("CONV4", 6.091), ("CONV5", 6.100)],
)
def test_row_stationary_layer(layer: str, claim: float) -> None:
    (row,) = [one for one in costs("rs").to_dict()["layers"] if one["name"] == layer]
    assert row["mapping"]["proved"]
    assert row["energy_per_mac"] == pytest.approx(claim, rel=0.07)


def test_shares_of_the_tensors() -> None:
    # sze2017, Sec. V-B, chart by data type: pixels, weights and psums as shares of the total.
    found = costs("rs").cost
    assert found
    claims = {"ifmaps": 0.295, "weights": 0.274, "psums": 0.431}
    assert sum(found.by_tensor.values()) == pytest.approx(found.energy)
    for name, claim in claims.items():
        assert found.by_tensor[name] / found.energy == pytest.approx(claim, abs=0.02)


@pytest.mark.slow
def test_weight_stationary_cannot_run_a_batch_of_64() -> None:
    found = costs("ws", 64)
    assert found.cost is None
    assert "partial sums do not fit" in found.why
    assert found.to_dict()["energy_per_mac"] is None
