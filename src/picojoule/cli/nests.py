"""Nest files: a loop nest as text, with the operation and the chip it is for in its first lines."""

from dataclasses import dataclass
from pathlib import Path

from picojoule.cli.output import UsageError
from picojoule.mapping import Nest, format_nest, parse_nest
from picojoule.report import write_whole

LARGEST_FILE = 1 << 16
_OPERATION, _CHIP = "# operation: ", "# chip: "


@dataclass(frozen=True, slots=True)
class NestFile:
    """A nest and, where the file says, what it is for."""

    nest: Nest
    operation: str | None
    chip: str | None


def write_nest(path: Path, nest: Nest, *, operation: str, chip: str) -> None:
    """Write a nest with what it is for, so that `pj check FILE` needs nothing else.

    Raises:
        OutputError: The file cannot be written.
    """
    head = "".join(
        f"{key}{' '.join(value.split())}\n"
        for key, value in ((_OPERATION, operation), (_CHIP, chip))
    )
    write_whole(path, f"{head}{format_nest(nest)}\n")


def read_nest(path: Path) -> NestFile:
    """Read a nest file.

    Raises:
        UsageError: The file is missing, not text, or too large.
        MappingError: It is not a nest.
    """
    reason = ""
    text = ""
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            reason = f"more than {LARGEST_FILE} bytes"
        text = content.decode()
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError:
        reason = "not UTF-8 text, or not a file name"
    if reason:
        raise UsageError(
            "mapping cannot be read",
            where=str(path),
            got=reason,
            expected="a small text file with a loop nest",
            fix="check the name, or let `pj map ... --write-mapping FILE` write one",
        )
    return NestFile(
        parse_nest(text, name=str(path)), _header(text, _OPERATION), _header(text, _CHIP)
    )


def _header(text: str, key: str) -> str | None:
    for line in text.splitlines():
        if line.startswith(key):
            return line.removeprefix(key).strip()
    return None
