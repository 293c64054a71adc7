"""Records: recorded runs of another tool, turned into operations, chips and nests of ours.

The format is described beside the records (`golden/README.md` of the project's shared material).
The other tool's conventions that a chip or nest can express are set here: bounding boxes, no
operand latch at the MAC, forwarding on unless switched off. What cannot be expressed yet is refused
as `Unsupported`, never approximated.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from picojoule.check.documents import Node
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import AxisName, Level, Loop, Nest
from picojoule.workload import ROLES, Axis, Operation, Role, Tensor, Term

ELISION = "TIMELOOP_ENABLE_FIRST_READ_ELISION"
SWITCHES = ("no_multicast", "no_link_transfer", "no_temporal_reuse", "rmw_first_update")
LEVEL_KEYS = {"level", "keep", "temporal", "spatial", *SWITCHES}
MOST_LEVELS = 16
MOST_LOOPS = 64
MOST_INSTANCES = 1 << 12


@dataclass(frozen=True, slots=True)
class Prices:
    """What the other tool charges at one level, in its terms.

    Args:
        read_pj, write_pj, update_pj: Per access of `block_size` words.
        hop_pj, router_pj: Per word and hop, or router, of the network below.
        read_words_per_cycle, write_words_per_cycle: Of one instance; None is unlimited.
        reduces_locally: Whether it adds to a word without sending the old one out.
    """

    block_size: int
    read_pj: float
    write_pj: float
    update_pj: float
    hop_pj: float
    router_pj: float
    read_words_per_cycle: float | None
    write_words_per_cycle: float | None
    reduces_locally: bool


@dataclass(frozen=True, slots=True)
class Record:
    """One recorded run.

    Args:
        identifier, group, note: As in the file.
        exact: Whether its counts are known to equal exact counting; None where nobody says.
        operation, accelerator, nest: The same run in our terms; each memory is followed by an
            array, named after the network that the record lists there.
        prices: By memory.
        mac_pj: Per step.
        elide_first_read: Whether the first accumulation into a word reads nothing.
        reads_first: (memory, tensor) where it does read, against the rule above.
        output: What the tool printed.
    """

    identifier: str
    group: str
    note: str
    exact: bool | None
    operation: Operation
    accelerator: Accelerator
    nest: Nest
    prices: Mapping[str, Prices] = field(hash=False)
    mac_pj: float
    elide_first_read: bool
    reads_first: tuple[tuple[str, str], ...]
    output: Node


def read_exact(node: Node) -> bool | None:
    """Whether a record's counts equal exact previous-tile counting."""
    value = node.at("exact_prev_tile").at("agrees")
    return None if value.value is None else value.truth()


def read_record(node: Node) -> Record:
    """Build a record from its JSON.

    Raises:
        RecordError: A value is missing or wrong.
        Unsupported: It uses something that we do not count yet.
    """
    elide = _elision(node.at("env"))
    operation = _operation(node.at("problem"))
    roles: dict[str, Role] = {tensor.name: tensor.role for tensor in operation.tensors}
    arch, mapping = node.at("arch"), node.at("mapping")
    places = [*arch.at("levels").items(), arch.at("mac")]
    levels = list(mapping.at("levels").items())
    if not 1 <= len(levels) <= MOST_LEVELS or len(levels) != len(places) - 1:
        raise mapping.at("levels").refuse(
            "levels do not match the chip", f"{len(places) - 1} levels, at most {MOST_LEVELS}"
        )
    parts: list[Memory | Array | Compute] = []
    nest: list[Level] = []
    reads_first: list[tuple[str, str]] = []
    prices: dict[str, Prices] = {}
    for place, inner, level in zip(places[:-1], places[1:], levels, strict=True):
        memory, array, at_memory, at_array = _level(place, inner, level, roles)
        parts += [memory, array]
        nest += [at_memory, at_array]
        prices[memory.name] = _prices(place)
        reads_first += [
            (memory.name, tensor) for tensor in _tensors(level, "rmw_first_update", roles)
        ]
    parts.append(Compute(places[-1].at("name").text()))
    return Record(
        identifier=node.at("id").text(),
        group=node.at("group").text(),
        note=str(node.get("note", "").value)[:500],
        exact=read_exact(node),
        operation=operation,
        accelerator=Accelerator(arch.at("name").text(), tuple(parts)),
        nest=Nest(tuple(nest)),
        prices=prices,
        mac_pj=places[-1].at("energy").number(),
        elide_first_read=elide,
        reads_first=tuple(reads_first),
        output=node.at("output"),
    )


def _elision(env: Node) -> bool:
    for name in env.names():
        if name != ELISION:
            raise _unsupported(env, f"environment switch {name}", f"none but {ELISION}")
    return env.get(ELISION, "1").text() != "0"


def _operation(problem: Node) -> Operation:
    shape, bounds = problem.at("shape"), problem.at("bounds")
    coefficients = {
        name: problem.at("coeffs").get(name, default.value)
        for name in shape.at("coeffs").names()
        for default in [shape.at("coeffs").at(name)]
    }
    tensors: list[Tensor] = []
    free: list[Role] = ["inputs", "weights"]
    for space in shape.at("dataspaces").items():
        is_output = space.at("read_write").truth()
        if not is_output and not free:
            raise _unsupported(space, "a third read-only tensor", "at most two")
        role = "outputs" if is_output else free.pop()
        axes = tuple(
            Axis(tuple(_term(term, coefficients) for term in axis.items()))
            for axis in space.at("projection").items()
        )
        tensors.append(Tensor(space.at("name").text(), role, axes))
    tensors.sort(key=lambda tensor: tensor.is_output)
    dims = [dim.text() for dim in shape.at("dims").items()]
    return Operation(
        name=problem.at("name").text(),
        kind="record",
        dims=tuple((dim, bounds.at(dim).integer(1)) for dim in dims),
        tensors=tuple(tensors),
    )


def _term(term: Node, coefficients: Mapping[str, Node]) -> Term:
    names = list(term.items())
    if not names:
        raise term.refuse("term names no dimension", "[dimension, coefficient ...]")
    coefficient = 1
    for name in names[1:]:
        if name.text() not in coefficients:
            raise name.refuse("coefficient is unknown", " ".join(coefficients) or "no coefficient")
        coefficient *= coefficients[name.text()].integer(1)
    return Term(names[0].text(), coefficient)


def _level(
    place: Node, inner: Node, level: Node, roles: Mapping[str, Role]
) -> tuple[Memory, Array, Level, Level]:
    """One memory and the array below it, and the loops of both."""
    name = place.at("name").text()
    if level.at("level").text() != name:
        raise level.at("level").refuse("level does not match the chip", repr(name))
    unknown = set(level.names()) - LEVEL_KEYS
    if unknown:
        raise _unsupported(level, f"switch {min(unknown)}", ", ".join(SWITCHES))
    x, y = (_ratio(place, inner, mesh) for mesh in ("meshX", "meshY"))
    loops = tuple(_loop(loop, spatial=True) for loop in level.at("spatial").items())
    no_multicast = {roles[t] for t in _tensors(level, "no_multicast", roles)}
    no_links = {roles[t] for t in _tensors(level, "no_link_transfer", roles)}
    replaced = {roles[t] for t in _tensors(level, "no_temporal_reuse", roles)}
    links = _seats_are_neighbours(loops, x)
    network = f"{name} <==> {inner.at('name').text()}"
    array = Array(
        network,
        x=x,
        y=y,
        multicast=tuple(r for r in ROLES if r != "outputs" and r not in no_multicast),
        reduces="outputs" not in no_multicast,
        forwarding=tuple(r for r in ROLES if links and r not in no_links),
    )
    memory = Memory(name, reuse=tuple((role, "none") for role in ROLES if role in replaced))
    temporal = tuple(_loop(loop, spatial=False) for loop in level.at("temporal").items())
    if max(len(temporal), len(loops)) > MOST_LOOPS:
        raise level.refuse("too many loops", f"at most {MOST_LOOPS} of a kind")
    keep = _tensors(level, "keep", roles)
    return memory, array, Level(name, temporal, keep), Level(network, loops)


def _seats_are_neighbours(loops: tuple[Loop, ...], x: int) -> bool:
    """Whether the tool's numbering of the instances keeps neighbours side by side.

    It numbers the active instances without gaps, row by row of the physical array. Where the loops
    leave part of a row empty and go on to the next, instances that are neighbours in the loops are
    none in its numbers, and it finds nothing to forward.
    """
    used = {axis: math.prod(lp.bound for lp in loops if lp.axis == axis) for axis in ("x", "y")}
    return used["y"] == 1 or used["x"] == x


def _ratio(place: Node, inner: Node, mesh: str) -> int:
    outside, inside = place.at(mesh).integer(1), inner.at(mesh).integer(1)
    if inside % outside or inside // outside > MOST_INSTANCES:
        raise inner.at(mesh).refuse(
            "instances do not divide", f"a multiple of {outside}, at most {MOST_INSTANCES} times"
        )
    return inside // outside


def _loop(node: Node, *, spatial: bool) -> Loop:
    """[dimension, bound] or [dimension, bound, axis]; a residual bound in between is not supported.

    Its tiles are products of the bounds inside, and only the very last one is smaller. Bounds that
    do not divide make other tiles here: each loop cuts what it gets into pieces of one size.
    """
    values = list(node.items())
    if len(values) == (4 if spatial else 3):
        raise _unsupported(
            node,
            "an imperfect factor (a residual bound: only the very last tile is smaller)",
            "factors",
        )
    if len(values) != (3 if spatial else 2):
        raise node.refuse("loop cannot be read", "[dimension, bound] or [dimension, bound, axis]")
    axis: AxisName | None = None
    if spatial:
        if values[2].text() not in ("X", "Y"):
            raise values[2].refuse("axis is unknown", "'X' or 'Y'")
        axis = "x" if values[2].text() == "X" else "y"
    return Loop(values[0].text(), values[1].integer(1), axis)


def _tensors(level: Node, key: str, roles: Mapping[str, Role]) -> tuple[str, ...]:
    names: list[str] = []
    for name in level.get(key, []).items():
        if name.text() not in roles:
            raise name.refuse("tensor is unknown", " ".join(roles))
        names.append(name.text())
    return tuple(names)


def _prices(place: Node) -> Prices:
    rates = [
        place.at(key).number() if place.has(key) else None
        for key in ("read_bandwidth", "write_bandwidth")
    ]
    if 0 in rates:
        raise place.refuse("bandwidth is 0", "a positive bandwidth, or none")
    is_dram = place.get("technology", "SRAM").text() == "DRAM"
    return Prices(
        block_size=place.at("block_size").integer(1),
        read_pj=place.at("read_energy").number(),
        write_pj=place.at("write_energy").number(),
        update_pj=place.at("update_energy").number(),
        hop_pj=place.get("energy_per_hop", 0.0).number(),
        router_pj=place.get("router_energy", 0.0).number(),
        read_words_per_cycle=rates[0],
        write_words_per_cycle=rates[1],
        reduces_locally=not is_dram or place.get("reduction_supported", False).truth(),
    )


def _unsupported(node: Node, got: str, expected: str) -> Unsupported:
    return Unsupported(
        "record is not supported yet",
        where=node.path,
        got=got,
        expected=expected,
        fix="leave the record out of the comparison",
    )
