"""Machines: each model against arithmetic by hand, and against the general model where it can."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.cost import count
from picojoule.cost.sparse import spare
from picojoule.encoding.gaps import mean_entries
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import Level, Loop, Nest
from picojoule.silicon import published as silicon_published
from picojoule.sparse import bits, cnvlutin, eie, gating, published, scnn
from picojoule.sparse.published import Conv
from picojoule.workload import Uniform, conv, zoo


@pytest.mark.parametrize("share", [0.3, 0.56, 1.0])
def test_cnvlutin_is_the_general_model_with_sixteen_lanes(share: float) -> None:
    """Lanes take channels of their own and wait after each window; a brick has no least time."""
    layer = Conv("layer", m=2, c=512, p=2, q=1, r=3, s=1)
    operation = conv("layer", M=2, C=512, P=2, R=3)
    keeps = tuple(tensor.name for tensor in operation.tensors)
    chip = Accelerator(
        "lanes", (Memory("all"), Array("lanes", x=16), Compute(skipping=("inputs",), lane_steps=96))
    )
    nest = Nest(
        (
            Level("all", (Loop("M", 2), Loop("P", 2), Loop("R", 3), Loop("C", 32)), keeps),
            Level("lanes", (Loop("C", 16, "x"),)),
        )
    )
    dense = count(operation, chip, nest)
    found = spare(operation, chip, nest, dense, {"inputs": Uniform(share)})
    assert not found.inexact
    # Cnvlutin has units for 256 filters at a time, this nest takes them one by one.
    ours = cnvlutin.skipping_cycles(layer, share, least=0)
    assert found.counts.compute_steps == pytest.approx(2 * ours)
    assert dense.compute_cycles == 2 * cnvlutin.dense_cycles(layer)


def test_lanes_of_cnvlutin_with_unequal_work() -> None:
    # 17 bricks: one lane has two of them. Without zeros a brick takes 16 cycles.
    layer = Conv("layer", m=1, c=17 * 16, p=1, q=1, r=1, s=1)
    assert cnvlutin.skipping_cycles(layer, 1.0) == pytest.approx(32)
    assert cnvlutin.dense_cycles(layer) == 17
    # A brick of zeros still takes a cycle.
    assert cnvlutin.skipping_cycles(layer, 0.0) == pytest.approx(2)


def test_more_zeros_are_needed_for_more_speed() -> None:
    layers = published.CNN_M
    zeros = cnvlutin.zeros_for(layers, 1.2)
    assert cnvlutin.speedup(layers, zeros) == pytest.approx(1.2)


@given(st.integers(0, 40), st.sampled_from([0.05, 0.3, 1.0]))
def test_entries_of_eie_on_average(length: int, share: float) -> None:
    chance = eie.entries_distribution(length, share, 16)
    assert chance.sum() == pytest.approx(1)
    mean = chance @ np.arange(chance.size)
    assert mean == pytest.approx(mean_entries(length, 1 - share, 16))


WORK = st.lists(st.lists(st.integers(1, 4), min_size=5, max_size=5), min_size=1, max_size=4).map(
    np.array
)


@given(WORK, st.integers(1, 5))
def test_queues_of_eie_step_by_step(work: np.ndarray, queue: int) -> None:
    """A clock that ticks: send if every queue has room, then let each unit work."""
    units, columns = work.shape
    waiting: list[list[int]] = [[] for _ in range(units)]
    left, sent, cycle = [0] * units, 0, 0
    while sent < columns or any(left) or any(waiting):
        # A unit takes its next column as soon as it is free, at the start of a cycle.
        room = all(len(queue_) < queue or left[unit] == 0 for unit, queue_ in enumerate(waiting))
        if sent < columns and room:
            for queue_, row in zip(waiting, work, strict=True):
                queue_.append(int(row[sent]))
            sent += 1
        for unit in range(units):
            if left[unit] == 0 and waiting[unit]:
                left[unit] = waiting[unit].pop(0)
            left[unit] = max(0, left[unit] - 1)
        cycle += 1
    assert eie.finish(work, queue) == cycle


@settings(max_examples=30)
@given(WORK)
def test_long_queues_of_eie_wait_for_nobody(work: np.ndarray) -> None:
    assert eie.finish(work, 99) == work.sum(axis=1).max()


def test_scnn_by_hand() -> None:
    """One channel, 4 x 4 outputs: a unit has at most one input; 9 weights go in three fours."""
    layer = Conv("layer", m=1, c=1, p=4, q=4, r=3, s=3)
    run = scnn.run(layer, 1.0, 1.0)
    assert run.cycles == 3
    assert run.products == 16 * 9
    assert run.input_fetches == 16 and run.weight_fetches == 16 * 3
    # The dense machine: one output per unit, 9 products in one cycle.
    assert run.dense_cycles == 1
    grouped = scnn.run(dataclasses.replace(layer, groups=2), 1.0, 1.0)
    assert grouped.cycles == 6 and grouped.dense_cycles == 2


def test_scnn_multiplies_what_is_not_zero() -> None:
    layer = published.ALEXNET[2]
    run = scnn.run(layer, 0.35, 0.52)
    assert run.products == pytest.approx(layer.macs * 0.35 * 0.52, rel=0.02)
    assert 0 < run.utilization < 1


def test_stripes_takes_a_cycle_per_bit() -> None:
    layer = Conv("layer", m=256, c=32, p=8, q=8, r=3, s=3)
    assert bits.serial_cycles(layer, 16) == cnvlutin.dense_cycles(layer)
    assert bits.serial_speedup([[layer]], [4]) == 4.0
    assert bits.ideal_speedup([[layer]], [4]) == 4.0
    # 9 windows take the time of 16.
    odd = dataclasses.replace(layer, p=3, q=3)
    assert bits.serial_speedup([[odd]], [4]) == pytest.approx(4 * 9 / 16)


def test_a_shorter_path_allows_a_lower_supply() -> None:
    supplies = [bits.lowest_supply_v(n, n) for n in (16, 12, 8, 4)]
    assert supplies[0] == bits.NOMINAL_V
    assert supplies == sorted(supplies, reverse=True)
    assert supplies[-1] > bits.THRESHOLD_V
    half = bits.scaled_energy(8, 8, supply_v=bits.NOMINAL_V / 2)
    assert half == pytest.approx(0.5 / 4)


def test_gating_of_eyeriss_by_hand() -> None:
    """Per MAC: a read of each pad, an update of the sums, the MAC; a zero spares weight and MAC."""
    chip = gating._eyeriss_pe()
    pads = {part.name: part for part in chip.parts if isinstance(part, Memory)}
    weight, value, total = (pads[name] for name in gating.PADS)
    per_mac = weight.read_pj + value.read_pj + total.read_pj + total.update_pj
    per_mac += chip.compute.mac_pj
    bound = (weight.read_pj + chip.compute.mac_pj) / per_mac
    saved = gating.eyeriss_saved(dict.fromkeys(published.EYERISS_ZEROS, 1.0))
    # Filling the pads, which gating does not spare, takes a little away.
    assert 0.97 * bound < saved["all"] < bound
    assert gating.eyeriss_saved(dict.fromkeys(published.EYERISS_ZEROS, 0.0))["all"] == 0.0


def test_minerva_without_pruning_gains_nothing() -> None:
    assert gating.minerva_gain(1.0) == 1.0
    assert gating.minerva_gain(0.5) > 1.3


def test_the_tables_of_layers_are_the_zoo_s() -> None:
    import picojoule as pj

    for name, layers in (
        ("alexnet", published.ALEXNET),
        ("vgg16", published.VGG16),
        ("vgg19", published.VGG19),
        ("googlenet", published.GOOGLENET),
    ):
        ours = {
            layer.name: layer.operation.macs
            for layer in pj.load(name).layers
            if layer.kind == "conv" and layer.operation.inner == "mac"
        }
        theirs = [layer.macs for layer in layers]
        assert sorted(ours.values()) == sorted(theirs), name


def test_recalled_tables_agree_with_themselves() -> None:
    """Weights times inputs are the operations left, as the same tables print them."""
    for name, left in published.HAN_MACS.items():
        pairs = zip(published.HAN_WEIGHTS[name], published.HAN_INPUTS[name], left, strict=True)
        for weights, inputs, macs in pairs:
            assert abs(weights * inputs - macs) < 0.01
    operations = [math.ceil(layer.weights * layer.inputs * 100) for layer in published.EIE_LAYERS]
    printed = (3, 3, 10, 1, 2, 9)
    assert all(abs(ours - one) <= 1 for ours, one in zip(operations, printed, strict=True))
    for name, layers in published.NETWORKS.items():
        parts = 11 if name == "googlenet" else len(layers)
        assert len(published.STRIPES_BITS[name]) == parts


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("alexnet", published.ALEXNET),
        ("vgg16", published.VGG16),
        ("vgg19", published.VGG19),
        ("googlenet", published.GOOGLENET),
    ],
)
def test_the_machines_networks_are_those_of_the_zoo(name: str, layers: tuple[Conv, ...]) -> None:
    """Written down twice from the papers: as the machines take them, and as the zoo does."""
    found: list[tuple[int, ...]] = []
    for layer in zoo.network(name).layers:
        if layer.kind == "conv":
            found.append(tuple(layer.operation.sizes.get(dim, 1) for dim in "MCPQRSG"))
    assert sorted(found) == sorted((o.m, o.c, o.p, o.q, o.r, o.s, o.groups) for o in layers)


def test_zeros_of_eyeriss_are_those_of_its_pass_model() -> None:
    measured = silicon_published("alexnet", "eyeriss")
    assert measured is not None
    shares = {name: share.ifmaps for name, share in measured.shares.items()}
    assert shares == published.EYERISS_ZEROS
