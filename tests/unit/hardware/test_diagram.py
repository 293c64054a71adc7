"""Diagrams: every part of a chip is drawn, arrays enclose what they repeat, SVG is well formed."""

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.hardware import (
    Accelerator,
    Array,
    Block,
    Compute,
    Memory,
    accelerator,
    blocks,
    draw_svg,
    draw_text,
    library,
)

EYERISS = """\
+----------------------------------------------------+
| dram: unbounded                                    |
| weights inputs outputs, 19.2 b/cycle both ways     |
+----------------------------------------------------+
                           |
+----------------------------------------------------+
| glb: 108 kB                                        |
| inputs outputs, 80 b/cycle out, 64 b/cycle in      |
+----------------------------------------------------+
                           |
+====================================================+
| pes: 14 x 12                                       |
| weights inputs multicast; sums reduced             |
| +------------------------------------------------+ |
| | spad: weights 448 B, inputs 24 B, outputs 48 B | |
| +------------------------------------------------+ |
|                          |                         |
| +------------------------------------------------+ |
| | mac: 16 bits                                   | |
| +------------------------------------------------+ |
+====================================================+
"""


def titles(drawn: tuple[Block, ...]) -> list[str]:
    found: list[str] = []
    for block in drawn:
        found += [block.title.partition(":")[0], *titles(block.inside)]
    return found


def test_eyeriss_as_a_person_saw_it() -> None:
    assert draw_text(accelerator("eyeriss")) == EYERISS


@pytest.mark.parametrize("name", library())
def test_every_part_is_drawn(name: str) -> None:
    chip = accelerator(name)
    names = [part.name for part in chip.parts]
    assert titles(blocks(chip)) == names
    text, root = draw_text(chip), ElementTree.fromstring(draw_svg(chip))
    written = " ".join(item.text or "" for item in root.iter())
    for part in names:
        assert f" {part}: " in text and f"{part}: " in written
    lines = text.splitlines()
    assert {len(line) for line in lines if not line.startswith(" ")} == {len(lines[0])}
    assert text.isascii() and len(lines[0]) <= 100


@given(st.lists(st.sampled_from(["memory", "array"]), max_size=8))
@settings(max_examples=60, deadline=2000)
def test_frames_nest_as_arrays_do(kinds: list[str]) -> None:
    inner = [
        Memory(f"m{n}", capacity_bits=64) if kind == "memory" else Array(f"a{n}", x=2)
        for n, kind in enumerate(kinds)
    ]
    chip = Accelerator('<any> & "all"', (Memory("dram"), *inner, Compute()))
    drawn, depth = blocks(chip), 0
    while drawn[-1].inside:
        drawn, depth = drawn[-1].inside, depth + 1
    assert depth == kinds.count("array") and drawn[-1].kind == "compute"
    root = ElementTree.fromstring(draw_svg(chip))
    boxes = [item for item in root.iter() if item.tag.endswith("rect")]
    assert len(boxes) == 1 + len(chip.parts)
