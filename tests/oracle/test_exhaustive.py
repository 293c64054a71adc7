"""The proved optimum of products on a real chip, derived again by listing every mapping in numpy.

Nothing of the project counts or prices here: a product has no windows, so a tile is fetched once
for every iteration of the loops down to the innermost one that moves it. All factorisations of the
problem over DRAM, buffer, array and scratch pads of `eyeriss` are listed, with all loop orders:
some millions of mappings for each size. Every memory keeps what it may.
"""

import itertools

import numpy as np
import pytest

from picojoule.hardware import Accelerator, accelerator
from picojoule.mapper import Constraints, PartConstraints, search
from picojoule.workload import parse_operation

DIMS = {"weights": "MC", "inputs": "NC", "outputs": "NM"}
PLACES = ("dram", "glb", "x", "y", "spad")


def every_factorisation(sizes: dict[str, int], x: int, y: int) -> dict[tuple[str, str], np.ndarray]:
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


def fetched(words: np.ndarray, loops: list[tuple[str, np.ndarray]], dims: str) -> np.ndarray:
    """Words fetched under loops, outermost first."""
    moved = np.zeros(words.shape, dtype=bool)
    total = words.astype(float)
    for dim, bound in reversed(loops):
        moved |= (bound > 1) & (dim in dims)
        total = np.where(moved, total * bound, total)
    return total


def best_scores(chip: Accelerator, sizes: dict[str, int]) -> dict[str, float]:
    """Least energy, latency and energy-delay product over every legal mapping."""
    dram, glb, spad = chip.memories
    (array,) = chip.arrays
    f = every_factorisation(sizes, array.x, array.y)
    steps = float(np.prod(list(sizes.values())))
    spatial = {dim: f["x", dim] * f["y", dim] for dim in sizes}
    inside = {dim: f["spad", dim] for dim in sizes}
    around = {dim: inside[dim] * spatial[dim] * f["glb", dim] for dim in sizes}

    def words(tile: dict[str, np.ndarray], role: str) -> np.ndarray:
        return np.prod([tile[dim] for dim in DIMS[role]], axis=0)

    room = dict(spad.partitions)
    legal = np.all([words(inside, role) * 16 <= room[role] for role in DIMS], axis=0)
    legal &= (words(around, "inputs") + words(around, "outputs")) * 16 <= glb.capacity_bits
    f = {key: factors[legal] for key, factors in f.items()}
    spatial, inside, around = (
        {dim: factors[legal] for dim, factors in tile.items()} for tile in (spatial, inside, around)
    )
    instances = np.prod(list(spatial.values()), axis=0)
    alike = {
        role: np.prod([spatial[dim] for dim in sizes if dim not in DIMS[role]], axis=0)
        for role in DIMS
    }
    made = float(sizes["N"] * sizes["M"])
    least = dict.fromkeys(("energy", "latency", "edp"), np.inf)
    for outer, inner in itertools.product(itertools.permutations(sizes), repeat=2):
        at_dram = [(dim, f["dram", dim]) for dim in outer]
        loops = at_dram + [(dim, f["glb", dim]) for dim in inner]
        into_spad = {r: instances * fetched(words(inside, r), loops, DIMS[r]) for r in DIMS}
        into_glb = {r: fetched(words(around, r), at_dram, DIMS[r]) for r in ("inputs", "outputs")}
        sent = {r: into_spad[r] / alike[r] for r in DIMS}
        kept = made * alike["outputs"]
        returned = into_spad["outputs"] - kept
        dram_reads = sent["weights"] + into_glb["inputs"] + into_glb["outputs"] - made
        glb_reads = sent["inputs"] + sent["outputs"] - made
        glb_fills = into_glb["inputs"] + into_glb["outputs"] - made
        energy = (
            steps * chip.compute.mac_pj
            + (3 * steps - kept) * spad.read_pj
            + steps * spad.update_pj
            + (into_spad["weights"] + into_spad["inputs"] + returned) * spad.fill_pj
            + (sum(into_spad.values()) + returned) * array.delivery_pj
            + (into_spad["outputs"] - sent["outputs"]) * array.reduction_pj
            + glb_reads * glb.read_pj
            + glb_fills * glb.fill_pj
            + sent["outputs"] * glb.update_pj
            + dram_reads * dram.read_pj
            + into_glb["outputs"] * dram.update_pj
        )
        busy = np.max(
            [
                steps / instances,
                np.ceil(glb_reads * 16 / glb.read_bits_per_cycle),
                np.ceil((glb_fills + sent["outputs"]) * 16 / glb.write_bits_per_cycle),
            ],
            axis=0,
        )
        crossing = (dram_reads + into_glb["outputs"]) * 16
        cycles = busy + np.ceil(crossing / dram.port_bits_per_cycle)
        scores = {"energy": energy, "latency": cycles, "edp": energy * cycles}
        least = {name: min(least[name], float(scores[name].min())) for name in least}
    return least


@pytest.mark.parametrize(
    "sizes", [{"N": 4, "M": 36, "C": 20}, {"N": 1, "M": 60, "C": 84}, {"N": 12, "M": 14, "C": 12}]
)
def test_products_on_eyeriss(sizes: dict[str, int]) -> None:
    chip = accelerator("eyeriss")
    operation = parse_operation("fc " + " ".join(f"{dim}={size}" for dim, size in sizes.items()))
    least = best_scores(chip, sizes)
    kept = {memory.name: PartConstraints(keep=memory.holds) for memory in chip.memories[1:]}
    for minimize in ("energy", "latency", "edp"):
        solution = search(operation, chip, minimize=minimize, constraints=Constraints(kept))
        certificate = solution.certificate
        assert certificate.optimal
        assert certificate.cost == pytest.approx(least[minimize], rel=1e-12)
        assert certificate.lower_bound == pytest.approx(least[minimize], rel=1e-12)
