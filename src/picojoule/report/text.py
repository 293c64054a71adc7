"""Text: numbers read at a glance, and tables for a terminal, a pipe or a spreadsheet."""

import csv
import io
import math
import textwrap
from collections.abc import Callable, Iterable

from picojoule.report.table import Cell, Column, Table, plain, printable

WIDTH = 100
"""Columns that a table may take when nobody says how wide the terminal is."""

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


def engineering(value: float, unit: str, *, digits: int = 3) -> str:
    """Show a quantity with three digits and the prefix that suits it.

    >>> engineering(0.0020513, "J"), engineering(0, "s"), engineering(999.96, "J")
    ('2.05 mJ', '0 s', '1.00 kJ')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}".rstrip()
    rounded = float(f"{value:.{digits - 1}e}")
    power = min(12, max(-15, 3 * math.floor(math.log10(abs(rounded)) / 3)))
    mantissa = rounded / 10.0**power
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(mantissa)) + 1e-12))
    return f"{mantissa:.{decimals}f} {_PREFIXES[power]}{unit}".rstrip()


def count(cell: Cell) -> str:
    """Show an integer with thousands separators.

    >>> count(665784864), count(None)
    ('665,784,864', '-')
    """
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else plain(cell)


def scaled(factor: float, *, decimals: int = 2) -> Callable[[Cell], str]:
    """Make a column's `show`: the cell times `factor`, with a fixed number of decimals.

    >>> scaled(1e-6)(2_050_000.0), scaled(1e-6)(None), scaled(1.0)(0.0)
    ('2.05', '-', '0')
    """

    def show(cell: Cell) -> str:
        if isinstance(cell, bool) or not isinstance(cell, int | float):
            return plain(cell)
        value = cell * factor
        if value == 0:
            return "0"
        smallest = 10.0**-decimals
        return f"{value:,.{decimals}f}" if abs(value) >= smallest else f"<{smallest:g}"

    return show


def common_unit(largest: float, unit: str, *, least: float) -> tuple[float, str]:
    """Choose one unit for a whole column, so that its largest value still has digits to spare.

    Args:
        largest: The largest value of the column.
        unit: Without a prefix.
        least: What the largest value should read at least.

    Returns:
        (factor to multiply by, unit with its prefix).

    >>> common_unit(0.0248, "J", least=100)
    (1000000.0, 'uJ')
    """
    for power in sorted(_PREFIXES, reverse=True):
        if abs(largest) * 10.0**-power >= least:
            return 10.0**-power, f"{_PREFIXES[power]}{unit}"
    return 10.0 ** -min(_PREFIXES), f"{_PREFIXES[min(_PREFIXES)]}{unit}"


def to_text(table: Table, *, width: int = WIDTH, color: bool = False) -> str:
    """Draw a table with aligned columns.

    Args:
        table: What to draw.
        width: Characters a line may take; where the table is wider, headings are broken at their
            hyphens and spaces, columns move together, then left-aligned cells are folded; nothing
            is cut.
        color: Whether to write terminal colours.

    Returns:
        Lines, each ended; nothing trails.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    headings = [column.name for column in table.columns]
    if _natural_width(table, headings) > width:
        headings = [_broken(table, place) for place in range(len(headings))]
    excess = _natural_width(table, headings) - width
    grid = Grid(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        show_footer=table.total is not None,
        padding=(0, 0 if 0 < excess < len(headings) else 1, 0, 0),
    )
    for place, (column, heading) in enumerate(zip(table.columns, headings, strict=True)):
        footer = column.show(table.total[place]) if table.total else ""
        left = column.align == "left"
        grid.add_column(
            Text(heading),
            Text(footer, style="bold"),
            justify=column.align,
            overflow="fold",
            no_wrap=not left,
        )
    for row in table.rows:
        cells = (column.show(cell) for column, cell in zip(table.columns, row, strict=True))
        grid.add_row(*(Text(cell) for cell in cells))
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, color_system="standard" if color else None, force_terminal=color
    )
    if table.title:
        console.print(Text(table.title, style="bold"), end="\n\n")
    console.print(grid)
    if table.notes:
        console.print()
    for note in table.notes:
        console.print(Text(note), soft_wrap=False)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()).strip("\n") + "\n"


def _natural_width(table: Table, headings: list[str]) -> int:
    """Characters that a table takes when no cell is folded: two stand between columns."""
    widths = (
        max(_cell_width(table, place), *(len(line) for line in heading.split("\n")))
        for place, heading in enumerate(headings)
    )
    return sum(2 + width for width in widths) - 2


def _cell_width(table: Table, place: int) -> int:
    """Characters of the widest cell of a column."""
    show = table.columns[place].show
    rows = [*table.rows, table.total] if table.total else table.rows
    return max((len(show(row[place])) for row in rows), default=0)


def _broken(table: Table, place: int) -> str:
    """A heading on as few lines as its cells or its longest word leave room for."""
    name = table.columns[place].name
    words = name.replace("-", "- ").split()
    room = max(_cell_width(table, place), *(len(word) for word in words)) if words else 1
    return "\n".join(textwrap.wrap(name, room))


def to_csv(table: Table) -> str:
    """Write a table as CSV under its columns' keys, with every digit and without its total.

    A text cell that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.key for column in table.columns])
    for row in table.rows:
        writer.writerow([_csv_cell(cell) for cell in row])
    return stream.getvalue()


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, str):
        text = "\n".join(printable(line) for line in cell.split("\n"))
        return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
    if isinstance(cell, bool):
        return int(cell)
    return "" if cell is None else cell


def reasons_table(
    title: str, heads: tuple[str, str, str], items: Iterable[tuple[str, str, int]]
) -> Table:
    """What is left out, kind by kind: how many, how much of them in all, and why.

    Args:
        title: Above the table.
        heads: Of the kinds, of how many there are, and of how much.
        items: (kind, reason, how much) of each.
    """
    kinds: dict[tuple[str, str], list[int]] = {}
    for kind, reason, amount in items:
        kinds.setdefault((kind, reason), []).append(amount)
    what, number, much = heads
    columns = (
        Column(what, "kind", align="left"),
        Column(number, number.lower(), count),
        Column(much, much.lower(), count),
        Column("why", "reason", align="left"),
    )
    rows = tuple((kind, len(all_), sum(all_), why) for (kind, why), all_ in kinds.items())
    return Table(title, columns, rows)
