"""Splits: the energy of a use and of an accumulation, by level."""

import numpy as np
import pytest

from picojoule.compare import Prices, Split, input_energy, psum_energy
from picojoule.compare.split import from_totals


def test_an_input_pays_at_each_level_for_what_passes_it() -> None:
    energy = input_energy(Split(1, 2, 3, 4))
    assert (energy.dram, energy.buffer, energy.array, energy.rf) == (200, 12, 12, 24)
    assert energy.total == 248  # chen2017micro prints it


def test_a_psum_pays_twice_but_along_the_array() -> None:
    energy = psum_energy(Split(2, 3, 3, 2))
    assert (energy.dram, energy.buffer, energy.array, energy.rf) == (600, 48, 24, 36)
    assert energy.total == 708


def test_a_psum_that_never_leaves_its_pe_costs_its_last_write_and_its_registers() -> None:
    energy = psum_energy(Split(1, 1, 1, 10))
    assert (energy.dram, energy.buffer, energy.array, energy.rf) == (200, 0, 0, 18)


@pytest.mark.parametrize(("level", "saved"), [("buffer", 12), ("array", 12), ("rf", 24)])
def test_a_level_that_is_passed_costs_nothing(level: str, saved: int) -> None:
    split = Split(1, 2, 3, 4, skips=frozenset({level}))
    assert input_energy(split).total == 248 - saved
    assert getattr(input_energy(split), level) == 0


def test_prices_are_those_given() -> None:
    prices = Prices(dram=1000, buffer=100, array=10, rf=1)
    assert input_energy(Split(1, 2, 3, 4), prices).total == 1000 + 200 + 60 + 24


def test_many_mappings_are_priced_side_by_side() -> None:
    a = np.array([1.0, 2.0])
    assert input_energy(Split(a, 2, 3, 4)).total.tolist() == [248, 496]
    split = from_totals(a, 6, 12, 24)
    assert (split.b.tolist(), split.c, split.d) == ([6, 3], 2, 2)
