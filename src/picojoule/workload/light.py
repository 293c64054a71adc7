"""Light: operations without multiply-accumulates: pooling, activations, norms, adds, softmax.

They count too: each moves its data and does its own steps. `inner` names the action of one step;
where an element needs several different actions, it names the dearest, and a step is one element:

| operation | inner | one step |
|---|---|---|
| max pool | max | one comparison per element of each window |
| average pool | add | one addition per element of each window; the last scaling is folded in |
| activation | max, exponential, ... | one element through the function |
| batch normalisation | multiply | one element: multiplied by a scale, a shift added |
| layer normalisation | multiply | one element: counted in mean, in variance, then scaled |
| local response normalisation | multiply | one square added per element of each window |
| element-wise | add, multiply, ... | one pair of elements |
| softmax | exponential | one element: compared, exponentiated, summed, divided |
| concat, copy | copy | one word read and written |
"""

from math import prod

from picojoule.errors import Unsupported, WorkloadError, nearest
from picojoule.workload.build import Bits, Pair, axes, batched_matmul, sliding_axes, whole, widths
from picojoule.workload.operation import Axis, Operation, Tensor, Term

FUNCTIONS = {
    "relu": "max",
    "relu6": "max",
    "leaky_relu": "max",
    "prelu": "max",
    "hardtanh": "max",
    "maxout": "max",
    "hard_sigmoid": "max",
    "hard_swish": "multiply",
    "sigmoid": "exponential",
    "tanh": "exponential",
    "elu": "exponential",
    "selu": "exponential",
    "gelu": "exponential",
    "silu": "exponential",
    "mish": "exponential",
    "softplus": "exponential",
    "erf": "exponential",
    "exp": "exponential",
    "log": "exponential",
    "sqrt": "multiply",
    "reciprocal": "multiply",
    "pow": "exponential",
    "abs": "max",
    "neg": "add",
    "clip": "max",
    "scaled_tanh": "exponential",
}
"""Function of an activation -> its inner action."""

NAMES = "NCPQRSGM"
"""Dimension names of a tensor without named axes, in order."""


def pool(
    name: str,
    *,
    C: int,
    P: int,
    Q: int = 1,
    R: int = 1,
    S: int = 1,
    N: int = 1,
    stride: Pair = 1,
    dilation: Pair = 1,
    mode: str = "max",
    bits: Bits = 16,
) -> Operation:
    """Pooling per channel over R x S windows; global pooling is P = Q = 1 with R x S the plane.

    Args:
        name: For messages and tables.
        C: Channels.
        P, Q: Output plane.
        R, S: Window.
        N: Batch.
        stride, dilation: (height, width), or one number for both.
        mode: "max" or "average".
        bits: Word width, or (unused, inputs, outputs).

    Raises:
        WorkloadError: A size or the mode is not valid.

    >>> pool("POOL1", C=96, P=27, Q=27, R=3, S=3, stride=2).steps
    629856
    """
    inner = {"max": "max", "average": "add"}.get(mode)
    if inner is None:
        raise WorkloadError(
            "pooling mode is unknown",
            where=f"operation {name!r}",
            got=mode,
            expected=nearest(mode, ["max", "average"]),
            fix="use one of these",
        )
    rows, columns = sliding_axes(name, stride, dilation)
    width = widths(bits)
    return Operation(
        name,
        "pool",
        (("N", N), ("C", C), ("P", P), ("Q", Q), ("R", R), ("S", S)),
        (
            Tensor("inputs", "inputs", (*axes("NC"), rows, columns), width[1]),
            Tensor("outputs", "outputs", axes("NCPQ"), width[2]),
        ),
        inner,
    )


def activation(
    name: str, shape: tuple[int, ...], *, function: str = "relu", bits: Bits = 16
) -> Operation:
    """A function of one element at a time, over a tensor of `shape`.

    Raises:
        Unsupported: The function is not one of `FUNCTIONS`.

    >>> activation("relu1", (1, 96, 55, 55)).inner
    'max'
    """
    inner = FUNCTIONS.get(function)
    if inner is None:
        raise Unsupported(
            "activation function is not known",
            where=f"operation {name!r}",
            got=function,
            expected=nearest(function, FUNCTIONS),
            fix="use one of these, or one with the same cost",
        )
    return elementwise(name, shape, inner=inner, kind="activation", operands=1, bits=bits)


def elementwise(
    name: str,
    shape: tuple[int, ...],
    *,
    inner: str = "add",
    operands: int = 2,
    second_shape: tuple[int, ...] | None = None,
    kind: str = "elementwise",
    bits: Bits = 16,
) -> Operation:
    """One step per element of `shape`, from one or two operands.

    Args:
        name: For messages and tables.
        shape: Of the result and of the first operand.
        inner: "add", "multiply", "max", ...
        operands: 1 or 2. The second takes the role "weights".
        second_shape: Of the second operand where it is broadcast: aligned at the right, a size of
            1 (or a missing axis) is repeated.
        kind: What tables call it.
        bits: Word width, or (second operand, first operand, result).

    Raises:
        WorkloadError: `second_shape` does not broadcast to `shape`.

    >>> scale = elementwise("scale", (1, 8, 4, 4), inner="multiply", second_shape=(1, 8, 1, 1))
    >>> scale.steps, scale.words(scale.tensors[1])
    (128, 8)
    """
    names = _names(name, shape)
    width = widths(bits)
    second: tuple[Tensor, ...] = ()
    if operands == 2:
        kept = _broadcast(name, names, shape, shape if second_shape is None else second_shape)
        second = (Tensor("second", "weights", axes(kept), width[0]),)
    return Operation(
        name,
        kind,
        tuple(zip(names, shape, strict=True)),
        (
            Tensor("inputs", "inputs", axes(names), width[1]),
            *second,
            Tensor("outputs", "outputs", axes(names), width[2]),
        ),
        inner,
    )


def normalization(
    name: str,
    shape: tuple[int, ...],
    *,
    axis: int = 1,
    scaled: bool = True,
    bits: Bits = 16,
) -> Operation:
    """Batch or layer normalisation: each element is multiplied by a scale and shifted.

    Args:
        name: For messages and tables.
        shape: Of input and output.
        axis: The axis that has a scale each: the channels (batch norm) or the last (layer norm).
        scaled: Whether there is a scale at all.
        bits: Word width, or (scale, inputs, outputs).

    >>> normalization("bn1", (1, 64, 112, 112)).steps
    802816
    """
    second = tuple(
        size if index == axis % max(1, len(shape)) else 1 for index, size in enumerate(shape)
    )
    return elementwise(
        name,
        shape,
        inner="multiply",
        operands=2 if scaled else 1,
        second_shape=second,
        kind="normalization",
        bits=bits,
    )


def lrn(name: str, shape: tuple[int, ...], *, window: int = 5, bits: Bits = 16) -> Operation:
    """Local response normalisation across `window` channels.

    Each output sums the squares of its neighbours' channels: `window` steps. Raising to the power
    and dividing happen once per output and are not counted apart.

    >>> lrn("norm1", (1, 96, 27, 27), window=5).steps
    349920
    """
    whole({"window": window}, f"operation {name!r}")
    if "R" in (names := _names(name, shape)) or len(shape) < 2:
        raise WorkloadError(
            "local response normalisation needs channels",
            where=f"operation {name!r}",
            got=f"shape {shape}",
            expected="(batch, channels) or (batch, channels, height, width)",
            fix="give the full shape of the edge",
        )
    width = widths(bits)
    channels = Axis((Term("C"), Term("R")))
    return Operation(
        name,
        "lrn",
        (*zip(names, shape, strict=True), ("R", window)),
        (
            Tensor("inputs", "inputs", (*axes("N"), channels, *axes(names[2:])), width[1]),
            Tensor("outputs", "outputs", axes(names), width[2]),
        ),
        "multiply",
    )


def softmax(name: str, shape: tuple[int, ...], *, bits: Bits = 16) -> Operation:
    """Softmax: one exponential per element; which axis is summed does not change the count.

    >>> softmax("prob", (1, 1000)).steps
    1000
    """
    return elementwise(name, shape, inner="exponential", kind="softmax", operands=1, bits=bits)


def concat(name: str, shape: tuple[int, ...], *, bits: Bits = 16) -> Operation:
    """Concatenation into `shape`: each word is read once and written once.

    The parts are seen as one input tensor of the same shape; the layer's edges tell them apart.

    >>> concat("inception_3a", (1, 256, 28, 28)).macs
    0
    """
    return elementwise(name, shape, inner="copy", kind="concat", operands=1, bits=bits)


def attention(
    name: str,
    *,
    B: int,
    H: int,
    queries: int,
    keys: int,
    head_size: int,
    value_size: int | None = None,
    key_heads: int | None = None,
    bits: Bits = 16,
) -> tuple[Operation, Operation, Operation]:
    """The core of attention, without its projections: (scores, softmax, values).

    scores[B, H, M, N] = sum over K of query[B, H, M, K] * key[B, H, K, N]: M queries, N keys, K
    the size of a head. values[B, H, M, N] = sum over K of scores[B, H, M, K] * value[B, H, K, N]:
    K keys, N the size of a head. Keys and values, though activations, take the role "weights".

    Args:
        name: Prefix of the three names.
        B: Sequences in flight.
        H: Query heads.
        queries, keys: Sequence lengths.
        head_size: Of query and key; of value too unless `value_size` is given.
        value_size: Size of a value's head.
        key_heads: Heads of keys and values, each shared by H / key_heads query heads; the
            operations then have H = key_heads and G = H / key_heads.
        bits: Word width, or (second operand, first operand, result).

    Raises:
        WorkloadError: `key_heads` does not divide H.

    >>> scores, _, values = attention("self", B=1, H=12, queries=128, keys=128, head_size=64)
    >>> scores.macs + values.macs
    25165824
    """
    heads = H if key_heads is None else key_heads
    whole({"B": B, "H": H, "key_heads": heads}, f"operation {name!r}")
    if H % heads:
        raise WorkloadError(
            "key heads do not divide the query heads",
            where=f"operation {name!r}",
            got=f"H={H}, key_heads={heads}",
            expected="a number of key heads that divides H",
            fix="correct one of them",
        )
    group = None if heads == H else H // heads
    size = head_size if value_size is None else value_size
    scores = batched_matmul(
        f"{name}.scores", B=B, H=heads, G=group, M=queries, K=head_size, N=keys, bits=bits
    )
    weighted = batched_matmul(
        f"{name}.values", B=B, H=heads, G=group, M=queries, K=keys, N=size, bits=bits
    )
    return scores, softmax(f"{name}.softmax", (B, H, queries, keys), bits=bits), weighted


def _names(name: str, shape: tuple[int, ...]) -> str:
    if not shape:
        raise WorkloadError(
            "shape has no axes",
            where=f"operation {name!r}",
            got="()",
            expected="at least one axis",
            fix="give a single number the shape (1,)",
        )
    if len(shape) > len(NAMES):
        raise Unsupported(
            "tensor has too many axes",
            where=f"operation {name!r}",
            got=f"{len(shape)} axes",
            expected=f"at most {len(NAMES)}",
            fix=f"merge axes; the tensor has {prod(shape)} elements either way",
        )
    return NAMES[: len(shape)]


def _broadcast(name: str, names: str, shape: tuple[int, ...], second: tuple[int, ...]) -> str:
    """Letters of the axes that the second operand has."""
    aligned = (1,) * (len(shape) - len(second)) + second
    if len(aligned) != len(shape) or any(
        size not in (1, full) for size, full in zip(aligned, shape, strict=True)
    ):
        raise WorkloadError(
            "second operand does not broadcast to the first",
            where=f"operation {name!r}",
            got=second,
            expected=f"{shape}, or 1 where it is repeated",
            fix="correct the shape of the second operand",
        )
    return "".join(
        dim for dim, size, full in zip(names, aligned, shape, strict=True) if size == full
    )
