"""Codec: the common face of all codes of integer arrays.

A code holds the values only. Shape, type and widths are known to the reader, as they are to a chip
that is set up for a layer; so no bytes can make a decoder allocate more than its caller asked for.
Decoding is strict: bytes that no encoder writes are refused (any complete Huffman code will do).
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, cast, final

import numpy as np
from numpy.typing import DTypeLike, NDArray

from picojoule.encoding.faults import SOUND, fault_error
from picojoule.errors import EncodingError

Values = NDArray[np.unsignedinteger]
"""Values as bit patterns: uint16, or uint32 where they are wider than 16 bits."""
Shape = int | tuple[int, ...]

LARGEST_COUNT = 1 << 31
"""Values in one array: every position in its code fits a 64-bit integer."""
WIDEST_VALUE = 32


@dataclass(frozen=True, slots=True)
class Codec(ABC):
    """A lossless code of arrays of integers, in which zeros are cheap.

    An array is read in row-major order. Codes of matrices take its first axis as rows and all
    others, flattened, as columns: a filter bank (M, C, R, S) is M x CRS. A new codec is a frozen
    dataclass with the four methods below and an entry in `registry.py`.

    Args:
        value_bits: Width of a value, 1 to 32 bits. Signed values are in two's complement.
    """

    value_bits: int = 16

    name: ClassVar[str]
    widest_value: ClassVar[int] = WIDEST_VALUE

    def __post_init__(self) -> None:
        self._check_width("value_bits", self.value_bits, self.widest_value)

    @final
    def encode(self, values: NDArray[np.integer]) -> bytes:
        """The code of an array, in whole bytes; what the last byte has left over is 0.

        Raises:
            EncodingError: Values that are no integers, too wide or too many.
        """
        return self._encode(patterns(values, value_bits=self.value_bits, where=self._where))

    @final
    def decode(
        self, data: bytes, shape: Shape, dtype: DTypeLike | None = None
    ) -> NDArray[np.integer]:
        """The array whose code this is.

        Args:
            data: What `encode` returned.
            shape: The array's shape, or its length.
            dtype: The array's type; by default the smallest signed one that holds a value.

        Raises:
            EncodingError: The bytes are no code of such an array, or the type is too narrow.
        """
        rows, columns = matrix_shape(shape, self._where)
        wanted = self._result_type(dtype)
        out = np.zeros((rows, columns), dtype=pattern_type(self.value_bits))
        fault = self._decode(data, out)
        if fault != SOUND:
            raise fault_error(fault, codec=self.name, size_bytes=len(data), count=out.size)
        return _values_of(out, wanted, self.value_bits).reshape(shape)

    @final
    def size_bits(self, values: NDArray[np.integer]) -> int:
        """The size of an array's code, without encoding it.

        Raises:
            EncodingError: Values that are no integers, too wide or too many.
        """
        return self._size_bits(patterns(values, value_bits=self.value_bits, where=self._where))

    @final
    def expected_bits(self, shape: Shape, density: float) -> float:
        """The mean size of the code of an array whose values are non-zero independently.

        Args:
            shape: The array's shape, or its length.
            density: The probability that a value is not zero.

        Raises:
            EncodingError: A density outside 0 to 1, or an impossible shape.
        """
        if not 0 <= density <= 1:
            raise EncodingError(
                "density is out of range",
                where=f"expected size by `{self.name}`",
                got=density,
                expected="the share of values that are not zero: 0 to 1",
                fix="give non-zeros over all values, not zeros, not percent",
            )
        rows, columns = matrix_shape(shape, self._where)
        return self._expected_bits(rows, columns, float(density)) if rows * columns else 0.0

    @abstractmethod
    def _encode(self, matrix: Values) -> bytes:
        """Encode a C-contiguous matrix of patterns."""

    @abstractmethod
    def _decode(self, data: bytes, out: Values) -> int:
        """Fill a matrix of zeros from its code; the answer is a fault, or `SOUND`."""

    @abstractmethod
    def _size_bits(self, matrix: Values) -> int:
        """The size of the code of a matrix."""

    @abstractmethod
    def _expected_bits(self, rows: int, columns: int, density: float) -> float:
        """The mean size over matrices of independent values."""

    def _check_width(self, field: str, width: int, widest: int) -> None:
        if not isinstance(width, int) or not 1 <= width <= widest:
            raise EncodingError(
                f"`{field}` is out of range",
                where=self._where,
                got=width,
                expected=f"a whole number of bits, 1 to {widest}",
                fix=f"give a `{field}` in that range",
            )

    @property
    def _where(self) -> str:
        return f"codec `{self.name}`"

    def _result_type(self, dtype: DTypeLike | None) -> np.dtype[np.integer]:
        if dtype is None:
            widths = (np.int8, np.int16, np.int32)
            return np.dtype(next(t for t in widths if np.dtype(t).itemsize * 8 >= self.value_bits))
        wanted = cast("np.dtype[np.integer]", np.dtype(dtype))
        if wanted.kind not in "iu" or wanted.itemsize * 8 < self.value_bits:
            raise EncodingError(
                "values do not fit the type asked for",
                where=self._where,
                got=str(wanted),
                expected=f"an integer type of at least {self.value_bits} bits",
                fix="ask for the type of the array that was encoded",
            )
        return wanted


def patterns(values: NDArray[np.integer], *, value_bits: int, where: str) -> Values:
    """The bit patterns of an array, as a C-contiguous matrix.

    Raises:
        EncodingError: Values that are no integers, too wide or too many.
    """
    array = np.asarray(values)
    shape = matrix_shape(array.shape, where)
    if array.dtype.kind not in "iu":
        raise EncodingError(
            "values are not integers",
            where=where,
            got=f"an array of {array.dtype}",
            expected="an integer array",
            fix="quantise it, or take the bits as they are: `values.view(np.uint32)`",
        )
    if array.size and array.dtype.itemsize * 8 > value_bits:
        _check_range(array, value_bits, where)
    pattern = np.dtype(pattern_type(value_bits))
    if array.dtype.isnative and array.dtype.itemsize == pattern.itemsize:
        narrow = np.ascontiguousarray(array).view(pattern)
    else:
        narrow = np.ascontiguousarray(array.astype(pattern))
    if array.dtype.kind == "i" and value_bits < pattern.itemsize * 8:
        narrow = narrow & pattern.type((1 << value_bits) - 1)
    return narrow.reshape(shape)


def pattern_type(value_bits: int) -> type[np.unsignedinteger]:
    """The type that holds the patterns of so many bits."""
    return np.uint16 if value_bits <= 16 else np.uint32


def matrix_shape(shape: Shape, where: str) -> tuple[int, int]:
    """Rows and columns of an array: its first axis, and all others.

    >>> matrix_shape((4, 3, 5), "here"), matrix_shape(7, "here")
    ((4, 15), (1, 7))
    """
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(size < 0 for size in sizes) or math.prod(sizes) > LARGEST_COUNT:
        raise EncodingError(
            "shape is out of range",
            where=where,
            got=sizes,
            expected=f"sizes of at least 0, at most {LARGEST_COUNT} values",
            fix="encode the array in parts",
        )
    return (1, math.prod(sizes)) if len(sizes) < 2 else (sizes[0], math.prod(sizes[1:]))


def _check_range(array: NDArray[np.integer], value_bits: int, where: str) -> None:
    """Refuse values that need more bits."""
    is_signed = array.dtype.kind == "i"
    low = -(1 << value_bits - 1) if is_signed else 0
    high = (1 << value_bits - is_signed) - 1
    found = int(array.min()), int(array.max())
    if found[0] < low or found[1] > high:
        raise EncodingError(
            f"values do not fit {value_bits} bits",
            where=f"{where}, an array of {array.dtype}",
            got=f"values from {found[0]} to {found[1]}",
            expected=f"values from {low} to {high}",
            fix="give a larger `value_bits`, or an unsigned type where none is negative",
        )


def _values_of(
    matrix: Values, wanted: np.dtype[np.integer], value_bits: int
) -> NDArray[np.integer]:
    """Patterns as values of a type that holds them."""
    if wanted.kind == "u" or value_bits == matrix.dtype.itemsize * 8 == wanted.itemsize * 8:
        same = wanted.itemsize == matrix.dtype.itemsize and wanted.isnative
        return matrix.view(wanted) if same else matrix.astype(wanted)
    sign = 1 << value_bits - 1
    return ((matrix.astype(np.int64) ^ sign) - sign).astype(wanted)
