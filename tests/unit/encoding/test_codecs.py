"""Codecs: codes by hand, what comes back, sizes without encoding, types and orders."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from picojoule.encoding import (
    Bitmask,
    Codec,
    CompressedColumns,
    CompressedRows,
    GapColumns,
    Huffman,
    RunLength,
    ZeroValue,
    codec,
    codecs,
)


def pack(*fields: str) -> bytes:
    """Fields of binary digits in whole bytes."""
    text = "".join(fields).replace(" ", "")
    text = text.ljust(-(-len(text) // 8) * 8, "0")
    return int(text, 2).to_bytes(len(text) // 8)


def pairs(*found: tuple[int, int], last: bool) -> bytes:
    """One word of the chip's run-length code."""
    text = "".join(f"{run:05b}{value & 0xFFFF:016b}" for run, value in found)
    return pack(text.ljust(63, "0"), str(int(last)))


def int16(*values: int) -> NDArray[np.int16]:
    return np.array(values, dtype=np.int16)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], []),
        ([7], [pairs((0, 7), last=True)]),
        ([0], [pairs((0, 0), last=True)]),
        ([-1, 0, -32768], [pairs((0, -1), (1, -32768), last=True)]),
        # Zeros at the end are a run with a zero behind it.
        ([5, 0, 0, 0], [pairs((0, 5), (2, 0), last=True)]),
        # 31 zeros fit a run; of 32, the last is the value; of 33, one is left.
        ([0] * 31 + [9], [pairs((31, 9), last=True)]),
        ([0] * 32 + [9], [pairs((31, 0), (0, 9), last=True)]),
        ([0] * 33 + [9], [pairs((31, 0), (1, 9), last=True)]),
        ([0] * 31, [pairs((30, 0), last=True)]),
        ([0] * 32, [pairs((31, 0), last=True)]),
        ([0] * 33, [pairs((31, 0), (0, 0), last=True)]),
        (
            [1, 2, 3, 4],
            [pairs((0, 1), (0, 2), (0, 3), last=False), pairs((0, 4), last=True)],
        ),
        ([0] * 97, [pairs((31, 0), (31, 0), (31, 0), last=False), pairs((0, 0), last=True)]),
    ],
)
def test_run_length_by_hand(values: list[int], words: list[bytes]) -> None:
    code = RunLength()
    assert code.encode(int16(*values)) == b"".join(words)
    assert code.size_bits(int16(*values)) == 64 * len(words)
    assert code.decode(b"".join(words), len(values)).tolist() == values


def test_other_run_lengths_by_hand() -> None:
    code = RunLength(value_bits=4, run_bits=2, word_bits=16)
    assert code.pairs_per_word == 2
    values = np.array([0, 0, 0, 0, 0, 5, 0], dtype=np.int8)
    # (3, 0) (1, 5) | (0, 0), then three bits without a use, then the flag.
    assert code.encode(values) == pack("11 0000 01 0101 000 0", "00 0000 000000 000 1")


MATRIX = np.array([[0, 0, 5, 0], [0, 0, 0, 0], [7, 0, 0, 1]], dtype=np.int8)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (Bitmask(4), "0010 0000 1001 0101 0111 0001"),
        (ZeroValue(4, window=8), "00100000 0101 10010000 0111 0001"),
        # Four pointers of 4 bits, since 12 needs them; columns of 2 bits.
        (CompressedRows(4), "0000 0001 0001 0011  10 0101  00 0111  11 0001"),
        (CompressedColumns(4), "0000 0001 0001 0010 0011  10 0111  00 0101  10 0001"),
        (
            GapColumns(4, gap_bits=1),
            "0000 0010 0010 0011 0101  1 0000 0 0111  0 0101  1 0000 0 0001",
        ),
        # 0 nine times, the others once: 1 and 5 are joined first, so that theirs are the longest.
        (
            Huffman(4),
            "000011 00001 00001 00010  0000 0111 0001 0101  0 0 111 0  0 0 0 0  10 0 0 110",
        ),
        (
            Huffman(4, longest=2),
            "000010 00000 00100  0000 0001 0101 0111  00 00 10 00  00 00 00 00  11 00 00 01",
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Codec) else "",
)
def test_others_by_hand(code: Codec, fields: str) -> None:
    text = fields.replace(" ", "")
    assert code.encode(MATRIX) == pack(text)
    assert code.size_bits(MATRIX) == len(text)
    assert (code.decode(pack(text), MATRIX.shape) == MATRIX).all()


CODES = [codec(name) for name in codecs()]
FORMS: list[Codec] = [
    *CODES,
    RunLength(1, run_bits=1, word_bits=8),
    RunLength(8, run_bits=3, word_bits=32),
    RunLength(32, run_bits=16),
    Bitmask(1),
    Bitmask(32),
    ZeroValue(32),
    ZeroValue(5, window=3),
    ZeroValue(12, window=100),
    CompressedRows(32),
    CompressedColumns(3),
    GapColumns(4),
    GapColumns(32, gap_bits=1),
    Huffman(1),
    Huffman(8),
    Huffman(16, longest=16),
]


def bounds(width: int, kind: str) -> tuple[int, int]:
    return (0, (1 << width) - 1) if kind == "u" else (-(1 << width - 1), (1 << width - 1) - 1)


@st.composite
def sparse(draw: st.DrawFn, width: int) -> NDArray[np.integer]:
    """An array of few, some or many zeros, in runs and alone, of any type that holds the values."""
    kinds = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
    fits = [kind for kind in kinds if np.dtype(kind).itemsize * 8 >= width]
    dtype = np.dtype(draw(st.sampled_from(fits)))
    shape = draw(arrays.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=6))
    count = int(np.prod(shape))
    low, high = bounds(width, dtype.kind)
    parts: list[int] = []
    while len(parts) < count:
        parts += [0] * draw(st.integers(0, 80))
        parts += draw(st.lists(st.integers(low, high), min_size=1, max_size=4))
    return np.array(parts[:count], dtype=dtype).reshape(shape)


@pytest.mark.parametrize("code", FORMS, ids=repr)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_what_is_encoded_comes_back(code: Codec, data: st.DataObject) -> None:
    values = data.draw(sparse(code.value_bits))
    encoded = code.encode(values)
    decoded = code.decode(encoded, values.shape, values.dtype)
    assert decoded.dtype == values.dtype
    assert decoded.shape == values.shape
    assert (decoded == values).all()
    assert len(encoded) == -(-code.size_bits(values) // 8)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_large_arrays_come_back(code: Codec) -> None:
    generator = np.random.default_rng(3)
    for density in (0, 0.01, 0.5, 1):
        kept = generator.random((37, 41, 23)) < density
        values = (generator.integers(-900, 900, kept.shape) * kept).astype(np.int16)
        encoded = code.encode(values)
        assert (code.decode(encoded, values.shape) == values).all()
        assert len(encoded) == -(-code.size_bits(values) // 8)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_order_in_memory_does_not_matter(code: Codec) -> None:
    values = np.arange(-30, 30, dtype=np.int16).reshape(4, 15) % 7
    for other in (
        np.asfortranarray(values),
        values.astype(">i2"),
        values.repeat(2, axis=1)[:, ::2],
    ):
        assert code.encode(other) == code.encode(values)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_matrices_are_the_first_axis_by_the_others(code: Codec) -> None:
    values = (np.arange(120, dtype=np.int16) % 5) * (np.arange(120) % 3 == 0)
    filters = values.astype(np.int16).reshape(4, 5, 3, 2)
    assert code.encode(filters) == code.encode(filters.reshape(4, 30))
    assert code.size_bits(filters) == code.size_bits(filters.reshape(4, 30))


def test_a_lone_value_takes_a_codebook_and_no_words() -> None:
    assert Huffman(8).encode(np.full(1000, 3, dtype=np.int8)) == pack("000000 00000011")


def test_huffman_is_canonical() -> None:
    # Counts 4, 2, 1, 1: lengths 1, 2, 3, 3 in any Huffman code.
    values = np.array([9, 0, 0, 3, 0, 5, 0, 9], dtype=np.uint8)
    head = "000011 00001 00001 00010  0000 1001 0011 0101"
    body = "10 0 0 110 0 111 0 10"
    assert Huffman(4).encode(values) == pack(head, body)


def test_words_as_long_as_fibonacci_counts_make_them() -> None:
    counts = [1, 1]
    while len(counts) < 24:
        counts.append(counts[-1] + counts[-2])
    values = np.repeat(np.arange(24, dtype=np.int16), counts)
    for code in (Huffman(), Huffman(longest=14)):
        lengths = code.lengths(np.array(counts))
        assert lengths.max() == (code.longest or 23)
        assert (code.decode(code.encode(values), values.shape) == values).all()
