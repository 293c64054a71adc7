"""Tables: an evaluation as rows for a reader, and as bars for a picture."""

import textwrap
from collections.abc import Callable, Iterable

from picojoule.evaluation.result import Evaluation, LayerResult, Unmapped
from picojoule.evaluation.zeros_table import zeros_table
from picojoule.mapping import Level, Nest, format_nest
from picojoule.report import (
    WIDTH,
    Cell,
    Chart,
    Column,
    Panel,
    Stack,
    Table,
    common_unit,
    count,
    engineering,
    reasons_table,
    scaled,
    to_text,
)

_GOALS = {
    "energy": "least energy",
    "latency": "least time",
    "edp": "least energy x time",
    "ed2p": "least energy x time^2",
}
_KILO_DOWN, _PERCENT = scaled(1e-3, decimals=0), scaled(100, decimals=1)


def evaluation_tables(run: Evaluation, *, nests: bool = False) -> tuple[Table, ...]:
    """The tables of an evaluation: layers, energy by level, mappings, and what was not mapped."""
    tables: list[Table] = []
    if run.layers:
        tables += [_layer_table(run), _level_table(run)]
        if any(layer.zeros for layer in run.layers):
            tables.append(zeros_table(run))
        if not nests:
            tables.append(_mapping_table(run))
    if run.unmapped:
        tables.append(unmapped_table(run.unmapped))
    if run.ignored:
        items = ((item.name, item.operator, item.reason) for item in run.ignored)
        tables.append(ignored_table(items))
    return tuple(tables)


def describe_evaluation(
    run: Evaluation, *, width: int = WIDTH, color: bool = False, nests: bool = False
) -> str:
    """All tables of an evaluation and its totals, as text.

    Args:
        run: What to describe.
        width: Characters of a line.
        color: Whether to write terminal colours.
        nests: Whether to write each loop nest in full instead of on one line.
    """
    parts = [
        to_text(table, width=width, color=color) for table in evaluation_tables(run, nests=nests)
    ]
    if nests:
        parts += [
            f"{_names(names)}\n{textwrap.indent(format_nest(nest), '  ')}\n"
            for nest, names in _groups(run).items()
        ]
    return "\n".join([*parts, _totals(run)])


def energy_chart(run: Evaluation) -> Chart:
    """The energy of each layer in joules, once by level and once by tensor."""
    levels = _stacks([layer.energy_by_level_pj for layer in run.layers])
    tensors = _stacks([_by_tensor_and_rest(layer) for layer in run.layers])
    return Chart(
        title=f"{run.network} on {run.chip}, {_goal(run)}, batch {run.batch}: "
        f"{engineering(run.energy, 'J')}",
        quantity="energy per layer",
        unit="J",
        labels=tuple(layer.name for layer in run.layers),
        panels=(Panel("by level", levels), Panel("by tensor", tensors)),
    )


def _goal(run: Evaluation) -> str:
    under = "" if run.constraints.is_free else ", under constraints"
    follows = "" if run.dataflow is None else f", dataflow {run.dataflow}"
    return _GOALS.get(run.objective, f"least {run.objective}") + follows + under


def _by_tensor_and_rest(layer: LayerResult) -> dict[str, float]:
    """Energy by role, and what belongs to no tensor: compute and leakage."""
    by_role = layer.energy_by_role_pj
    return by_role | {"compute, leakage": max(0.0, layer.energy_pj - sum(by_role.values()))}


def _stacks(rows: list[dict[str, float]]) -> tuple[Stack, ...]:
    names = dict.fromkeys(name for row in rows for name in row)
    stacks = (Stack(name, tuple(row.get(name, 0.0) * 1e-12 for row in rows)) for name in names)
    return tuple(stack for stack in stacks if any(stack.values))


def _layer_table(run: Evaluation) -> Table:
    show_energy, joules = _energy_unit(run)
    factor, seconds = common_unit(max(layer.latency_s for layer in run.layers), "s", least=10)
    columns = (
        Column("layer", "name", align="left"),
        Column("MACs", "macs", count),
        Column(f"energy {joules}", "energy_pj", show_energy),
        Column("pJ/MAC", "energy_per_mac_pj", scaled(1.0)),
        Column(f"time {seconds}", "latency_s", scaled(factor)),
        Column("PEs", "active_pes", count),
        Column("used %", "utilization", _PERCENT),
        Column("DRAM kB", "dram_bytes", _KILO_DOWN),
        Column("searched", "mapspace_size", _power),
        Column("proof", "optimal"),
    )
    rows = [_layer_row(layer) for layer in run.layers]
    total: tuple[Cell, ...] = (
        "total",
        run.macs,
        run.energy_pj,
        run.energy_pj / run.macs,
        run.latency,
        None,
        run.utilization,
        run.dram_bytes,
        None,
        None,
    )
    goal = _goal(run)
    return Table(
        f"{run.network} on {run.chip}, batch {run.batch}: mappings of {goal}"
        if run.layers[0].certificate
        else f"{run.network} on {run.chip}: the given mapping",
        columns,
        tuple(rows),
        total=total if len(rows) > 1 else None,
    )


def _energy_unit(run: Evaluation) -> tuple[Callable[[Cell], str], str]:
    """One unit for all energies of a run: (a column's `show`, the unit)."""
    largest_pj = max(layer.energy_pj for layer in run.layers)
    factor, unit = common_unit(largest_pj * 1e-12, "J", least=100)
    return scaled(factor * 1e-12), unit


def _layer_row(layer: LayerResult) -> tuple[Cell, ...]:
    proof = layer.certificate
    return (
        layer.name if layer.repeats == 1 else f"{layer.name} (x{layer.repeats})",
        layer.macs,
        layer.energy_pj,
        layer.energy_pj / layer.macs,
        layer.latency_s,
        layer.active_pes,
        layer.utilization,
        layer.dram_bytes,
        int(proof.mapspace_size) if proof else None,
        _proof(layer),
    )


def _proof(layer: LayerResult) -> str:
    if layer.certificate is None:
        return "given"
    if layer.certificate.optimal:
        return "optimal"
    return "cut short" if layer.gap is None else f"gap {layer.gap:.1%}"


def _power(cell: Cell) -> str:
    """Show a large count as mantissa and exponent: 1.2e+09 as 1.2e9."""
    if not isinstance(cell, int):
        return "-"
    return (
        f"{cell:,}"
        if cell < 1_000_000
        else f"{float(cell):.1e}".replace("e+0", "e").replace("e+", "e")
    )


def _level_table(run: Evaluation) -> Table:
    spent = run.energy_by_level_pj
    names = tuple(name for name, energy in spent.items() if energy or name in run.levels)
    show, joules = _energy_unit(run)
    columns = (
        Column(f"energy {joules}", "name", align="left"),
        *(Column(name, f"energy_by_level_pj.{name}", show) for name in names),
        Column("all", "energy_pj", show),
    )
    rows = tuple(
        (layer.name, *(layer.energy_by_level_pj.get(name) for name in names), layer.energy_pj)
        for layer in run.layers
    )
    total = ("total", *(spent[name] for name in names), run.energy_pj)
    tensors = ", ".join(
        f"{name} {energy / run.energy_pj:.0%}" for name, energy in run.energy_by_tensor_pj.items()
    )
    return Table(
        "Where the energy goes, by level",
        columns,
        rows,
        total=total if len(rows) > 1 else None,
        notes=(f"By tensor: {tensors}; the rest computes or leaks.",),
    )


def _mapping_table(run: Evaluation) -> Table:
    """Each different mapping once, one column per level, outermost left."""
    levels = tuple(level.part for level in run.layers[0].nest.levels)
    columns = (
        Column("mapping", "name", align="left"),
        *(Column(level, level, align="left") for level in levels),
    )
    rows = tuple(
        (_names(names), *(_compact(level) for level in nest.levels))
        for nest, names in _groups(run).items()
    )
    return Table(
        "Best loop nests, outermost left; `M4` is `for M in 4`, `x:M4` spreads M over 4 columns",
        columns,
        rows,
    )


def _groups(run: Evaluation) -> dict[Nest, list[str]]:
    groups: dict[Nest, list[str]] = {}
    for layer in run.layers:
        groups.setdefault(layer.nest, []).append(layer.name)
    return groups


def _names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"


def _compact(level: Level) -> str:
    """Write a level's loops on one line: `M4 P8`, or `x:M4 y:R3` where they are spatial."""
    loops = [loop for loop in level.loops if loop.bound > 1]
    text = " ".join(
        f"{loop.axis}:{loop.dim}{loop.bound}" if loop.axis else f"{loop.dim}{loop.bound}"
        for loop in loops
    )
    return text or "."


def unmapped_table(layers: Iterable[Unmapped]) -> Table:
    """Layers that have no mapping, by kind and reason."""
    return reasons_table(
        "Counted, but not in the figures above",
        ("not mapped", "layers", "steps"),
        ((layer.kind, layer.reason, layer.steps) for layer in layers),
    )


def ignored_table(items: Iterable[tuple[str, str, str]]) -> Table:
    """What a reader did not understand: (name, operator, reason) of each item."""
    columns = (
        Column("ignored", "name", align="left"),
        Column("operator", "operator", align="left"),
        Column("why", "reason", align="left"),
    )
    return Table("Not understood in the model", columns, tuple(items))


def _totals(run: Evaluation) -> str:
    proof = (
        "every mapping proved optimal"
        if run.layers and run.is_optimal
        else "mapping given, not searched"
        if any(layer.certificate is None for layer in run.layers)
        else "not every mapping proved optimal"
        if run.layers
        else "no layer of multiply-accumulates"
    )
    return (
        f"{run.network} on {run.chip}: {engineering(run.energy, 'J')}, "
        f"{engineering(run.latency, 's')}, {run.area_mm2:.4g} mm2; {proof}\n"
    )
