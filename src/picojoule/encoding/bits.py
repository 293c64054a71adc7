"""Bits: fields of any width in a row of 64-bit words, the most significant bit first.

Written out, the row is a string of bytes whose first bit is the top bit of the first byte; what the
last byte has left over is 0.
"""

from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from picojoule.jit import helper, inlined

Words = NDArray[np.uint64]

whole = cast(Callable[[object], int], np.int64)
"""An unsigned integer, or a truth, as a signed one: kernels must not mix the two."""


@helper
def empty_words(size_bits: int) -> Words:
    """Words for so many bits, all 0, and the spare one that `put` and `take` may touch."""
    return np.zeros(size_bits // 64 + 2, dtype=np.uint64)


def to_bytes(words: Words, size_bits: int) -> bytes:
    """The first `size_bits` bits, in whole bytes.

    >>> to_bytes(np.array([0xABC << 52], dtype=np.uint64), 12).hex()
    'abc0'
    """
    return words.astype(">u8").view(np.uint8)[: -(-size_bits // 8)].tobytes()


def to_words(data: bytes) -> Words:
    """Bytes as words, with at least one spare word of zeros behind the last bit."""
    padded = np.zeros((len(data) // 8 + 2) * 8, dtype=np.uint8)
    padded[: len(data)] = np.frombuffer(data, dtype=np.uint8)
    return padded.view(">u8").astype(np.uint64)


@inlined
def put(words: Words, at: int, value: int | np.integer, width: int) -> None:
    """Write a field of at most 63 bits at bit `at`, where the words are still 0."""
    high = (np.uint64(value) << np.uint64(63 - width)) << np.uint64(1)
    offset = np.uint64(at & 63)
    word = at >> 6
    words[word] |= high >> offset
    words[word + 1] |= (high << (np.uint64(63) - offset)) << np.uint64(1)


@inlined
def take(words: Words, at: int, width: int) -> np.uint64:
    """Read the field of at most 63 bits at bit `at`."""
    offset = np.uint64(at & 63)
    word = at >> 6
    second = (words[word + 1] >> np.uint64(1)) >> (np.uint64(63) - offset)
    return (((words[word] << offset) | second) >> np.uint64(1)) >> np.uint64(63 - width)
