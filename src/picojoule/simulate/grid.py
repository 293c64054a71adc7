"""Grid: what the instances below one parent ask for where all of them have equal tiles.

They ask for the same words, each moved by its own offset, so one difference carried through the
arrays stands for all steps that move the tile alike.
"""

import itertools
import math

from picojoule.simulate.passage import Passage, Spread
from picojoule.simulate.tally import Tally

Move = tuple[int, ...]
"""How far a tile moves along each axis of its tensor."""


class Grid:
    """The instances below one parent: where they sit, and how far apart their tiles lie."""

    def __init__(self, passage: Passage) -> None:
        self.spreads = passage.spreads
        self.seats = [_seats(passage, spread) for spread in passage.spreads]
        self.size = math.prod(spread.instances for spread in passage.spreads)
        self.loads: dict[frozenset[int], tuple[tuple[int, int], ...]] = {}

    def taken(self, gap: Move | None, now: Move) -> frozenset[int]:
        """Instances of the innermost array that take their words from a neighbour.

        Args:
            gap: Translation from what arrives now to what arrived before, in tile coordinates.
            now: How far the tile moved between the two.
        """
        if gap is None:
            return frozenset()
        seats = self.seats[-1]
        places = dict(seats)
        taken: set[int] = set()
        for number, ((x, y), offset) in enumerate(seats):
            # What the neighbour got lies at its own offset, and one move further back.
            wanted = tuple(o + m - g for o, m, g in zip(offset, now, gap, strict=True))
            around = ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))
            if any(places.get(seat) == wanted for seat in around):
                taken.add(number)
        everyone = [offset for _, offset in seats]
        rest = [offset for number, offset in enumerate(everyone) if number not in taken]
        if self.spreads[-1].groups:
            saves = len(set(rest)) < len(set(everyone))
        else:
            saves = len(rest) < len(everyone)
        return frozenset(taken) if saves else frozenset()

    def carry(self, taken: frozenset[int], tally: Tally, amount: int) -> int:
        """Carry one difference per instance through the arrays, and count it `amount` times.

        Returns:
            Differences that the parent serves.
        """
        loads = self.loads.get(taken)
        if loads is None:
            loads = self.loads[taken] = self._carry(taken)
        networks = 1
        for spread, (deliveries, sends) in zip(self.spreads, loads, strict=True):
            tally.deliveries[spread.name] = (
                tally.deliveries.get(spread.name, 0) + amount * deliveries
            )
            tally.sends[spread.name] = tally.sends.get(spread.name, 0) + amount * sends
            if spread is self.spreads[-1]:
                links = amount * networks * len(taken)
                tally.links[spread.name] = tally.links.get(spread.name, 0) + links
            networks *= spread.instances
        return loads[0][1] if loads else 1

    def _carry(self, taken: frozenset[int]) -> tuple[tuple[int, int], ...]:
        """(deliveries, sends) of each array, outermost first, in differences, all networks.

        Instances of an array ask for the same words, each moved by its own offset: their loads
        are equal exactly where their offsets are.
        """
        counts: list[tuple[int, int]] = []
        load, networks = 1, math.prod(spread.instances for spread in self.spreads)
        for spread, seats in zip(reversed(self.spreads), reversed(self.seats), strict=True):
            networks //= spread.instances
            innermost = spread is self.spreads[-1]
            offsets = [o for n, (_, o) in enumerate(seats) if not innermost or n not in taken]
            members = len(set(offsets)) if spread.groups else len(offsets)
            counts.append((networks * load * len(offsets), networks * load * members))
            load *= members
        return tuple(reversed(counts))


def _seats(passage: Passage, spread: Spread) -> list[tuple[tuple[int, int], Move]]:
    """Every instance of one array: its seat (x, y), and its offset in tensor coordinates."""
    moves = [passage.move(stride) for stride in spread.strides]
    seats: list[tuple[tuple[int, int], Move]] = []
    for indices in itertools.product(*(range(stride.bound) for stride in spread.strides)):
        seat = {"x": 0, "y": 0}
        offset = [0] * len(passage.tensor.axes)
        for index, stride, move in zip(indices, spread.strides, moves, strict=True):
            assert stride.axis is not None
            seat[stride.axis] = seat[stride.axis] * stride.bound + index
            offset = [o + index * m for o, m in zip(offset, move, strict=True)]
        seats.append(((seat["x"], seat["y"]), tuple(offset)))
    return seats
