"""Timing: how long passes take, and why a pass takes longer than its multiplications.

A pass starts with loading its filters over their bus, four words at a time, each once for all PEs
that share it; then the first windows of all its input rows come over their bus, one word at a
time; then a PE works through p*q*S products before its first partial sums go up the column. From
there on the slowest of four decides: the products, the inputs still to come, the partial sums that
enter, those that leave. No pass starts before the last has ended.

Filters of the next pass come from DRAM meanwhile. Feature maps do not: the array waits for them.
Source: chen2017jssc, Sec. V and VI; the order of the steps at the start of a pass is our reading.
"""

from typing import Any

import numpy as np

from picojoule.silicon.chip import PassChip
from picojoule.silicon.schedule import Count, PassMapping, filter_blocks, parts, up
from picojoule.silicon.shapes import LayerShape


def pass_cycles(
    chip: PassChip,
    shape: LayerShape,
    mapping: PassMapping,
    *,
    channels: Count,
    filters: Count,
) -> Count:
    """Core cycles of one pass over `channels` and `filters`, of full strips and tiles.

    Args:
        chip, shape: Which chip, which layer.
        mapping: `n`, `e` and `f` of this pass, and how its work is spread.
        channels, filters: At most q*r and p*t.

    >>> from picojoule.silicon.chip import pass_chip
    >>> conv1 = LayerShape(4, 1, 96, 3, 11, 11, 55, 55, 4, 4)
    >>> how = PassMapping(m=96, n=1, e=7, f=55, p=16, q=1, r=1, t=2)
    >>> int(pass_cycles(pass_chip(), conv1, how, channels=1, filters=32))  # 968 + 385 + 189 + 9680
    11222
    """
    # Sets are filled one after another, p filters and q channels each.
    interleaved: Any = np.minimum(filters, mapping.p) * np.minimum(channels, mapping.q)
    rows = channels * shape.rows(mapping.e)
    load = up(filters * channels * shape.height * shape.width, chip.filter_rate)
    first = up(rows * shape.width, chip.ifmap_rate)
    fill = interleaved * shape.width + shape.height * up(channels, mapping.q) - 1 + chip.stages
    products = mapping.n * interleaved * shape.width * mapping.f
    inputs = up(mapping.n * rows * shape.columns(mapping.f), chip.ifmap_rate) - first
    psums = up(mapping.n * filters * mapping.e * mapping.f, chip.psum_rate)
    slowest: Any = np.maximum(np.maximum(products, inputs), psums)
    return load + first + fill + slowest


def processing_cycles(chip: PassChip, shape: LayerShape, mapping: PassMapping) -> Count:
    """Core cycles of all passes of a layer, ragged ones at their own length."""
    p, q, r, t = mapping.p, mapping.q, mapping.r, mapping.t
    channel_rest = shape.channels % (q * r)
    blocks = filter_blocks(shape, mapping)
    filter_rest = shape.filters % (p * t)
    total: Count = 0
    for strips, e in parts(shape.e, mapping.e):
        for tiles, f in parts(shape.f, mapping.f):
            part = PassMapping(mapping.m, mapping.n, e, f, p, q, r, t)
            for channels, turns in (
                (q * r, shape.channels // (q * r)),
                (channel_rest, np.minimum(channel_rest, 1)),
            ):
                for filters, count in (
                    (p * t, blocks - np.minimum(filter_rest, 1)),
                    (filter_rest, np.minimum(filter_rest, 1)),
                ):
                    cycles = pass_cycles(chip, shape, part, channels=channels, filters=filters)
                    total = total + strips * tiles * turns * count * cycles
    return total * shape.groups * (shape.images // mapping.n)


def total_latency_s(chip: PassChip, processing_s: Any, fmap_bytes: Any, filter_bytes: Any) -> Any:
    """Seconds of a layer: filters come while the array works, feature maps before and after."""
    fmaps_s = fmap_bytes / chip.link_bytes_per_s
    return np.maximum(processing_s, filter_bytes / chip.link_bytes_per_s) + fmaps_s
