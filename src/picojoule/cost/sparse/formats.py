"""Formats: how many bits a tile takes without its zeros, on average, by the codecs themselves."""

import math
from collections.abc import Sequence

from picojoule.encoding import codec
from picojoule.hardware import Format

_CODECS = {"bitmask": "bitmask", "rlc": "rlc", "csr": "csr", "csc": "csc-eie"}


def expected_bits(
    form: Format, tile: Sequence[int], share: float, word_bits: int
) -> tuple[float, float]:
    """Bits of the words that are kept, and bits that say where they belong.

    Args:
        form: The format; csc is that of EIE, whose gaps have 4 bits.
        tile: Words along each axis of the tensor; the first axis that is longer than one counts
            the rows of a matrix, so that a batch of one image has its channels as rows.
        share: Of non-zeros, which lie independently.
        word_bits: Width of a word.

    Returns:
        (payload, metadata); entries that only pad are metadata.

    >>> expected_bits("bitmask", (4, 4), 0.25, 16)
    (64.0, 16.0)
    """
    words = math.prod(tile)
    if form == "none":
        return float(words * word_bits), 0.0
    payload = share * words * word_bits
    first = next((place for place, length in enumerate(tile) if length > 1), 0)
    coded = codec(_CODECS[form], value_bits=word_bits).expected_bits(tuple(tile[first:]), share)
    return payload, coded - payload
