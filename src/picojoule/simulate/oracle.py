"""The oracle: run the loop nest, hold every tile as a set of words, and count what moves.

This is the definition that the closed form must equal, written to be read: `execute_slowly` walks
every step of every passage, finds which iterations each instance has there, builds its tile
element by element, and takes set differences. `execute` picks it for small nests and its compiled
twin (`stepper.py`) for large ones; a property test holds the two together. Neither shares
arithmetic with `cost`.

docs/counting.md states the definition in words.
"""

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Protocol, Self

from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator
from picojoule.mapping import Counts, Nest, check_loops
from picojoule.simulate.passage import Footprint, Passage, Place, Spread, Stride, passages
from picojoule.simulate.tally import Tally, active_by_loop, settle
from picojoule.workload import Operation

Word = tuple[int, ...]
Words = frozenset[Word]
Block = dict[str, range]
"""Iterations of each dimension."""


class Sized(Hashable, Protocol):
    """A set of words under any name that can be compared: how many words it has, and its order."""

    def __len__(self) -> int: ...

    def __lt__(self, other: Self, /) -> bool: ...


Load = tuple[tuple[Sized, int], ...]
"""What one instance of an array asks for: sets of words, sorted, and how often each."""

SMALL_WORK = 20_000
"""Words that `execute` still moves one by one; beyond that it takes the compiled engine."""
LARGEST_SLOW_WORK = 5_000_000
"""Words that `execute_slowly` agrees to touch: some ten seconds."""


def execute(
    operation: Operation,
    accelerator: Accelerator,
    nest: Nest,
    *,
    footprint: Footprint = "points",
    elide_first_read: bool = True,
) -> Counts:
    """Run the nest and count every action; the slow engine for small nests, else the compiled one.

    Args:
        operation: What is computed.
        accelerator: Where.
        nest: In which order; its loops must fit (capacities are not looked at).
        footprint: "points" holds exactly the words that are used, "box" also the gaps between.
        elide_first_read: Whether the first accumulation into a word reads nothing.

    Returns:
        Totals over all active instances, exact.

    Raises:
        MappingError: The nest does not fit the operation or the chip.
        Unsupported: More steps than can be executed in reasonable time.
    """
    check_loops(operation, accelerator, nest)
    if sum(map(work, passages(operation, accelerator, nest))) <= SMALL_WORK:
        return execute_slowly(
            operation, accelerator, nest, footprint=footprint, elide_first_read=elide_first_read
        )
    from picojoule.simulate.stepper import execute_compiled

    return execute_compiled(
        operation, accelerator, nest, footprint=footprint, elide_first_read=elide_first_read
    )


def execute_slowly(
    operation: Operation,
    accelerator: Accelerator,
    nest: Nest,
    *,
    footprint: Footprint = "points",
    elide_first_read: bool = True,
) -> Counts:
    """Run the nest element by element: the definition of the counts. Arguments as `execute`.

    Raises:
        MappingError: The nest does not fit the operation or the chip.
        Unsupported: The run would touch more than `LARGEST_SLOW_WORK` words.
    """
    check_loops(operation, accelerator, nest)
    ways = tuple(passages(operation, accelerator, nest))
    total = sum(map(work, ways))
    if total > LARGEST_SLOW_WORK:
        raise Unsupported(
            "nest is too large to run element by element",
            where=f"operation {operation.name!r} on {accelerator.name!r}",
            got=f"{total} words to touch",
            expected=f"at most {LARGEST_SLOW_WORK}",
            fix="call `execute`, which takes the compiled engine, or shrink the operation",
        )
    tallies = tuple(walk(passage, footprint) for passage in ways)
    return settle(operation, accelerator, nest, ways=ways, tallies=tallies, elide=elide_first_read)


def work(passage: Passage) -> int:
    """Words that a run of this passage touches, one by one; somewhat fewer where it is ragged."""
    inside = math.prod(passage.tile[dim] for dim in passage.tensor.dims)
    return passage.steps * passage.instances * inside


def walk(passage: Passage, footprint: Footprint) -> Tally:
    """Run one passage: every step, every parent instance, every child instance, every word."""
    whole = {dim: range(length) for dim, length in passage.tile.items()}
    tally = Tally(tile=len(tile_of(passage, whole, footprint)))
    parents = {base: _Held() for base in itertools.product(*map(all_indices, passage.above))}
    places = list(itertools.product(*map(all_places, passage.spreads)))
    for now in itertools.product(*map(all_indices, passage.time)):
        blocks = {
            (base, place): block_at(passage, (*now, *base, *itertools.chain(*place)))
            for base in parents
            for place in places
        }
        if not any(blocks.values()):
            continue
        tally.steps += 1
        for base, held in parents.items():
            new: dict[tuple[Place, ...], Load] = {}
            for place in places:
                block = blocks[base, place]
                if block is None:
                    continue  # nothing to do: it asks for nothing and keeps what it holds
                tile = tile_of(passage, block, footprint)
                arriving = arriving_words(passage, held.tiles.get(place), tile)
                held.tiles[place] = tile
                held.touched.setdefault(place, set()).update(tile)
                tally.arrivals += len(arriving)
                if arriving:
                    new[place] = ((tuple(sorted(arriving)), 1),)
            tally.served += serve(passage.spreads, new, held.received, tally)
            held.received = new
    busy = [(base, place) for base, held in parents.items() for place in held.touched]
    tally.active = active_by_loop(passage, busy)
    for held in parents.values():
        tally.touched += sum(map(len, held.touched.values()))
        tally.accumulated += len(frozenset[Word]().union(*held.touched.values()))
    return tally


@dataclass(slots=True)
class _Held:
    """What the instances below one parent hold, received last, and ever had, by their place."""

    tiles: dict[tuple[Place, ...], Words] = field(default_factory=dict[tuple[Place, ...], Words])
    received: dict[tuple[Place, ...], Load] = field(default_factory=dict[tuple[Place, ...], Load])
    touched: dict[tuple[Place, ...], set[Word]] = field(
        default_factory=dict[tuple[Place, ...], set[Word]]
    )


def all_indices(stride: Stride) -> range:
    """Every index that a loop may have."""
    return range(stride.bound)


def all_places(spread: Spread) -> list[Place]:
    """The place of every instance in one array: an index for each of its loops."""
    return list(itertools.product(*map(all_indices, spread.strides)))


def block_at(passage: Passage, indices: Sequence[int]) -> Block | None:
    """Which iterations of each dimension an instance has, all loops outside standing at `indices`.

    Returns:
        None where a dimension has none: the instance has nothing to do.
    """
    block = {dim: range(size) for dim, size in passage.sizes.items()}
    standing = zip(passage.outside, indices, strict=True)
    for stride, index in sorted(standing, key=lambda pair: pair[0].depth):
        start = index * stride.piece
        block[stride.dim] = block[stride.dim][start : start + stride.piece]
    return block if all(block.values()) else None


def tile_of(passage: Passage, block: Block, footprint: Footprint) -> Words:
    """All words that the iterations of a block touch."""
    axes: list[set[int]] = []
    for axis in passage.tensor.axes:
        runs = (
            [term.coefficient * iteration for iteration in block[term.dim]] for term in axis.terms
        )
        axes.append({sum(parts) for parts in itertools.product(*runs)})
    words = frozenset(itertools.product(*axes))
    return _box(words) if footprint == "box" else words


def arriving_words(passage: Passage, old: Words | None, tile: Words) -> Words:
    """The words that an instance must receive when its tile becomes `tile`."""
    if old is None or passage.reuse == "none":
        return tile
    if passage.reuse == "tile":
        return frozenset() if tile == old else tile
    return tile - old


def serve(
    spreads: Sequence[Spread],
    loads: dict[tuple[Place, ...], Load],
    received: dict[tuple[Place, ...], Load],
    tally: Tally,
) -> int:
    """Carry one step's words through the arrays, from the inside out; return what is served.

    An array sees what each of its instances needs as one load: the words of the child, or all that
    the next array inwards still asks for. Equal loads travel as one where the array groups.

    Args:
        spreads: Arrays between parent and child, outermost first.
        loads: By instance (its place in each array), what it needs now, if anything.
        received: The same for the step before.
        tally: Its counts by array grow.
    """
    for depth in range(len(spreads) - 1, -1, -1):
        spread = spreads[depth]
        networks: dict[tuple[Place, ...], dict[Place, Load]] = {}
        for place, load in loads.items():
            networks.setdefault(place[:depth], {})[place[depth]] = load
        loads = {}
        for network, members in networks.items():
            if spread.forwards:
                before = {
                    place[depth]: load
                    for place, load in received.items()
                    if place[:depth] == network
                }
                members = _forward(spread, members, before, tally)
            arriving = list(members.values())
            sent = list(set(arriving)) if spread.groups else arriving
            loads[network] = _joined(sent)
            _count(tally.deliveries, spread.name, arriving)
            _count(tally.sends, spread.name, sent)
    return sum(map(_size, loads.values()))


def _joined(loads: Sequence[Load]) -> Load:
    """All that the instances below ask for together, in an order that tells equal loads."""
    times: Counter[Sized] = Counter()
    for load in loads:
        times.update(dict(load))
    return tuple(sorted(times.items(), key=itemgetter(0)))


def _size(load: Load) -> int:
    return sum(len(words) * times for words, times in load)


def _forward(
    spread: Spread,
    members: dict[Place, Load],
    before: dict[Place, Load],
    tally: Tally,
) -> dict[Place, Load]:
    """Let instances take what a direct neighbour received one step ago, if that saves reads."""
    seats = {_seat(spread, place): load for place, load in before.items()}
    rest: dict[Place, Load] = {}
    taken = 0
    for place, load in members.items():
        x, y = _seat(spread, place)
        around = ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))
        if any(seats.get(seat) == load for seat in around):
            taken += _size(load)
        else:
            rest[place] = load
    if _words_read(spread, rest) < _words_read(spread, members):
        tally.links[spread.name] = tally.links.get(spread.name, 0) + taken
        return rest
    return members


def _words_read(spread: Spread, members: dict[Place, Load]) -> int:
    loads = list(members.values())
    return sum(map(_size, set(loads) if spread.groups else loads))


def _seat(spread: Spread, place: Place) -> tuple[int, int]:
    """Where an instance sits: its index along x and along y, the outermost loop slowest."""
    seat = {"x": 0, "y": 0}
    for index, stride in zip(place, spread.strides, strict=True):
        assert stride.axis is not None
        seat[stride.axis] = seat[stride.axis] * stride.bound + index
    return seat["x"], seat["y"]


def _count(counts: dict[str, int], name: str, loads: Sequence[Load]) -> None:
    counts[name] = counts.get(name, 0) + sum(map(_size, loads))


def _box(words: Words) -> Words:
    ranges = [range(min(axis), max(axis) + 1) for axis in zip(*words, strict=True)]
    return frozenset(itertools.product(*ranges))
