"""Operations mean what they say: executed point by point, they equal torch on random data."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch.nn import functional

from picojoule.errors import PicojouleError, Unsupported, WorkloadError
from picojoule.workload import (
    Operation,
    activation,
    attention,
    batched_matmul,
    concat,
    conv,
    conv_transposed,
    einsum,
    elementwise,
    fully_connected,
    lrn,
    matmul,
    normalization,
    output_size,
    pool,
    softmax,
    transposed_output_size,
)

Integers = NDArray[np.int64]
SMALL = st.integers(1, 3)
PAIRS = st.tuples(SMALL, SMALL)


def run(operation: Operation, *operands: Integers, start: int = 0) -> Integers:
    """The definition: visit every point of the operation's space, one inner step each."""
    sizes = dict(operation.dims)
    *sources, target = operation.tensors
    points = np.indices(tuple(sizes.values())).reshape(len(sizes), -1)
    point = dict(zip(sizes, points, strict=True))

    def where(tensor) -> tuple[Integers, ...]:
        return tuple(sum(t.coefficient * point[t.dim] for t in axis.terms) for axis in tensor.axes)

    result = np.full(tuple(int(axis.max()) + 1 for axis in where(target)), start, dtype=np.int64)
    read = [operand[where(tensor)] for operand, tensor in zip(operands, sources, strict=True)]
    for operand, tensor in zip(operands, sources, strict=True):
        reached = np.zeros(operand.shape, dtype=bool)
        reached[where(tensor)] = True
        assert reached.sum() == operation.words(tensor)
    step = np.prod(read, axis=0)
    combine = np.maximum if operation.inner == "max" else np.add
    combine.at(result, where(target), step)
    return result


def random(rng: np.random.Generator, *shape: int) -> Integers:
    return rng.integers(-4, 5, size=shape)


def as_torch(array: Integers, *shape: int) -> torch.Tensor:
    return torch.from_numpy(array.reshape(shape).astype(np.float64))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 99),
    batch=st.integers(1, 2),
    groups=SMALL,
    channels=PAIRS,
    plane=PAIRS,
    window=PAIRS,
    stride=PAIRS,
    dilation=PAIRS,
)
def test_conv_equals_torch(seed, batch, groups, channels, plane, window, stride, dilation) -> None:
    (m, c), (p, q), (r, s) = channels, plane, window
    operation = conv(
        "c",
        N=batch,
        G=groups,
        M=m * groups,
        C=c * groups,
        P=p,
        Q=q,
        R=r,
        S=s,
        stride=stride,
        dilation=dilation,
    )
    assert operation.macs == batch * groups * m * c * p * q * r * s
    assert ("G" in operation.sizes) == (groups > 1)
    height = (p - 1) * stride[0] + (r - 1) * dilation[0] + 1
    width = (q - 1) * stride[1] + (s - 1) * dilation[1] + 1
    group = (groups,) if groups > 1 else ()
    rng = np.random.default_rng(seed)
    weights = random(rng, *group, m, c, r, s)
    inputs = random(rng, batch, *group, c, height, width)
    expected = functional.conv2d(
        as_torch(inputs, batch, groups * c, height, width),
        as_torch(weights, groups * m, c, r, s),
        stride=stride,
        dilation=dilation,
        groups=groups,
    )
    found = run(operation, weights, inputs)
    assert np.array_equal(found.reshape(expected.shape), expected.numpy())


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 99),
    groups=SMALL,
    channels=PAIRS,
    plane=PAIRS,
    window=PAIRS,
    stride=PAIRS,
    dilation=PAIRS,
)
def test_transposed_conv_equals_torch(
    seed, groups, channels, plane, window, stride, dilation
) -> None:
    (m, c), (p, q), (r, s) = channels, plane, window
    operation = conv_transposed(
        "up",
        G=groups,
        M=m * groups,
        C=c * groups,
        P=p,
        Q=q,
        R=r,
        S=s,
        stride=stride,
        dilation=dilation,
    )
    group = (groups,) if groups > 1 else ()
    rng = np.random.default_rng(seed)
    weights, inputs = random(rng, *group, m, c, r, s), random(rng, 1, *group, c, p, q)
    arranged = weights.reshape(groups, m, c, r, s).transpose(0, 2, 1, 3, 4)  # torch: C before M
    expected = functional.conv_transpose2d(
        as_torch(inputs, 1, groups * c, p, q),
        as_torch(np.ascontiguousarray(arranged), groups * c, m, r, s),
        stride=stride,
        dilation=dilation,
        groups=groups,
    )
    found = run(operation, weights, inputs)
    assert np.array_equal(found.reshape(expected.shape), expected.numpy())
    rows = transposed_output_size(p, r, stride=stride[0], dilation=dilation[0])
    assert rows == expected.shape[2]


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 99),
    plane=PAIRS,
    window=PAIRS,
    stride=PAIRS,
    mode=st.sampled_from(["max", "average"]),
)
def test_pool_equals_torch(seed, plane, window, stride, mode) -> None:
    (p, q), (r, s) = plane, window
    operation = pool("p", N=2, C=3, P=p, Q=q, R=r, S=s, stride=stride, mode=mode)
    shape = (2, 3, (p - 1) * stride[0] + r, (q - 1) * stride[1] + s)
    inputs = random(np.random.default_rng(seed), *shape)
    data = as_torch(inputs, *shape)
    if mode == "max":
        expected = functional.max_pool2d(data, window, stride)
        found = run(operation, inputs, start=-99)
    else:
        expected = functional.avg_pool2d(data, window, stride, divisor_override=1)
        found = run(operation, inputs)
    assert np.array_equal(found, expected.numpy())
    assert operation.steps == 2 * 3 * p * q * r * s
    assert operation.macs == 0


@given(seed=st.integers(0, 99), sizes=st.tuples(*[SMALL] * 6))
@settings(max_examples=30, deadline=None)
def test_products_equal_numpy(seed, sizes) -> None:
    b, h, g, m, k, n = sizes
    rng = np.random.default_rng(seed)
    first, second = random(rng, m, k), random(rng, k, n)
    assert np.array_equal(run(matmul("m", M=m, K=k, N=n), second, first), first @ second)
    stored = random(rng, n, k)
    assert np.array_equal(run(fully_connected("f", N=m, M=n, C=k), stored, first), first @ stored.T)
    one, two = random(rng, b, h, m, k), random(rng, b, h, k, n)
    assert np.array_equal(run(batched_matmul("b", B=b, H=h, M=m, K=k, N=n), two, one), one @ two)
    many = random(rng, b, h, g, m, k)
    assert np.array_equal(
        run(batched_matmul("b", B=b, H=h, G=g, M=m, K=k, N=n), two, many),
        many @ two[:, :, None],
    )


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("bij,bjk->bik", ((2, 3, 4), (2, 4, 5))),
        ("ij,kj->ik", ((2, 3), (4, 3))),
        ("ij,k->ik", ((2, 3), (4,))),
        ("...ij,...jk->...ik", ((2, 3, 4, 5), (2, 3, 5, 2))),
        ("...ij,jk->...ik", ((2, 3, 4), (4, 2))),
        ("ij,jk", ((2, 3), (3, 4))),
        ("aA,Ab->ab", ((2, 3), (3, 4))),
        ("ij,ij->ij", ((2, 3), (2, 3))),
        (" i j -> j i ", ((2, 3),)),
        ("ijk->i", ((2, 3, 4),)),
    ],
)
def test_einsum_equals_numpy(equation: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    rng = np.random.default_rng(7)
    operands = [random(rng, *shape) for shape in shapes]
    operation = einsum("e", equation, shapes)
    named = {"inputs": operands[0], "weights": operands[-1]}
    found = run(operation, *(named[tensor.role] for tensor in operation.tensors[:-1]))
    assert np.array_equal(found, np.einsum(equation, *operands))


def test_einsum_names_its_inner_action() -> None:
    assert einsum("e", "ij,jk->ik", ((2, 3), (3, 4))).inner == "mac"
    assert einsum("e", "ij,ij->ij", ((2, 3), (2, 3))).inner == "multiply"
    assert einsum("e", "ij->i", ((2, 3),)).inner == "add"
    assert einsum("e", "ij->ji", ((2, 3),)).inner == "copy"
    assert einsum("e", "mk,kn->mn", ((2, 3), (3, 4))).sizes == {"M": 2, "K": 3, "N": 4}


def test_attention_counts_each_product_once() -> None:
    scores, weights, values = attention("a", B=2, H=6, queries=5, keys=7, head_size=4)
    assert scores.macs == values.macs == 2 * 6 * 5 * 7 * 4
    assert weights.steps == 2 * 6 * 5 * 7
    assert weights.inner == "exponential"
    assert scores.words(scores.output) == weights.words(weights.output)
    shared, _, _ = attention("a", B=2, H=6, queries=5, keys=7, head_size=4, key_heads=2)
    assert shared.macs == scores.macs
    assert shared.words(shared.tensors[0]) == 2 * 2 * 7 * 4  # a key head serves three query heads


def test_light_operations_count_elements() -> None:
    shape = (2, 8, 5, 5)
    elements = 2 * 8 * 5 * 5
    assert activation("r", shape).steps == elements
    assert softmax("s", shape).steps == concat("c", shape).steps == elements
    assert normalization("n", shape).steps == elements
    assert lrn("l", shape, window=5).steps == 5 * elements
    addition = elementwise("a", shape)
    assert [addition.words(tensor) for tensor in addition.tensors] == [elements] * 3
    scale = normalization("n", shape, axis=1)
    assert scale.words(scale.tensors[1]) == 8
    assert all(found.macs == 0 for found in (addition, scale, lrn("l", shape)))
    row = elementwise("b", shape, second_shape=(5,))
    assert row.words(row.tensors[1]) == 5


@given(
    size=st.integers(1, 30),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 2),
    ceil=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_output_size_equals_torch(size, kernel, stride, padding, ceil) -> None:
    if 2 * padding > kernel or size + 2 * padding < kernel:
        return  # torch pools only with padding of at most half a window
    expected = functional.max_pool1d(
        torch.zeros(1, 1, size), kernel, stride, padding, ceil_mode=ceil
    ).shape[-1]
    assert output_size(size, kernel, stride=stride, padding=padding, ceil=ceil) == expected


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: conv("c", M=3, C=4, P=2, G=2), "groups"),
        (lambda: conv("c", M=0, C=4, P=2), "size"),
        (lambda: conv("c", M=2, C=4, P=-2), "size"),
        (lambda: conv("c", M=2, C=4, P=2.5), "size"),
        (lambda: conv("c", M=2, C=4, P=True), "size"),
        (lambda: conv("c", M=2, C=4, P=2, stride=0), "size"),
        (lambda: conv("c", M=2, C=4, P=2, stride=(1, 1, 1)), "stride"),
        (lambda: conv("c", M=2, C=4, P=2, bits=0), "width"),
        (lambda: conv("c", M=10**9, C=10**9, P=10**9), "large"),
        (lambda: output_size(3, 5), "window"),
        (lambda: transposed_output_size(1, 1, padding=1), "output"),
        (lambda: pool("p", C=1, P=1, mode="median"), "mode"),
        (lambda: elementwise("e", (2, 3), second_shape=(2,)), "broadcast"),
        (lambda: elementwise("e", ()), "axes"),
        (lambda: lrn("l", (3,)), "channels"),
        (lambda: attention("a", B=1, H=6, queries=1, keys=1, head_size=1, key_heads=4), "heads"),
        (lambda: einsum("e", "ij,jk->il", ((2, 3), (3, 4))), "letter"),
        (lambda: einsum("e", "ij,jk->ik", ((2, 3), (4, 4))), "operand"),
        (lambda: einsum("e", "i1->i", ((2, 3),)), "equation"),
    ],
)
def test_mistakes_are_workload_errors(make, named: str) -> None:
    with pytest.raises(WorkloadError) as caught:
        make()
    assert named in caught.value.what
    assert caught.value.fix


@pytest.mark.parametrize(
    "make",
    [
        lambda: activation("a", (1,), function="zigzag"),
        lambda: einsum("e", "ii->i", ((2, 2),)),
        lambda: einsum("e", "i,i,i->i", ((2,), (2,), (2,))),
        lambda: elementwise("e", (1,) * 9),
    ],
)
def test_what_is_not_handled_says_so(make) -> None:
    with pytest.raises(Unsupported):
        make()


@given(equation=st.text("ijk,->. ", max_size=12), shape=st.lists(SMALL, max_size=3))
@settings(max_examples=150, deadline=None)
def test_einsum_never_ends_in_a_traceback(equation: str, shape: list[int]) -> None:
    try:
        einsum("e", equation, (tuple(shape),) * (equation.count(",") + 1))
    except PicojouleError as error:
        assert error.where
