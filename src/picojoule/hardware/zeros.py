"""Zeros: what a chip file says about words that need not be read, kept or multiplied."""

from collections.abc import Mapping, Sequence

from picojoule.errors import HardwareError
from picojoule.hardware.accelerator import Format, Leaders
from picojoule.hardware.document import Document, Location
from picojoule.hardware.schema import MemorySpec
from picojoule.workload import Role


def read_leaders(spec: MemorySpec, key: str, document: Document, at: Location) -> Leaders:
    """Whose zeros spare which role's accesses: the rules under `gating` or `skipping`.

    Raises:
        HardwareError: A role is not held, or outputs, whose zeros nobody knows, spare something.
    """
    rules: Mapping[Role, Sequence[Role]] = getattr(spec, key)
    for role, leaders in rules.items():
        where = document.where((*at, key, role))
        _check_held(spec, role, where)
        if not leaders or "outputs" in leaders:
            raise HardwareError(
                f"`{key}` looks at a role whose zeros are not known",
                where=where,
                got=f"[{', '.join(leaders)}]",
                expected="weights, inputs, or both",
                fix=f"write `{key}: {{{role}: [inputs]}}`",
            )
    return tuple((role, tuple(leaders)) for role, leaders in rules.items())


def read_formats(
    spec: MemorySpec, document: Document, at: Location
) -> tuple[tuple[Role, Format], ...]:
    """The formats under `compressed`.

    Raises:
        HardwareError: A role is not held.
    """
    for role in spec.compressed:
        _check_held(spec, role, document.where((*at, "compressed", role)))
    return tuple(spec.compressed.items())


def _check_held(spec: MemorySpec, role: Role, where: str) -> None:
    if role not in spec.holds:
        raise HardwareError(
            "a rule is for a role that the memory does not hold",
            where=where,
            got=role,
            expected=", ".join(spec.holds),
            fix=f"add {role} to `holds`, or remove the rule",
        )
