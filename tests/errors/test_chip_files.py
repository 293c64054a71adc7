"""Mistakes in chip files: each is refused with its class and place, and the fix makes it go."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from picojoule.errors import HardwareError, PicojouleError
from picojoule.hardware import Accelerator, accelerator, dump_accelerator, load_accelerator
from picojoule.hardware.build import build_accelerator
from picojoule.hardware.document import parse_document

VALID = """\
name: mine
clock_hz: 200e6
technology_nm: 65
voltage_v: 1.0
source: {assumed: made up for this test}
parts:
  - memory: dram
    capacity: unbounded
    read_pj: {macs: 200}
    update_pj: {macs: 200}
    read_bits_per_cycle: 64
  - memory: buffer
    capacity_bytes: 1024
    component: {class: sram, banks: 4}
    copies: 2
  - array: pes
    x: 4
    y: 2
    x_dims: [M, P]
    delivery_pj: 0.1
    reduction_pj: 0.05
  - memory: rf
    holds: [weights, outputs]
    partitions_words: {weights: 16, outputs: 4}
    read_pj: {component: {class: register_file, capacity_bytes: 40}}
    fill_pj: 0.1
    update_pj: 0.1
  - compute: mac
    bits: 16
    component: {class: mac}
"""

# (what is replaced, by what, line of the message, `what`, part of `got`, part of `expected`)
MISTAKES = [
    ("name: mine\n", "", 1, "a key is missing", "clock_hz", "`name:`"),
    ("name: mine", "name: my chip", 1, "`name` has a wrong value", "my chip", "letters"),
    ("clock_hz: 200e6", "clock_mhz: 200", 2, "unknown key", "clock_mhz", "'clock_hz'"),
    ("clock_hz: 200e6", "clock_hz: 200MHz", 2, "`clock_hz` has a wrong value", "200MHz", "number"),
    ("clock_hz: 200e6", "clock_hz: .nan", 2, "`clock_hz` has a wrong value", "nan", "number"),
    ("clock_hz: 200e6", "clock_hz: .inf", 2, "`clock_hz` has a wrong value", "inf", "number"),
    ("clock_hz: 200e6", "clock_hz: 0", 2, "`clock_hz` has a wrong value", "0", "1"),
    ("clock_hz: 200e6", "clock_hz: true", 2, "`clock_hz` has a wrong value", "True", "number"),
    ("voltage_v: 1.0", "technology_nm: 65", 4, "a key is given twice", "lines 3 and 4", "once"),
    ("voltage_v: 1.0", "voltage_v: -1.0", 4, "`voltage_v` has a wrong value", "-1.0", "0"),
    ("technology_nm: 65\n", "", 29, "a component does not know its technology", "technology_nm",
     "technology_nm"),
    ("source: {assumed: made up for this test}\n", "", 1, "a number has no source", "clock_hz",
     "source"),
    ("{assumed: made up for this test}", "chen2017jscc", 5, "a number names an unknown source",
     "chen2017jscc", "'chen2017jssc'"),
    ("{assumed: made up for this test}", "assumed: made up", 5, "the file is not YAML", "mapping",
     "YAML"),
    ("{assumed: made up for this test}", '"assumed:"', 5, "a source gives no reason", "assumed",
     "assumed"),
    ("{assumed: made up for this test}", "{guessed: it}", 5, "`source` has a wrong value",
     "guessed", "registry"),
    ("    capacity: unbounded\n", "", 7, "the capacity is not clear", "no capacity",
     "capacity_bytes"),
    ("capacity: unbounded", "capacity: 64GB", 8, "`capacity` has a wrong value", "64GB",
     "unbounded"),
    ("read_pj: {macs: 200}\n", "read_pj: {mac: 200}\n", 9, "`read_pj` has a wrong value", "mac",
     "{macs: 6}"),
    ("read_pj: {macs: 200}\n", "read_pj: -3\n", 9, "`read_pj` has a wrong value", "-3",
     "at least 0"),
    ("read_pj: {macs: 200}\n", "read_pj: 3pJ\n", 9, "`read_pj` has a wrong value", "3pJ", "pJ"),
    ("    update_pj: {macs: 200}\n", "", 7, "a price is missing", "update_pj", "holds outputs"),
    ("read_bits_per_cycle: 64", "read_bits_per_cycle:", 11, "a key has no value",
     "read_bits_per_cycle", "a value"),
    ("read_bits_per_cycle: 64", "read_bits_per_cycle: 0", 11,
     "`read_bits_per_cycle` has a wrong value", "0", "greater than 0"),
    ("read_bits_per_cycle: 64", "read_bits_per_cycle: 64\n    read_words_per_cycle: 4", 12,
     "one quantity is given twice", "read_bits_per_cycle and read_words_per_cycle", "one of"),
    ("capacity_bytes: 1024", "capacity_bytes: 1kB", 13, "`capacity_bytes` has a wrong value", "1kB",
     "whole number"),
    ("capacity_bytes: 1024", "capacity_bytes: 1024.5", 13, "`capacity_bytes` has a wrong value",
     "1024.5", "whole number"),
    ("capacity_bytes: 1024", "capacity_bytes: 0", 13, "`capacity_bytes` has a wrong value", "0",
     "1"),
    ("capacity_bytes: 1024", "capacity_bytes: 1", 13, "the capacity is too small for one word",
     "8 bits", "16 bits"),
    ("capacity_bytes: 1024", "capacity_bytes: 1024\n    capacity_words: 512", 13,
     "one quantity is given twice", "capacity_words and capacity_bytes", "one of"),
    ("capacity_bytes: 1024", "capacity_bytes: 1" + "0" * 60, 13, "a number has too many digits",
     "61 digits", "40"),
    ("capacity_bytes: 1024", "capacity_bytes: 1" + "0" * 30, 13,
     "`capacity_bytes` has a wrong value", "1000", "less than"),
    ("class: sram", "class: sarm", 14, "unknown component class", "sarm", "'sram'"),
    ("banks: 4", "bank: 4", 14, "component has no such attribute", "bank", "'banks'"),
    ("banks: 4", "banks: 0", 14, "component attribute `banks` is out of range", "0", "above 0"),
    ("banks: 4", "banks: [4]", 14, "`component` has a wrong value", "[4]", "numbers or texts"),
    ("{class: sram, banks: 4}", "sram", 14, "`component` has a wrong value", "sram", "`class`"),
    ("copies: 2", "copies: two", 15, "`copies` has a wrong value", "two", "whole number"),
    ("x: 4", "x: 0", 17, "`x` has a wrong value", "0", "1"),
    ("x: 4", "x: 2.5", 17, "`x` has a wrong value", "2.5", "whole number"),
    ("x: 4", "x: 1000000000000", 17, "`x` has a wrong value", "1000000000000", "less than"),
    ("x: 4\n    y: 2", "x: 1000000\n    y: 1000000", 17, "the chip has too many instances",
     "1000000000000", "16777216"),
    ("[M, P]", "[M, p]", 19, "`x_dims` has a wrong value", "p", "N M C"),
    ("[M, P]", "[M, M]", 19, "`x_dims` has a wrong value", "M", "once"),
    ("delivery_pj: 0.1", "delivery_pJ: 0.1", 20, "unknown key", "delivery_pJ", "'delivery_pj'"),
    ("    reduction_pj: 0.05\n", "", 16, "a price is missing", "reduction_pj", "reduces"),
    ("memory: rf", "memory: buffer", 6, "two parts have the same name", "buffer", "unique"),
    ("- memory: rf", "- storage: rf", 22, "a part does not say what it is", "storage", "memory"),
    ("[weights, outputs]", "[weights, output]", 23, "`1` has a wrong value", "output",
     "'outputs'"),
    ("[weights, outputs]", "[]", 23, "`holds` has a wrong value", "[]", "at least 1"),
    ("{weights: 16, outputs: 4}", "{weights: 16, inputs: 4}", 24,
     "a partition is for a role that the memory does not hold", "inputs", "weights, outputs"),
    ("{weights: 16, outputs: 4}", "{weights: 16}", 22, "the capacity is not clear", "no capacity",
     "capacity"),
    ("capacity_bytes: 40}}", "capacity_bytes: 40}}\n    capacity_words: 9", 26,
     "the capacity is not clear", "every role", "partitions"),
    ("bits: 16\n", "bits: 16\n    mac_pj: {macs: 1}\n", 30, "the price of a MAC is given in MACs",
     "macs", "picojoules"),
    ("  - compute: mac\n    bits: 16\n    component: {class: mac}\n", "", 22,
     "the parts do not end with the compute unit", "memory", "compute unit last"),
    ("    capacity: unbounded\n", "    capacity: unbounded\n    holds: [weights]\n    fill_pj: 0\n",
     6, "the outermost memory must hold everything", "weights", "weights inputs outputs"),
    ("holds: [weights, outputs]", "holds: [weights, outputs]\n    gating: {inputs: [weights]}", 24,
     "a rule is for a role that the memory does not hold", "inputs", "weights, outputs"),
    ("holds: [weights, outputs]", "holds: [weights, outputs]\n    skipping: {weights: [outputs]}",
     24, "`skipping` looks at a role whose zeros are not known", "outputs", "inputs"),
    ("holds: [weights, outputs]", "holds: [weights, outputs]\n    gating: {weights: []}", 24,
     "`gating` looks at a role whose zeros are not known", "[]", "inputs"),
    ("copies: 2", "compressed: {inputs: rlcs}", 15, "`inputs` has a wrong value", "rlcs",
     "'rlc'"),
    ("copies: 2", "compressed: {inputz: rlc}", 15, "`inputz` has a wrong value", "inputz",
     "'inputs'"),
    ("bits: 16\n", "bits: 16\n    skipping: [inputz]\n", 30, "`0` has a wrong value", "inputz",
     "'inputs'"),
    ("bits: 16\n", "bits: 16\n    lane_steps: 0\n", 30, "`lane_steps` has a wrong value", "0", "1"),
    ("bits: 16\n", "bits: 16\n    lanes: 4\n", 30, "unknown key", "lanes", "lane_steps"),
    ("name: mine", "name: &a mine", 1, "anchors and aliases are not read", "'a'", "written out"),
    ("name: mine", "name: *a", 1, "anchors and aliases are not read", "'a'", "written out"),
    ("name: mine", "name: !!python/name:os.system mine", 1, "tags are not read", "python",
     "plain values"),
    ("name: mine", "? [a]\n: mine", 1, "a key is not a text", "list", "plain word"),
    ("x_dims: [M, P]", "x_dims: " + "[" * 40 + "]" * 40, 19, "the file is nested too deeply", "16",
     "16"),
    ("x_dims: [M, P]", "x_dims: [M, P", 20, "the file is not YAML", "", "YAML"),
    ("  - compute: mac", "\t- compute: mac", 28, "the file is not YAML", "", "YAML"),
    ("    component: {class: mac}\n", "    component: {class: mac}\n---\nname: other\n", 31,
     "the file has several documents", "---", "one document"),
    ("    delivery_pj: 0.1\n", "    delivery_pj: 0.1\n    sources: {delivery: sze2017}\n", 21,
     "a source is for a number that does not exist", "delivery", "'delivery_pj'"),
]  # fmt: skip


def load(text: str) -> Accelerator:
    return build_accelerator(parse_document(text, name="mine.yaml"))


def test_the_valid_file_is_valid() -> None:
    chip = load(VALID)
    assert chip.compute_units == 8
    assert load(dump_accelerator(chip)) == chip


@pytest.mark.parametrize(
    ("right", "wrong", "line", "what", "got", "expected"),
    MISTAKES,
    ids=[f"{number}-{row[3][:40]}" for number, row in enumerate(MISTAKES)],
)
def test_mistake(right: str, wrong: str, line: int, what: str, got: str, expected: str) -> None:
    assert right in VALID
    with pytest.raises(HardwareError) as caught:
        load(VALID.replace(right, wrong, 1))
    error = caught.value
    assert error.what == what
    assert re.match(rf"mine\.yaml:{line}\b", error.where), error.where
    assert got in str(error.got)
    assert expected in str(error.expected)
    assert error.fix


NEAREST = [row for row in MISTAKES if row[5].startswith("'")]


@pytest.mark.parametrize(("right", "wrong"), [row[:2] for row in NEAREST])
def test_the_nearest_name_is_the_fix(right: str, wrong: str) -> None:
    spoilt = VALID.replace(right, wrong, 1)
    with pytest.raises(HardwareError) as caught:
        load(spoilt)
    suggested = re.match("'([^']+)'", str(caught.value.expected))
    assert suggested
    got = str(caught.value.got)
    if got == "clock_mhz":  # another unit: the number changes with the name
        got, suggested = "clock_mhz: 200", re.match("(.*)", "clock_hz: 200e6")
        assert suggested
    load(re.sub(rf"\b{re.escape(got)}\b", suggested[1], spoilt, count=1))


@pytest.mark.parametrize(
    ("right", "wrong", "fix"),
    [
        # What the message says to do, done.
        ("{assumed: made up for this test}", "assumed: made up", '"assumed: made up"'),
        ("{assumed: made up for this test}", '"assumed:"', "{assumed: the reason}"),
        ("{assumed: made up for this test}", "{guessed: it}", "{assumed: why this number}"),
        ("    capacity: unbounded\n", "", "    capacity: unbounded\n"),
        ("capacity: unbounded", "capacity: 64GB", "capacity_bytes: 68719476736"),
        ("    reduction_pj: 0.05\n", "", "    reduction_pj: 0\n"),
        ("bits: 16\n    component: {class: mac}", "bits: 16\n    mac_pj: {macs: 1}",
         "bits: 16\n    mac_pj: 1.6"),
        ("{weights: 16, outputs: 4}", "{weights: 16, inputs: 4}", "{weights: 16, outputs: 4}"),
        ("{weights: 16, outputs: 4}", "{weights: 16}", "{weights: 16}\n    capacity_bytes: 8"),
        ("{assumed: made up for this test}", "{stated: notes, p. 3}", '{stated: "notes, p. 3"}'),
        ("banks: 4", "banks: [4]", "bits: 64"),
        ("{class: sram, banks: 4}", "sram", "{class: sram, bits: 64}"),
        ("[M, P]", "[M, p]", "[M, 'P']"),
        ("x: 4", "x: 2.5", "x: 2"),
        ("memory: rf", "memory: buffer", "memory: rf2"),
        ("read_pj: {macs: 200}\n", "read_pj: 3pJ\n", "read_pj: 3\n"),
        ("voltage_v: 1.0", "technology_nm: 65", "voltage_v: 0.9"),
        ("name: mine", "name: &a mine", "name: mine"),
        ("source: {assumed: made up for this test}\n", "", "source: {stated: our notes}\n"),
    ],
)  # fmt: skip
def test_the_fix_works(right: str, wrong: str, fix: str) -> None:
    with pytest.raises(HardwareError):
        load(VALID.replace(right, wrong, 1))
    load(VALID.replace(right, fix, 1))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("capacity_bytes: 2kB", "capacity_bytes: 2048"),
        ("capacity_words: 512 words", "capacity_words: 512"),
        ("capacity_bits: 8 kbit", "capacity_bits: 8192"),
        ("capacity: 1.5MB", "capacity_bytes: 1572864"),
        ("capacity_bytes: 1kB\n    read_pj: 1", "capacity_bytes: 1024"),
        ("capacity_bytes: 1024.0", "capacity_bytes: 1024"),
    ],
)
def test_the_message_spells_out_the_line_to_write(wrong: str, right: str) -> None:
    """A size with its unit is refused, and what the message says to write loads."""
    with pytest.raises(HardwareError) as caught:
        load(VALID.replace("capacity_bytes: 1024", wrong, 1))
    told = re.search(r"`([^`]+: [^`]+)`", caught.value.fix)
    assert told and told[1] == right
    load(VALID.replace("capacity_bytes: 1024", told[1], 1))


def test_unit_in_another_key_is_told() -> None:
    with pytest.raises(HardwareError) as caught:
        load(VALID.replace("capacity_bytes: 1024", "capacity_words: 8 kB", 1))
    assert "`capacity_bytes: 8192`" in caught.value.fix


@pytest.mark.parametrize("name", ["eyeris", "", "EYERISS", "no such chip", "a" * 10000, "x\0y"])
def test_unknown_chip(name: str) -> None:
    with pytest.raises(HardwareError) as caught:
        accelerator(name)
    assert "eyeriss" in str(caught.value.expected)


@pytest.mark.parametrize("name", ["missing.yaml", "/no/such/file", "../no/such", "a/\0.yaml"])
def test_missing_file(name: str) -> None:
    with pytest.raises(HardwareError) as caught:
        accelerator(name)
    assert caught.value.what == "cannot read the chip file"


def test_library_names_are_not_paths(tmp_path: Path) -> None:
    with pytest.raises(HardwareError):
        accelerator("../library/eyeriss")
    with pytest.raises(HardwareError, match="cannot read"):
        load_accelerator(tmp_path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is not a mapping"),
        (b"- a\n", "the file is not a mapping"),
        (b"\xff\xfe\x00", "the file is not text"),
        (b"\x89PNG\r\n\x1a\n\0", "the file is not text"),
        (b"a: \x00", "the file is not YAML"),
        (b'a: "\\UFFFFFFFF"', "the file is not YAML"),
        (b"#" * 1_000_001, "the file is too large"),
        (b"a: [" + b"1, " * 30_000 + b"1]", "the file has too many values"),
        (b"a: " + b"[" * 200_000, "the file is nested too deeply"),
        (b"{a: " * 100_000, "the file is nested too deeply"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "anchors and aliases are not read"),
        (b"<<: *a", "anchors and aliases are not read"),
        (b"%YAML 9.9\n---\na: 1", None),
        (b"name: x\nparts: " + b"1" * 100_000, "a number has too many digits"),
    ],
)
def test_hostile_files(tmp_path: Path, content: bytes, what: str | None) -> None:
    file = tmp_path / "chip.yaml"
    file.write_bytes(content)
    with pytest.raises(HardwareError) as caught:
        load_accelerator(file)
    assert what in (None, caught.value.what)


PIECES = (
    "0", "-1", "1e400", ".nan", "null", "true", "[]", "{}", "*a", "&a ", "!!int ", "? ", ": ", "- ",
    "\t", "\n", '"', "'", "|", ">", "%", "@", "#", "---\n", "...", "[[[[", "}}", "9" * 5000, "0x1F",
    "0b1", "1_000", "{macs: 6}", "{component: {class: sram}}", "\\", "\x85", "\ud83d", "é",
    "12:30:45",
    "2001-01-01", "{class: noc, x: 1, pitch_mm: 1}", "<<", "~", ".inf",
)  # fmt: skip


def mutate(text: str, rng: random.Random) -> str:
    """Cut, double, swap or spoil pieces of a text."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(text) + 1)
        stop = min(len(text), start + rng.choice((0, 1, 3, 12, 60)))
        what = rng.randrange(4)
        if what == 0:
            text = text[:start] + text[stop:]
        elif what == 1:
            text = text[:stop] + text[start:stop] * rng.randint(1, 3) + text[stop:]
        elif what == 2:
            text = text[:start] + rng.choice(PIECES) + text[stop:]
        else:
            values = list(re.finditer(r": ([^\n{\[]+)", text))
            if values:
                spot = rng.choice(values)
                text = text[: spot.start(1)] + rng.choice(PIECES) + text[spot.end(1) :]
    return text


@given(st.integers(0, 2**32))
@settings(max_examples=400, deadline=2000)
def test_mutations_load_or_are_refused(seed: int) -> None:
    text = mutate(VALID, random.Random(seed))
    try:
        chip = load(text)
    except PicojouleError as error:
        assert error.what and error.fix and str(error)
    else:
        assert load(dump_accelerator(chip)) == chip


@given(st.text(max_size=200))
@example("\ufeff")
@example("? ? ? ?")
@example("\ud800")
@settings(max_examples=200, deadline=2000)
def test_any_text_loads_or_is_refused(text: str) -> None:
    with pytest.raises(PicojouleError):
        load(text)
