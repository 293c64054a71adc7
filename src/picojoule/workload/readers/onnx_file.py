"""ONNX files: opened as what they are, files from strangers.

Nothing is allocated on the strength of a claim: a tensor must hold the bytes that its shape asks
for, external data stays inside the model's folder, and numbers are read where they lie.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto

from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload.readers.graph import check_shape

LARGEST_FILE_BYTES = 2**31
"""What protobuf itself can hold; larger models keep their weights in external data."""
LARGEST_GRAPH_NODES = 200_000
LARGEST_DATA_WORDS = 65_536
"""Elements of a constant whose numbers are kept, for shape arithmetic."""
CHUNK_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class ElementType:
    """Width of an ONNX element type, its numpy type if it has one, and the mask of its NaNs."""

    bits: int
    numpy: str = ""
    exponent: int = 0
    is_float: bool = False


TYPES: dict[int, ElementType] = {
    TensorProto.FLOAT: ElementType(32, "<f4", 0x7F800000, True),
    TensorProto.UINT8: ElementType(8, "<u1"),
    TensorProto.INT8: ElementType(8, "<i1"),
    TensorProto.UINT16: ElementType(16, "<u2"),
    TensorProto.INT16: ElementType(16, "<i2"),
    TensorProto.INT32: ElementType(32, "<i4"),
    TensorProto.INT64: ElementType(64, "<i8"),
    TensorProto.BOOL: ElementType(8, "<b1"),
    TensorProto.FLOAT16: ElementType(16, "<f2", 0x7C00, True),
    TensorProto.DOUBLE: ElementType(64, "<f8", 0x7FF0000000000000, True),
    TensorProto.UINT32: ElementType(32, "<u4"),
    TensorProto.UINT64: ElementType(64, "<u8"),
    TensorProto.BFLOAT16: ElementType(16, "", 0x7F80, True),
    TensorProto.FLOAT8E4M3FN: ElementType(8, is_float=True),
    TensorProto.FLOAT8E4M3FNUZ: ElementType(8, is_float=True),
    TensorProto.FLOAT8E5M2: ElementType(8, is_float=True),
    TensorProto.FLOAT8E5M2FNUZ: ElementType(8, is_float=True),
    TensorProto.UINT4: ElementType(4),
    TensorProto.INT4: ElementType(4),
    23: ElementType(4, is_float=True),  # FLOAT4E2M1, UINT2, INT2: by number, for older onnx
    25: ElementType(2),
    26: ElementType(2),
}
"""What each number of ONNX's enumeration is."""

FIELDS: dict[int, str] = {
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.INT64: "int64_data",
    TensorProto.UINT32: "uint64_data",
    TensorProto.UINT64: "uint64_data",
}
"""Where a tensor keeps its numbers if not in raw_data; all others use int32_data."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A constant of the file: shape, element type, its numbers if few, and their flaw."""

    shape: tuple[int, ...]
    type: int
    data: NDArray[np.generic] | None
    flaw: str


def open_model(path: Path) -> ModelProto:
    """Parse an ONNX file without reading external data.

    Raises:
        WorkloadError: It is missing, no file, empty, too large, truncated or not ONNX.
    """
    _check_file(path)
    model = ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise WorkloadError(
            "file is not a whole ONNX model",
            where=str(path),
            got=f"{path.stat().st_size} bytes that do not parse",
            expected="an ONNX file (protobuf)",
            fix="download or export it again; a truncated file parses no further than its cut",
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    if not model.HasField("graph") or not model.ir_version:
        raise WorkloadError(
            "file is not an ONNX model",
            where=str(path),
            got="no graph in it" if model.ir_version else "no version of the format in it",
            expected="a model with a graph and an ir_version",
            fix="export it again as ONNX",
        )
    if not model.graph.node:
        raise WorkloadError(
            "network computes nothing",
            where=str(path),
            got="a graph without nodes",
            expected="at least one node",
            fix="export the whole model again",
        )
    return _inlined(model, path)


def _check_file(path: Path) -> None:
    try:
        exists, regular = path.exists(), path.is_file()
        size = path.stat().st_size if regular else 0
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not exists:
        near = sorted(other.name for other in path.parent.glob("*.onnx"))[:5]
        raise WorkloadError(
            "file does not exist",
            where=str(path),
            got="no such file",
            expected=f"one of {', '.join(near)}" if near else "the path of an ONNX file",
            fix="correct the path",
        )
    if not regular:
        raise WorkloadError(
            "path is not a file",
            where=str(path),
            got="a directory" if path.is_dir() else "a device or a pipe",
            expected="the path of an ONNX file",
            fix="give the .onnx file inside it" if path.is_dir() else "copy it into a file first",
        )
    if not 0 < size < LARGEST_FILE_BYTES:
        raise WorkloadError(
            "file is empty" if not size else "file is too large",
            where=str(path),
            got=f"{size} bytes",
            expected=f"1 to {LARGEST_FILE_BYTES - 1} bytes",
            fix="export it again" if not size else "save its weights as external data",
        )


def _unreadable(path: Path, error: Exception) -> WorkloadError:
    return WorkloadError(
        "file cannot be read",
        where=repr(str(path)),
        got=str(error),
        expected="a readable file",
        fix="correct the path, or the permissions of the file",
    )


def _inlined(model: ModelProto, path: Path) -> ModelProto:
    """The model with its own functions written out, if that does not explode."""
    if not model.functions:
        _check_nodes(len(model.graph.node), path)
        return model
    bodies = {(body.domain, body.name): body for body in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def size(key: tuple[str, str], open_keys: tuple[tuple[str, str], ...]) -> int:
        if key not in bodies:
            return 1
        if key in open_keys or len(open_keys) > 64:
            raise WorkloadError(
                "function of the model calls itself",
                where=f"{path}: function {key[1]!r}",
                got=" -> ".join(name for _, name in (*open_keys, key)),
                expected="functions that end",
                fix="export the model without functions",
            )
        if key not in sizes:
            nodes = bodies[key].node
            sizes[key] = sum(size((node.domain, node.op_type), (*open_keys, key)) for node in nodes)
        return sizes[key]

    _check_nodes(sum(size((node.domain, node.op_type), ()) for node in model.graph.node), path)
    from onnx import inliner

    try:
        return inliner.inline_local_functions(model)
    except (RuntimeError, ValueError) as error:
        raise WorkloadError(
            "functions of the model cannot be written out",
            where=str(path),
            got=str(error),
            expected="functions whose inputs and outputs fit their calls",
            fix="export the model without functions",
        ) from error


def _check_nodes(count: int, path: Path) -> None:
    if count > LARGEST_GRAPH_NODES:
        raise WorkloadError(
            "graph is too large",
            where=str(path),
            got=f"{count} nodes",
            expected=f"at most {LARGEST_GRAPH_NODES}",
            fix="export the model layer by layer, or without unrolled loops",
        )


def element_type(number: int, where: str) -> ElementType:
    """What an ONNX element type is.

    Raises:
        Unsupported: Text, complex numbers, or a type that does not exist.
    """
    if number not in TYPES:
        known = TensorProto.DataType.values()
        name = TensorProto.DataType.Name(number) if number in known else f"type {number}"
        raise Unsupported(
            "element type is not supported",
            where=where,
            got=name,
            expected="floating-point, integer or boolean numbers",
            fix="leave this tensor out of the exported model",
        )
    return TYPES[number]


def stored_tensor(tensor: TensorProto, folder: Path, where: str) -> StoredTensor:
    """Check a constant and summarise it.

    Raises:
        WorkloadError: Its shape is not valid, its data is missing, too short or out of reach.
    """
    shape = check_shape(tuple(tensor.dims), where)
    kind = element_type(tensor.data_type, where)
    words = math.prod(shape)
    if tensor.data_location == TensorProto.EXTERNAL:
        file, offset = _external(tensor, folder, where, needed=-(-words * kind.bits // 8))
        chunks = _chunks(file, offset, -(-words * kind.bits // 8))
    elif tensor.HasField("raw_data"):
        _check_length(len(tensor.raw_data), -(-words * kind.bits // 8), shape, where)
        chunks = iter((tensor.raw_data,))
    else:
        return _typed(tensor, shape, kind, where)
    keep = words <= LARGEST_DATA_WORDS and bool(kind.numpy)
    if keep:
        raw = b"".join(chunks)
        data = np.frombuffer(raw, dtype=kind.numpy).reshape(shape)
        return StoredTensor(shape, tensor.data_type, data, _flaw((raw,), kind))
    return StoredTensor(shape, tensor.data_type, None, _flaw(chunks, kind))


def _typed(
    tensor: TensorProto, shape: tuple[int, ...], kind: ElementType, where: str
) -> StoredTensor:
    """A tensor whose numbers are in a field of their type."""
    values = getattr(tensor, FIELDS.get(tensor.data_type, "int32_data"))
    words = math.prod(shape)
    packed = -(-words * kind.bits // 8) if kind.bits < 8 else words
    _check_length(len(values), packed, shape, where, unit="numbers")
    if kind.is_float and kind.bits == 16:
        raw = np.array(values, dtype=np.int64).astype("<u2")
    elif kind.numpy:
        raw = np.array(values).astype(kind.numpy)
    else:
        return StoredTensor(shape, tensor.data_type, None, "")
    flaw = _flaw((raw.tobytes(),), kind)
    keep = words <= LARGEST_DATA_WORDS and bool(kind.numpy)
    data = raw.view(kind.numpy).reshape(shape) if keep else None
    return StoredTensor(shape, tensor.data_type, data, flaw)


def _check_length(
    got: int, needed: int, shape: tuple[int, ...], where: str, unit: str = "bytes"
) -> None:
    if got != needed:
        raise WorkloadError(
            "tensor does not hold what its shape claims",
            where=where,
            got=f"{got} {unit}",
            expected=f"{needed} {unit} for shape {shape}",
            fix="export the model again, with its weights",
        )


def _external(tensor: TensorProto, folder: Path, where: str, *, needed: int) -> tuple[Path, int]:
    """The file and offset of external data, inside the model's folder and long enough."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    escapes = (
        not location
        or "\0" in location
        or PurePosixPath(location).is_absolute()
        or PureWindowsPath(location).anchor != ""
        or ".." in PureWindowsPath(location).parts
    )
    file = folder / location if not escapes else folder
    if escapes or not file.resolve().is_relative_to(folder.resolve()):
        raise WorkloadError(
            "external data leaves the model's folder",
            where=where,
            got=f"location {location!r}",
            expected="a relative path inside the folder of the model, also after links",
            fix="put the data file beside the model and name it without a path",
        )
    if not file.is_file():
        raise WorkloadError(
            "external data is missing",
            where=where,
            got=f"no file {location!r} beside the model",
            expected=f"{needed} bytes of weights in it",
            fix="copy the data file into the folder of the model",
        )
    numbers = [entries.get("offset", "0"), entries.get("length", str(needed))]
    if not all(number.isascii() and number.isdigit() and len(number) < 20 for number in numbers):
        raise WorkloadError(
            "external data has no valid place",
            where=where,
            got=f"offset {numbers[0]!r}, length {numbers[1]!r}",
            expected="whole numbers of bytes",
            fix="save the model's external data again",
        )
    offset, length = (int(number) for number in numbers)
    size = file.stat().st_size
    if length != needed or offset + length > size:
        raise WorkloadError(
            "external data is too short",
            where=where,
            got=f"{length} bytes at offset {offset} of a file of {size}",
            expected=f"{needed} bytes inside the file",
            fix="copy the whole data file, or save the model again",
        )
    return file, offset


def _chunks(file: Path, offset: int, length: int) -> Iterator[bytes]:
    with file.open("rb") as stream:
        stream.seek(offset)
        while length > 0 and (chunk := stream.read(min(CHUNK_BYTES, length))):
            length -= len(chunk)
            yield chunk


def _flaw(chunks: Iterator[bytes] | tuple[bytes, ...], kind: ElementType) -> str:
    """ "NaN", "infinite" or "": from the exponent bits, so that every float format works."""
    if not kind.exponent:
        return ""
    word = np.dtype(f"<u{kind.bits // 8}")
    flaw = ""
    exponent, magnitude = word.type(kind.exponent), word.type(2 ** (kind.bits - 1) - 1)
    for chunk in chunks:
        values = np.frombuffer(chunk, dtype=word)
        special = values[(values & exponent) == exponent] & magnitude
        if special.size:
            flaw = "NaN" if flaw == "NaN" or bool((special != exponent).any()) else "infinite"
    return flaw
