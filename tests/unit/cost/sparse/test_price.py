"""Prices of what zeros leave, by hand."""

import math

import pytest

from picojoule.cost import count
from picojoule.cost.sparse import price_spared, spare
from picojoule.hardware import Accelerator, Compute, Format, Memory
from picojoule.mapping import Level, Loop, Nest
from picojoule.workload import Uniform, matmul


def test_a_product_by_hand() -> None:
    """32 MACs, one unit; a quarter of the inputs and half of the weights are not zero.

    The chip skips on zero inputs and gates on zero weights, and keeps inputs as a bitmask outside.
    """
    operation = matmul("product", M=4, K=8, N=1)
    roles = {tensor.role: tensor.name for tensor in operation.tensors}
    keeps = tuple(roles.values())
    chip = Accelerator(
        "one unit",
        (
            Memory("outside", read_pj=10.0, update_pj=20.0, read_bits_per_cycle=2.0,
                   compressed=(("inputs", "bitmask"),)),
            Memory("inside", read_pj=1.0, fill_pj=0.5, update_pj=2.0,
                   skipping=(("weights", ("inputs",)), ("outputs", ("inputs",)))),
            Compute(mac_pj=3.0, skipping=("inputs",), gating=("weights",), lane_steps=8),
        ),
        clock_hz=1.0,
    )  # fmt: skip
    nest = Nest((Level("outside", (), keeps), Level("inside", (Loop("M", 4), Loop("K", 8)), keeps)))
    densities = {roles["inputs"]: Uniform(0.25), roles["weights"]: Uniform(0.5)}
    dense = count(operation, chip, nest)
    spared = spare(operation, chip, nest, dense, densities)
    found = price_spared(operation, chip, nest, dense, spared.counts, densities)
    words = {t.role: operation.words(t) for t in operation.tensors}
    inputs, weights, outputs = words["inputs"], words["weights"], words["outputs"]
    # Of 32 steps a quarter take time, an eighth energy.
    by_part = found.costs.energy_by_part_pj
    assert by_part["mac"] == pytest.approx(32 * 0.125 * 3.0)
    # Outside: a quarter of the inputs, one bit for each of them of 16; weights; results once.
    bits = inputs * 0.25 * 16 + inputs * 1
    outside = bits / 16 * 10.0 + weights * 10.0 + outputs * 20.0
    assert by_part["outside"] == pytest.approx(outside)
    # Inside: fills of all; inputs are read at every step, weights and sums at a quarter of them,
    # where the first of the sums of each output is not read.
    reads = 32 + 32 * 0.25 + (32 - outputs) * 0.25
    fills = (inputs + weights) * 0.5
    assert by_part["inside"] == pytest.approx(reads * 1.0 + fills + 32 * 0.25 * 2.0)
    # Time: 8 steps in a group of each row at a quarter; or the words that are read outside.
    cycles = math.ceil((bits + weights * 16) / 2.0)
    assert found.costs.cycles_by_memory["outside"] == cycles
    assert found.costs.compute_cycles == 8
    assert found.costs.latency_cycles == max(cycles, 8)
    assert found.costs.outer_bytes == math.ceil((bits + weights * 16 + outputs * 16) / 8)
    assert found.metadata_bytes == math.ceil(inputs / 8)


@pytest.mark.parametrize("form", ["bitmask", "rlc", "csr", "csc"])
def test_tensors_of_zeros_alone_still_say_so(form: Format) -> None:
    """A mask, runs or pointers move even where no value does: zeros that are nearly all, and all.

    By hand for the mask: one bit for each input that is read and each output that is written.
    """
    operation = matmul("product", M=4, K=8, N=1)
    keeps = tuple(tensor.name for tensor in operation.tensors)
    chip = Accelerator(
        "one unit",
        (
            Memory("outside", read_pj=1.0, compressed=(("inputs", form), ("outputs", form))),
            Memory("inside"),
            Compute(mac_pj=1.0),
        ),
        clock_hz=1.0,
    )
    nest = Nest((Level("outside", (), keeps), Level("inside", (Loop("M", 4), Loop("K", 8)), keeps)))
    dense = count(operation, chip, nest)
    found: list[int] = []
    for share in (0.0, 1e-12):
        densities = {t.name: Uniform(share) for t in operation.tensors if t.role != "weights"}
        spared = spare(operation, chip, nest, dense, densities)
        priced = price_spared(operation, chip, nest, dense, spared.counts, densities)
        found.append(priced.metadata_bytes)
    assert 0 < found[0] == found[1]
    if form == "bitmask":
        words = sum(operation.words(t) for t in operation.tensors if t.role != "weights")
        assert found[0] == math.ceil(words / 8)
