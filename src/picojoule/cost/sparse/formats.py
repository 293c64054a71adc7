"""Formats: how many bits a tile takes without its zeros, on average.

Closed forms for zeros that lie independently. `expected_bits` is the only thing that the rest of
the cost model asks of a format.

| format | a non-zero | and besides |
|---|---|---|
| none | word | each zero is a word |
| bitmask | word | 1 bit per word of the tile |
| rlc | word + 5-bit run | a pair with value 0 after each 31 zeros; of 16 bits, three in 64 |
| csc | word + 4-bit gap | an entry with value 0 after each 15 zeros; a pointer per column |
| csr | word + column index | a pointer per row |

Source: chen2017jssc, Sec. V (rlc); han2016eie, Sec. III (csc).
"""

import math
from collections.abc import Sequence

from picojoule.hardware import Format

RUN_BITS, GAP_BITS = 5, 4
PAIRS, PACKED_BITS = 3, 64
"""Of rlc: three pairs and a flag in 64 bits."""


def expected_bits(
    form: Format, tile: Sequence[int], share: float, word_bits: int
) -> tuple[float, float]:
    """Bits of the words that are kept, and bits that say where they belong.

    Args:
        form: The format.
        tile: Words along each axis of the tensor; the first axis counts the rows of csr and the
            columns of csc.
        share: Of non-zeros.
        word_bits: Width of a word.

    Returns:
        (payload, metadata); entries that only pad are metadata.

    >>> expected_bits("bitmask", (4, 4), 0.25, 16)
    (64.0, 16.0)
    """
    words = math.prod(tile)
    nonzeros = share * words
    payload = nonzeros * word_bits
    rows = tile[0] if tile else 1
    length = words // max(1, rows)
    if form == "none":
        return words * word_bits, 0.0
    if form == "bitmask":
        return payload, float(words)
    if form == "rlc":
        entries = nonzeros + expected_padding(words, share, 1 << RUN_BITS)
        pair = RUN_BITS + word_bits
        packed = PAIRS * pair + 1 == PACKED_BITS
        return payload, entries * (PACKED_BITS / PAIRS if packed else pair) - payload
    pointer = rows * max(1, math.ceil(math.log2(words + 1)))
    if form == "csc":
        padding = rows * expected_padding(length, share, 1 << GAP_BITS)
        entries = nonzeros + padding
        return payload, entries * GAP_BITS + padding * word_bits + pointer
    return payload, nonzeros * max(1, math.ceil(math.log2(max(2, length)))) + pointer


def expected_padding(length: int, share: float, limit: int) -> float:
    """Entries with value 0 that a line of words needs, on average, where runs are too long.

    An entry says how many zeros lie before it, at most `limit - 1`: each `limit` zeros before a
    non-zero take one that holds a zero itself. Zeros after the last non-zero take none.

    >>> expected_padding(3, 0.5, 2)  # 0 0 x, in one of eight cases, and in half of the rest none
    0.125
    """
    # A non-zero at place i has `limit * k` zeros right before it, for each k with limit * k <= i.
    zero = 1.0 - share
    return share * math.fsum(
        max(0, length - limit * k) * zero ** (limit * k) for k in range(1, length // limit + 1)
    )
