"""Tally: what one passage moved; settle all of them and they are the counts.

Both engines of the oracle keep tallies, passage by passage.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from picojoule.hardware import Accelerator, Array
from picojoule.mapping import Actions, Counts, Nest, Transfers
from picojoule.simulate.passage import Passage, Place
from picojoule.workload import Operation


@dataclass(slots=True)
class Tally:
    """What one passage moved, over the whole run and all instances.

    Args:
        steps: Steps at which some instance had work.
        tile: Words of one instance's tile.
        arrivals: Words that entered the child's instances, from the parent or a neighbour.
        touched: Distinct words that a child instance ever holds, summed over the instances.
        accumulated: Distinct words that reach a parent instance, summed over the parents.
        served: Words that the parent served, after all grouping.
        active: Instances of the child that ever had work, `(loop + 1,)`: as all spatial loops above
            it tell them apart, last, and before that as the outer ones alone do, from none on.
        sends, deliveries, links: The same words by array.
    """

    steps: int = 0
    tile: int = 0
    arrivals: int = 0
    touched: int = 0
    accumulated: int = 0
    served: int = 0
    active: tuple[int, ...] = ()
    sends: dict[str, int] = field(default_factory=dict[str, int])
    deliveries: dict[str, int] = field(default_factory=dict[str, int])
    links: dict[str, int] = field(default_factory=dict[str, int])


def active_by_loop(
    passage: Passage, busy: Iterable[tuple[Place, tuple[Place, ...]]]
) -> tuple[int, ...]:
    """Sum up which instances ever had work: by their parent, and their place in each array."""
    indices = [(*base, *itertools.chain(*place)) for base, place in busy]
    loops = range(len(passage.spatial) + 1)
    return tuple(len({index[:outer] for index in indices}) for outer in loops)


def settle(
    operation: Operation,
    accelerator: Accelerator,
    nest: Nest,
    *,
    ways: Sequence[Passage],
    tallies: Sequence[Tally],
    elide: bool,
) -> Counts:
    """Turn the tallies of all passages into counts by part and tensor."""
    actions: dict[tuple[str, str], Actions] = {}
    tiles: dict[tuple[str, str], int] = {}
    transfers: dict[tuple[str, str], Transfers] = {}
    for passage, tally in zip(ways, tallies, strict=True):
        name, is_output = passage.tensor.name, passage.tensor.is_output
        if passage.parent is not None:
            key = (passage.parent, name)
            before = actions[key]
            spared = tally.accumulated if is_output and elide else 0
            actions[key] = Actions(
                reads=before.reads + tally.served - spared,
                fills=before.fills,
                updates=tally.served if is_output else 0,
            )
        for spread in passage.spreads:
            sends, deliveries = tally.sends[spread.name], tally.deliveries[spread.name]
            transfers[spread.name, name] = Transfers(
                sends=sends,
                deliveries=deliveries,
                reductions=deliveries - sends if is_output else 0,
                links=tally.links.get(spread.name, 0),
            )
        if passage.stores:
            key = (passage.child, name)
            tiles[key] = tally.tile
            spared = tally.touched if is_output and elide else 0
            fills = 0 if passage.parent is None else tally.arrivals - spared
            actions[key] = Actions(reads=sum(tally.links.values()), fills=fills)
    return Counts(
        steps=operation.steps,
        compute_cycles=tallies[-1].steps,
        instances=_instances(accelerator, nest, tallies[-1].active),
        tile_words=tiles,
        accesses=actions,
        transfers=transfers,
    )


def _instances(accelerator: Accelerator, nest: Nest, active: Sequence[int]) -> dict[str, int]:
    """Instances of each part below which some compute unit ever had work."""
    outside, instances = 0, dict[str, int]()
    for part, level in zip(accelerator.parts[:-1], nest.levels, strict=True):
        instances[part.name] = active[outside]
        if isinstance(part, Array):
            outside += sum(loop.bound > 1 for loop in level.loops)
    instances[accelerator.compute.name] = active[outside]
    return instances
