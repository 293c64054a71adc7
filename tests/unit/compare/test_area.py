"""Area: what a dataflow's register files leave for its buffer."""

import pytest

from picojoule.compare import Storage, budget, memory_area, storage


def test_area_is_the_curve_joined_by_straight_lines() -> None:
    assert memory_area(16) == 16 * 13.38
    assert memory_area(24) == pytest.approx(24 * (13.38 + 7.56) / 2)
    assert memory_area(1 << 20) == 1 << 20


@pytest.mark.parametrize("pes", [1, 2, 3, 7, 8, 256, 1000])
def test_the_row_stationary_chip_spends_the_budget_it_defines(pes: int) -> None:
    assert storage(pes, rf_bytes=512) == Storage(pes, 512, pes * 512)


@pytest.mark.parametrize("pes", [1, 5, 64, 256, 1024])
@pytest.mark.parametrize("rf_bytes", [0, 2, 10, 98, 200])
def test_a_buffer_fits_and_one_byte_more_does_not(pes: int, rf_bytes: int) -> None:
    chip = storage(pes, rf_bytes=rf_bytes)

    def area(buffer_bytes: int) -> float:
        return pes * memory_area(rf_bytes) + memory_area(buffer_bytes)

    assert area(chip.buffer_bytes) <= budget(pes) + 1e-5 < area(chip.buffer_bytes + 1)


def test_register_files_that_are_too_large_leave_no_buffer() -> None:
    assert storage(256, rf_bytes=4096).buffer_bytes == 0


def test_words_have_sixteen_bits() -> None:
    chip = Storage(4, rf_bytes=10, buffer_bytes=101)
    assert (chip.rf_words, chip.buffer_words, chip.total_bytes) == (5, 50, 141)
