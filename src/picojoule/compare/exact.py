"""Exact: the comparison counted access by access, by the mapper on chips of the same area.

Each dataflow gets the storage that the survey's model gives it, in a chip of DRAM, buffer, array
and register files at the same prices; its mappings are the loop nests that it allows, and the best
of them is proved. IS, which the study does not have, gets register files of one word; FLEX, which
may do anything, those of RS.

Source: chen2016isca, Sec. VI, for the chips; docs/compare.md says where the two models part.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from picojoule.compare.area import Storage, storage
from picojoule.compare.result import LEVELS, Comparison, Cost, DataflowCost, LayerCost
from picojoule.compare.shape import Shape
from picojoule.compare.survey import DATAFLOWS, asked_shapes, chip_of
from picojoule.dataflows import study_chips
from picojoule.errors import PicojouleError
from picojoule.evaluation import LayerResult, evaluate_operation
from picojoule.hardware import STUDY_WORD_BYTES, Accelerator, Array, Compute
from picojoule.workload import Layer, Network, Operation

Progress = Callable[[int, int, str], None]
NAMES = {**{dataflow.key: dataflow.name for dataflow in DATAFLOWS}, "is": "IS", "flex": "FLEX"}
"""In the order of the survey's figure, and two more."""
_TENSORS = {"ifmaps": "inputs", "weights": "weights", "psums": "outputs"}
"""The survey's names of the tensors, and ours."""


def exact(
    network: Network,
    *,
    pes: int = 256,
    layers: str = "conv",
    cache: bool = True,
    progress: Progress | None = None,
) -> Comparison:
    """Compare the dataflows by proved mappings.

    Args:
        network, pes, layers: As for `survey`.
        cache: Whether proved mappings are kept in the user's cache and taken from there.
        progress: Told (searches done, searches in all, what comes next).

    Raises:
        Unsupported, WorkloadError: As `survey`.
    """
    shapes, wanted, left_out = asked_shapes(network, pes, layers)
    chips = chips_of(shapes, pes)
    names = {shape.name for shape in wanted}
    asked = [layer for layer in network.layers if layer.name in names]
    results: list[DataflowCost] = []
    for place, (key, chip) in enumerate(chips.items()):

        def tell(done: int, name: str, place: int = place, key: str = key) -> None:
            if progress:
                total = len(chips) * len(asked)
                progress(place * len(asked) + done, total, f"{NAMES[key]}, {name}")

        results.append(exact_cost(key, asked, chip, cache=cache, tell=tell))
    return Comparison(
        network.name, "exact", pes, network.batch, layers, tuple(results), left_out, network.ignored
    )


def chips_of(shapes: Sequence[Shape], pes: int) -> dict[str, Storage]:
    """The storage of each dataflow's chip for a network."""
    chips = {dataflow.key: chip_of(dataflow, shapes, pes) for dataflow in DATAFLOWS}
    return {**chips, "is": storage(pes, rf_bytes=STUDY_WORD_BYTES), "flex": chips["rs"]}


def exact_cost(
    key: str,
    layers: Sequence[Layer],
    chip: Storage,
    *,
    minimize: str = "energy",
    cache: bool = True,
    tell: Callable[[int, str], None] | None = None,
) -> DataflowCost:
    """What layers cost under one dataflow on a chip with so much storage.

    Args:
        key: Of the dataflow.
        layers: With multiply-accumulates.
        chip: Its storage.
        minimize: What each mapping is best in, see `evaluate`.
        cache: As for `exact`.
        tell: Told (layers done, the next one's name).

    Raises:
        PicojouleError: The dataflow is not known.
    """
    known: dict[Operation, LayerCost] = {}  # equal layers are searched once
    found: list[LayerCost] = []
    for done, layer in enumerate(layers):
        if tell:
            tell(done, layer.name)
        nameless = replace(layer.operation, name="")
        if nameless not in known:
            known[nameless] = _best(key, layer, chip, minimize=minimize, cache=cache)
        one = replace(known[nameless], name=layer.name)
        if one.cost:
            one = replace(one, cost=one.cost.times(layer.repeats))
        found.append(one)
    return DataflowCost(key, NAMES[key], chip, tuple(found))


def _best(key: str, layer: Layer, chip: Storage, *, minimize: str, cache: bool) -> LayerCost:
    """One run of a layer on the best of the chips that a dataflow may have, or why it cannot."""
    best: tuple[float, LayerCost] | None = None
    first: PicojouleError | None = None
    for one in study_chips(
        key, chip.rf_bytes, chip.buffer_bytes, pes=chip.pes, operation=layer.operation
    ):
        try:
            run = evaluate_operation(
                layer.operation, one, minimize=minimize, dataflow=key, cache=cache
            )
        except PicojouleError as error:
            first = first or error
            continue
        (result,) = run.layers
        assert result.certificate
        mapping = {"nest": str(result.mapping), "proved": result.certificate.optimal}
        found = LayerCost(layer.name, _cost(result, one), mapping)
        if best is None or result.certificate.cost < best[0]:
            best = (result.certificate.cost, found)
    if best:
        return best[1]
    assert first is not None
    why = f"{first.what}; {first.got}, expected {first.expected}"
    return LayerCost(layer.name, None, {}, why)


def _cost(result: LayerResult, chip: Accelerator) -> Cost:
    """One run's cost, in multiples of a MAC's energy."""
    mac_pj = chip.compute.mac_pj
    levels: dict[str, float] = dict.fromkeys(LEVELS, 0.0)
    last = max(n for n, part in enumerate(chip.parts) if isinstance(part, Array))
    for place, part in enumerate(chip.parts):
        level = "dram" if place == 0 else "rf" if place > last else "buffer"
        if isinstance(part, Array):
            level = "array"
        elif isinstance(part, Compute):
            level = "alu"
        levels[level] += result.energy_by_level_pj[part.name] / mac_pj
    by_role = result.energy_by_role_pj
    words = result.accesses[chip.parts[0].name].values()
    return Cost(
        result.macs,
        levels,
        {
            name: by_role[role] / mac_pj + levels["alu"] / len(_TENSORS)
            for name, role in _TENSORS.items()
        },
        sum(one["reads"] + one["updates"] for one in words),
        result.latency_cycles,
    )
