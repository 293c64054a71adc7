"""Zeros: which share of a layer's maps is zero, and what run-length coding makes of it.

A share counts over a map as it is read, padding included; what a layer writes has no padding.
Nobody measured what a layer writes: unless its own share is given, it has as many values that are
not zero as the next layer's input. Where that input is pooled first this overestimates them,
because the largest of several values is zero only if all are.
"""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from picojoule.encoding import LARGEST_COUNT, RunLength
from picojoule.errors import MappingError, nearest
from picojoule.hardware import Document, Location, Subject, parse_document, read_document
from picojoule.silicon.shapes import shape_of
from picojoule.workload import Layer, Network

SUBJECT = Subject("zeros", "zeros", "check the path, or write `measured` or `none`", MappingError)


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of zeros that are given for a layer; None where only the next layer tells."""

    ifmaps: float
    ofmaps: float | None = None


@dataclass(frozen=True, slots=True)
class Zeros:
    """Shares of zeros in what a layer reads (padding included) and writes."""

    ifmaps: float
    ofmaps: float


def coded_bytes(words: int, zero_share: float) -> int:
    """Bytes of independent 16-bit values under the chip's run-length code, on average.

    Arrays too long for one code are as good as endless: their size per value counts.

    >>> coded_bytes(3000, 0.0), 4000 <= coded_bytes(3000, 0.5) < 4010
    (8000, True)
    """
    code, density = RunLength(), 1.0 - zero_share
    if words > LARGEST_COUNT:
        return math.ceil(words * code.expected_bits_per_value(density) / 8)
    return math.ceil(code.expected_bits(words, density) / 8)


def written_share(read_share: float, padded: int, real: int) -> float:
    """Share of zeros in a map without the padding that it is read with.

    >>> round(written_share(0.793, 15 * 15, 13 * 13), 3)
    0.724
    """
    return max(0.0, 1.0 - (1.0 - read_share) * padded / real)


def read_shares(path: str | Path) -> dict[str, Shares]:
    """Shares by layer from a CSV file (layer, ifmaps and perhaps ofmaps) or a YAML file.

    Raises:
        MappingError: What is wrong with the file, with its line.
    """
    place = Path(path)
    if place.suffix.lower() == ".csv":
        return parse_csv(_text(place), name=place.name)
    return _shares(read_document(place, SUBJECT))


def parse_shares(text: str, *, name: str = "zeros.yaml") -> dict[str, Shares]:
    """Shares by layer from YAML text.

    >>> parse_shares("zeros: {CONV1: 0, CONV2: {ifmaps: 0.4, ofmaps: 0.6}}")["CONV2"].ofmaps
    0.6
    """
    return _shares(parse_document(text, name=name, subject=SUBJECT))


def parse_csv(text: str, *, name: str = "zeros.csv") -> dict[str, Shares]:
    """Shares by layer from CSV text with a header.

    >>> parse_csv("layer,ifmaps\\nCONV1,0.25\\n")["CONV1"]
    Shares(ifmaps=0.25, ofmaps=None)
    """
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        header = next(rows, [])
        if header not in (["layer", "ifmaps"], ["layer", "ifmaps", "ofmaps"]):
            _refuse(f"{name}:1", ",".join(header)[:80] or "nothing", "layer,ifmaps or with ,ofmaps",
                    "start with this header")  # fmt: skip
        found: dict[str, Shares] = {}
        for row in rows:
            where = f"{name}:{rows.line_num}"
            if not row:
                continue
            if len(row) != len(header) or row[0] in found:
                got = "the layer again" if len(row) == len(header) else f"{len(row)} cells"
                _refuse(where, got, f"{len(header)} cells, each layer once", "mend this row")
            written = row[2] if len(row) > 2 else ""
            found[row[0]] = Shares(
                _share(_number(row[1], where), where),
                _share(_number(written, where), where) if written else None,
            )
    except csv.Error as error:
        _refuse(f"{name}:{rows.line_num}", str(error), "CSV", "save it as plain CSV")
    return found


def check_layers(shares: Mapping[str, Shares], names: list[str], *, where: str) -> None:
    """Refuse shares that miss a layer or name one that is not there."""
    unknown = next((name for name in shares if name not in names), None)
    if unknown is not None:
        _refuse(where, unknown, nearest(unknown, names), "name a layer that runs on the chip")
    missing = [name for name in names if name not in shares]
    if missing:
        _refuse(where, f"nothing for {', '.join(missing)}", "a share for every layer that runs",
                "add them; 0 where nothing is zero")  # fmt: skip


def layer_zeros(model: Network, layer: Layer, shares: Mapping[str, Shares]) -> Zeros:
    """Shares of zeros in what a layer reads and writes; its writes by the next layer's reads."""
    own = shares[layer.name]
    if own.ofmaps is not None:
        return Zeros(own.ifmaps, own.ofmaps)
    reader = _next(model, layer, shares) or layer
    return Zeros(own.ifmaps, _unpadded(model, reader, shares[reader.name].ifmaps))


def _shares(document: Document) -> dict[str, Shares]:
    extra = [key for key in document.root if key != "zeros"]
    layers = document.root.get("zeros")
    if extra or not isinstance(layers, dict):
        got = extra[0] if extra else f"{layers!r}"[:80]
        where = document.where((extra[0],) if extra else ("zeros",))
        _refuse(where, got, "`zeros:` and a share per layer", "write `zeros: {CONV1: 0.4}`")
    found: dict[str, Shares] = {}
    for name, value in layers.items():
        location: Location = ("zeros", name)
        given: dict[str, Any] = value if isinstance(value, dict) else {"ifmaps": value}
        unknown = [key for key in given if key not in ("ifmaps", "ofmaps")]
        if unknown or "ifmaps" not in given:
            _refuse(document.where(location), unknown[0] if unknown else "no `ifmaps`",
                    "`ifmaps` and perhaps `ofmaps`", "name the shares by these keys")  # fmt: skip
        read = {key: _share(one, document.where((*location, key))) for key, one in given.items()}
        found[name] = Shares(**read)
    return found


def _share(value: Any, where: str) -> float:
    valid = isinstance(value, int | float) and not isinstance(value, bool)
    if not valid or not 0 <= value <= 1:
        _refuse(where, repr(value)[:80], "a number from 0 to 1", "give a share, not per cent")
    return float(value)


def _number(cell: str, where: str) -> float:
    try:
        return float(cell)
    except ValueError:
        _refuse(where, cell[:80], "a number from 0 to 1", "give a share, not per cent")


def _text(place: Path) -> str:
    """The text of a CSV file of at most 1 MB."""
    try:
        with place.open("rb") as file:
            content = file.read(1_000_001)
        if len(content) > 1_000_000:
            _refuse(place.name, "over 1 MB", "at most 1 MB", "give one row per layer")
        return content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        _refuse(str(place), getattr(error, "strerror", None) or "no text in UTF-8",
                "a readable CSV file", "check the path and its permissions")  # fmt: skip


def _refuse(where: str, got: object, expected: str, fix: str) -> NoReturn:
    raise MappingError(
        "shares of zeros are not understood", where=where, got=got, expected=expected, fix=fix
    )


def _next(model: Network, layer: Layer, shares: Mapping[str, Shares]) -> Layer | None:
    """The first layer with a share that reads what this one writes, through others without."""
    carried = set(layer.outputs)
    for one in model.layers[model.layers.index(layer) + 1 :]:
        if carried & set(one.inputs):
            if one.name in shares:
                return one
            if one.operation.inner == "mac":
                return None
            carried |= set(one.outputs)
    return None


def _unpadded(model: Network, reader: Layer, share: float) -> float:
    """A layer's share of zeros in its input without padding."""
    shape: Any = shape_of(reader.operation)
    real = model.values[reader.inputs[0]].shape
    if len(real) != 4:
        return share
    padded = shape.rows(shape.e) * shape.columns(shape.f)
    return written_share(share, padded, real[2] * real[3]) if padded > real[2] * real[3] else share
