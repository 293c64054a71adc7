"""Application: the `pj` program, to which each module of commands adds its own."""

from typing import Annotated

import typer

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
