"""Formats: expected sizes are means over all patterns of sizes found by coding each."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picojoule.cost.sparse import expected_bits, expected_padding

SHARES = st.sampled_from([0.1, 0.5, 0.9, 1.0])


def paddings(bits: tuple[int, ...], limit: int) -> int:
    """Entries that hold a zero because the run before a non-zero is too long; by coding it."""
    run = count = 0
    pending = 0
    for bit in bits:
        if bit:
            count, run, pending = count + pending, 0, 0
        else:
            run += 1
            if run == limit:
                run, pending = 0, pending + 1
    return count


def mean(length: int, share: float, size) -> float:
    return math.fsum(
        size(bits) * share ** sum(bits) * (1 - share) ** (length - sum(bits))
        for bits in itertools.product((0, 1), repeat=length)
    )


@given(st.integers(0, 10), SHARES, st.integers(2, 5))
def test_padding_is_the_mean_over_all_patterns(length: int, share: float, limit: int) -> None:
    expected = mean(length, share, lambda bits: paddings(bits, limit))
    assert expected_padding(length, share, limit) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("form", "payload", "metadata"),
    [
        ("none", 8 * 64 * 16, 0),
        # 512 words, a quarter of them non-zero.
        ("bitmask", 128 * 16, 512),
        # Of a column of 64: 48, 32 and 16 words have 16, 32 and 48 zeros in reach before them. Each
        # entry takes 4 bits, one that pads a word besides; eight pointers to 513 places.
        ("csc", 128 * 16, None),
        # A column of 64 takes 6 bits to name; eight pointers of 10 bits.
        ("csr", 128 * 16, 128 * 6 + 8 * 10),
    ],
)
def test_by_hand(form: str, payload: float, metadata: float | None) -> None:
    if metadata is None:
        padding = 8 * 0.25 * (48 * 0.75**16 + 32 * 0.75**32 + 16 * 0.75**48)
        metadata = (128 + padding) * 4 + padding * 16 + 8 * 10
    assert expected_bits(form, (8, 64), 0.25, 16) == pytest.approx((payload, metadata))


def test_three_pairs_of_run_length_code_take_64_bits() -> None:
    # Without zeros there is no run: a pair of 5 + 16 bits per word, three of them in 64.
    payload, metadata = expected_bits("rlc", (3, 100), 1.0, 16)
    assert payload == 300 * 16
    assert payload + metadata == pytest.approx(100 * 64)
