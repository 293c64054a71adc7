"""Forwarding: words that an instance takes from a direct neighbour instead of its parent.

At a step, an instance forwards when its difference equals the one that a neighbour received at the
step before, and the array uses forwarding at that step when its parent then reads fewer words.
What a step's difference looks like depends on its kind alone, and what was there before on the
kind of the step before, so a step is counted by its pair of kinds.

Source: docs/counting.md. Exact where all bounds divide; `count` refuses others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from picojoule.hardware import Reuse
from picojoule.mapping import Loop
from picojoule.workload import Axis, Tensor

Offset = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The words that arrive at a step, relative to the tile: what it is made of.

    Args:
        words: How many; 0 where nothing arrives.
        full: Whether the whole tile arrives.
        moved: Per axis, the coordinates that the tile before did not have; None for none.
        shared: Per axis, the coordinates that it did have.
        displacement: Of the tile since the step before, in tensor coordinates.
    """

    words: int
    full: bool
    moved: tuple[tuple[int, ...] | None, ...]
    shared: tuple[tuple[int, ...], ...]
    displacement: Offset


def _points(axis: Axis, tile: dict[str, int], box: bool) -> frozenset[int]:
    points = {0}
    for term in axis.terms:
        points = {p + term.coefficient * i for p in points for i in range(tile.get(term.dim, 1))}
    return frozenset(range(max(points) + 1)) if box else frozenset(points)


def _difference(tile: Sequence[frozenset[int]], displacement: Offset, reuse: Reuse) -> Difference:
    """What arrives when the tile came from `displacement` back."""
    words = kept = 1
    moved: list[tuple[int, ...] | None] = []
    shared: list[tuple[int, ...]] = []
    for points, shift in zip(tile, displacement, strict=True):
        common = points & {point - shift for point in points}
        words *= len(points)
        kept *= len(common)
        moved.append(tuple(sorted(points - common)) if len(common) < len(points) else None)
        shared.append(tuple(sorted(common)))
    if reuse == "none" or (reuse == "tile" and any(displacement)):
        kept = 0
    elif reuse == "tile":
        kept = words
    return Difference(words - kept, kept == 0, tuple(moved), tuple(shared), displacement)


def _translation(now: Difference, before: Difference) -> Offset | None:
    """The offset that carries `now` onto `before` as sets, if there is one."""
    if now.words != before.words or now.words == 0 or now.full != before.full:
        return None
    none = (0,) * len(now.displacement)
    if now.full:
        return none
    changed = [n for n, points in enumerate(now.moved) if points is not None]
    if [n for n, points in enumerate(before.moved) if points is not None] != changed:
        return None
    if len(changed) > 1:
        return none if now.shared == before.shared else None
    axis = changed[0]
    arriving, earlier = now.moved[axis], before.moved[axis]
    assert arriving is not None and earlier is not None
    shift = earlier[0] - arriving[0]
    if tuple(point + shift for point in arriving) != earlier:
        return None
    return (*none[:axis], shift, *none[axis + 1 :])


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Totals of one array instance: words sent after grouping, words received, links."""

    sends: int
    received: int
    links: int


def _offset(tensor: Tensor, moves: dict[str, int]) -> Offset:
    return tuple(
        sum(term.coefficient * moves.get(term.dim, 0) for term in axis.terms)
        for axis in tensor.axes
    )


def _instances(tensor: Tensor, spatial: Sequence[tuple[Loop, int]]) -> dict[Offset, Offset]:
    """Tensor offset of each instance by its (x, y) place."""
    places: dict[tuple[int, int], dict[str, int]] = {(0, 0): {}}
    for loop, stride in spatial:
        grown: dict[tuple[int, int], dict[str, int]] = {}
        for (x, y), moves in places.items():
            for i in range(loop.bound):
                place = (x * loop.bound + i, y) if loop.axis == "x" else (x, y * loop.bound + i)
                grown[place] = {**moves, loop.dim: moves.get(loop.dim, 0) + i * stride}
        places = grown
    return {place: _offset(tensor, moves) for place, moves in places.items()}


def _displacements(tensor: Tensor, loops: Sequence[tuple[Loop, int]]) -> list[Offset]:
    """How far the tile moves when each loop steps and all loops inside it wrap."""
    found: list[Offset] = []
    wraps: dict[str, int] = {}
    for loop, stride in reversed(loops):
        found.append(_offset(tensor, {**wraps, loop.dim: wraps.get(loop.dim, 0) + stride}))
        wraps[loop.dim] = wraps.get(loop.dim, 0) - (loop.bound - 1) * stride
    return found[::-1]


def _step_kinds(loops: Sequence[tuple[Loop, int]]) -> list[tuple[int, int, int | None]]:
    """(number of steps, which loop steps, which stepped before or None for the first step)."""
    last = len(loops) - 1
    kinds: list[tuple[int, int, int | None]] = []
    outside = 1
    for n, (loop, _) in enumerate(loops):
        if n < last:
            times = outside * (loop.bound - 1)
            # All loops inside have just run to their end, and then run from their start.
            kinds += [(times, n, last), (times, last, n)]
        else:
            kinds += [(outside * (loop.bound - 2), n, last), (1, n, None)]
        outside *= loop.bound
    return [kind for kind in kinds if kind[0]]


def forwarded_words(
    tensor: Tensor,
    *,
    tile: dict[str, int],
    temporal: Sequence[tuple[Loop, int]],
    spatial: Sequence[tuple[Loop, int]],
    reuse: Reuse,
    groups: bool,
    box: bool,
) -> Forwarded:
    """Count what one array instance carries for `tensor` when neighbours may forward.

    Args:
        tensor: The tensor carried.
        tile: Iterations inside the child, per dimension.
        temporal: (loop, stride) outside the child, outermost first.
        spatial: (loop, stride) of the array, outermost first.
        reuse: How the child replaces its tile.
        groups: Whether equal differences travel as one.
        box: Whether tiles are bounding boxes.
    """
    points = [_points(axis, tile, box) for axis in tensor.axes]
    offsets = _instances(tensor, spatial)
    size = 1
    for axis_points in points:
        size *= len(axis_points)
    everything = len(set(offsets.values())) if groups else len(offsets)
    sends, received, links = size * everything, size * len(offsets), 0
    whole = Difference(size, True, (None,) * len(points), ((),) * len(points), (0,) * len(points))
    loops = [(loop, stride) for loop, stride in temporal if loop.bound > 1]
    arriving = [_difference(points, moved, reuse) for moved in _displacements(tensor, loops)]
    for times, kind, before in _step_kinds(loops):
        now, earlier = arriving[kind], whole if before is None else arriving[before]
        carried = _translation(now, earlier)
        taken: set[Offset] = set()
        if carried is not None:
            # now + offset(s) + displacement == earlier + offset(s'), hence this offset(s').
            for (x, y), offset in offsets.items():
                wanted = tuple(
                    o + d - c for o, d, c in zip(offset, now.displacement, carried, strict=True)
                )
                around = ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))
                if any(offsets.get(place) == wanted for place in around):
                    taken.add((x, y))
        left = [offset for place, offset in offsets.items() if place not in taken]
        remaining = len(set(left)) if groups else len(left)
        if remaining >= everything:
            taken, remaining = set(), everything
        sends += times * now.words * remaining
        received += times * now.words * (len(offsets) - len(taken))
        links += times * now.words * len(taken)
    return Forwarded(sends, received, links)
