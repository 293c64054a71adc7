"""Result: what a network costs on a chip, layer by layer, as values that print, draw and save.

Every figure of a layer covers all its repeats (the time steps of a recurrent layer); only its
certificate speaks of one run, because that is what was searched.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picojoule.errors import PicojouleError
from picojoule.mapping import Counts, Nest, SparedCounts, format_nest
from picojoule.report import flatten, save_chart, to_json, write_whole
from picojoule.workload import Ignored, Operation

if TYPE_CHECKING:
    import pandas

    from picojoule.cost import Costs
    from picojoule.mapper import Certificate, Constraints, Factors

CERTIFICATE_KEYS = ("optimal", "lower_bound", "cost", "mapspace_size", "factors", "visited")


class NestText(str):
    """The text of a loop nest, which shows as it prints."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class ZerosResult:
    """What zeros change of one run of a layer.

    Args:
        densities: Share of non-zeros by tensor.
        spared: Every action by its fate, expected, or exact where zeros are measured.
        inexact: Why some expectations are approximate; empty where none is.
        dense: What the run costs without zeros.
        metadata_bytes: Of the bytes across the outermost memory, those that say where words belong.
    """

    densities: Mapping[str, float]
    spared: SparedCounts
    inexact: tuple[str, ...]
    dense: "Costs"
    metadata_bytes: int


@dataclass(frozen=True, slots=True)
class LayerResult:
    """One layer of multiply-accumulates on the chip.

    Args:
        name, kind: The layer's.
        operation: What one run of it computes.
        repeats: Runs, one after another.
        nest: The mapping of one run.
        counts, costs: Of one run.
        certificate: How the mapping was proved best; None where the user gave the mapping.
        zeros: What zeros changed, where the user told of them; the mapping is the best without.
    """

    name: str
    kind: str
    operation: Operation
    repeats: int
    nest: Nest
    counts: Counts
    costs: "Costs"
    certificate: "Certificate | None"
    zeros: ZerosResult | None = None

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.operation.macs * self.repeats

    @property
    def energy_pj(self) -> float:
        """Energy in picojoules."""
        return self.costs.energy_pj * self.repeats

    @property
    def latency_cycles(self) -> int:
        """Clock cycles."""
        return self.costs.latency_cycles * self.repeats

    @property
    def latency_s(self) -> float:
        """Seconds."""
        return self.costs.latency_s * self.repeats

    @property
    def utilization(self) -> float:
        """MACs done, of those that all compute units could do in the layer's time; 0 to 1."""
        return self.costs.utilization

    @property
    def active_pes(self) -> int:
        """Compute units that have work."""
        return self.costs.active_pes

    @property
    def dram_bytes(self) -> int:
        """Bytes that cross into or out of the outermost memory: its reads and its updates."""
        return self.costs.outer_bytes * self.repeats

    @property
    def energy_by_level_pj(self) -> dict[str, float]:
        """Picojoules by part of the chip, outermost first, and by leakage."""
        return {part: pj * self.repeats for part, pj in self.costs.energy_by_part_pj.items()}

    @property
    def energy_by_tensor_pj(self) -> dict[str, float]:
        """Picojoules spent on moving each tensor."""
        return {name: pj * self.repeats for name, pj in self.costs.energy_by_tensor_pj.items()}

    @property
    def energy_by_role_pj(self) -> dict[str, float]:
        """Like `energy_by_tensor_pj`, under the tensors' roles, which all layers share."""
        roles = {tensor.name: tensor.role for tensor in self.operation.tensors}
        return _add(
            {roles.get(name, name): energy} for name, energy in self.energy_by_tensor_pj.items()
        )

    @property
    def accesses(self) -> dict[str, dict[str, dict[str, int]]]:
        """Words read, filled and updated, by memory and tensor, over all instances."""
        table: dict[str, dict[str, dict[str, int]]] = {}
        for (memory, tensor), actions in self.counts.accesses.items():
            table.setdefault(memory, {})[tensor] = {
                "reads": actions.reads * self.repeats,
                "fills": actions.fills * self.repeats,
                "updates": actions.updates * self.repeats,
            }
        return table

    @property
    def gap(self) -> float | None:
        """How much more than the best mapping this one costs at most: 0.02 for 2 %.

        None where the mapping was given, or where nothing is known from below.
        """
        proof = self.certificate
        if proof is None or not (proof.optimal or proof.lower_bound > 0):
            return None
        return 0.0 if proof.optimal else proof.cost / proof.lower_bound - 1.0

    @property
    def mapping(self) -> NestText:
        """The mapping as an indented loop nest; `nest` is the value behind it."""
        return NestText(format_nest(self.nest))

    def to_dict(self) -> dict[str, Any]:
        """The layer as plain data, under its attributes' names."""
        proof: dict[str, Any] | None = None
        if self.certificate:
            proof = {key: getattr(self.certificate, key) for key in CERTIFICATE_KEYS}
            proof["gap"] = self.gap
        return {
            "name": self.name,
            "macs": self.macs,
            "energy_pj": self.energy_pj,
            "latency_cycles": self.latency_cycles,
            "latency_s": self.latency_s,
            "utilization": self.utilization,
            "active_pes": self.active_pes,
            "dram_bytes": self.dram_bytes,
            "energy_by_level_pj": self.energy_by_level_pj,
            "energy_by_tensor_pj": self.energy_by_tensor_pj,
            "accesses": self.accesses,
            "mapping": str(self.mapping),
            "certificate": proof,
            "repeats": self.repeats,
            **({} if self.zeros is None else {"zeros": self._zeros_dict(self.zeros)}),
        }

    def _zeros_dict(self, zeros: ZerosResult) -> dict[str, Any]:
        """What zeros changed, as plain data, over all repeats."""
        from picojoule.evaluation.zeros import spared_accesses

        steps = zeros.spared.steps
        return {
            "densities": dict(zeros.densities),
            "effectual_macs": steps.actual * self.repeats,
            "gated_macs": steps.gated * self.repeats,
            "skipped_macs": steps.skipped * self.repeats,
            "dense_energy_pj": zeros.dense.energy_pj * self.repeats,
            "dense_latency_cycles": zeros.dense.latency_cycles * self.repeats,
            "dense_dram_bytes": zeros.dense.outer_bytes * self.repeats,
            "dram_bytes_compressed": self.dram_bytes,
            "metadata_bytes": zeros.metadata_bytes * self.repeats,
            "accesses": spared_accesses(zeros, self.repeats),
            "inexact": list(zeros.inexact),
        }


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A layer that has no mapping, hence no cost: what it is, how much work, and why."""

    name: str
    kind: str
    steps: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The layer as plain data."""
        return {"name": self.name, "kind": self.kind, "steps": self.steps, "reason": self.reason}


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation:
    """What a network costs on a chip.

    Args:
        network, chip: Their names.
        objective: What each layer's mapping minimises, see `mapper.parse_objective`.
        batch: Images (or sequences) in flight; every figure is for the whole batch.
        layers: Layers of multiply-accumulates, in the network's order, run one after another.
        unmapped: Layers without multiply-accumulates: counted, listed, not priced.
        ignored: What the reader of the model did not understand.
        area_mm2: Of the chip.
        levels: The chip's parts, outermost first.
        compute_units: How many the chip has.
        constraints: Under which the mappings were searched.
        factors: Which ones the searches could take, see `mapper.search`.
        dataflow: The one that the mappings follow besides, if any.
    """

    network: str
    chip: str
    objective: str
    batch: int
    layers: tuple[LayerResult, ...]
    unmapped: tuple[Unmapped, ...]
    ignored: tuple[Ignored, ...]
    area_mm2: float
    levels: tuple[str, ...]
    compute_units: int
    constraints: "Constraints"
    factors: "Factors"
    dataflow: str | None = None

    @property
    def energy(self) -> float:
        """Joules, of the whole batch."""
        return self.energy_pj * 1e-12

    @property
    def latency(self) -> float:
        """Seconds, of the whole batch: the layers run one after another."""
        return sum(layer.latency_s for layer in self.layers)

    @property
    def area(self) -> float:
        """Square millimetres."""
        return self.area_mm2

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(layer.macs for layer in self.layers)

    @property
    def energy_pj(self) -> float:
        """Picojoules of all layers."""
        return sum(layer.energy_pj for layer in self.layers)

    @property
    def latency_cycles(self) -> int:
        """Clock cycles of all layers."""
        return sum(layer.latency_cycles for layer in self.layers)

    @property
    def utilization(self) -> float:
        """Mean of the layers' utilisation, weighted by their time; 0 to 1."""
        if not self.latency_cycles:
            return 0.0
        busy = sum(layer.utilization * layer.latency_cycles for layer in self.layers)
        return busy / self.latency_cycles

    @property
    def dram_bytes(self) -> int:
        """Bytes across the outermost memory."""
        return sum(layer.dram_bytes for layer in self.layers)

    @property
    def energy_by_level_pj(self) -> dict[str, float]:
        """Picojoules by part of the chip, outermost first, and by leakage."""
        return _add(layer.energy_by_level_pj for layer in self.layers)

    @property
    def energy_by_tensor_pj(self) -> dict[str, float]:
        """Picojoules by the tensors' roles: weights, inputs, outputs."""
        return _add(layer.energy_by_role_pj for layer in self.layers)

    @property
    def is_optimal(self) -> bool:
        """Whether every layer's mapping is proved best for the objective.

        The network's energy or latency is then minimal too; its energy-delay product need not be,
        for a product of sums is not a sum of products.
        """
        return all(layer.certificate and layer.certificate.optimal for layer in self.layers)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, under the attributes' names."""
        return {
            "network": self.network,
            "chip": self.chip,
            "objective": self.objective,
            "batch": self.batch,
            "constraints": None if self.constraints.is_free else self.constraints.to_dict(),
            "factors": self.factors,
            "dataflow": self.dataflow,
            "layers": [layer.to_dict() for layer in self.layers],
            "totals": {
                "macs": self.macs,
                "energy_pj": self.energy_pj,
                "latency_cycles": self.latency_cycles,
                "latency_s": self.latency,
                "edp_js": self.energy * self.latency,
                "area_mm2": self.area_mm2,
                "utilization": self.utilization,
                "dram_bytes": self.dram_bytes,
                "energy_by_level_pj": self.energy_by_level_pj,
                "energy_by_tensor_pj": self.energy_by_tensor_pj,
                "optimal": self.is_optimal,
            },
            "unmapped": [layer.to_dict() for layer in self.unmapped],
            "ignored": [
                {"name": item.name, "operator": item.operator, "reason": item.reason}
                for item in self.ignored
            ],
        }

    def save(self, path: str | Path) -> None:
        """Write `to_dict()` as JSON; the file appears whole or not at all.

        Raises:
            OutputError: The file cannot be written.
        """
        write_whole(path, to_json(self.to_dict()))

    def plot(self, path: str | Path) -> None:
        """Draw the energy of each layer, stacked by level and by tensor (.png, .svg or .pdf).

        Raises:
            PicojouleError: matplotlib is missing, the ending is unknown, or the file cannot be
                written.
        """
        from picojoule.evaluation.tables import energy_chart

        save_chart(energy_chart(self), path)

    def to_pandas(self) -> "pandas.DataFrame":
        """One row per layer; nested figures under dotted names, such as `energy_by_level_pj.dram`.

        Raises:
            PicojouleError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise PicojouleError(
                "pandas is needed for a data frame",
                where="to_pandas()",
                got=str(error),
                expected="pandas installed",
                fix="pip install 'picojoule[explore]', or use to_dict()",
            ) from error
        return pandas.DataFrame([flatten(layer.to_dict()) for layer in self.layers])

    def __str__(self) -> str:
        from picojoule.evaluation.tables import describe_evaluation

        return describe_evaluation(self)

    __repr__ = __str__


def _add(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Add mappings key by key, in the order in which keys first appear."""
    total: dict[str, float] = {}
    for part in parts:
        for key, value in part.items():
            total[key] = total.get(key, 0.0) + value
    return total
