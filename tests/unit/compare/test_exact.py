"""The exact model: levels, tensors and words of DRAM add up to what the evaluation says."""

import pytest

from picojoule.compare import Storage, exact_cost
from picojoule.dataflows import DATAFLOWS, study_chips
from picojoule.errors import PicojouleError
from picojoule.evaluation import evaluate_operation
from picojoule.workload import Layer, parse_operation

ROOMY = Storage(pes=16, rf_bytes=98, buffer_bytes=8192)


def layers(*texts: str, repeats: int = 1) -> list[Layer]:
    return [
        Layer(f"L{n}", parse_operation(text), inputs=("in",), outputs=(), repeats=repeats)
        for n, text in enumerate(texts)
    ]


WORK = layers("conv M=8 C=4 P=6 Q=6 R=3 S=3", "fc M=8 C=12 N=2", "conv M=8 C=4 P=6 Q=6 R=3 S=3")


@pytest.fixture(scope="module")
def flex() -> float:
    cost = exact_cost("flex", WORK, ROOMY, cache=False).cost
    assert cost
    return cost.energy_per_mac


@pytest.mark.parametrize("key", list(DATAFLOWS))
def test_figures_add_up_and_flex_is_best(key: str, flex: float) -> None:
    # The buffer holds all, and registers the more for FLEX: it may do what each of the others does.
    found = exact_cost(key, WORK, ROOMY, cache=False)
    cost = found.cost
    assert cost, found.why
    assert [layer.name for layer in found.layers] == ["L0", "L1", "L2"]
    assert cost.macs == sum(layer.operation.macs for layer in WORK)
    assert sum(cost.by_level.values()) == pytest.approx(cost.energy)
    assert sum(cost.by_tensor.values()) == pytest.approx(cost.energy)
    assert cost.by_level["alu"] == pytest.approx(cost.macs)
    assert cost.by_level["dram"] == pytest.approx(200 * cost.dram_accesses)
    assert found.layers[0].to_dict() == {**found.layers[2].to_dict(), "name": "L0"}
    if key in ("ws", "rs", "nlr", "is", "os_c"):
        assert flex <= cost.energy_per_mac * (1 + 1e-9)


def test_a_layer_costs_what_its_evaluation_says() -> None:
    (layer,) = exact_cost("rs", WORK[:1], ROOMY, cache=False).layers
    (chip,) = study_chips("rs", 98, 8192, pes=16, operation=WORK[0].operation)
    run = evaluate_operation(WORK[0].operation, chip, dataflow="rs", cache=False)
    assert layer.cost
    assert layer.cost.energy == pytest.approx(run.energy * 1e12 / chip.compute.mac_pj)
    assert layer.cost.delay == run.layers[0].latency_cycles
    assert layer.mapping["proved"] is True


def test_repeats_count() -> None:
    once, thrice = (
        exact_cost("nlr", layers("fc M=8 C=12", repeats=n), ROOMY, cache=False).cost for n in (1, 3)
    )
    assert once and thrice
    assert (thrice.macs, thrice.energy) == (3 * once.macs, pytest.approx(3 * once.energy))
    assert thrice.delay == 3 * once.delay


def test_one_that_cannot_run_says_why_and_the_others_do() -> None:
    work = layers("conv M=8 C=4 P=6 Q=6 R=3 S=3")
    assert exact_cost("nlr", work, Storage(16, 0, 64), cache=False).cost
    found = exact_cost("ws", work, Storage(16, 2, 64), cache=False)
    assert found.cost is None
    data = found.to_dict()
    assert not data["feasible"]
    assert data["energy_per_mac"] is None
    assert "partial sums" in data["why"]
    assert "64 B" in data["why"]


def test_a_dataflow_that_nobody_knows_is_refused() -> None:
    with pytest.raises(PicojouleError):
        exact_cost("xs", layers("fc M=2 C=2"), Storage(16, 2, 64))
