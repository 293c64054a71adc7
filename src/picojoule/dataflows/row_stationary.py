"""Row stationary: a PE keeps a row of the filter and slides it over a row of the inputs.

Source: chen2016isca, Sec. V-C; chen2017jssc, Sec. V.
"""

import math
from typing import NoReturn

from picojoule.dataflows.dims import parts_of
from picojoule.dataflows.place import places_of
from picojoule.dataflows.rules import Rules
from picojoule.dataflows.stationary import refuse_sliding_outputs
from picojoule.errors import MappingError
from picojoule.hardware import Accelerator, Array
from picojoule.mapper import Constraints, Range
from picojoule.workload import Operation, Role


def row_stationary(operation: Operation, chip: Accelerator) -> Constraints:
    """RS: a row of weights stays in its PE and slides over a row of inputs.

    The unit is a one-dimensional convolution: a PE keeps all S weights of a filter row and the S
    inputs under it, adds up one output, and moves on along the row (Q), which is the innermost loop
    outside the PE. Rows of p filters and q channels take turns inside a PE.

    A set of R x E such PEs is a two-dimensional convolution: its R filter rows stand along one axis
    of the array and their sums are added across it; ofmap rows (E, strips of e) are spread, so that
    an input row serves a diagonal. Sets for r channels, t filters or other groups fill the rest of
    the array. Images of the batch follow each other.

    So all three kinds of reuse happen in the PEs or between them: convolutional reuse of weights
    and inputs and the sums of a row inside, rows of weights, inputs and sums across.

    Chips: Eyeriss.

    Where there is no plane, as in FC layers and matrix products, rows are single words: what is
    left is p filters by q channels in each PE, and channels and filters spread over the array.

    Raises:
        MappingError: The chip has no array, no place for one of the tensors in a PE, or no axis as
            long as the filter is high.
        Unsupported: The outputs slide, or the operation does not have one tensor of each role.
    """
    name = "rs"
    parts, places = parts_of(operation), places_of(chip, name)
    refuse_sliding_outputs(name, operation, parts)
    rules = Rules(name)
    roles: tuple[Role, ...] = ("weights", "inputs", "outputs")
    rules.hold_only(places.private, {role: places.home(role, name) for role in roles})
    along, tap = parts.rows[-1] if parts.rows else ("", "")
    row = [along] if along in parts.plane else []
    row_taps = [tap] if tap in parts.taps else []
    set_taps = [dim for dim in parts.taps if dim != tap]
    # Inside the PE: taps of the row, filters, channels.
    rules.single(places.private[0], (*parts.batch, *parts.plane, *set_taps))
    outside = (places.outermost, *places.shared)
    rules.no_loops(outside, parts.taps)
    # Across the array: the rows of a set along one axis, ofmap rows, sets.
    rules.not_spread(places.arrays, (*row_taps, *row, *parts.batch))
    array = places.arrays[-1]
    rules.not_spread(places.arrays[:-1], set_taps)
    axis = _rows_axis(array, {dim: operation.sizes[dim] for dim in set_taps}, chip)
    for dim in set_taps:
        size = operation.sizes[dim]
        rules.spread(array, axis, (dim,), Range(size, size))
        rules.spread(array, "y" if axis == "x" else "x", (dim,), Range(1, 1))
    # Outside: the whole row innermost, so that the weights stay while it slides.
    last = outside[-1]
    rules.no_loops(outside[:-1], row)
    rules.order(last, [dim for dim in (*parts.outputs, *parts.depth) if dim not in row], row)
    return rules.constraints()


def _rows_axis(array: Array, taps: dict[str, int], chip: Accelerator) -> str:
    """The axis along which the filter's rows stand: y, or x where y does not do.

    Raises:
        MappingError: Neither is long enough, or may take them.
    """
    height = math.prod(taps.values())
    for axis, size, dims in (("y", array.y, array.y_dims), ("x", array.x, array.x_dims)):
        if height <= size and (dims is None or set(taps) <= set(dims)):
            return axis
    return _refuse_height(array, taps, height, chip)


def _refuse_height(array: Array, taps: dict[str, int], height: int, chip: Accelerator) -> NoReturn:
    axes = (("y", array.y, array.y_dims), ("x", array.x, array.x_dims))
    got = "; ".join(
        f"{axis} has {size} PEs" + ("" if dims is None else f" for {' '.join(dims) or 'nothing'}")
        for axis, size, dims in axes
    )
    raise MappingError(
        "dataflow rs cannot run on this chip",
        where=f"chip {chip.name!r}, array {array.name!r}",
        got=got,
        expected=f"an axis of at least {height} PEs that takes {' '.join(taps)}: "
        "the rows of a filter stand along it",
        fix="choose a chip with such an axis, or another dataflow",
    )
