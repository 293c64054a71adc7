"""What do zeros spare? Counts and costs of an operation whose tensors have zeros."""

from picojoule.cost.sparse.chance import effectual
from picojoule.cost.sparse.count import Densities, Spared, spare
from picojoule.cost.sparse.formats import expected_bits, expected_padding
from picojoule.cost.sparse.lanes import expected_largest

__all__ = [
    "Densities",
    "Spared",
    "effectual",
    "expected_bits",
    "expected_largest",
    "expected_padding",
    "spare",
]
