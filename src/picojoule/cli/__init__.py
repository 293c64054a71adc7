"""The `pj` command: parses, calls one public function, prints."""

import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence

from picojoule.errors import PicojouleError

BAD_INPUT = 2
INTERNAL = 70
DEBUG = "PICOJOULE_TRACEBACK"
"""Environment variable that shows where in our code an internal error came from."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        arguments: Without the program's name; None takes those of the process.

    Returns:
        0 on success, 1 where a check disagrees, 2 on bad input, 70 where we are at fault.
    """
    # Each module adds its commands; `pj --help` lists them in this order.
    for name in ("commands", "studies", "lists"):
        importlib.import_module(f"picojoule.cli.{name}")
    from picojoule.cli.application import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character still prints
    try:
        app(args=None if arguments is None else list(arguments), prog_name="pj")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else BAD_INPUT
    except PicojouleError as error:
        return _refuse(str(error), BAD_INPUT)
    except MemoryError:
        return _refuse("the problem does not fit into this machine's memory", BAD_INPUT)
    except Exception as error:
        if os.environ.get(DEBUG):
            traceback.print_exc()
        name = type(error).__name__
        return _refuse(
            f"internal error ({name}: {error}); this is a fault of picojoule, please report it\n"
            f"  {DEBUG}=1 in the environment shows where it happened",
            INTERNAL,
        )
    return 0


def _refuse(message: str, status: int) -> int:
    from picojoule.report import printable

    lines = [printable(line) for line in message.splitlines()]
    print("pj:", "\n".join(lines), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
