"""Codes against second computations: plain definitions, all patterns one by one, drawn arrays."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    entropy,
    zeros_entropy_per_value,
)
from picojoule.encoding.bits import empty_words, put, take
from picojoule.jit import PAIRS

VALUES = st.lists(st.sampled_from([0, 0, 0, 1, 5, 7]), max_size=150)
WIDTHS = [np.uint16, np.uint32]


def both(name: str) -> tuple[object, object, object]:
    """Reference, kernel, and the kernel as plain Python, of the codes' kernel of this name."""
    ((reference, kernel),) = [
        found
        for found in PAIRS
        if found[1].__name__ == name and found[1].__module__.startswith("picojoule.encoding")
    ]
    return reference, kernel, kernel.py_func


def words_of(found: np.ndarray, expected: list[int]) -> bool:
    """Whether words equal the expected ones, all behind them being 0."""
    return found.tolist() == expected + [0] * (len(found) - len(expected))


@pytest.mark.parametrize("dtype", WIDTHS)
@settings(max_examples=100, deadline=None)
@given(VALUES, st.integers(1, 4), st.sampled_from([(3, 16), (3, 32), (16, 64)]))
def test_run_length_kernels(
    dtype: type, values: list[int], run_bits: int, widths: tuple[int, int]
) -> None:
    array, (value_bits, word_bits) = np.array(values, dtype=dtype), widths
    reference, *kernels = both("count_pairs")
    for kernel in kernels:
        assert kernel(array, (1 << run_bits) - 1) == reference(values, (1 << run_bits) - 1)
    reference, *kernels = both("encode_runs")
    words = reference(values, run_bits, *widths)
    for kernel in kernels:
        assert kernel(array, run_bits, value_bits, word_bits).tolist() == words
    plain, *kernels = both("decode_runs")
    for kernel, out in zip([plain, *kernels], ([0] * len(values), array * 0, array * 0)):
        assert kernel(np.array(words, dtype=np.uint64), run_bits, *widths, out) == 0
        assert list(out) == values


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.floats(0, 1), st.integers(2, 33), st.integers(1, 5))
def test_free_places(count: int, zeros: float, limit: int, per_word: int) -> None:
    reference, *kernels = both("free_places")
    expected = pytest.approx(reference(count, zeros, limit, per_word), abs=1e-9)
    for kernel in kernels:
        assert kernel(count, zeros, limit, per_word) == expected


@pytest.mark.parametrize("dtype", WIDTHS)
@settings(max_examples=100, deadline=None)
@given(VALUES, st.integers(3, 16), st.integers(1, 70))
def test_mask_kernels(dtype: type, values: list[int], width: int, window: int) -> None:
    array = np.array(values, dtype=dtype)
    size_bits = -(-len(values) // window) * window + width * sum(v != 0 for v in values)
    reference, *kernels = both("encode_masks")
    words = reference(values, width, window, size_bits)
    for kernel in kernels:
        assert words_of(kernel(array, width, window, size_bits), words)
    stored = np.array([*words, 0, 0], dtype=np.uint64)
    plain, *kernels = both("decode_masks")
    for kernel, out in zip([plain, *kernels], ([0] * len(values), array * 0, array * 0)):
        assert kernel(stored, size_bits, width, window, out) == (0, size_bits)
        assert list(out) == values


@pytest.mark.parametrize("dtype", WIDTHS)
@settings(max_examples=100, deadline=None)
@given(VALUES, st.integers(1, 5), st.integers(3, 16), st.sampled_from([None, 1, 2, 4]))
def test_matrix_kernels(
    dtype: type, values: list[int], rows: int, width: int, gap_bits: int | None
) -> None:
    columns = len(values) // rows
    lines = np.array(values[: rows * columns], dtype=dtype).reshape(rows, columns)
    longest = -1 if gap_bits is None else (1 << gap_bits) - 1
    entries = int(np.count_nonzero(lines))
    if gap_bits is not None:
        reference, *kernels = both("count_entries")
        entries = reference(lines.tolist(), gap_bits)
        assert [kernel(lines, gap_bits) for kernel in kernels] == [entries] * 2
    place_bits = 8 if gap_bits is None else gap_bits
    size_bits = (rows + 1) * 9 + entries * (place_bits + width)
    reference, *kernels = both("encode_entries")
    words = reference(lines.tolist(), 9, place_bits, width, longest, size_bits)
    for kernel in kernels:
        assert words_of(kernel(lines, 9, place_bits, width, longest, size_bits), words)
    stored = np.array([*words, 0, 0], dtype=np.uint64)
    plain, *kernels = both("decode_entries")
    blank = np.zeros_like(lines)
    for kernel, out in zip([plain, *kernels], (blank.tolist(), blank, blank.copy())):
        assert kernel(stored, size_bits, 9, place_bits, width, longest, out) == (0, size_bits)
        assert np.array(out, dtype=dtype).tolist() == lines.tolist()


COUNTS = st.lists(st.integers(1, 60), min_size=2, max_size=40).map(sorted)


@settings(max_examples=150, deadline=None)
@given(COUNTS, st.integers(0, 4))
def test_code_length_kernels(counts: list[int], more: int) -> None:
    longest = (len(counts) - 1).bit_length() + more
    array = np.array(counts, dtype=np.int64)
    for name, limit in (("code_lengths", ()), ("limited_lengths", (longest,))):
        reference, *kernels = both(name)
        lengths = reference(counts, *limit)
        for kernel in kernels:
            assert kernel(array, *limit).tolist() == lengths
        assert sum(2.0**-length for length in lengths) == 1
    assert max(lengths) <= longest


@pytest.mark.parametrize("dtype", WIDTHS)
@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 299), min_size=2, max_size=200), st.booleans())
def test_symbol_kernels(dtype: type, values: list[int], deep: bool) -> None:
    # Two codes of the values 0 to 299: up to 9 bits, or up to 20, beyond what is looked up.
    lengths = [8] * 212 + [9] * 88 if not deep else [*range(1, 12), *[20] * 289]
    by_length = np.bincount(lengths)
    if deep:
        by_length[20] = 289
    codewords, code, before = [], 0, 0
    for length in lengths:
        code <<= length - before
        codewords.append(code * 64 + length)
        code, before = code + 1, length
    size_bits = 5 + sum(lengths[value] for value in values)
    head = np.array([0b10110 << 59], dtype=np.uint64)
    reference, *kernels = both("encode_symbols")
    words = reference(values, codewords, head, 5, size_bits)
    array, packed = np.array(values, dtype=dtype), np.array(codewords, dtype=np.uint64)
    for kernel in kernels:
        assert words_of(kernel(array, packed, head, 5, size_bits), words)
    stored, symbols = np.array([*words, 0, 0], dtype=np.uint64), np.arange(300)
    plain, *kernels = both("decode_symbols")
    for kernel, out in zip([plain, *kernels], ([0] * len(values), array * 0, array * 0)):
        assert kernel(stored, 5, size_bits, symbols, by_length, out) == (0, size_bits)
        assert list(out) == values


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 63), st.integers(0, 2**63 - 1)), max_size=30))
def test_fields(fields: list[tuple[int, int]]) -> None:
    fields = [(width, value & ((1 << width) - 1)) for width, value in fields]
    text = "".join(f"{value:0{width}b}" if width else "" for width, value in fields)
    for write, read in ((put, take), (put.py_func, take.py_func)):
        words, at = empty_words(len(text)), 0
        for width, value in fields:
            write(words, at, np.uint64(value), width)
            at += width
        written = "".join(f"{word:064b}" for word in words.tolist())
        assert written == text.ljust(len(written), "0")
        at = 0
        for width, value in fields:
            assert read(words, at, width) == value
            at += width


# Expected sizes against all patterns of zeros, counted with regular expressions.


def run_length_bits(pattern: str, code: RunLength) -> int:
    longest = code.longest_run
    found = re.findall(rf"0{{0,{longest}}}1|0{{{longest + 1}}}|0+$", pattern)
    return math.ceil(len(found) / code.pairs_per_word) * code.word_bits


def gap_bits(pattern: str, code: GapColumns, rows: int) -> int:
    columns, longest, found = len(pattern) // rows, code.longest_gap, 0
    for n in range(columns):
        column = pattern[n::columns].rstrip("0")
        found += len(re.findall(rf"0{{0,{longest}}}1|0{{{longest + 1}}}", column))
    pointer = len(pattern).bit_length()
    return (columns + 1) * pointer + found * (code.gap_bits + code.value_bits)


def patterns(count: int, density: float) -> Iterator[tuple[str, float]]:
    """All patterns of zeros and others, with their probabilities."""
    for bits in itertools.product("01", repeat=count):
        ones = bits.count("1")
        yield "".join(bits), density**ones * (1 - density) ** (count - ones)


@pytest.mark.parametrize("density", [0.0, 0.07, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("count", [1, 2, 7, 12])
@pytest.mark.parametrize(("run_bits", "value_bits"), [(1, 1), (1, 3), (2, 1), (2, 5), (4, 1)])
def test_expected_run_length_is_exact(
    density: float, count: int, run_bits: int, value_bits: int
) -> None:
    code = RunLength(value_bits, run_bits=run_bits, word_bits=16)
    exact = sum(p * run_length_bits(text, code) for text, p in patterns(count, density))
    assert code.expected_bits(count, density) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("density", [0.0, 0.07, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (6, 2), (11, 1), (12, 1)])
def test_expected_gaps_are_exact(density: float, bits: int, shape: tuple[int, int]) -> None:
    code = GapColumns(3, gap_bits=bits)
    some = patterns(shape[0] * shape[1], density)
    exact = sum(p * gap_bits(text, code, shape[0]) for text, p in some)
    assert code.expected_bits(shape, density) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    "code",
    [
        RunLength(1, word_bits=8),
        Bitmask(1),
        ZeroValue(1, window=4),
        CompressedRows(1),
        CompressedColumns(1),
        GapColumns(1, gap_bits=1),
    ],
    ids=lambda code: code.name,
)
def test_expected_sizes_are_the_mean_of_sizes(code: Codec, density: float) -> None:
    shape, total = (2, 5), 0.0
    for text, probability in patterns(10, density):
        array = np.array(list(text), dtype=np.uint8).reshape(shape)
        total += probability * code.size_bits(array)
    assert code.expected_bits(shape, density) == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("density", [0.02, 0.25, 0.61, 0.99])
@pytest.mark.parametrize("name", [name for name in codecs() if name != "huffman"])
def test_expected_sizes_of_drawn_arrays(name: str, density: float) -> None:
    """100 arrays: the mean is within four of its own standard deviations."""
    generator, code, shape = np.random.default_rng(7), codec(name), (64, 50)
    sizes = [
        code.size_bits((generator.random(shape) < density).astype(np.int16)) for _ in range(100)
    ]
    off = abs(np.mean(sizes) - code.expected_bits(shape, density))
    assert off <= 4 * np.std(sizes) / 10


@pytest.mark.parametrize("density", [0.02, 0.25, 0.61, 1.0])
@pytest.mark.parametrize(("value_bits", "count"), [(4, 1000), (8, 3000), (12, 4000), (16, 40000)])
def test_expected_huffman_is_within_two_percent(
    value_bits: int, count: int, density: float
) -> None:
    generator = np.random.default_rng(5)
    code, sizes = Huffman(value_bits), list[int]()
    for _ in range(100 if count < 10_000 else 4):
        kept = generator.random(count) < density
        drawn = generator.integers(1, 1 << value_bits, count) * kept
        sizes.append(code.size_bits(drawn.astype(np.uint16)))
    assert code.expected_bits(count, density) == pytest.approx(np.mean(sizes), rel=0.02)


@pytest.mark.parametrize("density", [0.0, 1e-9, 0.003, 0.3, 0.999, 1.0])
@pytest.mark.parametrize("code", [RunLength(), RunLength(8, run_bits=8), RunLength(4, run_bits=2)])
def test_long_run_length_codes_approach_their_rate(code: RunLength, density: float) -> None:
    count = 10**6
    rate = code.expected_bits_per_value(density)
    expected = code.expected_bits(count, density)
    assert 0 <= expected - count * rate <= code.word_bits * (1 + 1e-6)


def test_run_length_rate_of_one_longest_run() -> None:
    # Runs of at most 1 zero: pairs cover 1 value or 2; (1 - z^2) / (1 - z) = 1 + z on average.
    code = RunLength(2, run_bits=1, word_bits=8)
    assert code.expected_bits_per_value(0.25) == pytest.approx(8 / 2 / 1.75)


# Huffman's lengths against all codes, and against entropy.


def cheapest(counts: list[int], longest: int) -> int:
    """The least cost of any prefix code with words of at most `longest` bits, by trying lengths."""
    best = math.inf
    for lengths in itertools.product(range(1, longest + 1), repeat=len(counts)):
        if sum(2 ** (longest - length) for length in lengths) <= 2**longest:
            best = min(best, sum(c * length for c, length in zip(counts, lengths, strict=True)))
    return int(best)


@pytest.mark.parametrize(
    "counts", [[1, 1], [1, 1, 2, 4, 8], [3, 3, 3, 3, 3], [1, 2, 3, 5, 8, 13], [1, 1, 1, 1, 9, 9]]
)
@pytest.mark.parametrize("longest", [3, 4, 5])
def test_lengths_are_the_best(counts: list[int], longest: int) -> None:
    array = np.array(counts)
    limited = Huffman(longest=longest).lengths(array)
    assert limited.max() <= longest
    assert int(limited @ array) == cheapest(counts, longest)
    assert int(Huffman().lengths(array) @ array) == cheapest(counts, 5)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-40, 40), min_size=1, max_size=300))
def test_entropy(values: list[int]) -> None:
    found = entropy(np.array(values, dtype=np.int16))
    counts = Counter(values)
    bits = sum(count * math.log2(len(values) / count) for count in counts.values())
    assert found.total_bits == pytest.approx(bits, abs=1e-9)
    assert found.zeros_bits == pytest.approx(
        len(values) * zeros_entropy_per_value(found.density), abs=1e-9
    )
    assert found.stored_bits == found.zeros_bits + 16 * found.nonzeros
    assert found.nonzeros == len(values) - counts[0]
    wide = entropy(np.array(values, dtype=np.int64), value_bits=32)
    assert wide.total_bits == pytest.approx(found.total_bits, abs=1e-9)
    # Huffman's words cost less than 1 bit each more than entropy, and never less.
    code = Huffman()
    lengths = code.lengths(np.array(list(counts.values())))
    spent = int(lengths @ np.array(list(counts.values())))
    assert bits - 1e-9 <= spent < bits + len(values)


def test_the_entropy_of_nothing_is_nothing() -> None:
    found = entropy(np.zeros(0, dtype=np.int16))
    assert (found.total_bits, found.stored_bits, found.density) == (0, 0, 0)
    assert entropy(np.zeros(9, dtype=np.int16)).total_bits == 0
