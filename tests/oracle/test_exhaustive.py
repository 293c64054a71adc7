"""The proved optimum of products on a real chip, derived again by listing every mapping in numpy.

Nothing of the project counts or prices here: a product has no windows, so a tile is fetched once
for every iteration of the loops down to the innermost one that moves it. All factorisations of the
problem over DRAM, buffer, array and scratch pads of `eyeriss` are listed, with all loop orders and
all ways to keep tensors: some millions of mappings for each size.
"""

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import pytest

from picojoule.hardware import Accelerator, accelerator
from picojoule.mapper import Constraints, PartConstraints, search
from picojoule.workload import parse_operation

DIMS = {"weights": "MC", "inputs": "NC", "outputs": "NM"}
PLACES = ("dram", "glb", "x", "y", "spad")
HELD = {"glb": ("inputs", "outputs"), "spad": ("weights", "inputs", "outputs")}
OBJECTIVES = ("energy", "latency", "edp", "energy^2*latency")
Factors = dict[tuple[str, str], np.ndarray]
Keeps = Mapping[str, tuple[str, ...]]


def every_factorisation(sizes: dict[str, int], x: int, y: int) -> Factors:
    """Factors by (place, dimension), one entry per way to split all dimensions over all places."""
    ways = []
    for size in sizes.values():
        divisors = [n for n in range(1, size + 1) if size % n == 0]
        ways.append([w for w in itertools.product(divisors, repeat=5) if np.prod(w) == size])
    index = np.indices([len(way) for way in ways]).reshape(len(ways), -1)
    tables = [np.array(way)[rows] for way, rows in zip(ways, index, strict=True)]
    along = [np.prod([table[:, place] for table in tables], axis=0) for place in (2, 3)]
    fits = (along[0] <= x) & (along[1] <= y)
    return {
        (place, dim): table[fits, n]
        for dim, table in zip(sizes, tables, strict=True)
        for n, place in enumerate(PLACES)
    }


def every_way_to_keep() -> Iterator[Keeps]:
    """What buffer and scratch pads keep: any part of what they hold."""
    for masks in itertools.product((True, False), repeat=5):
        kept = iter(masks)
        yield {part: tuple(role for role in roles if next(kept)) for part, roles in HELD.items()}


def fetched(words: np.ndarray, loops: list[tuple[str, np.ndarray]], dims: str) -> np.ndarray:
    """Words fetched under loops, outermost first."""
    moved = np.zeros(words.shape, dtype=bool)
    total = words.astype(float)
    for dim, bound in reversed(loops):
        moved |= (bound > 1) & (dim in dims)
        total = np.where(moved, total * bound, total)
    return total


def words_of(tile: dict[str, np.ndarray], role: str) -> np.ndarray:
    """Words of a tensor in a tile."""
    return np.prod([tile[dim] for dim in DIMS[role]], axis=0)


def tiles_of(f: Factors, sizes: dict[str, int]) -> dict[str, dict[str, np.ndarray]]:
    """Spatial factors, and the tiles of a scratch pad and of the buffer."""
    spatial = {dim: f["x", dim] * f["y", dim] for dim in sizes}
    inside = {dim: f["spad", dim] for dim in sizes}
    around = {dim: inside[dim] * spatial[dim] * f["glb", dim] for dim in sizes}
    return {"pes": spatial, "spad": inside, "glb": around}


def best_scores(chip: Accelerator, sizes: dict[str, int], keeps: Keeps) -> dict[str, float]:
    """The least of every objective over all legal mappings with one way to keep tensors."""
    _, glb, spad = chip.memories
    (array,) = chip.arrays
    f = every_factorisation(sizes, array.x, array.y)
    tiles = tiles_of(f, sizes)
    room = dict(spad.partitions)
    buffered = [words_of(tiles["glb"], role) * 16 for role in keeps["glb"]]
    legal = np.sum([*buffered, np.zeros_like(f["x", "M"])], axis=0) <= glb.capacity_bits
    for role in keeps["spad"]:
        legal &= words_of(tiles["spad"], role) * 16 <= room[role]
    f = {key: factors[legal] for key, factors in f.items()}
    tiles = tiles_of(f, sizes)
    least = dict.fromkeys(OBJECTIVES, np.inf)
    for outer, inner in itertools.product(itertools.permutations(sizes), repeat=2):
        at_dram = [(dim, f["dram", dim]) for dim in outer]
        at_glb = [(dim, f["glb", dim]) for dim in inner]
        energy, cycles = score_orders(chip, sizes, keeps, tiles, at_dram, at_glb)
        scores = (energy, cycles, energy * cycles, energy**2 * cycles)
        for name, score in zip(OBJECTIVES, scores, strict=True):
            least[name] = min(least[name], float(score.min()))
    return least


def score_orders(
    chip: Accelerator,
    sizes: dict[str, int],
    keeps: Keeps,
    tiles: dict[str, dict[str, np.ndarray]],
    at_dram: list[tuple[str, np.ndarray]],
    at_glb: list[tuple[str, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray]:
    """Energy and cycles of every factorisation under one order of the loops at DRAM and buffer."""
    (array,) = chip.arrays
    steps = float(np.prod(list(sizes.values())))
    made = float(sizes["N"] * sizes["M"])
    instances = np.prod(list(tiles["pes"].values()), axis=0)
    energy = np.full(instances.shape, steps * chip.compute.mac_pj)
    reads = {memory.name: np.zeros(instances.shape) for memory in chip.memories}
    writes = {memory.name: np.zeros(instances.shape) for memory in chip.memories}
    price = {memory.name: memory for memory in chip.memories}
    for role, dims in DIMS.items():
        others = [bound for dim, bound in tiles["pes"].items() if dim not in dims]
        alike = np.prod(others, axis=0)
        touched = {"dram": made, "glb": made, "spad": made * alike}
        arriving = {
            "glb": fetched(words_of(tiles["glb"], role), at_dram, dims),
            "spad": instances * fetched(words_of(tiles["spad"], role), at_dram + at_glb, dims),
            "mac": np.full(instances.shape, steps),
        }
        chain = ["dram", *(part for part in HELD if role in keeps[part]), "mac"]
        for parent, child in itertools.pairwise(chain):
            words = arriving[child]
            crosses = parent != "spad" and child != "glb"
            sent = words / alike if crosses else words
            back = np.zeros_like(words)
            filled = words
            served = sent
            if role == "outputs":
                # A first accumulation has nothing to read, to bring in or to fill.
                filled = back = words - touched[child] if child != "mac" else 0.0 * words
                served = sent - touched[parent]
                writes[parent] = writes[parent] + sent
                energy = energy + sent * price[parent].update_pj
            if crosses:
                energy = energy + (words + back) * array.delivery_pj
                if role == "outputs":
                    energy = energy + (words - sent) * array.reduction_pj
            reads[parent] = reads[parent] + served
            energy = energy + served * price[parent].read_pj
            if child != "mac":
                writes[child] = writes[child] + filled
                energy = energy + filled * price[child].fill_pj
    dram, glb, _ = chip.memories
    busy = np.maximum(
        np.ceil(reads["glb"] * 16 / glb.read_bits_per_cycle),
        np.ceil(writes["glb"] * 16 / glb.write_bits_per_cycle),
    )
    crossing = np.ceil((reads["dram"] + writes["dram"]) * 16 / dram.port_bits_per_cycle)
    return energy, np.maximum(steps / instances, busy) + crossing


def check(chip: Accelerator, sizes: dict[str, int], ways: list[Keeps], given: Constraints) -> None:
    """Compare the search's optima with the least over some ways to keep tensors."""
    operation = parse_operation("fc " + " ".join(f"{dim}={size}" for dim, size in sizes.items()))
    scores = [best_scores(chip, sizes, way) for way in ways]
    for minimize in OBJECTIVES:
        least = min(score[minimize] for score in scores)
        certificate = search(
            operation, chip, minimize=minimize, constraints=given, factors="perfect"
        ).certificate
        assert certificate.optimal
        assert certificate.cost == pytest.approx(least, rel=1e-12)
        assert certificate.lower_bound == pytest.approx(least, rel=1e-12)


@pytest.mark.parametrize(
    "sizes", [{"N": 4, "M": 36, "C": 20}, {"N": 1, "M": 60, "C": 84}, {"N": 12, "M": 14, "C": 12}]
)
def test_products_on_eyeriss_that_keep_all_they_can(sizes: dict[str, int]) -> None:
    given = Constraints({part: PartConstraints(keep=roles) for part, roles in HELD.items()})
    check(accelerator("eyeriss"), sizes, [HELD], given)


@pytest.mark.parametrize("sizes", [{"N": 4, "M": 12, "C": 10}, {"N": 6, "M": 4, "C": 9}])
def test_products_on_eyeriss_with_every_way_to_keep(sizes: dict[str, int]) -> None:
    check(accelerator("eyeriss"), sizes, list(every_way_to_keep()), Constraints())


@pytest.mark.slow
def test_a_larger_product_on_eyeriss_with_every_way_to_keep() -> None:
    sizes = {"N": 4, "M": 36, "C": 20}
    check(accelerator("eyeriss"), sizes, list(every_way_to_keep()), Constraints())
