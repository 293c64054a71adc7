"""Dataflow costs: a network under every dataflow, each on the chip it gets for the same area.

Everything is counted exactly: the best mapping that the dataflow allows, layer by layer, proved.
    The
levels, and thirds of the ALU's energy for each tensor, are those of the survey's charts.

Source: chen2016isca, Sec. VI and VII; sze2017, Sec. V-B.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from picojoule.errors import PicojouleError, WorkloadError
from picojoule.evaluation.result import LayerResult
from picojoule.evaluation.solve import Place, Settings, solve
from picojoule.hardware import Accelerator, Array, Compute
from picojoule.workload import Layer, Operation

if TYPE_CHECKING:
    from picojoule.dataflows import Storage
    from picojoule.mapper import Solution

LEVELS = ("alu", "rf", "array", "buffer", "dram")
FIGURES = ("energy_per_mac", "by_level", "by_tensor", "dram_accesses_per_mac", "edp")
TENSORS = {"ifmaps": "inputs", "weights": "weights", "psums": "outputs"}
"""The survey's names of the tensors, and ours."""


@dataclass(frozen=True, slots=True)
class DataflowLayer:
    """One layer under a dataflow.

    Args:
        result: The best mapping, its counts and costs.
        chip: On which it runs; of several divisions of one buffer, the best.
    """

    result: LayerResult
    chip: Accelerator

    @property
    def energy_by_level(self) -> dict[str, float]:
        """Energy of the whole layer by level, in MACs."""
        found: dict[str, float] = dict.fromkeys(LEVELS, 0.0)
        last = max(n for n, part in enumerate(self.chip.parts) if isinstance(part, Array))
        for place, part in enumerate(self.chip.parts):
            kind = "dram" if place == 0 else "rf" if place > last else "buffer"
            if isinstance(part, Array):
                kind = "array"
            elif isinstance(part, Compute):
                kind = "alu"
            found[kind] += self.result.energy_by_level_pj[part.name] / self.chip.compute.mac_pj
        return found

    @property
    def energy_by_tensor(self) -> dict[str, float]:
        """Energy of the whole layer by tensor, in MACs, a third of the ALU's with each."""
        by_role, mac_pj = self.result.energy_by_role_pj, self.chip.compute.mac_pj
        alu = self.energy_by_level["alu"]
        return {name: by_role[role] / mac_pj + alu / 3 for name, role in TENSORS.items()}

    @property
    def dram_accesses(self) -> int:
        """Words that the outermost memory reads or takes."""
        table = self.result.accesses[self.chip.parts[0].name]
        return sum(one["reads"] + one["updates"] for one in table.values())


@dataclass(frozen=True, slots=True)
class DataflowCosts:
    """A network under one dataflow.

    Args:
        dataflow: Its name.
        layers: In the network's order; none where a layer cannot run.
        reason: Why it cannot run; None where it can.
    """

    dataflow: str
    layers: tuple[DataflowLayer, ...]
    reason: str | None = None

    @property
    def is_feasible(self) -> bool:
        """Whether every layer runs."""
        return self.reason is None

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers.

        Raises:
            PicojouleError: The dataflow cannot run; so of all figures.
        """
        if self.reason is not None:
            raise PicojouleError(
                f"dataflow {self.dataflow} has no figures",
                where=f"dataflow {self.dataflow}",
                got=self.reason,
                expected="a dataflow that can run",
                fix="ask `is_feasible` first",
            )
        return sum(layer.result.macs for layer in self.layers)

    @property
    def by_level(self) -> dict[str, float]:
        """Energy per MAC by level, one MAC being 1."""
        rows = [layer.energy_by_level for layer in self.layers]
        return {name: math.fsum(row[name] for row in rows) / self.macs for name in LEVELS}

    @property
    def by_tensor(self) -> dict[str, float]:
        """Energy per MAC by tensor, a third of the ALU's with each."""
        rows = [layer.energy_by_tensor for layer in self.layers]
        return {name: math.fsum(row[name] for row in rows) / self.macs for name in TENSORS}

    @property
    def energy_per_mac(self) -> float:
        """Energy per MAC, one MAC being 1."""
        return math.fsum(self.by_level.values())

    @property
    def dram_accesses_per_mac(self) -> float:
        """Words to and from DRAM per MAC."""
        return sum(layer.dram_accesses for layer in self.layers) / self.macs

    @property
    def delay_per_mac(self) -> float:
        """Cycles per MAC: 1 over the PEs at work."""
        return sum(layer.result.latency_cycles for layer in self.layers) / self.macs

    @property
    def edp(self) -> float:
        """Energy per MAC times cycles per MAC."""
        return self.energy_per_mac * self.delay_per_mac

    def to_dict(self) -> dict[str, Any]:
        """As plain data; figures are null where the dataflow cannot run."""
        return {
            **(self.figures() if self.is_feasible else dict.fromkeys(FIGURES)),
            "feasible": self.is_feasible,
            "reason": self.reason,
            "layers": [
                {
                    **DataflowCosts(self.dataflow, (layer,)).figures(),
                    "name": layer.result.name,
                    "active_pes": layer.result.active_pes,
                    "mapping": str(layer.result.mapping),
                    "optimal": bool(layer.result.certificate and layer.result.certificate.optimal),
                }
                for layer in self.layers
            ],
        }

    def figures(self) -> dict[str, Any]:
        """The figures alone."""
        return {name: getattr(self, name) for name in FIGURES}


def compare_dataflows(
    layers: Sequence[Layer],
    storage: "Mapping[str, Storage]",
    *,
    pes: int,
    minimize: str = "energy",
    factors: str = "auto",
    cache: Place = True,
    progress: Callable[[str, str], None] | None = None,
) -> dict[str, DataflowCosts]:
    """Evaluate layers under dataflows, each on the chip that its share of storage makes.

    Args:
        layers: Of a network, or some of them; those without multiply-accumulates are left out.
        storage: By dataflow, what it makes of the area for storage; these dataflows are compared.
        pes: Processing elements of each chip.
        minimize, factors, cache: As for `evaluate`.
        progress: Told the dataflow and the layer before each search.

    Returns:
        By dataflow, in the order of `storage`. One that cannot run says why.

    Raises:
        PicojouleError: A dataflow is not known, an argument is wrong, or there is nothing to map.
    """
    from picojoule.dataflows import dataflow
    from picojoule.mapper import Constraints, checked_factors

    mapped = [layer for layer in layers if layer.operation.inner == "mac"]
    if not mapped:
        raise WorkloadError(
            "there are no multiply-accumulates to compare",
            where="layers",
            got=f"{len(layers)} layers",
            expected="at least one convolution, matrix product or the like",
            fix="choose other layers",
        )
    found: dict[str, DataflowCosts] = {}
    for name, share in storage.items():
        settings = Settings(
            minimize, Constraints(), checked_factors(factors), jobs=1, cache=cache,
            dataflow=dataflow(name).name,
        )  # fmt: skip
        solved: dict[Operation, DataflowLayer] = {}
        results: list[DataflowLayer] = []
        reason: str | None = None
        for layer in mapped:
            if progress:
                progress(name, layer.name)
            try:
                if layer.operation not in solved:
                    solved[layer.operation] = _best(layer, share, pes, settings)
            except PicojouleError as error:
                reason = f"{layer.name}: {error.what}; {error.got}, expected {error.expected}"
                break
            results.append(_named(solved[layer.operation], layer))
        found[name] = DataflowCosts(name, () if reason else tuple(results), reason)
    return found


def _best(layer: Layer, share: "Storage", pes: int, settings: Settings) -> DataflowLayer:
    """The best mapping of a layer on the best of the chips that its dataflow may have.

    Raises:
        PicojouleError: It runs on none of them; what the first one says.
    """
    from picojoule.dataflows import study_chips
    from picojoule.mapper import parse_objective

    objective = parse_objective(settings.minimize)
    assert settings.dataflow is not None
    chips = study_chips(settings.dataflow, share, pes=pes, operation=layer.operation)
    best: tuple[float, Solution, Accelerator] | None = None
    first: PicojouleError | None = None
    for chip in chips:
        try:
            (solution,) = solve([layer.operation], chip, settings)
        except PicojouleError as error:
            first = first or error
            continue
        score = objective.score(solution.costs)
        if best is None or score < best[0]:
            best = (score, solution, chip)
    if best is None:
        assert first is not None
        raise first
    _, solution, chip = best
    result = LayerResult(
        layer.name, layer.kind, layer.operation, layer.repeats, solution.nest, solution.counts,
        solution.costs, solution.certificate,
    )  # fmt: skip
    return DataflowLayer(result, chip)


def _named(found: DataflowLayer, layer: Layer) -> DataflowLayer:
    """The same result for another layer of an equal operation."""
    result = replace(found.result, name=layer.name, kind=layer.kind, repeats=layer.repeats)
    return DataflowLayer(result, found.chip)
