"""Tables: a run in passes as rows for a reader, and as bars beside the silicon's."""

from collections.abc import Callable

from picojoule.report import (
    WIDTH,
    BarPanel,
    Bars,
    Cell,
    Column,
    Table,
    count,
    engineering,
    scaled,
    to_text,
)
from picojoule.silicon.power import BLOCKS
from picojoule.silicon.published import Measured
from picojoule.silicon.result import PassLayer, PassRun

_BLOCK_NAMES = {
    "alus": "ALUs",
    "scratch_pads": "scratch pads",
    "array_networks": "array networks",
    "buffer": "buffer",
    "standing": "standing",
}


def describe_run(run: PassRun, *, width: int = WIDTH, color: bool = False) -> str:
    """All tables of a run and its totals, as text."""
    parts = [to_text(table, width=width, color=color) for table in run_tables(run)]
    return "\n".join([*parts, _totals(run)])


def run_tables(run: PassRun) -> tuple[Table, ...]:
    """The tables of a run: time and power, traffic, passes, power by block, and the survey's."""
    tables = [_time_table(run), _traffic_table(run), _passes_table(run), _power_table(run)]
    if run.published:
        tables += [_survey_layers(run), _survey_network(run)]
    if run.unrun:
        tables.append(_unrun_table(run))
    return tuple(tables)


def silicon_bars(run: PassRun) -> Bars:
    """Latency, power and DRAM traffic of each layer, beside what was measured."""

    def panel(quantity: str, unit: str, key: str, factor: float) -> BarPanel:
        ours = tuple(getattr(layer, key) * factor for layer in run.layers)
        theirs = tuple(_measured(layer.measured, key, factor) for layer in run.layers)
        series = (("picojoule", ours), ("measured", theirs))
        return BarPanel(quantity, unit, series if run.published else series[:1])

    return Bars(
        title=f"{run.network} on {run.chip.name}, batch {run.batch}: prediction and silicon\n"
        "(one standing part of the power is calibrated on AlexNet's CONV1)",
        labels=tuple(layer.name for layer in run.layers),
        panels=(
            panel("latency", "ms", "total_latency_s", 1e3),
            panel("chip power", "mW", "power_w", 1e3),
            panel("DRAM traffic, coded", "MB", "dram_bytes_compressed", 1e-6),
        ),
    )


def _measured(measured: Measured | None, key: str, factor: float) -> float | None:
    value = measured.to_dict()[key] if measured else None
    return None if value is None else value * factor


Group = tuple[str, str, float, int]
"""A quantity: heading, key, factor to the heading's unit, decimals."""


def _compared(run: PassRun, title: str, groups: tuple[Group, ...], notes: tuple[str, ...]) -> Table:
    """A table of quantities, each beside its measurement and the error where there is one."""
    columns = [Column("layer", "name", align="left")]
    for heading, key, factor, decimals in groups:
        show: Callable[[Cell], str] = scaled(factor, decimals=decimals) if decimals else count
        columns.append(Column(heading, key, show))
        if run.published:
            columns.append(Column("silicon", f"measured.{key}", show))
            columns.append(Column("error %", f"errors.{key}", _percent))
    totals = run.totals
    rows: list[tuple[Cell, ...]] = []
    for layer in run.layers:
        row: list[Cell] = [layer.name]
        for _, key, _, _ in groups:
            row += _cells(run, getattr(layer, key), layer.measured, key)
        rows.append(tuple(row))
    total: list[Cell] = ["total"]
    for _, key, _, decimals in groups:
        value = totals[key] if decimals else round(totals[key])
        total += _cells(run, value, run.published.total if run.published else None, key)
    return Table(title, tuple(columns), tuple(rows), tuple(total), notes)


def _cells(run: PassRun, value: float, measured: Measured | None, key: str) -> list[Cell]:
    if not run.published:
        return [value]
    theirs = measured.to_dict()[key] if measured else None
    return [value, theirs, value / theirs - 1.0 if theirs else None]


def _percent(cell: Cell) -> str:
    """A signed error in per cent.

    >>> _percent(0.0213), _percent(None)
    ('+2.1', '-')
    """
    return f"{100 * cell:+.1f}" if isinstance(cell, float) else "-"


def _time_table(run: PassRun) -> Table:
    groups: tuple[Group, ...] = (
        ("PEs", "active_pes", 1.0, 0),
        ("passes ms", "processing_latency_s", 1e3, 2),
        ("layer ms", "total_latency_s", 1e3, 2),
    )
    zeros = {"none": "no zeros", "measured": "measured zeros"}.get(run.zeros, "zeros of a file")
    title = f"{run.network} on {run.chip.name} in passes, batch {run.batch}, {zeros}"
    note = "passes: as if DRAM were never waited for; layer: feature maps loaded and stored too."
    return _compared(run, title, groups, (note,))


def _traffic_table(run: PassRun) -> Table:
    groups: tuple[Group, ...] = (
        ("buffer MB", "buffer_bytes", 1e-6, 1),
        ("DRAM MB", "dram_bytes", 1e-6, 2),
        ("DRAM coded MB", "dram_bytes_compressed", 1e-6, 2),
    )
    coded = "no maps coded" if run.zeros == "none" else "maps run-length coded"
    title = f"Traffic of the batch, {coded}; MB are 10^6 bytes"
    return _compared(run, title, groups, run.published.notes if run.published else ())


def _passes_table(run: PassRun) -> Table:
    names = tuple(run.layers[0].mapping.to_dict()) if run.layers else ()
    columns = (
        Column("passes", "name", align="left"),
        Column("number", "passes", count),
        *(Column(name, name) for name in names),
        Column("from", "mapping_source", align="left"),
    )
    rows = tuple(
        (layer.name, layer.passes, *layer.mapping.to_dict().values(), _origin(layer))
        for layer in run.layers
    )
    legend = (
        "m filters kept, n images, e x f outputs, p filters and q channels per PE, r sets on "
        "channels, t on filters"
    )
    return Table("How each layer is cut into passes", columns, rows, notes=(legend,))


def _origin(layer: PassLayer) -> str:
    """A source on a few words: its key or origin, and what was searched for."""
    origin, colon, reason = layer.mapping_source.partition(":")
    if origin in ("searched", "stated"):
        return f"{origin}:{reason}"
    return f"{origin} from traffic" if colon else layer.mapping_source


def _power_table(run: PassRun) -> Table:
    milliwatts = scaled(1e3, decimals=1)
    columns = [
        Column("power", "name", align="left"),
        *(Column(f"{_BLOCK_NAMES[name]} mW", name, milliwatts) for name in BLOCKS),
        Column("sum mW", "power_w", milliwatts),
    ]
    if run.published:
        columns.append(Column("silicon", "measured.power_w", milliwatts))
        columns.append(Column("error %", "errors.power_w", _percent))
    rows = tuple(
        (
            layer.name,
            *(joules / layer.total_latency_s for joules in layer.energy.by_block.values()),
            *_cells(run, layer.power_w, layer.measured, "power_w"),
        )
        for layer in run.layers
    )
    seconds = run.totals["total_latency_s"]
    total = (
        "mean",
        *(joules / seconds for joules in run.energy_by_block_j.values()),
        *_cells(run, run.totals["power_w"], run.published.total if run.published else None,
                "power_w"),
    )  # fmt: skip
    note = "standing: clock network and the rest, calibrated on CONV1 of AlexNet alone."
    title = "Power of the chip by block; DRAM is not in it"
    return Table(title, tuple(columns), rows, total, (note,))


def _survey_layers(run: PassRun) -> Table:
    """Version 1 of the survey's Table V: per layer."""
    assert run.published
    energy = run.published.survey.get("nonzero_pj_per_mac", [])
    dram = run.published.survey.get("nonzero_dram_per_mac", [])
    columns = (
        Column("layer", "name", align="left"),
        Column("pJ per non-zero MAC", "pj", scaled(1.0, decimals=1)),
        Column("printed", "pj_printed", scaled(1.0, decimals=1)),
        Column("DRAM words per non-zero MAC", "dram", scaled(1.0, decimals=4)),
        Column("printed", "dram_printed", scaled(1.0, decimals=4)),
        Column("run time ms", "time", scaled(1e3, decimals=1)),
        Column("power mW", "power", scaled(1e3, decimals=0)),
    )
    rows = tuple(
        (
            layer.name,
            layer.energy.total / layer.nonzero_macs * 1e12,
            energy[place] if place < len(energy) else None,
            layer.dram_bytes_compressed / layer.word_bytes / layer.nonzero_macs,
            dram[place] if place < len(dram) else None,
            layer.total_latency_s,
            layer.power_w,
        )
        for place, layer in enumerate(run.layers)
    )
    notes = (
        ("Printed for more non-zero MACs in CONV2 to CONV5 than the measured zeros leave.",)
        if energy
        else ()
    )
    return Table("The survey's Table V, version 1: per layer", columns, rows, notes=notes)


def _survey_network(run: PassRun) -> Table:
    """Version 2 of the survey's Table V: what a chip reports of a network."""
    assert run.published
    chip, totals, measured = run.chip, run.totals, run.published.total
    pes, bits, survey = chip.rows * chip.columns, 8 * chip.word_bytes, run.published.survey
    printed = {key: str(value) for key, value in chip.printed.items()}
    kilobytes = chip.storage_bytes / 1024
    rows: tuple[tuple[Cell, ...], ...] = (
        (
            "process",
            f"{chip.technology_nm:g} nm, {chip.voltage_v:.1f} V",
            printed["process"],
        ),
        ("core area, mm2", f"{chip.area_mm2:g}", printed["area_mm2"]),
        ("on-chip memory, kB", f"{kilobytes:.1f}", printed["storage_kb"]),
        ("multipliers", str(pes), printed["multipliers"]),
        (
            "core area per multiplier, mm2",
            f"{chip.area_mm2 / pes:.3f}",
            printed["area_per_multiplier_mm2"],
        ),
        (
            "memory per multiplier, kB",
            f"{kilobytes / pes:.2f}",
            printed["storage_per_multiplier_kb"],
        ),
        ("bits per weight, per input", f"{bits}, {bits}", printed["bits"]),
        (
            "top-5 error, %; images",
            None,
            f"{survey['top5_error_percent']}; {survey['images_tested']}",
        ),
        ("batch", str(run.batch), str(run.published.batch)),
        ("run time, ms", f"{totals['total_latency_s'] * 1e3:.1f}", f"{survey['run_time_ms']:.1f}"),
        ("power, mW", f"{totals['power_w'] * 1e3:.0f}", f"{measured.power_w * 1e3:.0f}"),
        (
            "off-chip access per image, MB",
            f"{totals['dram_bytes_compressed'] / run.batch * 1e-6:.2f}",
            f"{measured.dram_bytes / run.batch * 1e-6:.2f}",
        ),
    )
    columns = (
        Column("specification", "specification", align="left"),
        Column("ours", "ours"),
        Column("printed", "printed"),
    )
    return Table("The survey's Table V, version 2", columns, rows)


def _unrun_table(run: PassRun) -> Table:
    columns = (
        Column("layer", "name", align="left"),
        Column("kind", "kind", align="left"),
        Column("why it does not run in passes", "reason", align="left"),
    )
    rows = tuple((one.name, one.kind, one.reason) for one in run.unrun)
    return Table("Not run", columns, rows)


def _totals(run: PassRun) -> str:
    totals = run.totals
    return (
        f"{run.network} on {run.chip.name}: {engineering(run.energy_j, 'J')} on the chip, "
        f"{engineering(totals['total_latency_s'], 's')}, "
        f"{engineering(totals['power_w'], 'W')}, {totals['frames_per_s']:.3g} frames/s, "
        f"{totals['dram_bytes_compressed'] * 1e-6:.4g} MB of DRAM\n"
    )
