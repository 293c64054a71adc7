"""What is no code, no array of integers, or no width: one clear error, whatever the bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.encoding import (
    Bitmask,
    Codec,
    GapColumns,
    Huffman,
    RunLength,
    ZeroValue,
    codec,
    codecs,
)
from picojoule.encoding.bits import to_words
from picojoule.errors import EncodingError

CODES: list[Codec] = [
    *(codec(name, value_bits=6) for name in codecs()),
    RunLength(3, run_bits=2, word_bits=16),
    ZeroValue(3, window=5),
    GapColumns(3, gap_bits=1),
    Huffman(3, longest=4),
]


def values_of(code: Codec) -> np.ndarray:
    generator = np.random.default_rng(1)
    kept = generator.random((9, 13)) < 0.3
    return (generator.integers(-4, 4, kept.shape) * kept).astype(np.int8)


@pytest.mark.parametrize("code", CODES, ids=repr)
def test_every_cut_is_refused(code: Codec) -> None:
    values = values_of(code)
    whole = code.encode(values)
    for size in range(len(whole)):
        with pytest.raises(EncodingError) as caught:
            code.decode(whole[:size], values.shape)
        assert caught.value.where == f"{size} bytes to decode"
    with pytest.raises(EncodingError):
        code.decode(whole + b"\0" * 8, values.shape)
    assert (code.decode(whole, values.shape) == values).all()


@pytest.mark.parametrize("code", CODES, ids=repr)
def test_every_wrong_bit_is_refused_or_is_another_code(code: Codec) -> None:
    values = values_of(code)
    whole = code.encode(values)
    refused = 0
    for bit in range(len(whole) * 8):
        wrong = bytearray(whole)
        wrong[bit // 8] ^= 0x80 >> bit % 8
        refused += not is_code(code, bytes(wrong), values.shape)
    assert refused


@pytest.mark.parametrize("code", CODES, ids=repr)
@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=40), rows=st.integers(0, 4), columns=st.integers(0, 9))
def test_any_bytes_are_refused_or_are_a_code(
    code: Codec, data: bytes, rows: int, columns: int
) -> None:
    is_code(code, data, (rows, columns))


def is_code(code: Codec, data: bytes, shape: tuple[int, ...]) -> bool:
    """Whether bytes decode; what decodes is what the encoder writes, or the same values."""
    try:
        values = code.decode(data, shape)
    except EncodingError:
        return False
    again = code.encode(values)
    if isinstance(code, Huffman):  # any complete code will do, not only the best
        assert (code.decode(again, shape) == values).all()
    else:
        assert again == data
    return True


@pytest.mark.parametrize("code", CODES, ids=repr)
def test_a_large_shape_from_few_bytes_is_refused(code: Codec) -> None:
    with pytest.raises(EncodingError):
        code.decode(b"\x01" * 64, (1 << 12, 1 << 12))


@pytest.mark.parametrize("code", CODES, ids=repr)
def test_arrays_that_cannot_be_encoded(code: Codec) -> None:
    for wrong in (
        np.zeros(3),
        np.array([1 << code.value_bits - 1], dtype=np.int64),
        np.array([1 << code.value_bits], dtype=np.uint64),
        np.array([-(1 << code.value_bits - 1) - 1], dtype=np.int64),
        np.array(["a"]),
        np.array([True]),
    ):
        for act in (code.encode, code.size_bits):
            with pytest.raises(EncodingError) as caught:
                act(wrong)
            assert code.name in caught.value.where
    for fixed in (
        np.zeros(3).astype(np.int8),
        np.array([(1 << code.value_bits - 1) - 1], dtype=np.int64),
        np.array([(1 << code.value_bits) - 1], dtype=np.uint64),
        np.array([-(1 << code.value_bits - 1)], dtype=np.int64),
    ):
        code.encode(fixed)


def test_too_many_values_are_refused_before_anything_is_read() -> None:
    many = np.broadcast_to(np.int16(0), (1 << 16, 1 << 16))
    for act in (Bitmask().encode, Bitmask().size_bits):
        with pytest.raises(EncodingError) as caught:
            act(many)
        assert caught.value.got == (1 << 16, 1 << 16)
    for shape in ((-1, 3), (1 << 20, 1 << 20), -5):
        with pytest.raises(EncodingError):
            Bitmask().decode(b"", shape)
        with pytest.raises(EncodingError):
            Bitmask().expected_bits(shape, 0.5)


@pytest.mark.parametrize(
    "build",
    [
        lambda: RunLength(0),
        lambda: RunLength(33),
        lambda: RunLength(16.0),  # type: ignore[arg-type]
        lambda: RunLength(16, run_bits=0),
        lambda: RunLength(16, run_bits=17),
        lambda: RunLength(16, word_bits=48),
        lambda: RunLength(16, run_bits=16, word_bits=32),
        lambda: ZeroValue(window=0),
        lambda: GapColumns(gap_bits=0),
        lambda: Huffman(17),
        lambda: Huffman(longest=0),
        lambda: codec("rle"),
        lambda: codec("rlc", value_bits=0),
    ],
)
def test_widths_and_names_out_of_range(build) -> None:
    with pytest.raises(EncodingError):
        build()


def test_an_unknown_name_comes_with_the_nearest() -> None:
    with pytest.raises(EncodingError) as caught:
        codec("zcv")
    assert str(caught.value.expected).startswith("'zvc'")


@pytest.mark.parametrize("density", [-0.1, 1.01, float("nan")])
def test_densities_out_of_range(density: float) -> None:
    for code in CODES:
        with pytest.raises(EncodingError):
            code.expected_bits(10, density)
    with pytest.raises(EncodingError):
        RunLength().expected_bits_per_value(density)


@pytest.mark.parametrize("dtype", [np.int8, np.float32, "U4"])
def test_types_that_cannot_hold_the_values(dtype: object) -> None:
    code = Bitmask(16)
    data = code.encode(np.array([0, 300], dtype=np.int16))
    with pytest.raises(EncodingError):
        code.decode(data, 2, dtype)  # type: ignore[arg-type]
    assert code.decode(data, 2, np.uint64).tolist() == [0, 300]


def test_a_limit_without_room_says_which_one_has() -> None:
    values = np.arange(9, dtype=np.int8)
    with pytest.raises(EncodingError) as caught:
        Huffman(8, longest=3).encode(values)
    assert "longest=4" in caught.value.fix
    assert (Huffman(8, longest=4).decode(Huffman(8, longest=4).encode(values), 9) == values).all()


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        ("111111", "codebook"),  # 63 bits are no length of ours
        ("000001 0000", "codebook"),  # no words at all
        ("000010 0001 0010", "end"),  # three words, and no value
        ("000001 0001 000 0000", "codebook"),  # half a code
        ("000001 0011 000 001 010", "codebook"),  # more words than there are
        ("000010 0001 0001 000 001", "codebook"),  # three quarters of a longer one
        ("000010 0010 0000 000 001", "codebook"),  # the longest length has no word
        ("000001 0010 001 000", "codebook"),  # values that do not ascend
        ("000001 0010 001 001", "codebook"),  # one value twice
        ("000001 0010 000 001", "end"),  # sound, but for the words of the values
    ],
)
def test_codebooks_that_are_none(head: str, fault: str) -> None:
    text = head.replace(" ", "")
    data = int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8))
    with pytest.raises(EncodingError) as caught:
        Huffman(3).decode(data, 9)
    assert fault in str(caught.value.got)


def test_words_are_read_to_their_end_and_not_beyond() -> None:
    assert to_words(b"").tolist() == [0, 0]
    assert to_words(b"\xff" * 8).tolist() == [2**64 - 1, 0, 0]
