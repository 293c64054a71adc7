"""What the loops of the outermost memory bring equals the closed form, over all their orders."""

import itertools
import math
import random

import numpy as np
import pytest
from random_problems import odd_sizes, random_operation

from picojoule.cost import count
from picojoule.hardware import Accelerator, Compute, Memory
from picojoule.mapper import Constraints, PartConstraints
from picojoule.mapper.space import Space, build_space
from picojoule.mapper.walk.outermost import is_alone, outermost_fillings
from picojoule.mapping import Level, Loop, Nest
from picojoule.workload import ROLES, Operation


def chip_with_a_buffer(rng: random.Random) -> Accelerator:
    """A buffer of any kind of reuse below the outermost memory."""
    reuse = tuple((role, rng.choice(("tile", "window", "none"))) for role in ROLES)
    return Accelerator("chip", (Memory("dram"), Memory("buffer", reuse=reuse), Compute()))


def energies_by_order(
    operation: Operation,
    chip: Accelerator,
    tile: dict[str, int],
    prices: dict[str, float],
    order: tuple[str, ...],
) -> dict[str, float]:
    """Least energy of filling the buffer's tile, by the innermost loop outside it.

    Args:
        order: Dimensions whose loops must run in this order, outermost first.
    """
    bounds = {dim: -(-size // tile[dim]) for dim, size in operation.dims}
    kept = tuple(tensor.name for tensor in operation.tensors)
    inside = tuple(Loop(dim, size) for dim, size in tile.items() if size > 1)
    energies: dict[str, float] = {}
    for dims in itertools.permutations(dim for dim, bound in bounds.items() if bound > 1):
        if [dim for dim in order if dim in dims] != [dim for dim in dims if dim in order]:
            continue
        loops = tuple(Loop(dim, bounds[dim]) for dim in dims)
        nest = Nest((Level("dram", loops, kept), Level("buffer", inside, kept)))
        counts = count(operation, chip, nest, elide_first_read=False)
        energy = sum(prices[name] * counts.accesses["buffer", name].fills for name in kept)
        energies[dims[-1]] = min(energies.get(dims[-1], math.inf), energy)
    return energies


def energies_by_kernel(
    space: Space, tile: dict[str, int], prices: dict[str, float]
) -> dict[str, float]:
    """The same by the kernel, of the loops that may stand innermost."""
    sizes = [tile[name] for name in space.names]
    indices = [space.cuts.tiles(d).index(size) for d, size in enumerate(sizes)]
    looped = sum(1 << d for d, size in enumerate(sizes) if size < space.problem.sizes[d])
    by_loop = np.full(len(sizes), np.inf)
    outermost_fillings(
        space.problem,
        np.array(sizes),
        np.array(indices),
        np.array([prices[tensor.name] for tensor in space.operation.tensors]),
        looped,
        by_loop,
    )
    return {
        name: energy
        for name, energy in zip(space.names, by_loop.tolist(), strict=True)
        if energy < math.inf
    }


def check_fillings(rng: random.Random) -> bool:
    """Compare a random tile of a random operation; False where the kernel is not asked."""
    operation, chip = random_operation(rng), chip_with_a_buffer(rng)
    if rng.random() < 0.8:
        operation = odd_sizes(rng, operation)
    names = [name for name, _ in operation.dims]
    order = tuple(rng.sample(names, rng.randint(2, len(names)))) if rng.random() < 0.3 else ()
    constraints = Constraints({"dram": PartConstraints(order=order)})
    space = build_space(operation, chip, constraints, imperfect=True)
    tile = {name: rng.choice(space.cuts.tiles(d)) for d, name in enumerate(names)}
    if not is_alone(space.problem) or tile == operation.sizes:
        return False
    prices = {tensor.name: rng.choice((0.0, 1.0, 1.25, 3.5)) for tensor in operation.tensors}
    expected = energies_by_order(operation, chip, tile, prices, order)
    found = energies_by_kernel(space, tile, prices)
    assert found.keys() == expected.keys()
    assert all(found[dim] <= energy * (1 + 1e-12) for dim, energy in expected.items())
    if not keeps_equal_windows(operation, chip):
        assert found == pytest.approx(expected, rel=1e-12)
    return True


def keeps_equal_windows(operation: Operation, chip: Accelerator) -> bool:
    """Whether the buffer keeps windows only if they are equal: then a shorter one inside an old one
    is fetched anew, which the kernel does not know."""
    return any(
        chip.memories[1].reuse_of(tensor.role) == "tile" and len(axis.terms) > 1
        for tensor in operation.tensors
        for axis in tensor.axes
    )


def test_fillings_equal_the_closed_form_over_all_orders() -> None:
    rng = random.Random(40_000)
    assert sum(check_fillings(rng) for _ in range(400)) > 250


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(41_000, 41_010))
def test_fillings_equal_the_closed_form_at_length(seed: int) -> None:
    rng = random.Random(seed)
    assert sum(check_fillings(rng) for _ in range(2000)) > 1000
