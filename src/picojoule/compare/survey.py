"""Survey: the comparison as the survey's figures were made, from the reuse splits.

For each dataflow a chip of the same area; for each layer the mapping of least energy that the
dataflow allows on it; energy, DRAM accesses and delay summed over the layers. Transfers are taken
to be hidden behind computation, so the delay is that of the PEs with work. Each level costs the
same under every dataflow.

Source: chen2016isca, Sec. VI and VII; sze2017, Sec. V-B. docs/compare.md says what is whose.
"""

from collections.abc import Sequence
from dataclasses import replace

from picojoule.compare.area import Storage, storage
from picojoule.compare.dataflow import Chosen, Dataflow, Score, best_mapping, total_energy
from picojoule.compare.no_local_reuse import NO_LOCAL_REUSE
from picojoule.compare.output_stationary import OUTPUT_STATIONARY
from picojoule.compare.result import Comparison, Cost, DataflowCost, LayerCost
from picojoule.compare.row_stationary import ROW_STATIONARY
from picojoule.compare.shape import LAYERS, LeftOut, Shape, shapes_of
from picojoule.compare.split import PRICES, Prices
from picojoule.compare.weight_stationary import WEIGHT_STATIONARY
from picojoule.errors import Unsupported, WorkloadError, nearest
from picojoule.hardware import STUDY_WORD_BYTES
from picojoule.workload import Network

DATAFLOWS: tuple[Dataflow, ...] = (
    WEIGHT_STATIONARY,
    *OUTPUT_STATIONARY,
    NO_LOCAL_REUSE,
    ROW_STATIONARY,
)
"""In the order of the survey's figure."""
MOST_PES, MOST_IMAGES = 1 << 16, 1 << 12


def survey(
    network: Network,
    *,
    pes: int = 256,
    layers: str = "conv",
    prices: Prices = PRICES,
    score: Score = total_energy,
) -> Comparison:
    """Compare the dataflows by their reuse splits.

    Args:
        network: At the batch to compare.
        pes: Processing elements; they set the area.
        layers: "conv", "fc" or "all".
        prices: Of one access at each level.
        score: What each mapping is chosen for.

    Raises:
        Unsupported: Too many PEs or images, or `layers` names nothing known.
        WorkloadError: The network has no such layers.
    """
    shapes, wanted, left_out = asked_shapes(network, pes, layers)
    return Comparison(
        network.name,
        "survey",
        pes,
        network.batch,
        layers,
        tuple(
            # A chip is built for the network, not only for the layers that are looked at.
            _run(dataflow, wanted, chip_of(dataflow, shapes, pes), prices, score)
            for dataflow in DATAFLOWS
        ),
        left_out,
        network.ignored,
    )


def asked_shapes(
    network: Network, pes: int, layers: str
) -> tuple[tuple[Shape, ...], tuple[Shape, ...], tuple[LeftOut, ...]]:
    """All shapes of a network, those that are asked for, and what the study has no place for.

    Raises:
        Unsupported, WorkloadError: As `survey`.
    """
    _check(pes, network.batch, layers)
    shapes, left_out = shapes_of(network)
    wanted = tuple(shape for shape in shapes if layers in ("all", shape.kind))
    if not wanted:
        kinds = sorted({shape.kind for shape in shapes})
        raise WorkloadError(
            "the network has no layers to compare",
            where=network.name,
            got=f"layers of kind {' and '.join(kinds)}" if kinds else "none that the study covers",
            expected="at least one convolution" if layers == "conv" else f"layers of kind {layers}",
            fix=f"ask for --layers {kinds[0]}" if kinds else "choose another network",
        )
    return shapes, wanted, left_out


def chip_of(dataflow: Dataflow, shapes: Sequence[Shape], pes: int) -> Storage:
    """The storage of a dataflow's chip for a network."""
    return storage(pes, rf_bytes=dataflow.registers(shapes) * STUDY_WORD_BYTES)


def _check(pes: int, batch: int, layers: str) -> None:
    if not 1 <= pes <= MOST_PES:
        raise Unsupported(
            "number of PEs is out of range",
            where="--pes",
            got=pes,
            expected=f"1 to {MOST_PES:,}",
            fix="the study has 256, 512 and 1024",
        )
    if batch > MOST_IMAGES:
        raise Unsupported(
            "batch is out of range",
            where="--batch",
            got=batch,
            expected=f"1 to {MOST_IMAGES:,}",
            fix="the study has 1, 16, 64 and 256",
        )
    if layers not in LAYERS:
        raise Unsupported(
            "no such choice of layers",
            where="--layers",
            got=repr(layers),
            expected=nearest(layers, LAYERS),
            fix="name one of them",
        )


def _run(
    dataflow: Dataflow, shapes: Sequence[Shape], chip: Storage, prices: Prices, score: Score
) -> DataflowCost:
    known: dict[Shape, Chosen | None] = {}  # layers of one shape are searched once
    results: list[LayerCost] = []
    for shape in shapes:
        nameless = replace(shape, name="")
        if nameless not in known:
            known[nameless] = best_mapping(dataflow, shape, chip, prices, score=score)
        chosen = known[nameless]
        results.append(
            LayerCost(shape.name, _cost(shape, chosen, prices), chosen.parameters)
            if chosen
            else LayerCost(shape.name, None, {}, dataflow.obstacle(shape, chip))
        )
    return DataflowCost(dataflow.key, dataflow.name, chip, tuple(results))


def _cost(shape: Shape, chosen: Chosen, prices: Prices) -> Cost:
    alu = shape.macs * prices.alu
    parts = chosen.energy
    levels = {
        level: sum(float(getattr(part, level)) for part in parts.values())
        for level in ("rf", "array", "buffer", "dram")
    }
    return Cost(
        shape.macs,
        {"alu": alu, **levels},
        {name: float(part.total) + alu / len(parts) for name, part in parts.items()},
        levels["dram"] / prices.dram,
        shape.macs / chosen.active_pes,
    )
