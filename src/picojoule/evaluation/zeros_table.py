"""Zeros, as a table: which MACs are left, and what the layer costs with and without its zeros."""

from picojoule.evaluation.result import Evaluation, LayerResult
from picojoule.report import Cell, Column, Table, count, scaled

_KILO_DOWN, _PERCENT, _TIMES = scaled(1e-3, decimals=0), scaled(100, decimals=1), scaled(1.0)


def zeros_table(run: Evaluation) -> Table:
    """What zeros spare of each layer."""
    columns = (
        Column("layer", "name", align="left"),
        Column("effectual MACs", "effectual_macs", count),
        Column("gated %", "gated", _PERCENT),
        Column("skipped %", "skipped", _PERCENT),
        Column("energy x", "energy_gain", _TIMES),
        Column("time x", "latency_gain", _TIMES),
        Column("DRAM kB dense", "dense_dram_bytes", _KILO_DOWN),
        Column("kept", "dram_bytes", _KILO_DOWN),
        Column("exact", "exact", align="left"),
    )
    layers = [layer for layer in run.layers if layer.zeros]
    notes = dict.fromkeys(why for layer in layers if layer.zeros for why in layer.zeros.inexact)
    marks = {why: f"~{number}" for number, why in enumerate(notes, start=1)}
    title = "What zeros spare of the mappings found without them; gains are dense / sparse"
    title += "".join(f"\n{mark}: {why}" for why, mark in marks.items())
    rows = [_row(layer.name, [layer], marks) for layer in layers]
    total = _row("total", layers, marks) if len(rows) > 1 else None
    return Table(title, columns, tuple(rows), total=total)


def _row(name: str, layers: list[LayerResult], marks: dict[str, str]) -> tuple[Cell, ...]:
    """One layer, or several together."""
    found = [(layer, zeros) for layer in layers if (zeros := layer.zeros)]
    actual, gated, skipped = (
        sum(getattr(zeros.spared.steps, fate) * layer.repeats for layer, zeros in found)
        for fate in ("actual", "gated", "skipped")
    )
    dense_pj = sum(zeros.dense.energy_pj * layer.repeats for layer, zeros in found)
    dense_cycles = sum(zeros.dense.latency_cycles * layer.repeats for layer, zeros in found)
    energy_pj = sum(layer.energy_pj for layer, _ in found)
    inexact = dict.fromkeys(why for _, zeros in found for why in zeros.inexact)
    return (
        name,
        round(actual),
        gated / (actual + gated + skipped),
        skipped / (actual + gated + skipped),
        dense_pj / energy_pj if energy_pj else None,
        dense_cycles / max(1, sum(layer.latency_cycles for layer, _ in found)),
        sum(zeros.dense.outer_bytes * layer.repeats for layer, zeros in found),
        sum(layer.dram_bytes for layer, _ in found),
        " ".join(marks[why] for why in inexact) or "yes",
    )
