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
    return Table(title, columns, tuple(_row(layer, marks) for layer in layers))


def _row(layer: LayerResult, marks: dict[str, str]) -> tuple[Cell, ...]:
    zeros = layer.zeros
    assert zeros is not None
    steps = zeros.spared.steps
    return (
        layer.name,
        round(steps.actual * layer.repeats),
        steps.gated / steps.dense,
        steps.skipped / steps.dense,
        zeros.dense.energy_pj / layer.costs.energy_pj if layer.costs.energy_pj else None,
        zeros.dense.latency_cycles / max(1, layer.costs.latency_cycles),
        zeros.dense.outer_bytes * layer.repeats,
        layer.dram_bytes,
        " ".join(marks[why] for why in zeros.inexact) or "yes",
    )
