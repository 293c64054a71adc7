"""What must be computed? Operations, and networks of them."""

from picojoule.workload.build import (
    Bits,
    Pair,
    batched_matmul,
    conv,
    conv_transposed,
    fully_connected,
    matmul,
    output_size,
    transposed_output_size,
)
from picojoule.workload.density import (
    Density,
    Measured,
    Pruned,
    Structured,
    Uniform,
    binomial,
    measure,
)
from picojoule.workload.einsum import einsum
from picojoule.workload.light import (
    activation,
    attention,
    concat,
    elementwise,
    lrn,
    normalization,
    pool,
    softmax,
)
from picojoule.workload.load import checked_batch, load
from picojoule.workload.network import Attribute, Ignored, Layer, Network, Parameter, Value
from picojoule.workload.operation import (
    ROLES,
    Axis,
    Operation,
    Role,
    Tensor,
    Term,
    axis_points,
    tile_words,
)
from picojoule.workload.parse import parse_operation
from picojoule.workload.product import Product, as_product, operand
from picojoule.workload.profile import LayerProfile, Profile, Totals, profile
from picojoule.workload.widths import read_widths, with_widths

__all__ = [
    "ROLES",
    "Attribute",
    "Axis",
    "Bits",
    "Density",
    "Ignored",
    "Layer",
    "LayerProfile",
    "Measured",
    "Network",
    "Operation",
    "Pair",
    "Parameter",
    "Product",
    "Profile",
    "Pruned",
    "Role",
    "Structured",
    "Tensor",
    "Term",
    "Totals",
    "Uniform",
    "Value",
    "activation",
    "as_product",
    "attention",
    "axis_points",
    "batched_matmul",
    "binomial",
    "checked_batch",
    "concat",
    "conv",
    "conv_transposed",
    "einsum",
    "elementwise",
    "fully_connected",
    "load",
    "lrn",
    "matmul",
    "measure",
    "normalization",
    "operand",
    "output_size",
    "parse_operation",
    "pool",
    "profile",
    "read_widths",
    "softmax",
    "tile_words",
    "transposed_output_size",
    "with_widths",
]
