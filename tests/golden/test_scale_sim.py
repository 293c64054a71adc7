"""SCALE-Sim: its own reported cycles and SRAM words, layer by layer, and what we count."""

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from picojoule.cost import systolic_cost
from picojoule.hardware import SYSTOLIC_DATAFLOWS, SystolicArray
from picojoule.simulate import multiply
from picojoule.workload import Network, as_product, load

FOLDER = Path(__file__).parent / "scale_sim"
Run = tuple[str, str, int, int, str]


@cache
def recorded() -> dict[Run, dict[str, list[dict[str, str]]]]:
    """Run -> layer -> its rows: one, or one a channel where the layer is depthwise."""
    lines = [x for x in (FOLDER / "cycles.csv").read_text().splitlines() if x[:1] != "#"]
    runs: dict[Run, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for row in csv.DictReader(lines):
        run = (row["version"], row["topology"], int(row["rows"]), int(row["columns"]))
        runs[*run, row["dataflow"]][row["layer"]].append(row)
    return runs


@cache
def topology(name: str) -> Network:
    return load(FOLDER / f"{name}.csv")


def total(rows: list[dict[str, str]], name: str) -> int:
    return sum(int(row[name]) for row in rows)


@pytest.mark.parametrize("run", recorded(), ids=lambda run: "-".join(map(str, run)))
def test_every_layer_is_equal(run: Run) -> None:
    _, name, rows, columns, dataflow = run
    array, layers = SystolicArray(rows, columns), topology(name).layers
    assert [layer.name for layer in layers] == list(recorded()[run])
    for layer in layers:
        found, cost = recorded()[run][layer.name], systolic_cost(layer.operation, array, dataflow)
        assert as_product(layer.operation).count == len(found)
        # It prints the number of the last cycle, counted from 0, for each product.
        assert total(found, "total_cycles") == cost.cycles - len(found)
        assert total(found, "ifmap_reads") == cost.input_reads
        assert total(found, "filter_reads") == cost.weight_reads
        # With outputs stationary it adds the sides of the array to each fold's writes.
        slip = cost.folds * (rows + columns) if dataflow == "os" else 0
        assert total(found, "ofmap_writes") == cost.output_writes + slip
        efficiency = float(found[0]["mapping_efficiency_percent"])
        assert 100 * cost.mapping_efficiency == pytest.approx(efficiency, abs=1e-4)


def test_everything_asked_for_was_recorded() -> None:
    for name in ("alexnet", "resnet18"):
        for dataflow in SYSTOLIC_DATAFLOWS:
            assert ("3.0.0", name, 256, 256, dataflow) in recorded()


@pytest.mark.parametrize("dataflow", SYSTOLIC_DATAFLOWS)
def test_executing_a_layer_takes_the_recorded_cycles(dataflow: str) -> None:
    """The array itself, register by register, on ResNet-18's shortcut: no formula in between."""
    execute(("3.0.0", "resnet18", 256, 256, dataflow), "Conv4_s")


@pytest.mark.slow
@pytest.mark.parametrize("dataflow", SYSTOLIC_DATAFLOWS)
@pytest.mark.parametrize("layer", ["Conv1", "Conv2", "Conv3", "Conv4", "Conv5"])
def test_executing_alexnet_takes_the_recorded_cycles(dataflow: str, layer: str) -> None:
    execute(("3.0.0", "alexnet", 256, 256, dataflow), layer)


def execute(run: Run, name: str) -> None:
    (row,) = recorded()[run][name]
    layer = next(one for one in topology(run[1]).layers if one.name == name)
    product, random = as_product(layer.operation), np.random.default_rng(1)
    left = random.integers(-99, 100, (product.pixels, product.window))
    top = random.integers(-99, 100, (product.window, product.filters))
    done = multiply(left, top, SystolicArray(run[2], run[3]), run[4])
    assert np.array_equal(done.outputs, left @ top)
    assert done.cycles - 1 == int(row["total_cycles"])
