"""Topology: SCALE-Sim's CSV files of layers, read as that program reads them.

A line is a convolution (name, ifmap height and width, filter height and width, channels, filters,
stride) or a matrix product (name, M, N, K). The sizes are taken as they stand, without padding, and
a window that hangs over the far edge counts: `ceil((H - R + stride) / stride)` rows of output, as
versions 2 and 3 have it, even where that window lies wholly beyond the data (a 1 x 1 filter of
stride 2 on 56 pixels gives 29). A name with "DP" in it is depthwise: one product for each channel.

Source: scalesim, `topology_utils.py`.
"""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload.build import conv, matmul
from picojoule.workload.network import Ignored, Layer, Network, Parameter, Value
from picojoule.workload.operation import Operation

LARGEST_FILE_BYTES = 1 << 20
LARGEST_LAYERS = 10_000
LARGEST_SIZE = 1_000_000_000
CONVOLUTION = (
    "IFMAP height",
    "IFMAP width",
    "filter height",
    "filter width",
    "channels",
    "filters",
    "stride",
)
PRODUCT = ("M", "N", "K")


@dataclass(frozen=True, slots=True)
class _Line:
    """The fields of one line, and where it stands."""

    where: str
    fields: tuple[str, ...]


def read_topology(
    path: str | Path, *, batch: int | None = None, bits: int | None = None
) -> Network:
    """Read a topology file.

    Args:
        path: A CSV file.
        batch: Images in flight; the file knows none, so None is 1. Matrix products take none.
        bits: Width of a word; None is 16.

    Returns:
        Layers that are not joined, each with edges of its own: the file says nothing about that.

    Raises:
        WorkloadError: The file cannot be read, or a line is no layer.
        Unsupported: A layer is sparse, or a batch is asked of a matrix product.
    """
    path = Path(path)
    lines = _lines(path)
    width = 4 if all(_is_product(line) for line in lines) else 8
    make = _product if width == 4 else _convolution
    names: dict[str, int] = {}
    layers: list[Layer] = []
    values: dict[str, Value] = {}
    for line in lines:
        layers.append(make(line, _unique(line.fields[0], names), batch or 1, bits or 16, values))
    return Network(
        path.stem,
        tuple(layers),
        values,
        tuple(edge for layer in layers for edge in layer.inputs),
        tuple(edge for layer in layers for edge in layer.outputs),
        _ignored(lines, width),
        str(path),
    )


def _ignored(lines: list[_Line], width: int) -> tuple[Ignored, ...]:
    """The columns beyond the sizes, once each; a ratio of 1:1 says nothing and is left out."""
    found: dict[int, str] = {}
    for line in lines:
        for place in range(width, len(line.fields)):
            if line.fields[place] and not _ratio(line, place):
                found.setdefault(place, line.fields[place])
    return tuple(
        Ignored(f"column {place + 1}", text, "a topology says nothing beyond its sizes")
        for place, text in sorted(found.items())
    )


def _lines(path: Path) -> list[_Line]:
    """The lines that hold layers; the first one is a heading unless it has numbers."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise WorkloadError(
                "topology file is too large",
                where=str(path),
                got=f"{path.stat().st_size} bytes",
                expected=f"at most {LARGEST_FILE_BYTES}",
                fix="give a file with one line per layer",
            )
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise WorkloadError(
            "topology file cannot be read",
            where=str(path),
            got=str(error) or type(error).__name__,
            expected="a text file of comma-separated values",
            fix="name a readable file, such as SCALE-Sim's topologies/conv_nets/alexnet.csv",
        ) from error
    lines = [
        _Line(f"{path}:{number}", tuple(field.strip() for field in row))
        for number, row in enumerate(rows, 1)
        if any(field.strip() for field in row)
    ]
    if lines and not any(field.isdigit() for field in lines[0].fields[1:]):
        del lines[0]
    if not 1 <= len(lines) <= LARGEST_LAYERS:
        raise WorkloadError(
            "topology file has no layers" if not lines else "topology file has too many layers",
            where=str(path),
            got=f"{len(lines)} lines below the heading",
            expected=f"1 to {LARGEST_LAYERS}",
            fix="write one line per layer: name, " + ", ".join(CONVOLUTION),
        )
    return lines


def _is_product(line: _Line) -> bool:
    filled = [i for i, field in enumerate(line.fields) if field and not _ratio(line, i)]
    return bool(filled) and filled[-1] <= 3


def _ratio(line: _Line, place: int) -> bool:
    """Whether a field says how many weights of a block are there; refuses any but all of them."""
    text = line.fields[place] if place < len(line.fields) else ""
    found = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text)
    if found and found[1] != found[2]:
        raise Unsupported(
            "sparse layers of a topology are not read",
            where=line.where,
            got=text,
            expected="1:1, or no ratio",
            fix="leave the ratio out: the array then works on the zeros as well",
        )
    return bool(found)


def _sizes(line: _Line, names: tuple[str, ...]) -> tuple[int, ...]:
    sizes: list[int] = []
    for place, name in enumerate(names, 1):
        text = line.fields[place] if place < len(line.fields) else ""
        if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or not 1 <= int(text) <= LARGEST_SIZE:
            raise WorkloadError(
                "line of a topology is no layer",
                where=line.where,
                got=f"{name} {text!r}",
                expected=f"a whole number from 1 to {LARGEST_SIZE}",
                fix="write: name, " + ", ".join(names),
            )
        sizes.append(int(text))
    return tuple(sizes)


def _product(line: _Line, name: str, batch: int, bits: int, values: dict[str, Value]) -> Layer:
    rows, columns, depth = _sizes(line, PRODUCT)
    if batch != 1:
        raise Unsupported(
            "matrix products of a topology take no batch",
            where=line.where,
            got=f"batch {batch}",
            expected="no batch",
            fix="multiply M in the file",
        )
    operation = matmul(name, M=rows, K=depth, N=columns, bits=bits)
    shapes = (1, rows, depth), (depth, columns), (1, rows, columns)
    return _layer(operation, shapes, values)


def _convolution(line: _Line, name: str, batch: int, bits: int, values: dict[str, Value]) -> Layer:
    height, width, tall, wide, channels, filters, stride = _sizes(line, CONVOLUTION)
    for size, taps, side in ((height, tall, "height"), (width, wide, "width")):
        if taps > size:
            raise WorkloadError(
                "filter is larger than its input",
                where=line.where,
                got=f"filter {side} {taps}, IFMAP {side} {size}",
                expected="a filter that fits",
                fix="give the ifmap with its padding",
            )
    groups = channels if "DP" in line.fields[0] else 1
    high, long = (
        -(-(size - taps + stride) // stride) for size, taps in ((height, tall), (width, wide))
    )
    operation = conv(
        name,
        N=batch,
        M=groups * filters,
        C=channels,
        P=high,
        Q=long,
        R=tall,
        S=wide,
        G=groups,
        stride=stride,
        bits=bits,
    )
    shapes = (
        (batch, channels, height, width),
        (groups * filters, channels // groups, tall, wide),
        (batch, groups * filters, high, long),
    )
    return _layer(operation, shapes, values)


def _layer(
    operation: Operation,
    shapes: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]],
    values: dict[str, Value],
) -> Layer:
    """A layer with edges of its own; shapes of inputs, weights and outputs."""
    name, bits = operation.name, operation.output.bits
    for edge, shape in ((f"{name} inputs", shapes[0]), (f"{name} outputs", shapes[2])):
        values[edge] = Value(edge, shape, bits)
    stored = (Parameter(f"{name} weights", shapes[1], bits),)
    return Layer(name, operation, (f"{name} inputs",), (f"{name} outputs",), stored)


def _unique(name: str, names: dict[str, int]) -> str:
    """The name, with a number where an earlier layer has it; `names` counts how often."""
    name = name or "layer"
    found = name
    while found in names:
        names[name] += 1
        found = f"{name} ({names[name]})"
    names[found] = 1
    return found
