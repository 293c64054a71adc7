"""With imperfect factors the search equals brute force, too; chains are priced as nests are."""

import random
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from random_problems import PRODUCTS, product, random_constraints, uneven_problem
from spaces import Problem, every_mapping, every_nest, listed_size
from test_bound import check_cuts
from test_fronts import check_front
from test_search import check_best, narrow_first_look  # noqa: F401  a fixture

from picojoule.cost import count, leakage_w, price
from picojoule.errors import PicojouleError, Unsupported
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import OBJECTIVES, Constraints, parse_objective, search
from picojoule.mapper.model import Integers, stages_of
from picojoule.mapper.space import Space, build_space, mapspace_size
from picojoule.mapper.uneven.chain import uneven_cycles
from picojoule.mapper.uneven.words import (
    energy_prices,
    first_prices,
    is_counted,
    ordered_steps,
    settled_total,
)
from picojoule.mapping import Level, Loop, Nest
from picojoule.workload import Axis, Operation, Tensor, Term

NO_CONSTRAINTS = Constraints()


def check_imperfect(problem: Problem, constraints: Constraints, minimize: str) -> None:
    """Compare a search with all mappings; perfect factors are never better."""
    operation, chip = problem.operation, problem.chip
    best = check_best(problem, constraints, minimize, "imperfect")
    try:
        perfect = search(
            operation, chip, minimize=minimize, constraints=constraints, factors="perfect"
        )
    except PicojouleError:
        assert constraints != NO_CONSTRAINTS
    else:
        score = parse_objective(minimize).score
        assert best is not None
        assert score(best.costs) <= score(perfect.costs) * (1 + 1e-9)
    space = build_space(operation, chip, constraints, imperfect=True)
    listed = listed_size(operation, chip, constraints, imperfect=True)
    assert mapspace_size(space) == listed


def check_problem(seed: int, most: int, sets: int) -> None:
    """Compare all named objectives and a product, then some of them under constraints."""
    rng = random.Random(seed)
    problem = uneven_problem(rng, most)
    names = (*OBJECTIVES, rng.choice(PRODUCTS))
    for minimize in names:
        check_imperfect(problem, NO_CONSTRAINTS, minimize)
    for _ in range(sets):
        constraints = random_constraints(rng, problem)
        for minimize in rng.sample(names, 2):
            check_imperfect(problem, constraints, minimize)


@pytest.mark.parametrize("seed", range(20_000, 20_020))
def test_search_equals_brute_force(seed: int) -> None:
    check_problem(seed, most=600, sets=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(21_000, 21_400))
def test_search_equals_brute_force_at_length(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wide, short = random.Random(seed).choice(((2, 1), (12, 20), (1, 3), (2, 2**40)))
    monkeypatch.setattr(sys.modules["picojoule.mapper.chains"], "WIDE_VECTORS", wide)
    monkeypatch.setattr(sys.modules["picojoule.mapper.search"], "SHORT_WALK", short)
    check_problem(seed, most=2000, sets=3)


def test_a_window_that_comes_whole_is_not_absorbed() -> None:
    # Its third place under one weight is the first under the next: single words come once.
    g, p, r = (Axis((Term(dim, 1),)) for dim in "GPR")
    window = Axis((Term("P", 1), Term("R", 2)))
    operation = Operation(
        "depthwise",
        "depthwise",
        (("G", 4), ("P", 3), ("R", 2)),
        (
            Tensor("weights", "weights", (g, r), 16),
            Tensor("inputs", "inputs", (g, window), 16),
            Tensor("outputs", "outputs", (g, p), 16),
        ),
    )
    dram = Memory("dram", read_pj=75.0, update_pj=100.0, port_bits_per_cycle=12.0, overlapped=False)
    buffer = Memory(
        "buffer",
        ("weights", "inputs"),
        capacity_bits=320,
        partitions=(("inputs", 32),),
        read_pj=9.0,
        reuse=(("inputs", "tile"),),
    )
    chip = Accelerator("small", (dram, buffer, Compute()))
    mappings = tuple(every_mapping(operation, chip, imperfect=True))
    for minimize in OBJECTIVES:
        check_imperfect(Problem(operation, chip, mappings), NO_CONSTRAINTS, minimize)


@pytest.mark.parametrize("size", [10, 13])
def test_what_an_array_cannot_hold_together_is_no_choice(size: int) -> None:
    # Seven of 4 x 2 units take two rows of 13 each; a unit with one row makes no tile of seven.
    array = Array("pes", 4, 2, ("weights", "inputs"), delivery_pj=0.5)
    chip = Accelerator("row", (Memory("dram", read_pj=1.0, update_pj=1.0), array, Compute()))
    operation = product(M=size, K=1)
    mappings = tuple(every_mapping(operation, chip, imperfect=True))
    for minimize in OBJECTIVES:
        check_imperfect(Problem(operation, chip, mappings), NO_CONSTRAINTS, minimize)


@pytest.mark.parametrize("seed", range(22_000, 22_006))
def test_fronts_equal_a_listing(seed: int) -> None:
    rng = random.Random(seed)
    check_front(rng, uneven_problem(rng, 400), sets=2, factors="imperfect")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(23_000, 23_100))
def test_fronts_equal_a_listing_at_length(seed: int) -> None:
    rng = random.Random(seed)
    check_front(rng, uneven_problem(rng, 1500), sets=3, factors="imperfect")


@pytest.mark.parametrize("seed", range(24_000, 24_010))
def test_bounds_of_cut_searches_are_below_every_mapping(seed: int) -> None:
    rng = random.Random(seed)
    check_cuts(rng, uneven_problem(rng, 400), "imperfect")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25_000, 25_100))
def test_bounds_of_cut_searches_at_length(seed: int) -> None:
    rng = random.Random(seed)
    check_cuts(rng, uneven_problem(rng, 1000), "imperfect")


def uneven_nests(operation: Operation, chip: Accelerator) -> Iterator[Nest]:
    """Legal nests in which some bound does not divide, counted or not."""
    for nest in every_nest(operation, chip, imperfect=True):
        if nest.ragged(len(nest.levels), operation.sizes):
            yield nest


def as_arrays(
    space: Space, chip: Accelerator, nest: Nest
) -> tuple[Integers, Integers, Integers, np.ndarray]:
    """Tiles, instances with work, orders (innermost first) and what is kept of a nest, by memory.

    Between two arrays in a row stands a memory that keeps nothing and has no loops.
    """
    names, stages = space.names, stages_of(chip)
    shape = (len(stages), len(names))
    tiles, spatial = np.ones((2, *shape), dtype=np.int64)
    orders = np.full(shape, -1, dtype=np.int64)
    keeps = np.zeros((shape[0], len(space.operation.tensors)), dtype=np.bool_)
    piece, stage = np.array(space.problem.sizes), -1
    for n, (part, level) in enumerate(zip(chip.parts, nest.levels, strict=False)):
        if isinstance(part, Memory) or isinstance(chip.parts[n - 1], Array):
            stage += 1
            tiles[stage] = piece
        before = piece.copy()
        for loop in level.loops:
            d = names.index(loop.dim)
            piece[d] = -(-piece[d] // loop.bound)
        if isinstance(part, Array):
            spatial[stage] = -(-before // piece)
        else:
            loops = [names.index(loop.dim) for loop in reversed(level.loops)]
            orders[stage, : len(loops)] = loops
            keeps[stage] = [tensor.name in level.keeps for tensor in space.operation.tensors]
    return tiles, spatial, orders, keeps


def check_chain(space: Space, chip: Accelerator, nest: Nest) -> bool:
    """Compare a chain's energy and cycles with those of its nest; False where none counts it."""
    operation = space.operation
    tiles, spatial, orders, keeps = as_arrays(space, chip, nest)
    problem = space.problem._replace(keeps=keeps)
    try:
        costs = price(operation, chip, count(operation, chip, nest))
    except Unsupported:
        assert not is_counted(problem, tiles, spatial)
        return False
    assert is_counted(problem, tiles, spatial)
    cycles = uneven_cycles(problem, tiles, spatial, orders, True)
    assert cycles == costs.latency_cycles
    assert uneven_cycles(problem, tiles, spatial, orders, False) <= cycles
    prices = energy_prices(problem)
    energy = problem.steps_pj + leakage_w(chip) / chip.clock_hz * 1e12 * cycles
    energy += settled_total(problem, tiles, spatial, prices, first_prices(problem))
    energy += ordered_steps(problem, tiles, spatial, prices, orders)
    assert energy == pytest.approx(costs.energy_pj, rel=1e-9)
    return True


def check_chains(seed: int, problems: int, nests: int) -> tuple[int, int]:
    """Compare some uneven nests of some problems; how many are counted, and how many are not."""
    rng = random.Random(seed)
    counted = refused = 0
    for _ in range(problems):
        problem = uneven_problem(rng, 400)
        listed = list(uneven_nests(problem.operation, problem.chip))
        space = build_space(problem.operation, problem.chip, NO_CONSTRAINTS, imperfect=True)
        for nest in rng.sample(listed, min(nests, len(listed))):
            if check_chain(space, problem.chip, nest):
                counted += 1
            else:
                refused += 1
    return counted, refused


def test_chains_cost_what_their_nests_do() -> None:
    counted, refused = check_chains(26_000, problems=30, nests=20)
    assert counted > 100
    assert refused > 0


def test_an_inner_array_has_fewer_active_instances_where_an_outer_one_leaves_less() -> None:
    # Two rows take two and one of three taps, then spread them again: three instances, not four.
    windows = Operation(
        "windows",
        "conv",
        (("P", 4), ("S", 3)),
        (
            Tensor("weights", "weights", (Axis((Term("S"),)),)),
            Tensor("inputs", "inputs", (Axis((Term("P"), Term("S"))),)),
            Tensor("outputs", "outputs", (Axis((Term("P"),)),)),
        ),
    )
    parts = (
        Memory("dram"),
        Array("outer", 2, multicast=("weights",)),
        Memory("buffer", ("outputs",)),
        Array("inner", 2),
        Memory("register", port_bits_per_cycle=3.0, leakage_w=1e-3),
        Compute(),
    )
    chip, kept = Accelerator("chip", parts), ("weights", "inputs", "outputs")
    nest = Nest(
        (
            Level("dram", (Loop("P", 4),), kept),
            Level("outer", (Loop("S", 2, "x"),)),
            Level("buffer", (), ("outputs",)),
            Level("inner", (Loop("S", 2, "x"),)),
            Level("register", (), ("weights", "outputs")),
        )
    )
    space = build_space(windows, chip, NO_CONSTRAINTS, imperfect=True)
    assert check_chain(space, chip, nest)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(27_000, 27_010))
def test_chains_cost_what_their_nests_do_at_length(seed: int) -> None:
    check_chains(seed, problems=50, nests=100)
