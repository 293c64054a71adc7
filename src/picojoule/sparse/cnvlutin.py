"""Cnvlutin: 16 lanes that skip zero activations, beside DaDianNao, whose lanes do not.

Activations lie channel by channel within a pixel, pixel by pixel within a row, in bricks of 16; a
row of a window that has fewer channels than a brick fills bricks with several pixels. DaDianNao
takes a brick per cycle, one activation per lane, and sends it to 16 units of 16 filters. Cnvlutin
gives each lane bricks of its own, of which it takes one non-zero activation per cycle, and at least
one cycle; at the end of each window the lanes wait for the slowest. The first layer, an image
without zeros, runs as before.

Zeros lie anywhere, with the same share in every layer but the first.

Source: albericio2016cnvlutin, Sec. IV; chen2014dadiannao for the baseline.
"""

import math
from collections.abc import Sequence

import numpy as np

from picojoule.cost.sparse import expected_largest
from picojoule.sparse.published import Conv
from picojoule.workload import binomial

BRICK, LANES, FILTERS = 16, 16, 256


def dense_cycles(layer: Conv) -> int:
    """DaDianNao's: a brick per cycle, for 256 filters at a time."""
    return _windows(layer) * bricks(layer)


def skipping_cycles(layer: Conv, share: float, *, least: int = 1) -> float:
    """Cnvlutin's, on average.

    Args:
        layer: A convolution.
        share: Of non-zero activations.
        least: Cycles that a brick takes at least.

    >>> layer = Conv("all", m=256, c=256, p=1, q=1, r=1, s=1)
    >>> dense_cycles(layer), skipping_cycles(layer, 1.0)
    (16, 16.0)
    """
    brick = binomial(BRICK, share)
    for few in range(least):
        brick[least] += brick[few]
        brick[few] = 0.0
    full, rest = divmod(bricks(layer), LANES)
    work = np.ones(1)
    for _ in range(full):
        work = np.convolve(work, brick)
    if not rest:
        return _windows(layer) * expected_largest(work, LANES)
    more = np.convolve(work, brick)  # of the lanes that have one brick more than the others
    fewer = np.concatenate([work, np.zeros(more.size - work.size)])
    reached = np.cumsum(more) ** rest * np.cumsum(fewer) ** (LANES - rest)
    return _windows(layer) * float((1.0 - np.minimum(reached[:-1], 1.0)).sum())


def speedup(layers: Sequence[Conv], zeros: float) -> float:
    """DaDianNao's time over Cnvlutin's, for all convolutions of a network.

    Args:
        layers: The first one reads the image.
        zeros: Share of zeros among the operands of all multiplications, those of the image counted.
    """
    share = 1.0 - zeros_after_the_first(layers, zeros)
    dense = sum(map(dense_cycles, layers))
    first, *others = layers
    sparse = dense_cycles(first) + sum(skipping_cycles(layer, share) for layer in others)
    return dense / sparse


def zeros_after_the_first(layers: Sequence[Conv], zeros: float) -> float:
    """The share in all layers but the first, which has none."""
    macs = [layer.macs for layer in layers]
    return min(1.0, zeros * sum(macs) / sum(macs[1:]))


def zeros_for(layers: Sequence[Conv], wanted: float) -> float:
    """Which share of zeros gives a speed-up, found by halving."""
    low, high = 0.0, 1.0 - layers[0].macs / sum(layer.macs for layer in layers)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if speedup(layers, middle) < wanted else (low, middle)
    return low


def bricks(layer: Conv) -> int:
    """Of one window."""
    if layer.c < BRICK:
        return layer.r * math.ceil(layer.s * layer.c / BRICK)
    return layer.r * layer.s * math.ceil(layer.c / BRICK)


def _windows(layer: Conv) -> int:
    """Windows times passes over the filters."""
    return layer.p * layer.q * math.ceil(layer.m / FILTERS) * layer.groups
