"""Load: chips by name from the library, or from a YAML file of the user's own."""

import math
import re
from importlib import resources
from pathlib import Path

from picojoule.errors import HardwareError, nearest
from picojoule.hardware.accelerator import Accelerator, Part
from picojoule.sources import source_key

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NOT_TEXT = ("true", "false", "null")


def library() -> tuple[str, ...]:
    """The names of the chips that come with picojoule.

    >>> "eyeriss" in library()
    True
    """
    folder = resources.files("picojoule.hardware") / "library"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def accelerator(name_or_path: str | Path) -> Accelerator:
    """A chip by its library name, or from a YAML file.

    Args:
        name_or_path: A name of `library()`; anything else is a path.

    Raises:
        HardwareError: There is neither such a chip nor such a file, or the file is wrong.

    >>> accelerator("eyeriss").compute_units
    168
    """
    name = str(name_or_path)
    if isinstance(name_or_path, str) and name in library():
        from picojoule.hardware.build import build_accelerator
        from picojoule.hardware.document import parse_document

        file = resources.files("picojoule.hardware") / "library" / f"{name}.yaml"
        text = file.read_text(encoding="utf-8")
        return build_accelerator(parse_document(text, name=f"{name}.yaml"))
    if name.endswith((".yaml", ".yml")) or any(mark in name for mark in "/\\"):
        return load_accelerator(name_or_path)
    if "\0" not in name and len(name) < 4096 and Path(name).is_file():
        return load_accelerator(name_or_path)
    raise HardwareError(
        "unknown chip",
        where="chip name",
        got=name[:80] or "an empty text",
        expected=nearest(name[:80], library()),
        fix="use a name of `pj chips`, or the path of a YAML file",
    )


def load_accelerator(path: str | Path) -> Accelerator:
    """A chip from a YAML file; docs/chips.md describes the format.

    Raises:
        HardwareError: What is wrong with the file, with its line.
    """
    from picojoule.hardware.build import build_accelerator
    from picojoule.hardware.document import read_document

    return build_accelerator(read_document(Path(path)))


def dump_accelerator(chip: Accelerator) -> str:
    """A chip as YAML that loads back to an equal chip.

    Numbers are written out (pJ and bits): components and multiples of a MAC are resolved. A number
    without a source, in a chip built in Python, is written as `stated: built in Python`.

    >>> from picojoule.hardware.build import build_accelerator
    >>> from picojoule.hardware.document import parse_document
    >>> chip = accelerator("eyeriss")
    >>> build_accelerator(parse_document(dump_accelerator(chip), name="x.yaml")) == chip
    True
    """
    from picojoule.hardware.provenance import CHIP_NUMBERS

    sources = dict(chip.sources)
    lines = [f"name: {_text(chip.name)}"]
    if chip.description:
        lines.append(f"description: {_text(chip.description)}")
    numbers = {name: getattr(chip, name) for name in CHIP_NUMBERS}
    words = numbers.pop("word_bits")
    lines += [f"{name}: {_number(value)}" for name, value in numbers.items() if value is not None]
    if words:
        lines.append(f"word_bits: {{{', '.join(f'{role}: {bits}' for role, bits in words)}}}")
        numbers["word_bits"] = words
    lines += _sources({name: sources.get(name) for name, value in numbers.items() if value})
    lines.append("parts:")
    for part in chip.parts:
        first, *rest = _part(part, sources, outermost=part is chip.parts[0])
        lines += [f"  - {first}", *(f"    {line}" for line in rest)]
    return "\n".join(lines) + "\n"


def _part(part: Part, sources: dict[str, str], *, outermost: bool) -> list[str]:
    """The lines of one part: its numbers, its choices, their sources."""
    from picojoule.hardware.provenance import WIDTHS, default_of, needed_prices, number_places

    lines = [f"{type(part).__name__.lower()}: {_text(part.name)}"]
    needed = {*needed_prices(part, outermost=outermost), *WIDTHS}
    cited: dict[str, str | None] = {}
    for field, place in number_places(part):
        value = getattr(part, field)
        if place in sources or field in needed or value != default_of(part, field):
            cited[field] = sources.get(place)
            if field == "partitions":
                sizes = ", ".join(f"{role}: {bits}" for role, bits in value)
                lines.append(f"partitions_bits: {{{sizes}}}")
            elif value is not None:
                lines.append(f"{field}: {_number(value)}")
    return [*lines, *_choices(part), *_sources(cited)]


def _choices(part: Part) -> list[str]:
    """The fields of a part that are not numbers."""
    from picojoule.hardware.accelerator import Array, Compute, Memory

    if isinstance(part, Array):
        lists = {"multicast": part.multicast, "forwarding": part.forwarding,
                 "x_dims": part.x_dims, "y_dims": part.y_dims}  # fmt: skip
        written = [f"{k}: [{', '.join(v)}]" for k, v in lists.items() if v is not None]
        return [*written, f"reduces: {str(part.reduces).lower()}"]
    if not isinstance(part, Memory):
        assert isinstance(part, Compute)
        rules = {"gating": part.gating, "skipping": part.skipping}
        return [f"{key}: [{', '.join(roles)}]" for key, roles in rules.items() if roles]
    lines = [f"holds: [{', '.join(part.holds)}]"]
    shared = set(part.holds) - {role for role, _ in part.partitions}
    if part.capacity_bits is None and shared:
        lines.append("capacity: unbounded")
    lines.append("word_bits: 1")
    lines.append(f"overlapped: {str(part.overlapped).lower()}")
    for key, how in (("reuse", part.reuse), ("compressed", part.compressed)):
        if how:
            lines.append(f"{key}: {{{', '.join(f'{role}: {name}' for role, name in how)}}}")
    for key, rules in (("gating", part.gating), ("skipping", part.skipping)):
        if rules:
            written = (f"{role}: [{', '.join(leaders)}]" for role, leaders in rules)
            lines.append(f"{key}: {{{', '.join(written)}}}")
    return lines


def _sources(cited: dict[str, str | None]) -> list[str]:
    """The `sources` of some numbers, and a `source` for the ones without."""
    known = {name: text for name, text in cited.items() if text is not None}
    lines = [] if len(known) == len(cited) else ["source: {stated: built in Python}"]
    if known:
        lines.append("sources:")
        lines += [f"  {name}: {_source(text)}" for name, text in known.items()]
    return lines


def _source(text: str) -> str:
    """A source text as a YAML value."""
    key = source_key(text)
    reason = text.partition(":")[2].strip()
    return f"{{{key}: {_text(reason)}}}" if text.startswith(f"{key}:") else _text(text)


def _number(value: float) -> str:
    """A number that reads back as the same number."""
    whole = isinstance(value, int) or (math.isfinite(value) and value.is_integer())
    return str(int(value)) if whole and abs(value) < 1e15 else repr(value)


def _text(text: str) -> str:
    """A text as a YAML value: bare where that is safe, else quoted and escaped."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    escaped = (
        letter if " " <= letter <= "~" and letter not in '"\\' else f"\\U{ord(letter):08x}"
        for letter in text
    )
    return f'"{"".join(escaped)}"'
