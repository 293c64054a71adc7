"""Zeros in an evaluation: files and mappings of them, and what they change."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import picojoule as pj
from picojoule.errors import PicojouleError, WorkloadError
from picojoule.evaluation.density import layer_densities
from picojoule.workload import Pruned, Structured, Uniform, load, measure

NET = load("lenet5-caffe")
LAYERS = [layer.name for layer in NET.layers if layer.operation.inner == "mac"]
FIRST = LAYERS[0]
VALID = f"""\
default: {{inputs: 0.5}}
layers:
  {FIRST}: {{inputs: 0.25, weights: {{keep: 2, of: 4, axis: R}}}}
  {LAYERS[1]}: {{outputs: {{slices: 0.3, axis: M}}}}
  {LAYERS[2]}: {{}}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "zeros.yaml"
    path.write_text(text)
    return path


def test_a_file_says_what_python_says(tmp_path: Path) -> None:
    from_file = layer_densities(NET, written(tmp_path, VALID))
    axes = NET.layers[0].operation.tensors
    weights = next(t for t in axes if t.role == "weights")
    rows = next(n for n, a in enumerate(weights.axes) if any(t.dim == "R" for t in a.terms))
    said = layer_densities(
        NET,
        {
            "default": {"inputs": 0.5},
            FIRST: {"inputs": 0.25, "weights": Structured(2, 4, axis=rows)},
            LAYERS[1]: {"outputs": Pruned(0.3, axis=1)},
            LAYERS[2]: {},
        },
    )
    assert from_file == said
    assert from_file[LAYERS[3]] == {"inputs": Uniform(0.5)}


def test_an_array_is_measured(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([[0.0, 0.2, -3.0, 0.0]]))
    text = f"layers:\n  {LAYERS[3]}: {{inputs: {{array: x.npy, threshold: 0.5}}}}\n"
    (density,) = layer_densities(NET, written(tmp_path, text))[LAYERS[3]].values()
    assert density.share == 0.25


# (what is replaced, by what, `what`, part of `got`, part of `expected`)
MISTAKES = [
    ("default:", "defaults:", "unknown key", "defaults", "default"),
    (f"  {FIRST}:", "  conv9:", "a density is for a layer that the network does not have", "conv9",
     FIRST),
    ("inputs: 0.25", "ifmap: 0.25", "a density is for a tensor that the layer does not have",
     "ifmap", "inputs"),
    ("inputs: 0.25", "inputs: 1.25", "`share` has a wrong value", "1.25", "1"),
    ("inputs: 0.25", "inputs: half", "`share` has a wrong value", "half", "number"),
    ("inputs: 0.25", "inputs: true", "`share` has a wrong value", "True", "number"),
    ("keep: 2", "keep: 5", "a structured density keeps more than there is", "5 of 4", "4"),
    ("keep: 2", "kept: 2", "unknown key", "kept", "keep"),
    ("axis: R", "axis: P", "a density is along an axis that the tensor does not have", "P", "R"),
    ("slices: 0.3", "slices: -1", "`slices` has a wrong value", "-1", "0"),
    ("{slices: 0.3, axis: M}", "{array: nowhere.npy}", "cannot read an array", "nowhere.npy",
     ".npy"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{m[1]} ({m[2]})" for m in MISTAKES])
def test_a_mistake_is_refused(mistake: tuple[str, ...], tmp_path: Path) -> None:
    old, new, what, got, expected = mistake
    assert old in VALID
    with pytest.raises(WorkloadError) as error:
        layer_densities(NET, written(tmp_path, VALID.replace(old, new)))
    assert error.value.what == what
    assert got in str(error.value.got)
    assert expected in str(error.value.expected)
    assert "zeros.yaml" in error.value.where


def test_an_array_outside_the_files_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    np.save(tmp_path / "x.npy", np.ones(4))
    for text in ("../x.npy", str(tmp_path / "x.npy")):
        with pytest.raises(WorkloadError) as error:
            layer_densities(NET, written(folder, f"default: {{inputs: {{array: '{text}'}}}}\n"))
        assert error.value.what == "cannot read an array"
        assert "outside" in str(error.value.got)
    (tmp_path / "x.npy").rename(folder / "x.npy")
    layer_densities(NET, written(folder, "default: {inputs: {array: x.npy}}\n"))


def test_nothing_in_an_array_file_is_executed(tmp_path: Path) -> None:
    path = tmp_path / "evil.npy"
    np.save(path, np.array([print], dtype=object), allow_pickle=True)
    text = f"default: {{inputs: {{array: '{path}'}}}}\n"
    with pytest.raises(WorkloadError) as error:
        layer_densities(NET, written(tmp_path, text))
    assert error.value.what == "cannot read an array"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.integers(0, len(VALID)), st.integers(0, 20))
@example("layers: [1]", 0, 0)
@example("0", 0, len(VALID))
def test_any_file_is_read_or_refused(text: str, place: int, cut: int) -> None:
    content = VALID[:place] + text + VALID[place + cut :]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "zeros.yaml"
        path.write_bytes(content.encode("utf-8", errors="replace"))
        try:
            layer_densities(NET, path)
        except PicojouleError as error:
            assert error.fix


def test_gated_macs_cost_no_energy_and_their_time() -> None:
    dense = pj.evaluate("lenet5-caffe", "eyeriss")
    run = pj.evaluate("lenet5-caffe", "eyeriss", density={"default": {"inputs": 0.25}})
    for before, after in zip(dense.layers, run.layers, strict=True):
        zeros = after.zeros
        assert zeros is not None and before.nest == after.nest
        assert zeros.dense == before.costs
        assert zeros.spared.steps.actual == pytest.approx(before.macs * 0.25)
        assert zeros.spared.steps.skipped == 0
        mac = after.energy_by_level_pj["mac"] / before.energy_by_level_pj["mac"]
        assert mac == pytest.approx(0.25)
        assert after.costs.compute_cycles == before.costs.compute_cycles
    found = json.loads(json.dumps(run.to_dict()))["layers"][0]["zeros"]
    assert found["effectual_macs"] + found["gated_macs"] == pytest.approx(dense.layers[0].macs)
    assert found["dram_bytes_compressed"] == run.layers[0].dram_bytes
    assert found["inexact"] == []
    assert "zeros" not in dense.to_dict()["layers"][0]
    assert "What zeros spare" in str(run) and "What zeros spare" not in str(dense)


def test_no_zeros_on_a_chip_without_rules_change_nothing() -> None:
    dense = pj.evaluate("lenet5-caffe", "simple-3-level")
    run = pj.evaluate("lenet5-caffe", "simple-3-level", density={"default": {"inputs": 0.1}})
    for before, after in zip(dense.layers, run.layers, strict=True):
        assert after.costs.energy_pj == pytest.approx(before.costs.energy_pj)
        assert after.costs.latency_cycles == before.costs.latency_cycles
        assert after.dram_bytes == before.dram_bytes


def test_a_measured_tensor_must_have_its_layer_s_shape() -> None:
    with pytest.raises(WorkloadError) as error:
        pj.evaluate(
            "lenet5-caffe", "eyeriss", density={FIRST: {"inputs": measure(np.ones((1, 1, 4, 4)))}}
        )
    assert "(1, 1, 4, 4)" in str(error.value.got)
    assert "(1, 1, 28, 28)" in str(error.value.expected)
