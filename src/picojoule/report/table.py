"""Table: rows under named columns, before anyone decides whether they become text or CSV.

A cell is a plain value; how many digits are shown is the column's business, so that CSV keeps
what the text rounds away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Cell = str | int | float | bool | None
Align = Literal["left", "right"]


def plain(cell: Cell) -> str:
    """Show a cell on one line: a dash where there is nothing, yes or no for a truth.

    Names come from strangers' files: what a terminal would obey is shown escaped.

    >>> plain(None), plain(True), plain("a\\x1b[2J")
    ('-', 'yes', 'a\\\\x1b[2J')
    """
    if cell is None:
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return printable(str(cell))


def printable(text: str) -> str:
    """Escape every character that is not printable."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` heads the text, `key` the CSV; `show` turns a cell into text."""

    name: str
    key: str
    show: Callable[[Cell], str] = plain
    align: Align = "right"


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table.

    Args:
        title: One line above it.
        columns: One per cell of a row.
        rows: The cells.
        total: A last row, set apart; left out of CSV, whose reader can add.
        notes: Lines below it.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in (*self.rows, *((self.total,) if self.total else ())):
            assert len(row) == len(self.columns), (self.title, row)


def records_table(records: Sequence[Mapping[str, Any]]) -> Table:
    """Put records under a column per key that occurs; nested keys are joined by dots.

    >>> records_table([{"a": 1, "b": {"c": 2}}, {"a": 3}]).rows
    ((1, 2), (3, None))
    """
    flat = [flatten(record) for record in records]
    keys = tuple(dict.fromkeys(key for record in flat for key in record))
    columns = tuple(Column(key, key) for key in keys)
    return Table("", columns, tuple(tuple(record.get(key) for key in keys) for record in flat))


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Cell]:
    """Put nested mappings side by side under dotted names, and sequences into one cell.

    >>> flatten({"a": 1, "b": {"c": 2, "d": {"e": [3, 4]}}})
    {'a': 1, 'b.c': 2, 'b.d.e': '3 4'}
    """
    flat: dict[str, Cell] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            flat[f"{prefix}{key}"] = " ".join(map(str, value))
        else:
            flat[f"{prefix}{key}"] = value
    return flat
