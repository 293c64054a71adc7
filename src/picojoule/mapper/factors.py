"""Factors: how a dimension may be cut: the tiles there are, and what instances of an array share.

Every loop but the outermost one over a dimension divides what it cuts. The outermost one may be
uneven: it cuts the whole dimension into pieces of `size / bound`, rounded up, and the last is what
is left. So a tile of any memory may have any of these sizes, and all pieces of that size but the
very last are full.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from picojoule.errors import WorkloadError, nearest
from picojoule.hardware import Array
from picojoule.mapper.constraints import Constraints, Range
from picojoule.mapper.model import Integers

Factors = Literal["auto", "perfect", "imperfect"]
"""Which factors a search takes, see `search`."""
Vector = tuple[int, ...]
Split = tuple[Vector, Vector]
Code = tuple[int, int]

ANYHOW, EVENLY, UNEVENLY, SINGLY = 0, 1, 2, 3
"""How many instances may share a union: on one axis they may divide it or not; over both axes they
are a product of two factors that divides it, or fewer than that product and the last has less. Of a
dimension that is cut to single iterations inside the array, they have one each."""
KINDS = 4


@dataclass(frozen=True, slots=True)
class Cuts:
    """The tiles of every dimension.

    Args:
        sizes: Of the dimensions, `(D,)`.
        uneven: Mask of those that may be cut unevenly.
        table, counts: Tiles in rising order, `(D, n)`, and how many, `(D,)`.
    """

    sizes: Integers
    uneven: int
    table: Integers
    counts: Integers

    def tiles(self, dim: int) -> list[int]:
        """The tiles of a dimension."""
        return self.table[dim, : self.counts[dim]].tolist()

    def is_cut(self, dim: int, tile: int, inside: int) -> bool:
        """Whether a loop may run between a tile of the table and a smaller one."""
        return tile % inside == 0 or tile == self.sizes[dim]

    def is_uneven(self, dim: int) -> bool:
        """Whether a dimension may be cut unevenly."""
        return bool(self.uneven >> dim & 1)


@dataclass(frozen=True, slots=True)
class Spreads:
    """The choices of spatial factors of a gap.

    Args:
        factors: Instances that have work, `(choice, D)`.
        indices: The same as indices into the codes of each dimension, `(choice, D)`.
        splits: Of each choice, factors along x and along y.
    """

    factors: Integers
    indices: Integers
    splits: tuple[Split, ...]

    def widest(self, most: int) -> "Spreads":
        """The few choices that use most instances."""
        rows = np.lexsort((*self.factors.T[::-1], -self.factors.prod(axis=1)))[:most]
        return Spreads(
            self.factors[rows], self.indices[rows], tuple(self.splits[row] for row in rows)
        )


def checked_factors(word: str) -> Factors:
    """Which factors a search takes.

    Raises:
        WorkloadError: There is no such choice.
    """
    match word:
        case "auto" | "perfect" | "imperfect":
            return word
        case _:
            raise WorkloadError(
                "choice of factors is not known",
                where="factors",
                got=repr(word),
                expected=nearest(str(word), ("auto", "perfect", "imperfect")),
                fix="name one of them, or leave it out for auto",
            )


def no_spread(cuts: Cuts) -> Spreads:
    """The one choice of a gap without an array."""
    ones = np.ones((1, len(cuts.sizes)), dtype=np.int64)
    single = (1,) * len(cuts.sizes)
    return Spreads(ones, ones - 1, ((single, single),))


def uneven_dims(sizes: Integers) -> int:
    """Mask of the dimensions that have uneven tiles."""
    return sum(1 << d for d, size in enumerate(sizes.tolist()) if rounded(size) != divisors(size))


def cuts_of(sizes: Integers, uneven: int) -> Cuts:
    """The tiles of dimensions, those of the mask `uneven` with uneven ones."""
    tiles = [
        rounded(int(size)) if uneven >> d & 1 else divisors(int(size))
        for d, size in enumerate(sizes)
    ]
    table = np.zeros((len(tiles), max(map(len, tiles))), dtype=np.int64)
    for d, row in enumerate(tiles):
        table[d, : len(row)] = row
    return Cuts(sizes, uneven, table, np.array([len(row) for row in tiles], dtype=np.int64))


def divisors(size: int) -> list[int]:
    """Divisors of a number in rising order."""
    low = [n for n in range(1, math.isqrt(size) + 1) if size % n == 0]
    return low + [size // n for n in reversed(low) if n * n != size]


def rounded(size: int) -> list[int]:
    """All quotients of a number, rounded up, in rising order."""
    return sorted({-(-size // n) for n in range(1, size + 1)} if size < 64 else _rounded(size))


def _rounded(size: int) -> set[int]:
    low = range(1, math.isqrt(size) + 2)
    quotients = {-(-size // n) for n in low}
    return quotients | {n for n in low if -(-size // -(-size // n)) == n}


def product_table(cuts: Cuts, codes: Sequence[Sequence[Code]]) -> Integers:
    """Index of what the instances of a factor hold together, `(D, tile, factor)`, or -1.

    Args:
        codes: Per dimension, the factors with how they may cut.
    """
    most = max(map(len, codes))
    products = np.full((*cuts.table.shape, most), -1, dtype=np.int64)
    for d, size in enumerate(cuts.sizes.tolist()):
        tiles = cuts.tiles(d)
        index = {tile: n for n, tile in enumerate(tiles)}
        for i, tile in enumerate(tiles):
            for j, (factor, kind) in enumerate(codes[d]):
                if kind == SINGLY and tile > 1:
                    continue
                if kind != UNEVENLY and factor * tile in index:
                    products[d, i, j] = index[factor * tile]
                elif kind != EVENLY and cuts.is_uneven(d) and -(-size // tile) == factor:
                    products[d, i, j] = index[size]
    return products


def has_one_array(arrays: Iterable[Array | None]) -> bool:
    """Whether there is one array of several instances at most."""
    return sum(array is not None and array.size > 1 for array in arrays) < 2


def spreads_of(
    cuts: Cuts,
    names: tuple[str, ...],
    arrays: Sequence[Array | None],
    constraints: Constraints,
    sliced: int,
) -> tuple[tuple[Spreads, ...], list[list[Code]]]:
    """The spatial choices of every gap, and the codes of each dimension: a factor, and how.

    Args:
        sliced: Mask of the dimensions of which an instance of the only array has single iterations,
            unless its instances have all of them. Of several arrays this says nothing.
    """
    alone = has_one_array(arrays)
    vectors = [
        spatial_vectors(cuts, names, array, constraints, alone=alone, sliced=sliced if alone else 0)
        for array in arrays
    ]
    codes: list[list[Code]] = []
    for d in range(len(names)):
        found = {(factors[d], kinds[d]) for gap in vectors for factors, kinds in gap}
        codes.append(sorted(found | {(1, ANYHOW)}))
    places = [{code: n for n, code in enumerate(row)} for row in codes]
    spreads: list[Spreads] = []
    for gap in vectors:
        factors = np.array([factors for factors, _ in gap], dtype=np.int64)
        indices = [
            [places[d][code] for d, code in enumerate(zip(*key, strict=True))] for key in gap
        ]
        spreads.append(
            Spreads(
                factors.reshape(-1, len(names)),
                np.array(indices, dtype=np.int64).reshape(-1, len(names)),
                tuple(gap.values()),
            )
        )
    return tuple(spreads), codes


def spatial_vectors(
    cuts: Cuts,
    names: tuple[str, ...],
    array: Array | None,
    constraints: Constraints,
    *,
    alone: bool,
    sliced: int,
) -> dict[tuple[Vector, Vector], Split]:
    """Instances per dimension, with how they cut, each with one split over the axes.

    Args:
        alone: Whether the chip has no other array. If it has, a dimension that is on both axes
            divides: the closed form does not count all of the others.
        sliced: Mask of the dimensions of which an instance has single iterations, or all have all.
    """
    ones, anyhow = (1,) * len(names), (ANYHOW,) * len(names)
    if array is None:
        return {(ones, anyhow): (ones, ones)}
    own = constraints.of(array.name)
    along_x = _allowed(axis_vectors(cuts, names, array.x, array.x_dims), names, own.x)
    along_y = _allowed(axis_vectors(cuts, names, array.y, array.y_dims), names, own.y)
    if not along_x or not along_y:
        return {}
    x, y = np.array(along_x), np.array(along_y)
    rows, columns = (n.ravel() for n in np.indices((len(x), len(y))))
    totals, kinds = np.ones((2, rows.size, len(names)), dtype=np.int64)
    for d in range(len(names)):
        evenly, unevenly, how = _joint_factors(cuts, d, x[:, d].max(), y[:, d].max())
        unevenly *= alone
        if array.size > 1 and sliced >> d & 1:
            how[:] = SINGLY
        a, b = x[rows, d], y[columns, d]
        pairs = [(evenly[a, b], how[a, b])]
        if unevenly.any():
            pairs.append((unevenly[a, b], np.full_like(a, UNEVENLY)))
        kept = [np.flatnonzero(found) for found, _ in pairs]
        totals, kinds = (np.concatenate([table[k] for k in kept]) for table in (totals, kinds))
        totals[:, d] = np.concatenate([f[k] for (f, _), k in zip(pairs, kept, strict=True)])
        kinds[:, d] = np.concatenate([h[k] for (_, h), k in zip(pairs, kept, strict=True)])
        rows, columns = (np.concatenate([table[k] for k in kept]) for table in (rows, columns))
    return {
        (tuple(totals[n].tolist()), tuple(kinds[n].tolist())): (
            along_x[rows[n]],
            along_y[columns[n]],
        )
        for n in _different(totals, kinds)
    }


def _different(totals: Integers, kinds: Integers) -> Integers:
    """The first row of each kind; where all factors may cut anyhow, other kinds add nothing."""
    _, first = np.unique(totals * KINDS + kinds, axis=0, return_index=True)
    first = np.sort(first)
    _, group = np.unique(totals[first], axis=0, return_inverse=True)
    free = ((kinds[first] == ANYHOW) | (kinds[first] == SINGLY)).all(axis=1)
    has_free = np.zeros(group.max() + 1, dtype=np.bool_)
    has_free[group.ravel()[free]] = True
    return first[free | ~has_free[group.ravel()]]


def _joint_factors(
    cuts: Cuts, dim: int, most_x: int, most_y: int
) -> tuple[Integers, Integers, Integers]:
    """Instances when a dimension has a factor on each axis, `(x, y)` each; 0 where there are none.

    Returns:
        Those that divide, those that do not, and how the former may cut.
    """
    evenly, unevenly, how = np.zeros((3, most_x + 1, most_y + 1), dtype=np.int64)
    x, y = np.arange(1, most_x + 1)[:, None], np.arange(1, most_y + 1)
    on_one_axis = (x == 1) | (y == 1)
    evenly[1:, 1:] = np.where(on_one_axis | _divide(cuts, dim, x * y), x * y, 0)
    if cuts.is_uneven(dim):
        how[1:, 1:] = np.where(on_one_axis, ANYHOW, EVENLY)
        size = int(cuts.sizes[dim])
        piece = -(-size // x)
        uneven = ~on_one_axis & (size % x > 0) & (-(-size // piece) == x) & (piece % y == 0)
        # A piece is at least as large as what divides it; elsewhere nothing is read.
        unevenly[1:, 1:] = np.where(uneven, -(-size // np.maximum(piece // y, 1)), 0)
    return evenly, unevenly, how


def axis_vectors(
    cuts: Cuts, names: Sequence[str], limit: int, dims: tuple[str, ...] | None
) -> list[Vector]:
    """All ways to spread factors of the dimensions along one axis of an array."""
    vectors: list[tuple[Vector, int]] = [((), 1)]
    for d, name in enumerate(names):
        allowed = dims is None or name in dims
        factors = _axis_factors(cuts, d, limit) if allowed and limit > 1 else [1]
        vectors = [
            ((*vector, factor), product * factor)
            for vector, product in vectors
            for factor in factors
            if product * factor <= limit
        ]
    return [vector for vector, _ in vectors]


def _axis_factors(cuts: Cuts, dim: int, limit: int) -> list[int]:
    """Factors along one axis, up to a limit: what divides a tile, or cuts the whole dimension."""
    size = int(cuts.sizes[dim])
    factors = np.arange(1, min(limit, size) + 1)
    fits = _divide(cuts, dim, factors)
    if cuts.is_uneven(dim):
        fits |= -(-size // -(-size // factors)) == factors
    return factors[fits].tolist()


def _divide(cuts: Cuts, dim: int, factors: Integers) -> NDArray[np.bool_]:
    """Whether each factor divides some tile of a dimension."""
    tiles = cuts.table[dim, : cuts.counts[dim]]
    return (tiles.reshape(-1, *[1] * factors.ndim) % factors == 0).any(axis=0)


def _allowed(
    vectors: list[Vector], names: tuple[str, ...], ranges: Mapping[str, Range]
) -> list[Vector]:
    """The choices along one axis whose factors lie in the ranges."""
    if not ranges:
        return vectors
    return [
        vector
        for vector in vectors
        if all(
            factor in ranges[name]
            for name, factor in zip(names, vector, strict=True)
            if name in ranges
        )
    ]


def cut_shares(cuts: Cuts) -> NDArray[np.float64]:
    """What a loop moves and steps to, in one table, `(D, tile + 2, union)`.

    The share that a loop between a tile and a union moves; then by union, whatever the tile, the
    least share that a loop moves, and the least that it steps to.
    """
    moving = moving_shares(cuts)
    least = np.stack((moving.min(axis=1), stepping_shares(cuts)), axis=1)
    return np.concatenate((moving, least), axis=1)


def moving_shares(cuts: Cuts) -> NDArray[np.float64]:
    """Share of the words of a dimension that a loop between two tiles moves, `(D, tile, union)`.

    A loop moves what an instance holds if the instance has two pieces or more to go through. The
    last piece of the outer tile may leave it one: all of them, where one union is left; those that
    come too late for the second, where two are. 1 where no loop runs.
    """
    most = cuts.table.shape[1]
    shares = np.ones((len(cuts.sizes), most, most))
    for d, size in enumerate(cuts.sizes.tolist()):
        for i, tile in enumerate(cuts.tiles(d) if cuts.is_uneven(d) else ()):
            last = size - (-(-size // tile) - 1) * tile
            for j, union in enumerate(cuts.tiles(d)[:i]):
                if cuts.is_cut(d, tile, union):
                    left = -(-last // union)
                    still = last if left == 1 else 2 * union - last if left == 2 else 0
                    shares[d, i, j] = 1 - still / size
    return shares


def stepping_shares(cuts: Cuts) -> NDArray[np.float64]:
    """Share of the iterations that some loop around a union steps to, at least, `(D, union)`.

    The others are in the first union of each of its pieces. A half where all loops divide.
    """
    shares = np.full(cuts.table.shape, 0.5)
    for d, size in enumerate(cuts.sizes.tolist()):
        for i, tile in enumerate(cuts.tiles(d) if cuts.is_uneven(d) else ()):
            for j, union in enumerate(cuts.tiles(d)[:i]):
                if cuts.is_cut(d, tile, union):
                    first = union * -(-size // tile)
                    shares[d, j] = min(shares[d, j], 1 - first / size)
    return shares
