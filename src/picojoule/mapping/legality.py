"""Legality: does a nest fit its operation and its chip, and if not, which loop or tile is wrong?"""

import math
from collections.abc import Sequence

from picojoule.errors import CapacityError, MappingError, nearest
from picojoule.hardware import Accelerator, Array, Memory
from picojoule.mapping.nest import Level, Nest
from picojoule.workload import Operation, Role, Tensor, tile_words


def validate(operation: Operation, accelerator: Accelerator, nest: Nest) -> None:
    """Check that `nest` runs all of `operation` on `accelerator` and that every tile fits.

    Args:
        operation: Its dimensions must be cut down to single iterations, by no more than is needed.
        accelerator: Its memories and arrays name the levels.
        nest: What is checked.

    Raises:
        MappingError: A level, loop, or kept tensor does not fit the operation or the chip.
        CapacityError: A tile is larger than the memory that keeps it.
    """
    check_loops(operation, accelerator, nest)
    check_capacities(operation, accelerator, nest)


def check_loops(operation: Operation, accelerator: Accelerator, nest: Nest) -> None:
    """Check levels, loops and kept tensors, but no capacity.

    Raises:
        MappingError: What is wrong, and where.
    """
    _check_levels(accelerator, nest)
    for part, level in zip(accelerator.parts[:-1], nest.levels, strict=True):
        _check_dims(operation, level)
        if isinstance(part, Array):
            _check_array(part, level)
        elif isinstance(part, Memory):
            _check_memory(operation, part, level, outermost=part is accelerator.parts[0])
    for dim, size in operation.dims:
        _check_cuts(operation, nest, dim=dim, size=size)


def _check_cuts(operation: Operation, nest: Nest, *, dim: str, size: int) -> None:
    """Check that the loops over one dimension leave single iterations, and need each bound."""
    loops = [(level.part, loop) for level in nest.levels for loop in level.loops if loop.dim == dim]
    left = size
    for part, loop in loops:
        piece = -(-left // loop.bound)
        needed = -(-left // piece)
        if loop.bound != needed:
            raise MappingError(
                f"loop over {dim} has iterations without work",
                where=f"operation {operation.name!r}, level {part!r}, loop over {dim}",
                got=f"bound {loop.bound} over {left}: pieces of {piece}, "
                f"and {loop.bound - needed} empty",
                expected=f"bound {needed}",
                fix=f"write {needed} instead of {loop.bound}, or leave the loop out"
                if needed == 1
                else f"write {needed} instead of {loop.bound}",
            )
        left = piece
    if left > 1:
        factors = " x ".join(f"{loop.bound} at {part!r}" for part, loop in loops) or "no loop"
        product = math.prod(loop.bound for _, loop in loops)
        raise MappingError(
            f"loops over {dim} do not cover it",
            where=f"operation {operation.name!r}, dimension {dim}",
            got=f"product {product} ({factors})",
            expected=f"product {size}, or more where pieces are not equal",
            fix=f"add a loop of {left} over {dim}, or raise a bound",
        )


def check_capacities(operation: Operation, accelerator: Accelerator, nest: Nest) -> None:
    """Check that the tiles of every memory fit together; the loops must be legal already.

    Raises:
        CapacityError: Which tensor does not fit where, and by how much.
    """
    for index, (part, level) in enumerate(zip(accelerator.parts[:-1], nest.levels, strict=True)):
        if not isinstance(part, Memory):
            continue
        tile = nest.tile(index, operation.sizes)
        kept = [tensor for tensor in operation.tensors if tensor.name in level.keeps]
        words = {tensor.name: tile_words(tensor, tile) for tensor in kept}
        owned = dict(part.partitions)
        for role in owned:
            own = [tensor for tensor in kept if tensor.role == role]
            _check_share(part, own, words, role=role, tile=tile)
        if part.capacity_bits is not None:
            shared = [tensor for tensor in kept if tensor.role not in owned]
            _check_share(part, shared, words, role=None, tile=tile)


def usable_bits(memory: Memory, role: Role) -> int | None:
    """Bits of `memory` that tiles of `role` may fill, alone or shared; None is unbounded.

    A memory with two copies of each tile offers half of its capacity.

    >>> usable_bits(Memory("buffer", capacity_bits=1024, copies=2), "weights")
    512
    """
    bits = dict(memory.partitions).get(role, memory.capacity_bits)
    return None if bits is None else bits // memory.copies


def _check_share(
    memory: Memory,
    tensors: Sequence[Tensor],
    words: dict[str, int],
    *,
    role: Role | None,
    tile: dict[str, int],
) -> None:
    """Check the tensors that share a capacity: one partition, or all without one (role None)."""
    if not tensors:
        return
    usable = usable_bits(memory, role or tensors[0].role)
    needed = sum(words[tensor.name] * tensor.bits for tensor in tensors)
    if usable is None or needed <= usable:
        return
    largest = max(tensors, key=lambda tensor: words[tensor.name] * tensor.bits)
    listing = ", ".join(
        f"{tensor.name} {words[tensor.name]} x {tensor.bits} bits" for tensor in tensors
    )
    half = f" (capacity / {memory.copies} copies)" if memory.copies > 1 else ""
    dims = " ".join(dim for dim in largest.dims if tile.get(dim, 1) > 1) or "none is left"
    over = -((usable - needed) // largest.bits)
    raise CapacityError(
        "tile does not fit its memory",
        where=f"memory {memory.name!r}, tensor {largest.name!r}"
        + (f", partition for {role}" if role else ""),
        got=f"{needed} bits: {listing}",
        expected=f"at most {usable} bits{half}; {needed - usable} bits too many, "
        f"{over} words of {largest.name}",
        fix=f"move part of a loop outside {memory.name!r} (those of {largest.name} inside it: "
        f"{dims}), let a tensor bypass it, or enlarge the memory",
    )


def _check_levels(accelerator: Accelerator, nest: Nest) -> None:
    expected = [part.name for part in accelerator.parts[:-1]]
    got = [level.part for level in nest.levels]
    if got == expected:
        return
    unknown = [name for name in got if name not in expected]
    raise MappingError(
        f"{accelerator.name!r} has no part {unknown[0]!r}"
        if unknown
        else "levels do not follow the chip",
        where=f"level {got.index(unknown[0]) + 1} of {len(got)}" if unknown else "the nest",
        got=" ".join(got) or "no levels",
        expected=nearest(unknown[0], expected) if unknown else " ".join(expected),
        fix=f"give one level for each of: {' '.join(expected)}, in this order",
    )


def _check_dims(operation: Operation, level: Level) -> None:
    for number, loop in enumerate(level.loops, start=1):
        if loop.dim not in operation.sizes:
            raise MappingError(
                f"operation has no dimension {loop.dim!r}",
                where=f"level {level.part!r}, loop {number} of {len(level.loops)} ({loop.dim})",
                got=loop.dim,
                expected=nearest(loop.dim, operation.sizes),
                fix="use the operation's dimension names; leave out loops over others",
            )


def _check_memory(operation: Operation, memory: Memory, level: Level, *, outermost: bool) -> None:
    where = f"level {level.part!r}"
    for loop in level.loops:
        if loop.axis is not None:
            raise MappingError(
                "a memory cannot spread a loop in space",
                where=f"{where}, loop over {loop.dim}",
                got=f"axis {loop.axis}",
                expected="a temporal loop, without an axis",
                fix="move the loop to an array, or drop its axis",
            )
    tensors = {tensor.name: tensor for tensor in operation.tensors}
    for name in level.keeps:
        if name not in tensors:
            raise MappingError(
                f"operation has no tensor {name!r}",
                where=f"{where}, kept tensors",
                got=name,
                expected=nearest(name, tensors),
                fix="use the operation's tensor names",
            )
        if tensors[name].role not in memory.holds:
            raise MappingError(
                "memory cannot hold this tensor",
                where=f"{where}, tensor {name!r}",
                got=f"a tensor of role {tensors[name].role}",
                expected=f"one of the roles {' '.join(memory.holds)}",
                fix=f"let {name} bypass {memory.name!r}, or add its role to the memory's `holds`",
            )
    if len(set(level.keeps)) != len(level.keeps):
        raise MappingError(
            "a tensor is kept twice",
            where=where,
            got=" ".join(level.keeps),
            expected="each kept tensor once",
            fix="leave one of them out",
        )
    missing = [name for name in tensors if name not in level.keeps]
    if outermost and missing:
        raise MappingError(
            "the outermost memory must keep every tensor",
            where=where,
            got=f"keeps {' '.join(level.keeps) or 'nothing'}",
            expected=f"keeps {' '.join(tensors)}",
            fix=f"add {' '.join(missing)} to what {memory.name!r} keeps",
        )


def _check_array(array: Array, level: Level) -> None:
    where = f"array {array.name!r}"
    if level.keeps:
        raise MappingError(
            "an array keeps nothing",
            where=where,
            got=f"keeps {' '.join(level.keeps)}",
            expected="no kept tensors",
            fix="keep the tensors in a memory",
        )
    for loop in level.loops:
        if loop.axis is None:
            raise MappingError(
                "spatial loop has no axis",
                where=f"{where}, loop over {loop.dim}",
                got="no axis",
                expected="x or y",
                fix=f"spread {loop.dim} over x or y",
            )
        allowed = array.x_dims if loop.axis == "x" else array.y_dims
        if allowed is not None and loop.dim not in allowed:
            raise MappingError(
                f"{loop.dim} may not be spread along {loop.axis}",
                where=f"{where}, loop over {loop.dim}",
                got=loop.dim,
                expected=f"one of {' '.join(allowed)}" if allowed else "no loop at all",
                fix=f"move the loop over {loop.dim} to a memory or to the other axis",
            )
    for axis, size in (("x", array.x), ("y", array.y)):
        loops = [loop for loop in level.loops if loop.axis == axis]
        used = math.prod(loop.bound for loop in loops)
        if used > size:
            raise MappingError(
                f"loops along {axis} need more instances than the array has",
                where=where,
                got=f"{used} ({' x '.join(f'{loop.dim} {loop.bound}' for loop in loops)})",
                expected=f"at most {size}",
                fix=f"lower a bound along {axis}, or move a loop to a memory",
            )
