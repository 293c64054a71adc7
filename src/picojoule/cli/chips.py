"""Chips: what `pj chips` shows: the library, or one chip with its diagram, sources and figures."""

import dataclasses
import textwrap
from pathlib import Path
from typing import Any

from picojoule.cli.output import Output, UsageError
from picojoule.cost import area_mm2
from picojoule.hardware import Accelerator, accelerator, describe, draw_svg, draw_text, library
from picojoule.published import (
    FAMILIES,
    QUANTITIES,
    Comparison,
    Report,
    compare,
    on_chip_bytes,
    peak_ops_per_s,
    quantity_text,
    report,
)
from picojoule.report import (
    Cell,
    Column,
    Table,
    check_place,
    count,
    engineering,
    plain,
    scaled,
    to_text,
    write_whole,
)
from picojoule.units import size_text

OWN = "without a family"
"""Where a chip stands of which nothing is published here."""


def show_chips(output: Output) -> None:
    """List the chips of the library, those of one family together."""
    records = sorted(
        (_record(name) for name in library()),
        key=lambda record: (*FAMILIES, OWN).index(str(record["family"])),
    )
    output.emit(
        text=lambda: _describe_library(records, width=output.width, color=output.color),
        data={"chips": records},
        records=records,
    )


def show_chip(name: str, output: Output, *, figure: Path | None, run: bool) -> None:
    """Show one chip: its diagram, its parts, where its numbers come from, what is published.

    Args:
        name: Of the library, or a file.
        output: Where to.
        figure: An SVG file for the diagram, too.
        run: Whether to search the mappings that published figures need.

    Raises:
        UsageError: The drawing's name does not end in .svg.
    """
    if figure is not None:
        if figure.suffix.lower() != ".svg":
            raise UsageError(
                "a chip's diagram is an SVG",
                where="--figure",
                got=figure.name,
                expected="a name that ends in .svg",
                fix=f"write --figure {figure.stem}.svg",
            )
        check_place(figure)
    chip = accelerator(name)
    known = report(name) if name in library() else None
    with output.told():
        compared = compare(chip, known.figures, run=run) if known else ()
    parts = [dataclasses.asdict(row) for row in describe(chip)]
    data: dict[str, Any] = {
        "name": chip.name,
        "description": chip.description,
        "family": known.family if known else None,
        "dataflow": known.dataflow if known else None,
        "compute_units": chip.compute_units,
        "clock_hz": chip.clock_hz,
        "technology_nm": chip.technology_nm,
        "voltage_v": chip.voltage_v,
        "area_mm2": area_mm2(chip),
        "on_chip_bytes": on_chip_bytes(chip),
        "peak_ops_per_s": peak_ops_per_s(chip),
        "word_bits": dict(chip.word_bits) or None,
        "parts": parts,
        "sources": dict(chip.sources),
        "published": [_figure_record(one) for one in compared],
    }
    output.emit(
        text=lambda: _describe_chip(chip, known, compared, width=output.width, color=output.color),
        data=data,
        records=parts,
    )
    if figure is not None:
        write_whole(figure, draw_svg(chip))
        output.note(f"wrote {figure}")


def _record(name: str) -> dict[str, Cell]:
    chip, known = accelerator(name), report(name)
    return {
        "name": name,
        "family": known.family if known else OWN,
        "dataflow": known.dataflow if known else "",
        "compute_units": chip.compute_units,
        "clock_hz": chip.clock_hz,
        "technology_nm": chip.technology_nm,
        "area_mm2": area_mm2(chip),
        "on_chip_bytes": on_chip_bytes(chip),
        "peak_macs_per_s": peak_ops_per_s(chip) / 2,
        "description": chip.description,
    }


def _describe_library(records: list[dict[str, Cell]], *, width: int, color: bool) -> str:
    columns = (
        Column("chip", "name", align="left"),
        Column("PEs", "compute_units", count),
        Column("MHz", "clock_hz", scaled(1e-6, decimals=0)),
        Column("nm", "technology_nm", scaled(1.0, decimals=0)),
        Column("on chip", "on_chip_bytes", _bytes),
        Column("GMAC/s", "peak_macs_per_s", scaled(1e-9, decimals=0)),
        Column("what stays where", "dataflow", align="left"),
    )
    keys = [column.key for column in columns]
    parts: list[str] = []
    for family in (*FAMILIES, OWN):
        rows = tuple(
            tuple(record[key] for key in keys) for record in records if record["family"] == family
        )
        if rows:
            parts.append(
                to_text(Table(family.capitalize(), columns, rows), width=width, color=color)
            )
    return "\n".join([*parts, "`pj chips NAME` shows one: diagram, sources, published figures.\n"])


def _bytes(cell: Cell) -> str:
    return size_text(8 * round(cell)) if isinstance(cell, float) else plain(cell)


def _describe_chip(
    chip: Accelerator,
    known: Report | None,
    compared: tuple[Comparison, ...],
    *,
    width: int,
    color: bool,
) -> str:
    heading = textwrap.wrap(chip.description, width)
    if known:
        heading += textwrap.wrap(f"{known.family.capitalize()}: {known.dataflow}", width)
    tables = [_parts_table(chip)]
    if compared:
        tables.append(_figures_table(compared))
    tables.append(_sources_table(chip))
    shown = [to_text(table, width=width, color=color) for table in tables]
    return "\n".join(["\n".join(heading) + "\n", draw_text(chip), *shown])


def _parts_table(chip: Accelerator) -> Table:
    columns = (
        Column("part", "part", align="left"),
        Column("number", "instances", count),
        Column("size of one", "capacity", align="left"),
        Column("pJ per action", "prices", align="left"),
        Column("per cycle", "bandwidth", align="left"),
        Column("tensors", "holds", align="left"),
    )
    rows = tuple(
        (row.part, row.instances, row.capacity, row.prices, row.bandwidth, row.holds)
        for row in describe(chip)
    )
    facts = [f"{chip.compute_units:,} PEs", engineering(chip.clock_hz, "Hz")]
    if chip.technology_nm is not None:
        facts.append(f"{chip.technology_nm:g} nm")
    if chip.voltage_v is not None:
        facts.append(f"{chip.voltage_v:g} V")
    facts.append(f"{area_mm2(chip):.4g} mm2")
    facts.append(engineering(peak_ops_per_s(chip) / 2, "MAC/s"))
    widths = ", ".join(f"{role} {bits}" for role, bits in chip.word_bits)
    notes = (f"words of a network without widths of its own, in bits: {widths}",) if widths else ()
    return Table(f"{chip.name}: {', '.join(facts)}", columns, rows, notes=notes)


def _figures_table(compared: tuple[Comparison, ...]) -> Table:
    columns = (
        Column("figure", "quantity", align="left"),
        Column("of", "about", align="left"),
        Column("published", "published"),
        Column("modelled", "modelled"),
        Column("error", "error"),
        Column("why, or what is missing", "remark", align="left"),
    )
    rows = tuple(_figure_cells(one) for one in compared)
    waiting = any(one.modelled is None and one.figure.needs is None for one in compared)
    notes = ("`--run` searches the mappings that the rest needs, in seconds each",) * waiting
    return Table("Published, and modelled", columns, rows, notes=notes)


def _figure_cells(one: Comparison) -> tuple[Cell, ...]:
    quantity, needs = one.figure.quantity, one.figure.needs
    return (
        QUANTITIES[quantity][0],
        one.figure.about,
        quantity_text(quantity, one.figure.value),
        None if one.modelled is None else quantity_text(quantity, one.modelled),
        None if one.error is None else f"{one.error:+.1%}",
        f"needs {needs}" if needs else one.figure.because,
    )


def _figure_record(one: Comparison) -> dict[str, Any]:
    return {
        **dataclasses.asdict(one.figure),
        "unit": QUANTITIES[one.figure.quantity][1],
        "modelled": one.modelled,
        "error": one.error,
    }


def _sources_table(chip: Accelerator) -> Table:
    places: dict[str, list[str]] = {}
    for place, source in chip.sources:
        places.setdefault(source, []).append(place)
    return Table(
        "Where the numbers come from",
        (Column("source", "source", align="left"), Column("numbers", "numbers", align="left")),
        tuple((source, ", ".join(names)) for source, names in places.items()),
    )
