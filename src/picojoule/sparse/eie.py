"""EIE: fully connected layers by 64 units that walk compressed columns of weights.

Rows are dealt over the units, one by one. A non-zero input goes to all units at once; each walks
its part of that column: one entry per cycle, where an entry is a non-zero weight with the zeros
before it as a 4-bit number, and longer runs take entries that hold a zero themselves. Each unit has
a queue of 8 inputs; while one is full, nothing is sent. So units wait for each other, but not after
every column.

Assumed: a column of which a unit has nothing still takes it one cycle; weights are zero by chance.

Source: han2016eie, Sec. III and IV.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNITS, QUEUE, GAP_BITS, CLOCK_HZ = 64, 8, 4, 800e6


@dataclass(frozen=True, slots=True)
class Run:
    """What one layer takes.

    Args:
        entries: Mean entries of one unit's part of a column, padding included.
        padding: Of them, those that hold a zero.
        theoretical_s: If all units always had work.
        actual_s: With units that wait.
    """

    entries: float
    padding: float
    theoretical_s: float
    actual_s: float


def run(
    rows: int, columns: int, weights: float, inputs: float, *, queue: int = QUEUE, seed: int = 0
) -> Run:
    """Run one matrix-vector product.

    Args:
        rows, columns: Outputs and inputs.
        weights, inputs: Share of non-zeros.
        queue: Inputs that a unit can hold.
        seed: Of the pattern of zeros; the actual time hangs on it by well under 1 %.

    >>> dense = run(64, 1000, 1.0, 1.0)  # one entry per unit and column: nobody waits
    >>> round(dense.theoretical_s * 800e6), round(dense.actual_s * 800e6)
    (1000, 1000)
    """
    lengths = [rows // UNITS + (unit < rows % UNITS) for unit in range(UNITS)]
    distributions = {n: entries_distribution(n, weights, 1 << GAP_BITS) for n in set(lengths)}
    means = [float(distributions[n] @ np.arange(distributions[n].size)) for n in lengths]
    mean = sum(means) / UNITS
    sent = round(columns * inputs)
    rng = np.random.default_rng(seed)
    work = np.stack(
        [rng.choice(distributions[n].size, size=sent, p=distributions[n]) for n in lengths]
    )
    return Run(
        entries=mean,
        padding=mean - weights * rows / UNITS,
        theoretical_s=mean * columns * inputs / CLOCK_HZ,
        actual_s=finish(np.maximum(work, 1), queue) / CLOCK_HZ,
    )


def entries_distribution(length: int, share: float, limit: int) -> NDArray[np.float64]:
    """How likely a line of words takes 0, 1, 2, ... entries, as EIE codes it."""
    most = length
    chance = np.zeros((length + 1, most + 1))  # zeros since the last non-zero, entries so far
    chance[0, 0] = 1.0
    for place in range(length):
        after = np.zeros_like(chance)
        after[1 : place + 2] = chance[: place + 1] * (1 - share)
        for zeros in range(place + 1):
            step = 1 + zeros // limit
            after[0, step:] += chance[zeros, : most + 1 - step] * share
        chance = after
    return chance.sum(axis=0)


def finish(work: NDArray[np.int64], queue: int) -> int:
    """When the last unit is done with its last column, `work` cycles of `(unit, column)`.

    One input is sent per cycle. It may be sent once every unit has begun the one `queue` before it.
    """
    units, columns = work.shape
    begun = np.zeros((units, columns), dtype=np.int64)
    done = np.zeros(units, dtype=np.int64)
    sent = -1
    for column in range(columns):
        sent += 1
        if column >= queue:
            sent = max(sent, int(begun[:, column - queue].max()))
        begun[:, column] = np.maximum(done, sent)
        done = begun[:, column] + work[:, column]
    return int(done.max()) if columns else 0
