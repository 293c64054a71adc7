"""The oracle: run the loop nest, hold every tile as a set of words, and count what moves.

This is the definition that the closed form must equal, written to be read: `execute_slowly` walks
every step of every passage, builds each instance's tile element by element, and takes set
differences. `execute` picks it for small nests and its compiled twin (`stepper.py`) for large
ones; a property test holds the two together. Neither shares arithmetic with `cost`.

docs/counting.md states the definition in words.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array
from picojoule.mapping import Actions, Counts, Nest, Transfers, check_loops
from picojoule.simulate.passage import Footprint, Passage, Spread, Stride, passages
from picojoule.workload import Operation

Word = tuple[int, ...]
Words = frozenset[Word]
Place = tuple[int, ...]
Load = tuple[tuple[tuple[Word, ...], int], ...]
"""What one instance of an array asks for: sets of words, sorted, and how often each."""

SMALL_WORK = 20_000
"""Words that `execute` still moves one by one; beyond that it takes the compiled engine."""
LARGEST_SLOW_WORK = 5_000_000
"""Words that `execute_slowly` agrees to touch: some ten seconds."""


@dataclass(slots=True)
class Tally:
    """What one passage moved, over the whole run and all instances.

    Args:
        tile: Words of one instance's tile.
        arrivals: Words that entered the child's instances, from the parent or a neighbour.
        touched: Distinct words that a child instance ever holds, summed over the instances.
        accumulated: Distinct words that reach a parent instance, summed over the parents.
        served: Words that the parent served, after all grouping.
        sends, deliveries, links: The same words by array.
    """

    tile: int = 0
    arrivals: int = 0
    touched: int = 0
    accumulated: int = 0
    served: int = 0
    sends: dict[str, int] = field(default_factory=dict[str, int])
    deliveries: dict[str, int] = field(default_factory=dict[str, int])
    links: dict[str, int] = field(default_factory=dict[str, int])


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
    """Words that a run of this passage touches, one by one."""
    inside = math.prod(stride.bound for stride in passage.inside)
    return passage.steps * passage.instances * inside


def walk(passage: Passage, footprint: Footprint) -> Tally:
    """Run one passage: every parent instance, every step, every child instance, every word."""
    tally = Tally()
    origin = (0,) * len(passage.tensor.axes)
    shape = frozenset(sweep(passage.inside, origin))
    if footprint == "box":
        shape = _box(shape)
    tally.tile = len(shape)
    offsets = list(_places(passage.spreads, origin))
    for base in sweep(passage.above, origin):
        tiles: dict[tuple[Place, ...], Words] = {}
        received: dict[tuple[Place, ...], Words] = {}
        touched: dict[tuple[Place, ...], set[Word]] = {place: set() for place, _ in offsets}
        for now in sweep(passage.time, base):
            new: dict[tuple[Place, ...], Words] = {}
            for place, offset in offsets:
                tile = frozenset(_add(word, _add(now, offset)) for word in shape)
                new[place] = _arriving(passage, tiles.get(place), tile)
                tiles[place] = tile
                touched[place] |= tile
                tally.arrivals += len(new[place])
            tally.served += _serve(passage.spreads, new, received, tally)
            received = new
        tally.touched += sum(map(len, touched.values()))
        tally.accumulated += len(frozenset[Word]().union(*touched.values()))
    return tally


def _arriving(passage: Passage, old: Words | None, tile: Words) -> Words:
    """The words that an instance must receive when its tile becomes `tile`."""
    if old is None or passage.reuse == "none":
        return tile
    if passage.reuse == "tile":
        return frozenset() if tile == old else tile
    return tile - old


def _serve(
    spreads: Sequence[Spread],
    new: dict[tuple[Place, ...], Words],
    received: dict[tuple[Place, ...], Words],
    tally: Tally,
) -> int:
    """Carry one step's words through the arrays, from the inside out; return what is served.

    An array sees what each of its instances needs as one load: the words of the child, or all that
    the next array inwards still asks for. Equal loads travel as one where the array groups.

    Args:
        spreads: Arrays between parent and child, outermost first.
        new: By instance (its place in each array), the words it needs now.
        received: The same for the step before.
        tally: Its counts by array grow.
    """
    loads: dict[tuple[Place, ...], Load] = {
        place: ((tuple(sorted(words)), 1),) for place, words in new.items() if words
    }
    for depth in range(len(spreads) - 1, -1, -1):
        spread = spreads[depth]
        networks: dict[tuple[Place, ...], dict[Place, Load]] = {}
        for place, load in loads.items():
            networks.setdefault(place[:depth], {})[place[depth]] = load
        loads = {}
        for network, members in networks.items():
            if spread.forwards:
                before = {
                    place[depth]: words
                    for place, words in received.items()
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
    times: Counter[tuple[Word, ...]] = Counter()
    for load in loads:
        times.update(dict(load))
    return tuple(sorted(times.items()))


def _size(load: Load) -> int:
    return sum(len(words) * times for words, times in load)


def _forward(
    spread: Spread,
    members: dict[Place, Load],
    before: dict[Place, Words],
    tally: Tally,
) -> dict[Place, Load]:
    """Let instances take what a direct neighbour received one step ago, if that saves reads."""
    seats = {_seat(spread, place): words for place, words in before.items()}
    rest: dict[Place, Load] = {}
    taken = 0
    for place, load in members.items():
        x, y = _seat(spread, place)
        around = ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))
        ((words, _),) = load
        if any(seats.get(seat) == frozenset(words) for seat in around):
            taken += len(words)
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


def sweep(strides: Sequence[Stride], start: Word) -> Iterator[Word]:
    """Yield the coordinates that the loops visit, in order, the last loop fastest."""
    for indices in itertools.product(*(range(stride.bound) for stride in strides)):
        yield tuple(
            coordinate + sum(i * stride.move[a] for i, stride in zip(indices, strides, strict=True))
            for a, coordinate in enumerate(start)
        )


def _places(spreads: Sequence[Spread], origin: Word) -> Iterator[tuple[tuple[Place, ...], Word]]:
    """Yield every instance below the arrays: its place in each array, and its coordinates."""
    ranges = [
        list(itertools.product(*(range(stride.bound) for stride in spread.strides)))
        for spread in spreads
    ]
    strides = [stride for spread in spreads for stride in spread.strides]
    yield from zip(itertools.product(*ranges), sweep(strides, origin), strict=True)


def _add(left: Word, right: Word) -> Word:
    return tuple(a + b for a, b in zip(left, right, strict=True))


def _box(words: Words) -> Words:
    ranges = [range(min(axis), max(axis) + 1) for axis in zip(*words, strict=True)]
    return frozenset(itertools.product(*ranges))


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
        compute_cycles=_cycles(accelerator, nest),
        instances=_instances(accelerator, nest),
        tile_words=tiles,
        accesses=actions,
        transfers=transfers,
    )


def _cycles(accelerator: Accelerator, nest: Nest) -> int:
    arrays = {array.name for array in accelerator.arrays}
    return math.prod(
        loop.bound for level in nest.levels if level.part not in arrays for loop in level.loops
    )


def _instances(accelerator: Accelerator, nest: Nest) -> dict[str, int]:
    active, instances = 1, dict[str, int]()
    for part, level in zip(accelerator.parts[:-1], nest.levels, strict=True):
        instances[part.name] = active
        if isinstance(part, Array):
            active *= math.prod(loop.bound for loop in level.loops)
    instances[accelerator.compute.name] = active
    return instances
