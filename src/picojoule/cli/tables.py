"""Tables: what `pj profile` shows."""

from picojoule.evaluation import ignored_table
from picojoule.report import Column, Table, count, engineering, scaled, to_text
from picojoule.workload import LayerProfile, Profile

_KILO = scaled(1e-3, decimals=1)


def describe_profile(found: Profile, *, width: int, color: bool) -> str:
    """The profile of a network as text."""
    columns = (
        Column("layer", "name", align="left"),
        Column("kind", "kind", align="left"),
        Column("dimensions", "dims", align="left"),
        Column("MACs", "macs", count),
        Column("weights", "weights", count),
        Column("in kB", "input_bytes", _KILO),
        Column("out kB", "output_bytes", _KILO),
        Column("MAC/B", "macs_per_byte", scaled(1.0, decimals=1)),
    )
    totals = found.totals
    total = (
        "total",
        "",
        "",
        totals.macs,
        totals.weights,
        totals.input_bytes,
        totals.output_bytes,
        totals.macs_per_byte,
    )
    title = f"{found.network}, batch {found.batch}"
    table = Table(title, columns, tuple(_row(layer) for layer in found.layers), total=total)
    parts = [to_text(table, width=width, color=color)]
    if found.ignored:
        rows = [(item.name, item.operator, item.reason) for item in found.ignored]
        parts.append(to_text(ignored_table(rows), width=width, color=color))
    parts.append(_summary(found))
    return "\n".join(parts)


def _row(layer: LayerProfile) -> tuple[str | int | float | None, ...]:
    return (
        layer.name if layer.repeats == 1 else f"{layer.name} (x{layer.repeats})",
        layer.kind,
        " ".join(f"{dim}{size}" for dim, size in layer.dims if size > 1),
        layer.macs or None,
        layer.weights or None,
        layer.input_bytes,
        layer.output_bytes,
        layer.macs_per_byte or None,
    )


def _summary(found: Profile) -> str:
    totals = found.totals
    lines = [
        f"{found.network}: {engineering(totals.macs, 'MAC')}, {totals.weights:,} weights, "
        f"{totals.other_parameters:,} other parameters, {totals.other_steps:,} other steps"
    ]
    for kind, (layers, weights, macs) in totals.by_kind.items():
        if layers:
            lines.append(
                f"  {kind:<8} {layers:>4} layers  {macs:>16,} MACs  {weights:>14,} weights"
            )
    return "\n".join(lines) + "\n"
