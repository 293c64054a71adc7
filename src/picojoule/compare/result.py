"""Result: what each dataflow costs, per layer and in all, in multiples of one MAC's energy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from picojoule.compare.area import Storage
from picojoule.compare.shape import LeftOut
from picojoule.workload import Ignored

LEVELS = ("alu", "rf", "array", "buffer", "dram")
TENSORS = ("ifmaps", "weights", "psums")


@dataclass(frozen=True, slots=True)
class Cost:
    """What some MACs cost.

    Args:
        macs: Multiply-accumulates.
        by_level: Energy by what spends it (`LEVELS`).
        by_tensor: The same energy by data type (`TENSORS`); a MAC belongs to each by a third.
        dram_accesses: Words read from and written to DRAM.
        delay: Cycles, as far as they depend on the dataflow: MACs over PEs with work.
    """

    macs: int
    by_level: Mapping[str, float]
    by_tensor: Mapping[str, float]
    dram_accesses: float
    delay: float

    @property
    def energy(self) -> float:
        """Of all MACs."""
        return sum(self.by_level.values())

    @property
    def energy_per_mac(self) -> float:
        """On average."""
        return self.energy / self.macs

    @property
    def active_pes(self) -> float:
        """PEs with work, on average over the MACs."""
        return self.macs / self.delay

    @property
    def edp(self) -> float:
        """Energy x delay, both for one MAC."""
        return self.energy_per_mac / self.active_pes

    def times(self, runs: int) -> "Cost":
        """What so many runs cost, one after another."""
        return add_costs([self] * runs)

    def to_dict(self) -> dict[str, Any]:
        """All of it for one MAC."""
        return {
            "macs": self.macs,
            "energy_per_mac": self.energy_per_mac,
            "by_level": {name: value / self.macs for name, value in self.by_level.items()},
            "by_tensor": {name: value / self.macs for name, value in self.by_tensor.items()},
            "dram_accesses_per_mac": self.dram_accesses / self.macs,
            "active_pes": self.active_pes,
            "edp": self.edp,
        }


def add_costs(costs: Iterable[Cost]) -> Cost:
    """What several layers cost together, one after another."""
    parts = tuple(costs)
    return Cost(
        sum(part.macs for part in parts),
        {name: sum(part.by_level[name] for part in parts) for name in LEVELS},
        {name: sum(part.by_tensor[name] for part in parts) for name in TENSORS},
        sum(part.dram_accesses for part in parts),
        sum(part.delay for part in parts),
    )


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One layer under one dataflow.

    Args:
        name: The layer's.
        cost: None where the dataflow cannot run it.
        mapping: The dataflow's letters, as its module explains them; of the exact model the loop
            nest, and whether it was proved best.
        why: Why it cannot run, or nothing.
    """

    name: str
    cost: Cost | None
    mapping: Mapping[str, int | str]
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "name": self.name,
            "feasible": self.cost is not None,
            "why": self.why or None,
            "mapping": dict(self.mapping),
            **(self.cost.to_dict() if self.cost else _NOTHING),
        }


@dataclass(frozen=True, slots=True)
class DataflowCost:
    """All layers under one dataflow.

    Args:
        key, name: Of the dataflow, in JSON and in tables.
        chip: Its storage.
        layers: In the network's order.
    """

    key: str
    name: str
    chip: Storage
    layers: tuple[LayerCost, ...]

    @property
    def cost(self) -> Cost | None:
        """Of all layers; None where one cannot run."""
        costs = [layer.cost for layer in self.layers if layer.cost]
        return add_costs(costs) if len(costs) == len(self.layers) else None

    @property
    def why(self) -> str:
        """Why it cannot run: the first layer that cannot."""
        return next((f"{layer.name}: {layer.why}" for layer in self.layers if layer.why), "")

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "feasible": self.cost is not None,
            "why": self.why or None,
            "rf_bytes": self.chip.rf_bytes,
            "buffer_bytes": self.chip.buffer_bytes,
            **(self.cost.to_dict() if self.cost else _NOTHING),
            "layers": [layer.to_dict() for layer in self.layers],
        }


_NOTHING: dict[str, Any] = {
    "macs": None,
    "energy_per_mac": None,
    "by_level": dict.fromkeys(LEVELS),
    "by_tensor": dict.fromkeys(TENSORS),
    "dram_accesses_per_mac": None,
    "active_pes": None,
    "edp": None,
}
"""The figures of what cannot run."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The dataflows side by side.

    Args:
        network: Its name.
        model: What priced it: "survey" or "exact".
        pes, batch, layers: What was asked for.
        dataflows: In the order of the survey's figure.
        left_out: Layers with MACs that the study has no place for.
        ignored: What the reader of the network did not understand.
    """

    network: str
    model: str
    pes: int
    batch: int
    layers: str
    dataflows: tuple[DataflowCost, ...]
    left_out: tuple[LeftOut, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    def __getitem__(self, key: str) -> DataflowCost:
        """A dataflow by its key."""
        return {dataflow.key: dataflow for dataflow in self.dataflows}[key]

    def to_dict(self) -> dict[str, Any]:
        """As JSON; energies in MACs, for one MAC."""
        return {
            "network": self.network,
            "model": self.model,
            "pes": self.pes,
            "batch": self.batch,
            "layers": self.layers,
            "dataflows": {dataflow.key: dataflow.to_dict() for dataflow in self.dataflows},
            "left_out": [
                {"name": item.name, "kind": item.kind, "macs": item.macs, "reason": item.reason}
                for item in self.left_out
            ],
            "ignored": [
                {"name": item.name, "operator": item.operator, "reason": item.reason}
                for item in self.ignored
            ],
        }

    def records(self) -> list[dict[str, Any]]:
        """One flat row per dataflow, without its layers."""
        rows: list[dict[str, Any]] = []
        for dataflow in self.dataflows:
            row = {"dataflow": dataflow.key, **dataflow.to_dict()}
            del row["layers"]
            rows.append(row)
        return rows
