"""Commands: each parses its options, calls one public function and hands the result to Output.

Heavy libraries load inside the commands, so that `pj --help` answers at once.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from picojoule.cli.options import (
    Batch,
    Budget,
    Chip,
    Dataflow,
    DensityFile,
    Factors,
    File,
    Format,
    Jobs,
    Minimize,
    Model,
    NoCache,
    Passes,
    Plot,
    Quiet,
    Rules,
    Save,
    Shapes,
    TimeLimit,
    Trade,
    WithinEnergy,
    WithinLatency,
    Words,
    Work,
    ZeroShares,
)
from picojoule.cli.output import Output, UsageError
from picojoule.cli.runs import Places, Request, find, show
from picojoule.report import check_place, save_chart

app = typer.Typer(
    name="pj",
    help="What does this network cost on this chip, and what is the best way to run it?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def start(
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    """What does this network cost on this chip, and what is the best way to run it?"""
    if version:
        from picojoule import __version__

        typer.echo(f"picojoule {__version__}")
        raise typer.Exit


@app.command("profile")
def profile_command(
    model: Model,
    batch: Batch = None,
    shapes: Shapes = None,
    form: Format = "table",
    file: File = None,
    quiet: Quiet = False,
) -> None:
    """Show the shape, weights, MACs and bytes of each layer."""
    output = Output(form, file, quiet)
    from picojoule.cli.tables import describe_profile
    from picojoule.workload import load, profile

    found = profile(load(model, batch=batch, inputs=_shapes(shapes)))
    data: dict[str, Any] = found.to_dict()
    _warn_ignored(output, len(found.ignored))
    output.emit(
        text=lambda: describe_profile(found, width=output.width, color=output.color),
        data=data,
        records=data["layers"],
    )


@app.command("evaluate")
def evaluate_command(
    model: Model,
    on: Chip,
    minimize: Minimize = "energy",
    batch: Batch = None,
    bits: Words = None,
    shapes: Shapes = None,
    constraints: Rules = None,
    dataflow: Dataflow = None,
    factors: Factors = "auto",
    zeros: ZeroShares = None,
    passes: Passes = None,
    density: DensityFile = None,
    front: Trade = False,
    within_latency: WithinLatency = None,
    within_energy: WithinEnergy = None,
    budget: Budget = None,
    time_limit: TimeLimit = None,
    jobs: Jobs = None,
    no_cache: NoCache = False,
    form: Format = "table",
    file: File = None,
    save: Save = None,
    plot: Plot = None,
    nests: Annotated[bool, typer.Option("--nests", help="Show each loop nest in full.")] = False,
    quiet: Quiet = False,
) -> None:
    """Find the best mapping of every layer, and what the network then costs."""
    output = Output(form, file, quiet)
    places = Places(save, plot)
    request = Request(
        minimize=minimize,
        front=front,
        within_latency_s=within_latency,
        within_energy_j=within_energy,
        constraints=constraints,
        dataflow=dataflow,
        factors=factors,
        budget=budget,
        time_limit_s=time_limit,
        jobs=jobs,
        use_cache=not no_cache,
        density=density,
    )
    from picojoule.cli.passes import PassRequest
    from picojoule.evaluation import load_for
    from picojoule.hardware import accelerator
    from picojoule.workload import read_widths

    in_passes = PassRequest.of(
        on, dataflow=dataflow, zeros=zeros, passes=passes, nests=nests, request=request
    )
    chip = accelerator(on)
    widths = None if bits is None else read_widths(bits)
    network = load_for(model, chip, batch=batch, inputs=_shapes(shapes), bits=widths)
    if in_passes:
        _warn_ignored(output, len(network.ignored))
        in_passes.show(network, output, places)
        return
    found = find(request, network, chip, output)
    _warn_ignored(output, len(network.ignored))
    show(found, output, places, nests=nests)


@app.command("map")
def map_command(
    operation: Annotated[
        str,
        typer.Argument(
            metavar="OPERATION", help='Such as "conv M=64 C=3 P=112 Q=112 R=7 S=7 stride=2".'
        ),
    ],
    on: Chip,
    minimize: Minimize = "energy",
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", metavar="FILE", help="Price this loop nest; do not search."),
    ] = None,
    write_mapping: Annotated[
        Path | None,
        typer.Option("--write-mapping", metavar="FILE", help="Also write the loop nest."),
    ] = None,
    constraints: Rules = None,
    dataflow: Dataflow = None,
    factors: Factors = "auto",
    front: Trade = False,
    within_latency: WithinLatency = None,
    within_energy: WithinEnergy = None,
    budget: Budget = None,
    time_limit: TimeLimit = None,
    no_cache: NoCache = False,
    form: Format = "table",
    file: File = None,
    save: Save = None,
    plot: Plot = None,
    quiet: Quiet = False,
) -> None:
    """Find the best mapping of one operation, or price a given one."""
    output = Output(form, file, quiet)
    places = Places(save, plot)
    request = Request(
        minimize=minimize,
        front=front,
        within_latency_s=within_latency,
        within_energy_j=within_energy,
        constraints=constraints,
        dataflow=dataflow,
        factors=factors,
        budget=budget,
        time_limit_s=time_limit,
        jobs=None,
        use_cache=not no_cache,
    )
    if write_mapping:
        check_place(write_mapping)
    _check_one_nest(request, mapping, write_mapping)
    from picojoule.cli.nests import read_nest, write_nest
    from picojoule.evaluation import NetworkFront
    from picojoule.hardware import accelerator
    from picojoule.workload import parse_operation

    nest = read_nest(mapping).nest if mapping else None
    found = find(request, parse_operation(operation), accelerator(on), output, nest=nest)
    show(found, output, places, nests=True)
    if write_mapping and not isinstance(found, NetworkFront):
        write_nest(write_mapping, found.layers[0].nest, operation=operation, chip=on)
        output.note(f"wrote {write_mapping}")


@app.command("eyexam")
def eyexam_command(
    model: Model,
    on: Chip,
    batch: Batch = None,
    shapes: Shapes = None,
    constraints: Rules = None,
    dataflow: Dataflow = None,
    factors: Factors = "auto",
    time_limit: TimeLimit = None,
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
    from picojoule.workload import load

    network = load(model, batch=batch, inputs=_shapes(shapes))
    _warn_ignored(output, len(network.ignored))
    show_exam(
        network,
        on,
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


def _check_one_nest(request: Request, mapping: Path | None, write_mapping: Path | None) -> None:
    """Refuse a front where a single nest is read or written."""
    one = "--mapping" if mapping and request.needs_front else None
    if write_mapping and request.front:
        one = "--write-mapping"
    if one:
        raise UsageError(
            "these options do not go together",
            where=one,
            got=f"{one} and a front of many mappings",
            expected="one mapping, or a front",
            fix=f"leave {one} out, or name a point by --within-latency or --within-energy",
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
        inputs=_shapes(shapes),
    )
    _warn_ignored(output, len(found.ignored))
    drawn = draw_systolic(found, width=output.width) if picture else None
    output.emit(
        text=lambda: (
            (f"{drawn}\n" if drawn else "")
            + describe_systolic(found, width=output.width, color=output.color)
        ),
        data=found.to_dict() | ({"picture": drawn} if drawn else {}),
        records=found.records(),
    )


@app.command("check")
def check_command(
    mapping: Annotated[
        Path | None,
        typer.Argument(metavar="MAPPING", help="A loop nest that `pj map --write-mapping` wrote."),
    ] = None,
    operation: Annotated[
        str | None,
        typer.Option("--operation", metavar="TEXT", help="What it maps, if the file does not say."),
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="CHIP", help="The chip, if the file does not say.")
    ] = None,
    records: Annotated[
        Path | None,
        typer.Option("--records", metavar="FILE", help="Recorded results of another tool (JSON)."),
    ] = None,
    form: Format = "table",
    file: File = None,
    quiet: Quiet = False,
) -> None:
    """Run the oracle against the closed form, on a mapping or on recorded results."""
    output = Output(form, file, quiet)
    if (mapping is None) == (records is None):
        raise UsageError(
            "nothing to check" if mapping is None else "two things to check",
            where="pj check",
            got="neither MAPPING nor --records" if mapping is None else "MAPPING and --records",
            expected="a mapping, or --records FILE",
            fix="give one of them",
        )
    from picojoule.cli.checks import check_nest_file, check_records_file

    agrees = (
        check_records_file(records, output)
        if records
        else check_nest_file(mapping, output, operation=operation, chip=on)
        if mapping
        else False
    )
    if not agrees:
        raise typer.Exit(1)


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

    network = load(model, batch=batch, inputs=_shapes(shapes))
    with output.told(), output.progress("comparing") as tell:
        found = compare(network, pes=pes, layers=layers, model=answer, progress=tell)
    _warn_ignored(output, len(found.ignored))

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


@app.command("chips")
def chips_command(
    name: Annotated[
        str | None, typer.Argument(metavar="CHIP", help="Show this one, with its sources.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Also draw the chip's diagram: an SVG."),
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Compute published figures that need mappings, too.")
    ] = False,
    form: Format = "table",
    file: File = None,
    quiet: Quiet = False,
) -> None:
    """List the chips of the library, or show one: diagram, sources, published figures."""
    output = Output(form, file, quiet)
    if name is None and (figure is not None or run):
        raise UsageError(
            "this option is for one chip",
            where="--run" if run else "--figure",
            got="no chip",
            expected="the name of a chip",
            fix="name one of `pj chips`",
        )
    from picojoule.cli.chips import show_chip, show_chips

    if name is None:
        show_chips(output)
    else:
        show_chip(name, output, figure=figure, run=run)


@app.command("models")
def models_command(form: Format = "table", file: File = None, quiet: Quiet = False) -> None:
    """List the networks of the zoo."""
    output = Output(form, file, quiet)
    from picojoule.cli.catalogue import show_models

    show_models(output)


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


@app.command("cache")
def cache_command(
    clear: Annotated[bool, typer.Option("--clear", help="Empty it.")] = False,
    form: Format = "table",
    file: File = None,
    quiet: Quiet = False,
) -> None:
    """Show where proved mappings are kept, or empty that place."""
    output = Output(form, file, quiet)
    from picojoule.cli.catalogue import show_cache

    show_cache(output, clear=clear)


@app.command("warm", hidden=True)
def warm_command() -> None:
    """Compile and cache every kernel, so that nobody waits for it later."""
    from picojoule.cli.kernels import compile_all

    compile_all()


def _shapes(texts: list[str] | None) -> dict[str, tuple[int, ...]] | None:
    """Read `x=1x3x224x224` for each input that the model leaves open."""
    if not texts:
        return None
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, equals, sizes = text.rpartition("=")
        parts = sizes.split("x")
        if not equals or not name or not all(p.isascii() and p.isdigit() for p in parts):
            raise UsageError(
                "shape of an input is not understood",
                where="--input",
                got=text,
                expected="NAME=SIZExSIZEx..., such as pixels=1x3x224x224",
                fix="write the input's name, an equals sign, and its sizes joined by x",
            )
        if max(map(len, parts)) > 18:
            raise UsageError(
                "size of an input is too large",
                where="--input",
                got=text,
                expected="sizes of at most 18 digits",
                fix="check for a size with too many digits",
            )
        shapes[name] = tuple(map(int, parts))
    return shapes


def _warn_ignored(output: Output, ignored: int) -> None:
    if ignored:
        parts = "part" if ignored == 1 else "parts"
        output.warn(f"{ignored} {parts} of the model not understood; see `ignored`")
