"""Registry: the codecs by name."""

from collections.abc import Callable

from picojoule.encoding.codec import Codec
from picojoule.encoding.huffman import Huffman
from picojoule.encoding.masks import Bitmask, ZeroValue
from picojoule.encoding.matrices import CompressedColumns, CompressedRows, GapColumns
from picojoule.encoding.runlength import RunLength
from picojoule.errors import EncodingError, nearest

CODECS: dict[str, Callable[[int], Codec]] = {
    kind.name: kind
    for kind in (
        RunLength,
        Bitmask,
        ZeroValue,
        CompressedRows,
        CompressedColumns,
        GapColumns,
        Huffman,
    )
}


def codec(name: str, *, value_bits: int = 16) -> Codec:
    """The codec of this name, all but the width of a value as published.

    For other widths and limits, build it from its class: `RunLength(run_bits=4)`.

    Raises:
        EncodingError: Unknown name, or a width that the codec cannot have.

    >>> import numpy
    >>> codec("rlc").size_bits(numpy.zeros(96, dtype="int16"))  # three times (31, 0)
    64
    """
    if name not in CODECS:
        raise EncodingError(
            "unknown codec",
            where="codec",
            got=name,
            expected=nearest(name, CODECS),
            fix="name a known codec",
        )
    return CODECS[name](value_bits)


def codecs() -> tuple[str, ...]:
    """The names of all codecs."""
    return tuple(CODECS)
