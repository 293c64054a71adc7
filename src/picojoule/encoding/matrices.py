"""Sparse matrices: the values that are not zero, each with its place in its row or column.

A code has the pointers, where each line begins among the entries and where the last one ends, and
then the entries, place and value each. CSR's lines are rows, CSC's are columns. EIE's CSC keeps as
place the zeros since the entry before in the same column, in 4 bits: where more than 15 zeros come
before a value, a zero becomes an entry itself (han2016eie, Sec. III-B). Zeros at the end of a line
are never stored.

Pointers are as wide as the number of values needs, positions as the length of a line: the chips
have fixed widths, 16 bits for EIE's pointers. EIE gives each of its N lanes the rows that are equal
modulo N: the code of lane k is that of `matrix[k::N]`.
"""

from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np

from picojoule.encoding import plain
from picojoule.encoding.bits import Words, empty_words, put, take, to_bytes, to_words, whole
from picojoule.encoding.codec import Codec, Values
from picojoule.encoding.faults import IDLE, ORDER, OUTSIDE, POINTER, SHORT, SOUND, end_fault
from picojoule.encoding.gaps import mean_entries
from picojoule.jit import helper, kernel

Number = TypeVar("Number", int, float)

POSITIONS = -1
"""The longest gap of codes that keep positions instead."""


@dataclass(frozen=True, slots=True)
class _Matrices(Codec):
    """What codes with pointers share; the lines are rows unless a class turns the matrix."""

    columnwise: ClassVar[bool] = False

    @property
    def longest_gap(self) -> int:
        """The most zeros between two entries, or `POSITIONS`."""
        return POSITIONS

    def _place_bits(self, length: int) -> int:
        """The width of a place in a line of `length` values."""
        return (length - 1).bit_length()

    def _lines(self, matrix: Values) -> Values:
        """The matrix, or a view that is its transpose."""
        return matrix.T if self.columnwise else matrix

    def _encode(self, matrix: Values) -> bytes:
        lines = np.ascontiguousarray(self._lines(matrix))
        size_bits = self._lines_bits(lines)
        if not size_bits:
            return b""
        widths = self._widths(*lines.shape)
        words = encode_entries(lines, *widths, self.value_bits, self.longest_gap, size_bits)
        return to_bytes(words, size_bits)

    def _decode(self, data: bytes, out: Values) -> int:
        if not out.size:
            return end_fault(data, 0)
        lines = np.zeros_like(self._lines(out), order="C") if self.columnwise else out
        known = (len(data) * 8, *self._widths(*lines.shape), self.value_bits, self.longest_gap)
        fault, end = decode_entries(to_words(data), *known, lines)
        if self.columnwise and fault == SOUND:
            self._lines(out)[:] = lines
        return fault or end_fault(data, int(end))

    def _size_bits(self, matrix: Values) -> int:
        return self._lines_bits(self._lines(matrix))

    def _lines_bits(self, lines: Values) -> int:
        """The size of the code of a matrix whose lines are its rows."""
        if self.longest_gap == POSITIONS:
            entries = np.count_nonzero(lines)
        else:
            entries = count_entries(np.ascontiguousarray(lines), self._place_bits(0))
        many, length = lines.shape
        return self._code_bits(many, length, int(entries)) if lines.size else 0

    def _expected_bits(self, rows: int, columns: int, density: float) -> float:
        many, length = (columns, rows) if self.columnwise else (rows, columns)
        return self._code_bits(many, length, many * self._mean_entries(length, density))

    def _mean_entries(self, length: int, density: float) -> float:
        """The mean number of entries of a line."""
        return density * length

    def _code_bits(self, many: int, length: int, entries: Number) -> Number:
        pointer_bits, place_bits = self._widths(many, length)
        return (many + 1) * pointer_bits + entries * (place_bits + self.value_bits)

    def _widths(self, many: int, length: int) -> tuple[int, int]:
        """The widths of a pointer and of a place."""
        return (many * length).bit_length(), self._place_bits(length)


@dataclass(frozen=True, slots=True)
class CompressedRows(_Matrices):
    """Compressed sparse rows (CSR): a pointer for each row, then (column, value) entries.

    >>> matrix = np.array([[0, 0, 5, 0], [0, 0, 0, 0], [7, 0, 0, 1]], dtype=np.int8)
    >>> CompressedRows(value_bits=8).size_bits(matrix)  # 4 pointers of 4 bits, 3 of (2 + 8)
    46
    """

    name: ClassVar[str] = "csr"


@dataclass(frozen=True, slots=True)
class CompressedColumns(_Matrices):
    """Compressed sparse columns (CSC): a pointer for each column, then (row, value) entries.

    >>> matrix = np.array([[0, 0, 5, 0], [0, 0, 0, 0], [7, 0, 0, 1]], dtype=np.int8)
    >>> CompressedColumns(value_bits=8).size_bits(matrix)  # 5 pointers of 4 bits, 3 of (2 + 8)
    50
    """

    name: ClassVar[str] = "csc"
    columnwise: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class GapColumns(_Matrices):
    """EIE's CSC: a pointer for each column, then (zeros before, value) entries.

    EIE itself, with 16 shared weights, is `GapColumns(value_bits=4)`: its values are places in a
    codebook, which is not in the code.

    Args:
        gap_bits: Width of the number of zeros before an entry, 1 to 16 bits.

    >>> column = np.zeros((23, 1), dtype=np.int8)
    >>> column[[2, 3, 22], 0] = 1, 2, 3
    >>> EIE = GapColumns(value_bits=4)
    >>> EIE.encode(column).hex()  # pointers 0 and 4; (2, 1) (0, 2) (15, 0) (2, 3)
    '010840bc08c0'
    >>> EIE.expected_bits((23, 1), density=1.0)
    194.0
    """

    gap_bits: int = 4

    name: ClassVar[str] = "csc-eie"
    columnwise: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Codec.__post_init__(self)
        self._check_width("gap_bits", self.gap_bits, 16)

    @property
    def longest_gap(self) -> int:
        """The most zeros that one entry has before it."""
        return (1 << self.gap_bits) - 1

    def _place_bits(self, length: int) -> int:
        return self.gap_bits

    def _mean_entries(self, length: int, density: float) -> float:
        return mean_entries(length, 1 - density, self.longest_gap + 1)


@kernel(reference=plain.count_entries)
def count_entries(lines: Values, gap_bits: int) -> int:
    """Entries of all lines, with the zeros that are entries."""
    entries = 0
    for n in range(lines.shape[0]):
        gap = 0
        for position in range(lines.shape[1]):
            ends = whole(lines[n, position] != 0)
            entries += (1 + (gap >> gap_bits)) & -ends
            gap = (gap + 1) & (ends - 1)  # 0 after an entry, without a branch
    return entries


@kernel(reference=plain.encode_entries)
def encode_entries(
    lines: Values,
    pointer_bits: int,
    place_bits: int,
    value_bits: int,
    longest_gap: int,
    size_bits: int,
) -> Words:
    """Pointers and entries, in the words that `size_bits` bits need."""
    many, width = lines.shape[0], place_bits + value_bits
    words = empty_words(size_bits)
    first = (many + 1) * pointer_bits
    at = first
    for n in range(many):
        gap = 0
        for position in range(lines.shape[1]):
            value = lines[n, position]
            stored = whole(value != 0)
            place = gap if longest_gap >= 0 else position
            while place > longest_gap >= 0 and stored:
                put(words, at, longest_gap << value_bits, width)
                at += width
                place -= longest_gap + 1
            # For a zero, 0 is written, and then written over: cheaper than to choose.
            put(words, at, ((place & -stored) << value_bits) | whole(value), width)
            at += width & -stored
            gap = (gap + 1) & (stored - 1)
        put(words, (n + 1) * pointer_bits, (at - first) // width, pointer_bits)
    return words


@kernel(reference=plain.decode_entries)
def decode_entries(
    words: Words,
    size_bits: int,
    pointer_bits: int,
    place_bits: int,
    value_bits: int,
    longest_gap: int,
    out: Values,
) -> tuple[int, int]:
    """Fill lines of zeros; the answer is a fault and where the code ends."""
    width = place_bits + value_bits
    of_value = (np.uint64(1) << np.uint64(value_bits)) - np.uint64(1)
    fault = pointer_fault(words, size_bits, out.shape[0], pointer_bits, width)
    if fault != SOUND:
        return fault, 0
    at, start = (out.shape[0] + 1) * pointer_bits, 0
    for n in range(out.shape[0]):
        stop = whole(take(words, (n + 1) * pointer_bits, pointer_bits))
        position = -1
        for entry in range(start, stop):
            field = take(words, at, width)
            at += width
            value = field & of_value
            place = whole(field >> np.uint64(value_bits))
            if longest_gap >= 0:
                position += 1 + place
            elif place <= position:
                return ORDER, at
            else:
                position = place
            if position >= out.shape[1]:
                return OUTSIDE, at
            if value == 0 and (place != longest_gap or entry == stop - 1):
                return IDLE, at
            out[n, position] = value
        start = stop
    return SOUND, at


@helper
def pointer_fault(words: Words, size_bits: int, many: int, pointer_bits: int, width: int) -> int:
    """What is wrong with the pointers of `many` lines, or with the room for their entries."""
    first = (many + 1) * pointer_bits
    if first > size_bits:
        return SHORT
    start = whole(take(words, 0, pointer_bits))
    if start != 0:
        return POINTER
    for n in range(many):
        stop = whole(take(words, (n + 1) * pointer_bits, pointer_bits))
        if stop < start:
            return POINTER
        start = stop
    return SHORT if start > (size_bits - first) // width else SOUND
