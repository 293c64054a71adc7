"""Report: numbers, tables, pictures and files, without any physics."""

import csv
import io
import itertools
import math
import os
import stat
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from picojoule import report
from picojoule.errors import PicojouleError, Unsupported
from picojoule.report import Chart, Column, OutputError, Panel, Stack, Table

PREFIXES = {"f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12}


@given(st.floats(1e-14, 1e14))
@example(999.5)
@example(0.0009995)
def test_engineering_reads_back_to_three_digits(value: float) -> None:
    mantissa, unit = report.engineering(value, "J").split()
    read = float(mantissa) * 10.0 ** PREFIXES[unit.removesuffix("J")]
    assert math.isclose(read, value, rel_tol=0.005001)
    assert 1 <= float(mantissa) < 1000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 J"),
        (2.0513e-3, "2.05 mJ"),
        (999.96, "1.00 kJ"),
        (-0.5, "-500 mJ"),
        (1e18, "1000000 TJ"),
    ],
)
def test_engineering_by_hand(value: float, text: str) -> None:
    assert report.engineering(value, "J") == text


@given(st.floats(1e-14, 1e14), st.sampled_from([1.0, 10.0, 100.0]))
def test_a_common_unit_leaves_the_largest_value_its_digits(largest: float, least: float) -> None:
    factor, _ = report.common_unit(largest, "J", least=least)
    assert largest * factor >= least or factor == 1e15
    assert largest * factor < least * 1001 or factor == 1e-12


CELLS = st.one_of(st.none(), st.integers(), st.booleans(), st.text(max_size=20))


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
@settings(max_examples=60)
def test_csv_keeps_numbers_and_disarms_formulas(rows: list[tuple[object, object]]) -> None:
    columns = (Column("left", "a"), Column("right", "b"))
    text = report.to_csv(Table("t", columns, tuple(rows)))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["a", "b"]
    for row, cells in zip(rows, read[1:], strict=True):
        for value, cell in zip(row, cells, strict=True):
            if isinstance(value, int):
                assert int(cell) == value
            else:
                assert not cell.startswith(("=", "+", "-", "@"))


def test_columns_move_together_before_a_name_is_folded() -> None:
    """Three columns of 8, 4 and 4 characters: 16 and two gaps of two, or of one."""
    columns = (Column("dataflow", "d", align="left"), Column("RF", "r"), Column("DRAM", "m"))
    table = Table("", columns, (("ws", 1234, 5678),))
    assert report.to_text(table, width=20).splitlines()[0] == "dataflow    RF  DRAM"
    for width in (18, 19):
        assert report.to_text(table, width=width).splitlines()[0] == "dataflow   RF DRAM"


def test_a_heading_is_broken_no_more_than_its_cells_need() -> None:
    columns = (Column("n", "n"), Column("what stays where", "w", align="left"))
    table = Table("", columns, ((123, "words " * 20),))
    assert report.to_text(table, width=40).splitlines()[0] == "  n  what stays where"
    short = Table("", (*columns, Column("run time ms", "t")), ((1, "words " * 20, 1234.25),))
    assert report.to_text(short, width=40).splitlines()[:2] == [
        "                                     run",
        "n  what stays where              time ms",
    ]


@given(st.lists(st.text(max_size=200), min_size=1, max_size=4))
@settings(max_examples=60)
def test_a_table_stays_within_its_width_and_obeys_no_cell(names: list[str]) -> None:
    columns = (Column("name", "name", align="left"), Column("n", "n", report.count))
    text = report.to_text(Table("title", columns, tuple((name, 1234567) for name in names)))
    lines = text.splitlines()
    assert all(len(line) <= report.WIDTH * 2 for line in lines)  # a wide sign takes two columns
    assert all(line.isprintable() for line in lines)
    assert text.count("1,234,567") == len(names)


def test_long_names_are_folded_not_cut() -> None:
    columns = (Column("name", "name", align="left"),)
    text = report.to_text(Table("", columns, (("x" * 350,),)))
    assert text.count("x") == 350
    assert max(map(len, text.splitlines())) <= 100


def test_records_become_columns_in_order_of_appearance() -> None:
    table = report.records_table([{"a": 1, "b": {"c": [2, 3]}}, {"b": {"d": None}, "a": 4}])
    assert [column.key for column in table.columns] == ["a", "b.c", "b.d"]
    assert table.rows == ((1, "2 3", None), (4, None, None))


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    target = tmp_path / "result.txt"
    report.write_whole(target, "old")
    target.chmod(0o640)
    report.write_whole(target, "new")
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["result.txt"]


def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    report.write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "result.txt"
    target.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        report.write_whole(target, "new")
    assert caught.value.where == str(target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["result.txt"]


@pytest.mark.parametrize("write", [report.check_place, lambda path: report.write_whole(path, "")])
def test_a_place_that_cannot_be_written_is_refused(write, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "file"):
        with pytest.raises(OutputError) as caught:
            write(path)
        assert caught.value.where == str(path)
    (tmp_path / "missing").mkdir()
    write(tmp_path / "missing" / "file")


def chart(bars: int) -> Chart:
    """A chart of two stacks; bar number n is 3n + 3 units high."""
    labels = tuple(f"block{n}.convolution{n}" for n in range(bars))
    low = Stack("low", tuple(float(n + 1) for n in range(bars)))
    high = Stack("high", tuple(2.0 * (n + 1) for n in range(bars)))
    return Chart("title", "energy per layer", "J", labels, (Panel("by level", (low, high)),))


@pytest.mark.parametrize("bars", [1, 5, 60, 160])
def test_a_chart_stacks_its_bars_and_names_every_one(bars: int) -> None:
    figure = report.draw_chart(chart(bars))
    (axes,) = figure.axes
    tops = [patch.get_y() + patch.get_height() for patch in axes.containers[1].patches]
    assert tops == [3.0 * (n + 1) for n in range(bars)]
    assert axes.get_ylabel() == "energy per layer (J)"
    assert len(axes.get_xticklabels()) == bars
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["high", "low"]
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(left.x1 <= right.x0 + 1 for left, right in itertools.pairwise(boxes))


def test_every_colour_of_a_stack_is_told_apart() -> None:
    stacks = tuple(Stack(f"part {n}", (1.0,)) for n in range(16))
    figure = report.draw_chart(Chart("t", "q", "J", ("one",), (Panel("p", stacks),)))
    looks = {
        (patch.get_facecolor(), patch.get_hatch())
        for container in figure.axes[0].containers
        for patch in container.patches
    }
    assert len(looks) == 16


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_picture_is_written_in_the_format_of_its_ending(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{ending}"
    report.save_chart(chart(3), path)
    heads = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert path.read_bytes().startswith(heads[ending])


def test_a_picture_that_cannot_be_drawn_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unsupported) as caught:
        report.save_chart(chart(3), tmp_path / "picture.bmp")
    assert caught.value.got == ".bmp"
    with pytest.raises(Unsupported):
        report.save_chart(Chart("t", "q", "J", (), (Panel("p", ()),)), tmp_path / "picture.png")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PicojouleError) as missing:
        report.save_chart(chart(3), tmp_path / "picture.png")
    assert "picojoule[plot]" in missing.value.fix
    assert list(tmp_path.iterdir()) == []
