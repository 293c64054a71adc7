"""Every chip of the library runs AlexNet: each has an area and a diagram, and each layer maps."""

import pytest

from picojoule.cost import area_mm2
from picojoule.evaluation import evaluate, evaluate_operation, load_for
from picojoule.hardware import accelerator, draw_text, library
from picojoule.mapping import validate

UNPROVED = (
    "cnvlutin", "core-i7-5930k", "dadiannao", "eyeriss-v2", "scnn", "stripes", "tetris", "titan-x",
)  # fmt: skip
"""Chips on which a proof of every layer takes longer: four memories, or arrays in arrays."""


@pytest.mark.parametrize("name", library())
def test_the_first_layers_map_at_once(name: str) -> None:
    """A hundred chains of tiles find a legal mapping, whether or not the best."""
    chip = accelerator(name)
    network = load_for("alexnet", chip)
    for layer in network.layers:
        if layer.name in ("CONV1", "CONV2", "FC8"):
            run = evaluate_operation(
                layer.operation, chip, factors="perfect", budget=100, cache=False
            )
            validate(layer.operation, chip, run.layers[0].nest)
            assert run.energy > 0 and run.latency > 0
    assert area_mm2(chip) > 0
    assert draw_text(chip)


@pytest.mark.slow
@pytest.mark.parametrize("name", library())
def test_alexnet_is_mapped_and_proved(name: str) -> None:
    run = evaluate(
        "alexnet", name, factors="perfect", jobs=1, cache=False,
        time_limit_s=60 if name in UNPROVED else None,
    )  # fmt: skip
    assert [layer.name for layer in run.layers][::7] == ["CONV1", "FC8"]
    assert sum(layer.macs for layer in run.layers) == 724_406_816
    assert run.is_optimal or name in UNPROVED
