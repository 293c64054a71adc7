"""The front of a network: equal to a listing of all choices, and true to what it tells."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import picojoule as pj
from picojoule.errors import MappingError, WorkloadError
from picojoule.evaluation import NetworkFront, describe_front, front_curve, network_front, sums
from picojoule.evaluation.front_tables import SHOWN_POINTS, named_points, selected_points
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import Constraints, PartConstraints, Range, pareto_front
from picojoule.report import draw_curve
from picojoule.workload import Layer, Network, elementwise, matmul

CHIP = Accelerator(
    "small",
    (
        Memory("dram", read_pj=200.0, update_pj=200.0, port_bits_per_cycle=64.0),
        Memory("glb", capacity_bits=2048, read_pj=6.0, fill_pj=6.0, update_pj=6.0),
        Array("pes", 4, 3, multicast=("weights",), reduces=False, delivery_pj=5.0),
        Memory("spad", capacity_bits=256, read_pj=1.0, fill_pj=0.5, update_pj=1.0),
        Compute(mac_pj=3.0),
    ),
    clock_hz=1e6,
)


def network() -> Network:
    """Two equal layers, one that runs three times, and one without multiply-accumulates."""
    layers = (
        Layer("first", matmul("first", M=16, K=12, N=4), (), ()),
        Layer("other", matmul("other", M=30, K=2, N=9), (), ()),
        Layer("again", matmul("again", M=16, K=12, N=4), (), ()),
        Layer("gates", matmul("gates", M=6, K=4, N=10), (), (), repeats=3),
        Layer("sum", elementwise("sum", (4, 4), inner="add"), (), ()),
    )
    return Network("net", layers, {}, (), ())


@pytest.fixture(scope="module")
def front() -> NetworkFront:
    return network_front(network(), CHIP)


def test_it_is_what_a_listing_leaves(front: NetworkFront) -> None:
    options: list[list[tuple[int, float]]] = []
    for layer in network().layers[:4]:
        points = pareto_front(layer.operation, CHIP).points
        costs = [point.costs for point in points]
        repeats = layer.repeats
        options.append([(c.latency_cycles * repeats, c.energy_pj * repeats) for c in costs])
    assert max(map(len, options)) > 1
    chosen: dict[int, float] = {}
    for choice in itertools.product(*options):
        latency, energy = sum(t for t, _ in choice), sum(e for _, e in choice)
        chosen[latency] = min(energy, chosen.get(latency, energy))
    best: list[tuple[int, float]] = []
    for latency, energy in sorted(chosen.items()):
        if not best or energy < best[-1][1] * (1 - 1e-12):
            best.append((latency, energy))
    assert front.sums.latency.tolist() == [latency for latency, _ in best]
    assert front.sums.energy.tolist() == pytest.approx([energy for _, energy in best], rel=1e-12)
    assert front.is_exact


def test_its_ends_are_what_a_search_finds(front: NetworkFront) -> None:
    lean, fast = (pj.evaluate(network(), CHIP, minimize=goal) for goal in ("energy", "latency"))
    assert front.sums.energy[-1] == pytest.approx(lean.energy_pj, rel=1e-12)
    assert front.sums.latency[0] == fast.latency_cycles
    assert front.sums.energy[0] <= fast.energy_pj * (1 + 1e-12)


def test_every_point_costs_what_it_says(front: NetworkFront) -> None:
    for index in range(len(front)):
        run = front.evaluation(index)
        assert run.energy_pj == front.sums.energy[index]
        assert run.latency_cycles == front.sums.latency[index]
        assert run.energy == front.energies_j[index]
        assert run.is_optimal
        for layer in run.layers:
            priced = pj.evaluate_operation(layer.operation, CHIP, nest=layer.nest).layers[0]
            assert priced.energy_pj * layer.repeats == layer.energy_pj
    assert [one.name for one in front.fastest.unmapped] == ["sum"]
    assert front.evaluation(-1).energy_pj == front.sums.energy[-1]
    with pytest.raises(MappingError):
        front.evaluation(len(front))


def test_the_best_within_a_limit(front: NetworkFront) -> None:
    times, energies = front.latencies_s, front.energies_j
    assert len(front) > 3
    for index in range(len(front)):
        assert front.least_energy(times[index]).energy == energies[index]
        assert front.least_latency(energies[index]).latency_cycles == front.sums.latency[index]
    between = (times[1] + times[2]) / 2
    assert front.least_energy(between).energy == energies[1]
    assert front.least_energy(1e9).energy == energies[-1]
    assert front.least_latency(1e9).latency_cycles == front.sums.latency[0]
    assert f"within {between:g} s" in str(front.least_energy(between))
    for ask, limit in ((front.least_energy, times[0]), (front.least_latency, energies[-1])):
        with pytest.raises(MappingError) as caught:
            ask(limit * 0.99)
        ask(float(str(caught.value.expected).split()[2]) * (1 + 1e-5))


def test_the_edp_point(front: NetworkFront) -> None:
    products = [t * e for t, e in zip(front.latencies_s, front.energies_j, strict=True)]
    assert products[front.least_edp] == min(products)


def test_the_json_has_every_point(front: NetworkFront, tmp_path: Path) -> None:
    front.save(tmp_path / "front.json")
    data = json.loads((tmp_path / "front.json").read_text())
    assert data == front.to_dict()
    assert (data["complete"], data["energy_excess"], len(data["points"])) == (True, 0.0, len(front))
    for point in data["points"]:
        chosen = [
            layer["points"][int(index)]
            for layer, index in zip(data["layers"], point["choice"].split(), strict=True)
        ]
        assert sum(one["energy_pj"] for one in chosen) == point["energy_pj"]
        assert sum(one["latency_cycles"] for one in chosen) == point["latency_cycles"]


def test_the_table_shows_the_ends_and_says_what_is_missing(
    front: NetworkFront, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = describe_front(front)
    assert text == str(front) == repr(front)
    for name in ("least time", "least energy", "least energy x time", "Exact"):
        assert name in text
    assert max(map(len, text.splitlines())) <= 100
    assert set(named_points(front)) <= set(selected_points(front))
    monkeypatch.setattr(sums.add_fronts, "__kwdefaults__", {"most_points": 4})
    thin = network_front(network(), CHIP)
    assert len(thin) <= 4 < len(front)
    assert not thin.is_exact and thin.is_complete
    assert not thin.evaluation(0).is_optimal
    assert "at most" in str(thin) and "Exact" not in str(thin)
    monkeypatch.setattr("picojoule.evaluation.front_tables.SHOWN_POINTS", 4)
    assert set(named_points(front)) <= set(selected_points(front))
    assert len(selected_points(front)) <= 7 < SHOWN_POINTS


def test_a_front_that_is_cut_short_says_so() -> None:
    operation = pj.parse_operation("conv M=16 C=16 P=14 Q=14 R=3 S=3")
    cut = network_front(operation, "eyeriss", time_limit_s=0.0)
    assert not cut.is_complete and not cut.is_exact
    assert "cut short" in str(cut)
    assert cut.to_dict()["complete"] is False


def test_constraints_hold_for_every_point() -> None:
    rules = Constraints({"pes": PartConstraints(x={"M": Range(2, 2)})})
    found = network_front(network(), CHIP, constraints=rules)
    for options in found.options:
        for one in options:
            assert "spread M in 2 over x" in one.mapping
    assert "under constraints" in str(found)
    assert found.to_dict()["constraints"]["parts"] == {"pes": {"x": {"M": 2}}}
    with pytest.raises(MappingError) as caught:
        network_front(network(), CHIP, constraints=Constraints({"glb": PartConstraints(
            factors={"K": Range(5, 5)})}))  # fmt: skip
    assert "K = 5 leaves no mapping" in caught.value.what


def test_the_picture(front: NetworkFront, tmp_path: Path) -> None:
    front.plot(tmp_path / "front.png")
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")
    figure = draw_curve(front_curve(front))
    (axes,) = figure.axes
    x, y = axes.lines[0].get_data()
    assert np.allclose(np.array(x) / x[0], np.array(front.latencies_s) / front.latencies_s[0])
    assert np.allclose(np.array(y) / y[0], np.array(front.energies_j) / front.energies_j[0])
    for label, unit in ((axes.get_xlabel(), "s)"), (axes.get_ylabel(), "J)")):
        assert label.endswith(unit)


def test_jobs_and_progress(front: NetworkFront) -> None:
    told: list[Any] = []
    again = network_front(network(), CHIP, jobs=1, progress=lambda *step: told.append(step))
    assert json.dumps(again.to_dict()) == json.dumps(front.to_dict())
    assert told[0] == (0, 4, "first")
    assert told[-1] == (4, 4, "")


def test_a_network_without_macs_is_refused() -> None:
    with pytest.raises(WorkloadError):
        network_front(Network("net", network().layers[4:], {}, (), ()), CHIP)
    with pytest.raises(WorkloadError):
        network_front(network().layers[4].operation, CHIP)
