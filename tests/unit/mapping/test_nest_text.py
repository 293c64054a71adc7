"""The text form of a nest: round trips, and errors that name their line."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.errors import MappingError, PicojouleError
from picojoule.mapping import Level, Loop, Nest, format_nest, parse_nest

NAMES = st.one_of(
    st.sampled_from(["dram", "for", "spread", "keeps", "in", "over", "P", "é-1"]),
    st.text(string.ascii_letters + string.digits + "-_.:<=>", min_size=1, max_size=6),
)
LOOPS = st.builds(Loop, NAMES, st.integers(1, 2**40), st.sampled_from([None, "x", "y"]))
LEVELS = st.builds(
    Level,
    NAMES,
    st.lists(LOOPS, max_size=4).map(tuple),
    st.lists(NAMES, max_size=3).map(tuple),
)
NESTS = st.builds(Nest, st.lists(LEVELS, min_size=1, max_size=4).map(tuple))

EXAMPLE = """\
dram  keeps weights inputs outputs
  for M in 4
  for P in 8
array
  spread M in 14 over x
  spread C in 2 over y
register  keeps outputs"""


@given(NESTS)
def test_round_trip(nest: Nest) -> None:
    assert parse_nest(format_nest(nest)) == nest


def test_example_reads_as_it_is_written() -> None:
    nest = parse_nest(EXAMPLE)
    assert nest.levels[1] == Level("array", (Loop("M", 14, "x"), Loop("C", 2, "y")))
    assert nest.levels[0].keeps == ("weights", "inputs", "outputs")
    assert format_nest(nest) == EXAMPLE


def test_comments_blank_lines_and_any_indentation_are_read() -> None:
    text = "# best so far\n\ndram keeps w # all of it\n\tfor M in 4\n        for P in 8\r\n"
    assert parse_nest(text) == parse_nest("dram  keeps w\n  for M in 4\n  for P in 8")


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=200), st.text("dram for inMP 48keps\n\t#xyover", max_size=200)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        nest = parse_nest(text)
    except PicojouleError:
        return
    assert parse_nest(format_nest(nest)) == nest


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_nest_is_read_or_refused(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(EXAMPLE)))
    cut = data.draw(st.integers(0, 5))
    text = EXAMPLE[:at] + data.draw(st.text(max_size=3)) + EXAMPLE[at + cut :]
    try:
        parse_nest(text)
    except PicojouleError as error:
        assert error.fix and error.where.startswith("nest")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("dram\n  for M in four", 2),
        ("dram\n  for M in 0", 2),
        ("dram\n  for M in -4", 2),
        ("dram\n  for M in 4.0", 2),
        ("dram\n  for M in 99999999999999999999999", 2),
        ("dram\n  for M in ٤", 2),
        ("dram\n  for M 4", 2),
        ("dram\n\n  spread M in 4", 3),
        ("dram\n  spread M in 4 over z", 2),
        ("dram\n  parallel M in 4", 2),
        ("  for M in 4", 1),
        ("dram\nfor M in 4", 2),
        ("dram keeps", 1),
        ("dram holds weights", 1),
    ],
)
def test_errors_name_the_line(text: str, line: int) -> None:
    with pytest.raises(MappingError) as caught:
        parse_nest(text, name="best.nest")
    assert caught.value.where == f"best.nest:{line}"


def test_nothing_and_too_much_are_refused() -> None:
    for text in ("", "# only a comment", "x" * 70_000):
        with pytest.raises(MappingError) as caught:
            parse_nest(text, name="best.nest")
        assert caught.value.where == "best.nest"


@pytest.mark.parametrize("name", ["", "two words", "tab\there", "half#note", "line\n"])
def test_names_that_could_not_be_read_back_are_refused(name: str) -> None:
    for level in (Level(name), Level("a", (Loop(name, 2),)), Level("a", keeps=(name,))):
        with pytest.raises(MappingError):
            format_nest(Nest((level,)))
