"""Bars: two series side by side per label, such as a prediction and its measurement.

The second series is hatched as well as coloured, so that the two are told apart in print.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picojoule.report.figures import COLOURS, require_matplotlib, save_drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABELLED_BARS = 8


@dataclass(frozen=True, slots=True)
class BarPanel:
    """One set of axes: a quantity per label, in each series that has it.

    Args:
        quantity, unit: For the vertical axis; values are in `unit`.
        series: (name, values, one per label; None where there is none).
    """

    quantity: str
    unit: str
    series: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Panels of bars, one above the other, over the same labels."""

    title: str
    labels: tuple[str, ...]
    panels: tuple[BarPanel, ...]

    def __post_init__(self) -> None:
        for panel in self.panels:
            for name, values in panel.series:
                assert len(values) == len(self.labels), (panel.quantity, name)


def save_bars(bars: Bars, path: str | Path) -> None:
    """Draw bars into a file whose ending chooses the format.

    Raises:
        Unsupported: The ending names no format we write.
        PicojouleError: matplotlib is not installed.
        OutputError: The file cannot be written.
    """
    save_drawing(lambda: draw_bars(bars), path)


def draw_bars(bars: Bars) -> "Figure":
    """Draw bars; no global state is touched.

    Raises:
        PicojouleError: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = max(7.5, 2.0 + 0.75 * len(bars.labels))
    figure = Figure(figsize=(width, 0.8 + 2.3 * len(bars.panels)), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(bars.title, fontsize=11, x=0.01, ha="left")
    # matplotlib's stub gives a union that no annotation narrows.
    grid: Any = figure.subplots(len(bars.panels), 1, sharex=True, squeeze=False)
    for panel, axes in zip(bars.panels, grid[:, 0], strict=True):
        _draw_panel(axes, panel, len(bars.labels))
    last: Axes = grid[-1, 0]
    last.set_xticks(range(len(bars.labels)))
    last.set_xticklabels(bars.labels, fontsize=8)
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower left", ncols=2, fontsize=9, frameon=False)
    return figure


def _draw_panel(axes: "Axes", panel: BarPanel, labels: int) -> None:
    width = 0.8 / len(panel.series)
    for index, (name, values) in enumerate(panel.series):
        shift = (index - (len(panel.series) - 1) / 2) * width
        places = [place + shift for place, value in enumerate(values) if value is not None]
        heights = [value for value in values if value is not None]
        axes.bar(
            places,
            heights,
            width=width,
            label=name,
            color=COLOURS[index % len(COLOURS)],
            hatch="///" if index % 2 else "",
            edgecolor="black",
            linewidth=0.4,
        )
        if labels <= _LABELLED_BARS:
            for place, height in zip(places, heights, strict=True):
                axes.annotate(
                    f"{height:.3g}", (place, height), (0, 2), textcoords="offset points",
                    ha="center", va="bottom", fontsize=7,
                )  # fmt: skip
    axes.set_ylabel(f"{panel.quantity} ({panel.unit})", fontsize=9)
    axes.tick_params(axis="y", labelsize=8)
    axes.margins(y=0.15)
    axes.set_axisbelow(True)
    axes.grid(axis="y", linewidth=0.4, color="#cccccc")
    axes.spines[["top", "right"]].set_visible(False)
