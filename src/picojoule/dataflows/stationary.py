"""Stationary: dataflows in which each PE keeps one word of one tensor, or nothing at all.

Source: chen2016isca, Sec. V and VI-A; sze2017, Sec. V-B.
"""

from collections.abc import Iterable
from typing import Literal

from picojoule.dataflows.dims import Dims, Parts, parts_of
from picojoule.dataflows.place import places_of
from picojoule.dataflows.rules import Rules
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator
from picojoule.mapper import Constraints
from picojoule.workload import Operation, Role


def weight_stationary(operation: Operation, chip: Accelerator) -> Constraints:
    """WS: a weight stays in its PE for all of its multiply-accumulates.

    Each PE keeps one weight and runs it over the whole batch and plane (N P Q) before the next one
    comes, so every weight enters the array once. PEs differ in their weight: filters, channels and
    taps are spread, pixels are not. An input goes to all PEs with a weight for it, partial sums are
    added across the array and collected in a buffer, which must hold them until they are complete:
    for the whole batch and plane, or the dataflow cannot run.

    Chips: neuFlow and nn-X, Origami, NVDLA, the first TPU; memristor crossbars, in the extreme.

    Raises:
        MappingError: The chip has no array, no place for a weight in a PE, or none for partial
            sums.
        Unsupported: The operation does not have one tensor of each role.
    """
    return _one_stays("ws", "weights", operation, chip)


def input_stationary(operation: Operation, chip: Accelerator) -> Constraints:
    """IS: an input stays in its PE for all filters.

    Each PE keeps one input, for one position of the window, and runs it over all filters (M) before
    the next one comes: the mirror of WS. Pixels, channels and taps are spread, filters are not. A
    weight goes to all PEs with an input for it; partial sums are added across the array and
    collected in a buffer until they are complete.

    An input that several windows share comes once for each tap: a nest of loops over P and R cannot
    hold it in place while both change. SCALE-Sim's IS does the same.

    Chips: SCNN, in its compressed form.

    Raises:
        MappingError: The chip has no array, no place for an input in a PE, or none for partial
            sums.
        Unsupported: The operation does not have one tensor of each role.
    """
    return _one_stays("is", "inputs", operation, chip)


def _one_stays(name: str, role: Role, operation: Operation, chip: Accelerator) -> Constraints:
    """One word of an operand per PE, for all iterations that use it."""
    parts, places = parts_of(operation), places_of(chip, name)
    rules, home = Rules(name), places.home(role, name)
    own = parts.by_role[role]
    others = [dim for dim in (*parts.outputs, *parts.reduction) if dim not in own]
    rules.hold_only(places.private, {role: home})
    rules.single(places.private[0], _sorted(parts, own))
    rules.not_spread(places.arrays, others)
    # The word stays for loops in its PE; or, where partial sums have a buffer outside the one that
    # operands stream through, for the innermost loops there and all loops inside.
    collector = places.collector(name)
    sums = [dim for dim in others if dim in parts.outputs]
    places.check_sums(collector, operation, sums, dataflow=name)
    at = places.shared.index(collector)
    around, inside = (places.outermost, *places.shared[:at]), places.shared[at + 1 :]
    rules.no_loops(around, others)
    rules.no_loops(places.private[: places.private.index(home)], others)
    if inside and not any("outputs" in memory.holds for memory in inside):
        rules.order(collector, _sorted(parts, own), others)
        rules.no_loops(inside, _sorted(parts, own))
    else:
        rules.no_loops(places.shared[at:], others)
    # Partial sums do not go to DRAM and back: around their buffer, sums are completed in turn.
    rules.keep(collector, "outputs")
    summed = [dim for dim in parts.reduction if dim in own]
    rules.no_loops(around[:-1], summed)
    rules.order(around[-1], [dim for dim in parts.outputs if dim in own], summed)
    return rules.constraints()


def output_stationary_a(operation: Operation, chip: Accelerator) -> Constraints:
    """OS_A: a partial sum stays in its PE until it is complete; one filter, many pixels at a time.

    PEs differ in their output pixel (of the batch, too) and work on one output channel: a weight
    goes to all PEs, and neighbours need overlapping inputs. All filter taps and channels of an
    output follow each other inside one tile of the buffer, so no partial sum ever moves.

    Chips: ShiDianNao.

    Raises:
        MappingError: The chip has no array, or no place for an output in a PE.
        Unsupported: The outputs slide, or the operation does not have one tensor of each role.
    """
    return _outputs_stay("os_a", operation, chip, ("plane", "batch"))


def output_stationary_b(operation: Operation, chip: Accelerator) -> Constraints:
    """OS_B: a partial sum stays in its PE until it is complete; many filters, many pixels of a row.

    PEs differ in their output channel and in their pixel along one row (and in the batch): a weight
    goes to the PEs of one channel, an input to those of one pixel, and windows overlap along one
    axis only.

    Chips: Gupta's systolic array with stochastic rounding.

    Raises:
        MappingError: The chip has no array, or no place for an output in a PE.
        Unsupported: The outputs slide, or the operation does not have one tensor of each role.
    """
    return _outputs_stay("os_b", operation, chip, ("row", "batch", "channels", "groups"))


def output_stationary_c(operation: Operation, chip: Accelerator) -> Constraints:
    """OS_C: a partial sum stays in its PE until it is complete; many filters, one pixel.

    PEs differ in their output channel and work on one position of the plane (of several images,
    where the batch has them): an input goes to all PEs of its image, and no two windows are in the
    array to share one.

    Chips: Peemen's memory-centric accelerator.

    Raises:
        MappingError: The chip has no array, or no place for an output in a PE.
        Unsupported: The outputs slide, or the operation does not have one tensor of each role.
    """
    return _outputs_stay("os_c", operation, chip, ("channels", "groups", "batch"))


Spread = Literal["plane", "row", "batch", "channels", "groups"]


def _outputs_stay(
    name: str, operation: Operation, chip: Accelerator, spread: tuple[Spread, ...]
) -> Constraints:
    """One output per PE until it is complete; which outputs the PEs have is the dataflow's."""
    parts, places = parts_of(operation), places_of(chip, name)
    refuse_sliding_outputs(name, operation, parts)
    rules, home = Rules(name), places.home("outputs", name)
    rules.hold_only(places.private, {"outputs": home})
    rules.single(places.private[0], parts.outputs)
    row = tuple(p for p, _ in parts.rows[-1:] if p in parts.plane)
    chosen: dict[Spread, Dims] = {
        "plane": parts.plane,
        "row": row,
        "batch": parts.batch,
        "channels": parts.channels,
        "groups": parts.groups,
    }
    allowed = {dim for kind in spread for dim in chosen[kind]}
    others = [dim for dim in (*parts.outputs, *parts.reduction) if dim not in allowed]
    rules.not_spread(places.arrays, others)
    # From one memory inwards sums are completed; outside it there are only loops over outputs.
    turn = places.shared[0] if places.shared else places.outermost
    if turn is not places.outermost:
        rules.no_loops((places.outermost,), parts.reduction)
    rules.order(turn, parts.outputs, parts.reduction)
    rules.no_loops(places.shared[1:], parts.outputs)
    for memory in places.shared[1:]:
        if memory.holds == ("inputs",):
            # Registers that pass inputs on between PEs: the window of one channel at a time.
            rules.single(memory, parts.depth)
    return rules.constraints()


def no_local_reuse(operation: Operation, chip: Accelerator) -> Constraints:
    """NLR: PEs keep nothing; every operand comes from outside the array.

    PEs are spread over filters and channels: an input goes to the PEs of all filters, each PE gets
    a weight of its own, and the products of different channels are added across the array. What
    storage the PEs of the chip have lies idle.

    Chips: DianNao and DaDianNao, Zhang's FPGA.

    Raises:
        MappingError: The chip has no array.
        Unsupported: The operation does not have one tensor of each role.
    """
    parts, places = parts_of(operation), places_of(chip, "nlr")
    rules = Rules("nlr")
    rules.hold_only(places.private, {})
    rules.no_loops(places.private, (*parts.outputs, *parts.reduction))
    rules.not_spread(places.arrays, (*parts.plane, *parts.batch, *parts.taps))
    return rules.constraints()


def refuse_sliding_outputs(name: str, operation: Operation, parts: Parts) -> None:
    """Refuse a transposed convolution, whose partial sums move over the outputs.

    Raises:
        Unsupported: It is one.
    """
    if parts.is_sliding_output:
        raise Unsupported(
            f"dataflow {name} has no meaning where the outputs slide",
            where=f"operation {operation.name!r}",
            got="a transposed convolution: one output is summed at several positions of the input",
            expected="outputs that loops over the reduced dimensions do not move",
            fix="choose ws, is, nlr or flex for this operation",
        )


def _sorted(parts: Parts, dims: Iterable[str]) -> Dims:
    """Dimensions in a fixed order."""
    return tuple(dim for dim in (*parts.outputs, *parts.reduction) if dim in dims)
