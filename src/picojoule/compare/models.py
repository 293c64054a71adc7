"""Models: what can answer a comparison, by name."""

from collections.abc import Callable

from picojoule.compare.exact import Progress, exact
from picojoule.compare.result import Comparison
from picojoule.compare.survey import survey
from picojoule.errors import Unsupported, nearest
from picojoule.workload import Network

Answer = Callable[[Network, int, str, Progress | None], Comparison]
"""(network at its batch, PEs, layers, whom to tell of progress) -> the comparison."""

MODELS: dict[str, Answer] = {
    "survey": lambda network, pes, layers, _: survey(network, pes=pes, layers=layers),
    "exact": lambda network, pes, layers, tell: exact(
        network, pes=pes, layers=layers, progress=tell
    ),
}
"""A further model is one more entry."""


def compare(
    network: Network,
    *,
    pes: int = 256,
    layers: str = "conv",
    model: str = "survey",
    progress: Progress | None = None,
) -> Comparison:
    """Compare dataflows on chips of one area.

    Args:
        network: At the batch to compare.
        pes: Processing elements of each chip.
        layers: "conv", "fc" or "all".
        model: A key of `MODELS`.
        progress: Told (done, in all, what comes next) where that takes a while.

    Raises:
        Unsupported: The model is unknown, or cannot answer this.
        WorkloadError: The network has no such layers.
    """
    if model not in MODELS:
        raise Unsupported(
            "no such model of the comparison",
            where="--model",
            got=repr(model),
            expected=nearest(model, MODELS),
            fix="name one of them",
        )
    return MODELS[model](network, pes, layers, progress)
