"""Tables: an examination as rows for a reader, as bars of what is lost, and as a roofline."""

import math

from picojoule.eyexam.examine import Examination
from picojoule.eyexam.steps import STEPS
from picojoule.report import (
    WIDTH,
    Chart,
    Column,
    Dot,
    Panel,
    Roofline,
    Stack,
    Table,
    engineering,
    plain,
    scaled,
    to_text,
)

_PERCENT = scaled(100, decimals=1)


def describe_examination(exam: Examination, *, width: int = WIDTH, color: bool = False) -> str:
    """The bounds of each layer as shares of the chip's peak, and what takes most, as text."""
    columns = (
        Column("layer", "name", align="left"),
        Column("MAC/cycle", "workload", lambda cell: f"{cell:.3g}"),
        *(Column(f"{step.name.split()[-1]} %", step.name, _PERCENT) for step in STEPS[1:]),
        Column("MAC/B", "macs_per_byte", lambda cell: f"{cell:.3g}"),
        Column("most lost to", "limit", align="left"),
    )
    rows = tuple(
        (
            one.name,
            one.bounds[0],
            *one.shares[1:],
            one.macs_per_byte,
            one.limit,
        )
        for one in exam.layers
    )
    table = Table(
        f"{_title(exam)}: MACs per cycle, bounded step by step, in % of the peak",
        columns,
        rows,
        notes=_notes(exam),
    )
    return to_text(table, width=width, color=color)


def _notes(exam: Examination) -> tuple[str, ...]:
    roof = f"Peak {engineering(exam.peak_macs_per_s, 'MAC/s')}"
    if math.isfinite(exam.outer_bytes_per_s):
        ridge = exam.peak_macs_per_s / exam.outer_bytes_per_s
        roof += (
            f"; outermost memory {engineering(exam.outer_bytes_per_s, 'B/s')}: below "
            f"{ridge:.3g} MAC/B it is the roof"
        )
    notes = [f"{roof}.", f"Whole network, layer after layer: {exam.utilization:.1%} of the peak."]
    unproved = [plain(one.name) for one in exam.layers if not one.is_proved]
    if unproved:
        notes.append(
            f"Bounds are those proved before a search was cut short: {', '.join(unproved)}."
        )
    return tuple(notes)


def loss_chart(exam: Examination) -> Chart:
    """What each layer attains of the peak, and what each step takes, in percent."""
    attained = Stack("attained", tuple(100 * one.shares[-1] for one in exam.layers))
    lost = [
        Stack(f"lost: {step.loss}", tuple(100 * one.losses[index] for one in exam.layers))
        for index, step in reversed(tuple(enumerate(STEPS)))
    ]
    stacks = (attained, *(stack for stack in lost if any(value > 0.05 for value in stack.values)))
    return Chart(
        title=f"{_title(exam)}: {exam.utilization:.0%} of the peak",
        quantity="share of the peak",
        unit="%",
        labels=tuple(one.name for one in exam.layers),
        panels=(Panel("by step", stacks),),
    )


def roofline(exam: Examination) -> Roofline:
    """MACs per second over MACs per byte, one dot per layer, below the chip's roofs."""
    return Roofline(
        title=_title(exam),
        work="MAC",
        peak_per_s=exam.peak_macs_per_s,
        bytes_per_s=exam.outer_bytes_per_s,
        dots=tuple(Dot(one.name, one.macs_per_byte, one.macs_per_s) for one in exam.layers),
    )


def _title(exam: Examination) -> str:
    return f"{exam.network} on {exam.chip}, batch {exam.batch}"
