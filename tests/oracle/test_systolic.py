"""A systolic array: what the closed form counts is what an executed array takes, and it is right.

The array is executed on real numbers, register by register, so a wrong skew gives a wrong product.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.cost import systolic_cost
from picojoule.hardware import DRAINS, FOLDS, SYSTOLIC_DATAFLOWS, SystolicArray
from picojoule.simulate import NOTHING, SystolicRun, multiply, run_systolic
from picojoule.workload import (
    Operation,
    batched_matmul,
    conv,
    conv_transposed,
    fully_connected,
    matmul,
)

COUNTS = (
    "cycles",
    "folds",
    "macs",
    "mapped",
    "input_reads",
    "weight_reads",
    "output_writes",
    "output_reads",
)
ARRAYS = st.builds(
    SystolicArray,
    st.integers(1, 7),
    st.integers(1, 7),
    st.sampled_from(DRAINS),
    st.sampled_from(FOLDS),
)


def numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-99, 100, shape)


def assert_alike(operation: Operation, array: SystolicArray, dataflow: str, run: SystolicRun):
    cost = systolic_cost(operation, array, dataflow)
    assert {name: getattr(run, name) for name in COUNTS} == {
        name: getattr(cost, name) for name in COUNTS
    }


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 13),
    st.integers(1, 13),
    st.integers(1, 13),
    ARRAYS,
    st.sampled_from(SYSTOLIC_DATAFLOWS),
    st.integers(0, 1000),
)
def test_products(
    pixels: int, window: int, filters: int, array: SystolicArray, dataflow: str, seed: int
) -> None:
    left, top = numbers((pixels, window), seed), numbers((window, filters), seed + 1)
    run = multiply(left, top, array, dataflow)
    assert np.array_equal(run.outputs, left @ top)
    assert_alike(matmul("product", M=pixels, K=window, N=filters), array, dataflow, run)


def convolve(inputs: np.ndarray, weights: np.ndarray, step: tuple[int, int], spread: int, groups):
    """The definition, one multiplication at a time: (n, c, h, w) and (m, c / groups, r, s)."""
    batch, _, height, width = inputs.shape
    filters, channels, taps_high, taps_wide = weights.shape
    high = (height - spread * (taps_high - 1) - 1) // step[0] + 1
    wide = (width - spread * (taps_wide - 1) - 1) // step[1] + 1
    outputs = np.zeros((batch, filters, high, wide), dtype=np.int64)
    for n, m, p, q in np.ndindex(outputs.shape):
        first = m // (filters // groups) * channels
        for c, r, s in np.ndindex(channels, taps_high, taps_wide):
            pixel = inputs[n, first + c, p * step[0] + r * spread, q * step[1] + s * spread]
            outputs[n, m, p, q] += pixel * weights[m, c, r, s]
    return outputs


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(*[st.integers(1, 3)] * 5),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 2)),
    st.integers(1, 3),
    ARRAYS,
    st.sampled_from(SYSTOLIC_DATAFLOWS),
)
def test_convolutions(
    sizes: tuple[int, ...],
    taps: tuple[int, int],
    steps: tuple[int, int, int],
    groups: int,
    array: SystolicArray,
    dataflow: str,
) -> None:
    batch, filters, channels, high, wide = sizes
    stride, spread = (steps[0], steps[1]), steps[2]
    operation = conv(
        "layer",
        N=batch,
        M=filters * groups,
        C=channels * groups,
        P=high,
        Q=wide,
        R=taps[0],
        S=taps[1],
        G=groups,
        stride=stride,
        dilation=spread,
    )
    height = (high - 1) * stride[0] + spread * (taps[0] - 1) + 1
    width = (wide - 1) * stride[1] + spread * (taps[1] - 1) + 1
    inputs = numbers((batch, channels * groups, height, width), 1)
    weights = numbers((filters * groups, channels, *taps), 2)
    grouped = (batch, groups, channels, height, width) if groups > 1 else inputs.shape
    filtered = (groups, filters, channels, *taps) if groups > 1 else weights.shape
    run = run_systolic(
        operation,
        array,
        dataflow,
        inputs=inputs.reshape(grouped),
        weights=weights.reshape(filtered),
    )
    expected = convolve(inputs, weights, stride, spread, groups)
    assert np.array_equal(run.outputs.reshape(expected.shape), expected)
    assert_alike(operation, array, dataflow, run)


@pytest.mark.parametrize("dataflow", SYSTOLIC_DATAFLOWS)
def test_other_products(dataflow: str) -> None:
    array = SystolicArray(3, 5)
    layer = fully_connected("fc", M=7, C=11, N=2)
    inputs, weights = numbers((2, 11), 3), numbers((7, 11), 4)
    run = run_systolic(layer, array, dataflow, inputs=inputs, weights=weights)
    assert np.array_equal(run.outputs, inputs @ weights.T)
    assert_alike(layer, array, dataflow, run)
    heads = batched_matmul("heads", B=2, H=3, M=4, K=5, N=6)
    inputs, weights = numbers((2, 3, 4, 5), 5), numbers((2, 3, 5, 6), 6)
    run = run_systolic(heads, array, dataflow, inputs=inputs, weights=weights)
    assert np.array_equal(run.outputs, inputs @ weights)
    assert_alike(heads, array, dataflow, run)


@pytest.mark.parametrize("dataflow", SYSTOLIC_DATAFLOWS)
def test_a_transposed_convolution_overlaps_in_its_output(dataflow: str) -> None:
    operation = conv_transposed("up", M=2, C=3, P=4, R=3, stride=2)
    inputs, weights = numbers((1, 3, 4, 1), 7), numbers((2, 3, 3, 1), 8)
    run = run_systolic(operation, SystolicArray(4, 3), dataflow, inputs=inputs, weights=weights)
    expected = np.zeros((1, 2, 9, 1), dtype=np.int64)
    for m, c, p, r in np.ndindex(2, 3, 4, 3):
        expected[0, m, 2 * p + r, 0] += inputs[0, c, p, 0] * weights[m, c, r, 0]
    assert np.array_equal(run.outputs, expected)
    assert_alike(operation, SystolicArray(4, 3), dataflow, run)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 5), st.sampled_from(SYSTOLIC_DATAFLOWS))
def test_the_skew(stream: int, rows: int, columns: int, dataflow: str) -> None:
    """On a full array each PE works on its word in the cycle that geometry gives it."""
    left, top = {
        "ws": ((stream, rows), (rows, columns)),
        "is": ((columns, rows), (rows, stream)),
        "os": ((rows, stream), (stream, columns)),
    }[dataflow]
    frames: list[tuple[str, np.ndarray, np.ndarray]] = []

    def watch(phase: str, grid: np.ndarray, leaving: np.ndarray) -> None:
        frames.append((phase, grid.copy(), leaving.copy()))

    array = SystolicArray(rows, columns)
    multiply(numbers(left, 1), numbers(top, 2), array, dataflow, watch=watch)
    load = 0 if dataflow == "os" else rows
    assert [frame[0] for frame in frames] == ["load"] * load + ["run"] * (len(frames) - load)
    for clock, (_, grid, leaving) in enumerate(frames[load:]):
        for r, c in np.ndindex(rows, columns):
            word = clock - r - c
            assert grid[r, c] == (word if 0 <= word < stream else NOTHING)
        for c in range(columns):
            gone = clock - c - (stream - 1 if dataflow == "os" else rows - 1)
            most = rows if dataflow == "os" else stream
            assert leaving[c] == (gone if 0 <= gone < most else NOTHING)
