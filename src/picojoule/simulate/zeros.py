"""Zeros: run the nest on tensors with real zeros and see which actions they spare.

The definition that `cost.sparse` must equal. The run is the dense one, step by step: zeros change
what an action costs, never when it happens in the nest's order.

- A step (MAC) is skipped where an operand of a role that the compute unit skips on is zero; else
  it is gated where one that it gates on is zero; else it is actual.
- Where a memory serves the compute unit, an access serves one step, or, where an array joins equal
  words, several. It is skipped if the memory's rules skip it for each of these steps; else gated if
  they skip or gate it for each; else actual. A memory that compresses a role skips its zero words.
- Between memories, a zero word is not read where the outer one compresses the role, not filled
  where the inner one does, and not carried where both do. The outer one's rules skip (or gate) a
  word, with its transfers and its fill, if they do so for every step of the whole operation.
- Partial sums between memories move whole. Zero results are not written where the outermost memory
  compresses outputs.
- A first accumulation reads nothing, whatever zeros do.
- After every `lane_steps` steps in sequence the compute units wait for the one with most steps that
  take time.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Memory
from picojoule.mapping import (
    Nest,
    SparedActions,
    SparedCounts,
    SparedTransfers,
    Split,
    check_loops,
)
from picojoule.simulate.oracle import (
    LARGEST_SLOW_WORK,
    Word,
    Words,
    all_indices,
    all_places,
    arriving_words,
    block_at,
    tile_of,
    work,
)
from picojoule.simulate.passage import Passage, Place, passages
from picojoule.workload import Operation, Role, Tensor

Masks = Mapping[str, NDArray[np.bool_]]
"""By tensor: where it is not zero, padding included."""
Item = TypeVar("Item")
ACTUAL, GATED, SKIPPED = 0, 1, 2


def execute_with_zeros(
    operation: Operation, accelerator: Accelerator, nest: Nest, nonzero: Masks
) -> SparedCounts:
    """Run the nest on actual zeros and count what they spare.

    Args:
        operation, accelerator, nest: As for `execute`.
        nonzero: By name of a tensor; one that is missing has no zeros.

    Returns:
        Whole numbers, over all instances.

    Raises:
        MappingError: The nest does not fit the operation or the chip.
        Unsupported: The run is too large, or neighbours forward words.
    """
    check_loops(operation, accelerator, nest)
    ways = tuple(passages(operation, accelerator, nest))
    _check(operation, accelerator, ways)
    run = _Run(operation, accelerator, nonzero)
    for passage in ways:
        if passage.parent is None:
            run.reads[passage.child, passage.tensor.name] = Counter()
        elif passage.stores:
            run.walk_memory(passage)
        else:
            run.walk_compute(passage)
    steps, compute_steps = run.walk_lanes(ways[-1])
    return SparedCounts(
        steps=_split(steps),
        compute_steps=compute_steps,
        accesses={
            key: SparedActions(
                _split(run.reads[key]),
                _split(run.fills.get(key, Counter())),
                _split(run.updates.get(key, Counter())),
            )
            for key in run.reads
        },
        transfers={
            key: SparedTransfers(
                _split(run.sends[key]),
                _split(run.deliveries[key]),
                _split(run.deliveries[key] - run.sends[key])
                if key[1] == operation.output.name and run.reduces[key[0]]
                else Split(),
            )
            for key in run.sends
        },
    )


def _split(counts: Counter[int]) -> Split:
    return Split(counts[ACTUAL], counts[GATED], counts[SKIPPED])


def _check(operation: Operation, accelerator: Accelerator, ways: Sequence[Passage]) -> None:
    total = sum(map(work, ways))
    where = f"operation {operation.name!r} on {accelerator.name!r}"
    if total > LARGEST_SLOW_WORK:
        raise Unsupported(
            "nest is too large to run element by element",
            where=where,
            got=f"{total} words to touch",
            expected=f"at most {LARGEST_SLOW_WORK}",
            fix="shrink the operation, or trust `cost.sparse` on this one",
        )
    if any(spread.forwards for passage in ways for spread in passage.spreads):
        raise Unsupported(
            "zeros are not followed where neighbours forward words",
            where=where,
            got="an array with `forwarding`",
            expected="arrays without",
            fix="remove `forwarding` from the array",
        )


Key = tuple[str, str]
Counts = dict[Key, Counter[int]]


@dataclass(slots=True)
class _Run:
    """What all passages counted: (part, tensor) -> fate -> how often."""

    operation: Operation
    accelerator: Accelerator
    nonzero: Masks
    reads: Counts = field(default_factory=dict[Key, Counter[int]])
    fills: Counts = field(default_factory=dict[Key, Counter[int]])
    updates: Counts = field(default_factory=dict[Key, Counter[int]])
    sends: Counts = field(default_factory=dict[Key, Counter[int]])
    deliveries: Counts = field(default_factory=dict[Key, Counter[int]])
    reduces: dict[str, bool] = field(default_factory=dict[str, bool])

    def memory(self, name: str | None) -> Memory:
        return next(memory for memory in self.accelerator.memories if memory.name == name)

    def is_zero(self, tensor: Tensor, word: Word) -> bool:
        mask = self.nonzero.get(tensor.name)
        return mask is not None and not mask[word]

    def begin(self, passage: Passage) -> None:
        for spread in passage.spreads:
            self.sends[spread.name, passage.tensor.name] = Counter()
            self.deliveries[spread.name, passage.tensor.name] = Counter()
            if passage.tensor.is_output:
                self.reduces[spread.name] = spread.groups

    def walk_memory(self, passage: Passage) -> None:
        """Fill one memory from the next outer one."""
        self.begin(passage)
        parent, tensor = self.memory(passage.parent), passage.tensor
        child = self.memory(passage.child)
        zeros_known = not tensor.is_output
        outer = zeros_known and parent.format_of(tensor.role) != "none"
        inner = zeros_known and child.format_of(tensor.role) != "none"
        fates = self.fates_of_words(parent, tensor)
        served, arrived, touched, first = Counter[int](), Counter[int](), 0, 0
        reached, held = set[Word](), dict[tuple[Place, ...], Words]()
        for base, instances in _by_parent(passage):
            received = set[Word]()
            for now in itertools.product(*map(all_indices, passage.time)):
                loads: dict[tuple[Place, ...], Words] = {}
                for place in instances:
                    block = block_at(passage, (*now, *base, *itertools.chain(*place)))
                    if block is None:
                        continue
                    tile = tile_of(passage, block, "points")
                    new = arriving_words(passage, held.get(place), tile)
                    held[place] = tile
                    received |= new
                    for word in new:
                        zero = inner and self.is_zero(tensor, word)
                        arrived[SKIPPED if zero else fates.get(word, ACTUAL)] += 1
                    if new:
                        loads[place] = new
                for words in self._carry(passage, loads, fates, spared=outer and inner):
                    for word in words:
                        zero = outer and self.is_zero(tensor, word)
                        served[SKIPPED if zero else fates.get(word, ACTUAL)] += 1
            touched += sum(_touched(passage, base, place) for place in instances)
            reached |= received
            first += len(received)  # first accumulations, which read nothing
            held.clear()
        key = (parent.name, tensor.name)
        self.fills[child.name, tensor.name] = arrived
        self.reads[child.name, tensor.name] = Counter()
        self.reads[key] = self.reads[key] + served
        if tensor.is_output:
            arrived[ACTUAL] -= touched
            self.updates[key] = Counter(served)
            self.reads[key] = Counter({ACTUAL: served[ACTUAL] - first})
            if parent is self.accelerator.memories[0] and parent.format_of("outputs") != "none":
                zeros = sum(self.is_zero(tensor, word) for word in reached)
                self.updates[key] = Counter({ACTUAL: served[ACTUAL] - zeros, SKIPPED: zeros})

    def fates_of_words(self, parent: Memory, tensor: Tensor) -> dict[Word, int]:
        """What the outer memory's rules make of each word: the strongest fate of all its steps."""
        skipping = set(dict(parent.skipping).get(tensor.role, ()))
        gating = set(dict(parent.gating).get(tensor.role, ()))
        fates: dict[Word, int] = {}
        if tensor.is_output or not skipping | gating:
            return fates
        names = [dim for dim, _ in self.operation.dims]
        for indices in itertools.product(*(range(size) for _, size in self.operation.dims)):
            point = dict(zip(names, indices, strict=True))
            word = _word(tensor, point)
            fates[word] = min(fates.get(word, SKIPPED), self._fate(point, skipping, gating))
        return fates

    def _carry(
        self,
        passage: Passage,
        loads: dict[tuple[Place, ...], Words],
        fates: Mapping[Word, int],
        *,
        spared: bool,
    ) -> list[Words]:
        """Carry what instances receive in one step through the arrays; return what is served."""
        carried: dict[tuple[Place, ...], list[Words]] = {p: [words] for p, words in loads.items()}
        for depth in range(len(passage.spreads) - 1, -1, -1):
            spread = passage.spreads[depth]
            outer: dict[tuple[Place, ...], list[Words]] = {}
            for network, members in _networks(carried, depth):
                sent = _distinct(members) if spread.groups else members
                outer[network] = [words for load in sent for words in load]
                for counts, some in ((self.deliveries, members), (self.sends, sent)):
                    for word in (word for load in some for words in load for word in words):
                        zero = spared and self.is_zero(passage.tensor, word)
                        fate = SKIPPED if zero else fates.get(word, ACTUAL)
                        counts[spread.name, passage.tensor.name][fate] += 1
            carried = outer
        return [words for load in carried.values() for words in load]

    def walk_compute(self, passage: Passage) -> None:
        """Serve the compute units step by step."""
        self.begin(passage)
        parent, tensor = self.memory(passage.parent), passage.tensor
        key = (parent.name, tensor.name)
        skipping = set(dict(parent.skipping).get(tensor.role, ()))
        if parent.format_of(tensor.role) != "none" and not tensor.is_output:
            skipping.add(tensor.role)
        gating = set(dict(parent.gating).get(tensor.role, ()))
        reads, updates = self.reads[key], Counter[int]()
        for base, instances in _by_parent(passage):
            seen = set[Word]()
            for now in itertools.product(*map(all_indices, passage.time)):
                loads: dict[tuple[Place, ...], list[tuple[Word, int]]] = {}
                for place in instances:
                    point = self._point(passage, (*now, *base, *itertools.chain(*place)))
                    if point is not None:
                        fate = self._fate(point, skipping, gating)
                        loads[place] = [(_word(tensor, point), fate)]
                for word, fate in self._join(passage, loads):
                    if tensor.is_output:
                        updates[fate] += 1
                        if word not in seen:
                            seen.add(word)
                            continue
                    reads[fate] += 1
        if tensor.is_output:
            self.updates[key] = updates

    def _join(
        self, passage: Passage, loads: dict[tuple[Place, ...], list[tuple[Word, int]]]
    ) -> list[tuple[Word, int]]:
        """Join equal words of one step, array by array; the strongest fate wins."""
        for depth in range(len(passage.spreads) - 1, -1, -1):
            spread = passage.spreads[depth]
            outer: dict[tuple[Place, ...], list[tuple[Word, int]]] = {}
            for network, members in _networks(loads, depth):
                sent = _merged(members) if spread.groups else members
                outer[network] = [item for load in sent for item in load]
                for counts, some in ((self.deliveries, members), (self.sends, sent)):
                    counts[spread.name, passage.tensor.name].update(
                        fate for load in some for _, fate in load
                    )
            loads = outer
        return [item for load in loads.values() for item in load]

    def _point(self, passage: Passage, indices: Sequence[int]) -> dict[str, int] | None:
        """The one iteration that a compute unit does in a step."""
        block = block_at(passage, indices)
        return None if block is None else {dim: run[0] for dim, run in block.items()}

    def _fate(self, point: Mapping[str, int], skipping: set[Role], gating: set[Role]) -> int:
        """What becomes of an action that serves this iteration."""
        zero = {
            tensor.role
            for tensor in self.operation.tensors[:-1]
            if self.is_zero(tensor, _word(tensor, point))
        }
        return SKIPPED if zero & skipping else GATED if zero & gating else ACTUAL

    def walk_lanes(self, passage: Passage) -> tuple[Counter[int], int]:
        """Let every compute unit do its steps; all wait after each group of them."""
        compute = self.accelerator.compute
        steps, total, count = Counter[int](), 0, 0
        lanes: Counter[tuple[int, ...]] = Counter()
        spatial = list(itertools.product(*map(all_indices, passage.spatial)))
        for now in itertools.product(*map(all_indices, passage.time)):
            busy = False
            for place in spatial:
                point = self._point(passage, (*now, *place))
                if point is None:
                    continue
                busy = True
                fate = self._fate(point, set(compute.skipping), set(compute.gating))
                steps[fate] += 1
                lanes[place] += fate != SKIPPED
            count += busy
            if busy and count % compute.lane_steps == 0:
                total, lanes = total + max(lanes.values()), Counter()
        return steps, total + max(lanes.values(), default=0)


def _by_parent(passage: Passage) -> Iterator[tuple[Place, list[tuple[Place, ...]]]]:
    """Each parent instance with the places of its child instances."""
    places = list(itertools.product(*map(all_places, passage.spreads)))
    for base in itertools.product(*map(all_indices, passage.above)):
        yield base, places


def _networks(
    loads: Mapping[tuple[Place, ...], list[Item]], depth: int
) -> Iterator[tuple[tuple[Place, ...], list[list[Item]]]]:
    """Group loads by the network of the array at `depth` that carries them."""
    networks: dict[tuple[Place, ...], list[list[Item]]] = {}
    for place, load in loads.items():
        networks.setdefault(place[:depth], []).append(load)
    yield from networks.items()


def _distinct(members: Sequence[list[Words]]) -> list[list[Words]]:
    """Equal loads once."""
    kept: dict[tuple[tuple[Word, ...], ...], list[Words]] = {}
    for load in members:
        kept.setdefault(tuple(sorted(tuple(sorted(words)) for words in load)), load)
    return list(kept.values())


def _merged(members: Sequence[list[tuple[Word, int]]]) -> list[list[tuple[Word, int]]]:
    """Equal loads once, each word with the strongest of its fates."""
    kept: dict[tuple[Word, ...], list[tuple[Word, int]]] = {}
    for load in members:
        ordered = sorted(load)
        key = tuple(word for word, _ in ordered)
        before = kept.get(key, ordered)
        kept[key] = [(w, min(f, g)) for (w, f), (_, g) in zip(before, ordered, strict=True)]
    return list(kept.values())


def _touched(passage: Passage, base: Place, place: tuple[Place, ...]) -> int:
    """Distinct words that one child instance ever holds."""
    words: set[Word] = set()
    for now in itertools.product(*map(all_indices, passage.time)):
        block = block_at(passage, (*now, *base, *itertools.chain(*place)))
        if block is not None:
            words |= tile_of(passage, block, "points")
    return len(words)


def _word(tensor: Tensor, point: Mapping[str, int]) -> Word:
    """The word of a tensor that an iteration uses."""
    return tuple(
        sum(term.coefficient * point[term.dim] for term in axis.terms) for axis in tensor.axes
    )
