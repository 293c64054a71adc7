"""Accelerator: memories, arrays and one compute unit, from the outside in.

Every price is per action and in picojoules, every size in bits, every time in clock cycles.
A memory serves the parts below it; an array fans out to its instances; the compute unit ends the
list. What a chip says of a tensor it says of its role: weights, inputs or outputs.
"""

import math
from dataclasses import dataclass
from typing import Literal

from picojoule.errors import HardwareError
from picojoule.workload import ROLES, Role

Reuse = Literal["window", "tile", "none"]
Format = Literal["bitmask", "rlc", "csr", "csc", "none"]
"""How a memory keeps a tensor without its zeros; "none" keeps them."""
Leaders = tuple[tuple[Role, tuple[Role, ...]], ...]
"""(role, the roles whose zeros make its access needless), for some roles."""


@dataclass(frozen=True, slots=True)
class Memory:
    """A storage level: one instance of it stands at each place of the arrays above.

    Args:
        name: Unique on the chip.
        holds: Roles it keeps; the others pass by.
        capacity_bits: Shared by all roles without a partition; None is unbounded.
        partitions: (role, bits): capacity that belongs to one role alone.
        access_bits: Width that the prices below are for; a word costs its share of an access.
        read_pj, fill_pj, update_pj: Per access: serving inwards (or reading back a partial sum),
            being filled from outside, taking a result or partial sum from inside.
        read_bits_per_cycle, write_bits_per_cycle: Bandwidth of each direction; None is unlimited.
        port_bits_per_cycle: Bandwidth of both directions together; None is unlimited.
        copies: 2 where tiles are double-buffered, so that a tile may take half of the capacity.
        overlapped: Whether its transfers run while the compute unit works, or add to the time.
        reuse: What stays when the tile moves: "window" keeps every word of the old tile that the
            new one needs, "tile" keeps equal tiles only, "none" fetches each tile anew.
        gating: (role, roles): an access of the role takes its time but no energy if a word of the
            roles is zero in every step that it serves; between memories, in every step at all.
        skipping: The same, but such an access takes no time either.
        compressed: (role, format): zero words of the role are neither kept nor moved here.
        leakage_w, area_um2: Of one instance.
    """

    name: str
    holds: tuple[Role, ...] = ROLES
    capacity_bits: int | None = None
    partitions: tuple[tuple[Role, int], ...] = ()
    access_bits: int = 16
    read_pj: float = 0.0
    fill_pj: float = 0.0
    update_pj: float = 0.0
    read_bits_per_cycle: float | None = None
    write_bits_per_cycle: float | None = None
    port_bits_per_cycle: float | None = None
    copies: int = 1
    overlapped: bool = True
    reuse: tuple[tuple[Role, Reuse], ...] = ()
    gating: Leaders = ()
    skipping: Leaders = ()
    compressed: tuple[tuple[Role, Format], ...] = ()
    leakage_w: float = 0.0
    area_um2: float = 0.0

    def reuse_of(self, role: Role) -> Reuse:
        """How the role's tile is replaced; "window" unless the chip says otherwise."""
        return dict(self.reuse).get(role, "window")

    def format_of(self, role: Role) -> Format:
        """How the role is kept; "none" unless the chip compresses it here."""
        return dict(self.compressed).get(role, "none")


@dataclass(frozen=True, slots=True)
class Array:
    """A spatial fan-out: `x` times `y` instances of everything below it.

    Args:
        name: Unique on the chip.
        x, y: Instances along each axis.
        multicast: Input roles whose word is read once for all instances that need it.
        reduces: Whether partial sums of one output are added on their way up.
        forwarding: Roles that an instance may take from a direct neighbour.
        x_dims, y_dims: Dimensions that may be spread along the axis; None allows all.
        delivery_pj: Per word and instance that receives (or sends) it.
        reduction_pj: Per addition of two partial sums on the way up.
        link_pj: Per word forwarded between neighbours.
        word_bits: Width that the three prices above are for.
        area_um2: Of the whole network.
    """

    name: str
    x: int
    y: int = 1
    multicast: tuple[Role, ...] = ("weights", "inputs")
    reduces: bool = True
    forwarding: tuple[Role, ...] = ()
    x_dims: tuple[str, ...] | None = None
    y_dims: tuple[str, ...] | None = None
    delivery_pj: float = 0.0
    reduction_pj: float = 0.0
    link_pj: float = 0.0
    word_bits: int = 16
    area_um2: float = 0.0

    @property
    def size(self) -> int:
        """Instances below."""
        return self.x * self.y

    def groups(self, role: Role) -> bool:
        """Whether equal words of several instances travel as one: multicast, or reduction."""
        return self.reduces if role == "outputs" else role in self.multicast


@dataclass(frozen=True, slots=True)
class Compute:
    """The unit that runs one inner step per cycle in each of its places.

    Args:
        name: Unique on the chip.
        mac_pj: Per multiply-accumulate.
        bits: Operand width that `mac_pj` is for.
        cycles: Per step.
        gating: Roles: a step takes its time but no energy if a word of one of them is zero.
        skipping: Roles: a step takes neither if a word of one of them is zero. One role is
            one-sided, two are an intersection.
        lane_steps: After so many of their steps the units wait for the slowest; 1 is lock step.
        leakage_w, area_um2: Of one unit.
    """

    name: str = "mac"
    mac_pj: float = 1.0
    bits: int = 16
    cycles: int = 1
    gating: tuple[Role, ...] = ()
    skipping: tuple[Role, ...] = ()
    lane_steps: int = 1
    leakage_w: float = 0.0
    area_um2: float = 0.0


Part = Memory | Array | Compute


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A chip: its parts from the outside in, its clock, and where its numbers come from.

    Args:
        name: For tables and messages.
        parts: An outermost memory that holds every role, then memories and arrays, the compute
            unit last.
        clock_hz: For seconds and watts.
        technology_nm, voltage_v: Of the numbers given.
        area_mm2: Published core area; None sums the parts.
        word_bits: (role, width) of the words that the chip is made for: what a network without
            widths of its own is run at; empty keeps the network's.
        sources: (place in the description, source key or `assumed: reason`), for every number.
        description: One sentence.
    """

    name: str
    parts: tuple[Part, ...]
    clock_hz: float = 1e9
    technology_nm: float | None = None
    voltage_v: float | None = None
    area_mm2: float | None = None
    word_bits: tuple[tuple[Role, int], ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        if len(set(names)) != len(names):
            raise HardwareError(
                "two parts have the same name",
                where=f"accelerator {self.name!r}",
                got=" ".join(names),
                expected="unique names",
                fix="rename one of them",
            )
        kinds = [type(part) for part in self.parts]
        ordered = len(kinds) >= 2 and kinds[0] is Memory and kinds[-1] is Compute
        if not ordered or any(isinstance(part, Compute) for part in self.parts[:-1]):
            raise HardwareError(
                "parts are not in order",
                where=f"accelerator {self.name!r}",
                got=" > ".join(f"{p.name} ({type(p).__name__.lower()})" for p in self.parts),
                expected="a memory first, then memories and arrays, one compute unit last",
                fix="list the parts from the outside (DRAM) in (MAC)",
            )
        outermost = self.memories[0]
        missing = [role for role in ROLES if role not in outermost.holds]
        if missing:
            raise HardwareError(
                "the outermost memory must hold everything",
                where=f"accelerator {self.name!r}, memory {outermost.name!r}",
                got=" ".join(outermost.holds),
                expected=" ".join(ROLES),
                fix=f"add {' '.join(missing)} to its `holds`",
            )

    @property
    def memories(self) -> tuple[Memory, ...]:
        """The memories, outermost first."""
        return tuple(part for part in self.parts if isinstance(part, Memory))

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The arrays, outermost first."""
        return tuple(part for part in self.parts if isinstance(part, Array))

    @property
    def compute(self) -> Compute:
        """The compute unit."""
        *_, last = self.parts
        assert isinstance(last, Compute)
        return last

    @property
    def peak_macs_per_cycle(self) -> float:
        """What all compute units do when none waits."""
        return self.compute_units / self.compute.cycles

    @property
    def on_chip_bits(self) -> int:
        """Capacity of all instances of all memories but the outermost."""
        bits = 0
        for memory in self.memories[1:]:
            own = (memory.capacity_bits or 0) + sum(size for _, size in memory.partitions)
            bits += own * self.instances(memory)
        return bits

    @property
    def compute_units(self) -> int:
        """How many compute units the chip has."""
        return math.prod(array.size for array in self.arrays)

    def instances(self, part: Part) -> int:
        """How many of `part` the chip has: the arrays above it multiply."""
        above = self.parts[: self.parts.index(part)]
        return math.prod(above_part.size for above_part in above if isinstance(above_part, Array))
