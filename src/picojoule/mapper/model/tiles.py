"""Tiles: what they hold, what fits, what instances share, and what a word of them costs."""

import numpy as np
from numpy.typing import NDArray

from picojoule.cost import REUSE, shared_in_run, shared_points
from picojoule.jit import helper, inlined, leaf
from picojoule.mapper.model.problem import POINTS, Problem

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Bits = NDArray[np.uint64]

TILE = REUSE["tile"]


@inlined
def visits_of(problem: Problem, tile: Integers) -> float:
    """How many tiles of this size the whole operation has."""
    visits = 1.0
    for d in range(tile.size):
        visits *= -(-problem.sizes[d] // tile[d])
    return visits


@helper
def shared_on_axis(
    dims: Integers, coefficients: Integers, low: int, high: int, tile: Integers, distance: int
) -> int:
    """Coordinates of one axis, terms `low` to `high`, that a shifted tile shares with itself."""
    runs = 0
    extent = 1
    coefficient, count = 1, 1
    unit = 0
    widest = 0
    for n in range(low, high):
        size = int(tile[dims[n]])
        if size > 1:
            runs += 1
            coefficient, count = coefficients[n], size
            extent += coefficient * (size - 1)
            if coefficient == 1 and size > unit:
                unit = size
            widest = max(widest, coefficient)
    if distance >= extent:
        return 0
    if runs == 0:
        return 1
    if runs == 1:
        return shared_in_run(coefficient, count, distance)
    if runs == 2 and widest <= unit:
        return extent - distance
    sizes = np.empty(high - low, dtype=np.int64)
    for n in range(low, high):
        sizes[n - low] = tile[dims[n]]
    return shared_points(coefficients[low:high], sizes, distance, False)


@inlined
def words_of(problem: Problem, tensor: int, tile: Integers) -> int:
    """Distinct words of a tensor in a tile."""
    words = 1
    dims, coefficients = problem.term_dim, problem.term_coefficient
    for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
        low, high = problem.axis_first[axis], problem.axis_first[axis + 1]
        if high - low == 1:
            words *= int(tile[dims[low]])
        elif high > low:
            words *= shared_on_axis(dims, coefficients, low, high, tile, 0)
    return words


@inlined
def is_even(problem: Problem, tile: Integers, dim: int) -> bool:
    """Whether a tile divides a dimension: all pieces of that size are full."""
    return not problem.uneven >> dim & 1 or problem.sizes[dim] % tile[dim] == 0


@leaf
def is_uneven(problem: Problem, tiles: Integers, spatial: Integers) -> bool:
    """Whether some bound of a chain does not divide."""
    found = False
    if problem.uneven:
        for level in range(tiles.shape[0]):
            for d in range(tiles.shape[1]):
                inside = tiles[level + 1, d] if level + 1 < tiles.shape[0] else 1
                found |= tiles[level, d] % (inside * spatial[level, d]) != 0
    return found


@leaf
def is_even_axis(problem: Problem, tile: Integers, low: int, high: int) -> bool:
    """Whether a tile divides all dimensions on an axis, terms `low` to `high`."""
    found = True
    for n in range(low, high):
        found &= is_even(problem, tile, problem.term_dim[n])
    return found


@inlined
def words_at(problem: Problem, tensor: int, tile: Integers, index: Integers) -> int:
    """Distinct words of a tensor in a tile whose indices are at hand."""
    words = 1
    dims, coefficients = problem.term_dim, problem.term_coefficient
    for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
        low, high = problem.axis_first[axis], problem.axis_first[axis + 1]
        pair = problem.axis_pair[axis]
        if high - low == 1:
            words *= int(tile[dims[low]])
        elif pair[0] >= 0:
            words *= int(problem.axis_tables[axis, POINTS, index[pair[0]], index[pair[1]]])
        elif high > low:
            words *= shared_on_axis(dims, coefficients, low, high, tile, 0)
    return words


@inlined
def _have_room(problem: Problem, memory: int, bits: Integers) -> bool:
    """Whether a memory can hold so many bits of each tensor, `(T,)`."""
    found = True
    for pool in range(bits.size):
        used = 0
        for t in range(pool, bits.size):
            if problem.pool[memory, t] == pool:
                used += bits[t]
        found &= problem.pool_bits[memory, pool] < 0 or used <= problem.pool_bits[memory, pool]
    return found


@inlined
def _kept_bits(
    problem: Problem, memory: int, tile: Integers, index: Integers, bits: Integers
) -> None:
    """Bits of a tile of every tensor that a memory keeps, `(T,)`, with its indices at hand."""
    for t in range(bits.size):
        bits[t] = 0
        if problem.keeps[memory, t]:
            bits[t] = words_at(problem, t, tile, index) * problem.bits[t]


@helper
def next_cuts(problem: Problem) -> Integers:
    """The smallest larger union that a loop may leave to a union, `(2, D, around, union)`, or -1.

    All are indices of tiles. First where all pieces of both are full; then where they need not be.
    """
    dims, most = problem.tiles.shape
    cuts = np.full((2, dims, most, most), -1, dtype=np.int64)
    for d in range(dims):
        tiles, size = problem.tiles[d], problem.sizes[d]
        for j in range(problem.tile_counts[d]):
            for n in range(problem.tile_counts[d] - 1, j, -1):
                if tiles[n] % tiles[j]:
                    continue
                for i in range(n, problem.tile_counts[d]):
                    divides = tiles[i] % tiles[n] == 0
                    if divides and size % tiles[n] == 0:
                        cuts[0, d, i, j] = n
                    if divides or tiles[i] == size:
                        cuts[1, d, i, j] = n
    return cuts


@inlined
def absorbing_cut(
    problem: Problem, memory: int, dim: int, factor: int, union: int, around: int
) -> int:
    """What a memory's instances would hold next if they took in a loop just outside, or -1.

    A loop that runs innermost outside a memory need not, if its smallest factor fits in. Only for
    dimensions that share no axis of any tensor and, where cuts may be uneven, only from full pieces
    to full pieces. But of the innermost memory, where no instances share the dimension, the order
    of all iterations stays the same. docs/mapper.md has the reasons.

    Args:
        factor: Instances that share the dimension.
        union, around: What they hold of it together, and what the loop cuts, as indices.

    Returns:
        An index of the dimension's tiles.
    """
    if not problem.absorbs[memory] or problem.sliced >> dim & 1:
        return -1
    free = memory == problem.keeps.shape[0] - 1 and factor == 1
    for t in range(problem.bits.size):
        if problem.joined[t] >> dim & 1:
            # A window that comes whole when it slides at all may slide less in small pieces.
            slides = problem.keeps[memory, t] and problem.reuse[memory, t] == TILE
            free = free and not slides and t < problem.bits.size - 1
    if free:
        return problem.next_cuts[1, dim, around, union]
    if problem.sliding >> dim & 1:
        return -1
    return problem.next_cuts[0, dim, around, union]


@leaf
def fits_grown(
    problem: Problem, memory: int, tile: Integers, dim: int, times: int, bits: Integers
) -> bool:
    """Whether a memory can hold a tile that is so many times as large along a dimension.

    Args:
        bits: Scratch space, `(T,)`.
    """
    tile[dim] *= times
    for t in range(bits.size):
        bits[t] = 0
        if problem.keeps[memory, t]:
            bits[t] = words_of(problem, t, tile) * problem.bits[t]
    tile[dim] //= times
    return _have_room(problem, memory, bits)


@leaf
def is_absorbed(
    problem: Problem,
    memory: int,
    tile: Integers,
    dim: int,
    factor: int,
    around: int,
    bits: Integers,
) -> bool:
    """Whether a loop just outside a memory need not run innermost, see `absorbing_cut`.

    Args:
        bits: Scratch space, `(T,)`.
    """
    union = tile[dim] * factor
    outside, inside = index_of(problem, dim, around), index_of(problem, dim, union)
    cut = absorbing_cut(problem, memory, dim, factor, inside, outside)
    if cut < 0:
        return False
    return fits_grown(problem, memory, tile, dim, problem.tiles[dim, cut] // union, bits)


@inlined
def index_of(problem: Problem, dim: int, tile: int) -> int:
    """Where a tile stands among those of its dimension."""
    n = 0
    while problem.tiles[dim, n] != tile:
        n += 1
    return n


@inlined
def _times_alone(problem: Problem, tensor: int, dim: int, factor: int) -> int:
    """How many times as many words a tensor has if a dimension that is alone on axes grows."""
    times = 1
    if problem.single[tensor] >> dim & 1:
        for axis in range(problem.tensor_axis[tensor], problem.tensor_axis[tensor + 1]):
            for n in range(problem.axis_first[axis], problem.axis_first[axis + 1]):
                if problem.term_dim[n] == dim:
                    times *= factor
    return times


@inlined
def absorbed_mask(
    problem: Problem,
    memory: int,
    tile: Integers,
    index: Integers,
    spatial: Integers,
    union: Integers,
    scratch: Integers,
) -> int:
    """Mask of the dimensions whose loops outside need not run innermost: see `is_absorbed`.

    Args:
        index: The tile as indices.
        spatial, union: Factors of the gap outside, and the indices of what they hold together.
        scratch: `(2, T)`.
    """
    found = 0
    bits, grown = scratch
    _kept_bits(problem, memory, tile, index, bits)
    for d in range(tile.size):
        last = problem.tile_counts[d] - 1
        if union[d] == last:
            continue
        cut = absorbing_cut(problem, memory, d, spatial[d], union[d], last)
        if cut < 0:
            continue
        times = problem.tiles[d, cut] // problem.tiles[d, union[d]]
        if problem.sliding >> d & 1:
            absorbed = fits_grown(problem, memory, tile, d, times, grown)
        else:
            for t in range(bits.size):
                grown[t] = bits[t] * _times_alone(problem, t, d, times)
            absorbed = _have_room(problem, memory, grown)
        if absorbed:
            found |= 1 << d
    return found


@helper
def needed_tiles(problem: Problem, tile_indices: Integers) -> NDArray[np.bool_]:
    """Which tiles of memory 1, one instance, are no worse than a larger one: see `is_absorbed`."""
    rows, dims = tile_indices.shape
    needed = np.ones(rows, dtype=np.bool_)
    tile, ones = np.empty(dims, dtype=np.int64), np.ones(dims, dtype=np.int64)
    scratch = np.empty((2, problem.bits.size), dtype=np.int64)
    may_absorb = False
    for d in range(dims):
        may_absorb |= absorbing_cut(problem, 1, d, 1, 0, problem.tile_counts[d] - 1) >= 0
    for row in range(rows if may_absorb else 0):
        index, looped = tile_indices[row], 0
        for d in range(dims):
            tile[d] = problem.tiles[d, index[d]]
            if tile[d] < problem.sizes[d]:
                looped |= 1 << d
        if looped:
            absorbed = absorbed_mask(problem, 1, tile, index, ones, index, scratch)
            needed[row] = looped & ~absorbed != 0
    return needed


@helper
def allowed_bits(indices: Integers, allowed: NDArray[np.bool_]) -> Bits:
    """For each index outside, the rows that go with it: one bit each, `(D, n, word)`.

    Args:
        indices: Of every row, `(row, D)`.
        allowed: Which row index goes with which index outside, `(D, outside, row index)`.
    """
    rows, dims = indices.shape
    most = allowed.shape[1]
    bits = np.zeros((dims, most, (rows + 63) // 64), dtype=np.uint64)
    for row in range(rows):
        bit = np.uint64(1) << np.uint64(row % 64)
        for d in range(dims):
            for n in range(most):
                if allowed[d, n, indices[row, d]]:
                    bits[d, n, row // 64] |= bit
    return bits


@inlined
def next_set(masks: Bits, depth: int, position: int, end: int) -> int:
    """The first set bit of a level's mask from `position` on, or `end`."""
    while position < end:
        word = masks[depth, position >> 6] >> np.uint64(position & 63)
        if word == 0:
            position += 64 - (position & 63)
            continue
        while not word & np.uint64(1):
            word >>= np.uint64(1)
            position += 1
        return position
    return end


@leaf
def _advance(index: Integers, counts: Integers) -> bool:
    """Step a mixed-radix counter; False once it has wrapped."""
    for d in range(index.size - 1, -1, -1):
        index[d] += 1
        if index[d] < counts[d]:
            return True
        index[d] = 0
    return False


@helper
def all_tiles(problem: Problem, memory: int) -> Integers:
    """Every tile that memory `memory` can hold, as indices, `(tile, D)`."""
    table, counts = problem.tiles, problem.tile_counts
    dims = counts.size
    capacity = 1024
    tiles = np.empty((capacity, dims), dtype=np.int64)
    index = np.zeros(dims, dtype=np.int64)
    tile = np.empty(dims, dtype=np.int64)
    bits = np.empty(problem.bits.size, dtype=np.int64)
    count = 0
    running = True
    while running:
        for d in range(dims):
            tile[d] = table[d, index[d]]
        _kept_bits(problem, memory, tile, index, bits)
        if _have_room(problem, memory, bits):
            if count == capacity:
                grown = np.empty((2 * capacity, dims), dtype=np.int64)
                grown[:capacity] = tiles
                tiles, capacity = grown, 2 * capacity
            tiles[count] = index
            count += 1
            running = _advance(index, counts)
        else:
            # Larger factors of the last dimensions do not fit either: skip to the next carry.
            last = dims - 1
            while last >= 0 and index[last] == 0:
                last -= 1
            if last < 0:
                break
            for d in range(last, dims):
                index[d] = 0
            running = last > 0 and _advance(index[:last], counts[:last])
    return tiles[:count].copy()
