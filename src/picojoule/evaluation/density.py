"""Density: what a user says of the zeros of each layer, in Python or in a YAML file.

```yaml
default: {inputs: 0.5}                       # every layer that has no entry of its own
layers:
  CONV1: {}                                  # no zeros
  CONV2: {inputs: 0.61, weights: {keep: 2, of: 4, axis: C}}
  FC6: {weights: {slices: 0.3, axis: M}, inputs: {array: fc6.npy, threshold: 0.1}}
```

A number is the share of non-zeros, which lie anywhere. Tensors are named by their role.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from picojoule.errors import WorkloadError, nearest
from picojoule.hardware import Document, Location, Subject, read_document, read_spec
from picojoule.workload import (
    Density,
    Layer,
    Measured,
    Network,
    Operation,
    Pruned,
    Structured,
    Tensor,
    Uniform,
    measure,
)

SUBJECT = Subject("density", "layers", "check the path", WorkloadError)
LARGEST_ARRAY_BYTES = 1 << 30

LayerDensity = Mapping[str, Density | float]
"""By role, or by name of a tensor."""
Densities = Mapping[str, LayerDensity]
"""By layer; "default" stands for all layers that are not named."""

Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Name = Annotated[str, Field(strict=True, pattern="^[A-Z]$")]


class _Spec(BaseModel):
    """What every mapping of the file has: no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FileSpec(_Spec):
    """The file; its tensors are still to be read."""

    default: dict[str, Any] = Field(default_factory=dict)
    layers: dict[str, dict[str, Any]] = Field(default_factory=dict)


class ShareSpec(_Spec):
    """A plain number."""

    share: Share


class StructuredSpec(_Spec):
    """N:M along the axis that a dimension indexes."""

    keep: Annotated[int, Field(strict=True, ge=0, le=1024)]
    of: Annotated[int, Field(strict=True, ge=1, le=1024)]
    axis: Name


class SlicesSpec(_Spec):
    """Slices that are kept, of those that a dimension counts."""

    slices: Share
    axis: Name


class ArraySpec(_Spec):
    """An actual tensor."""

    array: Annotated[str, Field(strict=True, min_length=1)]
    threshold: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = 0.0


def layer_densities(
    network: Network, density: Densities | str | Path
) -> dict[str, dict[str, Density]]:
    """The density of each tensor of each layer, by layer name and tensor name.

    Args:
        network: Its layers of multiply-accumulates may be named.
        density: By layer and role, or a YAML file of the same.

    Raises:
        WorkloadError: A layer, role or axis that is not there, or a share out of range.
    """
    layers = {layer.name: layer for layer in network.layers if layer.operation.inner == "mac"}
    if isinstance(density, str | Path):
        return _from_file(layers, Path(density))
    for name in density:
        _check_name(name, layers, f"density, layer {name!r}")
    found: dict[str, dict[str, Density]] = {}
    for name, layer in layers.items():
        rules = density.get(name, density.get("default", {}))
        where = f"density, layer {name!r}"
        found[name] = {
            _tensor(layer.operation, key, where).name: _density(value)
            for key, value in rules.items()
        }
    return found


def _density(value: Density | float) -> Density:
    known = isinstance(value, Uniform | Structured | Pruned | Measured)
    return value if known else Uniform(value)  # type: ignore[arg-type]


def _check_name(name: str, layers: Mapping[str, Layer], where: str) -> None:
    if name not in layers and name != "default":
        raise WorkloadError(
            "a density is for a layer that the network does not have",
            where=where,
            got=name,
            expected=nearest(name, layers),
            fix="name a layer of multiply-accumulates, or `default`",
        )


def _tensor(operation: Operation, key: str, where: str) -> Tensor:
    for tensor in operation.tensors:
        if key == tensor.name or key == tensor.role:
            return tensor
    names = dict.fromkeys(tensor.role for tensor in operation.tensors)
    raise WorkloadError(
        "a density is for a tensor that the layer does not have",
        where=where,
        got=key,
        expected=nearest(key, names),
        fix="name it by its role",
    )


def _from_file(layers: Mapping[str, Layer], path: Path) -> dict[str, dict[str, Density]]:
    document = read_document(path, SUBJECT)
    spec = read_spec(FileSpec, document.root, document, ())
    for name in spec.layers:
        _check_name(name, layers, document.where(("layers", name)))
    found: dict[str, dict[str, Density]] = {}
    for name, layer in layers.items():
        named = name in spec.layers
        rules = spec.layers[name] if named else spec.default
        at: Location = ("layers", name) if named else ("default",)
        found[name] = {}
        for key, value in rules.items():
            tensor = _tensor(layer.operation, key, document.where((*at, key)))
            if isinstance(value, Mapping) and "array" in value:
                found[name][tensor.name] = _measured(value, path.parent, document, (*at, key))
            else:
                found[name][tensor.name] = _read(value, tensor, document, (*at, key))
    return found


def _read(value: Any, tensor: Tensor, document: Document, at: Location) -> Density:
    """One tensor's density as the file writes it."""
    if not isinstance(value, Mapping):
        number = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        return Uniform(read_spec(ShareSpec, {"share": number}, document, at).share)
    if "slices" in value:
        slices = read_spec(SlicesSpec, value, document, at)
        return Pruned(slices.slices, _axis(slices.axis, tensor, document, at))
    structured = read_spec(StructuredSpec, value, document, at)
    if structured.keep > structured.of:
        raise WorkloadError(
            "a structured density keeps more than there is",
            where=document.where((*at, "keep")),
            got=f"{structured.keep} of {structured.of}",
            expected=f"at most {structured.of}",
            fix="write 2:4 as `{keep: 2, of: 4, axis: C}`",
        )
    return Structured(structured.keep, structured.of, _axis(structured.axis, tensor, document, at))


def _axis(dim: str, tensor: Tensor, document: Document, at: Location) -> int:
    for number, axis in enumerate(tensor.axes):
        if any(term.dim == dim for term in axis.terms):
            return number
    raise WorkloadError(
        "a density is along an axis that the tensor does not have",
        where=document.where((*at, "axis")),
        got=dim,
        expected=nearest(dim, tensor.dims),
        fix="name a dimension that indexes the tensor",
    )


def _measured(value: Any, folder: Path, document: Document, at: Location) -> Density:
    """The zeros of an actual tensor, in an .npy file of the density file's folder."""
    spec = read_spec(ArraySpec, value, document, at)
    array = _read_array(spec.array, folder, document.where((*at, "array")))
    return measure(array, threshold=spec.threshold)


def _read_array(text: str, folder: Path, where: str) -> Any:
    """An .npy file; nothing in it is executed."""
    try:
        path = (folder / text).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ValueError("it lies outside the folder of the density file")
        if path.stat().st_size > LARGEST_ARRAY_BYTES:
            raise ValueError("the file is over 1 GB")
        array = np.load(path, allow_pickle=False)
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise ValueError("it does not hold one array of numbers")
    except (OSError, ValueError, EOFError) as error:
        raise WorkloadError(
            "cannot read an array",
            where=where,
            got=f"{text}: {error}",
            expected="a .npy file of numbers, at most 1 GB",
            fix="write it with numpy.save, beside the density file",
        ) from None
    return array
