"""The search equals brute force: every legal mapping of small spaces, in closed form."""

import itertools
import random
import sys
from collections.abc import Iterator

import pytest

from picojoule.cost import Costs, count, price
from picojoule.errors import PicojouleError
from picojoule.hardware import Accelerator, Array, Compute, Memory, Reuse
from picojoule.mapper import OBJECTIVES, Constraints, Objective, search
from picojoule.mapper.search import run_search, start_search
from picojoule.mapper.space import build_space, mapspace_size
from picojoule.mapping import Level, Loop, Nest, validate
from picojoule.workload import Axis, Operation, Tensor, Term

REUSES: tuple[Reuse, ...] = ("tile", "window", "none")


def _factorisations(size: int, slots: int) -> Iterator[tuple[int, ...]]:
    if slots == 1:
        yield (size,)
        return
    for first in range(1, size + 1):
        if size % first == 0:
            for rest in _factorisations(size // first, slots - 1):
                yield (first, *rest)


def every_way_to_keep(operation: Operation, chip: Accelerator) -> list[tuple[tuple[str, ...], ...]]:
    """Per way, the names that each part keeps; the outermost memory keeps everything."""
    options: list[list[tuple[str, ...]]] = []
    for n, part in enumerate(chip.parts[:-1]):
        held = [t.name for t in operation.tensors if isinstance(part, Memory) and t.role in part.holds]
        subsets = [
            tuple(name for name, kept in zip(held, mask, strict=True) if kept)
            for mask in itertools.product((True, False), repeat=len(held))
        ]
        options.append(subsets if n else [tuple(held)])
    return list(itertools.product(*options))


def every_nest(operation: Operation, chip: Accelerator) -> Iterator[Nest]:
    """All factorisations over temporal and spatial slots, all loop orders, all ways to keep."""
    ways = every_way_to_keep(operation, chip)
    slots: list[tuple[int, str | None]] = []
    for n, part in enumerate(chip.parts[:-1]):
        if isinstance(part, Memory):
            slots.append((n, None))
        elif isinstance(part, Array):
            slots += [(n, axis) for axis, size in (("x", part.x), ("y", part.y)) if size > 1]
    names = [name for name, _ in operation.dims]
    choices = [list(_factorisations(size, len(slots))) for _, size in operation.dims]
    for factors in itertools.product(*choices):
        loops: list[list[Loop]] = [[] for _ in chip.parts[:-1]]
        for s, (n, axis) in enumerate(slots):
            for name, row in zip(names, factors, strict=True):
                if row[s] > 1:
                    loops[n].append(Loop(name, row[s], axis))
        orders = [
            itertools.permutations(level) if isinstance(part, Memory) else [tuple(level)]
            for part, level in zip(chip.parts, loops, strict=False)
        ]
        for arrangement, keeps in itertools.product(itertools.product(*orders), ways):
            yield Nest(
                tuple(
                    Level(part.name, tuple(level), kept)
                    for part, level, kept in zip(chip.parts, arrangement, keeps, strict=False)
                )
            )


def random_operation(rng: random.Random) -> Operation:
    kind = rng.choice(["matmul", "conv1d", "conv2d", "transposed", "strided"])
    bits = [rng.choice([8, 16]) for _ in range(3)]

    def axes(*names: str) -> tuple[Axis, ...]:
        return tuple(Axis((Term(name),)) for name in names)

    if kind == "matmul":
        dims = [
            ("M", rng.choice([2, 4, 6])),
            ("K", rng.choice([2, 3, 4])),
            ("N", rng.choice([2, 4])),
        ]
        tensors = (axes("M", "K"), axes("K", "N"), axes("M", "N"))
    elif kind == "conv2d":
        dims = [("C", 2), ("P", 2), ("Q", rng.choice([2, 4])), ("R", 2), ("S", rng.choice([1, 2]))]
        window = tuple(Axis((Term(a), Term(b))) for a, b in (("P", "R"), ("Q", "S")))
        tensors = (axes("C", "R", "S"), (*axes("C"), *window), axes("P", "Q"))
    else:
        stride = 1 if kind == "conv1d" else rng.choice([2, 3])
        dilation = rng.choice([1, 2])
        sizes = (rng.choice([1, 2]), rng.choice([2, 3]), rng.choice([4, 6]), rng.choice([2, 3]))
        dims = list(zip("MCPR", sizes, strict=True))
        joined = Axis((Term("P", stride), Term("R", dilation)))
        if kind == "transposed":
            tensors = (axes("M", "C", "R"), axes("C", "P"), (*axes("M"), joined))
        else:
            tensors = (axes("M", "C", "R"), (*axes("C"), joined), axes("M", "P"))
    roles = ("weights", "inputs", "outputs")
    return Operation(
        kind,
        kind,
        tuple(dims),
        tuple(Tensor(r, r, a, b) for r, a, b in zip(roles, tensors, bits, strict=True)),
    )


def random_chip(rng: random.Random) -> Accelerator:
    roles = ("weights", "inputs", "outputs")

    def memory(name: str, scale: float, *, outermost: bool = False) -> Memory:
        holds = roles if outermost else tuple(r for r in roles if rng.random() < 0.8) or roles
        partitions = ()
        if not outermost and rng.random() < 0.3:
            partitions = tuple((r, rng.choice([32, 64, 128])) for r in holds)
        return Memory(
            name,
            holds,
            None if outermost else rng.choice([96, 160, 320, 640]),
            partitions,
            rng.choice([16, 32]),
            scale * rng.choice([1.0, 1.5]),
            scale * rng.choice([0.0, 1.0]),
            scale * rng.choice([1.0, 2.0]),
            read_bits_per_cycle=rng.choice([None, None, 8.0, 24.0]),
            write_bits_per_cycle=rng.choice([None, None, 8.0]),
            port_bits_per_cycle=rng.choice([None, None, 12.0]),
            overlapped=rng.random() < 0.8,
            reuse=tuple(
                (r, rng.choice(["tile", "window", "none"])) for r in roles if rng.random() < 0.3
            ),
            leakage_w=rng.choice([0.0, 0.0, 1e-3]),
        )

    def array(name: str) -> Array:
        return Array(
            name,
            rng.choice([2, 3]),
            rng.choice([1, 2]),
            tuple(r for r in roles[:2] if rng.random() < 0.8),
            rng.random() < 0.8,
            delivery_pj=rng.choice([0.0, 0.5]),
            reduction_pj=rng.choice([0.0, 0.3]),
            x_dims=rng.choice([None, None, ("C", "M", "P", "K")]),
        )

    parts: list[Memory | Array | Compute] = [memory("dram", 50.0, outermost=True)]
    layout = rng.choice(["b", "ab", "ba", "bb", "bab", "bba", "abab", "bbab", "a"])
    scale = 6.0
    for n, kind in enumerate(layout):
        if kind == "a":
            parts.append(array(f"array{n}"))
        else:
            parts.append(memory(f"buffer{n}", scale))
            scale /= 3
    return Accelerator("random", (*parts, Compute(mac_pj=1.0)), clock_hz=1e9)


def check_one(seed: int, most: int) -> bool:
    """Compare the search with all mappings of a random problem; False if there are too many."""
    rng = random.Random(seed)
    operation, chip = random_operation(rng), random_chip(rng)
    nests = list(itertools.islice(every_nest(operation, chip), most + 1))
    if len(nests) > most:
        return False
    everything: list[Costs] = []
    for nest in nests:
        try:
            validate(operation, chip, nest)
        except PicojouleError:
            continue
        everything.append(price(operation, chip, count(operation, chip, nest)))
    for name, objective in OBJECTIVES.items():
        if not everything:
            with pytest.raises(PicojouleError):
                search(operation, chip, minimize=name)
            continue
        best = min(map(objective.score, everything))
        solution = search(operation, chip, minimize=name)
        validate(operation, chip, solution.nest)
        costs = price(operation, chip, count(operation, chip, solution.nest))
        assert costs == solution.costs
        assert objective.score(costs) == pytest.approx(best, rel=1e-9), (seed, name)
        assert solution.certificate.optimal
        equal = [one for one in everything if objective.score(one) <= best * (1 + 1e-12)]
        if name == "energy":
            assert costs.latency_cycles == min(one.latency_cycles for one in equal), seed
        else:
            least = min(one.energy_pj for one in equal)
            assert costs.energy_pj == pytest.approx(least, rel=1e-9), (seed, name)
        assert survives_a_tight_hint(operation, chip, objective, costs), (seed, name)
    return True


def survives_a_tight_hint(
    operation: Operation, chip: Accelerator, objective: Objective, best: Costs
) -> bool:
    """Whether the walk still finds the optimum when it starts with one a hair above it.

    A loose start hides a bound that is too high: with a tight one, it loses the optimum.
    """
    run = start_search(build_space(operation, chip, Constraints()), chip, objective)
    energy_pj, cycles = best.energy_pj * (1 + 1e-9), float(best.latency_cycles)
    hint = (objective.score(best) * (1 + 1e-9), energy_pj, cycles)
    run.best[1, :3] = hint
    run_search(run)
    return tuple(run.best[1, :3]) != hint


@pytest.mark.parametrize("seed", range(20))
def test_the_space_has_the_size_that_listing_it_gives(seed: int) -> None:
    rng = random.Random(seed)
    operation, chip = random_operation(rng), random_chip(rng)
    memories = sum(isinstance(part, Memory) for part in chip.parts)
    tilings = 1
    for dim, size in operation.dims:
        slots = memories
        for part in chip.parts:
            if isinstance(part, Array):
                slots += part.x > 1 and (part.x_dims is None or dim in part.x_dims)
                slots += part.y > 1 and (part.y_dims is None or dim in part.y_dims)
        tilings *= len(list(_factorisations(size, slots)))
    orders = len(list(itertools.permutations(operation.dims))) ** memories
    ways = len(every_way_to_keep(operation, chip))
    assert mapspace_size(build_space(operation, chip, Constraints())) == tilings * orders * ways


@pytest.fixture(autouse=True)
def narrow_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small spaces have few spatial choices: let the first look take only two of them."""
    monkeypatch.setattr(sys.modules["picojoule.mapper.chains"], "WIDE_VECTORS", 2)
    monkeypatch.setattr(sys.modules["picojoule.mapper.search"], "SHORT_WALK", 1)


@pytest.mark.parametrize("seed", range(60))
def test_search_equals_brute_force(seed: int) -> None:
    # Each seed walks on to the first problem whose space is small enough to list.
    for attempt in itertools.count():
        if check_one(seed * 1000 + attempt, 3000):
            break


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1200))
def test_search_equals_brute_force_at_length(seed: int) -> None:
    for attempt in itertools.count():
        if check_one(seed * 1000 + attempt, 6000):
            break
