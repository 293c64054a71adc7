"""Huffman code: short words for frequent values, by a code made for the array and stored with it.

The code is canonical: only how many words there are of each length is stored, and the values in
the order of their words; words of a length are consecutive numbers, and values of a length ascend.
First comes the longest length in 6 bits, then for each length from 1 up the number of words in
value_bits + 1 bits, then the values. An array of one value alone needs no words.

Deep Compression codes its weights so (han2016deep). Words may be limited in length, as tables in
hardware are: the best such code is found by packing coins (larmore1990).
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from picojoule.encoding import plain
from picojoule.encoding.bits import Words, empty_words, put, take, to_bytes, to_words, whole
from picojoule.encoding.codec import Codec, Values
from picojoule.encoding.entropy import count_values
from picojoule.encoding.faults import CODEBOOK, SHORT, SOUND, end_fault
from picojoule.errors import EncodingError
from picojoule.jit import helper, kernel

Integers = NDArray[np.int64]

LONGEST_CODEWORD = 48
"""Above what Huffman's code needs for 2^31 values: 44 bits, by Fibonacci's numbers."""
LENGTH_BITS = 6
LOOKUP_BITS = 12
"""Words up to this length are looked up in one step; longer ones are found length by length."""


@dataclass(frozen=True, slots=True)
class Huffman(Codec):
    """Huffman code of single values, with its codebook.

    Args:
        longest: The longest word, 1 to 48 bits; None for no limit.

    >>> values = np.array([0, 0, 0, 5, 0, 9, 0, 0], dtype=np.int8)
    >>> Huffman(value_bits=8).size_bits(values)  # head 6, 2 x 9 and 3 x 8; words 6 x 1, 2 x 2
    58
    """

    longest: int | None = None

    name: ClassVar[str] = "huffman"
    widest_value: ClassVar[int] = 16

    def __post_init__(self) -> None:
        Codec.__post_init__(self)
        if self.longest is not None:
            self._check_width("longest", self.longest, LONGEST_CODEWORD)

    def lengths(self, counts: NDArray[np.integer]) -> Integers:
        """The word length of each of some values, given how often each occurs.

        Args:
            counts: At least 1 each.

        Raises:
            EncodingError: More values than words of `longest` bits.

        >>> Huffman().lengths(np.array([5, 1, 1, 2])).tolist()
        [1, 3, 3, 2]
        """
        lengths = np.zeros(counts.size, dtype=np.int64)
        if counts.size < 2:
            return lengths
        if self.longest is not None and counts.size > 1 << self.longest:
            raise EncodingError(
                "more values than codewords",
                where=f"codec `{self.name}`",
                got=f"{counts.size} different values",
                expected=f"at most 2^{self.longest}, the words of {self.longest} bits",
                fix=f"allow `longest={(counts.size - 1).bit_length()}` or more",
            )
        order = np.argsort(counts, kind="stable")
        ascending = counts[order].astype(np.int64)
        found = code_lengths(ascending)
        if self.longest is not None and found.max() > self.longest:
            found = limited_lengths(ascending, self.longest)
        lengths[order] = found
        return lengths

    def _encode(self, matrix: Values) -> bytes:
        values, counts = count_values(matrix)
        lengths = self.lengths(counts)
        order = np.lexsort((values, lengths))
        by_length = np.bincount(lengths, minlength=1)
        head, at = self._head(values[order], by_length)
        size_bits = self._code_bits(counts, lengths)
        codewords = np.zeros(1 << self.value_bits, dtype=np.uint64)
        codewords[values[order]] = _canonical_words(lengths[order], by_length)
        return to_bytes(
            encode_symbols(matrix.reshape(-1), codewords, head, at, size_bits), size_bits
        )

    def _decode(self, data: bytes, out: Values) -> int:
        if not out.size:
            return end_fault(data, 0)
        words, size_bits = to_words(data), len(data) * 8
        fault, at, symbols, by_length = self._read_head(words, size_bits)
        if fault:
            return fault
        fault, end = decode_symbols(words, at, size_bits, symbols, by_length, out.reshape(-1))
        return fault or end_fault(data, int(end))

    def _size_bits(self, matrix: Values) -> int:
        counts = count_values(matrix)[1]
        return self._code_bits(counts, self.lengths(counts))

    def _expected_bits(self, rows: int, columns: int, density: float) -> float:
        """Values that are not zero being equally likely, of all that the width allows.

        Taken as those that are expected to occur at all, equally often. That leaves out by how
        much the counts of rare values differ, which moves the size by up to 2 %.
        """
        count, others = rows * columns, (1 << self.value_bits) - 1
        share = density / others
        missing = math.exp(count * math.log1p(-share)) if share < 1 else 0.0
        occurring = max(round(others * (1 - missing)), 1)
        shares = np.full(occurring + 1, density / occurring)
        shares[0] = 1 - density
        return self.expected_bits_of(shares, count)

    def expected_bits_of(self, shares: NDArray[np.floating], count: int) -> float:
        """The mean size for values drawn independently, coded by the one code made for the shares.

        Args:
            shares: The probability of each value that may occur; those of 0 are left out.
            count: Values in the array.

        >>> Huffman(value_bits=2).expected_bits_of(np.array([0.5, 0.25, 0.25]), 100)
        168.0
        """
        present = shares[shares > 0]
        weights = np.maximum(np.rint(present / present.sum() * 2.0**31), 1).astype(np.int64)
        lengths = self.lengths(weights)
        table = self._table_bits(present.size, int(lengths.max(initial=0)))
        return table + count * float(np.sum(present * lengths))

    def _code_bits(self, counts: Integers, lengths: Integers) -> int:
        if not counts.size:
            return 0
        return self._table_bits(counts.size, int(lengths.max())) + int(np.sum(counts * lengths))

    def _table_bits(self, size: int, longest: int) -> int:
        return LENGTH_BITS + longest * (self.value_bits + 1) + size * self.value_bits

    def _head(self, symbols: Integers, by_length: Integers) -> tuple[Words, int]:
        """The codebook, and where it ends."""
        if not symbols.size:
            return empty_words(0), 0
        longest = by_length.size - 1
        words = empty_words(self._table_bits(symbols.size, longest))
        put_fields(words, 0, np.array([longest]), LENGTH_BITS)
        put_fields(words, LENGTH_BITS, by_length[1:], self.value_bits + 1)
        at = LENGTH_BITS + longest * (self.value_bits + 1)
        put_fields(words, at, symbols, self.value_bits)
        return words, at + symbols.size * self.value_bits

    def _read_head(self, words: Words, size_bits: int) -> tuple[int, int, Integers, Integers]:
        """A fault, where the codebook ends, its values and how many have each length."""
        nothing = np.zeros(0, dtype=np.int64)
        at = LENGTH_BITS
        if at > size_bits:
            return SHORT, at, nothing, nothing
        longest = int(take_fields(words, 0, 1, LENGTH_BITS)[0])
        if longest > (self.longest or LONGEST_CODEWORD):
            return CODEBOOK, at, nothing, nothing
        many = take_fields(words, at, longest, self.value_bits + 1)
        at += longest * (self.value_bits + 1)
        by_length = np.concatenate([[int(longest == 0)], many])
        size = int(by_length.sum())
        room = sum(int(number) << longest - n for n, number in enumerate(by_length))
        if room != 1 << longest or size > 1 << self.value_bits or by_length[-1] == 0:
            return CODEBOOK, at, nothing, nothing
        if at + size * self.value_bits > size_bits:
            return SHORT, at, nothing, nothing
        symbols = take_fields(words, at, size, self.value_bits)
        of = np.repeat(np.arange(longest + 1), by_length)
        if np.unique(symbols).size < size or np.any(np.diff(of * (1 << 17) + symbols) <= 0):
            return CODEBOOK, at, nothing, nothing
        return SOUND, at + size * self.value_bits, symbols, by_length


def _first_codes(by_length: Integers) -> Integers:
    """The first word of each length."""
    first = np.zeros(by_length.size, dtype=np.int64)
    for length in range(1, by_length.size):
        first[length] = (first[length - 1] + by_length[length - 1]) << 1
    return first


def _canonical_words(lengths: Integers, by_length: Integers) -> Words:
    """Bits * 64 + length of each word, in canonical order."""
    rank = np.arange(lengths.size) - (np.cumsum(by_length) - by_length)[lengths]
    return ((_first_codes(by_length)[lengths] + rank) * 64 + lengths).astype(np.uint64)


@helper
def put_fields(words: Words, at: int, fields: Integers, width: int) -> None:
    """Write fields of one width."""
    for n in range(fields.size):
        put(words, at + n * width, int(fields[n]), width)


@helper
def take_fields(words: Words, at: int, count: int, width: int) -> Integers:
    """Read fields of one width; those behind the words are 0."""
    fields = np.zeros(count, dtype=np.int64)
    for n in range(count):
        if (at + n * width) >> 6 < words.size - 1:
            fields[n] = whole(take(words, at + n * width, width))
    return fields


@kernel(reference=plain.code_lengths)
def code_lengths(counts: Integers) -> Integers:
    """Huffman's lengths of ascending counts: two queues, of values and of what was joined."""
    size = counts.size
    weight = np.zeros(size - 1, dtype=np.int64)
    parent = np.zeros(2 * size - 1, dtype=np.int64)
    single, joined = 0, 0
    for n in range(size - 1):
        for _ in range(2):
            if single < size and (joined == n or counts[single] <= weight[joined]):
                weight[n] += counts[single]
                parent[single] = size + n
                single += 1
            else:
                weight[n] += weight[joined]
                parent[size + joined] = size + n
                joined += 1
    depth = np.zeros(2 * size - 1, dtype=np.int64)
    for node in range(2 * size - 3, -1, -1):
        depth[node] = depth[parent[node]] + 1
    return depth[:size]


@kernel(reference=plain.limited_lengths)
def limited_lengths(counts: Integers, longest: int) -> Integers:
    """The best lengths of ascending counts, none above `longest`.

    Of each level only the order of coins and packages is kept. What is taken of the last level is
    a start of it, hence of each level below: the number of packages says how much.
    """
    size = counts.size
    is_package = np.zeros((longest, 2 * size), dtype=np.bool_)
    level, many = counts.copy(), size
    for n in range(1, longest):
        merged = np.empty(2 * size, dtype=np.int64)
        single, package, packages = 0, 0, many // 2
        many = size + packages
        for i in range(many):
            weight = level[2 * package] + level[2 * package + 1] if package < packages else 0
            if single < size and (package == packages or counts[single] <= weight):
                merged[i] = counts[single]
                single += 1
            else:
                merged[i] = weight
                is_package[n, i] = True
                package += 1
        level = merged
    lengths = np.zeros(size, dtype=np.int64)
    taken = 2 * size - 2
    for n in range(longest - 1, -1, -1):
        packages = 0
        for i in range(taken):
            packages += is_package[n, i]
        for single in range(taken - packages):
            lengths[single] += 1
        taken = 2 * packages
    return lengths


@kernel(reference=plain.encode_symbols)
def encode_symbols(values: Values, codewords: Words, head: Words, at: int, size_bits: int) -> Words:
    """The head, then the word of each value, given as bits * 64 + length."""
    words = empty_words(size_bits)
    for n in range(min(head.size, words.size)):
        words[n] = head[n]
    for i in range(values.size):
        codeword = codewords[int(values[i])]
        length = whole(codeword & np.uint64(63))
        put(words, at, codeword >> np.uint64(6), length)
        at += length
    return words


@kernel(reference=plain.decode_symbols)
def decode_symbols(
    words: Words, at: int, size_bits: int, symbols: Integers, counts: Integers, out: Values
) -> tuple[int, int]:
    """Fill a row; the answer is a fault and where the code ends."""
    longest = counts.size - 1
    peek = min(longest, LOOKUP_BITS)
    table = np.zeros(1 << peek, dtype=np.int64)
    filled, known, beyond = 0, 0, 0
    for length in range(peek + 1):
        beyond = (beyond + counts[length]) << 1
        for _ in range(counts[length]):
            for n in range(filled, filled + (1 << peek - length)):
                table[n] = symbols[known] * 64 + length
            filled += 1 << peek - length
            known += 1
    for i in range(out.size):
        start = whole(take(words, at, peek))
        if start < filled:
            out[i] = table[start] >> 6
            at += table[start] & 63
        else:
            code, first, place = whole(take(words, at, longest)), beyond, known
            for length in range(peek + 1, longest + 1):
                number = (code >> (longest - length)) - first
                if number < counts[length]:
                    out[i] = symbols[place + number]
                    at += length
                    break
                first = (first + counts[length]) << 1
                place += counts[length]
        if at > size_bits:
            return SHORT, at
    return SOUND, at
