"""What do zeros spare? Counts and costs of an operation whose tensors have zeros."""

from picojoule.cost.sparse.chance import effectual
from picojoule.cost.sparse.count import Densities, Spared, spare
from picojoule.cost.sparse.formats import expected_bits
from picojoule.cost.sparse.lanes import expected_largest
from picojoule.cost.sparse.price import SparseCosts, price_spared

__all__ = [
    "Densities",
    "Spared",
    "SparseCosts",
    "effectual",
    "expected_bits",
    "expected_largest",
    "price_spared",
    "spare",
]
