"""ONNX inputs: which shape each graph input has, symbolic sizes and the batch included.

A symbolic size is filled in from what the user gives, by name, and from nothing else; only a size
that is called batch, or has no name at all and leads, is 1 where no batch is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onnx import ValueInfoProto

from picojoule.errors import Unsupported, WorkloadError, nearest
from picojoule.workload.readers.graph import Shape, check_shape

BATCH_NAMES = ("n", "b", "bs", "none", "?", "-1")
"""What exporters call the batch, besides names that contain the word."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A graph input as the file declares it: sizes, names of sizes, or None for neither."""

    name: str
    sizes: tuple[int | str | None, ...]
    type: int


@dataclass(frozen=True, slots=True)
class Bound:
    """The shape of each input, and (batch of the file, batch asked for) where they differ."""

    shapes: Mapping[str, Shape]
    rescale: tuple[int, int] = (1, 1)


def declared(info: ValueInfoProto, where: str) -> Entry | None:
    """What the file says of a graph input; None where it says no shape.

    Raises:
        Unsupported: It is no tensor.
    """
    if not info.type.HasField("tensor_type"):
        raise Unsupported(
            "input is not a tensor",
            where=f"{where}: input {info.name!r}",
            got=info.type.WhichOneof("value") or "no type",
            expected="a tensor",
            fix="export the model with plain tensors as inputs",
        )
    tensor = info.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    sizes = tuple(
        dim.dim_value if dim.HasField("dim_value") else dim.dim_param or None
        for dim in tensor.shape.dim
    )
    return Entry(info.name, sizes, tensor.elem_type)


def bind(
    entries: Sequence[Entry],
    *,
    batch: int | None,
    given: Mapping[str, Shape],
    where: str,
) -> Bound:
    """Give each input a full shape.

    Args:
        entries: The inputs as declared.
        batch: Asked for, or None.
        given: Whole shapes of some inputs, by name.
        where: The file, for messages.

    Raises:
        WorkloadError: A name or a shape does not fit, or a size is left without a number.
    """
    _check_given(entries, given, where)
    symbols = _given_symbols(entries, given, where)
    lead = next((entry.sizes[0] for entry in entries if entry.sizes), None)
    rescale = (1, 1)
    if isinstance(lead, int) and batch is not None and lead != batch and lead > 0 and not given:
        rescale = (lead, batch)
    shapes: dict[str, Shape] = {}
    for entry in entries:
        if entry.name in given:
            shape = given[entry.name]
        else:
            shape = _resolve(entry, symbols, (batch, lead, rescale), where)
        shapes[entry.name] = check_shape(shape, f"{where}: input {entry.name!r}", lowest=1)
    _check_batch(shapes, batch, where)
    return Bound(shapes, rescale)


def _check_given(entries: Sequence[Entry], given: Mapping[str, Shape], where: str) -> None:
    declared_sizes = {entry.name: entry.sizes for entry in entries}
    for name, shape in given.items():
        if name not in declared_sizes:
            raise WorkloadError(
                "network has no such input",
                where=where,
                got=name,
                expected=nearest(name, declared_sizes),
                fix="name one of the inputs of the network",
            )
        if len(shape) != len(declared_sizes[name]) and declared_sizes[name]:
            raise WorkloadError(
                "shape does not fit the input",
                where=f"{where}: input {name!r}",
                got=shape,
                expected=f"{len(declared_sizes[name])} sizes, as in {declared_sizes[name]}",
                fix="give one size per axis",
            )


def _given_symbols(
    entries: Sequence[Entry], given: Mapping[str, Shape], where: str
) -> dict[str, int]:
    """Numbers of the symbols in the inputs whose shapes are given."""
    symbols: dict[str, int] = {}
    for entry in entries:
        for symbol, size in zip(entry.sizes, given.get(entry.name, ()), strict=False):
            if isinstance(symbol, str) and symbols.setdefault(symbol, size) != size:
                raise WorkloadError(
                    "size is given twice",
                    where=f"{where}: input {entry.name!r}, size {symbol!r}",
                    got=f"{symbols[symbol]} and {size}",
                    expected="one number for each name of a size",
                    fix="give all inputs that share this size the same number",
                )
    return symbols


def _resolve(
    entry: Entry,
    symbols: Mapping[str, int],
    wanted: tuple[int | None, int | str | None, tuple[int, int]],
    where: str,
) -> Shape:
    batch, lead, rescale = wanted
    shape: list[int] = []
    for axis, size in enumerate(entry.sizes):
        if isinstance(size, int):
            shape.append(rescale[1] if axis == 0 and size == rescale[0] != rescale[1] else size)
        elif size is not None and size in symbols:
            shape.append(symbols[size])
        elif _is_batch(size, axis, lead, asked=batch is not None):
            shape.append(1 if batch is None else batch)
        else:
            raise WorkloadError(
                "size has a name but no number",
                where=f"{where}: input {entry.name!r}, axis {axis}",
                got=f"{size!r} in shape {tuple(entry.sizes)}",
                expected="a number for each symbolic size",
                fix=f"give the input's shape: inputs={{{entry.name!r}: (...)}}"
                + (", or the batch" if axis == 0 else ""),
            )
    return tuple(shape)


def _is_batch(symbol: str | None, axis: int, lead: int | str | None, *, asked: bool) -> bool:
    """Whether a symbolic size is the batch: by its name, or as the leading one."""
    if symbol is not None and ("batch" in symbol.lower() or symbol.lower() in BATCH_NAMES):
        return True
    return (axis == 0 and symbol is None) or (asked and symbol is not None and symbol == lead)


def _check_batch(shapes: Mapping[str, Shape], batch: int | None, where: str) -> None:
    """Refuse a batch that no input has: it would be lost without a word."""
    if batch is None or not shapes or any(batch in shape for shape in shapes.values()):
        return
    raise WorkloadError(
        "batch does not fit the inputs",
        where=where,
        got=f"batch {batch} for {', '.join(f'{n} {s}' for n, s in shapes.items())}",
        expected="an input with this batch",
        fix="leave out the batch, or give the shapes with it",
    )
