"""Check: whether the zeros that are told of can be followed on this operation and chip."""

from collections.abc import Mapping

from picojoule.cost.sparse.masks import check_mask
from picojoule.errors import Unsupported, WorkloadError
from picojoule.hardware import Accelerator
from picojoule.workload import Density, Measured, Operation, Pruned, Structured


def check_densities(
    operation: Operation,
    accelerator: Accelerator,
    densities: Mapping[str, Density],
    *,
    ragged: bool,
) -> None:
    """Refuse what cannot be followed.

    Args:
        operation, accelerator: What runs where.
        densities: By tensor.
        ragged: Whether some bounds do not divide.

    Raises:
        WorkloadError, Unsupported: See `spare`.
    """
    names = {tensor.name: tensor for tensor in operation.tensors}
    for name, density in densities.items():
        if name not in names:
            raise WorkloadError(
                "a density is for a tensor that the operation does not have",
                where=f"operation {operation.name!r}",
                got=name,
                expected=", ".join(names),
                fix="name one of its tensors",
            )
        if isinstance(density, Structured | Pruned) and density.axis >= len(names[name].axes):
            raise WorkloadError(
                "a density is along an axis that the tensor does not have",
                where=f"operation {operation.name!r}, tensor {name!r}",
                got=density.axis,
                expected=f"at most {len(names[name].axes) - 1}",
                fix="count the tensor's axes from 0",
            )
        if isinstance(density, Measured):
            check_mask(operation, names[name], density)
    where = f"operation {operation.name!r} on {accelerator.name!r}"
    if any(array.forwarding for array in accelerator.arrays):
        raise Unsupported(
            "zeros are not followed where neighbours forward words",
            where=where,
            got="an array with `forwarding`",
            expected="arrays without",
            fix="remove `forwarding` from the array",
        )
    if not any(isinstance(density, Measured) for density in densities.values()):
        return
    several = any(len(axis.terms) > 1 for axis in operation.output.axes)
    if ragged or several:
        raise Unsupported(
            "measured zeros are not counted exactly here",
            where=where,
            got="several dimensions on one axis of the output"
            if several
            else "bounds that do not divide",
            expected="bounds that divide, and one dimension per axis of the output",
            fix="describe the tensors by their share: Uniform(measured.share)",
        )
