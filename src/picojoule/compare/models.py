"""Models: what can answer a comparison, by name."""

from collections.abc import Callable

from picojoule.compare.result import Comparison
from picojoule.compare.survey import survey
from picojoule.errors import Unsupported, nearest
from picojoule.workload import Network

Answer = Callable[[Network, int, str], Comparison]
"""(network at its batch, PEs, layers) -> the comparison."""

MODELS: dict[str, Answer] = {
    "survey": lambda network, pes, layers: survey(network, pes=pes, layers=layers),
}
"""A further model is one more entry."""


def compare(
    network: Network, *, pes: int = 256, layers: str = "conv", model: str = "survey"
) -> Comparison:
    """Compare dataflows on chips of one area.

    Args:
        network: At the batch to compare.
        pes: Processing elements of each chip.
        layers: "conv", "fc" or "all".
        model: A key of `MODELS`.

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
    return MODELS[model](network, pes, layers)
