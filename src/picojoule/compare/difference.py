"""Difference: the exact count beside the survey's model, and where their rules part."""

from picojoule.compare.result import LEVELS, Comparison, Cost
from picojoule.report import WIDTH, Cell, Column, Table, scaled, to_text

WORTH_TELLING = 0.03
"""Share of the survey's energy from which a difference at one level is explained."""
REASONS = {
    ("ws", "array"): "the study spares the hops at the edges of blocks of R x S PEs; here every "
    "delivery is charged",
    ("ws", "buffer"): "here channels are added across the array, too, so that fewer psums reach "
    "the buffer",
    ("ws", "dram"): "here taps and filters lie along the axes of a square array; the study counts "
    "PEs in any arrangement, so that ifmaps stream past more filters at a time",
    ("os_b", "dram"): "the study fetches rows that windows share anew; counted exactly, the buffer "
    "keeps them",
    ("os_c", "dram"): "the study fetches all that windows share anew; counted exactly, the buffer "
    "keeps it",
    ("nlr", "array"): "the study charges no hop for a word that one PE gets alone; here every "
    "delivery is charged",
}
"""Of rules that differ, by dataflow and level; docs/compare.md tells more."""


def describe_difference(
    exact: Comparison, survey: Comparison, *, width: int = WIDTH, color: bool = False
) -> str:
    """Both models' energy per MAC by level, and why they differ, as text."""
    columns = (
        Column("exact - survey", "name", align="left"),
        Column("exact", "exact", scaled(1.0)),
        Column("survey", "survey", scaled(1.0)),
        Column("more %", "more", scaled(100.0, decimals=1)),
        *(Column(name, name, lambda cell: f"{cell:+.2f}") for name in LEVELS[1:]),
    )
    rows: list[tuple[Cell, ...]] = []
    notes: list[str] = []
    for other in survey.dataflows:
        one = exact[other.key]
        if one.cost is None or other.cost is None:
            notes += [f"{item.name}: {item.why}" for item in (one, other) if item.why]
            continue
        steps = {level: _per_mac(one.cost, level) - _per_mac(other.cost, level) for level in LEVELS}
        base = other.cost.energy_per_mac
        total = one.cost.energy_per_mac
        rows.append(
            (one.name, total, base, total / base - 1, *(steps[level] for level in LEVELS[1:]))
        )
        notes += [
            f"{one.name}, {level}: {REASONS[one.key, level]}."
            for level, step in steps.items()
            if abs(step) >= WORTH_TELLING * base and (one.key, level) in REASONS
        ]
    title = "Beside the survey's model: energy per MAC, and the difference by level"
    return to_text(Table(title, columns, tuple(rows), notes=tuple(notes)), width=width, color=color)


def _per_mac(cost: Cost, level: str) -> float:
    return cost.by_level[level] / cost.macs
