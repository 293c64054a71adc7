"""Count: what zeros spare of the dense counts, on average, or exactly where they are measured.

Equal to the oracle that executes real zeros (`simulate.execute_with_zeros`, which defines it): its
result on the measured tensors, its mean over all patterns where zeros are independent.

Accesses that serve the compute units are spared by the rules of the memory and by the zeros of the
operands in the steps that they serve. Between memories, words are spared by compression, and by the
outer memory's rules if no step of the whole operation needs them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from picojoule.cost.place import Exchange, exchanges
from picojoule.cost.sparse.chance import effectual
from picojoule.cost.sparse.check import check_densities
from picojoule.cost.sparse.lanes import compute_steps
from picojoule.cost.sparse.masks import count_groups, count_steps
from picojoule.cost.sparse.moved import words_moved
from picojoule.cost.sparse.needed import needed_chance
from picojoule.cost.sparse.site import (
    Site,
    Spread,
    Strided,
    group_words,
    lanes_of,
    operands,
    positions,
    site_of,
)
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapping import (
    Actions,
    Counts,
    Loop,
    Nest,
    SparedActions,
    SparedCounts,
    SparedTransfers,
    Split,
)
from picojoule.workload import (
    Density,
    Measured,
    Operation,
    Pruned,
    Role,
    Structured,
    Tensor,
)

Densities = Mapping[str, Density]
"""By name of a tensor; one that is missing has no zeros."""


@dataclass(frozen=True, slots=True)
class Spared:
    """Counts by their fate.

    Args:
        counts: All actions.
        inexact: Why some are approximate; empty where all are exact expectations.
    """

    counts: SparedCounts
    inexact: tuple[str, ...]


def spare(
    operation: Operation,
    accelerator: Accelerator,
    nest: Nest,
    dense: Counts,
    densities: Densities,
) -> Spared:
    """Find what zeros spare of the counts of an operation under a nest.

    Args:
        operation, accelerator, nest: A legal mapping.
        dense: Its counts, see `count`.
        densities: Of its tensors.

    Returns:
        Actual, gated and skipped actions, and the steps in sequence.

    Raises:
        WorkloadError: A density does not fit its tensor.
        Unsupported: Measured zeros where bounds do not divide, or where outputs have axes of
            several dimensions; or an array forwards words.
    """
    case = _Case(operation, accelerator, nest, dense, densities)
    check_densities(operation, accelerator, densities, ragged=case.ragged)
    compute = accelerator.compute
    time, space = lanes_of(accelerator, nest)
    steps = case.steps_split(compute.skipping, compute.gating, [*time, *space])
    in_sequence, why = compute_steps(
        operands(operation, compute.skipping),
        densities,
        time,
        space,
        lane_steps=compute.lane_steps,
        dense_steps=dense.compute_cycles,
    )
    if case.ragged and compute.skipping:
        why = "bounds that do not divide: time of full pieces"
    if why:
        case.inexact[why] = None
    for tensor in operation.tensors:
        case.count_tensor(tensor)
    return Spared(
        SparedCounts(steps, in_sequence, case.accesses, case.transfers), tuple(case.inexact)
    )


@dataclass(slots=True)
class _Case:
    """One count and what it found so far; a class because every tensor adds to it."""

    operation: Operation
    accelerator: Accelerator
    nest: Nest
    dense: Counts
    densities: Densities
    accesses: dict[tuple[str, str], SparedActions] = field(
        default_factory=dict[tuple[str, str], SparedActions]
    )
    transfers: dict[tuple[str, str], SparedTransfers] = field(
        default_factory=dict[tuple[str, str], SparedTransfers]
    )
    inexact: dict[str, None] = field(default_factory=dict[str, None])

    @property
    def ragged(self) -> bool:
        return bool(self.nest.ragged(len(self.nest.levels), self.operation.sizes))

    def memory(self, index: int) -> Memory:
        part = self.accelerator.parts[index]
        assert isinstance(part, Memory)
        return part

    def share(self, tensor: Tensor) -> float:
        density = self.densities.get(tensor.name)
        return 1.0 if density is None else density.share

    def zeroed(self, roles: Sequence[Role]) -> tuple[Tensor, ...]:
        """The operands in these roles that may have zeros."""
        return tuple(t for t in operands(self.operation, roles) if t.name in self.densities)

    def measured(self, leaders: Sequence[Tensor]) -> dict[str, Measured] | None:
        """The masks of all leaders, if all are measured."""
        found = {t.name: self.densities[t.name] for t in leaders}
        masks = {name: one for name, one in found.items() if isinstance(one, Measured)}
        if len(masks) == len(found):
            return masks
        if masks and len(leaders) > 1:
            self.inexact["measured and described zeros together: as if they were independent"] = (
                None
            )
        return None

    def steps_split(
        self, skipping: Sequence[Role], gating: Sequence[Role], loops: Sequence[Strided]
    ) -> Split:
        """The fate of all steps."""

        def needed(roles: Sequence[Role]) -> float:
            leaders = self.zeroed(roles)
            if leaders and (masks := self.measured(leaders)) is not None:
                return count_steps(leaders, masks, loops)
            share = 1.0
            for leader in leaders:
                share *= self.share(leader)
            return self.dense.steps * share

        return _split(self.dense.steps, needed(skipping), needed([*skipping, *gating]))

    def count_tensor(self, tensor: Tensor) -> None:
        """All accesses and transfers of one tensor, from the outside in."""
        for exchange in exchanges(self.accelerator, self.nest, tensor):
            parent = self.memory(exchange.parent).name
            self.accesses.setdefault((parent, tensor.name), self._dense(parent, tensor))
            if exchange.child is None:
                self._serve_compute(tensor)
            else:
                child = self.memory(exchange.child).name
                self.accesses[child, tensor.name] = self._dense(child, tensor)
                self._fill(tensor, exchange)

    def _dense(self, memory: str, tensor: Tensor) -> SparedActions:
        actions = self.dense.accesses.get((memory, tensor.name), Actions())
        return SparedActions(Split(actions.reads), Split(actions.fills), Split(actions.updates))

    def _serve_compute(self, tensor: Tensor) -> None:
        """The last link: an access is needed where a step that it serves is."""
        site = site_of(self.operation, self.accelerator, self.nest, tensor)
        parent = self.memory(site.parent)
        skipping: list[Role] = list(dict(parent.skipping).get(tensor.role, ()))
        if parent.format_of(tensor.role) != "none" and not tensor.is_output:
            skipping.append(tensor.role)
        gating: list[Role] = [*skipping, *dict(parent.gating).get(tensor.role, ())]
        fate = _Fate(self, site, self.zeroed(skipping), self.zeroed(gating))
        key = (parent.name, tensor.name)
        before, actions = self.accesses[key], self.dense.accesses[key]
        joined = [spread for spread in site.spreads if spread.joins]
        reads = fate.split(joined, actions.reads, later=tensor.is_output)
        updates = fate.split(joined, actions.updates) if tensor.is_output else Split()
        self.accesses[key] = SparedActions(reads, before.fills, updates)
        for index, spread in enumerate(site.spreads):
            carried = self.dense.transfers[spread.name, tensor.name]
            inside = [s for s in site.spreads[index + 1 :] if s.joins]
            deliveries = fate.split(inside, carried.deliveries)
            sends = deliveries
            if spread.joins:
                sends = fate.split([spread, *inside], carried.sends)
            self.transfers[spread.name, tensor.name] = SparedTransfers(
                sends, deliveries, _difference(deliveries, sends, carried.reductions)
            )

    def _fill(self, tensor: Tensor, exchange: Exchange) -> None:
        """A link between two memories: what compression and the outer memory's rules spare."""
        assert exchange.child is not None
        parent, child = self.memory(exchange.parent), self.memory(exchange.child)
        zeros = tensor.name in self.densities and not tensor.is_output
        outer = zeros and parent.format_of(tensor.role) != "none"
        inner = zeros and child.format_of(tensor.role) != "none"
        key, below = (parent.name, tensor.name), (child.name, tensor.name)
        words = _Words(self, tensor, exchange)
        joined = [n for n in exchange.arrays if self._joins(n, tensor)]
        if tensor.is_output:
            self._write_results(tensor, exchange)
        else:
            actions = self.accesses[key]
            reads = words.split(actions.reads.dense, joined, compressed=outer)
            self.accesses[key] = SparedActions(reads, actions.fills, actions.updates)
            actions = self.accesses[below]
            fills = words.split(actions.fills.dense, [], compressed=inner)
            self.accesses[below] = SparedActions(actions.reads, fills, actions.updates)
        for place, index in enumerate(exchange.arrays):
            name = self.accelerator.parts[index].name
            carried = self.dense.transfers[name, tensor.name]
            sends, deliveries = Split(carried.sends), Split(carried.deliveries)
            if not tensor.is_output:
                inside = [n for n in exchange.arrays[place + 1 :] if self._joins(n, tensor)]
                both = outer and inner
                deliveries = words.split(carried.deliveries, inside, compressed=both)
                sends = deliveries
                if self._joins(index, tensor):
                    sends = words.split(carried.sends, [index, *inside], compressed=both)
            self.transfers[name, tensor.name] = SparedTransfers(
                sends, deliveries, Split(carried.reductions)
            )

    def _joins(self, index: int, tensor: Tensor) -> bool:
        part = self.accelerator.parts[index]
        return isinstance(part, Array) and part.groups(tensor.role)

    def _write_results(self, tensor: Tensor, exchange: Exchange) -> None:
        """Zero results are not written outside; partial sums are, whatever they are."""
        outermost = self.memory(0)
        density = self.densities.get(tensor.name)
        if exchange.parent or density is None or outermost.format_of("outputs") == "none":
            return
        zeros = self.operation.words(tensor) * (1.0 - density.share)
        if isinstance(density, Measured):
            zeros = float(_touched_zeros(tensor, density, self.operation))
        actions = self.accesses[outermost.name, tensor.name]
        updates = Split(actions.updates.actual - zeros, 0.0, zeros)
        self.accesses[outermost.name, tensor.name] = SparedActions(
            actions.reads, actions.fills, updates
        )


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one tensor on their way from one memory to the next."""

    case: _Case
    tensor: Tensor
    exchange: Exchange

    def split(self, dense: float, joined: Sequence[int], *, compressed: bool) -> Split:
        """The fates of `dense` words.

        Args:
            joined: Arrays (indices of parts) inside which equal words count once.
            compressed: Whether zero words are left out.
        """
        parent, role = self.case.memory(self.exchange.parent), self.tensor.role
        # A rule spares a word that no step needs; compression one that is zero itself.
        skipping = self.case.zeroed(dict(parent.skipping).get(role, ()))
        gating = self.case.zeroed(dict(parent.gating).get(role, ()))
        own = (self.tensor,) if compressed else ()
        timed = self._needed(_union(own, skipping), dense, joined)
        actual = self._needed(_union(own, skipping, gating), dense, joined)
        return _split(dense, timed, actual)

    def _needed(self, leaders: Sequence[Tensor], dense: float, joined: Sequence[int]) -> float:
        """Words that some step needs, of all that move."""
        case = self.case
        if not leaders or not dense:
            return dense
        masks = case.measured(leaders)
        if masks is None and leaders == (self.tensor,):
            return dense * case.share(self.tensor)
        chance = needed_chance(case.operation, self.tensor, leaders, case.densities)
        if case.ragged:
            case.inexact["bounds that do not divide: words as if they moved equally often"] = None
            return dense * float(chance.mean())
        moved = words_moved(
            case.operation, case.accelerator, case.nest, self.tensor, self.exchange, joined
        )
        found = float((moved * chance).sum())
        return found if masks is None else round(found)


def _union(*groups: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple({tensor.name: tensor for group in groups for tensor in group}.values())


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of the accesses at one site."""

    case: _Case
    site: Site
    skippers: tuple[Tensor, ...]
    sparers: tuple[Tensor, ...]
    """Whose zeros skip, and whose zeros skip or gate."""

    def split(self, joined: Sequence[Spread], dense: int, *, later: bool = False) -> Split:
        """The fates of `dense` accesses, each serving what the joined arrays join.

        Args:
            joined: Arrays inside which equal words travel as one.
            dense: Accesses in all.
            later: Leave out each first access to a word, which reads nothing.
        """
        timed = self._needed(self.skippers, joined, dense, later)
        return _split(dense, timed, self._needed(self.sparers, joined, dense, later))

    def _needed(
        self, leaders: Sequence[Tensor], joined: Sequence[Spread], dense: int, later: bool
    ) -> float:
        if not leaders or not dense:
            return dense
        masks = self.case.measured(leaders)
        if masks is not None:
            found = count_groups(self.site, joined, leaders, masks, first=False)
            if later:
                found -= count_groups(self.site, joined, leaders, masks, first=True)
            return found
        shares = [self.case.share(leader) for leader in leaders]
        groups = group_words(self.site, joined, leaders)
        self._judge(leaders, groups)
        chances = [1.0 - float(effectual(steps, shares)[0]) for steps in groups]
        return dense * sum(chances) / len(chances)

    def _judge(self, leaders: Sequence[Tensor], groups: Sequence[Sequence[object]]) -> None:
        """Note where the expectation is approximate."""
        if all(len(steps) == 1 for steps in groups):
            return
        if any(
            isinstance(self.case.densities[t.name], Structured | Pruned | Measured) for t in leaders
        ):
            self.case.inexact["zeros in a pattern, joined: as if they were independent"] = None
        if self.case.ragged:
            self.case.inexact["bounds that do not divide: groups of full pieces"] = None


def _split(dense: float, timed: float, actual: float) -> Split:
    return Split(actual, timed - actual, dense - timed)


def _difference(deliveries: Split, sends: Split, reductions: int) -> Split:
    if not reductions:
        return Split()
    return Split(
        deliveries.actual - sends.actual,
        deliveries.gated - sends.gated,
        deliveries.skipped - sends.skipped,
    )


def _touched_zeros(tensor: Tensor, density: Measured, operation: Operation) -> int:
    """Zero words among those that the operation touches."""
    loops = [(Loop(dim, operation.sizes[dim]), 1) for dim in tensor.dims]
    touched = {tuple(word) for word in positions(tensor, loops).tolist()}
    return sum(not density.mask[word] for word in touched)
