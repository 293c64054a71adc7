"""The library's accelerators against what their designers published.

The rows are the files of `picojoule/published/figures`: each names its source, the network, the
layers and the batch it was taken on, and how near the model must come. The model runs; no answer
is kept. Figures of a chip alone are quick; those that need mappings of whole networks are slow.
"""

import math

import pytest
from published import PAGE, row

from picojoule.hardware import Accelerator, accelerator, library
from picojoule.published import Figure, compare, modelled, report
from picojoule.workload import load

DEEP = ("titan-x", "core-i7-5930k")
"""Chips with so many memories that even one layer takes a while."""
QUICK = ("FC6", "FC7", "FC8")
"""Layers whose best mapping is found in about a second."""


def rows(*, quick: bool) -> list:
    found = []
    for name in library():
        known = report(name)
        assert known is not None, f"published/figures/{name}.yaml is missing"
        for number, figure in enumerate(known.figures):
            is_quick = figure.is_instant or (set(figure.layers) <= set(QUICK) and name not in DEEP)
            if figure.needs is None and is_quick is quick:
                found.append(pytest.param(name, figure, id=f"{name}-{number}-{figure.quantity}"))
    return found


def check(name: str, figure: Figure) -> None:
    (one,) = compare(accelerator(name), (figure,), run=True)
    assert one.modelled is not None and one.error is not None
    assert one.agrees, f"published {figure.value:g}, modelled {one.modelled:g}: {one.error:+.1%}"
    # What is stated is the error, not a margin: a quarter above it at most.
    measured = max(one.modelled / figure.value, figure.value / one.modelled)
    assert figure.within_factor is not None
    assert figure.within_factor <= max(1.05, 1.25 * measured), f"off by a factor of {measured:.2f}"
    assert f"{row(name, one)}\n" in PAGE.read_text(), "run `python tests/docs/published.py`"


@pytest.mark.parametrize(("name", "figure"), rows(quick=True))
def test_figure(name: str, figure: Figure) -> None:
    check(name, figure)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "figure"), rows(quick=False))
def test_figure_of_a_network(name: str, figure: Figure) -> None:
    check(name, figure)


def test_peaks_by_hand() -> None:
    """Multipliers and clocks as printed, multiplied by hand."""
    by_hand = {
        "nn-x": 8 * 100 * 142e6,
        "diannao": 16 * 16 * 980e6,
        "dadiannao": 16 * 256 * 606e6,
        "origami": 4 * 49 * 500e6,
        "gupta": 28 * 28 * 166e6,
        "eyeriss": 168 * 200e6,
        "eyeriss-v2": 192 * 2 * 200e6,
        "eie": 64 * 800e6,
        "scnn": 64 * 16 * 1e9,
        "stripes": 4096 * 980e6,  # 65,536 lanes, each 16 cycles a product
        "yodann": 32 * 49 * 480e6,
        "neurocube": 16 * 300e6,  # a PE starts one of its 16 MACs a cycle
        "tetris": 16 * 196 * 500e6,
        "tpu-v1": 65536 * 700e6,
        "nvdla-full": 2048 * 1e9,
        "nvdla-small": 64 * 1e9,
        "titan-x": 3072 * 1075e6,
        "core-i7-5930k": 6 * 16 * 3.5e9,
    }
    for name, macs_per_s in by_hand.items():
        chip = accelerator(name)
        assert chip.compute_units * chip.clock_hz / chip.compute.cycles == pytest.approx(macs_per_s)


def figure_of(chip: Accelerator, quantity: str, layers: str) -> Figure:
    known = report(chip.name)
    assert known is not None
    return next(f for f in known.figures if f.quantity == quantity and layers in f.layers)


def test_dadiannao_on_fc7_by_hand() -> None:
    """Weights loaded once for many images: 4096 multipliers, every one in every cycle."""
    chip = accelerator("dadiannao")
    figure = figure_of(chip, "frames_per_s", "FC7")
    assert modelled(chip, figure) == pytest.approx(4096 * 606e6 / 4096**2, rel=1e-6)


@pytest.mark.slow
def test_zhang_on_alexnet_by_hand() -> None:
    """Its loops take ceil(M / 64) x ceil(C / 7) x P x Q x R x S cycles a layer and group."""
    cycles = 0
    for layer in load("alexnet").layers:
        if layer.kind == "conv":
            size = layer.operation.sizes
            rest = math.prod(size.get(dim, 1) for dim in "GPQRS")
            cycles += math.ceil(size["M"] / 64) * math.ceil(size["C"] / 7) * rest
    chip = accelerator("zhang-fpga")
    assert cycles == 2_005_892
    # Nothing on its 448 multipliers is faster. Factors that divide spread 6 of 7 channels.
    found = modelled(chip, figure_of(chip, "latency_s", "conv")) * chip.clock_hz
    assert cycles <= found <= cycles * 7 / 6 * 1.05
