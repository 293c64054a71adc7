"""Shapes: layers as the study sees them."""

from picojoule.compare.shape import Shape, shapes_of
from picojoule.workload import Layer, Network, Value, conv, load


def one(operation) -> Network:
    layer = Layer(operation.name, operation, ("x",), ("y",))
    values = {"x": Value("x", (operation.sizes.get("N", 1),)), "y": Value("y", (1,))}
    return Network("one", (layer,), values, ("x",), ("y",))


def only(network: Network) -> Shape:
    (shape,), left_out = shapes_of(network)
    assert not left_out
    return shape


def test_alexnet_has_the_shapes_of_the_study() -> None:
    # chen2016isca, Table II: H R E C M U; two groups in CONV2, CONV4 and CONV5.
    shapes, left_out = shapes_of(load("alexnet", batch=16))
    assert not left_out
    assert [
        (s.ifmap_rows, s.R, s.P, s.C, s.M * s.G, s.stride) for s in shapes
    ] == [
        (227, 11, 55, 3, 96, 4),
        (31, 5, 27, 48, 256, 1),
        (15, 3, 13, 256, 384, 1),
        (15, 3, 13, 192, 384, 1),
        (15, 3, 13, 192, 256, 1),
        (6, 6, 1, 256, 4096, 1),
        (1, 1, 1, 4096, 4096, 1),
        (1, 1, 1, 4096, 1000, 1),
    ]  # fmt: skip
    assert [s.G for s in shapes] == [1, 2, 1, 2, 2, 1, 1, 1]
    assert sum(s.macs for s in shapes) == 16 * 724_406_816


def test_windows_overlap_leave_gaps_and_spread() -> None:
    sliding = only(one(conv("a", M=2, C=3, P=4, Q=5, R=3, S=2)))
    assert (sliding.rows, sliding.columns) == ((0, 3, 4, 5, 6), (0, 2, 3, 4, 5, 6))
    gaps = only(one(conv("b", M=2, C=3, P=3, Q=3, stride=2)))
    assert gaps.rows == (0, 1, 2, 3)
    spread = only(one(conv("c", M=2, C=3, P=2, Q=2, R=2, S=2, dilation=3)))
    assert spread.rows == (0, 2, 4)


def test_values_and_uses_multiply_to_the_macs() -> None:
    shape = only(one(conv("a", M=4, C=6, P=4, Q=5, R=3, S=2, N=7, G=2)))
    assert (shape.G, shape.M, shape.C) == (2, 2, 3)
    assert shape.weights * shape.weight_uses == shape.macs
    assert shape.psums * shape.window == shape.macs
    assert shape.ifmaps * shape.ifmap_uses == shape.macs
    assert shape.ifmaps == 2 * 7 * 3 * 6 * 6


def test_what_the_study_has_no_place_for_is_named() -> None:
    shapes, left_out = shapes_of(load("transformer-block"))
    assert {shape.kind for shape in shapes} == {"fc"}
    assert {item.kind for item in left_out} == {"matmul"}
    assert all(item.macs and item.reason for item in left_out)
