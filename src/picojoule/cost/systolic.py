"""Systolic: cycles, use and SRAM words of a matrix product on a systolic array, in closed form.

A product larger than the grid is cut into folds, pieces of at most rows x columns of what stays;
the folds run one after another. With `k` rows and `n` columns of PEs in use and `T` words streaming
past each of them, one fold takes

    ws, is   rows + k + n + T - 2   load, skew down, skew across, stream
    os       k + n + T - 2          skew down, skew across, stream; `rows` more if results shift out

cycles, and with `folds="whole"` k and n are those of the full grid. All sums over folds are taken
exactly. `simulate.systolic` executes the same array; the two share no arithmetic.

Source: samajdar2020; docs/systolic.md derives this, and says where SCALE-Sim's program departs from
its paper.
"""

from dataclasses import dataclass

from picojoule.hardware import SYSTOLIC_DATAFLOWS, SystolicArray, SystolicDataflow
from picojoule.workload import Operation, Product, as_product


@dataclass(frozen=True, slots=True)
class SystolicCost:
    """What one operation costs on a systolic array; all products together.

    Args:
        dataflow: What stays in the PEs.
        cycles: From the first word in to the last result out.
        folds: Pieces that run one after another.
        macs: Multiply-accumulates.
        mapped: PEs that get a stationary word, summed over the folds.
        pes: Of the array.
        input_reads, weight_reads: Words that enter the array.
        output_writes: Words that leave it: results, or partial sums of each fold of the window.
        output_reads: Partial sums that are read back to be added to, outside the array.
    """

    dataflow: SystolicDataflow
    cycles: int
    folds: int
    macs: int
    mapped: int
    pes: int
    input_reads: int
    weight_reads: int
    output_writes: int
    output_reads: int

    @property
    def utilization(self) -> float:
        """MACs done, over those that all PEs could have done in that time."""
        return self.macs / (self.pes * self.cycles)

    @property
    def mapping_efficiency(self) -> float:
        """Share of the PEs that a fold maps something to, on average over the folds."""
        return self.mapped / (self.pes * self.folds)


def systolic_cost(
    work: Operation | Product, array: SystolicArray, dataflow: SystolicDataflow
) -> SystolicCost:
    """Count what an operation costs on a systolic array.

    Args:
        work: An operation, or the matrix products that it is.
        array: The grid.
        dataflow: "ws", "os" or "is": what stays.

    Returns:
        Exact counts, equal to those of executing the array.

    Raises:
        Unsupported: The operation is no matrix product.

    SCALE-Sim 2.0.2 and 3.0.0 print the number of the last cycle, counted from 0: one less than
    `cycles` for each product.

    >>> from picojoule.workload import matmul
    >>> work = matmul("square", M=4, K=4, N=4)
    >>> [systolic_cost(work, SystolicArray(4, 4), one).cycles for one in ("ws", "os", "is")]
    [14, 10, 14]
    """
    product = work if isinstance(work, Product) else as_product(work)
    down, across, stream = _spread(product, dataflow)
    row_folds = -(-down // array.rows)
    column_folds = -(-across // array.columns)
    folds = row_folds * column_folds
    whole = array.folds == "whole"
    # k and n, summed over all folds: each cut of one side meets every cut of the other.
    used_rows = folds * array.rows if whole else column_folds * down
    used_columns = folds * array.columns if whole else row_folds * across
    travels = dataflow != "os" or array.drain == "shift"
    fixed = stream - 2 + (array.rows if travels else 0)
    results = product.pixels * product.filters
    rounds = 1 if dataflow == "os" else row_folds
    input_rounds, weight_rounds = {
        "ws": (column_folds, 1),
        "is": (1, column_folds),
        "os": (column_folds, row_folds),
    }[dataflow]
    return SystolicCost(
        dataflow,
        cycles=product.count * (folds * fixed + used_rows + used_columns),
        folds=product.count * folds,
        macs=product.macs,
        mapped=product.count * down * across,
        pes=array.pes,
        input_reads=product.count * product.pixels * product.window * input_rounds,
        weight_reads=product.count * product.window * product.filters * weight_rounds,
        output_writes=product.count * results * rounds,
        output_reads=product.count * results * (rounds - 1),
    )


def systolic_costs(
    work: Operation | Product,
    array: SystolicArray,
    dataflows: tuple[SystolicDataflow, ...] = SYSTOLIC_DATAFLOWS,
) -> tuple[SystolicCost, ...]:
    """Count for several dataflows, in their order; arguments as `systolic_cost`."""
    product = work if isinstance(work, Product) else as_product(work)
    return tuple(systolic_cost(product, array, dataflow) for dataflow in dataflows)


def _spread(product: Product, dataflow: SystolicDataflow) -> tuple[int, int, int]:
    """What lies down the rows, across the columns, and streams: S_R, S_C and T of the paper."""
    return {
        "ws": (product.window, product.filters, product.pixels),
        "is": (product.window, product.pixels, product.filters),
        "os": (product.pixels, product.filters, product.window),
    }[dataflow]
