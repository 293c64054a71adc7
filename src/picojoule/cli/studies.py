"""Studies: commands that compare, examine and count in another way.

Heavy libraries load inside the commands, so that `pj --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from picojoule.cli.application import app
from picojoule.cli.inputs import read_shapes, warn_ignored
from picojoule.cli.options import (
    Batch,
    Chip,
    Dataflow,
    Factors,
    File,
    Format,
    Jobs,
    Model,
    NoCache,
    Plot,
    Quiet,
    Rules,
    Shapes,
    TimeLimit,
    Work,
)
from picojoule.cli.output import Output, UsageError
from picojoule.cli.runs import Places
from picojoule.report import save_chart


@app.command("compare")
def compare_command(
    model: Model,
    pes: Annotated[
        int, typer.Option("--pes", metavar="N", help="PEs of each chip; they set the area.")
    ] = 256,
    batch: Annotated[int, typer.Option("--batch", metavar="N", help="Images in flight.")] = 16,
    layers: Annotated[
        str, typer.Option("--layers", metavar="KIND", help="Which to compare: conv, fc or all.")
    ] = "conv",
    answer: Annotated[
        str, typer.Option("--model", metavar="NAME", help="What answers: survey, or exact.")
    ] = "survey",
    shapes: Shapes = None,
    form: Format = "table",
    file: File = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Also draw it: .png, .svg or .pdf."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Compare dataflows on the same area: energy by level and data type, DRAM accesses, EDP."""
    output = Output(form, file, quiet)
    places = Places(None, figure)
    from picojoule.compare import (
        compare,
        comparison_chart,
        describe_comparison,
        describe_difference,
    )
    from picojoule.workload import load

    network = load(model, batch=batch, inputs=read_shapes(shapes))
    with output.told(), output.progress("comparing") as tell:
        found = compare(network, pes=pes, layers=layers, model=answer, progress=tell)
    warn_ignored(output, len(found.ignored))

    def text() -> str:
        shown = describe_comparison(found, width=output.width, color=output.color)
        if answer == "survey":
            return shown
        survey = compare(network, pes=pes, layers=layers)
        difference = describe_difference(found, survey, width=output.width, color=output.color)
        return f"{shown}\n{difference}"

    output.emit(text=text, data=found.to_dict(), records=found.records())
    if places.plot:
        save_chart(comparison_chart(found), places.plot)
        output.note(f"wrote {places.plot}")


@app.command("eyexam")
def eyexam_command(
    model: Model,
    on: Chip,
    batch: Batch = None,
    shapes: Shapes = None,
    constraints: Rules = None,
    dataflow: Dataflow = None,
    factors: Factors = "auto",
    time_limit: TimeLimit = 20.0,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    form: Format = "table",
    file: File = None,
    plot: Plot = None,
    roofline: Annotated[
        Path | None,
        typer.Option("--roofline", metavar="FILE", help="Draw the roofline: .png, .svg or .pdf."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Show what keeps each layer from the chip's peak, in seven steps."""
    output = Output(form, file, quiet)
    from picojoule.cli.exams import show_exam
    from picojoule.evaluation import load_for
    from picojoule.hardware import accelerator

    chip = accelerator(on)
    network = load_for(model, chip, batch=batch, inputs=read_shapes(shapes))
    warn_ignored(output, len(network.ignored))
    show_exam(
        network,
        chip,
        output,
        constraints=constraints,
        dataflow=dataflow,
        factors=factors,
        time_limit_s=time_limit,
        jobs=jobs,
        use_cache=not no_cache,
        plot=plot,
        roofline=roofline,
    )


@app.command("systolic")
def systolic_command(
    work: Work,
    rows: Annotated[int, typer.Option("--rows", metavar="N", help="PEs from top to bottom.")] = 128,
    columns: Annotated[
        int, typer.Option("--cols", metavar="N", help="PEs from left to right.")
    ] = 128,
    dataflow: Annotated[
        str,
        typer.Option(
            "--dataflow", metavar="NAME", help="What stays in the PEs: ws, os, is; or all."
        ),
    ] = "all",
    drain: Annotated[
        str,
        typer.Option(
            "--drain", metavar="HOW", help="Stationary outputs leave by a bus a column, or shift."
        ),
    ] = "bus",
    folds: Annotated[
        str,
        typer.Option(
            "--folds",
            metavar="HOW",
            help="Partly filled arrays take as long as whole ones, or used.",
        ),
    ] = "whole",
    picture: Annotated[
        bool, typer.Option("--picture", help="Draw each cycle of one small product.")
    ] = False,
    batch: Batch = None,
    shapes: Shapes = None,
    form: Format = "table",
    file: File = None,
    quiet: Quiet = False,
) -> None:
    """Count the cycles of every layer on a systolic array, exactly."""
    output = Output(form, file, quiet)
    from picojoule.evaluation import describe_systolic, draw_systolic, systolic

    found = systolic(
        work,
        rows=rows,
        columns=columns,
        dataflow=dataflow,
        drain=drain,
        folds=folds,
        batch=batch,
        inputs=read_shapes(shapes),
    )
    warn_ignored(output, len(found.ignored))
    drawn = draw_systolic(found, width=output.width) if picture else None
    output.emit(
        text=lambda: (
            (f"{drawn}\n" if drawn else "")
            + describe_systolic(found, width=output.width, color=output.color)
        ),
        data=found.to_dict() | ({"picture": drawn} if drawn else {}),
        records=found.records(),
    )


@app.command("zeros")
def zeros_command(form: Format = "table", file: File = None, quiet: Quiet = False) -> None:
    """Compare what published machines gain from zeros and short words with our models of them."""
    output = Output(form, file, quiet)
    from picojoule.sparse import describe_headlines, headlines

    found = headlines()
    output.emit(
        text=lambda: describe_headlines(found, width=output.width, color=output.color),
        data={"headlines": [one.to_dict() for one in found]},
        records=[one.to_dict() for one in found],
    )


@app.command("dataflow")
def dataflow_command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this one, on a mapping.")
    ] = None,
    operation: Annotated[
        str, typer.Argument(metavar="OPERATION", help="What is mapped.")
    ] = "conv M=96 C=64 P=14 Q=14 R=3 S=3",
    on: Annotated[
        str, typer.Option("--on", metavar="CHIP", help="As for `pj evaluate`.")
    ] = "eyeriss-isca-256",
    no_cache: NoCache = False,
    form: Format = "table",
    file: File = None,
    plot: Plot = None,
    quiet: Quiet = False,
) -> None:
    """List the dataflows, or show what one keeps where: its loop nest and its array."""
    output = Output(form, file, quiet)
    Places(None, plot)
    from picojoule.cli.dataflows import show_dataflow, show_dataflows

    if name is not None:
        show_dataflow(name, output, operation=operation, on=on, plot=plot, use_cache=not no_cache)
    elif plot:
        raise UsageError(
            "there is nothing to draw",
            where="--plot",
            got="no dataflow",
            expected="the name of one",
            fix="write `pj dataflow rs --plot FILE`",
        )
    else:
        show_dataflows(output)
