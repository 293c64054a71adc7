"""Layers: CPU seconds and memory of the search, for every distinct layer of well-known networks.

Each network has a process of its own, with one thread and its kernels warm. A search that does not
keep its time limit by itself is ended from outside, and told so.
"""

import argparse
import dataclasses
import json
import multiprocessing
import os
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from measure import peak_memory_mb, timed

from picojoule.errors import PicojouleError
from picojoule.hardware import Accelerator, accelerator
from picojoule.mapper import Constraints, Factors, pareto_front, search
from picojoule.workload import Operation, load

FRONT = "front"
"""In place of an objective: the whole trade between energy and latency."""
ENOUGH_S = 10.0
"""Runs of one search that together take longer are not repeated."""
PATIENCE_S = 30.0
"""What a search may take beyond twice its limit before it is ended from outside."""

NETWORKS = {
    "alexnet": ("alexnet", None),
    "vgg16": ("vgg16", None),
    "resnet50": ("resnet50", None),
    "mobilenet-v2": ("mobilenet-v2", None),
    "bert-base-128": ("transformer-block", None),
    "bert-base-512": ("transformer-block", 512),
}
"""Name -> network of the zoo, and tokens. All layers of BERT-base are those of one block."""
TOKENS = 128
"""Of the zoo's block; nothing else in it has that size."""


@dataclass(frozen=True, slots=True)
class Task:
    """One search: `minimize` is an objective or `FRONT`."""

    operation: Operation
    chip: Accelerator
    minimize: str
    limit_s: float | None = None
    constraints: Constraints | None = None
    factors: Factors = "perfect"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search took, and what came out.

    Args:
        cpu_s: Median of the runs.
        runs: How many there were.
        memory_mb: Peak of the process so far.
        status: proved, limit, ended (from outside), or failed with a reason.
        points: Of a front; 1 for one optimum.
        cost: Of one optimum, in the objective's unit; of a front, the least energy.
        gap: Cost over what the search proves to be a bound of it.
        utilization, evaluated, visited, mapspace_size: Of one optimum, as its certificate says.
    """

    cpu_s: float
    runs: int
    status: str
    memory_mb: float = 0.0
    points: int = 0
    cost: float = 0.0
    gap: float = 1.0
    utilization: float = 0.0
    evaluated: int = 0
    visited: int = 0
    mapspace_size: float = 0.0


def run_once(task: Task) -> Outcome:
    """Search once, in this process."""

    def answer() -> Outcome:
        given, limits = (task.operation, task.chip), (task.constraints, task.limit_s)
        if task.minimize == FRONT:
            front = pareto_front(
                *given, constraints=limits[0], time_limit_s=limits[1], factors=task.factors
            )
            best, proved, points = front.points[-1], front.is_complete, len(front.points)
        else:
            best = search(
                *given,
                minimize=task.minimize,
                constraints=limits[0],
                time_limit_s=limits[1],
                factors=task.factors,
            )
            proved, points = best.certificate.optimal, 1
        certificate = best.certificate
        return Outcome(
            cpu_s=0.0,
            runs=1,
            status="proved" if proved else "limit",
            points=points,
            cost=certificate.cost,
            gap=certificate.cost / certificate.lower_bound if certificate.lower_bound else 0.0,
            utilization=best.costs.utilization,
            evaluated=certificate.evaluated,
            visited=certificate.visited,
            mapspace_size=float(certificate.mapspace_size),
        )

    try:
        outcome, times = timed(answer)
    except PicojouleError as error:
        return Outcome(0.0, 1, f"failed: {error.what}")
    return dataclasses.replace(outcome, cpu_s=times.cpu_s, memory_mb=peak_memory_mb())


def _serve(connection: Connection) -> None:
    """Search what comes in until there is no more."""
    while True:
        task = connection.recv()
        if task is None:
            return
        connection.send(run_once(task))


class Worker:
    """A process that searches, one task at a time, and that can be ended."""

    def __init__(self, warm: Task) -> None:
        """Start it and load its kernels with a small task."""
        self.warm = warm
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        self.connection.send(self.warm)
        self.connection.recv()

    def measure(self, task: Task, runs: int) -> Outcome:
        """Search several times; the median of the CPU seconds, and what the last one found."""
        outcomes: list[Outcome] = []
        while len(outcomes) < runs and sum(one.cpu_s for one in outcomes) < ENOUGH_S:
            self.connection.send(task)
            patience_s = None if task.limit_s is None else 2 * task.limit_s + PATIENCE_S
            if not self.connection.poll(patience_s):
                self.close()
                self._start()
                return Outcome(patience_s or 0.0, 1, "ended")
            outcomes.append(self.connection.recv())
            if outcomes[-1].status != "proved":
                break
        cpu_s = statistics.median(one.cpu_s for one in outcomes)
        return dataclasses.replace(outcomes[-1], cpu_s=cpu_s, runs=len(outcomes))

    def close(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.join()


def distinct_layers(name: str) -> Iterator[tuple[str, Operation]]:
    """The layers of multiply-accumulates of a network, equal ones once, by their first name."""
    zoo, tokens = NETWORKS[name]
    seen: set[Operation] = set()
    for layer in load(zoo).layers:
        operation = dataclasses.replace(layer.operation, name="")
        if tokens is not None:
            dims = tuple((dim, tokens if n == TOKENS else n) for dim, n in operation.dims)
            operation = dataclasses.replace(operation, dims=dims)
        if operation.inner == "mac" and operation not in seen:
            seen.add(operation)
            yield layer.name, operation


def sizes_of(operation: Operation) -> str:
    """Its dimensions, those of one iteration left out."""
    return " ".join(f"{dim}{size}" for dim, size in operation.dims if size > 1)


def summary(outcomes: list[Outcome]) -> dict[str, float]:
    """Of one network: its times, its memory, and how many layers were not proved."""
    times = [one.cpu_s for one in outcomes]
    return {
        "layers": len(outcomes),
        "median_cpu_s": statistics.median(times),
        "worst_cpu_s": max(times),
        "total_cpu_s": sum(times),
        "memory_mb": max(one.memory_mb for one in outcomes),
        "unproved": sum(one.status != "proved" for one in outcomes),
    }


def run_network(
    name: str, chip: Accelerator, minimize: str, *, factors: Factors, limit_s: float, runs: int
) -> dict[str, object]:
    """Search every distinct layer of a network, and print a line for each.

    With imperfect factors, the line says by how much the cost is below that with perfect ones.
    """
    layers = list(distinct_layers(name))
    worker = Worker(Task(load("lenet5").layers[0].operation, chip, minimize, factors=factors))
    load_before = os.getloadavg()[0]
    print(f"\n{name}, {minimize}, {factors} factors, on {chip.name}; load {load_before:.1f}")
    print(f"{'layer':<28} {'sizes':<34} {'CPU s':>7} {'runs':>4} {'cost':>10} {'used %':>6} status")
    rows: list[dict[str, object]] = []
    outcomes: list[Outcome] = []
    for label, operation in layers:
        task = Task(operation, chip, minimize, limit_s, factors=factors)
        one = worker.measure(task, runs)
        outcomes.append(one)
        sizes = sizes_of(operation)
        cost = f"{one.points} points" if minimize == FRONT else f"{one.cost:.4g}"
        status = one.status if one.status != "limit" else f"limit, {one.gap:.3f} times its bound"
        row: dict[str, object] = {"layer": label, "sizes": sizes, **dataclasses.asdict(one)}
        if factors != "perfect" and minimize != FRONT and one.cost:
            perfect = worker.measure(dataclasses.replace(task, factors="perfect"), 1)
            row["perfect"] = dataclasses.asdict(perfect)
            status += f", {100 * (1 - one.cost / perfect.cost):.2f} % less than perfect"
        print(
            f"{label[-28:]:<28} {sizes:<34} {one.cpu_s:>7.3f} {one.runs:>4} {cost:>10} "
            f"{100 * one.utilization:>6.1f} {status}",
            flush=True,
        )
        rows.append(row)
    worker.close()
    totals = summary(outcomes)
    print(
        f"{totals['layers']} layers: median {totals['median_cpu_s']:.3f} s, worst "
        f"{totals['worst_cpu_s']:.3f} s, total {totals['total_cpu_s']:.3f} s; "
        f"{totals['memory_mb']:.0f} MB; {totals['unproved']} not proved"
    )
    key = {"network": name, "minimize": minimize, "factors": factors, "chip": chip.name}
    return {**key, "limit_s": limit_s, "load": load_before, **totals, "rows": rows}


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", help=f"among {', '.join(NETWORKS)}; default: all")
    parser.add_argument("--minimize", action="append", help="an objective; may be repeated")
    parser.add_argument("--front", action="store_true", help="the trade of energy and latency, too")
    parser.add_argument("--factors", choices=("perfect", "imperfect"), default="perfect")
    parser.add_argument("--chip", default="eyeriss", help="a library name or a YAML file")
    parser.add_argument("--limit-s", type=float, default=20.0, help="seconds for one search")
    parser.add_argument("--runs", type=int, default=5, help="of each search; the median counts")
    parser.add_argument("-o", "--output", type=Path, help="write everything as JSON")
    options = parser.parse_args()
    if unknown := set(options.networks) - set(NETWORKS):
        parser.error(f"unknown network {', '.join(sorted(unknown))}; use {', '.join(NETWORKS)}")
    objectives = [*(options.minimize or []), *([FRONT] if options.front else [])] or ["energy"]
    os.environ |= {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    chip = accelerator(options.chip)
    results: list[dict[str, object]] = []
    for minimize in objectives:
        for name in options.networks or NETWORKS:
            results.append(
                run_network(
                    name,
                    chip,
                    minimize,
                    factors=options.factors,
                    limit_s=options.limit_s,
                    runs=options.runs,
                )
            )
            if options.output:
                options.output.write_text(json.dumps(results, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
