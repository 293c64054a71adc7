"""Constraints from a YAML file: limits, and what each part of the chip may do.

```yaml
limits: {latency_s: 0.01, utilization: 0.5}
parts:
  glb: {keep: [inputs], bypass: [weights], factors: {P: 4, Q: {at_most: 7}}}
  pes: {x: {C: 14}, y: {M: {at_least: 2}}}
```

A number fixes a factor, `at_least` and `at_most` bound it, and 1 forbids a loop. What the words
mean for an operation and a chip is checked later, by `Constraints.check`; lines are kept for that.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from picojoule.errors import MappingError
from picojoule.hardware import Document, Location, Subject, parse_document, read_document, read_spec
from picojoule.mapper.constraints.order import Order
from picojoule.mapper.constraints.rules import Constraints, Limits, PartConstraints, Range

SUBJECT = Subject("constraints", "parts", "check the path", MappingError)
LARGEST_COUNT = 2**40
MOST_NAMES = 64

Amount = Annotated[float, Field(strict=True, gt=0, le=1e18, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=1, le=LARGEST_COUNT)]
Names = Annotated[list[Annotated[str, Field(strict=True)]], Field(max_length=MOST_NAMES)]
Ranges = dict[str, Any]


class _Spec(BaseModel):
    """What every mapping of the file has: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LimitsSpec(_Spec):
    """The limits as the file writes them."""

    latency_s: Amount | None = None
    utilization: Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)] | None = None
    power_w: Amount | None = None
    bandwidth_bytes_per_s: Amount | None = None


class RangeSpec(_Spec):
    """A range as the file writes it."""

    at_least: Count = 1
    at_most: Count | None = None


class PartSpec(_Spec):
    """One part as the file writes it; its ranges are still to be read."""

    factors: Ranges = Field(default_factory=dict)
    tile: Ranges = Field(default_factory=dict)
    order: Annotated[list[Any], Field(max_length=MOST_NAMES)] = []
    keep: Names = []
    bypass: Names = []
    x: Ranges = Field(default_factory=dict)
    y: Ranges = Field(default_factory=dict)


class ConstraintsSpec(_Spec):
    """The file; its limits and parts are still to be read."""

    limits: dict[str, Any] = Field(default_factory=dict)
    parts: dict[str, dict[str, Any]] = Field(default_factory=dict)


def load_constraints(path: str | Path) -> Constraints:
    """Constraints from a YAML file; docs/constraints.md describes the format.

    Raises:
        MappingError: What is wrong with the file, with its line.
    """
    return build_constraints(read_document(Path(path), SUBJECT))


def parse_constraints(text: str, *, name: str = "constraints") -> Constraints:
    """Constraints from YAML text; `name` is what messages call it.

    >>> parse_constraints("parts: {glb: {factors: {P: 4}}}").of("glb").factors["P"]
    Range(least=4, most=4)
    """
    return build_constraints(parse_document(text, name=name, subject=SUBJECT))


def build_constraints(document: Document) -> Constraints:
    """Turn a file into constraints.

    Raises:
        MappingError: What is wrong, with file and line.
    """
    spec = read_spec(ConstraintsSpec, document.root, document, ())
    limits = Limits(**read_spec(LimitsSpec, spec.limits, document, ("limits",)).model_dump())
    places = {f"limits.{name}": document.where(("limits", name)) for name in limits.given}
    parts: dict[str, PartConstraints] = {}
    for name, value in spec.parts.items():
        location = ("parts", name)
        parts[name] = _read_part(read_spec(PartSpec, value, document, location), document, location)
        places[name] = document.where(location)
        for key in parts[name].given:
            places[f"{name}.{key}"] = document.where((*location, key))
            own = getattr(parts[name], key)
            if isinstance(own, Mapping):
                for dim in own:
                    places[f"{name}.{key}.{dim}"] = document.where((*location, key, dim))
    return Constraints(parts, limits, places)


def _read_part(spec: PartSpec, document: Document, location: Location) -> PartConstraints:
    ranges = {
        key: {
            dim: _read_range(value, document, (*location, key, dim))
            for dim, value in getattr(spec, key).items()
        }
        for key in ("factors", "tile", "x", "y")
    }
    order = _read_order(spec.order, document, (*location, "order"))
    try:
        return PartConstraints(
            order=order, keep=tuple(spec.keep), bypass=tuple(spec.bypass), **ranges
        )
    except MappingError as error:
        raise _placed(error, document, location) from None


def _read_order(order: list[object], document: Document, location: Location) -> Order:
    """One list of dimensions, or several."""
    if all(isinstance(one, str) for one in order):
        return tuple(str(one) for one in order)
    for place, one in enumerate(order):
        names: list[object] = one if isinstance(one, list) else []
        if not 0 < len(names) <= MOST_NAMES or not all(isinstance(name, str) for name in names):
            raise MappingError(
                "`order` has a wrong value",
                where=document.where((*location, place)),
                got=repr(one)[:80],
                expected="[name, name], or lists of names: [[name, name], [name, name]]",
                fix="put each list of dimensions between brackets of its own",
            )
    return tuple(tuple(map(str, one)) for one in order if isinstance(one, list))


def _read_range(value: object, document: Document, location: Location) -> Range:
    """A number, or bounds."""
    if isinstance(value, Mapping) and value:
        spec = read_spec(RangeSpec, value, document, location)
        try:
            return Range(spec.at_least, spec.at_most)
        except MappingError as error:
            raise _placed(error, document, location) from None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_COUNT:
        return Range(value, value)
    raise MappingError(
        f"`{location[-1]}` has a wrong value",
        where=document.where(location),
        got="nothing" if value in (None, {}) else repr(value)[:80],
        expected="a whole number of at least 1, or bounds: {at_least: 2, at_most: 7}",
        fix="write the factor; 1 forbids a loop, and leaving the line out allows any",
    )


def _placed(error: MappingError, document: Document, location: Location) -> MappingError:
    """The error, with its place in the file."""
    return MappingError(
        error.what,
        where=f"{document.where(location)}, {error.where}",
        got=error.got,
        expected=error.expected,
        fix=error.fix,
    )
