"""Chains: the parts of every memory for one way to keep tensors, and the walk over their chains."""

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.mapper.factors import Spreads, no_spread
from picojoule.mapper.model import (
    Goal,
    Integers,
    Problem,
    all_tiles,
    allowed_bits,
    needed_tiles,
    scores,
)
from picojoule.mapper.space import Space
from picojoule.mapper.state import UNLIMITED, Gap, Search
from picojoule.mapper.uneven import try_held
from picojoule.mapper.walk import (
    EVALUATED,
    HELD,
    LOOKED,
    PART_CYCLES,
    ROUGH,
    UNEVEN,
    Parts,
    Walk,
    all_parts,
    count_choices,
    explore,
    gap_facts,
    is_timed,
    least_fillings,
    settle_least,
    still_better,
)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

WIDE_VECTORS = 12
"""Spatial choices of each gap, widest first, that a first look takes."""
STRIDE = 2000
"""Chains, and a thousand times as many pairs, between two looks at the clock."""


@dataclass(slots=True)
class Chains:
    """All chains for one way to keep tensors, as the parts they are made of, and a walk over them.

    Args:
        problem: With what is kept decided.
        parts: Of every memory, innermost first, in the order of the walk.
        starts: `(P + 1,)`, where each memory's parts begin.
        bits: `(P, D, n, word)`, which parts of a memory go with a union inside.
        leasts_pj: `(P,)`, the least that any part of a memory adds.
        floor: `(L, 3)`, bits that filling the outer memories moves over the ports at least.
        walk: Where the walk stands.
        is_complete: Whether it has come to its end.
    """

    problem: Problem
    parts: Parts
    starts: Integers
    bits: NDArray[np.uint64]
    leasts_pj: Floats
    floor: Floats
    walk: Walk
    is_complete: bool = False

    def bound(self, goal: Goal) -> float:
        """The least score of any chain that the walk has not come to."""
        rest = self.parts.values[int(self.walk.position[0]) : self.starts[1]]
        energies = rest[:, ROUGH] + self.leasts_pj[1:].sum()
        return float(scores(goal, energies, rest[:, PART_CYCLES]).min(initial=math.inf))


def problem_of(space: Space, goal: Goal, keeps: Flags) -> Problem:
    """The problem with what is kept decided."""
    stages = range(len(space.stages))
    idle = np.array([_is_idle(space, keeps, n) for n in stages])
    # An idle memory must not draw in loops that it may then not have.
    passed = np.array([_is_passed(space, keeps, n) for n in stages])
    absorbs = space.problem.absorbs & ~passed & ~idle
    if space.constraints.limits.has_ratio:
        # A chain that takes less time may need more power than is allowed.
        absorbs[:] = False
    if is_timed(space.problem, goal) and space.problem.sliding and len(space.stages) > 3:
        # Where a window slides in two memories further in, what saves energy may cost time.
        absorbs[:] = idle[:] = False
    if space.cuts.uneven:
        # Loops of one dimension at two memories are not always worth as much as one.
        idle[:] = False
    gathers = _gathers(space, goal, keeps)
    return space.problem._replace(keeps=keeps, absorbs=absorbs, idle=idle, gathers=gathers)


def _gathers(space: Space, goal: Goal, keeps: Flags) -> int:
    """Mask of the dimensions that few instances of the innermost memory should share.

    What one instance holds of them need not be held by several, if it fits: tensors without the
    dimension then arrive at fewer instances, and all else stays. It may take longer.
    """
    problem, inner = space.problem, len(space.stages) - 1
    if inner == 0 or is_timed(problem, goal) or space.constraints.limits.has_ratio:
        return 0
    own = space.of(inner)
    if own.factors or own.tile or space.of_array(inner - 1).given:
        return 0
    copy_pj = problem.fill_pj[inner] + problem.delivery_pj[inner - 1]
    found = 0
    for d in range(len(space.names)):
        has = problem.single >> d & 1 == 1
        gains = keeps[inner] & ~has & (copy_pj > 0.0)
        is_apart = (problem.sliding | problem.sliced) >> d & 1
        if has[-1] and gains.any() and (keeps[inner] | has).all() and not is_apart:
            found |= 1 << d
    return found


def _is_idle(space: Space, keeps: Flags, stage: int) -> bool:
    """Whether a memory keeps nothing, without an array or a constraint that gives its loops worth.

    Limits on ratios with time may want a mapping that is worse in both energy and time.
    """
    around = (space.of(stage - 1), space.of(stage)) if stage else ()
    return (
        stage > 0
        and not keeps[stage].any()
        and space.stages[stage - 1].array is None
        and not space.constraints.limits.has_ratio
        and not any(own.factors or own.tile or own.order for own in around)
    )


def _is_passed(space: Space, keeps: Flags, stage: int) -> bool:
    """Whether a memory keeps nothing and its loops might as well be those of the memory outside.

    Below an array they are not the same: they decide which iterations an instance gets. Nor are
    they where windows slide: a dimension may then be worth two loops, with others between them.
    """
    if stage == 0 or keeps[stage].any():
        return False
    if not space.stages[stage].memory.holds:
        return True
    return space.problem.sliding == 0 and not space.cuts.uneven and _is_idle(space, keeps, stage)


def chains_of(run: Search, problem: Problem, *, is_first_look: bool = False) -> Chains | None:
    """Bound the parts of every memory, innermost first; None when none can be better.

    Args:
        is_first_look: Take only the widest spatial choices.
    """
    memories = len(run.space.stages)
    fillings_pj, least_crossings = least_fillings(problem)
    floor = least_crossings[: memories - 1].sum(axis=0)
    levels: list[Parts] = []
    leasts_pj: list[float] = []
    told: dict[str, float] = {}
    if not is_first_look:
        run.level_bounds_pj[problem.keeps.tobytes()] = told
    for memory in range(memories - 1, min(1, memories - 1) - 1, -1):
        parts, least_pj = _parts_of(
            run,
            problem,
            memory,
            levels[-1] if levels else None,
            others_pj=sum(leasts_pj) + float(fillings_pj[1:memory].sum()),
            floor=least_crossings.sum(axis=0),
            is_first_look=is_first_look,
        )
        if not len(parts.values):
            return None
        levels.append(parts)
        leasts_pj.append(least_pj)
        told[run.space.stages[memory].memory.name] = leasts_pj[-1]
    for n, parts in enumerate(levels):
        others_pj = sum(leasts_pj) - leasts_pj[n]
        rows = np.flatnonzero(still_better(run.goal, parts.values, others_pj, run.best))
        if not len(rows):
            return None
        levels[n] = _sorted(run.goal, parts, rows, others_pj, is_innermost=n == 0)
    if not is_first_look:
        run.parts += sum(len(parts.values) for parts in levels)
    return _laid_out(run.space, problem, levels, np.array(leasts_pj), floor)


def _sorted(
    goal: Goal, parts: Parts, rows: Integers, others_pj: float, *, is_innermost: bool
) -> Parts:
    """Some parts by rough energy; the innermost ones by score, unless a front is searched."""
    energy, cycles = parts.values[rows, ROUGH], parts.values[rows, PART_CYCLES]
    key = energy
    if is_innermost and not goal.is_front:
        key = scores(goal, energy + others_pj, cycles)
    rows = rows[np.lexsort((energy, key))]
    return Parts(
        parts.factors[rows],
        parts.unions[rows],
        parts.tile_indices[rows],
        parts.values[rows],
        *parts[4:],
    )


def _parts_of(
    run: Search,
    problem: Problem,
    memory: int,
    inside: Parts | None,
    *,
    others_pj: float,
    floor: Floats,
    is_first_look: bool,
) -> tuple[Parts, float]:
    """All parts of one memory that may win, and the least that one adds.

    Those of the innermost are for every choice of the gap inside, too. Those of an outer memory
    depend only on what is kept there and outside: they are found once.
    """
    space = run.space
    is_passed = _is_passed(space, problem.keeps, memory)
    key = (memory, is_first_look, problem.keeps[: memory + 1].tobytes())
    if inside and not is_passed:
        known = run.outer_parts.get(key)
        if known is not None:
            return known
    outer = _gap_of(run, problem, memory, is_first_look)
    inner = _spreads(space, -1 if inside else memory, is_first_look)
    tiles = _tiles_of(run, problem, memory, inside)
    rows = [tiles]
    if not inside:
        rows = [
            _tiles_around(space, memory, tiles, indices, is_passed=is_passed)
            for indices in inner.indices
        ]
    if not is_first_look:
        run.seen += _count(run, problem, memory, rows, outer, is_passed=is_passed)
    if memory == 1 and problem.fanout[0] == 1 and not problem.uneven:
        rows = [some[needed_tiles(problem, some)] for some in rows]
    least_cycles = 0.0
    if inside and not is_passed:
        # What is refuted here must be so whatever is kept further in.
        others_pj, least_cycles = run.others[key[0], key[2]]
    found = [
        all_parts(
            problem,
            run.goal,
            memory,
            some,
            outer.factors,
            outer.indices,
            outer.facts,
            outer.groups,
            vector,
            _outside(space),
            others_pj,
            least_cycles,
            run.best,
            space.products,
            floor,
        )
        for vector, some in zip(inner.factors, rows, strict=True)
    ]
    together = Parts(*(np.concatenate(columns) for columns in zip(*found, strict=True)))
    least_pj = float(settle_least(problem, memory, together))
    if inside and not is_passed:
        run.outer_parts[key] = together, least_pj
        if len(space.spreads[memory - 1].factors) <= WIDE_VECTORS:
            # The first look saw all that there is.
            run.outer_parts[memory, False, key[2]] = together, least_pj
    return together, least_pj


def _spreads(space: Space, gap: int, is_first_look: bool) -> Spreads:
    """Spatial choices of a gap; the widest few for the first look. Of no gap, that there is one."""
    if gap < 0:
        return no_spread(space.cuts)
    return space.spreads[gap].widest(WIDE_VECTORS) if is_first_look else space.spreads[gap]


def _gap_of(run: Search, problem: Problem, memory: int, is_first_look: bool) -> Gap:
    """The spatial choices of the gap outside a memory, those of equal prices together."""
    key = (memory, is_first_look, problem.keeps[memory].tobytes())
    if key not in run.gaps:
        spread, facts, labels = _facts_of(run, problem, memory, is_first_look)
        kept = [labels[t] for t in np.flatnonzero(problem.keeps[memory])]
        group = np.array(_ranks(list(zip(*kept))) if kept else [0] * len(facts))
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        groups = np.append(starts, len(order))
        run.gaps[key] = Gap(spread.factors[order], spread.indices[order], facts[order], groups)
    return run.gaps[key]


def _facts_of(
    run: Search, problem: Problem, memory: int, is_first_look: bool
) -> tuple[Spreads, Floats, list[list[int]]]:
    """The spatial choices of a gap, what is known of them, and which are alike for each tensor."""
    key = (memory, is_first_look)
    if key not in run.facts:
        spread = _spreads(run.space, memory - 1, is_first_look)
        facts = gap_facts(problem, memory, spread.factors)
        labels = [
            _ranks([(a, b) for a, b, *_ in rows]) for rows in facts.transpose(1, 0, 2).tolist()
        ]
        run.facts[key] = spread, facts, labels
    return run.facts[key]


def _ranks(keys: list[tuple[float, ...]]) -> list[int]:
    """The place of each key among all different ones."""
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return [ranks[key] for key in keys]


def _count(
    run: Search,
    problem: Problem,
    memory: int,
    rows: list[Integers],
    outer: Gap,
    *,
    is_passed: bool,
) -> int:
    """How many choices of tiles and gaps there are; tiles may depend on others if `is_passed`."""
    key = (memory, problem.keeps[memory].tobytes())
    if is_passed or key not in run.counts:
        run.counts[key] = sum(
            int(count_choices(tiles, outer.indices, run.space.products)) for tiles in rows
        )
    return run.counts[key]


def _tiles_around(
    space: Space, memory: int, tiles: Integers, indices: Integers, *, is_passed: bool
) -> Integers:
    """The tiles of the innermost memory that go with a choice of the gap inside."""
    union = space.products[np.arange(len(space.names)), 0, indices]
    if (union < 0).any():
        return tiles[:0]
    if is_passed:
        return tiles[(tiles == union).all(axis=1)]
    return tiles[_linked(space.links[memory], tiles, union)]


def _tiles_of(run: Search, problem: Problem, memory: int, inside: Parts | None) -> Integers:
    """The tiles that a memory may hold, as indices, `(tile, D)`."""
    space = run.space
    last = space.cuts.counts - 1
    if memory == 0:
        return last.reshape(1, -1)
    if inside is not None and _is_passed(space, problem.keeps, memory):
        # It has no loops: its tile is what the instances inside hold together.
        return np.unique(inside.unions, axis=0)
    key = (memory, problem.keeps[memory].tobytes())
    if key in run.tiles:
        return run.tiles[key]
    tiles = all_tiles(problem, memory)
    run.tiles[key] = tiles[space.reached[memory][np.arange(tiles.shape[1]), tiles].all(axis=1)]
    return run.tiles[key]


def _linked(links: Flags, tiles: Integers, union: Integers) -> Flags:
    """Which tiles may have loops down to a union, `(tile,)`."""
    allowed = np.ones(len(tiles), dtype=np.bool_)
    for d, index in enumerate(union):
        allowed &= links[d, tiles[:, d], index]
    return allowed


def _outside(space: Space) -> Flags:
    """Which unions the outermost memory may loop over, `(D, n)`."""
    return np.array([space.links[0, d, last] for d, last in enumerate(space.cuts.counts - 1)])


def _laid_out(
    space: Space, problem: Problem, levels: list[Parts], leasts_pj: Floats, floor: Floats
) -> Chains:
    """Put the parts of all memories into the tables that the walk reads."""
    memories, dims = len(space.stages), len(space.names)
    width = max(len(parts.values) + 63 for parts in levels) // 64
    bits = np.zeros((len(levels), *space.links.shape[1:3], width), dtype=np.uint64)
    for depth, parts in enumerate(levels[1:], start=1):
        memory = memories - 1 - depth
        links = space.links[memory]
        if _is_passed(space, problem.keeps, memory):
            links = links & np.eye(links.shape[1], dtype=np.bool_)
        one = allowed_bits(parts.tile_indices, np.ascontiguousarray(links.transpose(0, 2, 1)))
        bits[depth, :, :, : one.shape[2]] = one
    starts = np.cumsum([0, *(len(parts.values) for parts in levels)])
    walk = Walk(
        position=starts[:-1].copy(),
        sums=np.zeros(len(levels) + 1),
        tiles=np.ones((memories, dims), dtype=np.int64),
        spatial=np.ones((memories, dims), dtype=np.int64),
        unions=np.zeros((len(levels), dims), dtype=np.int64),
        state=np.zeros(4, dtype=np.int64),
        held_tiles=np.ones((HELD, memories, dims), dtype=np.int64),
        held_spatial=np.ones((HELD, memories, dims), dtype=np.int64),
    )
    walk.tiles[0] = space.problem.sizes
    count = int(starts[-1])
    parts = Parts(
        np.concatenate([parts.factors for parts in levels]),
        np.concatenate([parts.unions for parts in levels]),
        np.concatenate([parts.tile_indices for parts in levels]),
        np.concatenate([parts.values for parts in levels]),
        *(np.zeros((count, *column.shape[1:])) for column in levels[0][4:]),
    )
    return Chains(problem, parts, starts, bits, leasts_pj, floor, walk)


def walk_on(run: Search, chains: Chains, *, most: int, looks: int = UNLIMITED) -> None:
    """Walk on until the chains end, `most` more are evaluated, or the time or budget is used up.

    Args:
        looks: Pairs of parts to compare at most.
    """
    state = chains.walk.state
    looked, evaluated = int(state[LOOKED]), int(state[EVALUATED])
    end = evaluated + min(most, run.budget - run.evaluated)
    last = min(UNLIMITED, looked + looks)
    while not chains.is_complete:
        is_over = state[EVALUATED] >= end or time.monotonic() > run.deadline
        if (run.found and is_over) or state[LOOKED] >= last:
            break
        stride, until = max(end, int(state[EVALUATED]) + 1), last
        if run.deadline < math.inf:
            stride = min(stride, int(state[EVALUATED]) + STRIDE)
            until = min(until, int(state[LOOKED]) + 1000 * STRIDE)
        chains.is_complete = explore(
            chains.problem,
            run.goal,
            chains.parts,
            chains.starts,
            chains.bits,
            chains.leasts_pj,
            chains.floor,
            chains.walk,
            run.best,
            run.kept,
            stride,
            until,
        )
        held, walk = int(state[UNEVEN]), chains.walk
        if held:
            state[UNEVEN] = 0
            tiles, spatial = walk.held_tiles[:held], walk.held_spatial[:held]
            try_held(chains.problem, run.goal, tiles, spatial, run.best, run.kept)
    run.looked += int(state[LOOKED]) - looked
    run.evaluated += int(state[EVALUATED]) - evaluated
