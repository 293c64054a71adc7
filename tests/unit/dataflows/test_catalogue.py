"""Catalogue: every dataflow says what it keeps, who uses it, and runs every kind of layer."""

import functools

import pytest

import picojoule as pj
from picojoule.dataflows import DATAFLOWS, dataflow, tensor_uses
from picojoule.errors import MappingError, PicojouleError
from picojoule.evaluation import operation_for
from picojoule.hardware import library

LAYERS = (
    "conv N=2 M=8 C=4 P=6 Q=6 R=3 S=3",
    "conv M=8 C=8 G=2 P=6 Q=6 R=3 S=3 stride=2",
    "depthwise C=8 P=6 Q=6 R=3 S=3",
    "fc M=8 C=12 N=2",
    "bmm B=2 H=2 M=4 K=6 N=8",
    "conv M=6 C=4 P=12 Q=1 R=3 S=1",
)


def test_the_names_are_those_of_the_survey_and_more() -> None:
    assert list(DATAFLOWS) == ["ws", "os_a", "os_b", "os_c", "nlr", "rs", "is", "flex"]


@pytest.mark.parametrize("name", DATAFLOWS)
def test_each_says_what_it_keeps_and_who_uses_it(name: str) -> None:
    one = dataflow(name)
    assert one.name == name
    assert all((one.title, one.summary, one.description, one.chips))
    assert "Raises" not in one.description
    assert "Chips" not in one.description


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(MappingError) as caught:
        dataflow("rss")
    assert "'rs'" in str(caught.value.expected)


@functools.cache
def best(layer: str, chip: str, name: str) -> pj.Evaluation:
    work = operation_for(layer, pj.accelerator(chip))
    return pj.evaluate_operation(work, chip, dataflow=name, factors="perfect", cache=False)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", [name for name in DATAFLOWS if name != "flex"])
def test_every_kind_of_layer_runs_and_flex_is_no_worse(name: str, layer: str) -> None:
    run = best(layer, "eyeriss", name)
    assert run.is_optimal
    assert best(layer, "eyeriss", "flex").energy_pj <= run.energy_pj * (1 + 1e-9)
    assert run.to_dict()["dataflow"] == name


@pytest.mark.parametrize("chip", library())
@pytest.mark.parametrize("name", DATAFLOWS)
def test_a_chip_runs_a_dataflow_or_says_why_not(name: str, chip: str) -> None:
    # Words as wide as the chip's, whose registers hold no others; any allowed mapping will do.
    work = operation_for(LAYERS[0], pj.accelerator(chip))
    try:
        run = pj.evaluate_operation(
            work, chip, dataflow=name, factors="perfect", budget=20, cache=False
        )
    except PicojouleError as error:
        assert error.what == f"dataflow {name} cannot run on this chip"
        assert chip in error.where
        return
    (layer,) = run.layers
    kept = {use.tensor: use.words for use in tensor_uses(work, pj.accelerator(chip), layer.nest)}
    stays = {"ws": "weights", "is": "inputs", "os_a": "outputs", "os_b": "outputs",
             "os_c": "outputs"}.get(name)  # fmt: skip
    if stays:
        assert kept == dict.fromkeys(kept, 0) | {stays: 1}
    if name == "nlr":
        assert not any(kept.values())
    if name in ("ws", "is"):
        # Partial sums never come back from outside the chip.
        assert layer.accesses[pj.accelerator(chip).parts[0].name]["outputs"]["reads"] == 0


def test_weights_stay_where_only_weights_can() -> None:
    for name, runs in (("ws", True), ("is", False), ("os_a", False), ("rs", False)):
        work, chip = pj.parse_operation(LAYERS[0]), pj.accelerator("systolic-128")
        if runs:
            assert DATAFLOWS[name].build(work, chip).parts
        else:
            with pytest.raises(MappingError):
                DATAFLOWS[name].build(work, chip)
