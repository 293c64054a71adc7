"""Documents: walking JSON from strangers, each value with the path a message can name."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from picojoule.errors import PicojouleError

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of a file of records that are read."""
LARGEST_LIST = 100_000
LARGEST_INTEGER = 2**63 - 1
LARGEST_NAME = 200


class RecordError(PicojouleError):
    """A file of recorded results cannot be read."""


@dataclass(frozen=True, slots=True)
class Node:
    """One JSON value and where it stands."""

    value: object
    path: str

    def refuse(self, what: str, expected: str) -> RecordError:
        """The error that says what stands here instead of what is expected."""
        shown = repr(self.value)
        return RecordError(
            what,
            where=self.path,
            got=shown if len(shown) <= 80 else f"{shown[:77]}...",
            expected=expected,
            fix="compare with a file in the format of recorded results, such as the one shipped "
            "for `pj check --records`",
        )

    def names(self) -> tuple[str, ...]:
        """Names in this object."""
        return tuple(self._mapping())

    def has(self, name: str) -> bool:
        """Whether this object has `name`."""
        return name in self._mapping()

    def at(self, name: str) -> "Node":
        """The value under `name`, which must be there."""
        mapping = self._mapping()
        if name not in mapping:
            raise self.refuse(f"{name!r} is missing", f"an object with {name!r}")
        return Node(mapping[name], f"{self.path}.{name}")

    def get(self, name: str, default: object) -> "Node":
        """The value under `name`, or `default`."""
        return Node(self._mapping().get(name, default), f"{self.path}.{name}")

    def items(self) -> Iterator["Node"]:
        """The elements of this list."""
        if not isinstance(self.value, list):
            raise self.refuse("value is not a list", "a list")
        values = cast(Sequence[object], self.value)
        if len(values) > LARGEST_LIST:
            raise RecordError(
                "list is too long",
                where=self.path,
                got=f"{len(values)} elements",
                expected=f"at most {LARGEST_LIST}",
                fix="split the file",
            )
        for index, value in enumerate(values):
            yield Node(value, f"{self.path}[{index}]")

    def text(self) -> str:
        """This value as a name."""
        if not isinstance(self.value, str) or not 0 < len(self.value) <= LARGEST_NAME:
            raise self.refuse("value is not a name", f"a text of 1 to {LARGEST_NAME} characters")
        return self.value

    def integer(self, least: int = 0) -> int:
        """This value as a count."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refuse("value is not an integer", "an integer")
        if not least <= value <= LARGEST_INTEGER:
            raise self.refuse("integer is out of range", f"{least} to {LARGEST_INTEGER}")
        return value

    def number(self) -> float:
        """This value as an energy or bandwidth: finite, not negative."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse("value is not a number", "a number")
        if not 0 <= value <= 1e30:
            raise self.refuse("number is out of range", "0 to 1e30")
        return float(value)

    def truth(self) -> bool:
        """This value as true or false."""
        if not isinstance(self.value, bool):
            raise self.refuse("value is neither true nor false", "true or false")
        return self.value

    def _mapping(self) -> Mapping[str, object]:
        if not isinstance(self.value, dict):
            raise self.refuse("value is not an object", "an object")
        return cast(Mapping[str, object], self.value)


def read_document(path: str | Path) -> Node:
    """Read a JSON file, within limits.

    Raises:
        RecordError: It is missing, too large, or not JSON.
    """
    place = Path(path)
    try:
        if not place.is_file():
            raise RecordError(
                "file of records is missing" if not place.exists() else "not a file",
                where=str(path),
                got="nothing there" if not place.exists() else "a folder or device",
                expected="a JSON file of recorded results",
                fix="check the path",
            )
        size = place.stat().st_size
        if size > LARGEST_FILE:
            raise RecordError(
                "file of records is too large",
                where=str(path),
                got=f"{size} bytes",
                expected=f"at most {LARGEST_FILE}",
                fix="split the file, or check that it is the right one",
            )
        with place.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)[:LARGEST_FILE]
        return Node(json.loads(content.decode("utf-8")), place.name)
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(
            "file of records cannot be read",
            where=str(path),
            got=_reason(error),
            expected="a JSON file of recorded results",
            fix="check that the file is whole and is JSON",
        ) from error


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "lists within lists, too deep"
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return f"bytes that are not text at {error.start}"
    return getattr(error, "strerror", None) or str(error)[:80]
