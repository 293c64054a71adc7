"""The seven bounds: equal to hand arithmetic and to a listing, each below the one before it."""

import dataclasses
import itertools
import json
import math
from pathlib import Path

import pytest

from picojoule import cli
from picojoule.errors import WorkloadError
from picojoule.eyexam import STEPS, Examination, describe_examination, examine, loss_chart, roofline
from picojoule.eyexam.steps import (
    dataflow_macs_per_cycle,
    outer_bytes_per_s,
    parallel_macs,
    pes_macs_per_cycle,
)
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import Constraints, PartConstraints, Range
from picojoule.report import draw_roofline, save_roofline
from picojoule.workload import Layer, Network, Operation, matmul


def chip(**changes: object) -> Accelerator:
    """Twelve PEs: M along x, N along y; slow DRAM that the array waits for."""
    array = Array("pes", 4, 3, x_dims=("M",), y_dims=("N",))
    parts = (
        Memory("dram", port_bits_per_cycle=32.0, overlapped=False, read_pj=200.0, update_pj=200.0),
        Memory("glb", capacity_bits=4096, read_bits_per_cycle=64.0, read_pj=6.0, update_pj=6.0),
        dataclasses.replace(array, **changes),
        Memory("spad", capacity_bits=128, read_pj=1.0, update_pj=1.0),
        Compute(),
    )
    return Accelerator("small", parts, clock_hz=1e6)


def network(*operations: Operation) -> Network:
    return Network("net", tuple(Layer(one.name, one, (), ()) for one in operations), {}, (), ())


PRODUCT = matmul("product", M=5, K=3, N=2)
"""30 MACs: M x K inputs, N outputs per row."""


def test_the_workload_alone() -> None:
    assert parallel_macs(PRODUCT) == 30.0


@pytest.mark.parametrize(
    ("rules", "rounds"),
    [
        ({}, 3),  # K stays in time
        ({"x": {"M": Range(1, 2)}}, 3 * 3),  # and five rows take three rounds of two
        ({"x": {"M": Range(1, 1)}}, 3 * 5),
    ],
)
def test_the_dataflow(rules: dict[str, dict[str, Range]], rounds: int) -> None:
    constraints = Constraints({"pes": PartConstraints(**rules)})
    assert dataflow_macs_per_cycle(PRODUCT, chip(), constraints) == 30 / rounds


def test_the_pes_there_are() -> None:
    # 10 of 12 PEs take all of M and N; 4 PEs take them in three rounds, for each of three K.
    assert pes_macs_per_cycle(PRODUCT, chip(), Constraints()) == 30 / 3
    assert pes_macs_per_cycle(PRODUCT, chip(x=2, y=2), Constraints()) == 30 / 9


def test_two_cycles_a_step_halve_all_but_the_first() -> None:
    slow = dataclasses.replace(chip(), parts=(*chip().parts[:-1], Compute(cycles=2)))
    assert slow.peak_macs_per_cycle == 6.0
    assert pes_macs_per_cycle(PRODUCT, slow, Constraints()) == 30 / 3 / 2


@pytest.mark.parametrize(("rows", "columns"), [(5, 2), (13, 7), (12, 9), (1, 11)])
@pytest.mark.parametrize("factors", ["perfect", "imperfect"])
def test_the_array_is_what_a_listing_finds(rows: int, columns: int, factors: str) -> None:
    exam = examine(
        network(matmul("product", M=rows, K=3, N=columns)), chip(), factors=factors, cache=False
    )
    rounds = [
        3 * math.ceil(rows / across) * math.ceil(columns / up)
        for across, up in itertools.product(range(1, 5), range(1, 4))
        if factors == "imperfect" or (rows % across == 0 and columns % up == 0)
    ]
    (layer,) = exam.layers
    assert layer.bounds[3] == 3 * rows * columns / min(rounds)


@pytest.fixture(scope="module")
def exam() -> Examination:
    operations = (
        PRODUCT,
        matmul("wide", M=30, K=20, N=14),
        matmul("long", M=2, K=300, N=2),
        matmul("odd", M=17, K=11, N=13),
    )
    return examine(network(*operations), chip(), cache=False)


def test_no_bound_lies_above_the_one_before(exam: Examination) -> None:
    for layer in exam.layers:
        assert len(layer.bounds) == len(STEPS)
        assert all(a >= b for a, b in itertools.pairwise(layer.bounds)), layer.name
        assert layer.is_proved
        assert sum(layer.losses) + layer.shares[-1] == pytest.approx(1.0)
        assert all(loss >= 0 for loss in layer.losses)


def test_nothing_lies_above_the_roofs(exam: Examination) -> None:
    assert outer_bytes_per_s(chip()) == exam.outer_bytes_per_s == 4e6
    for dot in roofline(exam).dots:
        assert dot.per_s <= exam.peak_macs_per_s
        assert dot.per_s <= dot.per_byte * exam.outer_bytes_per_s * (1 + 1e-12)


def test_waiting_for_dram_is_lost_to_overlap(exam: Examination) -> None:
    # Each word crosses once, two words a cycle. Nothing but that is slower than the array, so that
    # it alone counts where it overlaps, and is added where it does not.
    layer = exam.layers[0]
    array, crossing = 6, math.ceil((5 * 3 + 3 * 2 + 5 * 2) / 2)
    assert [30 / bound for bound in layer.bounds[4:]] == [array, crossing, array + crossing]
    assert layer.limit == "array"


def test_where_bandwidth_is_unlimited_there_is_no_slope() -> None:
    free = dataclasses.replace(chip(), parts=(Memory("dram"), *chip().parts[1:]))
    exam = examine(network(PRODUCT), free, cache=False)
    assert exam.to_dict()["outer_bytes_per_s"] is None
    assert "outermost memory" not in describe_examination(exam)
    draw_roofline(roofline(exam))


def test_a_network_is_examined_at_its_own_batch_and_the_chips_words() -> None:
    with pytest.raises(WorkloadError) as caught:
        examine(network(PRODUCT), chip(), batch=4, cache=False)
    assert "batch 4" in caught.value.got
    # The TPU's registers hold bytes: with wider words nothing would fit them.
    (first, *_) = examine("lenet5", "tpu-v1", cache=False).layers
    assert [tensor.bits for tensor in first.result.operation.tensors] == [8, 8, 8]


def test_a_cut_search_bounds_by_what_it_proved() -> None:
    whole = examine("lenet5", "eyeriss", cache=False)
    cut = examine("lenet5", "eyeriss", time_limit_s=0.0, cache=False)
    for one, other in zip(whole.layers, cut.layers, strict=True):
        assert not other.is_proved
        assert all(a <= b * (1 + 1e-12) for a, b in zip(one.bounds[:6], other.bounds[:6]))
        assert all(a >= b for a, b in itertools.pairwise(other.bounds))
    assert "cut short: C1, " in describe_examination(cut)


@pytest.mark.parametrize("name", ["ws", "os_a", "rs", "nlr"])
def test_a_dataflow_bounds_no_less(name: str) -> None:
    free = examine("lenet5", "eyeriss-isca-256", cache=False)
    bound = examine("lenet5", "eyeriss-isca-256", dataflow=name, cache=False)
    for one, other in zip(free.layers, bound.layers, strict=True):
        assert all(a >= b * (1 - 1e-12) for a, b in zip(one.bounds, other.bounds))
        assert all(a >= b for a, b in itertools.pairwise(other.bounds))


def test_pictures_show_each_layer(exam: Examination, tmp_path: Path) -> None:
    chart = loss_chart(exam)
    assert chart.labels == ("product", "wide", "long", "odd")
    assert chart.panels[0].totals == pytest.approx((100.0,) * 4, abs=0.2)
    axes = draw_roofline(roofline(exam)).axes[0]
    assert "MAC per byte" in axes.get_xlabel()
    assert "MAC/s" in axes.get_ylabel()
    save_roofline(roofline(exam), tmp_path / "roof.svg")
    assert (tmp_path / "roof.svg").read_text().startswith("<?xml")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plot, roof = tmp_path / "loss.png", tmp_path / "roof.png"
    arguments = ["eyexam", "lenet5", "--on", "eyeriss", "--no-cache", "--format", "json"]
    arguments += ["--plot", str(plot), "--roofline", str(roof)]
    assert cli.main(arguments) == 0
    data = json.loads(capsys.readouterr().out)
    assert set(data["layers"][0]["macs_per_cycle"]) == {step.name for step in STEPS}
    assert plot.stat().st_size and roof.stat().st_size
