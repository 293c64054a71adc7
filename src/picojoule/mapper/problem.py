"""Problem: an operation on a chip as arrays, the form that the kernels read, and its objective.

Memories are numbered from the outside in; gap `i` is what lies below memory `i`: an array, or
nothing. Prices are per word of each tensor. Masks have one bit per dimension.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE, leakage_w, pack_tensor, step_energy_pj
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.jit import helper
from picojoule.mapping import usable_bits
from picojoule.workload import Operation, Tensor

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Minimize = Literal["energy", "latency", "edp"]
ENERGY, LATENCY, EDP = 0, 1, 2
OBJECTIVES: dict[Minimize, int] = {"energy": ENERGY, "latency": LATENCY, "edp": EDP}


class Problem(NamedTuple):
    """All that the kernels know. `L` memories (and gaps), `T` tensors, `D` dimensions."""

    sizes: Integers  # (D,)
    keeps: Flags  # (L, T)
    reuse: Integers  # (L, T)
    tensor_axis: Integers  # (T + 1,), into axis_first
    axis_first: Integers  # (axis + 1,), into the terms
    term_dim: Integers  # (term,)
    term_coefficient: Integers  # (term,)
    single: Integers  # (T,), mask of dimensions that are alone on their axis
    joined: Integers  # (T,), mask of dimensions that share an axis (sliding windows)
    sliding: int  # mask of dimensions that share an axis of any tensor
    bits: Integers  # (T,)
    pool: Integers  # (L, T), the first tensor that this one shares capacity with
    pool_bits: Integers  # (L, T), capacity of that tensor's pool; -1 is unbounded
    read_pj: Floats  # (L, T)
    fill_pj: Floats  # (L, T)
    update_pj: Floats  # (L, T)
    fanout: Integers  # (L,), instances of gap i's array; 1 without an array
    grouped: Flags  # (L, T)
    delivery_pj: Floats  # (L, T)
    reduction_pj: Floats  # (L, T)
    rates: Floats  # (L, 3), bits per cycle: read, write, both; 0 is unlimited
    overlapped: Flags  # (L,)
    steps_pj: float
    leakage_pj_per_cycle: float
    cycles_per_step: int


def gap_arrays(accelerator: Accelerator) -> tuple[Array | None, ...]:
    """The array below each memory, outermost first."""
    found: list[Array | None] = []
    for part in accelerator.parts:
        if isinstance(part, Memory):
            found.append(None)
        elif isinstance(part, Array):
            if found[-1] is not None:
                raise Unsupported(
                    "two arrays follow each other without a memory between them",
                    where=f"accelerator {accelerator.name!r}, array {part.name!r}",
                    got=f"{found[-1].name} > {part.name}",
                    expected="at most one array between two memories, to search mappings",
                    fix="merge the two arrays into one, or give a mapping with --mapping",
                )
            found[-1] = part
    return tuple(found)


def build_problem(operation: Operation, accelerator: Accelerator) -> Problem:
    """Turn an operation and a chip into the arrays that the search reads."""
    gaps = gap_arrays(accelerator)
    for array in gaps:
        if array is not None and array.forwarding:
            raise Unsupported(
                "the search does not know neighbour forwarding",
                where=f"accelerator {accelerator.name!r}, array {array.name!r}",
                got=f"forwarding of {' '.join(array.forwarding)}",
                expected="an array without forwarding",
                fix="leave `forwarding` out, or give a mapping with --mapping",
            )
    tensors, memories = operation.tensors, accelerator.memories
    packed = [pack_tensor(operation, tensor) for tensor in tensors]
    single, joined = _masks(operation)

    def per_word(memory: Memory, tensor: Tensor, price_pj: float) -> float:
        return price_pj * tensor.bits / memory.access_bits

    def per_gap(tensor: Tensor, array: Array | None, kind: str) -> float:
        return 0.0 if array is None else getattr(array, kind) * tensor.bits / array.word_bits

    offsets = np.cumsum([0, *(p.dim.size for p in packed)])
    return Problem(
        sizes=np.array([size for _, size in operation.dims], dtype=np.int64),
        keeps=np.array([[t.role in m.holds for t in tensors] for m in memories]),
        reuse=np.array(
            [[REUSE[m.reuse_of(t.role)] for t in tensors] for m in memories], dtype=np.int64
        ),
        tensor_axis=np.cumsum([0, *(p.first.size - 1 for p in packed)]).astype(np.int64),
        axis_first=np.concatenate(
            [p.first[:-1] + offset for p, offset in zip(packed, offsets)] + [offsets[-1:]]
        ).astype(np.int64),
        term_dim=np.concatenate([p.dim for p in packed]),
        term_coefficient=np.concatenate([p.coefficient for p in packed]),
        single=single,
        joined=joined,
        sliding=int(np.bitwise_or.reduce(joined)),
        bits=np.array([t.bits for t in tensors], dtype=np.int64),
        pool=np.array([_pools(m, tensors) for m in memories], dtype=np.int64),
        pool_bits=np.array(
            [
                [-1 if (bits := usable_bits(m, t.role)) is None else bits for t in tensors]
                for m in memories
            ],
            dtype=np.int64,
        ),
        read_pj=np.array([[per_word(m, t, m.read_pj) for t in tensors] for m in memories]),
        fill_pj=np.array([[per_word(m, t, m.fill_pj) for t in tensors] for m in memories]),
        update_pj=np.array([[per_word(m, t, m.update_pj) for t in tensors] for m in memories]),
        fanout=np.array([1 if a is None else a.size for a in gaps], dtype=np.int64),
        grouped=np.array([[a is not None and a.groups(t.role) for t in tensors] for a in gaps]),
        delivery_pj=np.array([[per_gap(t, a, "delivery_pj") for t in tensors] for a in gaps]),
        reduction_pj=np.array([[per_gap(t, a, "reduction_pj") for t in tensors] for a in gaps]),
        rates=np.array(
            [
                [
                    m.read_bits_per_cycle or 0.0,
                    m.write_bits_per_cycle or 0.0,
                    m.port_bits_per_cycle or 0.0,
                ]
                for m in memories
            ]
        ),
        overlapped=np.array([m.overlapped for m in memories]),
        steps_pj=operation.steps * step_energy_pj(operation, accelerator),
        leakage_pj_per_cycle=leakage_w(accelerator) / accelerator.clock_hz * 1e12,
        cycles_per_step=accelerator.compute.cycles,
    )


def _pools(memory: Memory, tensors: tuple[Tensor, ...]) -> list[int]:
    """For each tensor, the first one whose tiles share its capacity."""
    owners: dict[str, int] = {}
    private = {role for role, _ in memory.partitions}
    return [
        owners.setdefault(tensor.role if tensor.role in private else "", n)
        for n, tensor in enumerate(tensors)
    ]


def _masks(operation: Operation) -> tuple[Integers, Integers]:
    """Masks of the dimensions that are alone on an axis of each tensor, and of the others."""
    sizes = operation.sizes
    index = {name: n for n, (name, _) in enumerate(operation.dims)}
    single = np.zeros(len(operation.tensors), dtype=np.int64)
    joined = np.zeros(len(operation.tensors), dtype=np.int64)
    for t, tensor in enumerate(operation.tensors):
        for axis in tensor.axes:
            dims = [index[term.dim] for term in axis.terms if sizes[term.dim] > 1]
            mask = sum(1 << dim for dim in dims)
            if len(dims) == 1:
                single[t] |= mask
            else:
                joined[t] |= mask
    return single, joined


def mapspace_size(operation: Operation, accelerator: Accelerator) -> int:
    """Count the mappings of the space: all ordered factorisations times all loop orders.

    Every dimension is factorised over the memories and the array axes it may be spread on; every
    memory's loops come in any order. Mappings that do not fit are in the space: the search has to
    reject them too.
    """
    slots_of_dim = {
        dim: len(accelerator.memories)
        + sum(
            (array.x > 1 and (array.x_dims is None or dim in array.x_dims))
            + (array.y > 1 and (array.y_dims is None or dim in array.y_dims))
            for array in accelerator.arrays
        )
        for dim, _ in operation.dims
    }
    orders = math.factorial(len(operation.dims)) ** len(accelerator.memories)
    return orders * math.prod(
        _factorisations(size, slots_of_dim[dim]) for dim, size in operation.dims
    )


def _factorisations(size: int, slots: int) -> int:
    """Ordered ways to write `size` as a product of `slots` factors."""
    ways, factor = 1, 2
    while factor * factor <= size:
        exponent = 0
        while size % factor == 0:
            size //= factor
            exponent += 1
        ways *= math.comb(exponent + slots - 1, slots - 1)
        factor += 1
    return ways * (slots if size > 1 else 1)


@helper
def score(objective: int, energy: float, cycles: float) -> float:
    """What is minimised: pJ, cycles, or their product."""
    if objective == ENERGY:
        return energy
    if objective == LATENCY:
        return cycles
    return energy * cycles


@helper
def is_better(objective: int, energy: float, cycles: float, best: Floats) -> bool:
    """Whether (energy, cycles) beats `best` (score, energy); equal latency goes by energy."""
    value = score(objective, energy, cycles)
    return value < best[0] or (objective == LATENCY and value == best[0] and energy < best[1])


@helper
def energy_limit(objective: int, cycles: float, best: Floats) -> float:
    """Energy that a result of at least `cycles` must stay below to beat `best`; never too low."""
    if objective == ENERGY:
        return best[0]
    if objective == EDP:
        return best[0] / cycles * (1.0 + 1e-12)
    if cycles > best[0]:
        return 0.0
    return best[1] if cycles == best[0] else np.inf
