"""Lists: commands that show what there is.

Heavy libraries load inside the commands, so that `pj --help` answers at once.
"""

from pathlib import Path
from typing import Annotated

import typer

from picojoule.cli.application import app
from picojoule.cli.options import File, Format, Quiet
from picojoule.cli.output import Output, UsageError


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
