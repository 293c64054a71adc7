"""Split: how often a value is used, divided over DRAM, buffer, array and register file.

A value that is used 24 times may come once from DRAM, be sent twice from the buffer, go to three
PEs each time and be used four times in each: a, b, c, d = 1, 2, 3, 4. Energy follows from such a
split alone. A partial sum (psum) is accumulated instead of used: each step reads what was
there and writes it back, except along the array, where a hop does both.

    input  a*DRAM + ab*buffer + abc*array + abcd*RF
    psum   (2a-1)*DRAM + 2a(b-1)*buffer + ab(c-1)*array + 2abc(d-1)*RF

Source: chen2016isca, Sec. VI-C. The source drops the last term of an input that is used once
where it arrives (d = 1: no register keeps it); here `skips` says so of any level, since what
passes a level without being kept there costs nothing beyond its dearer end.
"""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from picojoule.hardware import STUDY_PRICES

Uses = float | NDArray[Any]
"""One mapping's number, or that of many mappings side by side."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Energy of one 16-bit access, in MACs: chen2016isca, Table IV; sze2017, Sec. V-B."""

    dram: float = STUDY_PRICES["dram"]
    buffer: float = STUDY_PRICES["buffer"]
    array: float = STUDY_PRICES["array"]
    rf: float = STUDY_PRICES["rf"]
    alu: float = 1


PRICES = Prices()


@dataclass(frozen=True, slots=True)
class Split:
    """How often a value is moved by each level for each time the level outside moves it.

    Args:
        a, b, c, d: Of DRAM, buffer, array, register file; their product is all uses. A number
            that is an average may have a fraction.
        skips: Levels that the value passes without being kept there ("buffer", "array", "rf").
    """

    a: Uses
    b: Uses
    c: Uses
    d: Uses
    skips: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ByLevel:
    """Energy by the level that moves the data, in MACs."""

    dram: Uses
    buffer: Uses
    array: Uses
    rf: Uses

    @property
    def total(self) -> Uses:
        """Of all levels."""
        return self.dram + self.buffer + self.array + self.rf

    def times(self, values: int) -> "ByLevel":
        """That of so many values."""
        return ByLevel(
            self.dram * values, self.buffer * values, self.array * values, self.rf * values
        )


def input_energy(split: Split, prices: Prices = PRICES) -> ByLevel:
    """What one input value (an ifmap's or a filter's) costs.

    >>> input_energy(Split(1, 2, 3, 4)).total  # 200 + 12 + 12 + 24
    248
    """
    from_buffer = split.a * split.b
    over_array = from_buffer * split.c
    return ByLevel(
        split.a * prices.dram,
        0 * from_buffer if "buffer" in split.skips else from_buffer * prices.buffer,
        0 * over_array if "array" in split.skips else over_array * prices.array,
        0 * over_array if "rf" in split.skips else over_array * split.d * prices.rf,
    )


def psum_energy(split: Split, prices: Prices = PRICES) -> ByLevel:
    """What the accumulation of one output value costs; its bias is not counted.

    >>> psum_energy(Split(2, 3, 3, 2)).total  # 600 + 48 + 24 + 36
    708
    """
    in_buffer = split.a * split.b
    over_array = in_buffer * split.c
    return ByLevel(
        (2 * split.a - 1) * prices.dram,
        2 * split.a * (split.b - 1) * prices.buffer,
        in_buffer * (split.c - 1) * prices.array,
        2 * over_array * (split.d - 1) * prices.rf,
    )


def from_totals(
    dram: Uses, buffer: Uses, array: Uses, rf: Uses, *, skips: frozenset[str] = frozenset()
) -> Split:
    """The split whose levels move a value so often in all, instead of for each move outside.

    >>> from_totals(1, 2, 6, 24)
    Split(a=1, b=2.0, c=3.0, d=4.0, skips=frozenset())
    """
    return Split(dram, buffer / dram, array / buffer, rf / array, skips)
