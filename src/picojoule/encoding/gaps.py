"""Gaps: how many entries a code needs that holds so many zeros before each value and no more.

Where there are more zeros, one of them becomes an entry itself, and ends the gap. With values that
are zero independently, a value has more than k such entries before it just when it comes after
k * limit zeros at least: with probability zeros ** (k * limit), where there is room for them.
"""

import math

import numpy as np
from numpy.typing import NDArray


def mean_entries(count: int, zeros: float, limit: int) -> float:
    """The mean number of values that are not zero, and of zeros that are entries before them.

    >>> mean_entries(5, 0.0, 16), mean_entries(3, 0.5, 2)  # 3 / 2, and 1 / 8 for 0 0 x
    (5.0, 1.625)
    """
    before, shares = _gaps(count, zeros, limit)
    return float((1 - zeros) * np.sum((count - before) * shares))


def mean_closing_entries(count: int, zeros: float, limit: int) -> float:
    """The mean number of entries for the zeros behind the last value: one per `limit` begun.

    >>> mean_closing_entries(3, 1.0, 2), mean_closing_entries(1, 0.5, 2)
    (2.0, 0.5)
    """
    return float(zeros * np.sum(_gaps(count, zeros, limit)[1]))


def _gaps(count: int, zeros: float, limit: int) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
    """Multiples of `limit` below `count` and the probability of so many zeros, down to 1e-20."""
    longest = count if zeros == 1 else 0 if zeros == 0 else -46 / math.log(zeros)
    before = np.arange(0, min(count, int(longest) + limit), limit)
    return before, zeros**before
