"""Passes, words, cycles, energy and zeros of single layers, by hand arithmetic."""

import pytest

from picojoule.silicon import (
    LayerShape,
    PassMapping,
    active_pes,
    banks,
    layer_energy,
    pass_chip,
    pass_cycles,
    passes,
    processing_cycles,
    shape_of,
    traffic,
)
from picojoule.silicon.power import scaled_power_w
from picojoule.silicon.schedule import parts, sets
from picojoule.silicon.timing import total_latency_s
from picojoule.workload import parse_operation

CHIP = pass_chip()
CONV1 = LayerShape(4, 1, 96, 3, 11, 11, 55, 55, 4, 4)
CONV2 = LayerShape(4, 2, 128, 48, 5, 5, 27, 27)
AS_CONV1 = PassMapping(m=96, n=1, e=7, f=55, p=16, q=1, r=1, t=2)
AS_CONV2 = PassMapping(m=64, n=1, e=27, f=27, p=16, q=2, r=1, t=1)


def test_the_published_schedule_example() -> None:
    """chen2017jssc, Sec. IV: C=6, M=8, N=4; q*r=3, p*t=4, n=2, m=8."""
    shape = LayerShape(4, 1, 8, 6, 3, 3, 13, 13)
    how = PassMapping(m=8, n=2, e=13, f=13, p=2, q=3, r=1, t=2)
    moved = traffic(shape, how)
    assert passes(shape, how) == 8
    # Each input is read once from DRAM and goes through the array twice.
    assert moved.dram_ifmaps == 4 * 6 * 15 * 15
    assert moved.buffer_ifmaps == 2 * moved.dram_ifmaps
    # Each weight goes to the array once in four of the eight passes.
    assert moved.buffer_filters == 2 * 8 * 6 * 9
    # Two turns of channels: partial sums are written twice and read back once.
    assert moved.psum_writes == 2 * 4 * 8 * 169
    assert moved.psum_reads == 4 * 8 * 169


def test_words_of_conv1() -> None:
    moved = traffic(CONV1, AS_CONV1)
    # Seven strips of 7 rows need 35 input rows each, the last one of 6 rows needs 31.
    read = 4 * 3 * (7 * 35 + 31) * 227
    assert moved.dram_ifmaps == read
    assert moved.buffer_ifmaps == 3 * read  # 96 filters, 32 at a time
    assert moved.dram_filters == moved.buffer_filters == 34848 * 8 * 4
    assert moved.dram_ofmaps == moved.readout == 4 * 96 * 55 * 55
    assert (moved.psum_writes, moved.psum_reads) == (3 * 1161600, 2 * 1161600)
    # A column of 11 PEs hands sums on ten times, for each of three channels.
    assert moved.psum_hops == 1161600 * 30
    # 55 x 11 PEs per image, channel and 16 filters receive 227 words each.
    assert moved.ifmap_deliveries == 4 * 3 * 55 * 11 * 227 * 6
    assert moved.filter_deliveries == 34848 * 55 * 4


def test_ragged_strips_tiles_and_blocks() -> None:
    shape = LayerShape(2, 1, 5, 4, 3, 3, 8, 8)
    how = PassMapping(m=4, n=1, e=5, f=6, p=2, q=3, r=1, t=1)
    moved = traffic(shape, how)
    assert passes(shape, how) == 2 * 2 * 2 * 2 * 3
    # Strips of 5 and 3 rows read 7 and 5; tiles of 6 and 2 columns read 8 and 4.
    assert moved.dram_ifmaps == 2 * 4 * 12 * 12 * 2
    assert moved.buffer_ifmaps == 2 * 4 * 12 * 12 * 3


def test_banks_are_those_of_the_printed_allocation() -> None:
    """chen2017jssc, Table III: 15.5 and 72.2 kB, 3.8 and 91.1 kB, in banks of 4 kB."""
    assert banks(CHIP, CONV1, AS_CONV1) == (4, 19)
    assert banks(CHIP, CONV2, AS_CONV2) == (1, 23)


def test_active_pes_and_sets() -> None:
    assert active_pes(CONV1, AS_CONV1) == 11 * 7 * 2
    assert active_pes(CONV2, AS_CONV2) == 5 * 27
    assert sets(CHIP, CONV1, 7) == 2 and sets(CHIP, CONV1, 15) == 0
    assert parts(12, 4) == [(3, 4)] and parts(3, 4) == [(1, 3)]


def test_cycles_of_one_pass_by_hand() -> None:
    # Filters 16*2*25/4 = 200; first windows 2 channels x 31 rows x 5 = 310; first sums
    # 16*2*5 + 5 - 1 + 3 = 167; then partial sums 16*27*27/4 = 2916, inputs 2*31*31 - 310 = 1612,
    # products 16*2*5*27 = 4320: the slowest.
    cycles = pass_cycles(CHIP, CONV2, AS_CONV2, channels=2, filters=16)
    assert cycles == 200 + 310 + 167 + 4320
    assert processing_cycles(CHIP, CONV2, AS_CONV2) == 1536 * cycles


def test_a_pass_can_wait_for_its_partial_sums() -> None:
    shape = LayerShape(3, 1, 128, 64, 3, 3, 112, 112)
    how = PassMapping(m=32, n=1, e=13, f=112, p=8, q=1, r=1, t=4)
    # 32 x 13 x 112 sums by four: 11648 cycles, against 8*3*112 = 2688 of products.
    cycles = pass_cycles(CHIP, shape, how, channels=1, filters=32)
    assert cycles == 72 + 45 + (24 + 2 + 3) + 11648


def test_a_pass_can_wait_for_its_inputs() -> None:
    shape = LayerShape(1, 1, 1, 8, 1, 1, 14, 14)
    how = PassMapping(m=1, n=1, e=14, f=14, p=1, q=8, r=1, t=1)
    cycles = pass_cycles(CHIP, shape, how, channels=8, filters=1)
    first = 8 * 14
    assert cycles == 2 + first + (8 + 0 + 3) + (8 * 14 * 14 - first)


def test_short_blocks_take_their_own_time() -> None:
    shape = LayerShape(1, 1, 20, 5, 3, 3, 13, 13)
    how = PassMapping(m=20, n=1, e=13, f=13, p=16, q=3, r=1, t=1)
    whole = processing_cycles(CHIP, shape, how)
    by_hand = sum(
        pass_cycles(CHIP, shape, how, channels=channels, filters=filters)
        for channels in (3, 2)
        for filters in (16, 4)
    )
    assert whole == by_hand


def test_maps_are_waited_for_and_filters_are_not() -> None:
    """480 MB/s: 64 bits at 60 MHz."""
    assert total_latency_s(CHIP, 0.01, 4.8e6, 4.8e6) == pytest.approx(0.02)
    assert total_latency_s(CHIP, 0.01, 4.8e6, 9.6e6) == pytest.approx(0.03)


def test_energy_by_hand() -> None:
    shape = LayerShape(1, 1, 2, 1, 1, 1, 5, 1)
    how = PassMapping(m=2, n=1, e=5, f=1, p=1, q=1, r=1, t=2)
    moved = traffic(shape, how)
    energy = layer_energy(CHIP, shape, moved, zeros=0.4, latency_s=1e-6)
    mac = CHIP.mac_pj * 1e-12
    # Ten products: six run with four accesses each, four are gated and read their input.
    assert energy.alus == pytest.approx(6 * mac)
    assert energy.scratch_pads == pytest.approx((6 * 4 + 4) * mac)
    # 5 inputs, 2 weights, 10 sums written, none read back; each at 6 MACs.
    assert energy.buffer == pytest.approx((5 + 2 + 10) * 6 * mac)
    # 10 inputs and 10 weights are delivered; no sum is handed on; each at 2 MACs.
    assert energy.array_networks == pytest.approx((10 + 10) * 2 * mac)
    assert energy.standing == pytest.approx(CHIP.standing_w * 1e-6)
    assert energy.total == pytest.approx(sum(energy.by_block.values()))


def test_power_scales_with_clock_and_the_square_of_voltage() -> None:
    assert scaled_power_w(0.2, clock=2.0, voltage=0.5) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("conv M=2 C=2 P=4 Q=4 R=13 S=3", "13 filter rows"),
        ("conv M=2 C=2 P=4 Q=4 R=3 S=13", "13 filter columns"),
        ("conv M=1025 C=2 P=4 Q=4 R=3 S=3", "1025 filters"),
        ("conv M=2 C=1025 P=4 Q=4 R=3 S=3", "1025 channels"),
        ("conv M=2 C=2 P=4 Q=4 R=3 S=3 stride=3", "3 rows per step"),
        ("conv M=2 C=2 P=4 Q=4 R=3 S=3 dilation=2", "dilated"),
        ("matmul M=2 K=2 N=2", "no convolution"),
    ],
)
def test_what_the_chip_does_not_run(text: str, reason: str) -> None:
    shape = shape_of(parse_operation(text))
    assert reason in str(shape if isinstance(shape, str) else CHIP.refusal(shape))


def test_a_pool_is_no_convolution_of_products() -> None:
    import picojoule

    pool = next(one for one in picojoule.load("alexnet").layers if one.kind == "pool")
    assert "not a multiply-accumulate" in str(shape_of(pool.operation))


def test_the_chip_is_the_one_that_hardware_describes() -> None:
    assert (CHIP.rows, CHIP.columns) == (12, 14)
    assert (CHIP.filter_spad, CHIP.ifmap_spad, CHIP.psum_spad) == (224, 12, 24)
    assert (CHIP.filter_rate, CHIP.ifmap_rate, CHIP.psum_rate) == (4, 1, 4)
    assert CHIP.link_bytes_per_s == 480e6
    assert CHIP.spad_pj == CHIP.mac_pj and CHIP.buffer_pj == pytest.approx(6 * CHIP.mac_pj)
    assert CHIP.banks * CHIP.bank_bytes + CHIP.prefetch_bytes == 108 * 1024
