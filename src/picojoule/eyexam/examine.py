"""Examine: the bounds of every layer, from the finite workload to the chip as it is."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from picojoule.dataflows import dataflow as find_dataflow
from picojoule.evaluation import LayerResult, evaluate, evaluate_operation, network_for
from picojoule.eyexam.steps import (
    STEPS,
    at_arrays,
    dataflow_macs_per_cycle,
    outer_bytes_per_s,
    overlapping,
    parallel_macs,
    pes_macs_per_cycle,
    without_bandwidth,
    without_memories,
)
from picojoule.hardware import Accelerator, accelerator
from picojoule.mapper import Constraints, join_constraints
from picojoule.workload import Network, Operation

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class LayerExam:
    """What keeps one layer from the chip's peak.

    Args:
        name: The layer's.
        bounds: Of MACs per cycle, one per step of `STEPS`, each at most the one before it. The
            last is what the fastest mapping attains.
        peak_macs_per_cycle: Of the chip.
        result: The fastest mapping, of least energy among those.
        is_proved: Whether every search behind the bounds was completed.
    """

    name: str
    bounds: tuple[float, ...]
    peak_macs_per_cycle: float
    result: LayerResult
    is_proved: bool

    @property
    def shares(self) -> tuple[float, ...]:
        """The bounds as shares of the peak, none above 1."""
        return tuple(min(1.0, bound / self.peak_macs_per_cycle) for bound in self.bounds)

    @property
    def losses(self) -> tuple[float, ...]:
        """What each step takes from the share that the step before left."""
        before = (1.0, *self.shares[:-1])
        return tuple(high - low for high, low in zip(before, self.shares, strict=True))

    @property
    def limit(self) -> str:
        """Name of the step that takes most; "none" at peak."""
        worst = max(range(len(STEPS)), key=lambda step: self.losses[step])
        return STEPS[worst].name if self.losses[worst] > 0 else "none"

    @property
    def macs_per_byte(self) -> float:
        """Operational intensity: MACs per byte over the outermost port."""
        return self.result.macs / self.result.dram_bytes

    @property
    def macs_per_s(self) -> float:
        """What the fastest mapping attains."""
        return self.result.macs / self.result.latency_s

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "macs": self.result.macs,
            "macs_per_cycle": {
                step.name: bound for step, bound in zip(STEPS, self.bounds, strict=True)
            },
            "losses": {step.name: loss for step, loss in zip(STEPS, self.losses, strict=True)},
            "utilization": self.shares[-1],
            "limit": self.limit,
            "macs_per_byte": self.macs_per_byte,
            "macs_per_s": self.macs_per_s,
            "proved": self.is_proved,
        }


@dataclass(frozen=True, slots=True)
class Examination:
    """Every layer's bounds, and the chip's roofs.

    Args:
        network, chip, batch: What was examined.
        layers: In the network's order.
        peak_macs_per_s: Of all compute units.
        outer_bytes_per_s: Of the outermost memory; infinite where unlimited.
    """

    network: str
    chip: str
    batch: int
    layers: tuple[LayerExam, ...]
    peak_macs_per_s: float
    outer_bytes_per_s: float

    @property
    def utilization(self) -> float:
        """Of the whole network: MACs done, of those that the PEs could do in its time."""
        macs = sum(layer.result.macs for layer in self.layers)
        seconds = sum(layer.result.latency_s for layer in self.layers)
        return macs / seconds / self.peak_macs_per_s if seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data; unlimited bandwidth is null."""
        limited = self.outer_bytes_per_s != float("inf")
        return {
            "network": self.network,
            "chip": self.chip,
            "batch": self.batch,
            "utilization": self.utilization,
            "peak_macs_per_s": self.peak_macs_per_s,
            "outer_bytes_per_s": self.outer_bytes_per_s if limited else None,
            "layers": [layer.to_dict() for layer in self.layers],
        }


def examine(
    network: Network | str | Path,
    chip: Accelerator | str | Path,
    *,
    batch: int | None = None,
    constraints: Constraints | None = None,
    dataflow: str | None = None,
    factors: str = "auto",
    time_limit_s: float | None = 20.0,
    jobs: int | None = None,
    cache: bool | str | Path = True,
    progress: Progress | None = None,
) -> Examination:
    """Find what keeps each layer from the chip's peak, step by step.

    Args:
        network: A network, or what `load` takes.
        chip: An accelerator, a library name, or a YAML file.
        batch: Images in flight; None leaves it as the model says.
        constraints: Which mappings are allowed; limits on results are not for bounds.
        dataflow: One that every mapping follows besides, see `dataflows.DATAFLOWS`.
        factors, jobs, cache: As for `evaluate`.
        time_limit_s: Seconds for each of the three searches on the chip's memories, None for no
            limit; a bound whose search it cut short is the least that the search had proved.
        progress: As for `evaluate`, over those three searches.

    Returns:
        The examination.

    Raises:
        PicojouleError: As `evaluate`.

    >>> exam = examine("lenet5", "eyeriss", cache=False)
    >>> all(a >= b for one in exam.layers for a, b in zip(one.bounds, one.bounds[1:]))
    True
    """
    target = chip if isinstance(chip, Accelerator) else accelerator(chip)
    model = network_for(network, target, batch)
    rules = Constraints((constraints or Constraints()).parts)
    relaxations = (without_bandwidth(target), overlapping(target), target)
    runs = [
        evaluate(
            model,
            relaxed,
            minimize="latency",
            constraints=rules,
            dataflow=dataflow,
            factors=factors,
            time_limit_s=time_limit_s,
            jobs=jobs,
            cache=cache,
            progress=_part_of(progress, index, len(relaxations)),
        )
        for index, relaxed in enumerate(relaxations)
    ]

    @functools.cache
    def on_array(operation: Operation) -> tuple[LayerResult, Constraints]:
        own = rules.narrowed(operation)
        if dataflow is not None:
            own = join_constraints(own, find_dataflow(dataflow).build(operation, target))
        return _on_array(operation, target, at_arrays(own, target), factors, cache)

    return Examination(
        network=model.name,
        chip=target.name,
        batch=model.batch,
        layers=tuple(
            _examine_layer(on_array(results[0].operation), results, target)
            for results in zip(*(run.layers for run in runs), strict=True)
        ),
        peak_macs_per_s=target.peak_macs_per_cycle * target.clock_hz,
        outer_bytes_per_s=outer_bytes_per_s(target),
    )


def _on_array(
    operation: Operation,
    chip: Accelerator,
    constraints: Constraints,
    factors: str,
    cache: bool | str | Path,
) -> tuple[LayerResult, Constraints]:
    """The fastest mapping without memories, and what held at the arrays."""
    run = evaluate_operation(
        operation,
        without_memories(chip),
        minimize="latency",
        constraints=constraints,
        factors=factors,
        cache=cache,
    )
    return run.layers[0], constraints


def _part_of(progress: Progress | None, index: int, parts: int) -> Progress | None:
    """Progress of one search as part of all."""
    if progress is None:
        return None
    return lambda done, total, name: progress(index * total + done, parts * total, name)


def _examine_layer(
    on_array: tuple[LayerResult, Constraints], results: tuple[LayerResult, ...], chip: Accelerator
) -> LayerExam:
    operation = results[-1].operation
    arranged, constraints = on_array
    counted = (
        parallel_macs(operation),
        dataflow_macs_per_cycle(operation, chip, constraints),
        pes_macs_per_cycle(operation, chip, constraints),
    )
    searched = (arranged, *results)
    # What a stricter chip attains, a relaxed one does, too, whatever factors its own search had;
    # and what bounds a relaxed chip bounds a stricter one, whose own bound may be cut short.
    attained = [result.macs / result.latency_cycles for result in searched]
    bounds = list(counted)
    for step, result in enumerate(searched[:-1]):
        bounds.append(min(bounds[-1], max(_bound(result), *attained[step:])))
    bounds.append(attained[-1])
    certificates = [result.certificate for result in searched]
    return LayerExam(
        name=results[-1].name,
        bounds=tuple(bounds),
        peak_macs_per_cycle=chip.peak_macs_per_cycle,
        result=results[-1],
        is_proved=all(one is not None and one.optimal for one in certificates),
    )


def _bound(result: LayerResult) -> float:
    """MACs per cycle that no mapping exceeds: by the search's own bound where it was cut short."""
    assert result.certificate is not None
    return result.operation.macs / max(result.certificate.lower_bound, 1.0)
