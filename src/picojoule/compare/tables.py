"""Tables: the comparison as rows for a reader, and as bars for a picture."""

from picojoule.compare.result import LEVELS, TENSORS, Comparison, Cost, DataflowCost
from picojoule.errors import Unsupported
from picojoule.report import (
    WIDTH,
    Cell,
    Chart,
    Column,
    Panel,
    Stack,
    Table,
    count,
    reasons_table,
    scaled,
    to_text,
)

_TWO, _THREE = scaled(1.0), scaled(1.0, decimals=3)
_KILO = scaled(1 / 1024, decimals=1)
_LEVEL_NAMES = {"alu": "ALU", "rf": "RF", "array": "array", "buffer": "buffer", "dram": "DRAM"}


def describe_comparison(found: Comparison, *, width: int = WIDTH, color: bool = False) -> str:
    """The comparison as text: energy, what it comes from, layers, and what cannot run."""
    tables = [_energy_table(found), _chip_table(found), _layer_table(found)]
    if found.left_out:
        tables.append(_left_out_table(found))
    return "\n".join(to_text(table, width=width, color=color) for table in tables)


def comparison_chart(found: Comparison) -> Chart:
    """Energy per MAC of each dataflow that can run, once by level and once by data type.

    Raises:
        Unsupported: None can.
    """
    able = [dataflow for dataflow in found.dataflows if dataflow.cost]
    if not able:
        raise Unsupported(
            "nothing to draw",
            where=found.network,
            got=f"no dataflow that can run with {found.pes:,} PEs",
            expected="at least one",
            fix="give the chips more PEs; the table says what each dataflow lacks",
        )
    per_mac = [dataflow.to_dict() for dataflow in able]
    levels = tuple(
        Stack(_LEVEL_NAMES[name], tuple(row["by_level"][name] for row in per_mac))
        for name in LEVELS
    )
    tensors = tuple(
        Stack(name, tuple(row["by_tensor"][name] for row in per_mac)) for name in TENSORS
    )
    unable = ", ".join(dataflow.name for dataflow in found.dataflows if not dataflow.cost)
    return Chart(
        title=f"{_title(found)}{f'; {unable} cannot run' if unable else ''}",
        quantity="energy per MAC",
        unit="x one MAC's",
        labels=tuple(dataflow.name for dataflow in able),
        panels=(Panel("by level", levels), Panel("by data type (a MAC: a third each)", tensors)),
    )


def _title(found: Comparison) -> str:
    kinds = {"conv": "convolutions", "fc": "fully connected layers", "all": "all layers"}
    return (
        f"{found.network}, {kinds[found.layers]}, batch {found.batch}: "
        f"dataflows with {found.pes:,} {'PE' if found.pes == 1 else 'PEs'} on the same area"
    )


def _energy_table(found: Comparison) -> Table:
    columns = (
        Column("dataflow", "name", align="left"),
        Column("total", "energy_per_mac", _TWO),
        Column("x RS", "relative", _TWO),
        *(Column(_LEVEL_NAMES[name], f"by_level.{name}", _TWO) for name in LEVELS),
        *(Column(name, f"by_tensor.{name}", _TWO) for name in TENSORS),
        Column("accesses", "dram_accesses_per_mac", scaled(1.0, decimals=4)),
        Column("EDP", "edp", scaled(1.0, decimals=4)),
    )
    base = next((d.cost for d in found.dataflows if d.key == "rs"), None)
    notes = [f"{d.name} cannot run: {d.why}" for d in found.dataflows if not d.cost]
    return Table(
        _title(found),
        columns,
        tuple(_energy_row(dataflow, base) for dataflow in found.dataflows),
        notes=(
            "Energy per MAC, in MACs; the MAC's own belongs to each data type by a third. "
            "accesses: of DRAM, per MAC. EDP: energy per MAC / active PEs.",
            *notes,
        ),
    )


def _energy_row(dataflow: DataflowCost, base: Cost | None) -> tuple[Cell, ...]:
    cost = dataflow.cost
    if cost is None:
        return (dataflow.name, *[None] * (len(LEVELS) + len(TENSORS) + 4))
    return (
        dataflow.name,
        cost.energy_per_mac,
        cost.energy_per_mac / base.energy_per_mac if base else None,
        *(cost.by_level[name] / cost.macs for name in LEVELS),
        *(cost.by_tensor[name] / cost.macs for name in TENSORS),
        cost.dram_accesses / cost.macs,
        cost.edp,
    )


def _chip_table(found: Comparison) -> Table:
    columns = (
        Column("storage", "name", align="left"),
        Column("RF B/PE", "rf_bytes", count),
        Column("all RF kB", "rf_total", _KILO),
        Column("buffer kB", "buffer_bytes", _KILO),
        Column("total kB", "total", _KILO),
        Column("active PEs", "active_pes", scaled(1.0, decimals=0)),
    )
    rows = tuple(
        (
            dataflow.name,
            dataflow.chip.rf_bytes,
            dataflow.chip.pes * dataflow.chip.rf_bytes,
            dataflow.chip.buffer_bytes,
            dataflow.chip.total_bytes,
            dataflow.cost.active_pes if dataflow.cost else None,
        )
        for dataflow in found.dataflows
    )
    return Table("What each gets on that area", columns, rows)


def _layer_table(found: Comparison) -> Table:
    columns = (
        Column("energy/MAC", "name", align="left"),
        *(Column(dataflow.name, dataflow.key, _THREE) for dataflow in found.dataflows),
    )
    rows: list[tuple[Cell, ...]] = []
    for layers in zip(*(dataflow.layers for dataflow in found.dataflows), strict=True):
        energies = (layer.cost.energy_per_mac if layer.cost else None for layer in layers)
        rows.append((layers[0].name, *energies))
    return Table("Layer by layer", columns, tuple(rows))


def _left_out_table(found: Comparison) -> Table:
    return reasons_table(
        "Not in the figures above",
        ("left out", "layers", "MACs"),
        ((item.kind, item.reason, item.macs) for item in found.left_out),
    )
