"""Front tables: a readable selection of a front's points, and its picture."""

import numpy as np

from picojoule.evaluation.front import NetworkFront
from picojoule.report import (
    WIDTH,
    Column,
    Curve,
    Quantity,
    Table,
    common_unit,
    count,
    scaled,
    to_text,
)

SHOWN_POINTS = 15
"""Points that a table shows, the named ones among them."""


def describe_front(front: NetworkFront, *, width: int = WIDTH, color: bool = False) -> str:
    """The ends of a front, its point of least energy x time, and some between, as text."""
    times, energies = front.latencies_s, front.energies_j
    time_factor, seconds = common_unit(times[-1], "s", least=10)
    energy_factor, joules = common_unit(energies[0], "J", least=100)
    columns = (
        Column("point", "index", count),
        Column(f"time {seconds}", "latency_s", scaled(time_factor)),
        Column("more %", "latency_more", scaled(100)),
        Column(f"energy {joules}", "energy_j", scaled(energy_factor)),
        Column("more %", "energy_more", scaled(100)),
        Column("energy x time Js", "edp_js", lambda cell: f"{cell:.4g}"),
        Column("", "name", align="left"),
    )
    names = named_points(front)
    rows = tuple(
        (
            index,
            times[index],
            times[index] / times[0] - 1,
            energies[index],
            energies[index] / energies[-1] - 1,
            times[index] * energies[index],
            names.get(index, ""),
        )
        for index in selected_points(front)
    )
    title = f"{_title(front)}: energy against time, {len(front):,} choices that none beats"
    table = Table(title, columns, rows, notes=_notes(front))
    return to_text(table, width=width, color=color)


def named_points(front: NetworkFront) -> dict[int, str]:
    """The ends of a front and its point of least energy x time, by index."""
    names: dict[int, str] = {}
    for index, name in (
        (0, "least time"),
        (front.least_edp, "least energy x time"),
        (len(front) - 1, "least energy"),
    ):
        names[index] = f"{names[index]}, {name}" if index in names else name
    return dict(sorted(names.items()))


def selected_points(front: NetworkFront) -> list[int]:
    """Indices of the named points and of others that are evenly spread along the front."""
    named = set(named_points(front))
    if len(front) <= SHOWN_POINTS:
        return list(range(len(front)))
    across = [
        (values - values.min()) / (values.max() - values.min())
        for values in (np.log(front.sums.latency), np.log(front.sums.energy))
    ]
    steps = np.hypot(np.diff(across[0]), np.diff(across[1]))
    along = np.concatenate(([0.0], np.cumsum(steps)))
    wanted = np.linspace(0.0, along[-1], SHOWN_POINTS - 1)
    spread = {int(np.argmin(np.abs(along - place))) for place in wanted}
    return sorted(named | spread)


def front_curve(front: NetworkFront) -> Curve:
    """Energy over latency, with the named points."""
    return Curve(
        title=f"{_title(front)}: {len(front):,} choices of mappings that none beats",
        x=Quantity("latency", "s", front.latencies_s),
        y=Quantity("energy", "J", front.energies_j),
        marks=named_points(front),
    )


def _title(front: NetworkFront) -> str:
    run = front.fastest
    under = "" if run.constraints.is_free else ", under constraints"
    return f"{run.network} on {run.chip}, batch {run.batch}{under}"


def _notes(front: NetworkFront) -> tuple[str, ...]:
    notes: list[str] = []
    if not front.is_complete:
        notes.append("The search of some layer was cut short: points may be missing.")
    if front.sums.excess:
        notes.append(
            "The front has more points than are kept: of points with nearly equal energy the "
            "fastest stands for all. At any time, the energy here is at most "
            f"{100 * front.sums.excess:.2g} % above the exact one."
        )
    if front.is_exact:
        notes.append("Exact: no choice of one mapping per layer beats any of these.")
    return tuple(notes)
