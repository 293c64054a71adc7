"""Formats: expected sizes by hand; the codecs' own tests list all patterns."""

import pytest

from picojoule.cost.sparse import expected_bits


@pytest.mark.parametrize(
    ("form", "payload", "metadata"),
    [
        ("none", 8 * 64 * 16, 0),
        # 512 words, a quarter of them non-zero.
        ("bitmask", 128 * 16, 512),
        # 64 columns of 8 words: no gap is too long for 4 bits; pointers to 513 places take 10.
        ("csc", 128 * 16, 128 * 4 + 65 * 10),
        # One of 64 columns takes 6 bits to name; eight rows begin and the last one ends.
        ("csr", 128 * 16, 128 * 6 + 9 * 10),
    ],
)
def test_by_hand(form: str, payload: float, metadata: float) -> None:
    assert expected_bits(form, (8, 64), 0.25, 16) == pytest.approx((payload, metadata))


def test_long_gaps_pad() -> None:
    # Of a column of 64: 48, 32 and 16 words have 16, 32 and 48 zeros in reach before them. Each
    # entry takes 4 bits, one that pads a word besides.
    padding = 8 * 0.25 * (48 * 0.75**16 + 32 * 0.75**32 + 16 * 0.75**48)
    metadata = (128 + padding) * 4 + padding * 16 + 9 * 10
    assert expected_bits("csc", (64, 8), 0.25, 16) == pytest.approx((128 * 16, metadata))


@pytest.mark.parametrize("form", ["csc", "csr"])
def test_a_batch_of_one_has_no_row_of_its_own(form: str) -> None:
    assert expected_bits(form, (1, 8, 64), 0.25, 16) == expected_bits(form, (8, 64), 0.25, 16)


def test_three_pairs_of_run_length_code_take_64_bits() -> None:
    # Without zeros there is no run: a pair of 5 + 16 bits per word, three of them in 64.
    payload, metadata = expected_bits("rlc", (3, 100), 1.0, 16)
    assert payload == 300 * 16
    assert payload + metadata == pytest.approx(100 * 64)
