"""Errors: what is wrong, where, what was found, what was expected, and how to mend it.

Every mistake a user can make ends in one of these classes; an `assert` means a bug of ours.
"""

import difflib
from collections.abc import Iterable


class PicojouleError(Exception):
    """What is wrong, where, what was found, what was expected, and what to do."""

    def __init__(self, what: str, *, where: str, got: object, expected: object, fix: str) -> None:
        super().__init__(what, where, got, expected, fix)
        self.what, self.where, self.got, self.expected, self.fix = what, where, got, expected, fix

    def __str__(self) -> str:
        return (
            f"{self.what}\n  where:    {self.where}\n  got:      {self.got}\n"
            f"  expected: {self.expected}\n  fix:      {self.fix}"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args)


def _rebuild(
    kind: type[PicojouleError], args: tuple[str, str, object, object, str]
) -> PicojouleError:
    what, where, got, expected, fix = args
    return kind(what, where=where, got=got, expected=expected, fix=fix)


class WorkloadError(PicojouleError):
    """A network, model file or operation is wrong."""


class HardwareError(PicojouleError):
    """A chip description is wrong."""


class MappingError(PicojouleError):
    """A loop nest does not fit its operation or its chip."""


class CapacityError(MappingError):
    """A tile is larger than the memory that should hold it."""


class EncodingError(PicojouleError):
    """An array cannot be encoded so, or bytes are no code of it."""


class Unsupported(PicojouleError):
    """Valid input that picojoule does not handle yet; `got` names it."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Name what is known, the likeliest first: for the `expected` of an unknown name.

    >>> nearest("eyeris", ["systolic-128", "eyeriss"])
    "'eyeriss' (known: eyeriss, systolic-128)"
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    listing = ", ".join(names)
    return f"{close[0]!r} (known: {listing})" if close else f"one of {listing}"
