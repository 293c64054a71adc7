"""A search that is cut short says so, and its bound is below every mapping's cost."""

import pytest

from picojoule.hardware import accelerator
from picojoule.mapper import Minimize, search
from picojoule.workload import parse_operation


@pytest.mark.parametrize("minimize", ["energy", "latency", "edp"])
def test_a_search_cut_short_reports_a_bound(minimize: Minimize) -> None:
    operation = parse_operation("conv M=64 C=64 P=14 Q=14 R=3 S=3")
    chip = accelerator("eyeriss")
    best = search(operation, chip, minimize=minimize).certificate
    cut = search(operation, chip, minimize=minimize, budget=1).certificate
    assert best.optimal
    assert not cut.optimal
    assert 0.0 < cut.lower_bound <= best.cost <= cut.cost
