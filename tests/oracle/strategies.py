"""Hypothesis strategies: random operations, chips and nests, small enough to run word by word."""

import math
from dataclasses import dataclass

from hypothesis import strategies as st

from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import Level, Loop, Nest
from picojoule.workload import ROLES, Axis, Operation, Tensor, Term

SIZES = (1, 2, 3, 4, 6, 8)
ODD_SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13)
PRIMES = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 6: (2, 3), 8: (2, 2, 2)}


@dataclass(frozen=True)
class Case:
    """What one run needs."""

    operation: Operation
    accelerator: Accelerator
    nest: Nest


def axis(*terms: tuple[str, int]) -> Axis:
    return Axis(tuple(Term(dim, coefficient) for dim, coefficient in terms))


def build_operation(kind: str, sizes: dict[str, int], step: int, spread: int) -> Operation:
    """One of the shapes that networks are made of; `step` is a stride, `spread` a dilation."""
    tensors = {
        "conv1d": (
            Tensor("w", "weights", (axis(("M", 1)), axis(("R", 1)))),
            Tensor("i", "inputs", (axis(("P", step), ("R", spread)),)),
            Tensor("o", "outputs", (axis(("M", 1)), axis(("P", 1)))),
        ),
        "conv2d": (
            Tensor("w", "weights", (axis(("C", 1)), axis(("R", 1)), axis(("S", 1)))),
            Tensor(
                "i",
                "inputs",
                (
                    axis(("C", 1)),
                    axis(("P", step), ("R", spread)),
                    axis(("Q", spread), ("S", step)),
                ),
            ),
            Tensor("o", "outputs", (axis(("P", 1)), axis(("Q", 1)))),
        ),
        "grouped": (
            Tensor("w", "weights", (axis(("G", 1)), axis(("M", 1)), axis(("R", 1)))),
            Tensor("i", "inputs", (axis(("G", 1)), axis(("P", step), ("R", spread)))),
            Tensor("o", "outputs", (axis(("G", 1)), axis(("M", 1)), axis(("P", 1)))),
        ),
        "matmul": (
            Tensor("w", "weights", (axis(("K", 1)), axis(("N", 1)))),
            Tensor("i", "inputs", (axis(("M", 1)), axis(("K", 1)))),
            Tensor("o", "outputs", (axis(("M", 1)), axis(("N", 1)))),
        ),
        "transposed": (
            Tensor("w", "weights", (axis(("C", 1)), axis(("R", 1)))),
            Tensor("i", "inputs", (axis(("C", 1)), axis(("P", 1)))),
            Tensor("o", "outputs", (axis(("P", step), ("R", spread)),)),
        ),
        "pool": (
            Tensor("i", "inputs", (axis(("C", 1)), axis(("P", step), ("R", spread)))),
            Tensor("o", "outputs", (axis(("C", 1)), axis(("P", 1)))),
        ),
        "three_terms": (
            Tensor("w", "weights", (Axis(()), axis(("R", 1)))),
            Tensor("i", "inputs", (axis(("P", step), ("R", spread), ("C", 3)), axis(("M", 2)))),
            Tensor("o", "outputs", (axis(("P", 1)), axis(("M", 1), ("C", 1)))),
        ),
    }[kind]
    dims = dict.fromkeys(dim for tensor in tensors for dim in tensor.dims)
    return Operation(
        name=kind,
        kind=kind,
        dims=tuple((dim, sizes[dim]) for dim in dims),
        tensors=tensors,
    )


KINDS = ("conv1d", "conv2d", "grouped", "matmul", "transposed", "pool", "three_terms")


@st.composite
def operations(
    draw: st.DrawFn,
    most_steps: int = 300,
    *,
    gaps: bool = True,
    of_sizes: tuple[int, ...] = SIZES,
) -> Operation:
    """Draw an operation; without `gaps`, one whose output has a dimension per axis."""
    plain = [kind for kind in KINDS if kind not in ("transposed", "three_terms")]
    kind = draw(st.sampled_from(KINDS if gaps else plain))
    step, spread = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    names = "CGKMNPQRS"
    dims = [dim for dim, _ in build_operation(kind, dict.fromkeys(names, 1), 1, 1).dims]
    sizes = dict.fromkeys(names, 1)
    left = most_steps
    for dim in draw(st.permutations(dims)):
        sizes[dim] = draw(st.sampled_from([size for size in of_sizes if size <= left]))
        left //= sizes[dim]
    return build_operation(kind, sizes, step, spread)


def whole_loops(
    draw: st.DrawFn, operation: Operation, kinds: list[tuple[str, int]]
) -> list[tuple[Loop, ...]]:
    """Loops per level whose bounds divide: the prime factors of each size, anywhere."""
    loops: list[list[Loop]] = [[] for _ in kinds]
    for dim, size in operation.dims:
        for prime in PRIMES[size]:
            place = draw(st.integers(0, len(kinds) - 1))
            axis_name = draw(st.sampled_from("xy")) if kinds[place][0] == "array" else None
            loops[place].append(Loop(dim, prime, axis_name))
    return [tuple(draw(st.permutations(level))) for level in loops]


def ragged_loops(
    draw: st.DrawFn, operation: Operation, kinds: list[tuple[str, int]]
) -> list[tuple[Loop, ...]]:
    """Loops per level with any bounds that are legal: each cuts what those outside it leave."""
    dims: list[list[str]] = [[] for _ in kinds]
    for dim, _ in operation.dims:
        for place in draw(st.lists(st.integers(0, len(kinds) - 1), min_size=1, max_size=4)):
            dims[place].append(dim)
    to_come = [dim for level in dims for dim in level]
    left = operation.sizes
    loops: list[tuple[Loop, ...]] = []
    for (kind, _), level in zip(kinds, dims, strict=True):
        found: list[Loop] = []
        for dim in draw(st.permutations(level)):
            to_come.remove(dim)
            pieces = range(1, left[dim] + 1) if dim in to_come else (1,)
            piece = draw(st.sampled_from(pieces))
            bound = -(-left[dim] // piece)
            left[dim] = -(-left[dim] // bound)
            axis_name = draw(st.sampled_from("xy")) if kind == "array" else None
            found.append(Loop(dim, bound, axis_name))
        loops.append(tuple(found))
    return loops


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    most_steps: int = 300,
    forwarding: bool = True,
    several: bool = True,
    gaps: bool = True,
    ragged: bool = False,
) -> Case:
    """Draw an operation, a chip of 2 to 4 memories and up to 2 arrays, and a legal nest.

    Args:
        most_steps: Inner steps at most.
        forwarding: Whether arrays may forward between neighbours.
        several: Whether a tensor may pass more than one array between two memories.
        gaps: Whether outputs may have axes of several dimensions.
        ragged: Whether bounds need not divide what they cut.
    """
    of_sizes = ODD_SIZES if ragged else SIZES
    operation = draw(operations(most_steps, gaps=gaps, of_sizes=of_sizes))
    memories = draw(st.integers(2, 4))
    gaps = draw(st.lists(st.integers(0, memories - 1), max_size=2, unique=True))
    kinds = [("memory", index) for index in range(memories)]
    for gap in sorted(gaps, reverse=True):
        kinds.insert(gap + 1, ("array", gap))
    loops = (ragged_loops if ragged else whole_loops)(draw, operation, kinds)
    roles = st.lists(st.sampled_from(ROLES), unique=True).map(tuple)
    parts: list[Memory | Array | Compute] = []
    levels: list[Level] = []
    for place, (kind, index) in enumerate(kinds):
        ordered = loops[place]
        name = f"{kind}{index}"
        if kind == "array":
            x, y = (math.prod(lp.bound for lp in ordered if lp.axis == a) for a in "xy")
            parts.append(
                Array(
                    name,
                    x=x,
                    y=y,
                    multicast=draw(roles),
                    reduces=draw(st.booleans()),
                    forwarding=draw(roles) if forwarding else (),
                )
            )
            levels.append(Level(name, ordered))
            continue
        keeps = tuple(t.name for t in operation.tensors if place == 0 or draw(st.booleans()))
        if not several and place:
            keeps = tuple(t.name for t in operation.tensors)
        reuse = tuple(
            (role, draw(st.sampled_from(("window", "window", "tile", "none")))) for role in ROLES
        )
        parts.append(Memory(name, reuse=reuse))
        levels.append(Level(name, ordered, keeps))
    parts.append(Compute())
    return Case(operation, Accelerator("drawn", tuple(parts)), Nest(tuple(levels)))


def with_a_loop_of_one(case: Case, data: st.DataObject) -> Nest:
    """The case's nest with one more loop anywhere, of one iteration."""
    index = data.draw(st.integers(0, len(case.nest.levels) - 1))
    level = case.nest.levels[index]
    spatial = isinstance(case.accelerator.parts[index], Array)
    place = data.draw(st.integers(0, len(level.loops)))
    extra = Loop(case.operation.dims[0][0], 1, "y" if spatial else None)
    longer = Level(level.part, (*level.loops[:place], extra, *level.loops[place:]), level.keeps)
    levels = (*case.nest.levels[:index], longer, *case.nest.levels[index + 1 :])
    return Nest(levels)
