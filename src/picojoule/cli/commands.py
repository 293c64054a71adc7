"""Commands: each parses its options, calls one public function and hands the result to Output.

Heavy libraries load inside the commands, so that `pj --help` answers at once.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from picojoule.cli.application import app
from picojoule.cli.inputs import read_shapes, warn_ignored
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
    ZeroShares,
)
from picojoule.cli.output import Output, UsageError
from picojoule.cli.runs import Places, Request, find, show
from picojoule.report import check_place


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

    found = profile(load(model, batch=batch, inputs=read_shapes(shapes)))
    data: dict[str, Any] = found.to_dict()
    warn_ignored(output, len(found.ignored))
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

    widths = None if bits is None else read_widths(bits)
    in_passes = PassRequest.of(
        on, dataflow=dataflow, zeros=zeros, passes=passes, bits=widths, nests=nests, request=request
    )
    chip = accelerator(on)
    network = load_for(model, chip, batch=batch, inputs=read_shapes(shapes), bits=widths)
    if in_passes:
        warn_ignored(output, len(network.ignored))
        in_passes.show(network, output, places)
        return
    found = find(request, network, chip, output)
    warn_ignored(output, len(network.ignored))
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
    from picojoule.evaluation import NetworkFront, operation_for
    from picojoule.hardware import accelerator

    nest = read_nest(mapping).nest if mapping else None
    chip = accelerator(on)
    found = find(request, operation_for(operation, chip), chip, output, nest=nest)
    show(found, output, places, nests=True)
    if write_mapping and not isinstance(found, NetworkFront):
        write_nest(write_mapping, found.layers[0].nest, operation=operation, chip=on)
        output.note(f"wrote {write_mapping}")


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
