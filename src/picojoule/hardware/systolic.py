"""Systolic array: a grid of PEs that pass operands to their neighbours, one step a cycle.

It has no memories of its own here: it is the grid, and how results leave it. Inputs come in from
the left, one word a row and cycle; stationary operands and, with outputs stationary, weights from
the top, one word a column and cycle; results leave below, one word a column and cycle.

Source: samajdar2020.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from picojoule.errors import HardwareError, nearest

SystolicDataflow = Literal["ws", "os", "is"]
SYSTOLIC_DATAFLOWS: tuple[SystolicDataflow, ...] = get_args(SystolicDataflow)
"""What stays in the PEs: weights, outputs, inputs."""
Drain = Literal["bus", "shift"]
DRAINS: tuple[Drain, ...] = get_args(Drain)
Folds = Literal["whole", "used"]
FOLDS: tuple[Folds, ...] = get_args(Folds)
LARGEST_SIDE = 1 << 16
"""PEs in a row or column; a TPU has 256."""


@dataclass(frozen=True, slots=True)
class SystolicArray:
    """A grid of PEs, and how long it waits.

    Args:
        rows, columns: PEs from top to bottom, and from left to right.
        drain: How stationary outputs leave. "bus": each column has a bus that takes the result of
            one PE a cycle, in the cycle in which it is complete. "shift": results are shifted down
            the column, one PE a cycle, once the column is complete.
        folds: How long an operand that does not fill the grid takes. "whole": as long as one that
            does; idle rows and columns work on zeros. "used": until its last result has left.

    Raises:
        HardwareError: A size or an option does not exist.

    >>> SystolicArray(256, 256).pes
    65536
    """

    rows: int
    columns: int
    drain: Drain = "bus"
    folds: Folds = "whole"

    def __post_init__(self) -> None:
        for what, size in (("rows", self.rows), ("columns", self.columns)):
            if type(size) is not int or not 1 <= size <= LARGEST_SIDE:
                raise HardwareError(
                    f"systolic array cannot have this number of {what}",
                    where=f"{what} of a systolic array",
                    got=repr(size),
                    expected=f"a whole number from 1 to {LARGEST_SIDE}",
                    fix="give the PEs on one side of the grid",
                )
        for what, option, known in (
            ("drain", self.drain, DRAINS),
            ("folds", self.folds, FOLDS),
        ):
            if option not in known:
                raise HardwareError(
                    "option of a systolic array is not known",
                    where=f"{what} of a systolic array",
                    got=repr(option),
                    expected=nearest(str(option), known),
                    fix="name one of them",
                )

    @property
    def pes(self) -> int:
        """Processing elements."""
        return self.rows * self.columns


def check_systolic_dataflow(dataflow: str, *, others: tuple[str, ...] = ()) -> SystolicDataflow:
    """The dataflow of that name.

    Args:
        dataflow: Its name.
        others: What else the user could have said, for the message.

    Raises:
        HardwareError: There is none.

    >>> check_systolic_dataflow("ws")
    'ws'
    """
    for known in SYSTOLIC_DATAFLOWS:
        if dataflow == known:
            return known
    raise HardwareError(
        "dataflow of a systolic array is not known",
        where="dataflow",
        got=repr(dataflow),
        expected=nearest(str(dataflow), (*SYSTOLIC_DATAFLOWS, *others)),
        fix="name what stays in the PEs: ws weights, os outputs, is inputs",
    )
