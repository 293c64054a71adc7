"""Roofline: work per second over work per byte, below what computing and moving allow."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from picojoule.report.figures import COLOURS, require_matplotlib, save_drawing
from picojoule.report.text import engineering

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMED_DOTS = 30
_SHAPES = "os^Dv"


@dataclass(frozen=True, slots=True)
class Dot:
    """One piece of work: its name, work per byte, and work per second."""

    name: str
    per_byte: float
    per_s: float


@dataclass(frozen=True, slots=True)
class Roofline:
    """A roofline.

    Args:
        title: Above the picture.
        work: Unit of work, such as "MAC".
        peak_per_s: What computing allows.
        bytes_per_s: What moving allows; infinite for no limit.
        dots: At least one.
    """

    title: str
    work: str
    peak_per_s: float
    bytes_per_s: float
    dots: tuple[Dot, ...]

    def __post_init__(self) -> None:
        assert self.dots


def save_roofline(roofline: Roofline, path: str | Path) -> None:
    """Draw a roofline into a file whose ending chooses the format.

    Raises:
        Unsupported: The ending names no format we write.
        PicojouleError: matplotlib is not installed.
        OutputError: The file cannot be written.
    """
    save_drawing(lambda: draw_roofline(roofline), path)


def draw_roofline(roofline: Roofline) -> "Figure":
    """Draw a roofline; dots that fall together share a mark and a line of the legend.

    Raises:
        PicojouleError: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(roofline.title, fontsize=11, x=0.01, ha="left")
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    _draw_roofs(axes, roofline)
    together = _together(roofline.dots)
    for index, dot in enumerate(together):
        axes.plot(
            dot.per_byte, dot.per_s, _SHAPES[index // len(COLOURS) % len(_SHAPES)],
            color=COLOURS[index % len(COLOURS)], markeredgecolor="black", markeredgewidth=0.4,
            markersize=6, label=dot.name if len(together) <= _NAMED_DOTS else None,
        )  # fmt: skip
    axes.set_xlabel(f"operational intensity ({roofline.work} per byte)", fontsize=9)
    axes.set_ylabel(f"throughput ({roofline.work}/s)", fontsize=9)
    axes.yaxis.set_major_formatter(lambda value, _: engineering(value, ""))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.tick_params(labelsize=8)
    axes.set_axisbelow(True)
    axes.grid(which="both", linewidth=0.3, color="#dddddd")
    axes.spines[["top", "right"]].set_visible(False)
    columns = 1 if len(together) <= 20 else 2
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7, frameon=False, ncols=columns
    )
    return figure


def _draw_roofs(axes: "Axes", roofline: Roofline) -> None:
    """The flat roof of computing and, where there is one, the slope of moving."""
    intensities = [dot.per_byte for dot in roofline.dots]
    ridge = roofline.peak_per_s / roofline.bytes_per_s
    least, most = min(intensities) / 3, max(intensities) * 3
    if math.isfinite(roofline.bytes_per_s):
        least, most = min(least, ridge / 3), max(most, ridge * 3)
        label = f"moving: {engineering(roofline.bytes_per_s, 'B/s')}"
        slope = [roofline.bytes_per_s * least, roofline.peak_per_s]
        axes.plot([least, ridge], slope, color="black", linewidth=1.2, linestyle="--", label=label)
    else:
        ridge = least
    label = f"computing: {engineering(roofline.peak_per_s, f'{roofline.work}/s')}"
    flat = [roofline.peak_per_s, roofline.peak_per_s]
    axes.plot([ridge, most], flat, color="black", linewidth=1.2, label=label)
    axes.set_xlim(least, most)


def _together(dots: tuple[Dot, ...]) -> list[Dot]:
    """Dots at the same place become one, named after all of them."""
    names: dict[tuple[float, float], list[str]] = {}
    for dot in dots:
        names.setdefault((dot.per_byte, dot.per_s), []).append(dot.name)
    joined: list[Dot] = []
    for place, (first, *others) in names.items():
        name = f"{first} and {len(others)} more" if others else first
        joined.append(Dot(name, *place))
    return joined
