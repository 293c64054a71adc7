"""Curve: a trade of one quantity for another, as steps between points, with some of them named."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from picojoule.report.figures import COLOURS, require_matplotlib, save_drawing
from picojoule.report.text import common_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOGARITHMIC_FROM = 20.0
"""Ratio of the largest to the least value above which an axis is logarithmic."""
_DOTTED_POINTS = 150


@dataclass(frozen=True, slots=True)
class Quantity:
    """What an axis measures: its name, unit and values."""

    name: str
    unit: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve.

    Args:
        title: Above the picture.
        x, y: One value per point; x ascends, and y is reached from x on.
        marks: Index of a point -> its name.
    """

    title: str
    x: Quantity
    y: Quantity
    marks: dict[int, str]

    def __post_init__(self) -> None:
        assert len(self.x.values) == len(self.y.values) > 0


def save_curve(curve: Curve, path: str | Path) -> None:
    """Draw a curve into a file whose ending chooses the format.

    Raises:
        Unsupported: The ending names no format we write.
        PicojouleError: matplotlib is not installed.
        OutputError: The file cannot be written.
    """
    save_drawing(lambda: draw_curve(curve), path)


def draw_curve(curve: Curve) -> "Figure":
    """Draw a curve; axes are linear unless the values span more than a factor of 20.

    Raises:
        PicojouleError: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import StrMethodFormatter

    figure = Figure(figsize=(7.5, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(curve.title, fontsize=11, x=0.01, ha="left")
    axes = figure.subplots()
    scaled: list[list[float]] = []
    for axis, quantity in ((axes.xaxis, curve.x), (axes.yaxis, curve.y)):
        factor, unit = common_unit(max(quantity.values), quantity.unit, least=1)
        scaled.append([value * factor for value in quantity.values])
        axis.set_label_text(f"{quantity.name} ({unit})", fontsize=9)
        axis.set_tick_params(labelsize=8)
        if max(quantity.values) > LOGARITHMIC_FROM * min(quantity.values) > 0:
            getattr(axes, f"set_{axis.axis_name}scale")("log")
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    xs, ys = scaled
    dots = "." if len(xs) <= _DOTTED_POINTS else ""
    axes.plot(xs, ys, drawstyle="steps-post", color=COLOURS[0], marker=dots, linewidth=1.2)
    for index, name in curve.marks.items():
        axes.plot(xs[index], ys[index], "o", color=COLOURS[5], markersize=6)
        is_left = index < len(xs) / 2
        axes.annotate(
            name, (xs[index], ys[index]), (6 if is_left else -6, 6), textcoords="offset points",
            ha="left" if is_left else "right", fontsize=8,
        )  # fmt: skip
    axes.margins(x=0.08, y=0.12)
    axes.set_axisbelow(True)
    axes.grid(which="both", linewidth=0.4, color="#cccccc")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
