"""Systolic picture: a small array at work, cycle by cycle, as text.

The array is executed, not drawn from a formula: what the picture shows has happened.
"""

import numpy as np
from numpy.typing import NDArray

from picojoule.errors import Unsupported
from picojoule.evaluation.systolic_report import SystolicReport
from picojoule.hardware import SystolicDataflow
from picojoule.report import WIDTH
from picojoule.simulate import NOTHING, multiply

LARGEST_GRID = 64
LARGEST_CYCLES = 400
"""PEs and cycles of a picture that anybody would look at."""
_SHOWN: dict[SystolicDataflow, tuple[str, str]] = {
    "ws": ("position in the window of the weight it holds", "pixel"),
    "is": ("position in the window of the input it holds", "filter"),
    "os": ("", "position in the window"),
}


def draw_systolic(report: SystolicReport, *, width: int = WIDTH) -> str:
    """Draw every dataflow of a report on one small product.

    Args:
        report: Of a network or operation with a single product.
        width: Characters of a line.

    Returns:
        For each dataflow, one grid of PEs a cycle, and what leaves each column below it.

    Raises:
        Unsupported: There is more than one product, or too much to look at.
    """
    array, product = report.array, report.layers[0].product
    cycles = max(report.cycles(flow) for flow in report.dataflows)
    single = len(report.layers) == 1 and report.layers[0].repeats * product.count == 1
    if not single or array.pes > LARGEST_GRID or cycles > LARGEST_CYCLES:
        raise Unsupported(
            "too much to draw",
            where=f"picture of {report.network!r}",
            got=f"{array.pes} PEs, {cycles} cycles" if single else "several products",
            expected=f"one product, at most {LARGEST_GRID} PEs and {LARGEST_CYCLES} cycles",
            fix='draw a small product, such as "matmul M=4 K=3 N=3" on 3 x 3 PEs',
        )
    return "\n".join(_draw(report, flow, width) for flow in report.dataflows)


def _draw(report: SystolicReport, dataflow: SystolicDataflow, width: int) -> str:
    product = report.layers[0].product
    frames: list[tuple[str, ...]] = []
    digits = len(str(max(product.pixels, product.window, product.filters) - 1))

    def show(places: NDArray[np.int64]) -> str:
        return " ".join(
            ("." if place == NOTHING else str(place)).rjust(digits) for place in places.tolist()
        )

    def watch(phase: str, grid: NDArray[np.int64], leaving: NDArray[np.int64]) -> None:
        frames.append((str(len(frames)), phase, *map(show, grid), show(leaving)))

    left = np.ones((product.pixels, product.window), dtype=np.int64)
    top = np.ones((product.window, product.filters), dtype=np.int64)
    run = multiply(left, top, report.array, dataflow, watch=watch)
    loaded, works = _SHOWN[dataflow]
    title = f"{dataflow}: {run.cycles} cycles; a PE shows the {works} that it works on"
    if loaded:
        title += f",\nwhile loading the {loaded}"
    lines = [title + "; '.' is idle", ""]
    rows = ["cycle", "", *(f"row {row}" for row in range(len(frames[0]) - 3)), "leaves"]
    names = [name.ljust(8) for name in rows]
    cell = max(len(part) for frame in frames for part in frame) + 3
    many = max(1, (width - 8) // cell)
    for start in range(0, len(frames), many):
        some = frames[start : start + many]
        for place, name in enumerate(names):
            line = name + "".join(frame[place].ljust(cell) for frame in some)
            lines.append(line.rstrip())
        lines.append("")
    return "\n".join(lines)
