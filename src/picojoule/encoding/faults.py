"""Faults: what can be wrong with bytes that should be a code, as kernels number it."""

from picojoule.errors import EncodingError

SOUND = 0
SHORT = 1
LONG = 2
OUTSIDE = 3
IDLE = 4
ORDER = 5
POINTER = 6
SPARE = 7
FLAG = 8
CODEBOOK = 9

_TEXTS = {
    SHORT: "an end before the last value",
    LONG: "more bits after the last value",
    OUTSIDE: "a value outside the shape",
    IDLE: "a stored zero that no encoder stores",
    ORDER: "positions that do not grow",
    POINTER: "pointers that do not grow from 0 to the number of entries",
    SPARE: "a bit set where the code has none",
    FLAG: "the last-word flag elsewhere than on the last word",
    CODEBOOK: "a codebook that is no complete prefix code",
}


def fault_error(fault: int, *, codec: str, size_bytes: int, count: int) -> EncodingError:
    """The one error that a fault of any kernel becomes."""
    return EncodingError(
        f"bytes are not a code of `{codec}`",
        where=f"{size_bytes} bytes to decode",
        got=_TEXTS[fault],
        expected=f"the bytes that `{codec}` writes for {count} values",
        fix="decode with the codec, the widths and the shape of the encoder, or fetch the bytes "
        "again",
    )


def end_fault(data: bytes, end: int) -> int:
    """Whether bytes end with the code that ends at bit `end`: whole bytes, filled up with zeros."""
    if end > len(data) * 8:
        return SHORT
    if -(-end // 8) < len(data):
        return LONG
    return SPARE if end % 8 and data[-1] & ((1 << 8 - end % 8) - 1) else SOUND
