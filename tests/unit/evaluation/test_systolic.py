"""The systolic report: hand arithmetic on small products, sums, and what it refuses."""

import dataclasses
import json

import numpy as np
import pytest

import picojoule as pj
from picojoule.cost import systolic_cost
from picojoule.errors import HardwareError, PicojouleError, Unsupported, WorkloadError
from picojoule.evaluation import describe_systolic
from picojoule.hardware import SystolicArray
from picojoule.simulate import multiply, run_systolic
from picojoule.workload import Axis, Term, as_product, conv, elementwise, matmul, pool


def cycles(text: str, flow: str, rows: int, columns: int, **options: str) -> int:
    return pj.systolic(text, rows=rows, columns=columns, dataflow=flow, **options).cycles(flow)


def test_a_full_array_by_hand() -> None:
    """4 x 4 x 4 on 4 x 4 PEs: words meet in the last PE in cycle 3 + 3 + 3, the tenth."""
    work = "matmul M=4 K=4 N=4"
    assert cycles(work, "os", 4, 4) == 10
    assert cycles(work, "os", 4, 4, drain="shift") == 14  # and four more shift down
    assert cycles(work, "ws", 4, 4) == cycles(work, "is", 4, 4) == 14  # four to load


def test_a_partly_filled_array_by_hand() -> None:
    """One PE of 4 x 8 in use: load 1 or stream 1, then fall through the rows."""
    work = "matmul M=1 K=1 N=1"
    assert cycles(work, "os", 4, 8, folds="used") == 1
    assert cycles(work, "os", 4, 8, folds="used", drain="shift") == 5
    assert cycles(work, "ws", 4, 8, folds="used") == 5
    assert cycles(work, "ws", 4, 8) == 2 * 4 + 8 + 1 - 2
    assert cycles(work, "os", 4, 8) == 4 + 8 + 1 - 2


def test_folds_and_words_by_hand() -> None:
    """Window 5 on 2 rows, 3 filters on 2 columns: 3 x 2 folds of 2 * 2 + 2 + 7 - 2 cycles."""
    cost = systolic_cost(matmul("m", M=7, K=5, N=3), SystolicArray(2, 2), "ws")
    assert (cost.folds, cost.cycles) == (6, 66)
    assert (cost.input_reads, cost.weight_reads) == (7 * 5 * 2, 15)
    assert (cost.output_writes, cost.output_reads) == (21 * 3, 21 * 2)
    assert cost.mapping_efficiency == 15 / 24 and cost.utilization == 105 / (4 * 66)


def test_groups_and_repeats_multiply() -> None:
    one = cycles("conv M=4 C=2 P=3 Q=3 R=3 S=3", "ws", 8, 8)
    assert cycles("conv M=8 C=4 P=3 Q=3 R=3 S=3 G=2", "ws", 8, 8) == 2 * one
    report = pj.systolic("lstm")
    layer = next(one for one in report.layers if one.repeats > 1)
    assert layer.cycles("ws") == layer.repeats * layer.costs[0].cycles


def test_sums_and_json_agree() -> None:
    report = pj.systolic("alexnet", rows=16, columns=24, batch=2)
    data = report.to_dict()
    for flow in ("ws", "os", "is"):
        rows = [layer["dataflows"][flow] for layer in data["layers"]]
        assert sum(row["cycles"] for row in rows) == data["totals"][flow]["cycles"]
        assert all(
            row["scale_sim_cycles"] == row["cycles"] - layer["product"]["count"]
            for row, layer in zip(rows, data["layers"], strict=True)
        )
        assert sum(layer["macs"] for layer in data["layers"]) == 2 * 724_406_816 == data["macs"]
    assert data["totals"]["best"]["cycles"] <= min(
        data["totals"][f]["cycles"] for f in ("ws", "os")
    )
    assert json.loads(json.dumps(data)) == data
    assert {layer.kind for layer in report.unmapped} == {"activation", "pool", "lrn", "softmax"}
    other = pj.systolic("alexnet", folds="used").to_dict()["layers"][0]["dataflows"]["ws"]
    assert other["scale_sim_cycles"] is None


def test_the_table_names_the_best() -> None:
    text = describe_systolic(pj.systolic("alexnet", rows=256, columns=256))
    assert "alexnet on a 256 x 256 systolic array" in text and "best" in text
    assert max(map(len, text.splitlines())) <= 100
    alone = describe_systolic(pj.systolic("matmul M=2 K=2 N=2", dataflow="ws"))
    assert "total" not in alone and "best" not in alone


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"rows": 0}, {"rows": 1}),
        ({"columns": 1 << 20}, {"columns": 256}),
        ({"dataflow": "rs"}, {"dataflow": "ws"}),
        ({"drain": "pipe"}, {"drain": "shift"}),
        ({"folds": "half"}, {"folds": "used"}),
    ],
)
def test_mistakes_about_the_array(wrong: dict, right: dict) -> None:
    with pytest.raises(HardwareError) as caught:
        pj.systolic("lenet5", **wrong)
    assert next(iter(wrong)) in caught.value.where and caught.value.fix
    pj.systolic("lenet5", **right)


def test_mistakes_about_the_work() -> None:
    with pytest.raises(WorkloadError):
        pj.systolic("matmul M=2 K=2 N=2", batch=2)
    with pytest.raises(PicojouleError) as caught:
        pj.systolic("cnv M=2 C=2 P=2")
    assert "conv" in str(caught.value.expected)
    with pytest.raises(WorkloadError) as caught:
        pj.systolic("matmul M=" + "1" * 5000)
    assert "too long" in caught.value.what
    with pytest.raises(WorkloadError) as caught:
        pj.systolic("my net, width=1.csv")
    assert "my net, width=1.csv" in caught.value.where
    for other in (pool("p", C=1, P=2, Q=2, R=2, S=2), elementwise("e", shape=(2, 2))):
        with pytest.raises(Unsupported):
            as_product(other)
        with pytest.raises(WorkloadError):
            pj.systolic(other)


def test_a_sum_before_the_product_is_no_product() -> None:
    plain = matmul("m", M=2, K=3, N=4)
    extra = Axis((Term("Z"),))
    tensors = tuple(
        dataclasses.replace(tensor, axes=(*tensor.axes, extra))
        if tensor.role == "inputs"
        else tensor
        for tensor in plain.tensors
    )
    summed = dataclasses.replace(plain, dims=(*plain.dims, ("Z", 5)), tensors=tensors)
    with pytest.raises(Unsupported) as caught:
        as_product(summed)
    assert "Z" in caught.value.where


def test_the_simulator_refuses_what_does_not_fit() -> None:
    layer = conv("c", M=2, C=1, P=2, R=2)
    right = np.ones((1, 1, 3, 1), np.int64), np.ones((2, 1, 2, 1), np.int64)
    array = SystolicArray(2, 2)
    run_systolic(layer, array, "ws", inputs=right[0], weights=right[1])
    for inputs in (right[0][:, :, :2], right[0] * 1.0):
        with pytest.raises(WorkloadError) as caught:
            run_systolic(layer, array, "ws", inputs=inputs, weights=right[1])
        assert "inputs" in caught.value.where
    large = matmul("m", M=10**6, K=10**3, N=10**3)
    with pytest.raises(Unsupported):
        run_systolic(large, array, "ws", inputs=right[0], weights=right[1])
    assert multiply(np.array([[3]]), np.array([[4]]), array, "is").outputs.tolist() == [[12]]
