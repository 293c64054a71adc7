"""Situations: how the pieces of all instances lie at the steps of a run, and lay before.

Time advances loop by loop like an odometer. At each step every instance has a piece of each
dimension; steps at which the pieces lie alike, and lay alike before, are one situation.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, kernel

Integers = NDArray[np.int64]

DIM, BOUND, PIECE, IN_TIME = 0, 1, 2, 3
"""Columns of loops: dimension, bound, iterations in one piece, whether it runs in time."""


def situations_reference(
    loops: Integers, sizes: Integers, remembers: bool, largest: int
) -> tuple[Integers, Integers, Integers]:
    """The definition: visit every point of time and cut each dimension for every instance."""
    dims = range(len(sizes))
    walked = [n for n, loop in enumerate(loops) if loop[IN_TIME]]
    spread = {
        d: [n for n in range(len(loops)) if loops[n][DIM] == d and n not in walked] for d in dims
    }
    held: dict[tuple[int, int], range] = {}
    patterns: dict[tuple[int, ...], int] = {}
    seen: dict[tuple[int, ...], int] = {}
    width = 4 * max((len(list(_points(loops, spread[d]))) for d in dims), default=1)
    for now in _points(loops, walked):
        runs: dict[tuple[int, int], range] = {}
        for d in dims:
            for seat, place in enumerate(_points(loops, spread[d])):
                at = dict(zip(walked, now, strict=True)) | dict(zip(spread[d], place, strict=True))
                run = range(int(sizes[d]))
                for n in sorted(at):
                    if loops[n][DIM] == d:
                        start = at[n] * int(loops[n][PIECE])
                        run = run[start : start + int(loops[n][PIECE])]
                runs[d, seat] = run
        if not all(runs[d, 0] for d in dims):
            continue
        row: list[int] = []
        for d in dims:
            pattern: list[int] = []
            for seat, _ in enumerate(_points(loops, spread[d])):
                run, old = runs[d, seat], held.get((d, seat), range(0))
                if not run:
                    pattern += [0, 0, 0, 0]
                    continue
                pattern += [run.start - runs[d, 0].start, len(run)]
                pattern += [old.start - runs[d, 0].start, len(old)] if old and remembers else [0, 0]
                held[d, seat] = run
            pattern += [0] * (width - len(pattern))
            row.append(patterns.setdefault((d, *pattern), len(patterns)))
        seen[tuple(row)] = seen.get(tuple(row), 0) + 1
    return (
        np.array(list(seen), dtype=np.int64).reshape(-1, len(sizes)),
        np.array(list(seen.values()), dtype=np.int64),
        np.array([pattern[1:] for pattern in patterns], dtype=np.int64).reshape(-1, width),
    )


def _points(loops: Integers, which: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(int(loops[n][BOUND])) for n in which))


@helper
def _find_row(rows: Integers, slots: Integers, row: Integers, count: int) -> int:
    """Where a row stands in a table, or `count` where it is new.

    Args:
        rows: The table; `count` of its rows are in use.
        slots: Hash table of their numbers; -1 is free. A new row is entered.
    """
    code = np.int64(7)
    for n in range(row.size):
        code = (code ^ row[n]) * 1099511628211
        code ^= code >> 29
    slot = code & (slots.size - 1)
    while slots[slot] >= 0:
        found = slots[slot]
        equal = True
        for n in range(row.size):
            equal &= rows[found, n] == row[n]
        if equal:
            return found
        slot = (slot + 1) & (slots.size - 1)
    slots[slot] = count
    return count


@helper
def _with_row(rows: Integers, row: Integers, count: int) -> Integers:
    """The table with a row at `count`, made larger if need be."""
    if count == rows.shape[0]:
        grown = np.zeros((2 * count + 1, rows.shape[1]), dtype=np.int64)
        grown[:count] = rows
        rows = grown
    for n in range(row.size):
        rows[count, n] = row[n]
    return rows


@helper
def _cut(loops: Integers, size: int, which: int, index: Integers, seat: int) -> tuple[int, int]:
    """Start and end of what one instance has of a dimension, the loops in time at `index`."""
    places = 1
    for n in range(loops.shape[0]):
        if loops[n, DIM] == which and not loops[n, IN_TIME]:
            places *= loops[n, BOUND]
    start, end = 0, size
    for n in range(loops.shape[0]):
        if loops[n, DIM] == which:
            at = index[n]
            if not loops[n, IN_TIME]:
                places //= loops[n, BOUND]
                at = seat // places % loops[n, BOUND]
            start += at * loops[n, PIECE]
            end = min(end, start + loops[n, PIECE])
    return start, max(start, end)


@helper
def _advance(loops: Integers, index: Integers, moved: NDArray[np.bool_]) -> bool:
    """Advance the loops in time like an odometer, note what moved; False at the end."""
    for n in range(loops.shape[0] - 1, -1, -1):
        if loops[n, IN_TIME]:
            moved[loops[n, DIM]] = True
            index[n] += 1
            if index[n] < loops[n, BOUND]:
                return True
            index[n] = 0
    return False


@helper
def _seats(loops: Integers, which: int) -> int:
    seats = 1
    for n in range(loops.shape[0]):
        if loops[n, DIM] == which and not loops[n, IN_TIME]:
            seats *= loops[n, BOUND]
    return seats


@kernel(reference=situations_reference)
def situations_kernel(
    loops: Integers, sizes: Integers, remembers: bool, largest: int
) -> tuple[Integers, Integers, Integers]:
    """Walk all steps and tell apart how the pieces of all instances lie and lay before.

    Args:
        loops: All loops outside a part, outermost first, `(loop, 4)`.
        sizes: Of the dimensions that they run over.
        remembers: Whether what was before matters.
        largest: Different situations, and patterns, at most.

    Returns:
        Situations `(situation, dim)`, each the number of a pattern per dimension; how often each
        occurred; and the patterns: of each instance start and length now, and before. In order of
        appearance. No situation at all where there are too many.
    """
    dims = sizes.size
    width = 1
    for which in range(dims):
        width = max(width, _seats(loops, which))
    room = 1
    while room < 4 * largest:
        room *= 2
    keys, known = np.zeros((4, 4 * width + 1), dtype=np.int64), 0
    rows, found = np.zeros((4, dims), dtype=np.int64), 0
    times = np.zeros((4, 1), dtype=np.int64)
    pattern_slots = np.full(room, -1, dtype=np.int64)
    row_slots = np.full(room, -1, dtype=np.int64)
    held = np.zeros((dims, width, 2), dtype=np.int64)
    index = np.zeros(loops.shape[0], dtype=np.int64)
    moved, fresh = np.ones(dims, dtype=np.bool_), np.ones(dims, dtype=np.bool_)
    row, key = np.zeros(dims, dtype=np.int64), np.zeros(4 * width + 1, dtype=np.int64)
    one = np.ones(1, dtype=np.int64)
    more = True
    while more:
        works = True
        for which in range(dims):
            if moved[which]:
                start, end = _cut(loops, sizes[which], which, index, 0)
                works &= start < end
        if works:
            for which in range(dims):
                if not (moved[which] or fresh[which]):
                    continue
                fresh[which] = moved[which]
                moved[which] = False
                seats = _seats(loops, which)
                used = key[: 4 * seats + 1]
                for n in range(used.size):
                    used[n] = 0
                used[0] = which
                base, _ = _cut(loops, sizes[which], which, index, 0)
                for seat in range(seats):
                    start, end = _cut(loops, sizes[which], which, index, seat)
                    if start == end:
                        continue
                    used[4 * seat + 1] = start - base
                    used[4 * seat + 2] = end - start
                    if remembers and held[which, seat, 1] > held[which, seat, 0]:
                        used[4 * seat + 3] = held[which, seat, 0] - base
                        used[4 * seat + 4] = held[which, seat, 1] - held[which, seat, 0]
                    held[which, seat, 0], held[which, seat, 1] = start, end
                row[which] = _find_row(keys, pattern_slots, used, known)
                if row[which] == known:
                    keys = _with_row(keys, used, known)
                    known += 1
            number = _find_row(rows, row_slots, row, found)
            if number == found:
                rows, times = _with_row(rows, row, found), _with_row(times, one, found)
                found += 1
            else:
                times[number, 0] += 1
            if known == largest or found == largest:
                return rows[:0], times[:0, 0], keys[:0, 1:]
        more = _advance(loops, index, moved)
    return rows[:found], times[:found, 0], keys[:known, 1:]
