"""Catalogue: what `pj chips`, `pj models` and `pj cache` show."""

import dataclasses
from typing import Any

from picojoule.cli.output import Output, UsageError
from picojoule.cost import area_mm2
from picojoule.hardware import Accelerator, accelerator, describe, library
from picojoule.report import Column, Table, count, engineering, scaled, to_text
from picojoule.units import size_text
from picojoule.workload import profile, zoo


def show_models(output: Output) -> None:
    """List the networks of the zoo, at batch 1."""
    records: list[dict[str, str | int]] = []
    for name in zoo.names():
        totals = profile(zoo.network(name)).totals
        records.append(
            {
                "name": name,
                "macs": totals.macs,
                "weights": totals.weights,
                "description": zoo.describe(name),
                "source": zoo.source(name),
            }
        )
    columns = (
        Column("model", "name", align="left"),
        Column("MACs", "macs", count),
        Column("weights", "weights", count),
        Column("what it is", "description", align="left"),
    )
    keys = [column.key for column in columns]
    rows = tuple(tuple(record[key] for key in keys) for record in records)
    table = Table("Networks of the zoo", columns, rows)
    output.emit(
        text=lambda: to_text(table, width=output.width, color=output.color),
        data={"models": records},
        records=records,
    )


def show_chips(output: Output) -> None:
    """List the chips of the library."""
    records: list[dict[str, str | int | float | None]] = []
    for name in library():
        chip = accelerator(name)
        records.append(
            {
                "name": name,
                "compute_units": chip.compute_units,
                "clock_hz": chip.clock_hz,
                "technology_nm": chip.technology_nm,
                "area_mm2": area_mm2(chip),
                "description": chip.description,
            }
        )
    columns = (
        Column("chip", "name", align="left"),
        Column("PEs", "compute_units", count),
        Column("MHz", "clock_hz", scaled(1e-6, decimals=0)),
        Column("nm", "technology_nm", scaled(1.0, decimals=0)),
        Column("mm2", "area_mm2", scaled(1.0)),
        Column("what it is", "description", align="left"),
    )
    keys = [column.key for column in columns]
    rows = tuple(tuple(record[key] for key in keys) for record in records)
    table = Table("Chips of the library; `pj chips NAME` shows one", columns, rows)
    output.emit(
        text=lambda: to_text(table, width=output.width, color=output.color),
        data={"chips": records},
        records=records,
    )


def show_chip(name: str, output: Output) -> None:
    """Show one chip: its parts from the outside in, and where its numbers come from."""
    chip = accelerator(name)
    parts = [dataclasses.asdict(row) for row in describe(chip)]
    data: dict[str, Any] = {
        "name": chip.name,
        "description": chip.description,
        "compute_units": chip.compute_units,
        "clock_hz": chip.clock_hz,
        "technology_nm": chip.technology_nm,
        "voltage_v": chip.voltage_v,
        "area_mm2": area_mm2(chip),
        "parts": parts,
        "sources": dict(chip.sources),
    }
    output.emit(
        text=lambda: _describe_chip(chip, width=output.width, color=output.color),
        data=data,
        records=parts,
    )


def show_cache(output: Output, *, clear: bool) -> None:
    """Show the cache of mappings, emptied first if that is wanted."""
    from picojoule.mapper import cache

    place = cache.default_place()
    if clear and place is not None and not cache.clear(place):
        raise UsageError(
            "the cache cannot be emptied",
            where=str(place),
            got="a file that is not a cache of picojoule, or may not be changed",
            expected="a cache of picojoule",
            fix=f"look at the file and remove it by hand, or let {cache.PLACE} name another",
        )
    facts = cache.CacheFacts(place, 0, 0)
    if place is not None and place.exists():
        with output.told(), cache.Cache(place) as opened:
            facts = opened.facts()
    record = {
        "path": None if place is None else str(place),
        "entries": facts.entries,
        "size_bytes": facts.size_bytes,
        "largest_bytes": cache.LARGEST_BYTES,
    }
    output.emit(
        text=lambda: (
            f"{place}: {facts.entries:,} mappings, {size_text(8 * facts.size_bytes)} "
            f"of {size_text(8 * cache.LARGEST_BYTES)}\n"
            if place
            else f"no cache: {cache.PLACE} is empty\n"
        ),
        data=record,
        records=[record],
    )


def _describe_chip(chip: Accelerator, *, width: int, color: bool) -> str:
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
    table = Table(f"{chip.name}: {', '.join(facts)}", columns, rows)
    places: dict[str, list[str]] = {}
    for place, source in chip.sources:
        places.setdefault(source, []).append(place)
    sources = Table(
        "Where the numbers come from",
        (Column("source", "source", align="left"), Column("numbers", "numbers", align="left")),
        tuple((source, ", ".join(names)) for source, names in places.items()),
    )
    parts = [chip.description + "\n"] if chip.description else []
    parts += [to_text(shown, width=width, color=color) for shown in (table, sources)]
    return "\n".join(parts)
