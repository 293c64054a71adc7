"""Entropy: the bits that no code of single values can go below, against which sizes are set.

It is the empirical entropy of order 0: of the array's own shares of each value, as if its values
were drawn independently. It has two parts that add up: which values are zero, and what the others
are. A codec that stores the others as they are, as masks and run lengths do, is fairly compared
with the first part and `value_bits` for each of the others.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.encoding.codec import Values, patterns


@dataclass(frozen=True, slots=True)
class Entropy:
    """The entropy of an array.

    Args:
        count, nonzeros: Its values, and those that are not zero.
        zeros_bits: Of which values are zero.
        nonzeros_bits: Of what the others are.
        value_bits: Width of a value.
    """

    count: int
    nonzeros: int
    zeros_bits: float
    nonzeros_bits: float
    value_bits: int

    @property
    def density(self) -> float:
        """The share of values that are not zero; of an empty array, 0."""
        return self.nonzeros / self.count if self.count else 0.0

    @property
    def total_bits(self) -> float:
        """The least mean size of any code of single values."""
        return self.zeros_bits + self.nonzeros_bits

    @property
    def stored_bits(self) -> float:
        """The same, where values that are not zero are stored as they are."""
        return self.zeros_bits + self.nonzeros * self.value_bits


def entropy(values: NDArray[np.integer], *, value_bits: int = 16) -> Entropy:
    """The empirical entropy of an array of integers.

    Raises:
        EncodingError: Values that are no integers, too wide or too many.

    >>> found = entropy(np.array([0, 0, 0, 5, 0, 9, 0, 0], dtype=np.int16))
    >>> found.nonzeros_bits, round(found.zeros_bits, 3), round(found.stored_bits, 3)
    (2.0, 6.49, 38.49)
    """
    matrix = patterns(values, value_bits=value_bits, where="entropy")
    counts = count_values(matrix)[1]
    zeros = matrix.size - int(np.count_nonzero(matrix))
    others = counts if not zeros else counts[1:]
    nonzeros = matrix.size - zeros
    return Entropy(
        count=matrix.size,
        nonzeros=nonzeros,
        zeros_bits=_bits(np.array([zeros, nonzeros])),
        nonzeros_bits=_bits(others),
        value_bits=value_bits,
    )


def zeros_entropy_per_value(density: float) -> float:
    """The entropy per value of which values are zero, for independent ones.

    >>> zeros_entropy_per_value(0.5), zeros_entropy_per_value(1.0)
    (1.0, 0.0)
    """
    return sum(-share * math.log2(share) for share in (density, 1 - density) if share > 0)


def count_values(matrix: Values) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The patterns that occur, ascending, and how often each does."""
    if matrix.dtype == np.uint16:
        counts = np.bincount(matrix.reshape(-1))
        present = np.flatnonzero(counts)
        return present, counts[present]
    present, counts = np.unique(matrix, return_counts=True)
    return present.astype(np.int64), counts


def _bits(counts: NDArray[np.int64]) -> float:
    """The entropy of so many values, times their number."""
    counts = counts[counts > 0]
    return float(np.sum(counts * np.log2(counts.sum() / counts))) if counts.size > 1 else 0.0
