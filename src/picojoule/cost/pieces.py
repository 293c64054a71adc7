"""Pieces: what the loops over one dimension leave to an instance, and how that moves at a step.

The loops over a dimension cut it one after another. Where a bound divides, all pieces are equal and
one row says how they move; where it does not, pieces come in a few sizes, and each size that
occurs has a row. A kind of step is told by the loop that advances: loops outside it stand
anywhere, loops inside it wrap from their last piece that had work to their first.

Source: docs/counting.md. Exact for every legal nest.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper

Integers = NDArray[np.int64]

WINDOW, TILE, NONE = 0, 1, 2
"""How a tile is replaced: by difference, whole unless equal, always whole."""
DIM, BOUND, PIECE, PLACE = 0, 1, 2, 3
"""Columns of packed loops: dimension, bound, iterations in one piece, and where it runs."""
TEMPORAL, APART = -2, -1
"""Places of a loop: in time; in space, each instance by itself; or the number of a joined array."""
OUTER, STEP, WRAP, STILL, JOINED = 0, 1, 2, 3, 4
"""What a loop does at a step: it stands anywhere, advances, wraps, stands at its first piece, or
spreads instances that are looked at together."""
TIMES, NEW, OLD, SHIFT = 0, 1, 2, 3
"""Columns of moves: how often, iterations of the new and the old piece, start of old minus new."""


@helper
def is_whole(loops: Integers, which: int, size: int, tile: int) -> bool:
    """Whether all bounds over dimension `which` divide what they cut."""
    covered = tile
    for n in range(loops.shape[0]):
        if loops[n, DIM] == which:
            covered *= loops[n, BOUND]
    return covered == size


@helper
def _chain(loops: Integers, which: int, kind: int, joined: int) -> Integers:
    """The loops over one dimension, outermost first, `(loop, 3)`: bound, piece, what it does.

    Args:
        loops: `(loop, 4)`, outermost first.
        which: The dimension.
        kind: The loop that advances; -1 is before all loops, their number behind.
        joined: What loops of joined arrays do: OUTER, STILL or JOINED.
    """
    chain = np.empty((loops.shape[0], 3), dtype=np.int64)
    length = 0
    for n in range(loops.shape[0]):
        if loops[n, DIM] != which:
            continue
        chain[length, 0] = loops[n, BOUND]
        chain[length, 1] = loops[n, PIECE]
        if loops[n, PLACE] != TEMPORAL:
            chain[length, 2] = OUTER if loops[n, PLACE] == APART else joined
        elif n == kind:
            chain[length, 2] = STEP
        else:
            chain[length, 2] = OUTER if n < kind else WRAP
        length += 1
    return chain[:length]


@helper
def _add(
    rows: Integers, first: int, count: int, times: int, new: int, old: int, shift: int
) -> tuple[Integers, int]:
    """Add a move to rows `first` to `count`, where an equal one may be.

    Returns:
        The rows, with more room if need be, and how many there are now.
    """
    for n in range(first, count):
        if rows[n, NEW] == new and rows[n, OLD] == old and rows[n, SHIFT] == shift:
            rows[n, TIMES] += times
            return rows, count
    if count == rows.shape[0]:
        rows = with_rows(rows, rows)
    rows[count, TIMES] = times
    rows[count, NEW] = new
    rows[count, OLD] = old
    rows[count, SHIFT] = shift
    return rows, count + 1


@helper
def with_rows(rows: Integers, more: Integers) -> Integers:
    """Two tables as one."""
    both = np.empty((rows.shape[0] + more.shape[0], rows.shape[1]), dtype=np.int64)
    for n in range(both.shape[0]):
        for m in range(both.shape[1]):
            both[n, m] = rows[n, m] if n < rows.shape[0] else more[n - rows.shape[0], m]
    return both


@helper
def _outer_moves(chain: Integers, size: int) -> tuple[Integers, int]:
    """Moves after the leading loops that stand anywhere, and a stepping one right after them.

    Each of them makes full pieces of every size it cuts, and at most one smaller piece; so there
    are few sizes, however many pieces.

    Returns:
        The moves, and how many loops they account for.
    """
    rows = np.zeros((2 * chain.shape[0] + 2, 4), dtype=np.int64)
    rows[0, TIMES] = 1
    rows[0, NEW] = rows[0, OLD] = size
    count, done = 1, 0
    while done < chain.shape[0] and chain[done, 2] <= STEP:
        piece, stepping = chain[done, 1], chain[done, 2]
        cut = np.zeros_like(rows)
        found = 0
        for n in range(count):
            full = rows[n, NEW] // piece - stepping
            rest = rows[n, NEW] % piece
            for smaller in range(2):
                new = rest if smaller else piece
                times = rows[n, TIMES] * (1 if smaller else full)
                if new > 0 and times > 0 and full >= 0:
                    old = piece if stepping else new
                    cut, found = _add(cut, 0, found, times, new, old, -piece * stepping)
        rows, count = cut, found
        done += 1
        if stepping:
            break
    return rows[:count], done


@helper
def _has_work(chain: Integers, index: Integers, n: int, start: int, end: int) -> bool:
    """Whether a piece of loop `n` leaves iterations when the wrapping loops inside it start."""
    end = min(end, start + chain[n, 1])
    for m in range(n + 1, chain.shape[0]):
        if chain[m, 2] != WRAP:
            start += index[m] * chain[m, 1]
        end = min(end, start + chain[m, 1])
    return start < end


@helper
def _stand(
    chain: Integers, index: Integers, number: int, seat: int, new: int, old: int
) -> tuple[int, int, int, int]:
    """Where the piece of one state of the loops starts and how long it is, now and before.

    Args:
        chain: Loops that are not accounted for yet.
        index: Room for one index per loop.
        number: Of the state: the indices of loops that stand anywhere, and of the stepping one.
        seat: The indices of joined loops.
        new, old: Iterations that the loops outside have left, now and before.

    Returns:
        Start and length now, start and length before; a length of 0 where there is no work now.
    """
    for n in range(chain.shape[0] - 1, -1, -1):
        index[n] = 0
        if chain[n, 2] == OUTER:
            index[n] = number % chain[n, 0]
            number //= chain[n, 0]
        elif chain[n, 2] == STEP:
            index[n] = number % (chain[n, 0] - 1)
            number //= chain[n, 0] - 1
        elif chain[n, 2] == JOINED:
            index[n] = seat % chain[n, 0]
            seat //= chain[n, 0]
    start, end = 0, new
    for n in range(chain.shape[0]):
        start += (index[n] + (1 if chain[n, 2] == STEP else 0)) * chain[n, 1]
        end = min(end, start + chain[n, 1])
    if start >= end:
        return 0, 0, 0, 0
    begin, limit = 0, old
    for n in range(chain.shape[0]):
        last = index[n]
        if chain[n, 2] == WRAP:
            last = (limit - begin - 1) // chain[n, 1]
            if not _has_work(chain, index, n, begin + last * chain[n, 1], limit):
                last -= 1
        begin += last * chain[n, 1]
        limit = min(limit, begin + chain[n, 1])
    return start, end - start, begin, limit - begin


@helper
def _ways(chain: Integers, what: int) -> int:
    """States of the loops that stand anywhere and of the stepping one; or seats of joined loops."""
    ways = 1
    for n in range(chain.shape[0]):
        if what == JOINED and chain[n, 2] == JOINED:
            ways *= chain[n, 0]
        elif what == OUTER and chain[n, 2] <= STEP:
            ways *= chain[n, 0] - chain[n, 2]
    return ways


@helper
def _whole_move(loops: Integers, which: int, kind: int, once: bool) -> tuple[int, int]:
    """How often a dimension whose bounds all divide moves, and where old pieces start from new."""
    times, shift = 1, 0
    for n in range(loops.shape[0]):
        if loops[n, DIM] != which:
            continue
        if loops[n, PLACE] != TEMPORAL:
            if loops[n, PLACE] == APART or not once:
                times *= loops[n, BOUND]
        elif n < kind:
            times *= loops[n, BOUND]
        elif n == kind:
            times *= loops[n, BOUND] - 1
            shift -= loops[n, PIECE]
        else:
            shift += loops[n, PIECE] * (loops[n, BOUND] - 1)
    return times, shift


@helper
def moves_of(
    loops: Integers, dims: Integers, kind: int, once: NDArray[np.bool_]
) -> tuple[Integers, Integers]:
    """How the pieces of each dimension move at a kind of step.

    Args:
        loops: All loops outside the tile, `(loop, 4)`, outermost first.
        dims: Size and tile of each dimension, `(2, dim)`.
        kind: The loop that advances; -1 for the first step (old is then of no meaning), the number
            of loops for all steps alike (old is then equal to new).
        once: Of which dimensions the instances of joined arrays count once, where any has work.

    Returns:
        Moves `(row, 4)`, and the first row of each dimension, `(dim + 1,)`.
    """
    rows = np.zeros((dims.shape[1] + 4, 4), dtype=np.int64)
    first = np.zeros(dims.shape[1] + 1, dtype=np.int64)
    count = 0
    for which in range(dims.shape[1]):
        size, tile = dims[0, which], dims[1, which]
        if is_whole(loops, which, size, tile):
            times, shift = _whole_move(loops, which, kind, once[which])
            rows, count = _add(rows, first[which], count, times, tile, tile, shift)
        else:
            chain = _chain(loops, which, kind, STILL if once[which] else OUTER)
            outer, done = _outer_moves(chain, size)
            chain = chain[done:]
            index = np.empty(chain.shape[0], dtype=np.int64)
            ways = _ways(chain, OUTER)
            for number in range(outer.shape[0] * ways):
                row = outer[number // ways]
                start, new, begin, old = _stand(
                    chain, index, number % ways, number - number, row[NEW], row[OLD]
                )
                if new > 0:
                    shift = row[SHIFT] + begin - start
                    rows, count = _add(rows, first[which], count, row[TIMES], new, old, shift)
        first[which + 1] = count
    return rows, first


@helper
def seats_of(loops: Integers, which: int, dims: Integers, kind: int) -> tuple[Integers, int]:
    """How the pieces of one dimension move in all instances of the joined arrays together.

    Args:
        loops, dims, kind: As in `moves_of`.
        which: The dimension.

    Returns:
        For each state of the other loops, and in each for each instance, `(row, 5)`: start and
        length now (0 without work), start and length before, and how often the state occurs; and
        how many instances there are.
    """
    chain = _chain(loops, which, kind, JOINED)
    outer, done = _outer_moves(chain, dims[0, which])
    chain = chain[done:]
    index = np.empty(chain.shape[0], dtype=np.int64)
    ways, seats = _ways(chain, OUTER), _ways(chain, JOINED)
    places = np.empty((outer.shape[0] * ways * seats, 5), dtype=np.int64)
    for n in range(places.shape[0]):
        state = n // seats
        row = outer[state // ways]
        start, new, begin, old = _stand(chain, index, state % ways, n % seats, row[NEW], row[OLD])
        places[n, 0], places[n, 1] = start, new
        places[n, 2], places[n, 3] = begin + row[SHIFT], old
        places[n, 4] = row[TIMES]
    return places, seats


@helper
def iterations_of(loops: Integers, which: int, size: int) -> NDArray[np.bool_]:
    """Which iterations of one dimension each instance ever has, `(instance, iteration)`."""
    chain = _chain(loops, which, loops.shape[0], OUTER)
    length = 0
    for n in range(loops.shape[0]):
        if loops[n, DIM] == which:
            chain[length, 2] = OUTER if loops[n, PLACE] == TEMPORAL else JOINED
            length += 1
    index = np.empty(chain.shape[0], dtype=np.int64)
    marks = np.zeros((_ways(chain, JOINED), size), dtype=np.bool_)
    for seat in range(marks.shape[0]):
        for number in range(_ways(chain, OUTER)):
            start, count, _, _ = _stand(chain, index, number, seat, size, size)
            marks[seat, start : start + count] = True
    return marks
