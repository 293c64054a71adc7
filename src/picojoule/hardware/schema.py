"""Schema: what a chip file may say, and what is wrong with one that says something else.

The pydantic models mirror the file, key by key; `build.py` turns them into an `Accelerator`.
Unknown keys are refused, numbers are strict (a text that looks like one is none), and every unit is
in its key.
"""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from picojoule.errors import nearest
from picojoule.hardware.accelerator import Format
from picojoule.hardware.document import Document, Location
from picojoule.workload import ROLES, Role

DIMENSIONS = "N M C G P Q R S K H B"
"""The field's letters, for messages; any capital letter is accepted."""

LARGEST_PJ = 1e9

_SIZE = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*([kKMG]?)(i?)(B|b|bit|bits|bytes|Bytes|words)\s*")
_BARE = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)\s*([A-Za-z/]+)\s*")


def _wrong(expected: str, fix: str) -> PydanticCustomError:
    return PydanticCustomError("chip", "{expected}", {"expected": expected, "fix": fix})


def _price(value: object) -> object:
    expected = "a number in pJ of at least 0, `{macs: 6}` or `{component: {class: sram, ...}}`"
    if isinstance(value, Mapping):
        if set(value) == {"macs"} and _is_price(value["macs"]):
            return Macs(float(value["macs"]))
        if set(value) == {"component"}:
            return PriceOf(_component(value["component"]))
        raise _wrong(expected, "use one of the three forms; the unit is already in the key")
    if not _is_price(value):
        raise _wrong(expected, "give the energy of one action in picojoules, without a unit")
    assert isinstance(value, int | float)
    return float(value)


def _is_price(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= LARGEST_PJ


class Macs(float):
    """A price in multiples of one multiply-accumulate of the chip."""


class PriceOf(dict[str, int | float | str]):
    """A price by component class: the class under "class", and its attributes."""


def _component(value: object) -> dict[str, int | float | str]:
    fix = "write `component: {class: sram, bits: 64}`"
    if not isinstance(value, Mapping) or not isinstance(value.get("class"), str):
        raise _wrong("a mapping with a `class` and its attributes", fix)
    for item in value.values():
        if isinstance(item, bool) or not isinstance(item, int | float | str):
            raise _wrong("attributes that are numbers or texts", fix)
    return {str(key): item for key, item in value.items()}


def _source(value: object) -> object:
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, Mapping) and len(value) == 1:
        ((origin, reason),) = value.items()
        if origin in ("assumed", "calibrated", "stated") and isinstance(reason, str):
            return f"{origin}: {reason}"
    cut = isinstance(value, Mapping) and len(value) > 1
    raise _wrong(
        "a key of the source registry, {assumed: why}, {calibrated: to what} or {stated: where}",
        'quote a reason that contains a comma: `source: {assumed: "this, and that"}`'
        if cut
        else "write `source: {assumed: why this number}`",
    )


def _dims(value: list[str] | None) -> list[str] | None:
    for dim in value or ():
        if not re.fullmatch("[A-Z]", dim):
            raise _wrong(f"letters such as {DIMENSIONS}", f"write {dim[:1].upper() or 'C'!r}")
    return _once(value)


def _once(value: list[Any] | None) -> list[Any] | None:
    if value is not None and len(set(value)) != len(value):
        raise _wrong("each entry once", "remove the one that is repeated")
    return value


def _every_role(value: dict[Role, int] | None) -> dict[Role, int] | None:
    if value is not None and len(value) < len(ROLES):
        raise _wrong(
            "a width for weights, inputs and outputs each",
            "write `word_bits: {weights: 8, inputs: 8, outputs: 8}`",
        )
    return value


def _unbounded(value: object) -> object:
    if value != "unbounded":
        raise _wrong(
            "`unbounded`, or a number under capacity_words, capacity_bytes or capacity_bits",
            _in_unit_key(value, "capacity") or "write `capacity_bytes: 4096`",
        )
    return value


def _in_unit_key(value: object, stem: str) -> str | None:
    """The key and number for a size that was written with its unit."""
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    number, prefix, _, unit = match.groups()
    amount = float(number) * 1024 ** " kmg".index(prefix.lower() or " ")
    name = "words" if unit == "words" else "bits" if unit in ("b", "bit", "bits") else "bytes"
    return f"write `{stem}_{name}: {amount:.10g}`" + (" (1 k = 1024)" if prefix else "")


Price = Annotated[Any, PlainValidator(_price)]
Component = Annotated[dict[str, int | float | str] | None, PlainValidator(_component)]
SourceText = Annotated[str, PlainValidator(_source)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
Roles = Annotated[list[Role], AfterValidator(_once)]
Operands = Annotated[list[Literal["weights", "inputs"]], AfterValidator(_once)]
Dims = Annotated[list[str] | None, AfterValidator(_dims)]
Count = Annotated[int, Field(strict=True, ge=1, le=2**20)]
Width = Annotated[int, Field(strict=True, ge=1, le=2**16)]
WordWidth = Annotated[int, Field(strict=True, ge=1, le=128)]
Size = Annotated[int, Field(strict=True, ge=1, le=2**50)]
Rate = Annotated[float, Field(strict=True, gt=0, le=1e12, allow_inf_nan=False)]
Amount = Annotated[float, Field(strict=True, ge=0, le=1e15, allow_inf_nan=False)]
Truth = Annotated[bool, Field(strict=True)]


WordWidths = Annotated[dict[Role, WordWidth] | None, AfterValidator(_every_role)]


class _Spec(BaseModel):
    """What every mapping of the file has: no unknown keys, and sources."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: SourceText | None = None
    sources: dict[str, SourceText] = Field(default_factory=dict)


class MemorySpec(_Spec):
    """A memory as the file writes it."""

    memory: Name
    holds: Roles = Field(default=["weights", "inputs", "outputs"], min_length=1)
    capacity: Annotated[str | None, PlainValidator(_unbounded)] = None
    capacity_words: Size | None = None
    capacity_bytes: Size | None = None
    capacity_bits: Size | None = None
    partitions_words: dict[Role, Size] | None = None
    partitions_bytes: dict[Role, Size] | None = None
    partitions_bits: dict[Role, Size] | None = None
    word_bits: WordWidth | None = None
    access_bits: Width | None = None
    component: Component = None
    read_pj: Price = None
    fill_pj: Price = None
    update_pj: Price = None
    read_bits_per_cycle: Rate | None = None
    read_words_per_cycle: Rate | None = None
    write_bits_per_cycle: Rate | None = None
    write_words_per_cycle: Rate | None = None
    port_bits_per_cycle: Rate | None = None
    port_words_per_cycle: Rate | None = None
    copies: Annotated[int, Field(strict=True, ge=1, le=16)] = 1
    overlapped: Truth = True
    reuse: dict[Role, Literal["window", "tile", "none"]] = Field(default_factory=dict)
    gating: dict[Role, Roles] = Field(default_factory=dict)
    skipping: dict[Role, Roles] = Field(default_factory=dict)
    compressed: dict[Role, Format] = Field(default_factory=dict)
    leakage_w: Amount | None = None
    area_um2: Amount | None = None


class ArraySpec(_Spec):
    """An array as the file writes it."""

    array: Name
    x: Count
    y: Count = 1
    multicast: Roles = ["weights", "inputs"]
    reduces: Truth = True
    forwarding: Roles = []
    x_dims: Dims = None
    y_dims: Dims = None
    delivery_pj: Price = None
    reduction_pj: Price = None
    link_pj: Price = None
    word_bits: WordWidth | None = None
    area_um2: Amount = 0.0


class ComputeSpec(_Spec):
    """The compute unit as the file writes it."""

    compute: Name
    bits: WordWidth
    component: Component = None
    mac_pj: Price = None
    cycles: Count = 1
    gating: Operands = []
    skipping: Operands = []
    lane_steps: Annotated[int, Field(strict=True, ge=1, le=2**62)] = 1
    leakage_w: Amount | None = None
    area_um2: Amount | None = None


class ChipSpec(_Spec):
    """A chip as the file writes it, its parts still to be read."""

    name: Name
    description: Annotated[str, Field(max_length=500)] = ""
    clock_hz: Annotated[float, Field(strict=True, ge=1, le=1e12, allow_inf_nan=False)]
    technology_nm: (
        Annotated[float, Field(strict=True, ge=1, le=1000, allow_inf_nan=False)] | None
    ) = None
    voltage_v: Annotated[float, Field(strict=True, gt=0, le=10, allow_inf_nan=False)] | None = None
    area_mm2: Annotated[float, Field(strict=True, gt=0, le=1e6, allow_inf_nan=False)] | None = None
    word_bits: WordWidths = None
    parts: Annotated[list[dict[str, Any]], Field(min_length=2, max_length=32)]


PartSpec = MemorySpec | ArraySpec | ComputeSpec
KINDS: dict[str, type[MemorySpec] | type[ArraySpec] | type[ComputeSpec]] = {
    "memory": MemorySpec,
    "array": ArraySpec,
    "compute": ComputeSpec,
}
Spec = TypeVar("Spec", bound=BaseModel)


def read_spec(
    model: type[Spec], value: Mapping[str, object], document: Document, location: Location
) -> Spec:
    """Check one mapping of the file against its model.

    Raises:
        HardwareError: The first thing that is wrong, with its line; or the error of what the
            document is about.
    """
    empty = [key for key, item in value.items() if item is None]
    if empty:
        raise document.subject.error(
            "a key has no value",
            where=document.where((*location, empty[0])),
            got=f"`{empty[0]}:` and nothing",
            expected="a value after the colon",
            fix="give the value, or remove the key",
        )
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        unknown = [item for item in details if item["type"] == "extra_forbidden"]
        _explain(model, (unknown or details)[0], document, location)


def _explain(
    model: type[BaseModel], detail: ErrorDetails, document: Document, location: Location
) -> NoReturn:
    """Raise a pydantic finding as our error."""
    steps = tuple(step for step in detail["loc"] if step != "[key]")
    where, key = document.where((*location, *steps)), str(steps[-1]) if steps else ""
    got, context, kind = detail["input"], detail.get("ctx", {}), detail["type"]
    what, expected, fix = f"`{key}` has a wrong value", detail["msg"], f"correct `{key}`"
    if kind == "extra_forbidden":
        what, got = "unknown key", key
        expected = nearest(key, sorted(model.model_fields))
        fix = "correct its name, or remove it"
    elif kind == "missing":
        what, expected, fix = "a key is missing", f"`{key}:`", f"add `{key}:`"
        got = ", ".join(map(str, got)) if isinstance(got, Mapping) else got
    elif kind == "chip":
        expected, fix = str(context["expected"]), str(context["fix"])
    elif kind in ("float_type", "int_type", "int_from_float", "finite_number"):
        whole = kind.startswith("int")
        expected = "a whole number without a unit" if whole else "a finite number without a unit"
        fix = _number_fix(key, got, whole)
    elif kind in ("dict_type", "list_type"):
        form = "{name: value}" if kind == "dict_type" else "[name, name]"
        got = "nothing" if got is None else got
        expected, fix = f"{form}, on one line or on several", f"write `{key}: {form}`"
    elif kind.startswith(("greater", "less")):
        expected = "a number " + detail["msg"].split("should be ")[-1]
        fix = f"check `{key}`: its unit is the one in its name"
    elif kind == "string_pattern_mismatch":
        expected = "a letter, then letters, digits, `_`, `.` or `-`; at most 64"
        fix = "choose a shorter or plainer name"
    elif kind == "literal_error":
        choices = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        expected = nearest(str(got), choices)
        fix = f"use one of {', '.join(choices)}"
    raise document.subject.error(
        what, where=where, got=_brief(got), expected=expected, fix=fix
    ) from None


def _number_fix(key: str, got: object, whole: bool) -> str:
    stem, _, unit = key.rpartition("_")
    if unit in ("words", "bytes", "bits") and (fix := _in_unit_key(got, stem)):
        return fix
    match = _BARE.fullmatch(got) if isinstance(got, str) else None
    if match:
        return f"write `{key}: {match[1]}` if that is its unit; the unit is in the key"
    if isinstance(got, float) and whole and math.isfinite(got):
        return f"write `{key}: {round(got)}`"
    return f"write `{key}:` and a {'whole ' if whole else ''}number"


def _brief(value: object) -> str:
    text = repr(value) if not isinstance(value, str) else value or "an empty text"
    return text if len(text) <= 80 else f"{text[:77]}..."
