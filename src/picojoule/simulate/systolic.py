"""Systolic: a systolic array that runs, cycle by cycle, on real numbers.

Every PE has registers: an operand that moves right, one that moves down or stays, and a partial
sum. In a cycle each PE takes what its left and upper neighbours held, or what is fed in at the
edge, multiplies and adds; the edges are fed in a skew, row r a cycle after row r - 1. Each word
carries its index along, and where two meet that do not belong together the run stops: the skew is
proved, not assumed. The cycles are those that passed until the last result had left; nothing here
knows a formula for them. `cost.systolic` has the formula.

Source: samajdar2020 for the array, kung1982 for the principle.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from picojoule.hardware import SystolicArray, SystolicDataflow

Integers = NDArray[np.int64]
Marks = NDArray[np.bool_]

NOTHING = -1
"""Index of a register that holds no word."""


@dataclass(frozen=True, slots=True)
class SystolicRun:
    """What happened.

    Args:
        outputs: The results.
        cycles: Cycles that passed.
        folds: Pieces that ran one after another.
        macs: Multiplications of two real words, not of padding.
        mapped: PEs that held a word or sum that is no padding, summed over the folds.
        input_reads, weight_reads: Words fed in at the edges, padding not counted.
        output_writes: Words that left the array.
        output_reads: Partial sums read back because another fold adds to them.
    """

    outputs: Integers
    cycles: int
    folds: int
    macs: int
    mapped: int
    input_reads: int
    weight_reads: int
    output_writes: int
    output_reads: int


Watch = Callable[[str, Integers, Integers], None]
"""Told each cycle: "load" or "run"; indices of what PEs work on, and of what leaves a column."""


@dataclass(slots=True)
class _Tally:
    watch: Watch | None = None
    cycles: int = 0
    folds: int = 0
    macs: int = 0
    mapped: int = 0
    moving_reads: int = 0
    fixed_reads: int = 0
    output_writes: int = 0
    output_reads: int = 0

    def tick(self, phase: str, grid: Integers, leaving: Integers) -> None:
        """A cycle has passed."""
        self.cycles += 1
        if self.watch is not None:
            self.watch(phase, grid, leaving)


def multiply(
    left: Integers,
    top: Integers,
    array: SystolicArray,
    dataflow: SystolicDataflow,
    *,
    watch: Watch | None = None,
) -> SystolicRun:
    """Execute one matrix product.

    Args:
        left: Inputs, (pixel, window).
        top: Weights, (window, filter).
        array, dataflow: The grid, and what stays.
        watch: Told what happens, cycle by cycle. With ws and is, PEs are loaded with positions in
            the window, then work on pixels or filters; with os they work on positions in the
            window, and rows leave. An idle PE has `NOTHING`.

    >>> left, top = np.eye(2, dtype=np.int64), np.array([[1, 2], [3, 4]])
    >>> run = multiply(left, top, SystolicArray(2, 2), "ws")
    >>> run.outputs.tolist(), run.cycles
    ([[1, 2], [3, 4]], 6)
    """
    tally = _Tally(watch)
    if dataflow == "os":
        outputs = _stay_outputs(left, top, array, tally)
    elif dataflow == "ws":
        outputs = _stay_operand(left, top, array, tally)
    else:  # the mirror image: filters stream past windows
        outputs = _stay_operand(top.T, left.T, array, tally).T
    moving, fixed = tally.moving_reads, tally.fixed_reads
    if dataflow == "is":
        moving, fixed = fixed, moving
    return SystolicRun(
        outputs,
        tally.cycles,
        tally.folds,
        tally.macs,
        tally.mapped,
        moving,
        fixed,
        tally.output_writes,
        tally.output_reads,
    )


def _stay_operand(
    stream: Integers, stay: Integers, array: SystolicArray, tally: _Tally
) -> Integers:
    """One operand stays, the other streams past, partial sums fall down; fold after fold.

    Args:
        stream: (time, window).
        stay: (window, column).
    """
    outputs = np.zeros((stream.shape[0], stay.shape[1]), dtype=np.int64)
    for columns in _cuts(stay.shape[1], array.columns):
        for rows in _cuts(stay.shape[0], array.rows):
            real, fixed = _fill(array, stay[rows, columns])
            used = fixed.shape if array.folds == "whole" else stay[rows, columns].shape
            fed = np.zeros((stream.shape[0], used[0]), dtype=np.int64)
            fed[:, : rows.stop - rows.start] = stream[:, rows]
            held = _load(fixed[: used[0], : used[1]], real, array, tally)
            before = tally.output_writes
            sums = _stream(fed, held, real, used, array, tally)
            outputs[:, columns] += sums[:, : columns.stop - columns.start]
            tally.output_reads += tally.output_writes - before if rows.start else 0
            tally.folds += 1
            tally.mapped += int(np.count_nonzero(real))
    return outputs


def _load(words: Integers, real: Marks, array: SystolicArray, tally: _Tally) -> Integers:
    """Push the stationary words in from the top, the lowest row first, one row a cycle."""
    held = np.zeros((array.rows, array.columns), dtype=np.int64)
    place = np.full(held.shape, NOTHING)
    nothing = np.full(array.columns, NOTHING)
    for number in reversed(range(words.shape[0])):
        held[1:], place[1:] = held[:-1].copy(), place[:-1].copy()
        held[0], place[0] = 0, NOTHING
        held[0, : words.shape[1]], place[0, : words.shape[1]] = words[number], number
        tally.fixed_reads += int(np.count_nonzero(real[number]))
        tally.tick("load", place, nothing)
    return held


def _stream(
    fed: Integers,
    held: Integers,
    real: Marks,
    used: tuple[int, int],
    array: SystolicArray,
    tally: _Tally,
) -> Integers:
    """Stream words past the stationary ones until the last sum has left the lowest row.

    Args:
        fed: (time, row of PEs in use).
        held: (row, column), the stationary words.
        real: Which of them are no padding.
        used: Rows and columns of PEs in use.
    """
    steps, rows = fed.shape
    results = np.zeros((steps, used[1]), dtype=np.int64)
    left = steps * used[1]
    word = np.zeros((array.rows, array.columns), dtype=np.int64)
    index = np.full((array.rows, array.columns), NOTHING)
    partial, belongs = word.copy(), index.copy()
    works = np.zeros((array.rows, array.columns), dtype=np.bool_)
    works[:rows, : used[1]] = True
    clock = 0
    lanes = np.arange(rows)
    while left:
        word[:, 1:], index[:, 1:] = word[:, :-1].copy(), index[:, :-1].copy()
        word[:, 0], index[:, 0] = 0, NOTHING
        now = clock - lanes  # row r is fed r cycles after row 0
        live = (now >= 0) & (now < steps)
        word[:rows][live, 0], index[:rows][live, 0] = fed[now[live], lanes[live]], now[live]
        tally.moving_reads += int(np.count_nonzero(real[:rows][live, 0]))
        partial[1:], belongs[1:] = partial[:-1].copy(), belongs[:-1].copy()
        partial[0], belongs[0] = 0, np.where(works[0], index[0], NOTHING)
        busy = works & (index != NOTHING)
        assert np.array_equal(belongs[busy], index[busy]), "a partial sum met a foreign word"
        partial += np.where(busy, word * held, 0)
        tally.macs += int(np.count_nonzero(busy & real))
        out = np.flatnonzero(belongs[-1] != NOTHING)
        results[belongs[-1, out], out] = partial[-1, out]
        left -= out.size
        tally.output_writes += int(np.count_nonzero(real[0, out]))
        tally.tick("run", np.where(busy, index, NOTHING), belongs[-1])
        clock += 1
    return results


def _stay_outputs(left: Integers, top: Integers, array: SystolicArray, tally: _Tally) -> Integers:
    """Both operands stream, sums stay until they are complete; fold after fold."""
    outputs = np.zeros((left.shape[0], top.shape[1]), dtype=np.int64)
    for columns in _cuts(top.shape[1], array.columns):
        for rows in _cuts(left.shape[0], array.rows):
            shape = (rows.stop - rows.start, columns.stop - columns.start)
            used = (array.rows, array.columns) if array.folds == "whole" else shape
            results = _accumulate(left[rows], top[:, columns], used, array, tally)
            outputs[rows, columns] = results[: shape[0], : shape[1]]
            tally.folds += 1
    return outputs


def _accumulate(
    left: Integers, top: Integers, used: tuple[int, int], array: SystolicArray, tally: _Tally
) -> Integers:
    """One fold: words meet, sums grow, and each leaves its column when it may."""
    rows, columns = used
    depth = left.shape[1]
    from_left, from_top = np.zeros((rows, depth), np.int64), np.zeros((depth, columns), np.int64)
    from_left[: left.shape[0]], from_top[:, : top.shape[1]] = left, top
    real = np.zeros(used, dtype=np.bool_)
    real[: left.shape[0], : top.shape[1]] = True
    sums, grown = np.zeros(used, np.int64), np.zeros(used, np.int64)
    right, right_index = np.zeros(used, np.int64), np.full(used, NOTHING)
    down, down_index = right.copy(), right_index.copy()
    drain = _Drain(array, used)
    clock = 0
    lanes, files = np.arange(rows), np.arange(columns)
    while drain.left:
        right[:, 1:], right_index[:, 1:] = right[:, :-1].copy(), right_index[:, :-1].copy()
        down[1:], down_index[1:] = down[:-1].copy(), down_index[:-1].copy()
        right_index[:, 0] = down_index[0] = NOTHING
        now, then = clock - lanes, clock - files
        live, alive = (now >= 0) & (now < depth), (then >= 0) & (then < depth)
        right[live, 0], right_index[live, 0] = from_left[lanes[live], now[live]], now[live]
        down[0, alive], down_index[0, alive] = from_top[then[alive], files[alive]], then[alive]
        tally.moving_reads += int(np.count_nonzero(real[live, 0]))
        tally.fixed_reads += int(np.count_nonzero(real[0, alive]))
        busy = (right_index != NOTHING) & (down_index != NOTHING)
        assert np.array_equal(right_index[busy], down_index[busy]), "two foreign words met"
        sums += np.where(busy, right * down, 0)
        grown += busy
        tally.macs += int(np.count_nonzero(busy & real))
        leaving = drain.tick(sums, grown == depth)
        out = leaving != NOTHING
        tally.output_writes += int(np.count_nonzero(real[leaving[out], np.flatnonzero(out)]))
        tally.tick("run", np.where(busy, right_index, NOTHING), leaving)
        clock += 1
    tally.mapped += int(np.count_nonzero(grown.astype(np.bool_) & real))
    return drain.results


class _Drain:
    """How complete sums leave the columns: by a bus, or shifted down."""

    def __init__(self, array: SystolicArray, used: tuple[int, int]) -> None:
        self.shifts, self.height = array.drain == "shift", array.rows
        self.results = np.zeros(used, dtype=np.int64)
        self.left = self.results.size
        self.sent = np.zeros(used, dtype=np.bool_)
        self.loaded = np.zeros(used[1], dtype=np.bool_)
        self.chain = np.zeros((array.rows, used[1]), dtype=np.int64)
        self.origin = np.full((array.rows, used[1]), NOTHING)

    def tick(self, sums: Integers, complete: Marks) -> Integers:
        """One cycle, after this cycle's additions; the row that leaves each column."""
        if not self.shifts:
            ready = complete & ~self.sent
            assert ready.sum(axis=0).max() <= 1, "two results want the bus of one column"
            self.results[ready] = sums[ready]
            self.sent |= ready
            self.left -= int(np.count_nonzero(ready))
            return np.where(ready.any(axis=0), ready.argmax(axis=0), NOTHING)
        leaving = self.origin[-1].copy()
        out = np.flatnonzero(self.origin[-1] != NOTHING)
        self.results[self.origin[-1, out], out] = self.chain[-1, out]
        self.left -= out.size
        self.chain[1:], self.origin[1:] = self.chain[:-1].copy(), self.origin[:-1].copy()
        self.origin[0] = NOTHING
        ready = np.flatnonzero(complete.all(axis=0) & ~self.loaded)
        self.chain[: sums.shape[0], ready] = sums[:, ready]
        self.origin[: sums.shape[0], ready] = np.arange(sums.shape[0])[:, None]
        self.loaded[ready] = True
        return leaving


def _cuts(size: int, piece: int) -> list[slice]:
    return [slice(start, min(start + piece, size)) for start in range(0, size, piece)]


def _fill(array: SystolicArray, words: Integers) -> tuple[Marks, Integers]:
    """Words in the upper left corner of the grid: which PEs have one, and zeros elsewhere."""
    real = np.zeros((array.rows, array.columns), dtype=np.bool_)
    real[: words.shape[0], : words.shape[1]] = True
    filled = np.zeros(real.shape, dtype=np.int64)
    filled[real] = words.reshape(-1)
    return real, filled
