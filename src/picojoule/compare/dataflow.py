"""Dataflow: a rule that lists every mapping it allows, and the best one of them.

A rule lists the mappings of a layer in blocks, many side by side; what they cost follows from
their splits. It leaves out only what another mapping beats whatever else is chosen: a tile with as
many rounds as a smaller one, and less than the most that fits where more only saves accesses. So
the best of the blocks is the best of all.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from picojoule.compare.area import Storage
from picojoule.compare.shape import Shape
from picojoule.compare.split import ByLevel, Prices, Split, input_energy, psum_energy

Whole = NDArray[np.int64]
_EQUAL = 1 + 1e-12
"""Sums of the same terms in another order differ in their last digits."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some legal mappings of one layer, side by side.

    Args:
        parameters: The rule's letters; one number here and below is that of every mapping.
        active_pes: PEs with work, on average over rounds, whose last one may be partial.
        ifmaps, weights, psums: How each data type is reused.
    """

    parameters: Mapping[str, Whole | int]
    active_pes: NDArray[np.float64]
    ifmaps: Split
    weights: Split
    psums: Split

    def energy(self, shape: Shape, prices: Prices) -> dict[str, ByLevel]:
        """Energy of the whole layer by data type, one number per mapping; no MACs."""
        return {
            "ifmaps": input_energy(self.ifmaps, prices).times(shape.ifmaps),
            "weights": input_energy(self.weights, prices).times(shape.weights),
            "psums": psum_energy(self.psums, prices).times(shape.psums),
        }


Score = Callable[[Mapping[str, ByLevel]], Any]
"""What a search makes least, one number per mapping, from the energy by data type."""


@dataclass(frozen=True, slots=True)
class Dataflow:
    """A dataflow of the study.

    Args:
        key: In JSON and Python.
        name: In tables.
        registers: Words of a PE's register file, for a network's layers.
        blocks: Every legal mapping of a layer on some storage; nothing where there is none.
        obstacle: Why there is none, in words.
    """

    key: str
    name: str
    registers: Callable[[Sequence[Shape]], int]
    blocks: Callable[[Shape, Storage], Iterator[Block]]
    obstacle: Callable[[Shape, Storage], str]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The mapping that was chosen, and what it costs."""

    parameters: Mapping[str, int]
    active_pes: float
    energy: Mapping[str, ByLevel]


def total_energy(energy: Mapping[str, ByLevel]) -> Any:
    """The energy of all data types: what the study makes least."""
    return sum(part.total for part in energy.values())


def best_mapping(
    dataflow: Dataflow,
    shape: Shape,
    chip: Storage,
    prices: Prices,
    *,
    score: Score = total_energy,
) -> Chosen | None:
    """The mapping of least score, the one with most active PEs among equals.

    Returns:
        None where the dataflow allows no mapping on this chip.
    """
    best: Chosen | None = None
    least, busiest = np.inf, 0.0
    for block in dataflow.blocks(shape, chip):
        energy = block.energy(shape, prices)
        scores = np.broadcast_to(score(energy), block.active_pes.shape)
        lowest = float(scores.min())
        equals = np.flatnonzero(scores <= lowest * _EQUAL)
        place = int(equals[np.argmax(block.active_pes[equals])])
        busy = float(block.active_pes[place])
        if lowest * _EQUAL < least or (lowest <= least * _EQUAL and busy > busiest):
            least, busiest = min(least, lowest), busy
            best = _pick(block, energy, place)
    return best


def _pick(block: Block, energy: Mapping[str, ByLevel], place: int) -> Chosen:
    def at(values: Any) -> float:
        return float(np.broadcast_to(values, block.active_pes.shape)[place])

    return Chosen(
        {name: int(at(values)) for name, values in block.parameters.items()},
        at(block.active_pes),
        {
            name: ByLevel(at(part.dram), at(part.buffer), at(part.array), at(part.rf))
            for name, part in energy.items()
        },
    )


def rounds(size: int, tile: Whole) -> Whole:
    """How many tiles cover a dimension, the last one perhaps in part."""
    return -(-size // tile)


def tiles(size: int) -> Whole:
    """The smallest tile for each number of rounds: a larger one with as many gains nothing.

    >>> tiles(10)
    array([ 1,  2,  3,  4,  5, 10])
    """
    small = np.arange(1, math.isqrt(size) + 2)
    turns = -(-size // np.concatenate([small, -(-size // small)]))
    return np.unique(-(-size // turns))


def windows(touched: tuple[int, ...]) -> Whole:
    """Tiles of an ofmap's rows or columns, whose ifmap windows overlap.

    None that has no fewer rounds than a smaller tile and reads no less of the ifmap in all.

    >>> windows((0, 3, 4, 5, 6)), windows((0, 1, 2, 3, 4))  # filters of 3 rows and of 1
    (array([1, 2, 3, 4]), array([1, 2, 4]))
    """
    size = len(touched) - 1
    kept: list[int] = []
    least: dict[int, float] = {}
    for tile in range(1, size + 1):
        turns, each = -(-size // tile), touched[tile] / tile
        if each < least.get(turns, np.inf):
            least[turns] = each
            kept.append(tile)
    return np.array(kept, dtype=np.int64)


def grid(*axes: Whole) -> tuple[Whole, ...]:
    """Every combination of some numbers, as one flat array per axis."""
    return tuple(axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))


def keep(legal: NDArray[np.bool_], *arrays: Whole) -> tuple[Whole, ...]:
    """The legal entries of arrays that stand side by side."""
    return tuple(array[legal] for array in arrays)
