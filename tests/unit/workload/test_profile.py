"""Profiles: each number by hand on networks small enough to count, and the keys of the JSON."""

import json

import pytest

from picojoule.workload import (
    Ignored,
    Layer,
    Network,
    Parameter,
    Value,
    activation,
    conv,
    fully_connected,
    profile,
    zoo,
)


def tied() -> Network:
    """Two layers with one shared weight: 3 -> 4 channels at stride 2, then 32 -> 32 twice."""
    first = Layer(
        "conv",
        conv("conv", M=4, C=3, P=4, Q=2, R=3, S=3, stride=2),
        ("image",),
        ("map",),
        (Parameter("conv.weight", (4, 3, 3, 3), 8), Parameter("conv.bias", (4,), 8, "bias")),
    )
    shared = Parameter("shared", (32, 32), 4)
    dense = fully_connected("dense", M=32, C=32)
    return Network(
        "tied",
        (
            first,
            Layer("relu", activation("relu", (1, 4, 4, 2)), ("map",), ("positive",)),
            Layer("dense", dense, ("positive",), ("one",), (shared,)),
            Layer("again", dense, ("one",), ("two",), (shared,)),
        ),
        {
            "image": Value("image", (1, 3, 8, 4), 8),
            "map": Value("map", (1, 4, 4, 2)),
            "positive": Value("positive", (1, 4, 4, 2)),
            "one": Value("one", (1, 32)),
            "two": Value("two", (1, 32)),
        },
        ("image",),
        ("two",),
        (Ignored("nms", "NonMaxSuppression", "depends on the data"),),
    )


def test_rows_by_hand() -> None:
    first, relu, dense, _ = profile(tied()).layers
    assert first.macs == first.steps == 4 * 3 * 4 * 2 * 9 == 864
    assert (first.weights, first.other_parameters, first.weight_bytes) == (108, 4, 108)
    assert first.input_bytes == 3 * 8 * 4  # 8 bits, and no padding counted
    assert first.output_bytes == 4 * 4 * 2 * 2
    assert first.macs_per_byte == 864 / (108 + 96 + 64)
    assert (relu.macs, relu.steps, relu.weights, relu.macs_per_byte) == (0, 32, 0, 0.0)
    assert dense.weight_bytes == 32 * 32 // 2


def test_totals_count_shared_weights_once_and_their_macs_twice() -> None:
    totals = profile(tied()).totals
    assert totals.weights == 108 + 1024
    assert totals.weight_bytes == 108 + 512
    assert totals.macs == 864 + 2 * 1024
    assert totals.other_steps == 32
    assert totals.by_kind == {"conv": (1, 108, 864), "fc": (2, 1024, 2048)}


def test_json_has_the_promised_keys() -> None:
    found = json.loads(json.dumps(profile(tied()).to_dict()))
    assert {"network", "batch", "layers", "totals", "ignored"} <= set(found)
    promised = {"name", "kind", "dims", "weights", "macs"}
    promised |= {"weight_bytes", "input_bytes", "output_bytes"}
    assert all(promised <= set(layer) for layer in found["layers"])
    assert found["layers"][0]["dims"]["C"] == 3
    totals = found["totals"]
    assert (totals["conv_weights"], totals["conv_macs"]) == (108, 864)
    assert (totals["fc_weights"], totals["fc_macs"]) == (1024, 2048)
    assert found["ignored"][0]["operator"] == "NonMaxSuppression"


def test_conv_and_fc_totals_are_there_without_such_layers() -> None:
    totals = profile(zoo.network("lstm")).to_dict()["totals"]
    assert isinstance(totals, dict)
    assert totals["conv_macs"] == 0
    assert totals["lstm_macs"] == 49 * 4 * 118 * 128


def test_a_recurrent_layer_reads_its_state_back() -> None:
    gates = profile(zoo.network("lstm")).layers[0]
    assert gates.repeats == 49
    assert gates.input_bytes == 49 * (10 + 118) * 2
    assert gates.output_bytes == 49 * 4 * 118 * 2


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "mobilenet-v2", "transformer-block"])
def test_batch_scales_work_but_not_weights(name: str) -> None:
    one, four = profile(zoo.network(name)), profile(zoo.network(name, batch=4))
    assert four.batch == 4
    assert four.totals.macs == 4 * one.totals.macs
    assert four.totals.input_bytes == 4 * one.totals.input_bytes
    assert four.totals.weights == one.totals.weights


def test_bits_scale_bytes_but_not_counts() -> None:
    wide = profile(zoo.network("alexnet", bits=16)).totals
    narrow = profile(zoo.network("alexnet", bits=(4, 8, 32))).totals
    assert narrow.macs == wide.macs
    assert 4 * narrow.weight_bytes == wide.weight_bytes
    assert 2 * narrow.input_bytes == wide.input_bytes


@pytest.mark.parametrize("name", zoo.names())
def test_totals_are_the_sums_of_the_rows(name: str) -> None:
    found = profile(zoo.network(name))
    assert found.totals.macs == sum(layer.macs for layer in found.layers)
    assert found.totals.weights == sum(layer.weights for layer in found.layers)  # none is shared
    assert found.totals.macs == sum(macs for _, _, macs in found.totals.by_kind.values())
    assert all(layer.macs == (layer.steps if layer.inner == "mac" else 0) for layer in found.layers)
