"""Factors by definition: every legal nest of a few small sizes, and pieces cut one by one."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pytest
from random_problems import product

from picojoule.errors import PicojouleError
from picojoule.hardware import Accelerator, Array, Compute, Memory, accelerator
from picojoule.mapper import Constraints, PartConstraints, Range, search
from picojoule.mapper.factors import (
    Cuts,
    cuts_of,
    divisors,
    moving_shares,
    rounded,
    stepping_shares,
    uneven_dims,
)
from picojoule.mapper.space import build_space
from picojoule.mapping import AxisName, Level, Loop, Nest, validate
from picojoule.workload import parse_operation

SIZES = (1, 2, 5, 6, 7, 9, 10, 12, 13, 16, 17, 23, 24)
KEEP = ("a", "b", "c")


@pytest.mark.parametrize("sizes", [range(1, 64), range(64, 300), (1000, 1023, 4096)])
def test_tiles_are_the_quotients_rounded_up(sizes: Iterable[int]) -> None:
    for size in sizes:
        bounds = range(1, size + 1)
        assert rounded(size) == sorted({math.ceil(size / bound) for bound in bounds})
        assert divisors(size) == [bound for bound in bounds if size % bound == 0]


def test_uneven_dimensions_have_all_quotients_and_others_the_divisors() -> None:
    sizes = np.array([12, 7, 12, 2])
    cuts = cuts_of(sizes, 0b0011)
    assert [cuts.tiles(d) for d in range(4)] == [
        [1, 2, 3, 4, 6, 12],
        [1, 2, 3, 4, 7],
        [1, 2, 3, 4, 6, 12],
        [1, 2],
    ]
    assert [cuts.is_uneven(d) for d in range(4)] == [True, True, False, False]
    assert cuts_of(sizes, 0).tiles(1) == [1, 7]
    # Of 12 and 2 all quotients divide.
    assert uneven_dims(np.array([12, 7, 5, 2])) == 0b0110


def one_size(size: int) -> Cuts:
    return cuts_of(np.array([size]), 1)


def is_legal(chip: Accelerator, sizes: Mapping[str, int], nest: Nest) -> bool:
    try:
        validate(product(**sizes), chip, nest)
    except PicojouleError:
        return False
    return True


def cut(sizes: tuple[int, ...], bound: int) -> tuple[int, ...]:
    """The pieces that a loop cuts each piece to: as the first, and the last one is what is left."""
    length = -(-sizes[0] // bound)
    return tuple(min(length, size - start) for size in sizes for start in range(0, size, length))


@pytest.mark.parametrize("size", SIZES)
def test_loops_run_where_a_nest_is_legal(size: int) -> None:
    """Between the tiles of two memories, the loops outside them given; only a first one leaves."""
    chip = Accelerator("chip", (Memory("dram"), Memory("outer"), Memory("inner"), Compute()))
    found: set[tuple[int, int]] = set()
    for first, second in itertools.product(range(1, size + 1), repeat=2):
        tile = -(-size // first)
        inside = -(-tile // second)
        bounds = zip(("dram", "outer", "inner"), (first, second, inside), strict=True)
        nest = Nest(tuple(Level(part, (Loop("M", bound),), KEEP) for part, bound in bounds))
        if is_legal(chip, {"M": size}, nest) and (first == 1 or tile % second == 0):
            found.add((tile, inside))
    cuts = one_size(size)
    tiles = cuts.tiles(0)
    assert found == {
        (tile, inside)
        for tile, inside in itertools.product(tiles, repeat=2)
        if inside <= tile and cuts.is_cut(0, tile, inside)
    }


Choice = tuple[tuple[int, int, int], ...]
"""Per dimension: what an instance holds, what all hold together, and how many have work."""


def choices_by_nests(
    chip: Accelerator, sizes: Mapping[str, int], own: PartConstraints
) -> Iterator[Choice]:
    """What the first array's instances hold in every legal nest, outer loops given.

    Only the outermost loop over a dimension may leave less to its last iteration; and not one on
    the axis of an array that has another one over the dimension, if the chip has several arrays.
    """
    array = chip.arrays[0]
    crowded = sum(one.size > 1 for one in chip.arrays) > 1
    names = tuple(sizes)
    ways = [
        [
            bounds
            for bounds in itertools.product(
                range(1, size + 1), range(1, array.x + 1), range(1, array.y + 1)
            )
            if is_searched(size, bounds, crowded=crowded)
            and (bounds[1] in own.x.get(name, Range()))
            and (bounds[2] in own.y.get(name, Range()))
        ]
        for name, size in sizes.items()
    ]
    for bounds in itertools.product(*ways):
        choice: list[tuple[int, int, int]] = []
        loops: list[list[Loop]] = [[], [], []]
        axes: tuple[AxisName | None, ...] = (None, "x", "y", None)
        for name, own_bounds in zip(names, bounds, strict=True):
            first, along_x, along_y = own_bounds
            union = cut((sizes[name],), first)[0]
            tiles = cut(cut((union,), along_x), along_y)
            for level, axis, bound in zip((0, 1, 1, 2), axes, (*own_bounds, tiles[0]), strict=True):
                if bound > 1:
                    loops[level].append(Loop(name, bound, axis))
            choice.append((tiles[0], union, len(tiles)))
        levels = [Level("dram", tuple(loops[0]), KEEP), Level("pes", tuple(loops[1]))]
        levels += [Level(part.name) for part in chip.parts[2:-2]]
        levels.append(Level("register", tuple(loops[2]), KEEP))
        if is_legal(chip, sizes, Nest(tuple(levels))):
            yield tuple(choice)


def is_searched(size: int, bounds: tuple[int, ...], *, crowded: bool) -> bool:
    """Whether the loops over a dimension, before the last, are such as the space has."""
    is_first = True
    for n, bound in enumerate(bounds):
        may_leave = is_first and not (crowded and n == 1 and bounds[2] > 1)
        if size % bound and not may_leave:
            return False
        size = -(-size // bound)
        is_first &= bound == 1
    return True


def choices_of_space(
    chip: Accelerator, sizes: Mapping[str, int], own: PartConstraints
) -> Iterator[Choice]:
    """The same by the tables of a space, whose splits are checked."""
    space = build_space(product(**sizes), chip, Constraints({"pes": own}), imperfect=True)
    spread, dims = space.spreads[0], range(len(sizes))
    tables = [space.cuts.tiles(d) for d in dims]
    for factors, indices in zip(spread.factors, spread.indices, strict=True):
        for tiles in itertools.product(*(range(len(table)) for table in tables)):
            unions = [int(space.products[d, tiles[d], indices[d]]) for d in dims]
            if min(unions) < 0:
                continue
            choice = tuple(
                (tables[d][tiles[d]], tables[d][unions[d]], int(factors[d])) for d in dims
            )
            split = space.split(0, factors, np.array([tile for tile, _, _ in choice]))
            for (tile, union, instances), x, y in zip(choice, *split, strict=True):
                pieces = cut(cut((union,), x), y)
                assert (pieces[0], len(pieces)) == (tile, instances)
            yield choice


ARRAYS = (Array("pes", 5, 1), Array("pes", 3, 4), Array("pes", 4, 3), Array("pes", 2, 2))


def check_choices(chip: Accelerator, sizes: Mapping[str, int], own: PartConstraints) -> None:
    found = set(choices_of_space(chip, sizes, own))
    assert found == set(choices_by_nests(chip, sizes, own))


def row(array: Array, *more: Memory | Array) -> Accelerator:
    return Accelerator("chip", (Memory("dram"), array, *more, Memory("register"), Compute()))


@pytest.mark.parametrize("array", ARRAYS)
@pytest.mark.parametrize("size", SIZES)
def test_spatial_choices_are_those_of_legal_nests(size: int, array: Array) -> None:
    check_choices(row(array), {"M": size}, PartConstraints())
    check_choices(row(array, Memory("m"), Array("inner", 2)), {"M": size}, PartConstraints())


@pytest.mark.parametrize("array", [Array("pes", 3, 2), Array("pes", 2, 4), Array("pes", 5, 1)])
@pytest.mark.parametrize("sizes", [{"M": 7, "K": 5}, {"K": 11, "N": 4}, {"M": 9, "K": 2, "N": 3}])
def test_dimensions_share_the_axes(sizes: Mapping[str, int], array: Array) -> None:
    check_choices(row(array), sizes, PartConstraints())


@pytest.mark.parametrize(
    "own",
    [
        PartConstraints(x={"M": Range(2)}),
        PartConstraints(x={"M": Range(1, 3)}, y={"M": Range(2, 2)}),
        PartConstraints(x={"M": Range(3, 3)}, y={"K": Range(2)}),
        PartConstraints(y={"M": Range(1, 1), "K": Range(3, 3)}),
    ],
)
def test_constraints_leave_the_choices_that_obey_them(own: PartConstraints) -> None:
    check_choices(row(Array("pes", 4, 3)), {"M": 11, "K": 5}, own)


def loops_of(cuts: Cuts) -> Iterator[tuple[int, int]]:
    """All tiles of the only dimension, with the smaller ones that a loop may cut them to."""
    for tile, union in itertools.product(cuts.tiles(0), repeat=2):
        if union < tile and cuts.is_cut(0, tile, union):
            yield tile, union


def index(cuts: Cuts, tile: int) -> int:
    return cuts.tiles(0).index(tile)


@pytest.mark.parametrize("size", [*SIZES, 29, 45, 55])
def test_what_a_loop_moves(size: int) -> None:
    """Instances of single iterations: one that has a piece in several steps gets each anew."""
    cuts = one_size(size)
    expected = np.ones((len(cuts.tiles(0)),) * 2)
    for tile, union in loops_of(cuts):
        moved = 0
        for start in range(0, size, tile):
            piece = range(start, min(start + tile, size))
            for instance in range(union):
                own = piece[instance::union]
                moved += len(own) if len(own) > 1 else 0
        expected[index(cuts, tile), index(cuts, union)] = moved / size
    assert moving_shares(cuts)[0] == pytest.approx(expected)


@pytest.mark.parametrize("size", [*SIZES, 29, 45, 55])
def test_what_a_loop_steps_to(size: int) -> None:
    """All but the first of the pieces; the table may tell less where that one is short."""
    cuts = one_size(size)
    least = np.full(len(cuts.tiles(0)), 0.5)
    exact = np.ones(len(cuts.tiles(0)), dtype=np.bool_)
    for tile, union in loops_of(cuts):
        pieces = [min(tile, size - start) for start in range(0, size, tile)]
        stepped = sum(max(0, piece - union) for piece in pieces)
        n = index(cuts, union)
        least[n] = min(least[n], stepped / size)
        exact[n] &= pieces[-1] >= union
    table = stepping_shares(cuts)[0]
    assert (table <= least * (1 + 1e-12)).all()
    assert table[exact] == pytest.approx(least[exact])


def test_dimensions_that_divide_move_all_and_step_to_half() -> None:
    cuts = cuts_of(np.array([12, 7]), 0b10)
    assert (moving_shares(cuts)[0] == 1.0).all()
    assert (stepping_shares(cuts)[0] == 0.5).all()
    assert (moving_shares(cuts)[1] < 1.0).any()


def test_an_unknown_choice_of_factors_is_refused() -> None:
    with pytest.raises(PicojouleError, match="choice of factors is not known") as caught:
        search(parse_operation("matmul M=2 K=2 N=2"), accelerator("eyeriss"), factors="even")  # type: ignore[arg-type]
    assert caught.value.got == "'even'"
    assert "auto" in caught.value.expected
