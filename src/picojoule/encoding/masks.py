"""Masks: one bit per value says whether it is zero; those that are not follow as they are.

Over the whole array this is significance-map coding: 1 bit for a zero, 1 bit and the value for
another (yang2017asilomar). Zero-value compression does it window by window: 32 values, of 32 bits
there, share a mask of 32 bits, so that a stream is coded while it passes (rhu2018cdma).
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from picojoule.encoding import plain
from picojoule.encoding.bits import Words, empty_words, put, take, to_bytes, to_words, whole
from picojoule.encoding.codec import Codec, Values
from picojoule.encoding.faults import IDLE, SHORT, SOUND, SPARE, end_fault
from picojoule.jit import kernel


@dataclass(frozen=True, slots=True)
class _Masks(Codec):
    """What both codes of masks share: all but the window."""

    @abstractmethod
    def _window(self, count: int) -> int:
        """Values to a mask in an array of `count` values."""

    def _encode(self, matrix: Values) -> bytes:
        size_bits = self._size_bits(matrix)
        window = self._window(matrix.size)
        words = encode_masks(matrix.reshape(-1), self.value_bits, window, size_bits)
        return to_bytes(words, size_bits)

    def _decode(self, data: bytes, out: Values) -> int:
        window = self._window(out.size)
        flat, size_bits = out.reshape(-1), len(data) * 8
        fault, end = decode_masks(to_words(data), size_bits, self.value_bits, window, flat)
        return fault or end_fault(data, int(end))

    def _size_bits(self, matrix: Values) -> int:
        return self._mask_bits(matrix.size) + int(np.count_nonzero(matrix)) * self.value_bits

    def _expected_bits(self, rows: int, columns: int, density: float) -> float:
        count = rows * columns
        return self._mask_bits(count) + density * count * self.value_bits

    def _mask_bits(self, count: int) -> int:
        window = self._window(count)
        return -(-count // window) * window


@dataclass(frozen=True, slots=True)
class Bitmask(_Masks):
    """Significance map: the mask of all values, then those that are not zero.

    Its size is count + non-zeros * value_bits, and so is, with the mean of the non-zeros, the
    expected one, whether or not zeros are independent.

    >>> Bitmask(value_bits=8).encode(np.array([0, 3, 0, 0, 7, 0, 0, 0], dtype=np.int8)).hex()
    '480307'
    >>> Bitmask().expected_bits((96, 55, 55), density=0.5)
    2613600.0
    """

    name: ClassVar[str] = "bitmask"

    def _window(self, count: int) -> int:
        return max(count, 1)


@dataclass(frozen=True, slots=True)
class ZeroValue(_Masks):
    """Zero-value compression (ZVC): masks of a window each, every one before its values.

    The last mask is whole as well, its bits behind the array 0. cDMA is `ZeroValue(value_bits=32)`:
    32 values of 32 bits to a window.

    Args:
        window: Values to a mask, 1 to 4096.

    >>> code = ZeroValue(value_bits=8, window=4)
    >>> code.encode(np.array([0, 3, 0, 0, 7, 0, 0, 0], dtype=np.int8)).hex()  # 4, 03, 8, 07
    '403807'
    >>> ZeroValue().expected_bits(33, density=0.0)
    64.0
    """

    window: int = 32

    name: ClassVar[str] = "zvc"

    def __post_init__(self) -> None:
        Codec.__post_init__(self)
        self._check_width("window", self.window, 4096)

    def _window(self, count: int) -> int:
        return self.window


@kernel(reference=plain.encode_masks)
def encode_masks(values: Values, value_bits: int, window: int, size_bits: int) -> Words:
    """Masks and values, in the words that `size_bits` bits need."""
    words = empty_words(size_bits)
    at = 0
    for first in range(0, values.size, window):
        after = min(first + window, values.size)
        mask_at = at
        at += window
        for start in range(first, after, 32):
            stop = min(start + 32, after)
            mask = np.uint64(0)
            for i in range(start, stop):
                # A zero is written, too, and then written over: cheaper than to choose.
                put(words, at, values[i], value_bits)
                stored = values[i] != 0
                at += value_bits * stored
                mask = (mask << np.uint64(1)) | np.uint64(stored)
            put(words, mask_at, mask, stop - start)
            mask_at += stop - start
    return words


@kernel(reference=plain.decode_masks)
def decode_masks(
    words: Words, size_bits: int, value_bits: int, window: int, out: Values
) -> tuple[int, int]:
    """Fill a row of zeros; the answer is a fault and where the code ends."""
    at = 0
    for first in range(0, out.size, window):
        after = min(first + window, out.size)
        mask_at = at
        at += window
        if at > size_bits:
            return SHORT, at
        stored_zero = False
        for start in range(first, after, 32):
            stop = min(start + 32, after)
            mask = take(words, mask_at, stop - start)
            mask_at += stop - start
            ones = np.uint64(0)
            for i in range(stop - start):
                ones += (mask >> np.uint64(i)) & np.uint64(1)
            if at + whole(ones) * value_bits > size_bits:
                return SHORT, at
            for i in range(start, stop):
                stored = (mask >> np.uint64(stop - 1 - i)) & np.uint64(1)
                value = take(words, at, value_bits) * stored
                out[i] = value
                stored_zero |= (value == 0) & (stored == 1)
                at += value_bits * whole(stored)
        if stored_zero:
            return IDLE, at
        end = mask_at + window - (after - first)
        while mask_at < end:
            if take(words, mask_at, min(end - mask_at, 32)) != 0:
                return SPARE, mask_at
            mask_at += 32
    return SOUND, at
