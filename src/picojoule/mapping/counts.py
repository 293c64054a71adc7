"""Counts: how often each part of a chip acts while a nest runs. Exact integers, no prices.

Both witnesses return this type: the closed form (`cost`) and the oracle that executes the nest
(`simulate`). Counts are totals over all instances of a part, in words of the tensor.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actions:
    """What all instances of one memory do for one tensor that they keep, in words.

    Args:
        reads: Words served inwards, or read back to add to a partial sum. The first accumulation
            into a word reads nothing.
        fills: Words brought in from the next outer memory that keeps the tensor.
        updates: Results and partial sums taken from inside; 0 for inputs and weights.
    """

    reads: int = 0
    fills: int = 0
    updates: int = 0


@dataclass(frozen=True, slots=True)
class Transfers:
    """What one array carries for one tensor, in words.

    Args:
        sends: Words that enter the array from outside (or leave it), each multicast word once.
        deliveries: Words that arrive at (or come from) instances, each instance counted,
            forwarded words not included.
        reductions: Additions of two partial sums on their way out.
        links: Words that instances took from a direct neighbour.
    """

    sends: int = 0
    deliveries: int = 0
    reductions: int = 0
    links: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """All actions of one operation under one nest.

    Args:
        steps: Inner steps (MACs) of the whole operation.
        compute_cycles: Steps in sequence at which some compute unit has work: the product of all
            temporal bounds where they divide.
        instances: Instances that ever have work, by part name: memories, arrays (one per array
            network) and the compute unit; the product of the spatial bounds where they divide.
        tile_words: (memory, tensor) -> words of the tile that one instance keeps, at its largest.
        accesses: (memory, tensor) -> actions; only pairs where the memory keeps the tensor.
        transfers: (array, tensor) -> transfers, for every tensor.
    """

    steps: int
    compute_cycles: int
    instances: Mapping[str, int]
    tile_words: Mapping[tuple[str, str], int]
    accesses: Mapping[tuple[str, str], Actions]
    transfers: Mapping[tuple[str, str], Transfers]
