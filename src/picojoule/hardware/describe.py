"""Describe: a chip as the rows of a table, one per part, with the sources of its numbers."""

from dataclasses import dataclass

from picojoule.hardware.accelerator import Accelerator, Array, Memory, Part
from picojoule.sources import source_key
from picojoule.units import size_text


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of a chip in words.

    Args:
        part, kind: Its name; "memory", "array" or "compute".
        instances: How many the chip has.
        capacity: Of one instance, with its partitions; the size of an array; the width of a unit.
        prices: Per action, in pJ at the width the chip gives them for.
        bandwidth: Bits per cycle of one instance.
        holds: The roles a memory keeps, or an array multicasts; what is done about zeros.
        source: The sources of its numbers, each once.
    """

    part: str
    kind: str
    instances: int
    capacity: str
    prices: str
    bandwidth: str
    holds: str
    source: str


def describe(chip: Accelerator) -> tuple[PartRow, ...]:
    """One row per part, from the outside in.

    >>> from picojoule.hardware import accelerator
    >>> describe(accelerator("eyeriss"))[1].capacity
    '108 kB'
    """
    return tuple(_row(chip, part) for part in chip.parts)


def _row(chip: Accelerator, part: Part) -> PartRow:
    capacity, prices, bandwidth, holds = _words(part)
    keys = [source_key(s) for place, s in chip.sources if place.startswith(f"{part.name}.")]
    return PartRow(
        part=part.name,
        kind=type(part).__name__.lower(),
        instances=chip.instances(part),
        capacity=capacity,
        prices=prices,
        bandwidth=bandwidth,
        holds=holds,
        source=", ".join(dict.fromkeys(keys)) or "none given",
    )


def _words(part: Part) -> tuple[str, str, str, str]:
    """Capacity, prices, bandwidth and roles."""
    if isinstance(part, Memory):
        prices = (("read", part.read_pj), ("fill", part.fill_pj), ("update", part.update_pj))
        rates = (
            ("read", part.read_bits_per_cycle),
            ("write", part.write_bits_per_cycle),
            ("both", part.port_bits_per_cycle),
        )
        bandwidth = ", ".join(f"{name} {rate:g} b" for name, rate in rates if rate is not None)
        bits = f"{part.access_bits} b"
        holds = "; ".join([_list(part.holds), *_memory_zeros(part)])
        return _capacity(part), _prices(prices, bits), bandwidth or "unlimited", holds
    if isinstance(part, Array):
        limits = [
            f"{axis}: {' '.join(dims) or 'nothing'}"
            for axis, dims in (("x", part.x_dims), ("y", part.y_dims))
            if dims is not None
        ]
        size = f"{part.x} x {part.y}" + (f" ({', '.join(limits)})" if limits else "")
        prices = (
            ("delivery", part.delivery_pj),
            ("reduction", part.reduction_pj),
            ("link", part.link_pj),
        )
        roles = f"multicast {_list(part.multicast)}" if part.multicast else ""
        return size, _prices(prices, f"{part.word_bits} b"), "", roles
    per_step = "" if part.cycles == 1 else f"1 step per {part.cycles} cycles"
    rules = [
        f"{verb} zero {_list(roles)}"
        for verb, roles in (("gates", part.gating), ("skips", part.skipping))
        if roles
    ]
    return f"{part.bits} bits", f"{part.mac_pj:.3g} pJ per MAC", per_step, "; ".join(rules)


def _memory_zeros(part: Memory) -> list[str]:
    """What a memory does about zeros."""
    kept = [f"{role} as {form}" for role, form in part.compressed if form != "none"]
    for verb, rules in (("gates", part.gating), ("skips", part.skipping)):
        kept += [f"{verb} {role} at zero {_list(leaders)}" for role, leaders in rules]
    return kept


def _capacity(part: Memory) -> str:
    own = [f"{role} {size_text(bits)}" for role, bits in part.partitions]
    if part.capacity_bits is not None:
        own.insert(0, size_text(part.capacity_bits))
    elif len(own) < len(part.holds):
        own.insert(0, "unbounded")
    return ", ".join(own) + (f", {part.copies} copies" if part.copies > 1 else "")


def _prices(prices: tuple[tuple[str, float], ...], width: str) -> str:
    shown = [f"{name} {price:.3g}" for name, price in prices if price]
    return f"{', '.join(shown)} pJ per {width}" if shown else "free"


def _list(names: tuple[str, ...]) -> str:
    return " ".join(names)
