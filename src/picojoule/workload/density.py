"""Density: which share of a tensor's words is not zero, and how the zeros lie.

Four descriptions answer the same questions about a tile, given by its length on each axis of the
tensor: how many non-zeros it has on average, how likely it is empty, and how its non-zeros are
distributed, which decides how long lanes wait for each other. Tiles start at multiples of their
own length, as the tiles of a loop nest do.

Source: sze2017, Sec. VII-B, for where zeros come from; the formulas are elementary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from picojoule.errors import WorkloadError

Floats = NDArray[np.float64]
LARGEST_TILE = 1 << 20
"""Words of a tile whose distribution is worked out."""


@final
@dataclass(frozen=True, slots=True)
class Uniform:
    """Each word by itself is non-zero with probability `share`."""

    share: float

    def __post_init__(self) -> None:
        _check_share("share", self.share)

    def expected_nonzeros(self, tile: Sequence[int]) -> float:
        """Mean number of non-zeros in a tile."""
        return self.share * math.prod(tile)

    def empty_probability(self, tile: Sequence[int]) -> float:
        """How likely all words of a tile are zero."""
        return (1.0 - self.share) ** math.prod(tile)

    def occupancy(self, tile: Sequence[int]) -> Floats:
        """Probability of 0, 1, 2, ... non-zeros in a tile, `(words + 1,)`.

        >>> Uniform(0.5).occupancy((2,)).tolist()
        [0.25, 0.5, 0.25]
        """
        return binomial(_words(tile), self.share)


@final
@dataclass(frozen=True, slots=True)
class Structured:
    """N:M: `keep` non-zeros, anywhere, in each block of `of` consecutive words along an axis.

    Args:
        keep, of: 2 of 4, for instance.
        axis: Position of the axis among the tensor's.
    """

    keep: int
    of: int
    axis: int

    def __post_init__(self) -> None:
        if not (0 <= self.keep <= self.of and 1 <= self.of <= 1024 and self.axis >= 0):
            raise WorkloadError(
                "a structured density is out of range",
                where="density",
                got=f"keep {self.keep} of {self.of} along axis {self.axis}",
                expected="0 <= keep <= of <= 1024, and an axis counted from 0",
                fix="write 2:4 as keep 2 of 4",
            )

    @property
    def share(self) -> float:
        """Non-zero share of the whole."""
        return self.keep / self.of

    def expected_nonzeros(self, tile: Sequence[int]) -> float:
        """Mean number of non-zeros in a tile."""
        return self.share * math.prod(tile)

    def empty_probability(self, tile: Sequence[int]) -> float:
        """How likely all words of a tile are zero."""
        length, lines = _along(tile, self.axis)
        phases = range(0, self.of, math.gcd(length, self.of))
        return math.fsum(self._line(length, start)[0] ** lines for start in phases) / len(phases)

    def occupancy(self, tile: Sequence[int]) -> Floats:
        """Probability of 0, 1, 2, ... non-zeros in a tile, `(words + 1,)`.

        >>> Structured(2, 4, axis=0).occupancy((4, 1)).tolist()
        [0.0, 0.0, 1.0, 0.0, 0.0]
        """
        _words(tile)
        length, lines = _along(tile, self.axis)
        phases = range(0, self.of, math.gcd(length, self.of))
        total = np.zeros(length * lines + 1)
        for start in phases:
            total += _repeated(self._line(length, start), lines)
        return total / len(phases)

    def _line(self, length: int, start: int) -> Floats:
        """The distribution in one run of `length` words that starts at `start` in its block."""
        found = np.ones(1)
        while length:
            piece = min(length, self.of - start)
            ways = [
                math.comb(piece, n) * math.comb(self.of - piece, self.keep - n)
                if n <= self.keep
                else 0
                for n in range(piece + 1)
            ]
            whole = math.comb(self.of, self.keep)
            found = np.convolve(found, np.array([way / whole for way in ways]))
            length, start = length - piece, 0
        return found


@final
@dataclass(frozen=True, slots=True)
class Pruned:
    """Whole slices are zero: channels or filters, each kept by itself with probability `share`.

    Args:
        share: Of the slices that are kept; their words are all non-zero.
        axis: Position of the axis that counts the slices.
    """

    share: float
    axis: int

    def __post_init__(self) -> None:
        _check_share("share", self.share)
        if self.axis < 0:
            raise WorkloadError(
                "an axis is out of range",
                where="density, axis",
                got=self.axis,
                expected="a position from 0",
                fix="count the tensor's axes from 0",
            )

    def expected_nonzeros(self, tile: Sequence[int]) -> float:
        """Mean number of non-zeros in a tile."""
        return self.share * math.prod(tile)

    def empty_probability(self, tile: Sequence[int]) -> float:
        """How likely all words of a tile are zero."""
        return (1.0 - self.share) ** _along(tile, self.axis)[0]

    def occupancy(self, tile: Sequence[int]) -> Floats:
        """Probability of 0, 1, 2, ... non-zeros in a tile, `(words + 1,)`.

        >>> Pruned(0.5, axis=0).occupancy((1, 3)).tolist()
        [0.5, 0.0, 0.0, 0.5]
        """
        words = _words(tile)
        slices, each = _along(tile, self.axis)
        found = np.zeros(words + 1)
        found[::each] = binomial(slices, self.share)
        return found


@final
@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The zeros of an actual tensor.

    Args:
        mask: True where the tensor is not zero, one axis per axis of the tensor, padding included.
    """

    mask: NDArray[np.bool_]

    @property
    def share(self) -> float:
        """Non-zero share of the whole."""
        return int(np.count_nonzero(self.mask)) / max(1, self.mask.size)

    def expected_nonzeros(self, tile: Sequence[int]) -> float:
        """Mean number of non-zeros over the tiles; those at the far ends may be smaller."""
        counts = self._counts(tile)
        return float(counts.mean())

    def empty_probability(self, tile: Sequence[int]) -> float:
        """Share of the tiles that are empty."""
        return float((self._counts(tile) == 0).mean())

    def occupancy(self, tile: Sequence[int]) -> Floats:
        """Share of the tiles that have 0, 1, 2, ... non-zeros, `(words + 1,)`.

        >>> measure(np.array([0, 3, 0, 0])).occupancy((2,)).tolist()
        [0.5, 0.5, 0.0]
        """
        counts = self._counts(tile).ravel()
        return np.bincount(counts, minlength=_words(tile) + 1) / counts.size

    def _counts(self, tile: Sequence[int]) -> NDArray[np.int64]:
        """Non-zeros of every tile."""
        if len(tile) != self.mask.ndim or min(tile, default=1) < 1:
            raise WorkloadError(
                "a tile does not fit its tensor",
                where="density",
                got=f"a tile of {tuple(tile)} for a tensor of {self.mask.shape}",
                expected="a length of at least 1 for each axis",
                fix="give the tile as many lengths as the tensor has axes",
            )
        counts = self.mask.astype(np.int64)
        for axis, length in enumerate(tile):
            starts = np.arange(0, counts.shape[axis], length)
            counts = np.add.reduceat(counts, starts, axis=axis)
        return counts


Density = Uniform | Structured | Pruned | Measured


def measure(array: NDArray[np.generic], *, threshold: float = 0.0) -> Measured:
    """The density of an actual tensor.

    Args:
        array: One axis per axis of the tensor, padding included.
        threshold: Magnitudes up to it count as zero, as where small activations are pruned.

    >>> measure(np.array([0.0, -0.1, 2.0, 0.0]), threshold=0.5).share
    0.25
    """
    return Measured(np.abs(array) > threshold)


def binomial(trials: int, share: float) -> Floats:
    """Probability of 0 .. `trials` successes, `(trials + 1,)`.

    >>> binomial(1, 0.25).tolist()
    [0.75, 0.25]
    """
    if share in (0.0, 1.0) or trials == 0:
        found = np.zeros(trials + 1)
        found[trials if share == 1.0 else 0] = 1.0
        return found
    if trials <= 32:  # exactly what the definition says
        ways = [
            math.comb(trials, n) * share**n * (1 - share) ** (trials - n) for n in range(trials + 1)
        ]
        return np.array(ways)
    steps = np.concatenate([np.zeros(1), np.cumsum(np.log(np.arange(1, trials + 1)))])
    n = np.arange(trials + 1)
    logs = steps[-1] - steps - steps[::-1] + n * math.log(share) + (trials - n) * math.log1p(-share)
    found = np.exp(logs)
    return found / found.sum()


def _repeated(line: Floats, lines: int) -> Floats:
    """The distribution of the sum of several independent lines."""
    found = np.ones(1)
    while lines:
        if lines & 1:
            found = np.convolve(found, line)
        line = np.convolve(line, line) if lines > 1 else line
        lines >>= 1
    return found


def _along(tile: Sequence[int], axis: int) -> tuple[int, int]:
    """The tile's length along an axis, and how many lines of that length it has."""
    if axis >= len(tile):
        raise WorkloadError(
            "a density is along an axis that the tensor does not have",
            where="density, axis",
            got=axis,
            expected=f"at most {len(tile) - 1}",
            fix="count the tensor's axes from 0",
        )
    return tile[axis], math.prod(tile) // tile[axis]


def _words(tile: Sequence[int]) -> int:
    words = math.prod(tile)
    if words > LARGEST_TILE:
        raise WorkloadError(
            "a tile is too large for its distribution",
            where="density",
            got=f"{words} words",
            expected=f"at most {LARGEST_TILE}",
            fix="ask for expected_nonzeros, or for a smaller tile",
        )
    return words


def _check_share(name: str, share: float) -> None:
    known = isinstance(share, int | float) and not isinstance(share, bool)
    if not known or not 0.0 <= share <= 1.0:
        raise WorkloadError(
            "a density is out of range",
            where=f"density, {name}",
            got=share,
            expected="a share of non-zeros from 0 to 1",
            fix="give 0.61 for 61 % non-zeros",
        )
