"""Exams: `pj eyexam`, examined and shown."""

from pathlib import Path
from typing import TYPE_CHECKING

from picojoule.cli.output import Output
from picojoule.cli.runs import Places

if TYPE_CHECKING:
    from picojoule.hardware import Accelerator
    from picojoule.workload import Network


def show_exam(
    network: "Network",
    chip: "Accelerator",
    output: Output,
    *,
    constraints: Path | None,
    dataflow: str | None,
    factors: str,
    time_limit_s: float | None,
    jobs: int | None,
    use_cache: bool,
    plot: Path | None,
    roofline: Path | None,
) -> None:
    """Examine a network on a chip; write the table and the pictures that are wanted."""
    for picture in (plot, roofline):
        Places(None, picture)
    from picojoule import eyexam
    from picojoule.mapper import load_constraints
    from picojoule.report import save_chart, save_roofline

    with output.told(), output.progress("examining") as tell:
        exam = eyexam.examine(
            network,
            chip,
            constraints=load_constraints(constraints) if constraints else None,
            dataflow=dataflow,
            factors=factors,
            time_limit_s=time_limit_s,
            jobs=jobs,
            cache=use_cache,
            progress=tell,
        )
    for layer in exam.layers:
        if not layer.is_proved:
            output.warn(f"{layer.name}: a search was cut short; its bounds are those proved so far")
    output.emit(
        text=lambda: eyexam.describe_examination(exam, width=output.width, color=output.color),
        data=exam.to_dict(),
        records=[layer.to_dict() for layer in exam.layers],
    )
    if plot:
        save_chart(eyexam.loss_chart(exam), plot)
        output.note(f"wrote {plot}")
    if roofline:
        save_roofline(eyexam.roofline(exam), roofline)
        output.note(f"wrote {roofline}")
