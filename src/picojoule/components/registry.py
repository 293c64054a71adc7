"""Registry: the component classes by name, and the check of what they are asked."""

import inspect
import math
from collections.abc import Callable

from picojoule.components.dram import dram, kinds
from picojoule.components.estimate import Estimate
from picojoule.components.mac import TYPES, adder, mac, multiplier
from picojoule.components.noc import noc, wire
from picojoule.components.sram import register_file, sram
from picojoule.errors import HardwareError, nearest

Attribute = int | float | str

ESTIMATORS: dict[str, Callable[..., Estimate]] = {
    "mac": mac,
    "adder": adder,
    "multiplier": multiplier,
    "sram": sram,
    "register_file": register_file,
    "wire": wire,
    "noc": noc,
    "dram": dram,
}
COUNTS = ("bits", "accumulator_bits", "banks", "x", "y")
LARGEST = {
    "bits": 65536,
    "accumulator_bits": 65536,
    "banks": 2**20,
    "x": 2**20,
    "y": 2**20,
    "capacity_bytes": 2**50,
    "length_mm": 1000.0,
    "pitch_mm": 1000.0,
    "technology_nm": 1000.0,
    "voltage_v": 10.0,
}


def estimate(class_name: str, **attributes: Attribute) -> Estimate:
    """What one action of a component costs, and how large it is.

    Args:
        class_name: One of `classes()`.
        attributes: As `attributes_of(class_name)` lists them; those without a default are needed.

    Raises:
        HardwareError: Unknown class or attribute, one that is missing, or a value out of range.

    >>> estimate("mac", bits=8).action_pj
    0.25
    """
    known = attributes_of(class_name)
    where = f"component class {class_name!r}"
    for name, value in attributes.items():
        if name not in known:
            raise HardwareError(
                "component has no such attribute",
                where=where,
                got=name,
                expected=nearest(name, known),
                fix="leave it out, or correct its name",
            )
        _check(name, value, where)
    missing = [name for name, needed in known.items() if needed and name not in attributes]
    if missing:
        raise HardwareError(
            "component lacks an attribute",
            where=where,
            got=", ".join(attributes) or "no attributes",
            expected=", ".join(missing),
            fix=f"add `{missing[0]}:` to the component",
        )
    return ESTIMATORS[class_name](**attributes)


def classes() -> tuple[str, ...]:
    """The names of all component classes."""
    return tuple(ESTIMATORS)


def attributes_of(class_name: str) -> dict[str, bool]:
    """The attributes of a class, and whether each must be given.

    Raises:
        HardwareError: There is no such class.

    >>> attributes_of("dram")
    {'kind': False, 'bits': False}
    """
    if class_name not in ESTIMATORS:
        raise HardwareError(
            "unknown component class",
            where="component",
            got=class_name,
            expected=nearest(class_name, ESTIMATORS),
            fix="use a known class, or give the prices as numbers",
        )
    parameters = inspect.signature(ESTIMATORS[class_name]).parameters.values()
    return {p.name: p.default is inspect.Parameter.empty for p in parameters}


def _check(name: str, value: Attribute, where: str) -> None:
    choices = {"type": TYPES, "kind": kinds()}.get(name)
    if choices is not None:
        if value not in choices:
            raise HardwareError(
                f"component attribute `{name}` is not one of its choices",
                where=where,
                got=value,
                expected=nearest(str(value), choices),
                fix=f"write `{name}: {choices[0]}`, or another of them",
            )
        return
    whole = name in COUNTS
    valid = isinstance(value, int | float) and not isinstance(value, bool)
    if valid and isinstance(value, float):
        valid = math.isfinite(value) and (not whole or value.is_integer())
    if not valid or not isinstance(value, int | float) or not 0 < value <= LARGEST[name]:
        raise HardwareError(
            f"component attribute `{name}` is out of range",
            where=where,
            got=value,
            expected=f"a {'whole ' if whole else ''}number above 0, at most {LARGEST[name]:g}",
            fix=f"give `{name}` in the unit of its name",
        )
