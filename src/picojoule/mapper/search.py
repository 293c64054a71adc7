"""Search: the best mapping of an operation on a chip, and the proof that none is better."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import count, price
from picojoule.errors import CapacityError, MappingError
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapper.certificate import Certificate, Solution, score_of
from picojoule.mapper.explore import explore
from picojoule.mapper.factors import all_tiles, divisor_table, product_table, spatial_vectors
from picojoule.mapper.problem import (
    EDP,
    LATENCY,
    OBJECTIVES,
    Minimize,
    Problem,
    build_problem,
    gap_arrays,
    mapspace_size,
    score,
)
from picojoule.mapper.space import all_parts, least_base
from picojoule.mapping import AxisName, Level, Loop, Nest
from picojoule.workload import Operation

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Vector = tuple[int, ...]
_Parts = tuple[Integers, Floats, Floats, Floats]

UNLIMITED = 2**62
FIRST_LOOK = 3000
"""Chains that the first, narrow look evaluates before the whole space is bounded."""
WIDE_VECTORS = 12
"""Spatial choices of each gap, widest first, that the first look takes."""


@dataclass(slots=True)
class _Best:
    """The best chain so far: (score, energy, cycles), and its arrays."""

    value: Floats
    tiles: Integers
    spatial: Integers
    orders: Integers
    looked: int = 0
    evaluated: int = 0
    complete: bool = True
    bound: float = 0.0
    outer_parts: dict[tuple[int, int], _Parts] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        return math.isfinite(self.value[0])


def search(
    operation: Operation,
    accelerator: Accelerator,
    *,
    minimize: Minimize = "energy",
    budget: int | None = None,
) -> Solution:
    """Find the best mapping with perfect factors, and prove that none is better.

    Args:
        operation: What to map.
        accelerator: Its memories keep every role that they hold.
        minimize: "energy" (pJ), "latency" (cycles, then energy) or "edp" (pJ x cycles).
        budget: Chains to evaluate at most; None searches until the optimum is proved.

    Returns:
        The nest with its counts, costs and certificate.

    Raises:
        CapacityError: Not even one iteration fits.
        MappingError: `minimize` is unknown.
    """
    if minimize not in OBJECTIVES:
        raise MappingError(
            "unknown objective",
            where="minimize",
            got=repr(minimize),
            expected="one of " + ", ".join(OBJECTIVES),
            fix="choose one of them",
        )
    problem = build_problem(operation, accelerator)
    objective = OBJECTIVES[minimize]
    names = [name for name, _ in operation.dims]
    gaps = gap_arrays(accelerator)
    vectors = [spatial_vectors(problem.sizes, names, array) for array in gaps]
    table, counts = divisor_table(problem.sizes)
    products = product_table(problem.sizes, table, counts)
    tiles = _held_tiles(problem, operation, accelerator, table, counts)
    best = _nothing(problem)
    if any(len(choices) > WIDE_VECTORS for choices in vectors):
        narrow = [_widest(choices) for choices in vectors]
        _explore(problem, objective, tiles, narrow, best, FIRST_LOOK, table, products)
    first_looked = best.evaluated
    _explore(problem, objective, tiles, vectors, best, budget or UNLIMITED, table, products)
    nest = _build_nest(operation, accelerator, vectors, best)
    counts = count(operation, accelerator, nest)
    costs = price(operation, accelerator, counts)
    # The walk and the closed form price the same chain; anything else is a bug of ours.
    assert math.isclose(best.value[1], costs.energy_pj, rel_tol=1e-6, abs_tol=1e-6)
    certificate = Certificate(
        objective=minimize,
        cost=score_of(minimize, costs),
        lower_bound=score_of(minimize, costs) if best.complete else best.bound,
        optimal=best.complete,
        mapspace_size=mapspace_size(operation, accelerator),
        visited=best.looked,
        evaluated=best.evaluated,
        first_look=first_looked,
    )
    return Solution(nest, counts, costs, certificate)


def _nothing(problem: Problem) -> _Best:
    shape = (problem.keeps.shape[0], problem.sizes.size)
    return _Best(
        np.full(3, np.inf),
        np.ones(shape, dtype=np.int64),
        np.ones(shape, dtype=np.int64),
        np.full(shape, -1, dtype=np.int64),
    )


def _held_tiles(
    problem: Problem,
    operation: Operation,
    accelerator: Accelerator,
    table: Integers,
    counts: Integers,
) -> list[Integers]:
    """The tiles that each memory can hold; memory 0 holds everything."""
    tiles = [problem.sizes.reshape(1, -1)]
    for n, memory in enumerate(accelerator.memories[1:], start=1):
        tiles.append(all_tiles(problem, n, table, counts))
        if not len(tiles[-1]):
            raise CapacityError(
                "not even one iteration fits",
                where=f"operation {operation.name!r}, memory {memory.name!r}",
                got=f"{memory.capacity_bits} bits",
                expected="at least one word of every tensor that the memory holds",
                fix="enlarge the memory, or let it hold fewer roles",
            )
    return tiles


def _widest(choices: dict[Vector, tuple[Vector, Vector]]) -> dict[Vector, tuple[Vector, Vector]]:
    ranked = sorted(choices, key=lambda vector: (-math.prod(vector), vector))
    return {vector: choices[vector] for vector in ranked[:WIDE_VECTORS]}


def _explore(
    problem: Problem,
    objective: int,
    tiles: list[Integers],
    vectors: list[dict[Vector, tuple[Vector, Vector]]],
    best: _Best,
    budget: int,
    table: Integers,
    products: Integers,
) -> None:
    """Bound the parts of every memory, outermost first, then walk their chains."""
    memories = len(tiles)
    choices = [np.array(list(gap), dtype=np.int64) for gap in vectors]
    ones = np.ones((1, problem.sizes.size), dtype=np.int64)
    found: list[_Parts] = []
    # The innermost memory's parts carry the energy that belongs to no part: it can be negative.
    base_pj = float(least_base(problem))
    others_pj = 0.0
    floor = np.zeros((memories, 3))
    for memory in range(min(1, memories - 1), memories):
        gap = choices[memory - 1] if memory else ones
        seen = best.outer_parts.get((memory, len(gap))) if memory < memories - 1 else None
        parts, values, details, crossings = seen or all_parts(
            problem,
            memory,
            tiles[memory],
            gap,
            choices[memory] if memory == memories - 1 else ones,
            objective,
            others_pj if memory == memories - 1 else others_pj + base_pj,
            best.value,
            table,
            products,
            floor,
        )
        if memory < memories - 1:
            # The first look saw all choices of a gap that has few: its parts serve again.
            best.outer_parts[memory, len(gap)] = (parts, values, details, crossings)
        if not len(parts):
            # Every part is refuted: nothing is better than the best so far.
            best.complete = True
            return
        order = np.argsort(values[:, 0], kind="stable")
        if memory == memories - 1:
            order = _by_score(objective, values, others_pj)
        found.append((parts[order], values[order], details[order], crossings[order]))
        others_pj += float(values[:, 0].min())
        floor += crossings.min(axis=0)
    least_cycles = float(found[-1][1][:, 3].min())
    best.bound = float(score(objective, others_pj, least_cycles))
    found.reverse()
    starts = np.cumsum([0, *(len(part[0]) for part in found)])
    looked, evaluated, complete = explore(
        problem,
        objective,
        np.concatenate([part[0] for part in found]),
        np.concatenate([part[1] for part in found]),
        np.concatenate([part[2] for part in found]),
        np.concatenate([part[3] for part in found]),
        starts,
        best.value,
        best.tiles,
        best.spatial,
        best.orders,
        budget,
    )
    best.looked += int(looked)
    best.evaluated += int(evaluated)
    best.complete = bool(complete)


def _by_score(objective: int, values: Floats, others_pj: float) -> Integers:
    """Order the innermost memory's parts by the least score of any chain with them."""
    energy, cycles = values[:, 0] + others_pj, values[:, 3]
    if objective == LATENCY:
        return np.lexsort((energy, cycles))
    return np.argsort(energy * cycles if objective == EDP else energy, kind="stable")


def _build_nest(
    operation: Operation,
    accelerator: Accelerator,
    vectors: list[dict[Vector, tuple[Vector, Vector]]],
    best: _Best,
) -> Nest:
    """Turn the arrays of the best chain into a nest."""
    names = [name for name, _ in operation.dims]
    levels: list[Level] = []
    memory = -1
    for part in accelerator.parts[:-1]:
        if isinstance(part, Array):
            split = vectors[memory][tuple(int(n) for n in best.spatial[memory])]
            axes: tuple[AxisName, ...] = ("x", "y")
            loops = tuple(
                Loop(name, factor, axis)
                for axis, along in zip(axes, split, strict=True)
                for name, factor in zip(names, along, strict=True)
                if factor > 1
            )
            levels.append(Level(part.name, loops))
            continue
        assert isinstance(part, Memory)
        memory += 1
        inner = best.spatial[memory].copy()
        if memory + 1 < len(best.tiles):
            inner *= best.tiles[memory + 1]
        bounds = best.tiles[memory] // inner
        order = [int(d) for d in best.orders[memory] if d >= 0]
        loops = tuple(Loop(names[d], int(bounds[d])) for d in reversed(order))
        keeps = tuple(t.name for t in operation.tensors if t.role in part.holds)
        levels.append(Level(part.name, loops, keeps))
    return Nest(tuple(levels))
