"""To torch: the trainable module of a network, built from the same definition.

Torch is an extra; it is imported when a module is asked for, not before.
"""

from typing import TYPE_CHECKING

from picojoule.errors import PicojouleError
from picojoule.workload.network import Network

if TYPE_CHECKING:
    from torch import nn


def to_torch(network: Network, *, logits: bool = False, seed: int = 0) -> "nn.Module":
    """Build a trainable module with random weights.

    Its `forward` takes the network's inputs and returns its output (a tuple where there are
    several); its `edges` returns every value of the graph by name.

    Args:
        network: Of the zoo, or from a reader that keeps the layers' attributes.
        logits: Leave out a softmax that ends the network, as training losses want it.
        seed: Of the random weights; torch's own generator is left as it was.

    Raises:
        Unsupported: A layer has no torch form, or lacks an attribute that it needs.
        PicojouleError: Torch is not installed.

    >>> from picojoule.workload import zoo
    >>> to_torch(zoo.network("lenet5-caffe")).training
    True
    """
    try:
        import torch

        from picojoule.workload.torch_modules import NetworkModule
    except ImportError as error:
        raise PicojouleError(
            "torch is not installed",
            where=f"network {network.name!r}",
            got=str(error),
            expected="torch 2.6 or later",
            fix="pip install picojoule[torch]",
        ) from None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NetworkModule(network, logits=logits)
