"""Catalogue: the dataflows by name."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from picojoule.dataflows.row_stationary import row_stationary
from picojoule.dataflows.stationary import (
    input_stationary,
    no_local_reuse,
    output_stationary_a,
    output_stationary_b,
    output_stationary_c,
    weight_stationary,
)
from picojoule.errors import MappingError, nearest
from picojoule.hardware import Accelerator
from picojoule.mapper import Constraints
from picojoule.workload import Operation

Build = Callable[[Operation, Accelerator], Constraints]


def any_mapping(operation: Operation, chip: Accelerator) -> Constraints:
    """FLEX: every mapping is allowed.

    The best of all mappings, to show what a dataflow costs.

    Chips: none in full; those with configurable networks come close.
    """
    return Constraints()


@dataclass(frozen=True, slots=True)
class Dataflow:
    """A dataflow.

    Args:
        name: As commands take it.
        title: In words.
        build: The mappings that it allows of an operation on a chip. Its docstring says what is
            reused where, and which chips do so.
    """

    name: str
    title: str
    build: Build

    @property
    def summary(self) -> str:
        """What stays where, in one line."""
        first = self._text.splitlines()[0]
        return first.partition(": ")[2].rstrip(".")

    @property
    def description(self) -> str:
        """What is reused where, in a few paragraphs."""
        text = self._text.partition("Raises:")[0]
        paragraphs = [" ".join(one.split()) for one in text.split("\n\n")[1:]]
        return "\n\n".join(one for one in paragraphs if one and not one.startswith("Chips:"))

    @property
    def chips(self) -> str:
        """Which chips use it."""
        found = [one for one in self._text.split("\n\n") if one.startswith("Chips:")]
        return " ".join(found[0].removeprefix("Chips:").split()).rstrip(".")

    @property
    def _text(self) -> str:
        return inspect.getdoc(self.build) or ""


_ALL = (
    Dataflow("ws", "weight stationary", weight_stationary),
    Dataflow("os_a", "output stationary A", output_stationary_a),
    Dataflow("os_b", "output stationary B", output_stationary_b),
    Dataflow("os_c", "output stationary C", output_stationary_c),
    Dataflow("nlr", "no local reuse", no_local_reuse),
    Dataflow("rs", "row stationary", row_stationary),
    Dataflow("is", "input stationary", input_stationary),
    Dataflow("flex", "flexible", any_mapping),
)
DATAFLOWS = {one.name: one for one in _ALL}
"""Every dataflow by its name, in the survey's order."""


def dataflow(name: str) -> Dataflow:
    """A dataflow by its name.

    Raises:
        MappingError: There is none of that name.

    >>> dataflow("ws").summary
    'a weight stays in its PE for all of its multiply-accumulates'
    """
    if name in DATAFLOWS:
        return DATAFLOWS[name]
    raise MappingError(
        "dataflow is not known",
        where="dataflow",
        got=repr(name),
        expected=nearest(name, DATAFLOWS),
        fix="name one of them; `pj dataflow` says what each keeps where",
    )
