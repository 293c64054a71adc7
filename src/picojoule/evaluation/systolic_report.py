"""Systolic report: what every layer of a network takes on a systolic array, per dataflow."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from picojoule.cost import SystolicCost, systolic_costs
from picojoule.errors import Unsupported, WorkloadError
from picojoule.evaluation.result import Unmapped
from picojoule.evaluation.tables import ignored_table, unmapped_table
from picojoule.hardware import (
    SYSTOLIC_DATAFLOWS,
    Drain,
    Folds,
    SystolicArray,
    SystolicDataflow,
    check_systolic_dataflow,
)
from picojoule.report import WIDTH, Cell, Column, Table, count, scaled, to_text
from picojoule.workload import (
    Ignored,
    Layer,
    Network,
    Operation,
    Product,
    as_product,
    load,
    parse_operation,
)

_PERCENT = scaled(100, decimals=1)
_OPERATION = re.compile(r"\s*\w+\s.*=", re.DOTALL)
"""Text that means an operation: a word, a blank, and an equals sign somewhere."""


@dataclass(frozen=True, slots=True)
class SystolicLayer:
    """One layer.

    Args:
        name, kind: As in the network.
        repeats: Runs one after another (time steps).
        product: The matrix products that one run is.
        costs: Of one run, one per dataflow.
    """

    name: str
    kind: str
    repeats: int
    product: Product
    costs: tuple[SystolicCost, ...]

    @property
    def best(self) -> SystolicDataflow:
        """The dataflow of fewest cycles; the first of equals."""
        return min(self.costs, key=lambda cost: cost.cycles).dataflow

    def cycles(self, dataflow: SystolicDataflow) -> int:
        """Cycles of all repeats."""
        return self.repeats * self._cost(dataflow).cycles

    def utilization(self, dataflow: SystolicDataflow) -> float:
        """MACs done, over those that all PEs could have done in that time."""
        return self._cost(dataflow).utilization

    def _cost(self, dataflow: SystolicDataflow) -> SystolicCost:
        return next(cost for cost in self.costs if cost.dataflow == dataflow)

    def to_dict(self, *, scale_sim: bool) -> dict[str, Any]:
        """Plain data, of all repeats; `scale_sim`: whether SCALE-Sim would say the same."""
        sizes = asdict(self.product)
        del sizes["dims"]
        runs: dict[str, Any] = {}
        for cost in self.costs:
            cycles = self.repeats * cost.cycles
            last = cycles - self.repeats * self.product.count
            runs[cost.dataflow] = {
                "cycles": cycles,
                "scale_sim_cycles": last if scale_sim else None,
                "folds": self.repeats * cost.folds,
                "utilization": cost.utilization,
                "mapping_efficiency": cost.mapping_efficiency,
                "input_reads": self.repeats * cost.input_reads,
                "weight_reads": self.repeats * cost.weight_reads,
                "output_writes": self.repeats * cost.output_writes,
                "output_reads": self.repeats * cost.output_reads,
            }
        return {
            "name": self.name,
            "kind": self.kind,
            "repeats": self.repeats,
            "product": sizes,
            "macs": self.repeats * self.product.macs,
            "best": self.best,
            "dataflows": runs,
        }


@dataclass(frozen=True, slots=True)
class SystolicReport:
    """A network on a systolic array; its layers run one after another.

    Args:
        network, batch: As loaded.
        array: The grid.
        dataflows: Those compared.
        layers: Layers that are matrix products.
        unmapped: Layers that are not, and why.
        ignored: What the model's reader did not understand.
    """

    network: str
    batch: int
    array: SystolicArray
    dataflows: tuple[SystolicDataflow, ...]
    layers: tuple[SystolicLayer, ...]
    unmapped: tuple[Unmapped, ...]
    ignored: tuple[Ignored, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(layer.repeats * layer.product.macs for layer in self.layers)

    def cycles(self, dataflow: SystolicDataflow | None = None) -> int:
        """Cycles of all layers; without a dataflow each layer takes its best."""
        return sum(layer.cycles(dataflow or layer.best) for layer in self.layers)

    def utilization(self, dataflow: SystolicDataflow | None = None) -> float:
        """MACs done, over those that all PEs could have done in that time."""
        return self.macs / (self.array.pes * self.cycles(dataflow))

    def records(self) -> list[dict[str, Any]]:
        """One row per layer."""
        scale_sim = self.array.drain == "bus" and self.array.folds == "whole"
        return [layer.to_dict(scale_sim=scale_sim) for layer in self.layers]

    def to_dict(self) -> dict[str, Any]:
        """Plain data with the keys of the JSON output."""
        totals = {
            dataflow or "best": {
                "cycles": self.cycles(dataflow),
                "utilization": self.utilization(dataflow),
            }
            for dataflow in (*self.dataflows, None)
        }
        return {
            "network": self.network,
            "batch": self.batch,
            "array": asdict(self.array),
            "dataflows": list(self.dataflows),
            "macs": self.macs,
            "layers": self.records(),
            "totals": totals,
            "unmapped": [layer.to_dict() for layer in self.unmapped],
            "ignored": [asdict(item) for item in self.ignored],
        }


def systolic(
    work: Network | Operation | str | Path | Any,
    *,
    rows: int = 128,
    columns: int = 128,
    dataflow: str = "all",
    drain: str = "bus",
    folds: str = "whole",
    batch: int | None = None,
    inputs: Mapping[str, tuple[int, ...]] | Sequence[tuple[int, ...]] | None = None,
) -> SystolicReport:
    """Count the cycles of every layer on a systolic array, exactly.

    Args:
        work: A network, an operation or its text ("conv M=64 C=3 ..."), or what `load` takes: a zoo
            name, an ONNX file or SCALE-Sim's topology file, a torch module.
        rows, columns: PEs of the array.
        dataflow: "ws", "os" or "is": what stays in the PEs; "all" compares them.
        drain, folds: As `SystolicArray` takes them; the defaults are SCALE-Sim's.
        batch, inputs: As `load` takes them.

    Returns:
        Cycles, use of the PEs and words moved, by layer and dataflow.

    Raises:
        PicojouleError: The network, the array or the dataflow is wrong, or no layer is a matrix
            product.

    >>> report = systolic("alexnet", rows=256, columns=256)
    >>> report.layers[2].best, report.layers[2].cycles("ws")
    ('os', 16830)
    """
    array = SystolicArray(rows, columns, drain=cast(Drain, drain), folds=cast(Folds, folds))
    chosen = (
        SYSTOLIC_DATAFLOWS
        if dataflow == "all"
        else (check_systolic_dataflow(dataflow, others=("all",)),)
    )
    network = _network(work, batch, inputs)
    layers: list[SystolicLayer] = []
    unmapped: list[Unmapped] = []
    for layer in network.layers:
        try:
            product = as_product(layer.operation)
        except Unsupported as error:
            reason = f"{error.what}: {error.got}" if layer.macs else "no multiply-accumulates"
            steps = layer.operation.steps * layer.repeats
            unmapped.append(Unmapped(layer.name, layer.kind, steps, reason))
        else:
            costs = systolic_costs(product, array, chosen)
            layers.append(SystolicLayer(layer.name, layer.kind, layer.repeats, product, costs))
    if not layers:
        raise WorkloadError(
            "nothing here is a matrix product",
            where=f"network {network.name!r}",
            got=f"{len(unmapped)} other layers",
            expected="at least one convolution, fully-connected layer or matrix product",
            fix="`pj profile` counts the work of other layers",
        )
    return SystolicReport(
        network.name,
        network.batch,
        array,
        chosen,
        tuple(layers),
        tuple(unmapped),
        network.ignored,
    )


def _network(work: Any, batch: int | None, inputs: Any) -> Network:
    if isinstance(work, str) and _OPERATION.match(work) and not work.endswith((".onnx", ".csv")):
        work = parse_operation(work)
    if isinstance(work, Network | Operation):
        name = work.name
        if batch is not None or inputs:
            raise WorkloadError(
                "sizes are given already",
                where=f"operation or network {name!r}",
                got=f"batch {batch}" if batch is not None else f"inputs {inputs}",
                expected="neither batch nor inputs beside it",
                fix="leave them out; an operation takes its batch as N",
            )
        if isinstance(work, Network):
            return work
        return Network(name, (Layer(name, work, (), ()),), {}, (), ())
    return load(work, batch=batch, inputs=inputs)


def describe_systolic(report: SystolicReport, *, width: int = WIDTH, color: bool = False) -> str:
    """The report as text: a row per layer, the totals, and what is not in them."""
    tables = [_layer_table(report)]
    if report.unmapped:
        tables.append(unmapped_table(report.unmapped))
    if report.ignored:
        tables.append(ignored_table((i.name, i.operator, i.reason) for i in report.ignored))
    parts = [to_text(table, width=width, color=color) for table in tables]
    return "\n".join([*parts, _summary(report) + "\n"])


def _layer_table(report: SystolicReport) -> Table:
    array, flows = report.array, report.dataflows
    several = len(flows) > 1
    many = any(layer.product.count > 1 for layer in report.layers)
    columns = [
        Column("layer", "name", align="left"),
        *([Column("times", "count", count)] if many else []),
        Column("pixels", "pixels", count),
        Column("window", "window", count),
        Column("filters", "filters", count),
        *(Column(flow, f"{flow}_cycles", count) for flow in flows),
        *([Column("best", "best", align="left")] if several else []),
        Column("used %", "utilization", _PERCENT),
    ]
    rows: list[tuple[Cell, ...]] = []
    for layer in report.layers:
        product = layer.product
        rows.append(
            (
                layer.name if layer.repeats == 1 else f"{layer.name} (x{layer.repeats})",
                *([product.count] if many else []),
                product.pixels,
                product.window,
                product.filters,
                *(layer.cycles(flow) for flow in flows),
                *([layer.best] if several else []),
                layer.utilization(layer.best),
            )
        )
    total: tuple[Cell, ...] = (
        "total",
        *([None] if many else []),
        None,
        None,
        None,
        *(report.cycles(flow) for flow in flows),
        *([None] if several else []),
        None if several else report.utilization(),
    )
    batch = f", batch {report.batch}" if report.batch > 1 else ""
    place = f"{array.rows} x {array.columns} systolic array{batch}"
    title = f"{report.network} on a {place}: cycles by dataflow, PEs used with the best"
    if not several:
        title = f"{report.network} on a {place}: cycles and PEs used"
    return Table(title, tuple(columns), tuple(rows), total=total if len(rows) > 1 else None)


def _summary(report: SystolicReport) -> str:
    best = min(report.dataflows, key=report.cycles)
    cycles, used = report.cycles(best), report.utilization(best)
    line = f"{report.network}: {best} {cycles:,} cycles, {used:.1%} used"
    if len(report.dataflows) > 1 and len(report.layers) > 1:
        line += f"; each layer at its best {report.cycles():,}"
    return line
