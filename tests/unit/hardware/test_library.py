"""The library: every chip loads, every number has a source, prices make sense."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import picojoule
from picojoule.hardware import accelerator, describe, dump_accelerator, library, load_accelerator
from picojoule.sources import ORIGINS, SOURCES, check_source, citations, source_key
from picojoule.workload import ROLES

FOLDER = Path(picojoule.__file__).parent
CHIPS = sorted((FOLDER / "hardware" / "library").glob("*.yaml"))
TABLES = sorted((FOLDER / "components" / "tables").glob("*.yaml"))


def numbers(node: object, sourced: bool, path: str = "") -> Iterator[tuple[str, bool]]:
    """Every number below a node, and whether something from there up names its source."""
    if isinstance(node, dict):
        here = sourced or "source" in node
        named = node.get("sources", {})
        for key, value in node.items():
            if key not in ("source", "sources"):
                yield from numbers(value, here or key in named, f"{path}.{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from numbers(value, sourced, f"{path}[{index}]")
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield path, sourced


def plain(path: Path) -> dict:
    return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", TABLES, ids=lambda p: p.stem)
def test_every_number_of_the_tables_has_a_source(path: Path) -> None:
    found = list(numbers(plain(path), False))
    assert found and not [place for place, sourced in found if not sourced]


@pytest.mark.parametrize("path", CHIPS, ids=lambda p: p.stem)
def test_every_number_of_a_chip_has_a_source_on_its_own_part(path: Path) -> None:
    chip = plain(path)
    parts = chip.pop("parts")
    found = [*numbers(chip, False)]
    for part in parts:
        found += numbers(part, False, next(iter(part.values())))
    assert len(found) > 5 and not [place for place, sourced in found if not sourced]


@pytest.mark.parametrize("path", [*TABLES, *CHIPS], ids=lambda p: p.stem)
def test_every_source_is_in_the_registry(path: Path) -> None:
    def texts(node: object, key: str = "") -> Iterator[str]:
        if key == "source":
            yield node if isinstance(node, str) else ": ".join(*node.items())
        elif isinstance(node, dict):
            named = node.items()
            for name, value in named:
                yield from texts(value, "source" if key == "sources" else name)
        elif isinstance(node, list):
            for value in node:
                yield from texts(value)

    found = list(texts(plain(path)))
    assert found
    for text in found:
        assert check_source(text, where=path.name)


@pytest.mark.parametrize("name", library())
def test_loaded_chips_carry_a_source_for_every_number(name: str) -> None:
    chip = accelerator(name)
    places = dict(chip.sources)
    assert {source_key(text) for text in places.values()} <= {*SOURCES, *ORIGINS}
    assert citations(places.values())
    for part in chip.parts:
        for field in ("read_pj", "update_pj", "mac_pj", "delivery_pj", "capacity_bits", "x", "y"):
            value = getattr(part, field, None)
            if value and (field, value) != ("y", 1):  # a side that nobody wrote
                assert f"{part.name}.{field}" in places


@pytest.mark.parametrize("name", library())
def test_prices_are_positive_and_grow_outward(name: str) -> None:
    chip = accelerator(name)
    # The price of eDRAM is that of one process and does not scale: at 65 nm it undercuts SRAM.
    sources = dict(chip.sources)
    scaled = [m for m in chip.memories if "shafiee2016isaac" not in sources[f"{m.name}.read_pj"]]
    for role in ROLES:
        holders = [memory for memory in scaled if role in memory.holds]
        reads = [memory.read_pj / memory.access_bits for memory in holders]
        assert reads == sorted(reads, reverse=True) and reads[-1] > 0
        assert len(set(reads)) == len(reads)
    assert chip.compute.mac_pj > 0


@pytest.mark.parametrize("name", library())
def test_dump_loads_back_to_the_same_chip(name: str, tmp_path: Path) -> None:
    chip = accelerator(name)
    file = tmp_path / "chip.yaml"
    file.write_text(dump_accelerator(chip), encoding="utf-8")
    assert load_accelerator(file) == chip
    assert accelerator(file) == accelerator(str(file)) == chip


def test_library_names_are_the_files_and_the_chips() -> None:
    assert library() == tuple(sorted(path.stem for path in CHIPS))
    assert all(accelerator(name).name == name for name in library())
    assert {"eyeriss", "eyeriss-isca-256", "nvdla-like", "simple-3-level", "systolic-128"} <= {
        *library()
    }


def test_description_of_eyeriss() -> None:
    dram, glb, pes, spad, mac = describe(accelerator("eyeriss"))
    assert (dram.capacity, glb.capacity, pes.capacity) == ("unbounded", "108 kB", "14 x 12")
    assert (glb.instances, spad.instances, mac.instances) == (1, 168, 168)
    assert spad.capacity == "weights 448 B, inputs 24 B, outputs 48 B"
    assert glb.holds == "inputs outputs" and glb.bandwidth == "read 80 b, write 64 b"
    assert "chen2017jssc" in glb.source


def test_constraints_of_the_systolic_array() -> None:
    array = accelerator("systolic-128").arrays[0]
    assert (array.x, array.y, array.multicast, array.reduces) == (128, 128, ("inputs",), True)
    assert "M" in (array.x_dims or ()) and "C" in (array.y_dims or ())
    assert "C" not in (array.x_dims or ()) and "M" not in (array.y_dims or ())


@pytest.mark.parametrize("name", library())
def test_a_word_of_every_role_fits_every_memory(name: str) -> None:
    """A network of the zoo has the chip's words, or 16 bits; each chip must run it."""
    chip = accelerator(name)
    words = {**dict.fromkeys(ROLES, 16), **dict(chip.word_bits)}
    for memory in chip.memories:
        own = dict(memory.partitions)
        assert all(bits // memory.copies >= words[role] for role, bits in own.items())
        if memory.capacity_bits is not None:
            shared = [role for role in memory.holds if role not in own]
            assert memory.capacity_bits // memory.copies >= sum(words[role] for role in shared)
