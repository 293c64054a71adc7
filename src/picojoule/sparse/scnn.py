"""SCNN: 64 units that multiply non-zero weights by non-zero inputs, all by all.

The input plane is cut into 8 x 8 tiles, one per unit. For each input channel a unit takes 4
non-zero inputs of its tile and 4 non-zero weights of the channel at a time: 16 products per cycle,
fewer where either does not fill a four. Filters come in groups that the accumulators have room for,
the same to all units, which wait for each other after each group. A window that strides is cut
into phases, within which all products count.

The dense machine has as many multipliers and the same tiles; a unit takes 16 products of one sum
per cycle.

Energy: events times prices; both machines' prices come from the same estimators.

Source: parashar2017scnn, Sec. IV and Table 2. Zeros lie anywhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from picojoule.components import estimate
from picojoule.sparse.published import Conv

SIDE, INPUTS, WEIGHTS = 8, 4, 4
ACCUMULATORS = 1024
"""Partial sums of one unit: 6 KB of 24-bit words, twice."""


@dataclass(frozen=True, slots=True)
class Run:
    """One layer on both machines.

    Args:
        dense_cycles, cycles: Of the dense machine and of SCNN.
        products: Multiplications of non-zeros.
        weight_fetches, input_fetches: Fours of each that SCNN's units took, all together. Inputs
            stay while all weights of a group pass by.
        dense_input_words: Inputs that the dense machine's units took, which stay as well.
        dense_macs: Multiplications of the dense machine.
    """

    dense_cycles: int
    cycles: float
    products: float
    weight_fetches: float
    input_fetches: float
    dense_input_words: int
    dense_macs: int

    @property
    def utilization(self) -> float:
        """Products done over those that all multipliers could do."""
        return self.products / (self.cycles * SIDE * SIDE * INPUTS * WEIGHTS)


def run(layer: Conv, weights: float, inputs: float, *, seed: int = 0) -> Run:
    """Run one layer with zeros by chance.

    Args:
        layer: A convolution.
        weights, inputs: Share of non-zeros.
        seed: Of the zeros; the result hangs on it by well under 1 %.

    >>> full = run(Conv("full", m=64, c=64, p=32, q=32, r=1, s=1), 1.0, 1.0)
    >>> full.dense_cycles, full.cycles
    (4096, 4096.0)
    """
    rng = np.random.default_rng(seed)
    phases = layer.stride**2
    heights, widths = _tiles(layer.p, layer.r, layer.stride), _tiles(layer.q, layer.s, layer.stride)
    tiles = np.outer(heights, widths).ravel()  # words of one input channel, by unit
    group = _group(layer, max(heights), max(widths))
    cycles = weight_fetches = input_fetches = products = 0.0
    for first in range(0, layer.m, group):
        filters = min(group, layer.m - first)
        per_unit = np.zeros(tiles.size)
        for phase in range(phases):
            taps = filters * _part(layer.r * layer.s, phase, phases)
            held = np.array([_part(int(words), phase, phases) for words in tiles])
            found = rng.binomial(held[:, None], inputs, size=(tiles.size, layer.c))
            kept = rng.binomial(taps, weights, size=layer.c)
            fours = np.ceil(found / INPUTS)
            per_unit += fours @ np.ceil(kept / WEIGHTS)
            input_fetches += float(fours.sum())
            products += float((found @ kept).sum())
        cycles += float(per_unit.max())
        weight_fetches += float(per_unit.sum())
    tallest, widest = math.ceil(layer.p / SIDE), math.ceil(layer.q / SIDE)
    sums = math.ceil(layer.r * layer.s * layer.c / (INPUTS * WEIGHTS))
    dense = tallest * widest * layer.m * sums
    passes = math.ceil(layer.m / group)
    times = layer.groups
    return Run(
        dense_cycles=dense * times,
        cycles=cycles * times,
        products=products * times,
        weight_fetches=weight_fetches * times,
        input_fetches=input_fetches * times,
        dense_input_words=int(tiles.sum()) * layer.c * passes * times,
        dense_macs=layer.macs,
    )


def _tiles(outputs: int, taps: int, stride: int) -> list[int]:
    """Inputs along one side of each unit's tile: the plane is cut, halos are exchanged as sums."""
    reach = (outputs - 1) * stride + 1  # without the padding that the window hangs over
    reach = reach + taps - 1 if stride > 1 else outputs
    size = math.ceil(reach / SIDE)
    return [max(0, min(size, reach - size * n)) for n in range(SIDE)]


def _part(words: int, phase: int, phases: int) -> int:
    """The phase's share of some words, whole."""
    return words // phases + (phase < words % phases)


def _group(layer: Conv, height: int, width: int) -> int:
    """Filters whose partial sums fit the accumulators."""
    tall = math.ceil(height / layer.stride) + math.ceil(layer.r / layer.stride) - 1
    wide = math.ceil(width / layer.stride) + math.ceil(layer.s / layer.stride) - 1
    return max(1, min(layer.m, ACCUMULATORS // (tall * wide)))


def speedup(runs: Sequence[Run]) -> float:
    """The dense machine's time over SCNN's."""
    return sum(run.dense_cycles for run in runs) / sum(run.cycles for run in runs)


@dataclass(frozen=True, slots=True)
class Prices:
    """Picojoules per event, at 16 nm and 0.8 V (assumed supply)."""

    multiply: float
    accumulate: float
    inputs: float
    weights: float
    dram_bit: float


def prices() -> Prices:
    """The prices of both machines, from the component estimators.

    Accumulators are one of 32 banks of 24-bit words, inputs a 10 kB memory of each unit, weights a
    500 B queue; DRAM is LPDDR4.
    """
    at = {"technology_nm": 16, "voltage_v": 0.8}
    bank = estimate("register_file", capacity_bytes=192, bits=24, **at).read_pj
    return Prices(
        multiply=estimate("multiplier", bits=16, **at).read_pj,
        accumulate=2 * bank + estimate("adder", bits=24, **at).read_pj,
        inputs=estimate("sram", capacity_bytes=10240, bits=16 * INPUTS, **at).read_pj,
        weights=estimate("register_file", capacity_bytes=500, bits=16 * WEIGHTS, **at).read_pj,
        dram_bit=estimate("dram", kind="lpddr4", bits=1).read_pj,
    )


def energy_gain(layers: Sequence[Conv], runs: Sequence[Run], weights: Sequence[float]) -> float:
    """The dense machine's energy over SCNN's: products, sums, fetches, and weights from DRAM.

    The dense machine adds 16 products before it touches an accumulator, and takes 16 words of
    weights for that; its weights come whole. SCNN adds each product to an accumulator by itself;
    its weights come with 4 bits each of where they belong. Inputs stay in place in both.
    """
    price = prices()
    dense = sparse = 0.0
    for layer, run, share in zip(layers, runs, weights, strict=True):
        words = layer.m * layer.c * layer.r * layer.s * layer.groups
        dense += run.dense_macs * (
            price.multiply + price.accumulate / (INPUTS * WEIGHTS) + price.weights / WEIGHTS
        )
        dense += run.dense_input_words * price.inputs / INPUTS
        dense += words * 16 * price.dram_bit
        sparse += run.products * (price.multiply + price.accumulate)
        sparse += run.weight_fetches * price.weights + run.input_fetches * price.inputs
        sparse += words * share * (16 + 4) * price.dram_bit
    return dense / sparse
