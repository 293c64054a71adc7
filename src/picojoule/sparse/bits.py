"""Bits: what short words save on a bit-serial machine and on a precision-scalable multiplier.

Stripes takes an activation bit by bit: 16 windows at a time, each as many cycles as the layer's
activations have bits, beside DaDianNao, which takes one window per cycle.

The scalable multiplier of Moons et al. switches off what short words do not need: activity falls
with the widths. What is left has a shorter critical path, so at the same clock the supply can fall.
Energy ~ activity x V^2; the activity of a multiplier in proportion to the product of the two
widths, that of everything else to their mean. `lowest_supply_v` is what the path alone would allow:
delay ~ V / (V - V_T)^a, the path as long as both operands together.

Source: judd2016stripes, Sec. III; moons2016; the survey sze2017, Sec. VII-A, for the results.
"""

import math
from collections.abc import Mapping, Sequence

from picojoule.sparse.cnvlutin import FILTERS, bricks, dense_cycles
from picojoule.sparse.published import Conv

BITS, WINDOWS = 16, 16
NOMINAL_V, THRESHOLD_V, ALPHA = 1.1, 0.45, 1.5
"""Supply at 16 bits (moons2016; recalled); threshold and exponent are assumed."""


def serial_cycles(layer: Conv, bits: int) -> int:
    """Stripes' cycles: windows in groups of 16, a cycle per bit.

    >>> serial_cycles(Conv("one", m=256, c=16, p=4, q=4, r=1, s=1), bits=5)
    5
    """
    window = bricks(layer) * math.ceil(layer.m / FILTERS)
    return math.ceil(layer.p * layer.q / WINDOWS) * window * layer.groups * bits


def serial_speedup(parts: Sequence[Sequence[Conv]], bits: Sequence[int]) -> float:
    """Time of 16-bit words over that of each part's own bits, for all convolutions of a network."""
    dense = sum(dense_cycles(layer) for part in parts for layer in part)
    serial = sum(
        serial_cycles(layer, width)
        for part, width in zip(parts, bits, strict=True)
        for layer in part
    )
    return dense / serial


def ideal_speedup(parts: Sequence[Sequence[Conv]], bits: Sequence[int]) -> float:
    """The same if every lane always had work: by multiply-accumulates alone."""
    macs = [sum(layer.macs for layer in part) for part in parts]
    return BITS * sum(macs) / sum(n * width for n, width in zip(macs, bits, strict=True))


def lowest_supply_v(weight_bits: int, input_bits: int) -> float:
    """The lowest supply at which the shorter path still meets the clock of 16 bits.

    >>> lowest_supply_v(16, 16)
    1.1
    """
    path = (weight_bits + input_bits) / (2 * BITS)
    if path >= 1.0:
        return NOMINAL_V
    allowed = _delay(NOMINAL_V) / path
    low, high = THRESHOLD_V + 1e-6, NOMINAL_V
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _delay(middle) > allowed else (low, middle)
    return high


def _delay(supply: float) -> float:
    return supply / (supply - THRESHOLD_V) ** ALPHA


def scaled_energy(
    weight_bits: int, input_bits: int, *, supply_v: float, multiplier_share: float = 0.0
) -> float:
    """Energy of short words over that of 16 bits.

    Args:
        weight_bits, input_bits: Of the operands.
        supply_v: That the short words run at.
        multiplier_share: Of the energy at 16 bits that the multipliers take.

    >>> scaled_energy(8, 8, supply_v=1.1), scaled_energy(8, 8, supply_v=1.1, multiplier_share=1.0)
    (0.5, 0.25)
    """
    product = weight_bits * input_bits / BITS**2
    mean = (weight_bits + input_bits) / (2 * BITS)
    activity = multiplier_share * product + (1 - multiplier_share) * mean
    return activity * (supply_v / NOMINAL_V) ** 2


def scalable_gain(
    layers: Sequence[Conv],
    bits: Mapping[str, tuple[int, int]],
    *,
    supply_v: float | None = None,
    multiplier_share: float = 0.0,
) -> float:
    """Energy at 16 bits over that at each layer's own bits, weighted by multiply-accumulates.

    Args:
        layers: Of the network.
        bits: (weights, inputs) of each layer.
        supply_v: That short words run at; None takes the lowest that each layer's path allows.
        multiplier_share: As for `scaled_energy`.
    """
    short = 0.0
    for layer in layers:
        supply = lowest_supply_v(*bits[layer.name]) if supply_v is None else supply_v
        short += layer.macs * scaled_energy(
            *bits[layer.name], supply_v=supply, multiplier_share=multiplier_share
        )
    return sum(layer.macs for layer in layers) / short
