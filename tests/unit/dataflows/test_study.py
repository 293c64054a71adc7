"""Study: chips of the equal-area study, from their sizes."""

import pytest

from picojoule.dataflows import DATAFLOWS, study_chips
from picojoule.errors import HardwareError, PicojouleError
from picojoule.hardware import (
    Memory,
    accelerator,
    dump_accelerator,
    hierarchy_chip,
    load_accelerator,
)
from picojoule.workload import parse_operation

CONV1 = parse_operation("conv N=16 M=96 C=3 P=55 Q=55 R=11 S=11 stride=4")
WS = (2, 342_323)


def memories(name: str, storage: tuple[int, int], pes: int = 256) -> dict[str, Memory]:
    (chip, *_) = study_chips(name, *storage, pes=pes, operation=CONV1)
    return {memory.name: memory for memory in chip.memories}


def test_row_stationary_is_the_chip_of_the_library() -> None:
    (chip,) = study_chips("rs", 512, 128 * 1024, pes=256, operation=CONV1)
    assert chip.parts == accelerator("eyeriss-isca-256").parts


def test_registers_hold_what_the_dataflow_keeps() -> None:
    assert memories("ws", WS)["rf"].holds == ("weights",)
    assert memories("is", WS)["rf"].holds == ("inputs",)
    assert memories("os_c", WS)["rf"].holds == ("outputs",)
    assert "rf" not in memories("nlr", (0, 346_000))


def test_registers_beside_the_sum_pass_inputs_on() -> None:
    found = memories("os_a", (98, 249_754))
    assert found["rf"].capacity_bits == 16
    assert found["window"].capacity_bits == 256 * 96 * 8
    assert found["window"].holds == ("inputs",)
    assert "window" not in memories("os_c", WS)


def test_weight_stationary_divides_its_buffer() -> None:
    first, *divided = study_chips("ws", *WS, pes=256, operation=CONV1)
    assert "sums" not in [memory.name for memory in first.memories]
    for chip, filters in zip(divided, (1, 2, 3), strict=True):
        sums, buffer = chip.memories[1:3]
        assert sums.capacity_bits == filters * 16 * 55 * 55 * 16
        assert sums.capacity_bits + buffer.capacity_bits == 8 * WS[1]
        assert (sums.holds, buffer.holds) == (("outputs",), ("weights", "inputs"))


def test_texts_stay_texts() -> None:
    text = "a: 'b' \"c\" # {d}\nparts: []"
    chip = hierarchy_chip("study", pes=4, buffer_bytes=64, rf_bytes=8, description=text)
    assert chip.description == text
    assert [part.name for part in chip.parts] == ["dram", "buffer", "pes", "rf", "mac"]
    with pytest.raises(HardwareError) as caught:
        hierarchy_chip(text, pes=4, buffer_bytes=64, rf_bytes=8)
    assert "`name`" in caught.value.what


@pytest.mark.parametrize(
    ("pes", "x", "y"), [(256, 16, 16), (512, 32, 16), (168, 14, 12), (7, 7, 1)]
)
def test_any_number_of_pes_is_arranged_nearly_square(pes: int, x: int, y: int) -> None:
    (array,) = hierarchy_chip("any", pes=pes, buffer_bytes=4096, rf_bytes=64).arrays
    assert (array.x, array.y) == (x, y)


def test_a_generated_chip_is_a_file_with_sources(tmp_path) -> None:
    for name in DATAFLOWS:
        storage = (0 if name == "nlr" else 98, 65_536)
        for chip in study_chips(name, *storage, pes=64, operation=CONV1):
            path = tmp_path / "chip.yaml"
            path.write_text(dump_accelerator(chip))
            assert load_accelerator(path) == chip
            assert chip.sources


@pytest.mark.parametrize(
    ("name", "storage", "pes"),
    [
        ("ws", (0, 4096), 16),
        ("rs", (4, 4096), 16),
        ("os_a", (-2, 4096), 16),
        ("ws", (2, 0), 16),
        ("ws", (2, 4096), 1),
        ("ws", (2, 4096), 0),
        ("ws", (2, 4096), 10**9),
        ("xs", (2, 4096), 16),
    ],
)
def test_impossible_sizes_are_refused(name: str, storage: tuple[int, int], pes: int) -> None:
    with pytest.raises(PicojouleError):
        study_chips(name, *storage, pes=pes, operation=CONV1)


def test_sums_leave_room_for_operands() -> None:
    with pytest.raises(HardwareError):
        hierarchy_chip("any", pes=4, buffer_bytes=64, rf_bytes=2, sums_bytes=64)
