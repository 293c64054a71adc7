"""Tables: what `pj profile` shows."""

from collections.abc import Mapping
from typing import Any

from picojoule.evaluation import ignored_table
from picojoule.report import Column, Table, count, engineering, scaled, to_text

_KILO = scaled(1e-3, decimals=1)


def describe_profile(data: Mapping[str, Any], *, width: int, color: bool) -> str:
    """The profile of a network as text; `data` as `Profile.to_dict` gives it."""
    columns = (
        Column("layer", "name", align="left"),
        Column("kind", "kind", align="left"),
        Column("dimensions", "dims", align="left"),
        Column("MACs", "macs", count),
        Column("weights", "weights", count),
        Column("in kB", "input_bytes", _KILO),
        Column("out kB", "output_bytes", _KILO),
        Column("MAC/B", "intensity", scaled(1.0, decimals=1)),
    )
    rows = tuple(
        (
            row["name"],
            row["kind"],
            " ".join(f"{dim}{size}" for dim, size in row["dims"].items()),
            row["macs"],
            row["weights"],
            row["input_bytes"],
            row["output_bytes"],
            _intensity(row),
        )
        for row in data["layers"]
    )
    totals = data["totals"]
    total = ("total", None, None, totals["macs"], totals["weights"], None, None, None)
    title = f"{data['network']}, batch {data['batch']}"
    parts = [to_text(Table(title, columns, rows, total=total), width=width, color=color)]
    ignored = data["ignored"]
    if ignored:
        rows = [(item["name"], item["operator"], item["reason"]) for item in ignored]
        parts.append(to_text(ignored_table(rows), width=width, color=color))
    parts.append(_summary(data))
    return "\n".join(parts)


def _intensity(row: Mapping[str, Any]) -> float | None:
    moved = row["weight_bytes"] + row["input_bytes"] + row["output_bytes"]
    return row["macs"] / moved if row["macs"] and moved else None


def _summary(data: Mapping[str, Any]) -> str:
    totals = data["totals"]
    return (
        f"{data['network']}: {engineering(totals['macs'], 'MACs')}, "
        f"{totals['weights']:,} weights\n"
        f"  CONV {totals['conv_macs']:,} MACs, {totals['conv_weights']:,} weights\n"
        f"  FC   {totals['fc_macs']:,} MACs, {totals['fc_weights']:,} weights\n"
    )
