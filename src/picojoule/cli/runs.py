"""Runs: what `pj evaluate` and `pj map` were asked for, searched and shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from picojoule.cli.output import Output, UsageError
from picojoule.report import check_place, picture_format, require_matplotlib

if TYPE_CHECKING:
    from picojoule.evaluation import Evaluation, NetworkFront
    from picojoule.hardware import Accelerator
    from picojoule.mapping import Nest
    from picojoule.workload import Network, Operation


@dataclass(frozen=True, slots=True)
class Request:
    """What to find.

    Args:
        minimize: The objective, where no front is asked for.
        front: Whether to show the whole trade between energy and time.
        within_latency_s, within_energy_j: A point of that trade to show instead.
        constraints: A file.
        dataflow, factors, budget, time_limit_s, jobs, use_cache: As `evaluate` takes them.
        density: A file that tells of zeros.
    """

    minimize: str
    front: bool
    within_latency_s: float | None
    within_energy_j: float | None
    constraints: Path | None
    dataflow: str | None
    factors: str
    budget: int | None
    time_limit_s: float | None
    jobs: int | None
    use_cache: bool
    density: Path | None = None

    def __post_init__(self) -> None:
        asked = {
            "--front": self.front,
            "--within-latency": self.within_latency_s is not None,
            "--within-energy": self.within_energy_j is not None,
            f"--minimize {self.minimize}": self.minimize != "energy",
        }
        given = [name for name, is_given in asked.items() if is_given]
        if len(given) > 1:
            raise UsageError(
                "these options do not go together",
                where=given[-1],
                got=" and ".join(given),
                expected="one of them: each says what is best",
                fix="leave the others out",
            )
        if self.density is not None and self.needs_front:
            raise UsageError(
                "these options do not go together",
                where="--density",
                got="--density and a front of many mappings",
                expected="one mapping per layer: zeros are taken off that",
                fix="leave --density out, or say what is best by --minimize",
            )

    @property
    def needs_front(self) -> bool:
        """Whether the trade between energy and time must be known."""
        limits = (self.within_latency_s, self.within_energy_j)
        return self.front or any(limit is not None for limit in limits)


@dataclass(frozen=True, slots=True)
class Places:
    """Files to write beside the result itself; refused before any work where they cannot be."""

    save: Path | None
    plot: Path | None

    def __post_init__(self) -> None:
        for place in (self.save, self.plot):
            if place is not None:
                check_place(place)
        if self.plot is not None:
            picture_format(self.plot)
            require_matplotlib()


def find(
    request: Request,
    work: "Network | Operation",
    chip: "Accelerator",
    output: Output,
    *,
    nest: "Nest | None" = None,
) -> "Evaluation | NetworkFront":
    """Search, or price the nest that is given."""
    from picojoule.evaluation import evaluate, evaluate_operation, network_front
    from picojoule.mapper import load_constraints
    from picojoule.workload import Operation

    rules = load_constraints(request.constraints) if request.constraints else None
    with output.told(), output.progress("searching") as tell:
        if request.needs_front and nest is None:
            points = network_front(
                work,
                chip,
                constraints=rules,
                dataflow=request.dataflow,
                factors=request.factors,
                budget=request.budget,
                time_limit_s=request.time_limit_s,
                jobs=request.jobs,
                progress=tell,
            )
            if request.within_latency_s is not None:
                return points.least_energy(request.within_latency_s)
            if request.within_energy_j is not None:
                return points.least_latency(request.within_energy_j)
            return points
        if isinstance(work, Operation):
            return evaluate_operation(
                work,
                chip,
                minimize=request.minimize,
                nest=nest,
                constraints=rules,
                dataflow=request.dataflow,
                factors=request.factors,
                budget=request.budget,
                time_limit_s=request.time_limit_s,
                cache=request.use_cache,
            )
        return evaluate(
            work,
            chip,
            minimize=request.minimize,
            constraints=rules,
            dataflow=request.dataflow,
            factors=request.factors,
            budget=request.budget,
            time_limit_s=request.time_limit_s,
            jobs=request.jobs,
            cache=request.use_cache,
            density=request.density,
            progress=tell,
        )


def show(
    found: "Evaluation | NetworkFront", output: Output, places: Places, *, nests: bool
) -> None:
    """Write the result, and what the user wants beside it."""
    from picojoule.evaluation import NetworkFront, describe_evaluation, describe_front

    width, color = output.width, output.color
    if isinstance(found, NetworkFront):
        front = found
        output.emit(
            text=lambda: describe_front(front, width=width, color=color),
            data=front.to_dict(),
            records=front.records(),
        )
    else:
        run = found
        _warn_unproved(output, run)
        output.emit(
            text=lambda: describe_evaluation(run, width=width, color=color, nests=nests),
            data=run.to_dict(),
            records=[layer.to_dict() for layer in run.layers],
        )
    if places.save:
        found.save(places.save)
        output.note(f"wrote {places.save}")
    if places.plot:
        found.plot(places.plot)
        output.note(f"wrote {places.plot}")


def _warn_unproved(output: Output, run: "Evaluation") -> None:
    """Tell which searches ended before their proof."""
    for layer in run.layers:
        if layer.certificate and not layer.certificate.optimal:
            known = "nothing is known about better ones"
            if layer.gap is not None:
                known = f"its mapping costs at most {layer.gap:.1%} more than the best"
            output.warn(f"{layer.name}: the search was cut short by its limit; {known}")
