"""Compare: closed form, oracle and recorded results, side by side."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from picojoule.check.conventions import Number, Quantities, Witness, expected, recorded
from picojoule.check.documents import Node, read_document
from picojoule.check.records import Record, read_exact, read_record
from picojoule.cost import count
from picojoule.errors import PicojouleError, Unsupported
from picojoule.hardware import Accelerator
from picojoule.mapping import Counts, Nest, validate
from picojoule.simulate import execute
from picojoule.workload import Operation

Status = Literal["agrees", "differs", "unsupported", "unreadable"]
TOLERANCE = 1e-9
"""Of energies and hops, relative: both sides are sums of floats in different order."""

EXTRAPOLATED = (
    "the recording tool extrapolates each loop from its first two iterations, "
    "which miscounts here; the oracle decides"
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One quantity that is not the same everywhere; None where a side does not have it."""

    place: str
    quantity: str
    recorded: Number | None
    closed_form: Number | None
    oracle: Number | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record.

    Args:
        identifier: The record's id.
        group: The record's group.
        status: "agrees" or "differs"; "unsupported" and "unreadable" were not compared.
        exact: Whether the record's counts are known to be exact; None where nobody says.
        reason: Why it may differ, or why it was not compared.
        compared: Quantities compared.
        differences: Those that differ.
    """

    identifier: str
    group: str
    status: Status
    exact: bool | None = None
    reason: str = ""
    compared: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def witnesses_agree(self) -> bool:
        """Whether closed form and oracle are equal, whatever was recorded."""
        return all(
            _same(difference.closed_form, difference.oracle) for difference in self.differences
        )


@dataclass(frozen=True, slots=True)
class RecordsCheck:
    """All outcomes of one file, in its order."""

    outcomes: tuple[Outcome, ...]

    @property
    def compared(self) -> tuple[Outcome, ...]:
        """Records that could be compared."""
        return tuple(one for one in self.outcomes if one.status in ("agrees", "differs"))

    @property
    def agreeing(self) -> int:
        """How many of the compared records agree in every quantity."""
        return sum(one.status == "agrees" for one in self.outcomes)

    @property
    def exact_agree(self) -> bool:
        """Whether every record that is marked exact was compared and agrees."""
        return all(one.status == "agrees" for one in self.outcomes if one.exact)

    @property
    def witnesses_agree(self) -> bool:
        """Whether closed form and oracle are equal on every compared record."""
        return all(one.witnesses_agree for one in self.compared)

    @property
    def passed(self) -> bool:
        """Whether the check may exit with 0."""
        return self.exact_agree and self.witnesses_agree

    @property
    def summary(self) -> str:
        """The last line of `pj check --records`."""
        return f"{self.agreeing} of {len(self.compared)} agree"


@dataclass(frozen=True, slots=True)
class MappingCheck:
    """Both counts of one mapping."""

    closed_form: Counts
    oracle: Counts

    @property
    def agree(self) -> bool:
        """Whether they are equal in every count."""
        return self.closed_form == self.oracle


def check_mapping(operation: Operation, accelerator: Accelerator, nest: Nest) -> MappingCheck:
    """Count one mapping by the closed form and by executing it.

    Raises:
        MappingError: The nest does not fit the operation or the chip.
        CapacityError: A tile does not fit its memory.
        Unsupported: The nest has more steps than can be executed in reasonable time.
    """
    validate(operation, accelerator, nest)
    return MappingCheck(
        closed_form=count(operation, accelerator, nest),
        oracle=execute(operation, accelerator, nest),
    )


def check_records(
    path: str | Path, *, progress: Callable[[int, int], None] | None = None
) -> RecordsCheck:
    """Compare recorded results of another tool with the closed form and with the oracle.

    Args:
        path: A JSON file with `records`.
        progress: Called with (records done, records in all).

    Returns:
        One outcome per record. A record that is wrong in itself is listed as "unreadable", one that
        we do not count yet as "unsupported"; the file goes on.

    Raises:
        RecordError: The file cannot be read at all.
    """
    nodes = list(read_document(path).at("records").items())
    outcomes: list[Outcome] = []
    for node in nodes:
        outcomes.append(_outcome(node))
        if progress is not None:
            progress(len(outcomes), len(nodes))
    return RecordsCheck(tuple(outcomes))


def _outcome(node: Node) -> Outcome:
    identifier, group, exact = node.path, "", None
    try:
        identifier = node.at("id").text()
        group = node.at("group").text()
        exact = read_exact(node)
        record = read_record(node)
        stated = recorded(record)
        closed_form = expected(record, _witness(record, count))
        oracle = expected(record, _witness(record, execute))
    except Unsupported as error:
        return Outcome(identifier, group, "unsupported", exact, f"{error.what}: {error.got}")
    except PicojouleError as error:
        reason = f"{error.what} ({error.where}): {error.got}"
        return Outcome(identifier, group, "unreadable", exact, reason)
    differences = tuple(_differences(stated, closed_form, oracle))
    return Outcome(
        identifier,
        group,
        "differs" if differences else "agrees",
        exact,
        reason=EXTRAPOLATED if differences and exact is False else "",
        compared=len(stated),
        differences=differences,
    )


def _witness(record: Record, run: Callable[..., Counts]) -> Witness:
    """Count a record's mapping, without elision only where the record asks for that."""
    places = record.operation, record.accelerator, record.nest
    needs_full = bool(record.reads_first) or not record.elide_first_read
    full = run(*places, footprint="box", elide_first_read=False) if needs_full else None
    return Witness(run(*places, footprint="box", elide_first_read=True), full)


def _differences(
    stated: Quantities, closed_form: Quantities, oracle: Quantities
) -> Iterator[Difference]:
    for place, quantity in dict.fromkeys([*stated, *closed_form, *oracle]):
        key = (place, quantity)
        values = stated.get(key), closed_form.get(key), oracle.get(key)
        if values[0] is None and key not in stated and not any(values):
            continue  # the tool leaves out what is zero
        if not (_same(values[0], values[1]) and _same(values[0], values[2])):
            yield Difference(place, quantity, *values)


def _same(left: Number | None, right: Number | None) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        return (
            left is not None
            and right is not None
            and math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=1e-12)
        )
    return left == right
