"""Problem: an operation on a chip as arrays, the form that the kernels read.

Memories are numbered from the outside in; gap `i` is what lies below memory `i`: an array, or
nothing. Prices are per word of each tensor. Masks have one bit per dimension.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE, leakage_w, pack_tensor, step_energy_pj
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapping import usable_bits
from picojoule.workload import Operation, Tensor

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


NEITHER, MANY = -1, -2
"""What stands for the dimensions of an axis that is one dimension's own, or that more than two
share."""


STANDS, STEPS, WRAPS = 0, 1, 2
"""What the loop over a dimension does at a step: it stands anywhere, advances, or wraps."""
POINTS, WORDS, SLIDES, MOVES, EVERY, KEPT = 0, 1, 2, 4, 6, 15
COLUMNS = 24
"""Columns of the tables of axes.

Coordinates of a tile; those of all tiles of the operation, each by itself; for either dimension,
which share of these is new after a step of one tile, and which moves if nothing stays; and for what
either loop does, `3 * one + other`: coordinates in memory 1's tiles, and those that were there.
"""
LEAST_MOVING, LEAST_STEPPING = -2, -1
"""Rows of the shares of cuts that hold whatever the outer tile, see `factors.cut_shares`."""


class Problem(NamedTuple):
    """All that the kernels know. `L` memories (and gaps), `T` tensors, `D` dimensions."""

    sizes: Integers  # (D,)
    keeps: Flags  # (L, T)
    absorbs: Flags  # (L,), whether a factor may move from the loops outside into this tile
    idle: Flags  # (L,), whether a memory keeps nothing and need not have most kinds of loops
    gathers: int  # mask of dimensions that few instances of the innermost array may as well share
    before: Integers  # (L, D), mask of dimensions whose loops must run inside this one's
    mirror: Integers  # (D,), dimensions exchanged by which nothing changes; each itself if none
    reuse: Integers  # (L, T)
    tensor_axis: Integers  # (T + 1,), into axis_first
    axis_first: Integers  # (axis + 1,), into the terms
    axis_pair: Integers  # (axis, 2): the dimensions that share it; NEITHER, or MANY of them
    axis_tables: Floats  # (axis, column, tile, tile), see `axes`
    term_dim: Integers  # (term,)
    term_coefficient: Integers  # (term,)
    single: Integers  # (T,), mask of dimensions that are alone on their axis
    joined: Integers  # (T,), mask of dimensions that share an axis (sliding windows)
    sliding: int  # mask of dimensions that share an axis of any tensor
    sliced: int  # mask of dimensions whose loops in time are memory 0's alone
    tiles: Integers  # (D, n), which there are, in rising order
    tile_counts: Integers  # (D,)
    uneven: int  # mask of dimensions whose outermost loop need not divide
    cut_shares: Floats  # (D, tile + 2, union), see `factors.cut_shares`
    next_cuts: Integers  # (2, D, tile, union), see `tiles.next_cuts`
    bits: Integers  # (T,)
    words: Floats  # (T,), of the whole operation
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


class Stage(NamedTuple):
    """A memory and the array below it; between two arrays in a row stands a memory of nothing."""

    memory: Memory
    array: Array | None


def stages_of(accelerator: Accelerator) -> tuple[Stage, ...]:
    """The memories of a chip with the array below each, outermost first."""
    stages: list[Stage] = []
    for part in accelerator.parts:
        if isinstance(part, Memory):
            stages.append(Stage(part, None))
        elif isinstance(part, Array):
            if stages[-1].array is None:
                stages[-1] = Stage(stages[-1].memory, part)
            else:
                stages.append(Stage(Memory(f"above {part.name}", holds=()), part))
    return tuple(stages)


def build_problem(operation: Operation, accelerator: Accelerator) -> Problem:
    """Turn an operation and a chip into the arrays that the search reads; all that fits is kept."""
    stages = stages_of(accelerator)
    for _, array in stages:
        if array is not None and array.forwarding:
            raise Unsupported(
                "the search does not know neighbour forwarding",
                where=f"accelerator {accelerator.name!r}, array {array.name!r}",
                got=f"forwarding of {' '.join(array.forwarding)}",
                expected="an array without forwarding",
                fix="leave `forwarding` out, or give a mapping with --mapping",
            )
    tensors, memories = operation.tensors, [stage.memory for stage in stages]
    packed = [pack_tensor(operation, tensor) for tensor in tensors]
    single, joined = _masks(operation)
    offsets = np.cumsum([0, *(p.dim.size for p in packed)])
    shape = (len(memories), len(operation.dims))

    def per_word(kind: str) -> Floats:
        return np.array(
            [[getattr(m, kind) * t.bits / m.access_bits for t in tensors] for m in memories]
        )

    def per_gap(kind: str) -> Floats:
        return np.array(
            [
                [0.0 if a is None else getattr(a, kind) * t.bits / a.word_bits for t in tensors]
                for _, a in stages
            ]
        )

    return Problem(
        sizes=np.array([size for _, size in operation.dims], dtype=np.int64),
        keeps=np.array([[t.role in m.holds for t in tensors] for m in memories]),
        absorbs=np.ones(len(memories), dtype=np.bool_),
        idle=np.zeros(len(memories), dtype=np.bool_),
        gathers=0,
        before=np.zeros(shape, dtype=np.int64),
        mirror=np.arange(len(operation.dims)),
        reuse=np.array(
            [[REUSE[m.reuse_of(t.role)] for t in tensors] for m in memories], dtype=np.int64
        ),
        tensor_axis=np.cumsum([0, *(p.first.size - 1 for p in packed)]).astype(np.int64),
        axis_first=np.concatenate(
            [p.first[:-1] + offset for p, offset in zip(packed, offsets)] + [offsets[-1:]]
        ).astype(np.int64),
        axis_pair=_pairs(operation),
        axis_tables=np.ones((1, 1, 1, 1)),
        term_dim=np.concatenate([p.dim for p in packed]),
        term_coefficient=np.concatenate([p.coefficient for p in packed]),
        single=single,
        joined=joined,
        sliding=int(np.bitwise_or.reduce(joined)),
        sliced=0,
        tiles=np.ones((len(operation.dims), 1), dtype=np.int64),
        tile_counts=np.ones(len(operation.dims), dtype=np.int64),
        uneven=0,
        cut_shares=np.ones((len(operation.dims), 3, 1)),
        next_cuts=np.full((2, len(operation.dims), 1, 1), -1, dtype=np.int64),
        bits=np.array([t.bits for t in tensors], dtype=np.int64),
        words=np.array([operation.words(t) for t in tensors], dtype=np.float64),
        pool=np.array([_pools(m, tensors) for m in memories], dtype=np.int64),
        pool_bits=np.array(
            [
                [-1 if (bits := usable_bits(m, t.role)) is None else bits for t in tensors]
                for m in memories
            ],
            dtype=np.int64,
        ),
        read_pj=per_word("read_pj"),
        fill_pj=per_word("fill_pj"),
        update_pj=per_word("update_pj"),
        fanout=np.array([1 if a is None else a.size for _, a in stages], dtype=np.int64),
        grouped=np.array(
            [[a is not None and a.groups(t.role) for t in tensors] for _, a in stages]
        ),
        delivery_pj=per_gap("delivery_pj"),
        reduction_pj=per_gap("reduction_pj"),
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


def _pairs(operation: Operation) -> Integers:
    """The two dimensions that share each axis, `(axis, 2)`; others say how many there are."""
    sizes, names = operation.sizes, [name for name, _ in operation.dims]
    pairs: list[tuple[int, int]] = []
    for tensor in operation.tensors:
        for axis in tensor.axes:
            dims = [names.index(term.dim) for term in axis.terms if sizes[term.dim] > 1]
            other = MANY if len(dims) > 2 else NEITHER
            pairs.append((dims[0], dims[1]) if len(dims) == 2 else (other, other))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


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
