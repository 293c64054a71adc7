"""Figures: stacked bars that stay legible from five layers to a few hundred.

Colours are those of Okabe and Ito (2008), told apart by readers of any colour vision; where a
chart needs more than there are, hatching tells the next round from the first.
"""

import importlib.util
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picojoule.errors import PicojouleError, Unsupported
from picojoule.report.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Okabe-Ito without black, which outlines and text use; grey in its place."""

FORMATS = ("png", "svg", "pdf")
_HATCHES = ("", "///", "...")
_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
_LABELLED_BARS = 16
_CROWDED_BARS = 64
_TALLEST_LABEL = 24


@dataclass(frozen=True, slots=True)
class Stack:
    """One colour of a stacked bar chart: a value per bar, in the chart's unit."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One set of axes: the same bars, divided in one way."""

    title: str
    stacks: tuple[Stack, ...]

    @property
    def totals(self) -> tuple[float, ...]:
        """Height of each bar."""
        return tuple(map(sum, zip(*(stack.values for stack in self.stacks), strict=True)))


@dataclass(frozen=True, slots=True)
class Chart:
    """Panels of stacked bars, one above the other, over the same labels.

    Args:
        title: Above the picture.
        quantity, unit: What the bars measure, for the vertical axis; values are in `unit`.
        labels: One per bar, left to right.
        panels: At least one.
    """

    title: str
    quantity: str
    unit: str
    labels: tuple[str, ...]
    panels: tuple[Panel, ...]

    def __post_init__(self) -> None:
        for panel in self.panels:
            for stack in panel.stacks:
                assert len(stack.values) == len(self.labels), (panel.title, stack.name)


def save_chart(chart: Chart, path: str | Path) -> None:
    """Draw a chart into a file whose ending chooses the format.

    Raises:
        Unsupported: The ending names no format we write, or there is nothing to draw.
        PicojouleError: matplotlib is not installed.
        OutputError: The file cannot be written.
    """
    if not chart.labels:
        raise Unsupported(
            "nothing to draw",
            where=str(path),
            got="no layer with multiply-accumulates",
            expected="at least one bar",
            fix="evaluate a network with convolutions, matrix products or the like",
        )
    save_drawing(lambda: draw_chart(chart), path)


def save_drawing(draw: Callable[[], "Figure"], path: str | Path) -> None:
    """Write what is drawn into a file whose ending chooses the format; equal drawings, equal bytes.

    Raises:
        Unsupported: The ending names no format we write.
        OutputError: The file cannot be written.
    """
    ending = picture_format(path)
    stream = io.BytesIO()
    stamp = {"Date": None} if ending == "svg" else {"CreationDate": None} if ending == "pdf" else {}
    draw().savefig(stream, format=ending, dpi=150, metadata=stamp)
    write_whole(path, stream.getvalue())


def picture_format(path: str | Path) -> str:
    """Tell the picture format from a file's ending.

    Raises:
        Unsupported: The ending names none that we write.
    """
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending in FORMATS:
        return ending
    raise Unsupported(
        "picture format is not supported",
        where=str(path),
        got=f".{ending}" if ending else "a name without an ending",
        expected=" or ".join(f".{name}" for name in FORMATS),
        fix="give the file one of these endings",
    )


def require_matplotlib() -> None:
    """Refuse to draw where matplotlib is not installed.

    Raises:
        PicojouleError: It is not.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise PicojouleError(
            "matplotlib is needed to draw",
            where="plot",
            got="no matplotlib",
            expected="matplotlib installed",
            fix="pip install 'picojoule[plot]'",
        )


def draw_chart(chart: Chart) -> "Figure":
    """Draw a chart; the figure grows with the number of bars, and no global state is touched.

    Raises:
        PicojouleError: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    crowded = len(chart.labels) > _CROWDED_BARS
    width = max(9.0, 2.6 + (0.13 if crowded else 0.2) * len(chart.labels))
    longest = min(_TALLEST_LABEL, max(len(label) for label in chart.labels))
    height = 0.9 + (4.0 if crowded else 3.1) * len(chart.panels) + 0.075 * longest
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(chart.title, fontsize=11, x=0.01, ha="left")
    # matplotlib's stub gives a union that no annotation narrows.
    grid: Any = figure.subplots(len(chart.panels), 1, sharex=True, squeeze=False)
    for panel, axes in zip(chart.panels, grid[:, 0], strict=True):
        _draw_panel(axes, panel, chart)
    last: Axes = grid[-1, 0]
    last.set_xticks(range(len(chart.labels)))
    names = [_shorten(label) for label in chart.labels]
    last.set_xticklabels(names, rotation=90, fontsize=6 if crowded else 7)
    last.set_xlim(-0.6, len(chart.labels) - 0.4)
    return figure


def _draw_panel(axes: "Axes", panel: Panel, chart: Chart) -> None:
    totals = panel.totals
    scale, prefix = _prefix(max(totals))
    places = range(len(chart.labels))
    below = [0.0] * len(chart.labels)
    for index, stack in enumerate(panel.stacks):
        values = [value / scale for value in stack.values]
        axes.bar(
            places,
            values,
            bottom=below,
            width=0.8,
            label=stack.name,
            color=COLOURS[index % len(COLOURS)],
            hatch=_HATCHES[index // len(COLOURS) % len(_HATCHES)],
            edgecolor="black",
            linewidth=0.3,
        )
        below = [low + value for low, value in zip(below, values, strict=True)]
    # Bars that are all equal, as shares of a whole are, need no figure each.
    figures = [f"{top:#.3g}".rstrip(".") for top in below]
    if len(figures) <= _LABELLED_BARS and (len(figures) == 1 or len(set(figures)) > 1):
        for place, top in enumerate(below):
            axes.annotate(
                figures[place], (place, top), (0, 2), textcoords="offset points",
                ha="center", va="bottom", fontsize=7,
            )  # fmt: skip
    axes.set_title(panel.title, fontsize=9, loc="left")
    axes.set_ylabel(f"{chart.quantity} ({prefix}{chart.unit})", fontsize=9)
    axes.tick_params(axis="y", labelsize=8)
    axes.margins(y=0.12)
    axes.set_axisbelow(True)
    axes.grid(axis="y", linewidth=0.4, color="#cccccc")
    axes.spines[["top", "right"]].set_visible(False)
    handles, names = axes.get_legend_handles_labels()
    # The legend lists from the top of the bar down.
    axes.legend(
        handles[::-1], names[::-1], loc="upper left", bbox_to_anchor=(1.0, 1.0),
        fontsize=8, frameon=False,
    )  # fmt: skip


def _prefix(largest: float) -> tuple[float, str]:
    for scale, prefix in _PREFIXES:
        if largest >= scale:
            return scale, prefix
    return _PREFIXES[-1]


def _shorten(label: str) -> str:
    """Keep a long label's end, where layers of one network differ."""
    return label if len(label) <= _TALLEST_LABEL else f"…{label[-_TALLEST_LABEL + 1 :]}"
