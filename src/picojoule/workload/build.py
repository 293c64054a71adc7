"""Build: constructors of the operations whose inner action is a multiply-accumulate.

Dimension names follow the survey's Table I, with P and Q for the ofmap plane; height is P and R,
width Q and S. A one-dimensional convolution has Q = S = 1. Where both operands are activations
(attention, a matmul of two activations) the second one takes the role "weights": it is the operand
that stays while the first streams, and a chip's weight memories are what holds it.
"""

from collections.abc import Mapping

from picojoule.errors import WorkloadError
from picojoule.workload.operation import Axis, Operation, Tensor, Term

Bits = int | tuple[int, int, int]
"""One word width for all tensors, or (weights, inputs, outputs)."""
Pair = int | tuple[int, int]
"""One number for height and width, or (height, width)."""


def output_size(
    size: int,
    kernel: int,
    *,
    stride: int = 1,
    padding: Pair = 0,
    dilation: int = 1,
    ceil: bool = False,
) -> int:
    """How many windows fit on one axis.

    Args:
        size: Unpadded size of the axis.
        kernel: Taps of the window.
        stride, dilation: Of the window.
        padding: On both ends, or (before, after).
        ceil: Whether a window may hang over the far end, as Caffe's pooling lets it, unless it
            would start beyond the data and the padding before it.

    Raises:
        WorkloadError: Not one window fits, or a size is out of range.

    Source: sze2017, eq. (1): E = (H - R + U) / U.

    >>> output_size(227, 11, stride=4), output_size(56, 3, padding=1)
    (55, 56)
    """
    before, after = pair(padding, "padding", lowest=0)
    whole({"size": size, "kernel": kernel, "stride": stride, "dilation": dilation}, "window")
    room = size + before + after - dilation * (kernel - 1) - 1
    if room < 0:
        raise WorkloadError(
            "window does not fit its input",
            where=f"axis of size {size}, padding {before} and {after}",
            got=f"{kernel} taps with dilation {dilation}",
            expected=f"at most {size + before + after} positions",
            fix="enlarge the input or the padding, or shrink the window",
        )
    windows = (-(-room // stride) if ceil else room // stride) + 1
    if ceil and (windows - 1) * stride >= size + before:
        windows -= 1
    return windows


def transposed_output_size(
    size: int,
    kernel: int,
    *,
    stride: int = 1,
    padding: Pair = 0,
    dilation: int = 1,
    extra: int = 0,
) -> int:
    """Size of the output axis of a transposed convolution, cropped by `padding`.

    Args:
        size: Of the input axis.
        kernel: Taps of the window.
        stride, dilation: Of the window.
        padding: Cropped from both ends, or (before, after).
        extra: Positions added at the far end (`output_padding`).

    Raises:
        WorkloadError: Nothing is left, or a size is out of range.

    >>> transposed_output_size(4, 3, stride=2, padding=1)
    7
    """
    before, after = pair(padding, "padding", lowest=0)
    whole({"size": size, "kernel": kernel, "stride": stride, "dilation": dilation}, "window")
    result = (size - 1) * stride + dilation * (kernel - 1) + 1 - before - after + extra
    if result < 1:
        raise WorkloadError(
            "transposed convolution leaves no output",
            where=f"axis of size {size}, {kernel} taps",
            got=f"{result} positions after cropping {before} and {after}",
            expected="at least 1",
            fix="lower the padding",
        )
    return result


def conv(
    name: str,
    *,
    M: int,
    C: int,
    P: int,
    Q: int = 1,
    R: int = 1,
    S: int = 1,
    N: int = 1,
    G: int = 1,
    stride: Pair = 1,
    dilation: Pair = 1,
    bits: Bits = 16,
    kind: str = "conv",
) -> Operation:
    """A convolution, grouped and dilated ones included.

    Args:
        name: For messages and tables.
        M, C: Output and input channels, TOTALS over the groups; the operation's own M and C are
            per group. Depthwise is G = C.
        P, Q: Output plane.
        R, S: Filter plane.
        N: Batch.
        G: Groups; the operation has the dimension only when there are several.
        stride, dilation: (height, width), or one number for both.
        bits: Word width, or (weights, inputs, outputs).
        kind: What tables call it.

    Raises:
        WorkloadError: A size is not a whole number of at least 1, or G does not divide M and C.

    Source: sze2017, eq. (1) and Table I.

    >>> conv("CONV2", M=256, C=96, P=27, Q=27, R=5, S=5, G=2).macs
    223948800
    """
    dims, rows, columns = _window(name, N, M, C, P, Q, R, S, G, stride, dilation)
    groups = (Axis((Term("G"),)),) if G > 1 else ()
    width = widths(bits)
    return Operation(
        name,
        kind,
        dims,
        (
            Tensor("weights", "weights", (*groups, *axes("MCRS")), width[0]),
            Tensor("inputs", "inputs", (*axes("N"), *groups, *axes("C"), rows, columns), width[1]),
            Tensor("outputs", "outputs", (*axes("N"), *groups, *axes("MPQ")), width[2]),
        ),
    )


def conv_transposed(
    name: str,
    *,
    M: int,
    C: int,
    P: int,
    Q: int = 1,
    R: int = 1,
    S: int = 1,
    N: int = 1,
    G: int = 1,
    stride: Pair = 1,
    dilation: Pair = 1,
    bits: Bits = 16,
    kind: str = "conv",
) -> Operation:
    """A transposed convolution: each input pixel is spread over an R x S patch of the output.

    P and Q are the INPUT plane; the output row is `stride * P + dilation * R`, before cropping, so
    every MAC is a real one (no zeros are inserted). Other arguments as in `conv`.

    Raises:
        WorkloadError: As `conv`.

    >>> conv_transposed("up", M=8, C=16, P=4, Q=4, R=3, S=3, stride=2).macs
    18432
    """
    dims, rows, columns = _window(name, N, M, C, P, Q, R, S, G, stride, dilation)
    groups = (Axis((Term("G"),)),) if G > 1 else ()
    width = widths(bits)
    return Operation(
        name,
        kind,
        dims,
        (
            Tensor("weights", "weights", (*groups, *axes("MCRS")), width[0]),
            Tensor("inputs", "inputs", (*axes("N"), *groups, *axes("CPQ")), width[1]),
            Tensor(
                "outputs", "outputs", (*axes("N"), *groups, *axes("M"), rows, columns), width[2]
            ),
        ),
    )


def fully_connected(
    name: str, *, M: int, C: int, N: int = 1, bits: Bits = 16, kind: str = "fc"
) -> Operation:
    """A fully-connected layer: `outputs[N, M] = sum over C of inputs[N, C] * weights[M, C]`.

    >>> fully_connected("FC6", M=4096, C=9216).macs
    37748736
    """
    width = widths(bits)
    return Operation(
        name,
        kind,
        (("N", N), ("M", M), ("C", C)),
        (
            Tensor("weights", "weights", axes("MC"), width[0]),
            Tensor("inputs", "inputs", axes("NC"), width[1]),
            Tensor("outputs", "outputs", axes("NM"), width[2]),
        ),
    )


def matmul(
    name: str, *, M: int, K: int, N: int, bits: Bits = 16, kind: str = "matmul"
) -> Operation:
    """A matrix product: `outputs[M, N] = sum over K of inputs[M, K] * weights[K, N]`.

    N is a matrix dimension here, not the batch. The second operand has the role "weights" whether
    it is stored or computed.

    >>> matmul("projection", M=128, K=768, N=768).macs
    75497472
    """
    width = widths(bits)
    return Operation(
        name,
        kind,
        (("M", M), ("K", K), ("N", N)),
        (
            Tensor("weights", "weights", axes("KN"), width[0]),
            Tensor("inputs", "inputs", axes("MK"), width[1]),
            Tensor("outputs", "outputs", axes("MN"), width[2]),
        ),
    )


def batched_matmul(
    name: str,
    *,
    B: int,
    M: int,
    K: int,
    N: int,
    H: int | None = None,
    G: int | None = None,
    bits: Bits = 16,
    kind: str = "matmul",
) -> Operation:
    """B (times H heads) independent matrix products `[M, K] x [K, N]`.

    Args:
        name: For messages and tables.
        B: Batch.
        M, K, N: Of one product; K is summed.
        H: Heads, an outer dimension of all three tensors.
        G: First operands that share one second operand (grouped-query attention): the second
            operand has no G axis.
        bits: Word width, or (second operand, first operand, result).
        kind: What tables call it.

    >>> batched_matmul("scores", B=1, H=12, M=128, K=64, N=128).macs
    12582912
    """
    width = widths(bits)
    outer = "B" if H is None else "BH"
    shared = "" if G is None else "G"
    sizes = {"B": B, "H": H, "G": G, "M": M, "K": K, "N": N}
    return Operation(
        name,
        kind,
        tuple((dim, size) for dim, size in sizes.items() if size is not None),
        (
            Tensor("weights", "weights", axes(outer + "KN"), width[0]),
            Tensor("inputs", "inputs", axes(outer + shared + "MK"), width[1]),
            Tensor("outputs", "outputs", axes(outer + shared + "MN"), width[2]),
        ),
    )


def _window(
    name: str,
    N: int,
    M: int,
    C: int,
    P: int,
    Q: int,
    R: int,
    S: int,
    G: int,
    stride: Pair,
    dilation: Pair,
) -> tuple[tuple[tuple[str, int], ...], Axis, Axis]:
    """Dims of a convolution, and the two sliding axes."""
    where = f"operation {name!r}"
    whole({"N": N, "G": G, "M": M, "C": C, "P": P, "Q": Q, "R": R, "S": S}, where)
    if M % G or C % G:
        raise WorkloadError(
            "groups do not divide the channels",
            where=where,
            got=f"G={G} with M={M} and C={C}",
            expected="a G that divides both M and C, which are totals over the groups",
            fix="give the channels of all groups together, or correct G",
        )
    groups = (("G", G),) if G > 1 else ()
    plane = (("P", P), ("Q", Q), ("R", R), ("S", S))
    dims = (("N", N), *groups, ("M", M // G), ("C", C // G), *plane)
    rows, columns = sliding_axes(name, stride, dilation)
    return dims, rows, columns


def sliding_axes(name: str, stride: Pair, dilation: Pair) -> tuple[Axis, Axis]:
    """The axes `stride * P + dilation * R` and `stride * Q + dilation * S`."""
    where = f"operation {name!r}"
    down, across = pair(stride, "stride", where=where)
    tall, wide = pair(dilation, "dilation", where=where)
    rows = Axis((Term("P", down), Term("R", tall)))
    columns = Axis((Term("Q", across), Term("S", wide)))
    return rows, columns


def axes(dims: str) -> tuple[Axis, ...]:
    """One axis per letter."""
    return tuple(Axis((Term(dim),)) for dim in dims)


def widths(bits: Bits) -> tuple[int, int, int]:
    """(weights, inputs, outputs)."""
    return (bits, bits, bits) if isinstance(bits, int) else bits


def pair(value: Pair, what: str, *, lowest: int = 1, where: str = "window") -> tuple[int, int]:
    """(height, width), checked.

    Raises:
        WorkloadError: Not one or two whole numbers of at least `lowest`.
    """
    both = (value, value) if isinstance(value, int) else value
    if len(both) != 2:
        raise WorkloadError(
            f"{what} needs one or two numbers",
            where=where,
            got=both,
            expected="one number, or (height, width)",
            fix=f"give the {what} of the two axes of the plane",
        )
    whole({f"{what} (height)": both[0], f"{what} (width)": both[1]}, where, lowest=lowest)
    return both


def whole(sizes: Mapping[str, object], where: str, *, lowest: int = 1) -> None:
    """Refuse a size that is not a whole number of at least `lowest`.

    Raises:
        WorkloadError: Names the first such size.
    """
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < lowest:
            raise WorkloadError(
                "size is not valid",
                where=f"{where}, {name}",
                got=repr(size),
                expected=f"a whole number of at least {lowest}",
                fix=f"correct {name}",
            )
