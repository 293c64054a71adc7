"""Evaluate: the pipeline adds up, solves equal layers once, and hides nothing.

Energies are added up again here, from the accesses in the result and the prices of the chip.
"""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest

import picojoule as pj
from picojoule import mapper
from picojoule.errors import PicojouleError, WorkloadError
from picojoule.evaluation import LayerResult
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import Level, Loop, Nest, parse_nest
from picojoule.workload import (
    Layer,
    Network,
    Operation,
    Value,
    elementwise,
    matmul,
    parse_operation,
)

LAYER_KEYS = [
    "name",
    "macs",
    "energy_pj",
    "latency_cycles",
    "latency_s",
    "utilization",
    "active_pes",
    "dram_bytes",
    "energy_by_level_pj",
    "energy_by_tensor_pj",
    "accesses",
    "mapping",
    "certificate",
]
CERTIFICATE_KEYS = ["optimal", "lower_bound", "cost", "mapspace_size", "factors", "visited", "gap"]

CHIP = Accelerator(
    "teaching",
    (
        Memory("dram", read_pj=200.0, update_pj=100.0),
        Array("pes", 2, 1, delivery_pj=2.0, reduction_pj=0.0),
        Memory("spad", capacity_bits=1024, read_pj=1.0, fill_pj=0.5, update_pj=1.0),
        Compute(mac_pj=3.0),
    ),
    clock_hz=1e6,
    area_mm2=4.0,
)


def product(name: str, rows: int = 4) -> Operation:
    """A matrix product of `rows` x 2 x 3."""
    return matmul(name, M=rows, K=2, N=3)


def network(*layers: Layer) -> Network:
    """A network of layers that nothing joins; evaluation reads layers only."""
    return Network("net", layers, {"x": Value("x", (1, 8))}, ("x",), ())


def layer(operation: Operation, *, name: str | None = None, repeats: int = 1) -> Layer:
    """A layer that runs one operation."""
    return Layer(name or operation.name, operation, (), (), repeats=repeats)


@pytest.fixture
def lenet() -> pj.Evaluation:
    return pj.evaluate("lenet5", "eyeriss")


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the operations that are searched, as they are."""
    seen: list[str] = []
    real = mapper.search

    def search(operation: Operation, *args: Any, **options: Any) -> mapper.Solution:
        seen.append(operation.name)
        return real(operation, *args, **options)

    monkeypatch.setattr(mapper, "search", search)
    return seen


def test_a_given_mapping_costs_what_arithmetic_by_hand_says() -> None:
    """M=4 K=2 N=3; the spads keep their rows of the product's left operand, one by one.

    The left operand has 4 x 2 words, the right one 2 x 3, the result 4 x 3. PE 0 and 1 take
    different rows (M), so the right operand is multicast: at each of 2 (M) x 3 (N) steps a spad
    holds 2 words of each operand and 1 of the result.
    """
    operation = product("product")
    left, right, result = operation.tensors
    assert [operation.words(tensor) for tensor in operation.tensors] in ([8, 6, 12], [6, 8, 12])
    keeps = tuple(tensor.name for tensor in operation.tensors)
    nest = Nest(
        (
            Level("dram", (Loop("M", 2), Loop("N", 3)), keeps),
            Level("pes", (Loop("M", 2, "x"),)),
            Level("spad", (Loop("K", 2),), keeps),
        )
    )
    run = pj.evaluate_operation(operation, CHIP, nest=nest)
    (only,) = run.layers
    # The operand that M indexes is fetched once per M: 2 x 2 PEs x 2 words. The other one comes
    # again for each of the 6 steps: 2 words for both PEs at once. A result leaves at each step.
    of_m = next(t.name for t in (left, right) if "M" in t.dims)
    other = next(t.name for t in (left, right) if "M" not in t.dims)
    assert only.accesses == {
        "dram": {
            of_m: {"reads": 8, "fills": 0, "updates": 0},
            other: {"reads": 12, "fills": 0, "updates": 0},
            result.name: {"reads": 0, "fills": 0, "updates": 12},
        },
        "spad": {
            of_m: {"reads": 24, "fills": 8, "updates": 0},
            other: {"reads": 24, "fills": 24, "updates": 0},
            result.name: {"reads": 12, "fills": 0, "updates": 24},
        },
    }
    assert only.energy_by_level_pj == {
        "dram": 20 * 200.0 + 12 * 100.0,
        "pes": (8 + 24 + 12) * 2.0,
        "spad": (24 + 24 + 12) * 1.0 + (8 + 24) * 0.5 + 24 * 1.0,
        "mac": 24 * 3.0,
        "leakage": 0.0,
    }
    assert only.energy_pj == 5200.0 + 88.0 + 100.0 + 72.0
    assert only.dram_bytes == (20 + 12) * 2
    assert (only.latency_cycles, only.latency_s) == (12, 12e-6)
    assert (only.active_pes, only.utilization) == (2, 1.0)
    assert only.certificate is None
    assert (run.energy, run.latency, run.area) == (5460e-12, 12e-6, 4.0)


def test_levels_and_tensors_add_up_again_from_accesses_and_prices(lenet: pj.Evaluation) -> None:
    chip = pj.accelerator("eyeriss")
    for one in lenet.layers:
        tensors = {tensor.name: tensor for tensor in one.operation.tensors}
        for memory in chip.memories:
            energy_pj = 0.0
            for name, actions in one.accesses.get(memory.name, {}).items():
                words = tensors[name].bits / memory.access_bits
                energy_pj += words * actions["reads"] * memory.read_pj
                energy_pj += words * actions["fills"] * memory.fill_pj
                energy_pj += words * actions["updates"] * memory.update_pj
            assert math.isclose(one.energy_by_level_pj[memory.name], energy_pj, rel_tol=1e-12)
        outside = one.accesses["dram"].items()
        assert one.dram_bytes == sum(
            (actions["reads"] + actions["updates"]) * tensors[name].bits // 8
            for name, actions in outside
        )
        moved = sum(one.energy_by_tensor_pj.values())
        rest = one.energy_by_level_pj["mac"] + one.energy_by_level_pj["leakage"]
        assert math.isclose(one.energy_pj, moved + rest, rel_tol=1e-12)
        assert math.isclose(one.energy_pj, sum(one.energy_by_level_pj.values()), rel_tol=1e-12)


def test_totals_are_sums_of_layers(lenet: pj.Evaluation) -> None:
    data = lenet.to_dict()
    layers, totals = data["layers"], data["totals"]
    for key in ("macs", "latency_cycles", "dram_bytes"):
        assert totals[key] == sum(one[key] for one in layers)
    for key in ("energy_pj", "latency_s"):
        assert math.isclose(totals[key], math.fsum(one[key] for one in layers), rel_tol=1e-12)
    for level, energy_pj in totals["energy_by_level_pj"].items():
        parts = (one["energy_by_level_pj"][level] for one in layers)
        assert math.isclose(energy_pj, math.fsum(parts), rel_tol=1e-12)
    assert totals["macs"] == pj.profile(pj.load("lenet5")).totals.macs
    assert math.isclose(lenet.energy, totals["energy_pj"] * 1e-12, rel_tol=1e-12)
    busy = sum(one["macs"] for one in layers) / (totals["latency_cycles"] * lenet.compute_units)
    assert math.isclose(totals["utilization"], busy, rel_tol=1e-12)


def test_the_json_has_the_agreed_keys(lenet: pj.Evaluation) -> None:
    data = json.loads(json.dumps(lenet.to_dict(), allow_nan=False))
    assert list(data)[:3] == ["network", "chip", "objective"]
    assert {"layers", "totals", "unmapped", "ignored", "batch"} <= set(data)
    assert data["factors"] == "auto"
    for one in data["layers"]:
        assert set(one) == {*LAYER_KEYS, "repeats"}
        assert list(one["certificate"]) == CERTIFICATE_KEYS
        assert one["certificate"]["optimal"] is True
        assert one["certificate"]["cost"] == pytest.approx(one["energy_pj"], rel=1e-12)
        for actions in (a for level in one["accesses"].values() for a in level.values()):
            assert set(actions) == {"reads", "fills", "updates"}
            assert all(type(number) is int for number in actions.values())


def test_the_mapping_in_the_json_costs_what_the_json_says(lenet: pj.Evaluation) -> None:
    for one in lenet.layers:
        nest = parse_nest(one.to_dict()["mapping"])
        again = pj.evaluate_operation(one.operation, "eyeriss", nest=nest)
        assert again.layers[0].energy_pj == one.energy_pj
        assert again.layers[0].latency_cycles == one.latency_cycles


def test_every_layer_is_mapped_or_listed() -> None:
    model = pj.load("alexnet")
    mapped = [one.name for one in model.layers if one.operation.inner == "mac"]
    conv1 = dataclasses.replace(model, layers=tuple(one for one in model.layers[:4]))
    run = pj.evaluate(conv1, "simple-3-level")
    assert [one.name for one in run.layers] == mapped[:1]
    assert [one.name for one in run.unmapped] == [one.name for one in model.layers[1:4]]
    assert [one.steps for one in run.unmapped] == [one.operation.steps for one in model.layers[1:4]]
    assert all(one.kind and one.reason for one in run.unmapped)
    assert "activation" in str(run)


def test_equal_layers_are_searched_once_and_costed_alike(searches: list[str]) -> None:
    layers = [layer(product("first")), layer(product("other", 8)), layer(product("again"))]
    told: list[tuple[int, int, str]] = []
    run = pj.evaluate(network(*layers), CHIP, jobs=1, progress=lambda *step: told.append(step))
    assert searches == ["first", "other"]
    assert [one.name for one in run.layers] == ["first", "other", "again"]
    assert run.layers[0].energy_pj == run.layers[2].energy_pj
    assert told == [(0, 3, "first"), (2, 3, "other"), (3, 3, "")]


def test_layers_of_another_width_are_not_equal(searches: list[str]) -> None:
    narrow = matmul("narrow", M=4, K=2, N=3, bits=8)
    run = pj.evaluate(network(layer(product("wide")), layer(narrow)), CHIP, jobs=1)
    assert searches == ["wide", "narrow"]
    assert run.layers[1].dram_bytes < run.layers[0].dram_bytes


def test_repeats_multiply_everything_but_the_certificate() -> None:
    once = pj.evaluate(network(layer(product("gates"))), CHIP).layers[0]
    often = pj.evaluate(network(layer(product("gates"), repeats=7)), CHIP).layers[0]
    for key in ("macs", "latency_cycles", "dram_bytes"):
        assert getattr(often, key) == 7 * getattr(once, key)
    assert math.isclose(often.energy_pj, 7 * once.energy_pj, rel_tol=1e-12)
    assert often.accesses["dram"]["outputs"]["updates"] == 7 * 12
    assert (often.utilization, often.active_pes) == (once.utilization, once.active_pes)
    assert often.certificate == once.certificate


@pytest.fixture(scope="module")
def by_goal() -> dict[str, pj.Evaluation]:
    """The same network for each objective."""
    goals: tuple[Any, ...] = ("energy", "latency", "edp")
    return {goal: pj.evaluate("lenet5", "simple-3-level", minimize=goal) for goal in goals}


@pytest.mark.parametrize("minimize", ["energy", "latency", "edp"])
def test_each_objective_is_best_at_its_own(
    minimize: str, by_goal: dict[str, pj.Evaluation]
) -> None:
    def score(one: LayerResult) -> float:
        energy, latency = one.energy_pj, one.latency_cycles
        return {"energy": energy, "latency": latency, "edp": energy * latency}[minimize]

    for other in by_goal.values():
        for best, layer in zip(by_goal[minimize].layers, other.layers, strict=True):
            assert score(best) <= score(layer) * (1 + 1e-12), best.name


def test_a_time_limit_gives_every_layer_a_mapping_and_its_gap() -> None:
    conv = parse_operation("conv M=32 C=16 P=14 Q=14 R=3 S=3")
    layers = (layer(conv, name="large"), layer(product("small")))
    run = pj.evaluate(network(*layers), "eyeriss", time_limit_s=0.0)
    assert [one.name for one in run.layers] == ["large", "small"]
    large = run.layers[0]
    assert large.certificate and not large.certificate.optimal
    assert not run.is_optimal
    best = pj.evaluate_operation(conv, "eyeriss").layers[0].energy_pj
    assert large.certificate.lower_bound <= best <= large.energy_pj
    if large.gap is not None:
        assert large.energy_pj <= best * (1 + large.gap) * (1 + 1e-12)
    assert "optimal" in str(run)
    with pytest.raises(WorkloadError):
        pj.evaluate(network(*layers), "eyeriss", time_limit_s=-1.0)


def test_any_product_of_powers_is_an_objective() -> None:
    named = pj.evaluate_operation(product("product"), CHIP, minimize="ed2p").layers[0]
    run = pj.evaluate_operation(product("product"), CHIP, minimize="energy*latency^2")
    (powers,) = run.layers
    assert powers.nest == named.nest
    assert "least energy*latency^2" in str(run)
    assert powers.certificate
    score = powers.energy_pj * powers.latency_cycles**2
    assert powers.certificate.cost == pytest.approx(score, rel=1e-12)


def test_a_batch_is_for_what_is_loaded_here() -> None:
    assert pj.evaluate("lenet5", "eyeriss", batch=2).batch == 2
    model = pj.load("lenet5", batch=2)
    assert pj.evaluate(model, "eyeriss", batch=2).macs == model.macs
    with pytest.raises(WorkloadError) as caught:
        pj.evaluate(model, "eyeriss", batch=3)
    assert "batch=3" in caught.value.fix


def test_wrong_objective_and_operation_are_refused() -> None:
    with pytest.raises(WorkloadError) as caught:
        pj.evaluate("lenet5", "eyeriss", minimize="enrgy")  # pyright: ignore
    assert "'energy'" in str(caught.value.expected)
    with pytest.raises(WorkloadError) as caught:
        pj.evaluate_operation(elementwise("sum", (4, 4), inner="add"), CHIP)
    assert "add" in str(caught.value.got)


@pytest.mark.parametrize("minimize", ["energy", "latency", "edp"])
def test_imperfect_factors_are_never_worse(minimize: str) -> None:
    odd = network(layer(matmul("odd", M=13, K=7, N=11)))
    found = {
        factors: pj.evaluate(odd, "eyeriss", minimize=minimize, factors=factors, cache=False)
        for factors in ("perfect", "auto", "imperfect")
    }
    proofs = [run.layers[0].certificate for run in found.values()]
    assert all(proof and proof.optimal for proof in proofs)
    costs = [proof.cost for proof in proofs if proof]
    assert costs == sorted(costs, reverse=True)
    sizes = [proof.mapspace_size for proof in proofs if proof]
    assert sizes[0] == sizes[1] < sizes[2]
    assert (costs[2] < costs[0]) == (minimize == "edp")
    assert [run.to_dict()["factors"] for run in found.values()] == list(found)


def test_auto_takes_imperfect_factors_where_most_of_the_chip_is_idle() -> None:
    chip = dataclasses.replace(
        CHIP, parts=(CHIP.parts[0], Array("pes", 8, 1, delivery_pj=2.0), *CHIP.parts[2:])
    )
    odd = matmul("odd", M=13, K=1, N=1)
    times = [
        pj.evaluate_operation(odd, chip, minimize="latency", factors=factors).latency_cycles
        for factors in ("perfect", "auto", "imperfect")
    ]
    assert times == [13, 2, 2]


def test_factors_of_another_name_are_refused_at_once(searches: list[str]) -> None:
    for run in (pj.evaluate, pj.network_front):
        with pytest.raises(WorkloadError) as caught:
            run(network(layer(product("product"))), CHIP, factors="perfekt")
        assert (caught.value.where, caught.value.got) == ("factors", "'perfekt'")
        assert str(caught.value.expected).startswith("'perfect'")
    with pytest.raises(WorkloadError):
        pj.evaluate_operation(product("product"), CHIP, factors="")
    assert searches == []


def test_a_network_without_macs_is_empty_and_says_so() -> None:
    run = pj.evaluate(network(layer(elementwise("sum", (4, 4), inner="add"))), CHIP)
    assert (run.energy, run.latency, run.utilization) == (0.0, 0.0, 0.0)
    assert [one.name for one in run.unmapped] == ["sum"]
    assert "no layer of multiply-accumulates" in str(run)
    json.dumps(run.to_dict(), allow_nan=False)


def test_save_plot_and_frame(lenet: pj.Evaluation, tmp_path: Path) -> None:
    lenet.save(tmp_path / "run.json")
    assert json.loads((tmp_path / "run.json").read_text()) == lenet.to_dict()
    lenet.plot(tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    frame = lenet.to_pandas()
    assert list(frame["name"]) == [one.name for one in lenet.layers]
    assert frame["energy_by_level_pj.dram"].sum() == pytest.approx(lenet.energy_by_level_pj["dram"])
    with pytest.raises(PicojouleError):
        lenet.save(tmp_path / "missing" / "run.json")


def test_the_chart_shows_the_same_energy_twice(lenet: pj.Evaluation) -> None:
    from picojoule.evaluation import energy_chart

    chart = energy_chart(lenet)
    for panel in chart.panels:
        for total, one in zip(panel.totals, lenet.layers, strict=True):
            assert math.isclose(total, one.energy_pj * 1e-12, rel_tol=1e-9)


def test_results_read_well(lenet: pj.Evaluation) -> None:
    text = str(lenet)
    assert text == repr(lenet)
    assert max(map(len, text.splitlines())) <= 100
    for one in lenet.layers:
        assert one.name in text
    assert repr(lenet.layers[0].mapping).splitlines()[0].startswith("dram")


def test_one_operation_is_one_layer() -> None:
    operation = parse_operation("conv N=2 M=4 C=3 P=4 Q=4 R=3 S=3")
    run = pj.evaluate_operation(operation, "eyeriss")
    assert (run.network, run.batch, len(run.layers)) == (operation.name, 2, 1)
    assert run.is_optimal
