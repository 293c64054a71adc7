"""Pipeline: network and chip in, evaluation out, on one page."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from picojoule.errors import WorkloadError
from picojoule.evaluation.density import Densities, layer_densities
from picojoule.evaluation.front import NetworkFront
from picojoule.evaluation.result import Evaluation, LayerResult, Unmapped
from picojoule.evaluation.solve import Place, Settings, solve, solve_fronts
from picojoule.evaluation.sums import Floats, Integers, add_fronts
from picojoule.evaluation.words import network_for
from picojoule.evaluation.zeros import with_zeros
from picojoule.hardware import Accelerator
from picojoule.hardware import accelerator as find_accelerator
from picojoule.mapping import Nest, validate
from picojoule.workload import Layer, Network, Operation, Value

if TYPE_CHECKING:
    from picojoule.mapper import Constraints, Solution

Progress = Callable[[int, int, str], None]
"""Told (layers done, layers in all, name of the next one)."""


def evaluate(
    network: Network | str | Path | Any,
    chip: Accelerator | str | Path,
    *,
    minimize: str = "energy",
    batch: int | None = None,
    constraints: "Constraints | None" = None,
    dataflow: str | None = None,
    factors: str = "auto",
    budget: int | None = None,
    time_limit_s: float | None = None,
    jobs: int | None = None,
    cache: Place = True,
    density: Densities | str | Path | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Find the best mapping of every layer, and what the network then costs.

    Layers of multiply-accumulates are mapped, equal ones once; the others are listed in
    `unmapped`. Layers run one after another and share nothing on the chip between them.

    Args:
        network: A network, or what `load` takes: a zoo name, a model file, a torch module. A name
            of the zoo runs at the widths that the chip is made for, where it names them.
        chip: An accelerator, a library name, or a YAML file.
        minimize: What is minimised, of each layer by itself, see `mapper.parse_objective`.
        batch: Images in flight; None leaves it as the model says.
        constraints: Which mappings are allowed, and limits that each layer keeps by itself. A
            dimension that a layer does not have is not constrained there.
        dataflow: One that every mapping follows besides, such as "rs"; see `dataflows.DATAFLOWS`.
        factors: "perfect" ones divide; with "imperfect" ones the outermost loop over a dimension
            may leave less to its last iteration; "auto" takes them for layers that leave more than
            half of the compute units idle without.
        budget: Chains of tiles that the search of one layer may evaluate; where that ends it early,
            the certificate tells. None searches until the optimum is proved.
        time_limit_s: Seconds for all searches together, shared among the different layers; a layer
            that used up its share has the best mapping found, with its bound.
        jobs: Layers searched at a time; None takes one per core. The results are the same.
        cache: Whether proved mappings are kept in the user's cache and taken from there, or the
            file to use instead.
        density: Zeros by layer and role, or a YAML file of them (docs/sparsity.md). Mappings are
            searched without zeros; what zeros spare is then taken off.
        progress: Called before each search and once at the end.

    Returns:
        The evaluation.

    Raises:
        PicojouleError: The network, the chip or the objective is wrong, or a layer has no
            mapping on this chip.

    >>> run = evaluate("lenet5", "eyeriss", cache=False)
    >>> run.network, run.is_optimal
    ('lenet5', True)
    """
    settings = _settings(
        minimize, constraints, dataflow, factors, budget, time_limit_s, jobs, cache
    )
    target = _chip(chip)
    model = network_for(network, target, batch)
    zeros = None if density is None else layer_densities(model, density)
    results = _best(model, target, settings, progress)
    if zeros is not None:
        results = [with_zeros(layer, target, zeros[layer.name]) for layer in results]
    return _evaluation(model, target, settings, tuple(results), batch=model.batch)


def _best(
    model: Network, target: Accelerator, settings: Settings, progress: Progress | None
) -> list[LayerResult]:
    """The best mapping of every layer."""
    groups = _equal_layers(model)
    tell = _teller(list(groups.values()), progress) if progress else None
    solutions = solve([group[0].operation for group in groups.values()], target, settings, tell)
    solved = dict(zip(groups, solutions, strict=True))
    return [_result(layer, solved[_nameless(layer.operation)]) for layer in _mapped(model)]


def network_front(
    network: Network | Operation | str | Path | Any,
    chip: Accelerator | str | Path,
    *,
    batch: int | None = None,
    constraints: "Constraints | None" = None,
    dataflow: str | None = None,
    factors: str = "auto",
    budget: int | None = None,
    time_limit_s: float | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> NetworkFront:
    """Find every choice of one mapping per layer that none beats in both energy and latency.

    Args:
        network: As for `evaluate`, or an operation.
        chip, batch, constraints, dataflow, factors, budget, time_limit_s, jobs, progress: As for
            `evaluate`.

    Returns:
        The front of the whole network: exact, unless it says otherwise.

    Raises:
        PicojouleError: As `evaluate`; or the network has no multiply-accumulates.
    """
    settings = _settings(
        "energy", constraints, dataflow, factors, budget, time_limit_s, jobs, False
    )
    if isinstance(network, Operation):
        network = _alone(_checked(network))
    target = _chip(chip)
    model = network_for(network, target, batch)
    groups, mapped = _equal_layers(model), _mapped(model)
    if not mapped:
        raise WorkloadError(
            "network has no multiply-accumulates to map",
            where=f"network {model.name!r}",
            got=f"{len(model.layers)} other layers",
            expected="at least one convolution, matrix product or the like",
            fix="`pj profile` counts the work of other layers",
        )
    tell = _teller(list(groups.values()), progress) if progress else None
    found = solve_fronts([group[0].operation for group in groups.values()], target, settings, tell)
    fronts = dict(zip(groups, found, strict=True))
    options = tuple(
        tuple(_result(layer, point) for point in fronts[_nameless(layer.operation)].points)
        for layer in mapped
    )
    sums = add_fronts([_latencies_and_energies(layer) for layer in options])
    first = sums.choices[0].tolist()
    fastest = tuple(layer[choice] for layer, choice in zip(options, first, strict=True))
    return NetworkFront(
        _evaluation(model, target, settings, fastest, batch=model.batch),
        options,
        sums,
        all(front.is_complete for front in found),
        target.clock_hz,
    )


def _latencies_and_energies(options: tuple[LayerResult, ...]) -> tuple[Integers, Floats]:
    """Of one layer's mappings, repeats included."""
    latencies = np.array([one.latency_cycles for one in options], dtype=np.int64)
    return latencies, np.array([one.energy_pj for one in options])


def _mapped(network: Network) -> list[Layer]:
    return [layer for layer in network.layers if layer.operation.inner == "mac"]


def _equal_layers(network: Network) -> dict[Operation, list[Layer]]:
    """The layers to map, those of equal operations together."""
    groups: dict[Operation, list[Layer]] = {}
    for layer in _mapped(network):
        groups.setdefault(_nameless(layer.operation), []).append(layer)
    return groups


def _teller(groups: list[list[Layer]], progress: Progress) -> Callable[[int], None]:
    """Turn "this group of equal layers is done" into progress by layers."""
    done: set[int] = set()

    def tell(index: int | None) -> None:
        if index is not None:
            done.add(index)
        layers_done = sum(len(groups[one]) for one in done)
        to_come = (group[0].name for n, group in enumerate(groups) if n not in done)
        progress(layers_done, sum(map(len, groups)), next(to_come, ""))

    tell(None)
    return tell


def evaluate_operation(
    operation: Operation,
    chip: Accelerator | str | Path,
    *,
    minimize: str = "energy",
    nest: Nest | None = None,
    constraints: "Constraints | None" = None,
    dataflow: str | None = None,
    factors: str = "auto",
    budget: int | None = None,
    time_limit_s: float | None = None,
    cache: Place = True,
) -> Evaluation:
    """Find the best mapping of one operation, or price the one that is given.

    Args:
        operation: An operation of multiply-accumulates.
        chip: An accelerator, a library name, or a YAML file.
        minimize: What the search minimises; only a label where `nest` is given.
        nest: A mapping to price instead of searching.
        constraints: Which mappings are allowed, and limits that the result keeps.
        dataflow: One that the mapping follows besides.
        factors: As for `evaluate`; no matter where `nest` is given.
        budget: Chains of tiles that the search may evaluate; None proves the optimum.
        time_limit_s: Seconds after which the best mapping so far is returned, with its bound.
        cache: As for `evaluate`.

    Returns:
        An evaluation of one layer; without a certificate where `nest` is given.

    Raises:
        PicojouleError: The chip or the objective is wrong, the mapping is not legal, or there is
            none.
    """
    from picojoule.cost import count, price

    settings = _settings(
        minimize, constraints, dataflow, factors, budget, time_limit_s, None, cache
    )
    target = _chip(chip)
    model = _alone(_checked(operation))
    (layer,) = model.layers
    if nest is None:
        (solution,) = solve([operation], target, settings)
        result = _result(layer, solution)
    else:
        _refuse_rules(settings)
        validate(operation, target, nest)
        counts = count(operation, target, nest)
        costs = price(operation, target, counts)
        result = LayerResult(layer.name, layer.kind, operation, 1, nest, counts, costs, None)
    return _evaluation(model, target, settings, (result,), batch=model.batch)


def _checked(operation: Operation) -> Operation:
    """Refuse an operation that has nothing to map."""
    if operation.inner != "mac":
        raise WorkloadError(
            "operation has no multiply-accumulates to map",
            where=f"operation {operation.name!r}",
            got=f"{operation.kind} ({operation.inner})",
            expected="a convolution, a matrix product or the like",
            fix="`pj profile` counts the work of other layers",
        )
    return operation


def _alone(operation: Operation) -> Network:
    """A network of one operation."""
    layer = Layer(operation.name, operation, inputs=("in",), outputs=())
    values = {"in": Value("in", (operation.sizes.get("N", 1),))}
    return Network(operation.name, (layer,), values, inputs=("in",), outputs=())


def _refuse_rules(settings: Settings) -> None:
    """Constraints choose among mappings; where one is given, there is nothing to choose."""
    given = "" if settings.constraints.is_free else "constraints"
    given = given or ("" if settings.dataflow is None else "a dataflow")
    if given:
        raise WorkloadError(
            f"{given} and a mapping are given",
            where=given.removeprefix("a "),
            got="a mapping, which is priced as it is",
            expected=f"{given} for a search, or a mapping",
            fix="leave one of them out",
        )


def _settings(
    minimize: str,
    constraints: "Constraints | None",
    dataflow: str | None,
    factors: str,
    budget: int | None,
    time_limit_s: float | None,
    jobs: int | None,
    cache: Place,
) -> Settings:
    from picojoule.mapper import Constraints, checked_factors

    return Settings(
        minimize,
        constraints or Constraints(),
        checked_factors(factors),
        budget,
        time_limit_s,
        jobs,
        cache,
        dataflow,
    )


def _chip(chip: Accelerator | str | Path) -> Accelerator:
    return chip if isinstance(chip, Accelerator) else find_accelerator(chip)


def _nameless(operation: Operation) -> Operation:
    return dataclasses.replace(operation, name="")


def _result(layer: Layer, solution: "Solution") -> LayerResult:
    return LayerResult(
        name=layer.name,
        kind=layer.kind,
        operation=layer.operation,
        repeats=layer.repeats,
        nest=solution.nest,
        counts=solution.counts,
        costs=solution.costs,
        certificate=solution.certificate,
    )


def _evaluation(
    network: Network,
    chip: Accelerator,
    settings: Settings,
    layers: tuple[LayerResult, ...],
    *,
    batch: int,
) -> Evaluation:
    from picojoule.cost import area_mm2

    return Evaluation(
        network=network.name,
        chip=chip.name,
        objective=settings.minimize,
        batch=batch,
        layers=layers,
        unmapped=tuple(
            Unmapped(
                layer.name,
                layer.kind,
                layer.operation.steps * layer.repeats,
                f"{layer.operation.inner} is not a multiply-accumulate; its energy is not modelled",
            )
            for layer in network.layers
            if layer.operation.inner != "mac"
        ),
        ignored=network.ignored,
        area_mm2=area_mm2(chip),
        levels=tuple(part.name for part in chip.parts),
        compute_units=chip.compute_units,
        constraints=settings.constraints,
        factors=settings.factors,
        dataflow=settings.dataflow,
    )
