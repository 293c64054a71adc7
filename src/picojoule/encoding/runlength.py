"""Run-length code: how many zeros, then a value, as the Eyeriss chip stores feature maps in DRAM.

A pair is a run, the number of zeros before a value, and the value. As many pairs as fit are packed
into a word, and its last bit says whether it is the last word of the code. On the chip: runs of 5
bits, values of 16, three pairs in a word of 64 (chen2017jssc, Sec. IV; sze2017, Sec. VII-B).

A run ends at the longest number that it can hold: the next value, zero or not, is then stored as
the value of the pair. 32 zeros are the pair (31, 0). Zeros at the end of the array end in such a
pair as well: 3 zeros are (2, 0). Fields lie in reading order from the top bit of the word down,
pairs that are not used are 0, and words are written with their top byte first; the publications
leave these three open.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from picojoule.encoding import plain
from picojoule.encoding.bits import Words, whole
from picojoule.encoding.codec import Codec, Values
from picojoule.encoding.faults import FLAG, IDLE, LONG, OUTSIDE, SHORT, SOUND, SPARE
from picojoule.encoding.gaps import mean_closing_entries, mean_entries
from picojoule.errors import EncodingError
from picojoule.jit import kernel

BLOCK = 4096
"""Values whose pairs are gathered before they are packed."""

MOST_POSITIONS = 1 << 20
"""Positions after which the last word of an expected size, one of many, counts as half full."""


@dataclass(frozen=True, slots=True)
class RunLength(Codec):
    """Run-length code of zeros; by default exactly that of the Eyeriss chip.

    Args:
        run_bits: Width of a run, 1 to 16 bits.
        word_bits: Width of a packed word: 8, 16, 32 or 64 bits.

    Raises:
        EncodingError: A width out of range, or a word without room for a pair and the flag.

    >>> values = np.array([0, 0, 12, 0, 0, 0, 0, 53, 0, 0, 22], dtype=np.int16)
    >>> f"{int.from_bytes(RunLength().encode(values)):064b}"  # 2, 12, 4, 53, 2, 22, last
    '0001000000000000011000010000000000001101010001000000000000101101'
    """

    run_bits: int = 5
    word_bits: int = 64

    name: ClassVar[str] = "rlc"

    def __post_init__(self) -> None:
        Codec.__post_init__(self)
        self._check_width("run_bits", self.run_bits, 16)
        if self.word_bits not in (8, 16, 32, 64) or self.pairs_per_word < 1:
            raise EncodingError(
                "`word_bits` leaves no room for a pair and the flag, or is no word",
                where="codec `rlc`",
                got=self.word_bits,
                expected="8, 16, 32 or 64, and above "
                f"{self.run_bits + self.value_bits} (run and value)",
                fix="give a wider `word_bits`, or narrower runs or values",
            )

    @property
    def pairs_per_word(self) -> int:
        """Pairs in a full word: as many as fit beside the flag."""
        return (self.word_bits - 1) // (self.run_bits + self.value_bits)

    @property
    def longest_run(self) -> int:
        """The most zeros that a run holds."""
        return (1 << self.run_bits) - 1

    def expected_bits_per_value(self, density: float) -> float:
        """The mean size per value in a long array of independent values.

        A pair covers a value that is not zero and the zeros before it, at most `longest_run` of
        them: with z = 1 - density and L = longest_run + 1, (1 - z^L) / (1 - z) values on average.
        An array of n values needs at most one word more than n times this.

        >>> RunLength().expected_bits_per_value(1.0)  # 64 bits for three values
        21.333333333333332
        >>> round(RunLength().expected_bits_per_value(0.25), 3)
        5.334
        """
        self.expected_bits(0, density)  # checks the density
        limit = self.longest_run + 1
        if density == 0:
            pairs = 1 / limit
        elif density == 1:
            pairs = 1.0
        else:
            pairs = density / -math.expm1(limit * math.log1p(-density))
        return pairs * self.word_bits / self.pairs_per_word

    def _encode(self, matrix: Values) -> bytes:
        words = encode_runs(matrix.reshape(-1), self.run_bits, self.value_bits, self.word_bits)
        return words.astype(f">u{self.word_bits // 8}").tobytes()

    def _decode(self, data: bytes, out: Values) -> int:
        if len(data) % (self.word_bits // 8):
            return SHORT
        words = np.frombuffer(data, dtype=f">u{self.word_bits // 8}").astype(np.uint64)
        widths = (self.run_bits, self.value_bits, self.word_bits)
        return int(decode_runs(words, *widths, out.reshape(-1)))

    def _size_bits(self, matrix: Values) -> int:
        pairs = int(count_pairs(matrix.reshape(-1), self.longest_run))
        return -(-pairs // self.pairs_per_word) * self.word_bits

    def _expected_bits(self, rows: int, columns: int, density: float) -> float:
        known = (rows * columns, 1 - density, self.longest_run + 1)
        places = mean_entries(*known) + mean_closing_entries(*known)
        places += free_places(*known, self.pairs_per_word)
        return places / self.pairs_per_word * self.word_bits


@kernel(reference=plain.count_pairs)
def count_pairs(values: Values, longest: int) -> int:
    """Pairs that a row of values needs."""
    pairs, run = 0, 0
    for i in range(values.size):
        ends = whole((values[i] != 0) | (run == longest))
        pairs += ends
        run = (run + 1) & (ends - 1)  # 0 where a pair ends, without a branch
    return pairs + (run > 0)


@kernel(reference=plain.encode_runs)
def encode_runs(values: Values, run_bits: int, value_bits: int, word_bits: int) -> Words:
    """The packed words of a row of values.

    The pairs of a block are gathered first: each value writes one, and the next value writes over
    it unless it ends there. Zeros and others alternate at random, so that branches would cost more.
    """
    longest, width = (1 << run_bits) - 1, run_bits + value_bits
    per_word = (word_bits - 1) // width
    words = np.zeros(values.size // per_word + 1, dtype=np.uint64)
    pairs = np.empty(BLOCK + 1, dtype=np.uint64)
    word, left, run = -1, 0, 0
    for first in range(0, values.size, BLOCK):
        after = min(first + BLOCK, values.size)
        found = 0
        for i in range(first, after):
            pairs[found] = (np.uint64(run) << np.uint64(value_bits)) | np.uint64(values[i])
            ends = whole((values[i] != 0) | (run == longest))
            found += ends
            run = (run + 1) & (ends - 1)
        if after == values.size and run > 0:
            found += 1  # zeros at the end: the last value written is theirs
        for n in range(found):
            if left < width:
                word, left = word + 1, word_bits - 1
            left -= width
            words[word] |= pairs[n] << np.uint64(left + 1)
    if word >= 0:
        words[word] |= np.uint64(1)
    return words[: word + 1]


@kernel(reference=plain.decode_runs)
def decode_runs(words: Words, run_bits: int, value_bits: int, word_bits: int, out: Values) -> int:
    """Fill a row of zeros from its packed words; the answer is a fault."""
    longest, width = (1 << run_bits) - 1, run_bits + value_bits
    per_word = (word_bits - 1) // width
    of_value = (np.uint64(1) << np.uint64(value_bits)) - np.uint64(1)
    of_run = np.uint64(longest)
    of_spare = (np.uint64(1) << np.uint64(word_bits - per_word * width)) - np.uint64(2)
    at = 0
    for n in range(words.size):
        if at == out.size:
            return LONG
        if (words[n] & np.uint64(1)) != np.uint64(n == words.size - 1):
            return FLAG
        spare = words[n] & of_spare
        for j in range(per_word):
            pair = words[n] >> np.uint64(word_bits - (j + 1) * width)
            value = pair & of_value
            run = whole((pair >> np.uint64(value_bits)) & of_run)
            if at == out.size:
                spare |= value | np.uint64(run)
                continue
            at += run
            if at >= out.size:
                return OUTSIDE
            if value == 0 and run < longest and at < out.size - 1:
                return IDLE
            out[at] = value
            at += 1
        if spare != 0:
            return SPARE
    return SOUND if at == out.size else SHORT


@kernel(reference=plain.free_places)
def free_places(count: int, zeros: float, limit: int, per_word: int) -> float:
    """The mean number of places left over in the last word, of independent values.

    Found from the distribution of the number of pairs over the remainders of `per_word`, position
    by position, until all are equally likely. That takes many positions only where nearly all
    values are zero or nearly none is; there it is taken for so after `MOST_POSITIONS`.
    """
    if zeros == 0 or zeros == 1:
        pairs = -(-count // limit) if zeros == 1 else count
        return float(-pairs % per_word)
    # That a pair ends at a position, of the last `limit` ones; that one is open, whose values so
    # far are zeros. Both by the remainder of the pairs before.
    ends = np.zeros((limit, per_word))
    is_open, before = np.zeros(per_word), np.zeros(per_word)
    ends[0, 0], full = 1.0, zeros**limit
    for position in range(1, count + 1):
        here, last, spread = position % limit, (position - 1) % limit, 0.0
        for r in range(per_word):
            oldest = ends[here, r]
            is_open[r] = zeros * is_open[r] + ends[last, r] - full * before[r]
            before[r] = oldest
        for r in range(per_word):
            after = r + 1 if r + 1 < per_word else 0
            ends[here, after] = (1 - zeros) * is_open[r] + full * before[r]
        if here == 0:
            for row in ends:
                spread = max(spread, row.max() - row.min())
        if (here == 0 and spread < 1e-12) or position == MOST_POSITIONS:
            return (per_word - 1) / 2
    places = 0.0
    for r in range(per_word):
        places += is_open[r] * (per_word - 1 - r)
    return places
