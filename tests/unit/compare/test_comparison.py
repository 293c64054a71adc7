"""The comparison: what comes back, in which form, and what cannot run."""

import csv
import io
import json
from pathlib import Path

import pytest

from picojoule import cli
from picojoule.compare import DATAFLOWS, compare, comparison_chart, describe_comparison
from picojoule.compare.dataflow import tiles, windows
from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload import Layer, Network, Value, conv, load

KEYS = ("ws", "os_a", "os_b", "os_c", "nlr", "rs")


@pytest.fixture(scope="module")
def found():
    return compare(load("lenet5", batch=2), pes=64, layers="all")


def test_tiles_are_the_smallest_for_each_number_of_rounds() -> None:
    for size in range(1, 200):
        turns = {-(-size // tile) for tile in range(1, size + 1)}
        smallest = sorted(min(t for t in range(1, size + 1) if -(-size // t) == n) for n in turns)
        assert tiles(size).tolist() == smallest


def test_windows_are_those_that_no_smaller_tile_beats() -> None:
    assert windows((0, 3, 4, 5, 6)).tolist() == [1, 2, 3, 4]
    assert windows((0, 1, 2, 3, 4, 5)).tolist() == [1, 2, 3, 5]


def test_json_has_the_agreed_keys(found) -> None:
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert {"pes", "batch", "layers", "dataflows"} <= data.keys()
    assert (data["pes"], data["batch"], data["layers"]) == (64, 2, "all")
    assert tuple(data["dataflows"]) == KEYS
    for dataflow in data["dataflows"].values():
        assert dataflow["by_level"].keys() == {"alu", "rf", "array", "buffer", "dram"}
        assert dataflow["by_tensor"].keys() == {"ifmaps", "weights", "psums"}
        assert {"energy_per_mac", "dram_accesses_per_mac", "edp", "feasible"} <= dataflow.keys()


def test_parts_add_up_to_the_whole(found) -> None:
    for dataflow in found.dataflows:
        cost = dataflow.cost
        assert cost.energy == pytest.approx(sum(cost.by_tensor.values()))
        assert cost.energy == pytest.approx(sum(layer.cost.energy for layer in dataflow.layers))
        assert cost.by_level["dram"] == pytest.approx(200 * cost.dram_accesses)
        assert cost.by_level["alu"] == cost.macs == load("lenet5", batch=2).macs
        assert 0 < cost.active_pes <= 64
        assert cost.edp == pytest.approx(cost.energy / cost.macs / cost.active_pes)


def test_what_cannot_run_says_why_and_has_no_figures() -> None:
    found = compare(load("alexnet", batch=2), pes=64)
    ws = found["ws"]
    assert ws.cost is None
    assert ws.why.startswith("CONV1: a filter plane takes 121 PEs; there are 64")
    assert ws.layers[1].cost is not None
    data = ws.to_dict()
    assert (data["feasible"], data["energy_per_mac"], data["by_level"]["dram"]) == (False,) + (
        None,
    ) * 2
    assert "WS cannot run: CONV1: a filter plane" in describe_comparison(found)
    chart = comparison_chart(found)
    assert chart.labels == ("OS_A", "OS_B", "OS_C", "NLR", "RS")
    assert "WS cannot run" in chart.title


@pytest.mark.parametrize("pes", [1, 8])
def test_small_chips_get_a_reason_of_every_dataflow(pes: int) -> None:
    found = compare(load("vgg16"), pes=pes, layers="all")
    for dataflow in found.dataflows:
        assert (dataflow.cost is None) == any(layer.cost is None for layer in dataflow.layers)
        for layer in dataflow.layers:
            assert bool(layer.why) == (layer.cost is None)


def test_layers_of_one_shape_get_one_answer() -> None:
    found = compare(load("transformer-block"), layers="fc")
    query, key = found["rs"].layers[:2]
    assert (query.name, key.name, query.cost) == ("query", "key", key.cost)


def test_tables_have_every_dataflow_and_layer_within_a_hundred_columns(found) -> None:
    text = describe_comparison(found)
    for name in [dataflow.name for dataflow in DATAFLOWS]:
        assert name in text
    for layer in found["rs"].layers:
        assert layer.name in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_chart_stacks_what_the_table_says(found) -> None:
    chart = comparison_chart(found)
    levels, tensors = chart.panels
    expected = [dataflow.cost.energy_per_mac for dataflow in found.dataflows]
    assert levels.totals == pytest.approx(expected)
    assert tensors.totals == pytest.approx(expected)


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"pes": 0}, "--pes"),
        ({"pes": 1 << 20}, "--pes"),
        ({"layers": "pool"}, "--layers"),
        ({"model": "guess"}, "--model"),
    ],
)
def test_what_does_not_exist_is_refused(asked: dict, where: str) -> None:
    with pytest.raises(Unsupported) as caught:
        compare(load("lenet5"), **asked)
    assert caught.value.where == where


def test_too_many_images_are_refused() -> None:
    with pytest.raises(Unsupported) as caught:
        compare(load("lenet5", batch=5000))
    assert caught.value.where == "--batch"


def test_a_network_without_such_layers_is_refused() -> None:
    with pytest.raises(WorkloadError) as caught:
        compare(load("transformer-block"))
    assert caught.value.fix == "ask for --layers fc"
    assert compare(load("transformer-block"), layers="fc").dataflows


def test_where_nothing_can_run_there_is_no_picture() -> None:
    operation = conv("large", M=1, C=1, P=2, Q=2, R=60, S=60)
    layer = Layer("large", operation, ("x",), ("y",))
    values = {"x": Value("x", (1,)), "y": Value("y", (1,))}
    found = compare(Network("large", (layer,), values, ("x",), ("y",)), pes=1)
    assert all(dataflow.why for dataflow in found.dataflows)
    with pytest.raises(Unsupported):
        comparison_chart(found)
    assert describe_comparison(found).count("cannot run") == 6


def test_the_command_gives_every_form_and_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "dataflows.svg"
    asked = ["compare", "lenet5", "--layers", "all", "--pes", "64", "--batch", "2"]
    assert cli.main([*asked, "--format", "json", "--figure", str(picture)]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["batch"] == 2
    assert picture.read_text().count("OS_A") >= 1
    assert cli.main([*asked, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["dataflow"] for row in rows] == list(KEYS)
    for row in rows:
        total = data["dataflows"][row["dataflow"]]["energy_per_mac"]
        assert float(row["energy_per_mac"]) == total
    assert cli.main(asked) == 0
    assert "lenet5, all layers, batch 2" in capsys.readouterr().out


def test_a_picture_that_cannot_be_written_is_refused_before_any_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["compare", "lenet5", "--figure", "dataflows.gif"]) == 2
    assert "picture format" in capsys.readouterr().err
