"""Zeros: what the zeros of a layer change on the mapping that was found for it without them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from picojoule.evaluation.result import LayerResult, ZerosResult
from picojoule.hardware import Accelerator
from picojoule.workload import Density


def with_zeros(
    layer: LayerResult, chip: Accelerator, densities: Mapping[str, Density]
) -> LayerResult:
    """Price a mapped layer anew, with the zeros of its tensors.

    Args:
        layer: As mapped: counts and costs without zeros.
        chip: With what it does about zeros.
        densities: By tensor.

    Returns:
        The layer, its costs those with zeros; `zeros` keeps what they were and what was spared.

    Raises:
        PicojouleError: A density does not fit, or cannot be followed on this mapping.
    """
    from picojoule.cost.sparse import price_spared, spare

    spared = spare(layer.operation, chip, layer.nest, layer.counts, densities)
    found = price_spared(layer.operation, chip, layer.nest, layer.counts, spared.counts, densities)
    zeros = ZerosResult(
        densities={name: density.share for name, density in densities.items()},
        spared=spared.counts,
        inexact=spared.inexact,
        dense=layer.costs,
        metadata_bytes=found.metadata_bytes,
    )
    return dataclasses.replace(layer, costs=found.costs, zeros=zeros)


def spared_accesses(zeros: ZerosResult, repeats: int) -> dict[str, Any]:
    """Accesses by memory, tensor, kind and fate, over all repeats."""
    table: dict[str, Any] = {}
    for (memory, tensor), actions in zeros.spared.accesses.items():
        table.setdefault(memory, {})[tensor] = {
            kind: {
                fate: getattr(getattr(actions, kind), fate) * repeats
                for fate in ("actual", "gated", "skipped")
            }
            for kind in ("reads", "fills", "updates")
        }
    return table
