"""Pipeline: network and chip in, evaluation out, on one page."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from picojoule.errors import WorkloadError
from picojoule.evaluation.result import Evaluation, LayerResult, Unmapped
from picojoule.hardware import Accelerator
from picojoule.hardware import accelerator as find_accelerator
from picojoule.mapping import Nest, validate
from picojoule.workload import Layer, Network, Operation, load

if TYPE_CHECKING:
    from picojoule.mapper import Solution

Progress = Callable[[int, int, str], None]
"""Told (layers done, layers in all, name of the next one)."""


def evaluate(
    network: Network | str | Path | Any,
    chip: Accelerator | str | Path,
    *,
    minimize: str = "energy",
    batch: int | None = None,
    budget: int | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Find the best mapping of every layer, and what the network then costs.

    Layers of multiply-accumulates are mapped, equal ones once; the others are listed in
    `unmapped`. Layers run one after another and share nothing on the chip between them.

    Args:
        network: A network, or what `load` takes: a zoo name, a model file, a torch module.
        chip: An accelerator, a library name, or a YAML file.
        minimize: What is minimised, of each layer by itself, see `mapper.parse_objective`.
        batch: Images in flight; None leaves it as the model says.
        budget: Chains of tiles that the search of one layer may evaluate; where that ends it early,
            the certificate tells. None searches until the optimum is proved.
        progress: Called before each search and once at the end.

    Returns:
        The evaluation.

    Raises:
        PicojouleError: The network, the chip or the objective is wrong, or a layer has no
            mapping on this chip.

    >>> run = evaluate("lenet5", "eyeriss")
    >>> run.network, run.is_optimal
    ('lenet5', True)
    """
    from picojoule.mapper import parse_objective

    parse_objective(minimize)
    model = _network(network, batch)
    target = _chip(chip)
    mapped = [layer for layer in model.layers if layer.operation.inner == "mac"]
    groups: dict[Operation, list[Layer]] = {}
    for layer in mapped:
        groups.setdefault(_nameless(layer.operation), []).append(layer)
    solved: dict[Operation, Solution] = {}
    done = 0
    for key, layers in groups.items():
        if progress:
            progress(done, len(mapped), layers[0].name)
        solved[key] = _search(layers[0].operation, target, minimize, budget)
        done += len(layers)
    if progress:
        progress(done, len(mapped), "")
    results = [_result(layer, solved[_nameless(layer.operation)]) for layer in mapped]
    return _evaluation(model, target, minimize, tuple(results), batch=model.batch)


def evaluate_operation(
    operation: Operation,
    chip: Accelerator | str | Path,
    *,
    minimize: str = "energy",
    nest: Nest | None = None,
    budget: int | None = None,
) -> Evaluation:
    """Find the best mapping of one operation, or price the one that is given.

    Args:
        operation: An operation of multiply-accumulates.
        chip: An accelerator, a library name, or a YAML file.
        minimize: What the search minimises; only a label where `nest` is given.
        nest: A mapping to price instead of searching.
        budget: Chains of tiles that the search may evaluate; None proves the optimum.

    Returns:
        An evaluation of one layer; without a certificate where `nest` is given.

    Raises:
        PicojouleError: The chip or the objective is wrong, the mapping is not legal, or there is
            none.
    """
    from picojoule.cost import count, price
    from picojoule.mapper import parse_objective

    parse_objective(minimize)
    target = _chip(chip)
    if operation.inner != "mac":
        raise WorkloadError(
            "operation has no multiply-accumulates to map",
            where=f"operation {operation.name!r}",
            got=f"{operation.kind} ({operation.inner})",
            expected="a convolution, a matrix product or the like",
            fix="`pj profile` counts the work of other layers",
        )
    layer = Layer(operation.name, operation, inputs=(), outputs=())
    if nest is None:
        solution = _search(operation, target, minimize, budget)
        result = _result(layer, solution)
    else:
        validate(operation, target, nest)
        counts = count(operation, target, nest)
        costs = price(operation, target, counts)
        result = LayerResult(layer.name, layer.kind, operation, 1, nest, counts, costs, None)
    model = Network(operation.name, (layer,), values={}, inputs=(), outputs=())
    return _evaluation(model, target, minimize, (result,), batch=operation.sizes.get("N", 1))


def _network(network: Network | str | Path | Any, batch: int | None) -> Network:
    if not isinstance(network, Network):
        return load(network, batch=batch)
    if batch is not None and batch != network.batch:
        raise WorkloadError(
            "network is built already",
            where=f"network {network.name!r}, batch",
            got=f"batch {batch} for a network of batch {network.batch}",
            expected="the batch it was built with, or none",
            fix=f"give the batch where the network is made: load(..., batch={batch})",
        )
    return network


def _chip(chip: Accelerator | str | Path) -> Accelerator:
    return chip if isinstance(chip, Accelerator) else find_accelerator(chip)


def _nameless(operation: Operation) -> Operation:
    return dataclasses.replace(operation, name="")


def _search(
    operation: Operation, chip: Accelerator, minimize: str, budget: int | None
) -> "Solution":
    from picojoule.mapper import search

    return search(operation, chip, minimize=minimize, budget=budget)


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
    objective: str,
    layers: tuple[LayerResult, ...],
    *,
    batch: int,
) -> Evaluation:
    from picojoule.cost import area_mm2

    return Evaluation(
        network=network.name,
        chip=chip.name,
        objective=objective,
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
    )
