"""Grids: text beside panels of cells, in which equal cells have one colour."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picojoule.report.figures import require_matplotlib, save_drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CELL = 0.62
"""Inches of a cell's side."""


@dataclass(frozen=True, slots=True)
class Grid:
    """One panel.

    Args:
        title, caption: Above the cells.
        cells: `(row, column)`, a text each; equal texts get the same colour.
        blank: The text of cells without a colour.
        goes_right, goes_down: Whether there are more columns or rows than are drawn.
    """

    title: str
    caption: str
    cells: tuple[tuple[str, ...], ...]
    blank: str = ""
    goes_right: bool = False
    goes_down: bool = False


@dataclass(frozen=True, slots=True)
class GridPicture:
    """Panels side by side, with a text to the left of them.

    Args:
        title: Above all.
        text: To the left, in fixed width.
        heading: Above the panels.
        grids: At least one, of one size.
    """

    title: str
    text: str
    heading: str
    grids: tuple[Grid, ...]


def save_grids(picture: GridPicture, path: str | Path) -> None:
    """Draw panels of cells into a file whose ending chooses the format.

    Raises:
        Unsupported: The ending names no format we write.
        PicojouleError: matplotlib is not installed.
        OutputError: The file cannot be written.
    """
    save_drawing(lambda: draw_grids(picture), path)


def draw_grids(picture: GridPicture) -> "Figure":
    """Draw panels of cells; no global state is touched.

    Raises:
        PicojouleError: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows, columns = len(picture.grids[0].cells), len(picture.grids[0].cells[0])
    lines = picture.text.splitlines()
    left = 0.4 + 0.085 * max(map(len, lines))
    wide = max(_CELL * (columns + 1), 3.4)
    height = max(1.6 + _CELL * (rows + 1), 1.0 + 0.19 * len(lines))
    width = left + (wide + 0.15) * len(picture.grids)
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    figure.text(0.12 / width, 1 - 0.14 / height, picture.title, fontsize=12, va="top")
    figure.text(
        0.12 / width, 1 - 0.62 / height, picture.text, family="monospace", fontsize=9, va="top"
    )
    figure.text(left / width, 1 - 0.62 / height, picture.heading, fontsize=10, va="top")
    for n, grid in enumerate(picture.grids):
        place = (left + n * (wide + 0.15), height - 1.6 - _CELL * (rows + 0.6), wide)
        axes = figure.add_axes(
            (place[0] / width, place[1] / height, wide / width, _CELL * (rows + 0.6) / height)
        )
        _draw_grid(axes, grid, wide / _CELL)
    return figure


def _draw_grid(axes: "Axes", grid: Grid, across: float) -> None:
    from matplotlib.patches import Rectangle

    words = list(dict.fromkeys(cell for row in grid.cells for cell in row if cell != grid.blank))
    colours = dict(zip(words, _colours(len(words)), strict=True))
    rows, columns = len(grid.cells), len(grid.cells[0])
    for y, row in enumerate(grid.cells):
        for x, cell in enumerate(row):
            face = colours.get(cell, "#ffffff")
            axes.add_patch(
                Rectangle((x + 0.04, y + 0.04), 0.92, 0.92, facecolor=face, edgecolor="#444444")
            )
            text = cell.replace(" ", "\n")
            size = 7 if text.count("\n") < 3 else 5
            axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=size)
    if grid.goes_right:
        axes.text(columns + 0.2, rows / 2, "...", ha="center", va="center", fontsize=11)
    if grid.goes_down:
        axes.text(columns / 2, rows + 0.25, "...", ha="center", va="center", fontsize=11)
    axes.set_xlim(0, across)
    axes.set_ylim(rows + 0.6, 0)
    axes.set_aspect("equal", anchor="NW")
    axes.axis("off")
    title: Any = axes.set_title(f"{grid.title}: {grid.caption}", fontsize=8.5, loc="left")
    title.set_wrap(False)


def _colours(number: int) -> list[tuple[float, float, float]]:
    """So many light colours, neighbours far apart."""
    import colorsys

    return [
        colorsys.hls_to_rgb(n * 0.618034 % 1.0, 0.80 + 0.06 * (n % 3 - 1), 0.65)
        for n in range(number)
    ]
