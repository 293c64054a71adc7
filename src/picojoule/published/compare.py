"""Compare: compute a published figure by running the model, and set the two side by side."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from picojoule.cost import area_mm2
from picojoule.errors import HardwareError, nearest
from picojoule.evaluation import Evaluation, evaluate, evaluate_operation, load_for, operation_for
from picojoule.hardware import Accelerator
from picojoule.published.figures import Figure
from picojoule.silicon import run_passes
from picojoule.sparse import headlines
from picojoule.workload import Network

OPERATIONS_PER_MAC = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published figure beside the model's.

    Args:
        figure: As published.
        modelled: As computed; None where the model lacks something, or nobody asked.
    """

    figure: Figure
    modelled: float | None

    @property
    def error(self) -> float | None:
        """How far the model is above the publication, relative to it; negative below."""
        return None if self.modelled is None else self.modelled / self.figure.value - 1

    @property
    def agrees(self) -> bool:
        """Whether the model lies within the factor that the figure states; True if not compared."""
        factor = self.figure.within_factor
        if self.modelled is None or factor is None:
            return True
        return self.figure.value / factor <= self.modelled <= self.figure.value * factor


def compare(chip: Accelerator, figures: tuple[Figure, ...], *, run: bool) -> tuple[Comparison, ...]:
    """Set some figures of a chip beside the model's.

    Args:
        chip: The chip they are of.
        figures: As published.
        run: Whether to search mappings too, which takes seconds; else only figures of the chip
            alone are computed.

    >>> from picojoule.hardware import accelerator
    >>> from picojoule.published import report
    >>> area = compare(accelerator("tpu-v1"), report("tpu-v1").figures, run=False)[0]
    >>> area.figure.quantity, round(area.error, 3)
    ('peak_ops_per_s', -0.003)
    """
    results: list[Comparison] = []
    for figure in figures:
        wanted = figure.needs is None and (run or figure.is_instant)
        results.append(Comparison(figure, modelled(chip, figure) if wanted else None))
    return tuple(results)


def modelled(chip: Accelerator, figure: Figure) -> float:
    """What the model says of a figure, in the unit of its quantity.

    Raises:
        HardwareError: A part that is left out is not on the chip, or no layer is meant.
        PicojouleError: As `evaluate` raises it.
    """
    if figure.quantity == "peak_ops_per_s":
        return peak_ops_per_s(chip)
    if figure.quantity == "on_chip_bytes":
        return on_chip_bytes(chip)
    if figure.quantity == "area_mm2":
        return area_mm2(replace(chip, area_mm2=None))
    if figure.by is not None:
        return _by_own_model(chip, figure, figure.by)
    names = [part.name for part in chip.parts]
    for name in figure.without:
        if name not in names:
            raise HardwareError(
                "a figure leaves out a part that the chip does not have",
                where=f"figure {figure.quantity} of {chip.name}",
                got=name,
                expected=nearest(name, names),
                fix="correct `without`",
            )
    return _WORK[figure.quantity](_run(chip, figure), figure)


def peak_ops_per_s(chip: Accelerator) -> float:
    """Operations per second when every compute unit works: two per multiply-accumulate."""
    return OPERATIONS_PER_MAC * chip.peak_macs_per_cycle * chip.clock_hz


def on_chip_bytes(chip: Accelerator) -> float:
    """Bytes of all memories but the outermost."""
    return chip.on_chip_bits / 8


def _by_own_model(chip: Accelerator, figure: Figure, by: str) -> float:
    """What a model of the machine itself says: its processing passes, or what it gains from zeros.

    Raises:
        HardwareError: No model gives such a figure.
    """
    if by == "passes" and figure.network is not None and figure.quantity == "latency_s":
        run = run_passes(figure.network, chip.name, batch=figure.batch, zeros="measured")
        return run.totals["total_latency_s"]
    machine, _, what = by.partition(": ")
    found = {one.what: one.ours for one in headlines(machine)}
    if what not in found:
        raise HardwareError(
            "a figure names a model that does not give it",
            where=f"figure {figure.quantity} of {chip.name}",
            got=by,
            expected=nearest(what, list(found)) if found else "a machine that `pj zeros` lists",
            fix="correct `by`",
        )
    return found[what] * (1e-6 if figure.quantity == "latency_s" else 1.0)


def _run(chip: Accelerator, figure: Figure) -> Evaluation:
    """The evaluation that a figure is read from."""
    if figure.operation is not None:
        operation = operation_for(figure.operation, chip)
        return evaluate_operation(
            operation,
            chip,
            minimize=figure.minimize,
            factors=figure.factors,
        )
    network = load_for(figure.network, chip, batch=figure.batch)
    return evaluate(
        _part_of(network, figure, chip),
        chip,
        minimize=figure.minimize,
        factors=figure.factors,
    )


def _part_of(network: Network, figure: Figure, chip: Accelerator) -> Network:
    """The layers that a figure counts."""
    if figure.layers == ("all",):
        return network
    kept = tuple(
        layer
        for layer in network.layers
        if layer.name in figure.layers or layer.kind in figure.layers
    )
    if not kept:
        raise HardwareError(
            "a figure is of layers that the network does not have",
            where=f"figure {figure.quantity} of {chip.name}",
            got=" ".join(figure.layers),
            expected=nearest(figure.layers[0], [layer.name for layer in network.layers]),
            fix="correct `layers`",
        )
    return replace(network, layers=kept)


def _ops(run: Evaluation, _: Figure) -> float:
    return OPERATIONS_PER_MAC * sum(layer.macs for layer in run.layers) / run.latency


def _energy_j(run: Evaluation, figure: Figure) -> float:
    """Joules of a whole run, without the parts that do not count."""
    by_level = [layer.energy_by_level_pj for layer in run.layers]
    counted = sum(
        energy
        for levels in by_level
        for part, energy in levels.items()
        if part not in figure.without
    )
    return counted * 1e-12


_WORK: dict[str, Callable[[Evaluation, Figure], float]] = {
    "ops_per_s": _ops,
    "frames_per_s": lambda run, figure: figure.batch / run.latency,
    "latency_s": lambda run, figure: run.latency,
    "power_w": lambda run, figure: _energy_j(run, figure) / run.latency,
    "ops_per_j": lambda run, figure: _ops(run, figure) * run.latency / _energy_j(run, figure),
    "energy_j": lambda run, figure: _energy_j(run, figure) / figure.batch,
    "dram_bytes": lambda run, figure: sum(layer.dram_bytes for layer in run.layers) / figure.batch,
}
