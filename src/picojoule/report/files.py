"""Files: what is written appears whole or not at all."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from picojoule.errors import PicojouleError


class OutputError(PicojouleError):
    """A result cannot be written where the user wants it."""


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never half of it.

    Args:
        path: Where to; its folder must exist.
        content: Text (as UTF-8) or bytes.

    Raises:
        OutputError: The folder is missing, or the file cannot be written.
    """
    target = Path(path)
    data = content.encode() if isinstance(content, str) else content
    temporary = ""
    try:
        if target.is_dir():
            raise IsADirectoryError("it is a folder")
        target = target.resolve() if target.is_symlink() else target
        if target.exists() and not target.is_file():  # a device or pipe cannot be replaced
            target.write_bytes(data)
            return
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(_permissions(target))
        Path(temporary).replace(target)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError):
            if temporary:
                Path(temporary).unlink()
        reason = getattr(error, "strerror", None) or str(error)
        raise _refusal(path, reason) from error


def to_json(data: Mapping[str, Any]) -> str:
    """Plain data as the text of a JSON file; refuses what JSON has no number for."""
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def check_place(path: str | Path) -> None:
    """Refuse a path that cannot be written, before hours of work and not after.

    Raises:
        OutputError: It is a folder, or its folder is missing or closed.
    """
    target = Path(path)
    folder = target.parent
    if target.is_dir():
        reason = "it is a folder"
    elif not folder.is_dir():
        reason = f"there is no folder {str(folder)!r}"
    elif not os.access(folder, os.W_OK):
        reason = f"folder {str(folder)!r} may not be written to"
    else:
        return
    raise _refusal(path, reason)


def _refusal(path: str | Path, reason: str) -> OutputError:
    return OutputError(
        "result cannot be written",
        where=str(path),
        got=reason,
        expected="a file name in a folder that exists and may be written to",
        fix="make the folder first, or choose another place",
    )


def _permissions(target: Path) -> int:
    """Those of the file that is replaced, else what a newly made file would get."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
