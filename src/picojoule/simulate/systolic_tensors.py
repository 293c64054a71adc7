"""Systolic tensors: an operation's real tensors, unrolled, run on a systolic array and put back.

A convolution's windows are gathered into a matrix by the axes of its tensors, word by word, so that
stride, dilation and groups need no rule of their own.
"""

import numpy as np

from picojoule.errors import Unsupported, WorkloadError
from picojoule.hardware import SystolicArray, SystolicDataflow
from picojoule.simulate.systolic import Integers, SystolicRun, multiply
from picojoule.workload import Operation, Product, Tensor, as_product, operand

LARGEST_RUN = 5_000_000_000
LARGEST_OPERAND = 1 << 26
"""Steps of single PEs that a run may take (some minutes), and words of an unrolled operand."""


def run_systolic(
    operation: Operation,
    array: SystolicArray,
    dataflow: SystolicDataflow,
    *,
    inputs: Integers,
    weights: Integers,
) -> SystolicRun:
    """Execute an operation on real tensors.

    Args:
        operation: Any that is a matrix product, convolutions and grouped ones included.
        array, dataflow: The grid, and what stays.
        inputs, weights: Numbers in the shape of the operation's tensors, padding included.

    Returns:
        The outputs in the shape of the operation's, and what it took.

    Raises:
        Unsupported: No matrix product, or too many steps to run.
        WorkloadError: A tensor has another shape.
    """
    product = as_product(operation)
    _refuse_long(operation.name, product, array, dataflow)
    places = {
        tensor.role: _places(operation, product, tensor, of)
        for tensor, of in (
            (operand(operation, "inputs"), (0, 1, 2)),
            (operand(operation, "weights"), (0, 2, 3)),
            (operation.output, (0, 1, 3)),
        )
    }
    left = _gather(operation, "inputs", inputs, places["inputs"])
    top = _gather(operation, "weights", weights, places["weights"])
    outputs = np.zeros(_shape(operation, operation.output), dtype=np.int64)
    flat = outputs.reshape(-1)
    runs: list[SystolicRun] = []
    for one in range(product.count):
        run = multiply(left[one], top[one], array, dataflow)
        # Windows of a transposed convolution overlap in the output: they add up outside the array.
        np.add.at(flat, places["outputs"][one], run.outputs)
        runs.append(run)
    return SystolicRun(
        outputs,
        **{
            name: sum(getattr(run, name) for run in runs)
            for name in SystolicRun.__slots__
            if name != "outputs"
        },
    )


def _shape(operation: Operation, tensor: Tensor) -> tuple[int, ...]:
    """Extent of each axis, from the first coordinate to the last."""
    sizes = operation.sizes
    return tuple(
        1 + sum(term.coefficient * (sizes[term.dim] - 1) for term in axis.terms)
        for axis in tensor.axes
    )


def _places(
    operation: Operation, product: Product, tensor: Tensor, groups: tuple[int, int, int]
) -> Integers:
    """Where each element of the tensor's matrices lies in the flat tensor: (product, row, column).

    Args:
        operation, product: The same work twice.
        tensor: One of its tensors.
        groups: Which of the product's four groups of dimensions count, run down, run across.
    """
    shape = _shape(operation, tensor)
    steps = [int(np.prod(shape[axis + 1 :], dtype=np.int64)) for axis in range(len(shape))]
    stride = {
        dim: sum(
            step * term.coefficient
            for step, axis in zip(steps, tensor.axes, strict=True)
            for term in axis.terms
            if term.dim == dim
        )
        for dim in operation.sizes
    }
    offsets: list[Integers] = []
    for group in groups:
        found = np.zeros(1, dtype=np.int64)
        for dim in product.dims[group]:
            along = stride[dim] * np.arange(operation.sizes[dim], dtype=np.int64)
            found = (found[:, None] + along).reshape(-1)
        offsets.append(found)
    return offsets[0][:, None, None] + offsets[1][:, None] + offsets[2]


def _gather(operation: Operation, role: str, words: Integers, places: Integers) -> Integers:
    """The matrices of an operand."""
    shape = _shape(operation, operand(operation, role))
    if words.shape != shape or not np.issubdtype(words.dtype, np.integer):
        raise WorkloadError(
            "tensor does not fit its operation",
            where=f"operation {operation.name!r}, {role}",
            got=f"{words.dtype} of shape {words.shape}",
            expected=f"integers of shape {shape}",
            fix="give a number for each coordinate, padding included",
        )
    return words.astype(np.int64).reshape(-1)[places]


def _refuse_long(
    name: str, product: Product, array: SystolicArray, dataflow: SystolicDataflow
) -> None:
    """Refuse what would take very long; a rough bound, for this only."""
    down, across, stream = {
        "ws": (product.window, product.filters, product.pixels),
        "is": (product.window, product.pixels, product.filters),
        "os": (product.pixels, product.filters, product.window),
    }[dataflow]
    folds = len(range(0, down, array.rows)) * len(range(0, across, array.columns))
    steps = product.count * folds * array.pes * (stream + 2 * array.rows + array.columns)
    words = product.count * product.window * max(product.pixels, product.filters)
    if steps > LARGEST_RUN or words > LARGEST_OPERAND:
        raise Unsupported(
            "product is too large to run on a simulated array",
            where=f"operation {name!r}",
            got=f"about {steps:,} steps of PEs, {words:,} words",
            expected=f"at most {LARGEST_RUN:,} steps and {LARGEST_OPERAND:,} words",
            fix="shrink the operation or the array, or trust the closed form on this one",
        )
