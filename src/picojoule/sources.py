"""Sources: which publication a number comes from.

A number names its source as a text: a key of `SOURCES`, optionally followed by a comma and the
place in it ("chen2017jssc, Sec. V"), or one of three other origins with the reason behind a colon:
`assumed: ...` (nobody published it), `calibrated: ...` (fitted here, to what), `stated: ...`
(the author of the description vouches for it, e.g. a data sheet of their own).
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from picojoule.errors import HardwareError, nearest

ORIGINS = ("assumed", "calibrated", "stated")


@dataclass(frozen=True, slots=True)
class Source:
    """A publication.

    Args:
        key: How numbers name it: first author, year, and what tells two of a year apart.
        authors, title, venue, year: As printed.
        locator: DOI or address.
    """

    key: str
    authors: str
    title: str
    venue: str
    year: int
    locator: str

    def __str__(self) -> str:
        return f"{self.authors}. {self.title}. {self.venue}, {self.year}. {self.locator}"


def _publications() -> dict[str, Source]:
    """What the file of publications lists, by key."""
    text = (Path(__file__).parent / "publications.toml").read_text(encoding="utf-8")
    return {key: Source(key, **record) for key, record in tomllib.loads(text).items()}


SOURCES = _publications()


def source_key(text: str) -> str:
    """The part of a source text before the place or reason: a key, or an origin.

    >>> source_key("chen2017jssc, Sec. V"), source_key("assumed: a round number")
    ('chen2017jssc', 'assumed')
    """
    origin, colon, _ = text.partition(":")
    if colon and origin.strip() in ORIGINS:
        return origin.strip()
    return text.partition(",")[0].strip()


def check_source(text: str, *, where: str) -> str:
    """Return a source text in its one spelling, or say what is wrong with it.

    Args:
        text: A key of `SOURCES` with an optional place, or an origin with its reason.
        where: Which number it is for.

    Raises:
        HardwareError: The key is unknown, or an origin has no reason.

    >>> check_source("sze2017,  Table V", where="clock")
    'sze2017, Table V'
    """
    key = source_key(text)
    if key in ORIGINS:
        reason = text.partition(":")[2].strip()
        if not reason:
            raise HardwareError(
                "a source gives no reason",
                where=where,
                got=text,
                expected=f"`{key}: ` and why",
                fix=f"write {{{key}: the reason}}",
            )
        return f"{key}: {reason}"
    if key not in SOURCES:
        raise HardwareError(
            "a number names an unknown source",
            where=where,
            got=text or "an empty text",
            expected=f"{nearest(key, SOURCES)}; or `assumed: reason`, `stated: where`",
            fix="name a known publication, or write {stated: where the number is printed}",
        )
    place = text.partition(",")[2].strip()
    return f"{key}, {place}" if place else key


def citations(texts: Iterable[str]) -> tuple[Source, ...]:
    """The publications that some source texts name, each once, sorted by key.

    >>> [source.year for source in citations(["sze2017, Fig. 22", "assumed: x", "sze2017"])]
    [2017]
    """
    keys = {source_key(text) for text in texts}
    return tuple(SOURCES[key] for key in sorted(keys & SOURCES.keys()))
