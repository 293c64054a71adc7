"""Document: a YAML file from a stranger as plain values, each with the line it stands on.

Read as YAML 1.2 (core schema: `65e-9` is a number, `yes` is a text). Size, depth and number of
values are bounded; anchors, aliases, tags, merges, several documents and duplicate keys are
refused, so a file cannot grow in memory or build anything but texts, numbers, lists and mappings.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from picojoule.errors import HardwareError, PicojouleError

LARGEST_BYTES = 1_000_000
LARGEST_DEPTH = 16
LARGEST_COUNT = 20_000
LARGEST_DIGITS = 40

Scalar = str | int | float | bool | None
Value = Scalar | list["Value"] | dict[str, "Value"]
Location = tuple[str | int, ...]

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a file is about, as messages say it.

    Args:
        noun: What one file describes.
        first_key: What such a file may start with.
        path_fix: What to do where the file is not found.
        error: The class of the messages.
    """

    noun: str
    first_key: str
    path_fix: str
    error: type[PicojouleError]


CHIP = Subject(
    "chip", "name", "check the path; `pj chips` lists the chips that need no file", HardwareError
)


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a file, and where each one stands.

    Args:
        name: The file, for messages.
        root: Its outermost mapping.
        lines: Location of a value -> line, from 1.
        subject: What the file is about.
    """

    name: str
    root: dict[str, Value]
    lines: Mapping[Location, int]
    subject: Subject = CHIP

    def where(self, location: Location) -> str:
        """Name a place in the file: `chip.yaml:7, parts[1].read_pj`."""
        known = location
        while known and known not in self.lines:
            known = known[:-1]
        path = ""
        for step in location:
            path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
        place = f"{self.name}:{self.lines.get(known, 1)}"
        return f"{place}, {path}" if path else place


def read_document(path: Path, subject: Subject = CHIP) -> Document:
    """Read a YAML file of at most 1 MB.

    Raises:
        HardwareError: Missing, not a file, too large, not text, or not the YAML we accept; or
            the error of the subject.
    """
    name = path.name or str(path)
    what = f"cannot read the {subject.noun} file"
    try:
        if not path.is_file():
            got = "a folder" if path.is_dir() else "nothing there, or not a plain file"
            _refuse(subject, what, str(path), got, "a YAML file", subject.path_fix)
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        got = getattr(error, "strerror", None) or str(error)
        fix = "check the path and its permissions"
        _refuse(subject, what, str(path), got, "a readable YAML file", fix)
    if len(content) > LARGEST_BYTES:
        _refuse(subject, "the file is too large", name, "over 1 MB", "at most 1 MB",
                f"describe one {subject.noun}")  # fmt: skip
    try:
        return parse_document(content.decode("utf-8-sig"), name=name, subject=subject)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        _refuse(subject, "the file is not text", f"{name}:{line}", "bytes that are not UTF-8",
                "text in UTF-8", "save it as UTF-8")  # fmt: skip


def parse_document(text: str, *, name: str, subject: Subject = CHIP) -> Document:
    """Parse YAML text whose outermost value is a mapping.

    >>> parse_document("a: [1, 2e3]", name="x.yaml").root
    {'a': [1, 2000.0]}
    """
    if len(text) > LARGEST_BYTES:
        _refuse(subject, "the file is too large", name, "over 1 MB", "at most 1 MB",
                f"describe one {subject.noun}")  # fmt: skip
    builder = _Builder(name, _events(text, name, subject), subject)
    root = builder.document()
    if not isinstance(root, dict):
        got = "nothing" if root is None else f"a {type(root).__name__}"
        _refuse(subject, "the file is not a mapping", f"{name}:1", got, "`key: value` lines",
                f"start with `{subject.first_key}:`")  # fmt: skip
    return Document(name, root, builder.lines, subject)


def _refuse(
    subject: Subject, what: str, where: str, got: object, expected: str, fix: str
) -> NoReturn:
    raise subject.error(what, where=where, got=got, expected=expected, fix=fix) from None


def _events(text: str, name: str, subject: Subject) -> Iterator[Any]:
    """The parser's events; whatever it raises becomes our error."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except PicojouleError:
        raise
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problem = str(error.problem or error.context)
        fix = "check indentation, colons, brackets and quotes on this line and the one before"
        if "mapping values" in problem:
            fix = "put quotes around a text that contains `: `"
        _refuse(subject, "the file is not YAML", f"{name}:{line}", problem, "YAML 1.2", fix)
    except Exception as error:  # the parser has no common base class for what a bad escape raises
        got = " ".join(str(error).split())[:120] or type(error).__name__
        _refuse(subject, "the file is not YAML", name, got, "YAML 1.2 in printable characters",
                "remove control characters and unknown escapes")  # fmt: skip


class _Builder:
    """Builds values from events; a class because all steps share the lines and the limits."""

    def __init__(self, name: str, events: Iterator[Any], subject: Subject) -> None:
        self.name, self.events, self.subject = name, events, subject
        self.lines: dict[Location, int] = {}
        self.count = 0

    def document(self) -> Value:
        """The one document of the stream; None when there is none."""
        from ruamel.yaml.events import DocumentStartEvent, StreamEndEvent

        next(self.events)
        event = next(self.events)
        if isinstance(event, StreamEndEvent):
            return None
        value = self.value(next(self.events), ())
        next(self.events)
        event = next(self.events)
        if isinstance(event, DocumentStartEvent):
            self.refuse("the file has several documents", event, "`---`", "one document",
                        f"keep one {self.subject.noun} per file")  # fmt: skip
        return value

    def value(self, event: Any, location: Location) -> Value:
        """The value that starts with `event`."""
        from ruamel.yaml.events import AliasEvent, MappingStartEvent, ScalarEvent

        self.lines.setdefault(location, event.start_mark.line + 1)
        self.count += 1
        if self.count > LARGEST_COUNT:
            fix = f"describe one {self.subject.noun}"
            self.refuse("the file has too many values", event, f"over {LARGEST_COUNT}",
                        f"at most {LARGEST_COUNT}", fix)  # fmt: skip
        if len(location) > LARGEST_DEPTH:
            self.refuse("the file is nested too deeply", event, f"over {LARGEST_DEPTH} levels",
                        f"at most {LARGEST_DEPTH}", "list the parts side by side")  # fmt: skip
        if isinstance(event, AliasEvent) or event.anchor is not None:
            self.refuse("anchors and aliases are not read", event, f"{event.anchor!r}",
                        "each value written out", "copy the value to where it is used")  # fmt: skip
        if event.tag is not None and event.tag != "!":
            self.refuse("tags are not read", event, event.tag, "plain values", "remove the tag")
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if isinstance(event, MappingStartEvent):
            return self.mapping(location)
        return self.sequence(location)

    def mapping(self, location: Location) -> dict[str, Value]:
        """The rest of a mapping."""
        from ruamel.yaml.events import MappingEndEvent, ScalarEvent

        result: dict[str, Value] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or event.anchor or event.tag:
                self.refuse("a key is not a text", event, "a list, mapping, alias or tag",
                            "a plain word before the colon", "write `key: value`")  # fmt: skip
            key, line = str(event.value), event.start_mark.line + 1
            below = (*location, key)
            if key in result:
                self.refuse("a key is given twice", event,
                            f"{key!r} on lines {self.lines[below]} and {line}",
                            "each key once", "remove one of the two")  # fmt: skip
            self.lines[below] = line
            result[key] = self.value(next(self.events), below)
        return result

    def sequence(self, location: Location) -> list[Value]:
        """The rest of a list."""
        from ruamel.yaml.events import SequenceEndEvent

        result: list[Value] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            result.append(self.value(event, (*location, len(result))))
        return result

    def scalar(self, event: Any) -> Scalar:
        """A text, number, truth value or nothing, by the core schema."""
        text: str = event.value
        if event.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            if len(text) > LARGEST_DIGITS:
                self.refuse("a number has too many digits", event, f"{len(text)} digits",
                            f"at most {LARGEST_DIGITS}", "check the number")  # fmt: skip
            return int(text, 0 if text[:2] in ("0o", "0x") else 10)
        return float(text) if _FLOAT.fullmatch(text) else text

    def refuse(self, what: str, event: Any, got: object, expected: str, fix: str) -> NoReturn:
        """Raise at the event's line."""
        where = f"{self.name}:{event.start_mark.line + 1}"
        raise self.subject.error(what, where=where, got=got, expected=expected, fix=fix)
