"""Dataflow costs: levels, tensors and words of DRAM add up to what the evaluation says."""

import pytest

from picojoule.dataflows import DATAFLOWS, Storage
from picojoule.errors import PicojouleError
from picojoule.evaluation import compare_dataflows
from picojoule.workload import Layer, parse_operation

STORAGE = {name: Storage(98, 8192) for name in DATAFLOWS}


def layers(*texts: str) -> list[Layer]:
    return [
        Layer(f"L{n}", parse_operation(text), inputs=("in",), outputs=())
        for n, text in enumerate(texts)
    ]


def test_figures_add_up_and_flex_is_best() -> None:
    # The buffer holds all, and registers the more for FLEX: it may do what each of the others does.
    work = layers("conv M=8 C=4 P=6 Q=6 R=3 S=3", "fc M=8 C=12 N=2", "conv M=8 C=4 P=6 Q=6 R=3 S=3")
    found = compare_dataflows(work, STORAGE, pes=16, cache=False)
    assert list(found) == list(STORAGE)
    for name, one in found.items():
        assert one.is_feasible, one.reason
        assert len(one.layers) == 3
        assert one.macs == sum(layer.operation.macs for layer in work)
        assert sum(one.by_level.values()) == pytest.approx(one.energy_per_mac)
        assert sum(one.by_tensor.values()) == pytest.approx(one.energy_per_mac)
        mac_pj = one.layers[0].chip.compute.mac_pj
        whole_pj = sum(layer.result.energy_pj for layer in one.layers)
        assert one.energy_per_mac == pytest.approx(whole_pj / mac_pj / one.macs)
        assert one.by_level["alu"] == pytest.approx(1.0)
        assert one.by_level["dram"] == pytest.approx(200 * one.dram_accesses_per_mac)
        cycles = sum(layer.result.latency_cycles for layer in one.layers)
        assert one.edp == pytest.approx(one.energy_per_mac * cycles / one.macs)
        first, _, third = one.to_dict()["layers"]
        assert first.pop("name") == "L0"
        assert third.pop("name") == "L2"
        assert first == third
        if name in ("ws", "rs", "nlr", "is", "os_c"):
            assert found["flex"].energy_per_mac <= one.energy_per_mac * (1 + 1e-9)


def test_one_that_cannot_run_says_why_and_the_others_do() -> None:
    storage = {"ws": Storage(2, 64), "nlr": Storage(0, 64)}
    found = compare_dataflows(layers("conv M=8 C=4 P=6 Q=6 R=3 S=3"), storage, pes=16, cache=False)
    assert found["nlr"].is_feasible
    assert not found["ws"].is_feasible
    data = found["ws"].to_dict()
    assert data["energy_per_mac"] is None
    assert "partial sums" in data["reason"]
    assert "64 B" in data["reason"]
    with pytest.raises(PicojouleError) as caught:
        _ = found["ws"].energy_per_mac
    assert data["reason"] in str(caught.value)


def test_nothing_to_map_is_refused() -> None:
    with pytest.raises(PicojouleError):
        compare_dataflows([], STORAGE, pes=16)
    with pytest.raises(PicojouleError):
        compare_dataflows(layers("fc M=2 C=2"), {"xs": Storage(2, 64)}, pes=16)
