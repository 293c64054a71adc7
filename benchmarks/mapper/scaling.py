"""Scaling: CPU seconds of the search against divisors, memories and dimensions, as figures.

`run` searches and keeps the results in scaling.json, `draw` draws them and writes the tables of the
page; without a command, both.
"""

import argparse
import dataclasses
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layers import FRONT, Outcome, Task, Worker
from table import table

from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import Constraints, PartConstraints
from picojoule.report.figures import COLOURS
from picojoule.workload import Operation, einsum, parse_operation

HERE = Path(__file__).parent
RESULTS = HERE / "scaling.json"
PAGE = HERE.parents[1] / "docs" / "scaling.md"
FIGURES = PAGE.parent / "figures"
MARKS = ("<!-- scaling tables: begin -->", "<!-- scaling tables: end -->")

TENSORS = ("weights", "inputs", "outputs")
PRODUCT = "fc N={0} M={0} C={0}"
CONVOLUTION = "conv M=64 C=64 P=14 Q=14 R=3 S=3"
MEMORIES = range(1, 7)
EQUATIONS = ("k,km->m", "nk,km->nm", "nkl,klm->nm", "nkl,klmo->nmo", "npkl,klmo->npmo")
BATCHED = "bnpkl,bklmo->bnpmo"
SIDE = 12
"""Size of every dimension of a contraction: six divisors."""


@dataclass(frozen=True, slots=True)
class Point:
    """One search of a series: where it stands on the horizontal axis, and what it is called."""

    place: int
    label: str
    task: Task


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture: what varies, what is held fixed, and its series by name."""

    name: str
    title: str
    axis: str
    is_log: bool
    series: dict[str, tuple[Point, ...]]


def chip(memories: int, *, array: int = 8) -> Accelerator:
    """A chip of some memories, each smaller and cheaper than the one outside it.

    The innermost has 128 words and stands in each element of a square array. Capacities and prices
    between it and a buffer of 256 kB follow geometric rows.
    """
    parts: list[Memory | Array | Compute] = [Memory("memory 1", read_pj=200.0, update_pj=200.0)]
    for n in range(2, memories + 1):
        depth = 0.0 if memories == 2 else (n - 2) / (memories - 2)
        if n == memories:
            parts.append(Array("pes", array, array, delivery_pj=1.0))
            depth = 1.0
        cost = 8.0 ** (1.0 - depth)
        bits = round(2**21 / 2 ** (10 * depth))
        parts.append(Memory(f"memory {n}", capacity_bits=bits, read_pj=cost, update_pj=cost))
    return Accelerator(f"{memories} memories", (*parts, Compute()), clock_hz=1e9)


def keep_all(accelerator: Accelerator) -> Constraints:
    """Every memory keeps every tensor."""
    return Constraints(
        {memory.name: PartConstraints(keep=TENSORS) for memory in accelerator.memories}
    )


def divisors(size: int) -> int:
    """How many numbers divide `size`."""
    return sum(size % n == 0 for n in range(1, size + 1))


def by_divisors(limit_s: float) -> Figure:
    """Products of square matrices whose side has more and more divisors."""
    powers = tuple(2**n for n in range(2, 16))
    composites = (6, 12, 24, 36, 48, 60, 120, 180, 240, 360, 720, 840, 1260, 1680, 2520, 5040)

    def points(sides: tuple[int, ...]) -> tuple[Point, ...]:
        return tuple(
            Point(
                divisors(side),
                f"{side} x {side} x {side}",
                Task(parse_operation(PRODUCT.format(side)), chip(3), "energy", limit_s),
            )
            for side in sides
        )

    return Figure(
        "divisors",
        "Products of n x n matrices, 3 memories, 8 x 8 array, least energy",
        "divisors of n",
        True,
        {"powers of two": points(powers), "highly composite numbers": points(composites)},
    )


def by_memories(limit_s: float) -> Figure:
    """The same operations on chips of one to six memories."""

    def points(text: str, *, is_kept: bool) -> tuple[Point, ...]:
        return tuple(
            Point(
                n,
                text,
                Task(
                    parse_operation(text),
                    chip(n),
                    "energy",
                    limit_s,
                    keep_all(chip(n)) if is_kept else None,
                ),
            )
            for n in MEMORIES
        )

    product = PRODUCT.format(256)
    return Figure(
        "memories",
        "A product of 256 x 256 matrices and a 3x3 convolution, 8 x 8 array, least energy",
        "memories",
        False,
        {
            "product, everything kept": points(product, is_kept=True),
            "product, bypass searched": points(product, is_kept=False),
            "convolution, everything kept": points(CONVOLUTION, is_kept=True),
            "convolution, bypass searched": points(CONVOLUTION, is_kept=False),
        },
    )


def contraction(dims: int) -> Operation:
    """A contraction of two tensors over some dimensions of one size."""
    equation = BATCHED if dims == 7 else EQUATIONS[dims - 2]
    shapes = tuple((SIDE,) * len(one) for one in equation.partition("->")[0].split(","))
    return einsum(equation, equation, shapes)


def by_dimensions(limit_s: float) -> Figure:
    """Contractions over two to seven dimensions."""

    def points(minimize: str) -> tuple[Point, ...]:
        return tuple(
            Point(n, contraction(n).name, Task(contraction(n), timed_chip(), minimize, limit_s))
            for n in range(2, 8)
        )

    return Figure(
        "dimensions",
        f"Contractions of two tensors, all sizes {SIDE}, 3 memories with ports, 8 x 8 array",
        "dimensions",
        False,
        {
            "least energy": points("energy"),
            "least energy x latency": points("edp"),
            "front": points(FRONT),
        },
    )


def timed_chip() -> Accelerator:
    """Three memories whose ports bound the time."""
    plain = chip(3)
    rates = {"memory 1": 64.0, "memory 2": 256.0}
    parts = tuple(
        dataclasses.replace(part, port_bits_per_cycle=rates[part.name])
        if isinstance(part, Memory) and part.name in rates
        else part
        for part in plain.parts
    )
    return dataclasses.replace(plain, parts=parts)


def run_all(wanted: list[str], *, limit_s: float, runs: int) -> None:
    """Search every point of the figures, and keep the results after each series."""
    for make in (by_divisors, by_memories, by_dimensions):
        figure = make(limit_s)
        if wanted and figure.name not in wanted:
            continue
        for name, points in figure.series.items():
            records = list(measure(points, runs, f"{figure.name}, {name}"))
            results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
            results.setdefault(figure.name, {})[name] = records
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def measure(points: tuple[Point, ...], runs: int, name: str) -> Iterator[dict[str, object]]:
    """Search the points of a series, in a process of its own.

    After two points in a row that were not proved, the rest is left out: they only grow.
    """
    warm = Task(parse_operation(CONVOLUTION.replace("64", "4")), chip(3), points[0].task.minimize)
    worker = Worker(warm)
    unproved = 0
    for point in points:
        if unproved == 2:
            break
        one: Outcome = worker.measure(point.task, runs)
        unproved = 0 if one.status == "proved" else unproved + 1
        print(f"{name}, {point.label}: {one.cpu_s:.3f} s, {one.status}", flush=True)
        yield {"place": point.place, "label": point.label, **dataclasses.asdict(one)}
    worker.close()


def draw(figure: Figure, results: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Draw one figure; hollow marks are searches that were not proved within the limit."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Picture

    picture = Picture(figsize=(6.4, 3.6), layout="constrained")
    FigureCanvasAgg(picture)
    axes = picture.subplots()
    for colour, marker, name in zip(COLOURS, "osD^", figure.series, strict=False):
        rows = sorted(results.get(name, []), key=lambda row: row["place"])
        places, times = [row["place"] for row in rows], [row["cpu_s"] for row in rows]
        axes.plot(places, times, color=colour, linewidth=1.2, zorder=2)
        for hollow in (False, True):
            shown = [n for n, row in enumerate(rows) if (row["status"] != "proved") == hollow]
            axes.plot(
                [places[n] for n in shown],
                [times[n] for n in shown],
                color=colour,
                marker=marker,
                markersize=5,
                markerfacecolor="white" if hollow else colour,
                linestyle="",
                label=None if hollow else name,
                zorder=3,
            )
    axes.plot([], [], "o", color="black", markerfacecolor="white", label="not proved in time")
    axes.set_yscale("log")
    if figure.is_log:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_title(figure.title, fontsize=9, loc="left")
    axes.set_xlabel(figure.axis, fontsize=9)
    axes.set_ylabel("CPU time of one search (s)", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(linewidth=0.4, color="#cccccc")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False)
    picture.savefig(path, format="png", dpi=100, metadata={"Software": None})


def write_page(figures: list[Figure], results: dict[str, Any]) -> None:
    """Replace the tables of the page."""
    parts = [tables(figure, results[figure.name]) for figure in figures if figure.name in results]
    body = "\n\n".join((MARKS[0], *parts, MARKS[1]))
    text = re.sub(f"{MARKS[0]}.*{MARKS[1]}", lambda _: body, PAGE.read_text(), flags=re.DOTALL)
    PAGE.write_text(text)


def tables(figure: Figure, results: dict[str, list[dict[str, Any]]]) -> str:
    """Every point of a figure."""
    heads = [figure.axis, "series", "CPU s", "mappings", "chains evaluated", "MB", "status"]
    rows = [
        [
            f"{row['place']}: {row['label']}",
            name,
            f"{row['cpu_s']:.3f}",
            f"{row['mapspace_size']:.1e}",
            f"{row['evaluated']:,}",
            f"{row['memory_mb']:.0f}",
            row["status"] if row["status"] != "limit" else f"limit, {row['gap']:.3f} of its bound",
        ]
        for name in figure.series
        for row in results.get(name, [])
    ]
    return table(heads, rows)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="?", choices=("run", "draw"))
    parser.add_argument("--figure", action="append", help="divisors, memories or dimensions")
    parser.add_argument("--limit-s", type=float, default=30.0, help="seconds for one search")
    parser.add_argument("--runs", type=int, default=3, help="of each search; the median counts")
    options = parser.parse_args()
    os.environ |= {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    if options.command != "draw":
        run_all(options.figure or [], limit_s=options.limit_s, runs=options.runs)
    if options.command != "run":
        results = json.loads(RESULTS.read_text())
        figures = [make(options.limit_s) for make in (by_divisors, by_memories, by_dimensions)]
        FIGURES.mkdir(exist_ok=True)
        for figure in figures:
            if figure.name in results:
                draw(figure, results[figure.name], FIGURES / f"scaling-{figure.name}.png")
        write_page(figures, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
