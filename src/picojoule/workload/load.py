"""Load: a network from whatever the user has: a name of the zoo, a file, a torch module."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picojoule.errors import Unsupported, WorkloadError, nearest
from picojoule.workload import zoo
from picojoule.workload.network import Network

if TYPE_CHECKING:
    from torch import nn

    from picojoule.workload.readers.torch_reader import Example

SUFFIXES = {
    ".pt": "a torch file",
    ".pth": "a torch file",
    ".th": "a torch file",
    ".tflite": "a TensorFlow Lite file",
    ".pb": "a TensorFlow graph",
    ".h5": "a Keras file",
    ".keras": "a Keras file",
    ".prototxt": "a Caffe definition",
    ".caffemodel": "a Caffe file",
}
"""Other formats, told apart so that the message says what to do."""


def load(
    model: "str | Path | nn.Module",
    *,
    batch: int | None = None,
    inputs: "Mapping[str, Example] | Sequence[Example] | None" = None,
    bits: int | None = None,
) -> Network:
    """Load a network.

    Args:
        model: A name of the zoo ("alexnet"), the path of an ONNX file or of a SCALE-Sim topology
            (.csv), or a torch module.
        batch: Images or sequences in flight; None keeps the model's, and takes 1 where the model
            leaves it open.
        inputs: Shapes of inputs by name. An ONNX file needs them for symbolic sizes other than
            the batch; a torch module always needs them, by name or in order.
        bits: Width of floating-point words; None means 16 for the zoo, else the model's own.

    Raises:
        WorkloadError: There is no such model, or it is damaged or contradicts itself.
        Unsupported: Its format, or an operator in it, is not supported.

    >>> load("alexnet", batch=4).batch
    4
    """
    _check_number(batch, "batch", most=2**31)
    _check_number(bits, "bits", most=128)
    if not isinstance(model, (str, Path)):
        from picojoule.workload.readers import read_torch

        return read_torch(model, _needed(model, inputs), batch=batch, bits=bits)
    if isinstance(model, str) and model in zoo.names():
        _refuse_inputs(model, inputs)
        return zoo.network(model, batch=batch or 1, bits=bits or 16)
    path = Path(model)
    if path.suffix.lower() in SUFFIXES:
        raise Unsupported(
            "model format is not supported",
            where=str(path),
            got=SUFFIXES[path.suffix.lower()],
            expected="an ONNX file, a torch module or a name of the zoo",
            fix="export the model as ONNX; a torch model can be given as a module from Python",
        )
    if path.suffix.lower() == ".csv":
        from picojoule.workload.readers import read_topology

        _refuse_inputs(str(model), inputs)
        return read_topology(path, batch=batch, bits=bits)
    if path.suffix.lower() != ".onnx" and not path.exists():
        raise WorkloadError(
            "model is not known",
            where="name of a network",
            got=repr(str(model)),
            expected=nearest(str(model), zoo.names()) + ", or the path of an ONNX file",
            fix="use one of these names, or correct the path",
        )
    from picojoule.workload.readers import read_onnx

    return read_onnx(path, batch=batch, inputs=_by_name(inputs, path), bits=bits)


def checked_batch(network: Network, batch: int | None) -> Network:
    """A network that is built already, if it has the batch that is asked for.

    Raises:
        WorkloadError: It has another one.
    """
    if batch is not None and batch != network.batch:
        raise WorkloadError(
            "network is built already",
            where=f"network {network.name!r}, batch",
            got=f"batch {batch} for a network of batch {network.batch}",
            expected="the batch it was built with, or none",
            fix=f"give the batch where the network is made: load(..., batch={batch})",
        )
    return network


def _needed(model: object, inputs: Any) -> Any:
    if inputs is None:
        raise WorkloadError(
            "torch module needs the shapes of its inputs",
            where=f"module {type(model).__name__}",
            got="no inputs",
            expected="a shape, or an example tensor, for each argument of forward",
            fix="give them: inputs=[(1, 3, 224, 224)]",
        )
    return inputs


def _refuse_inputs(model: str, inputs: object) -> None:
    if inputs:
        raise WorkloadError(
            "network has fixed shapes",
            where=f"network {model!r}",
            got=f"inputs {inputs}",
            expected="only a batch",
            fix="leave out the inputs, or load an ONNX file or a torch module",
        )


def _by_name(inputs: Any, path: Path) -> Mapping[str, tuple[int, ...]] | None:
    """Shapes of an ONNX file's inputs, checked."""
    if inputs is None:
        return None
    pairs = list(inputs.items()) if isinstance(inputs, Mapping) else [("", inputs)]
    for name, shape in pairs:
        is_shape = isinstance(shape, (tuple, list)) and all(type(size) is int for size in shape)
        if not name or not is_shape:
            raise WorkloadError(
                "inputs are not shapes by name",
                where=f"{path}: inputs",
                got=f"{name}: {shape!r}"[:80] if name else repr(shape)[:80],
                expected="a shape for each name, such as {'data': (1, 3, 224, 224)}",
                fix="name the inputs of the network and give each a tuple of whole numbers",
            )
    return {name: tuple(shape) for name, shape in pairs}


def _check_number(value: object, what: str, *, most: int) -> None:
    if value is not None and (type(value) is not int or not 1 <= value <= most):
        raise WorkloadError(
            f"{what} is out of range",
            where=f"{what} of load",
            got=repr(value),
            expected=f"a whole number from 1 to {most}",
            fix=f"correct the {what}, or leave it out",
        )
