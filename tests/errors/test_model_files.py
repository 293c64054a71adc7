"""One small case per mistake in a model file: the class and the fields of what the user gets."""

import math
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from picojoule.errors import PicojouleError, Unsupported, WorkloadError
from picojoule.workload.load import load
from picojoule.workload.readers import read_onnx

FLOAT = TensorProto.FLOAT


def tensor(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def stored(name, *shape, fill=0.5):
    return numpy_helper.from_array(np.full(shape, fill, dtype=np.float32), name)


def model(nodes, *, inputs=None, outputs=("y",), weights=(), opset=17, domains=()):
    graph = helper.make_graph(
        nodes,
        "small",
        [tensor("x", [1, 3, 8, 8])] if inputs is None else inputs,
        [tensor(name, None) for name in outputs],
        list(weights),
    )
    versions = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    return helper.make_model(graph, opset_imports=versions, ir_version=8)


def conv_model(**changes):
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="conv1")
    return model([node], **{"weights": [stored("w", 4, 3, 3, 3)], **changes})


def write(folder, built, name="model.onnx"):
    path = folder / name
    path.write_bytes(built if isinstance(built, bytes) else built.SerializeToString())
    return path


def refused(kind, call, *, where="", got=""):
    """The error of a call, its fields checked."""
    with pytest.raises(PicojouleError) as caught:
        call()
    error = caught.value
    assert type(error) is kind, error
    assert where in error.where, error
    assert got in str(error.got), error
    assert error.what
    assert error.fix
    assert str(error.expected)
    return error


def test_the_small_model_is_fine_as_it_is(tmp_path):
    network = read_onnx(write(tmp_path, conv_model()))
    assert network.macs == 4 * 3 * 6 * 6 * 9


# The file


def test_missing_file_names_the_models_beside_it(tmp_path):
    write(tmp_path, conv_model(), "there.onnx")
    path = tmp_path / "their.onnx"
    error = refused(WorkloadError, lambda: read_onnx(path), where="their.onnx")
    assert "there.onnx" in error.expected
    assert read_onnx(tmp_path / "there.onnx").macs


def test_directory(tmp_path):
    refused(WorkloadError, lambda: read_onnx(tmp_path), where=str(tmp_path), got="directory")


def test_empty_file(tmp_path):
    refused(WorkloadError, lambda: read_onnx(write(tmp_path, b"")), got="0 bytes")


def test_null_in_the_path():
    refused(WorkloadError, lambda: read_onnx("a\0b.onnx"))


def test_truncated(tmp_path):
    whole = conv_model().SerializeToString()
    path = write(tmp_path, whole[: len(whole) // 2])
    refused(WorkloadError, lambda: read_onnx(path), where="model.onnx", got="do not parse")


def test_not_onnx(tmp_path):
    path = write(tmp_path, b"PK\x03\x04 this is a zip archive, not a network")
    refused(WorkloadError, lambda: read_onnx(path), where="model.onnx")


def test_parses_but_has_no_graph(tmp_path):
    built = onnx.ModelProto(ir_version=8, producer_name="nothing")
    refused(WorkloadError, lambda: read_onnx(write(tmp_path, built)), got="no graph")


def test_graph_without_nodes(tmp_path):
    built = model([], outputs=("x",))
    refused(WorkloadError, lambda: read_onnx(write(tmp_path, built)), got="without nodes")


def test_no_opset(tmp_path):
    built = conv_model()
    del built.opset_import[:]
    refused(WorkloadError, lambda: read_onnx(write(tmp_path, built)), got="no opset_import")


def test_file_over_two_gigabytes(tmp_path):
    path = tmp_path / "huge.onnx"
    with path.open("wb") as stream:
        stream.truncate(3 * 10**9)  # sparse: takes no space
    error = refused(WorkloadError, lambda: read_onnx(path), got="3000000000 bytes")
    assert "external data" in error.fix


def test_network_that_computes_nothing(tmp_path):
    node = helper.make_node("Identity", ["x"], ["y"])
    refused(WorkloadError, lambda: read_onnx(write(tmp_path, model([node]))), got="no layer")


# Names and formats that `load` is given


def test_unknown_name_comes_with_the_nearest():
    error = refused(WorkloadError, lambda: load("alexnett"), got="alexnett")
    assert error.expected.startswith("'alexnet'")
    assert load("alexnet").macs == 724406816


@pytest.mark.parametrize("name", ["model.tflite", "model.pth", "net.prototxt", "net.h5"])
def test_other_formats(name):
    refused(Unsupported, lambda: load(name), where=name)


@pytest.mark.parametrize("batch", [0, -1, 2.0, True, "4"])
def test_batch_that_is_no_number_of_images(batch):
    refused(WorkloadError, lambda: load("alexnet", batch=batch), where="batch", got=repr(batch))


def test_inputs_of_the_wrong_form(tmp_path):
    path = write(tmp_path, conv_model())
    refused(WorkloadError, lambda: load(path, inputs=[(1, 3, 8, 8)]))
    refused(WorkloadError, lambda: load(path, inputs={"x": "1x3x8x8"}), got="1x3x8x8")
    refused(WorkloadError, lambda: load("alexnet", inputs={"x": (1, 3, 8, 8)}), where="alexnet")


# Operators


def test_unknown_operator(tmp_path):
    node = helper.make_node("DeformConv", ["x", "w", "x"], ["y"], name="deformed")
    path = write(tmp_path, model([node], weights=[stored("w", 4, 3, 3, 3)], opset=19))
    refused(Unsupported, lambda: read_onnx(path), where="deformed", got="DeformConv")


def test_unknown_domain(tmp_path):
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="mine", domain="my.kernels")
    built = model([node], weights=[stored("w", 4, 3, 3, 3)], domains=("my.kernels",))
    path = write(tmp_path, built)
    refused(Unsupported, lambda: read_onnx(path), where="mine", got="my.kernels:Conv")


def branch():
    return helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], "b", [], [tensor("z", None)])


@pytest.mark.parametrize("operator", ["If", "Loop", "Scan"])
def test_control_flow(tmp_path, operator):
    body = {"then_branch": branch(), "else_branch": branch()} if operator == "If" else {}
    body = body or {"body": branch()}
    node = helper.make_node(operator, ["x"], ["y"], name="flow", **body)
    path = write(tmp_path, model([node]))
    refused(Unsupported, lambda: read_onnx(path), where="flow", got=operator)


def test_product_of_something_whose_shape_depends_on_the_data(tmp_path):
    nodes = [
        helper.make_node("NonZero", ["x"], ["places"]),
        helper.make_node("MatMul", ["places", "w"], ["y"], name="product"),
    ]
    path = write(tmp_path, model(nodes, weights=[stored("w", 4, 4)]))
    refused(Unsupported, lambda: read_onnx(path), where="product", got="NonZero")


def test_function_that_calls_itself(tmp_path):
    node = helper.make_node("Again", ["x"], ["y"], domain="mine")
    inner = helper.make_node("Again", ["a"], ["b"], domain="mine")
    built = model([node], domains=("mine",))
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    built.functions.append(helper.make_function("mine", "Again", ["a"], ["b"], [inner], versions))
    refused(WorkloadError, lambda: read_onnx(write(tmp_path, built)), where="Again")


def test_functions_that_double_until_memory_is_gone(tmp_path):
    built = model([helper.make_node("F40", ["x"], ["y"], domain="mine")], domains=("mine",))
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    for level in range(41):
        call = {"domain": "mine"} if level else {}
        name = f"F{level - 1}" if level else "Relu"
        nodes = [
            helper.make_node(name, ["a"], ["c"], **call),
            helper.make_node(name, ["c"], ["b"], **call),
        ]
        built.functions.append(
            helper.make_function("mine", f"F{level}", ["a"], ["b"], nodes, versions)
        )
    refused(WorkloadError, lambda: read_onnx(write(tmp_path, built)), got=str(2**41))


# Shapes


@pytest.mark.parametrize("size", [0, -1, 10**12, 2**62])
def test_size_out_of_range(tmp_path, size):
    path = write(tmp_path, conv_model(inputs=[tensor("x", [1, 3, size, 8])]))
    refused(WorkloadError, lambda: read_onnx(path), where="'x'", got=str(size))
    assert read_onnx(path, inputs={"x": (1, 3, 8, 8)}).macs


def test_symbolic_size_without_a_number(tmp_path):
    path = write(tmp_path, conv_model(inputs=[tensor("x", ["batch", 3, "height", 8])]))
    error = refused(WorkloadError, lambda: read_onnx(path), where="'x', axis 2", got="height")
    assert "inputs={'x'" in error.fix
    assert read_onnx(path, inputs={"x": (2, 3, 8, 8)}).batch == 2


def test_symbolic_leading_size_that_is_not_called_batch(tmp_path):
    path = write(tmp_path, conv_model(inputs=[tensor("x", ["rows", 3, 8, 8])]))
    refused(WorkloadError, lambda: read_onnx(path), where="axis 0", got="rows")
    assert read_onnx(path, batch=3).batch == 3


def test_input_without_a_shape(tmp_path):
    path = write(tmp_path, conv_model(inputs=[tensor("x", None)]))
    refused(WorkloadError, lambda: read_onnx(path), where="'x'")
    assert read_onnx(path, inputs={"x": (1, 3, 8, 8)}).macs


def test_input_that_does_not_exist(tmp_path):
    path = write(tmp_path, conv_model())
    error = refused(WorkloadError, lambda: read_onnx(path, inputs={"X": (1, 3, 8, 8)}), got="X")
    assert "x" in error.expected


def test_shape_of_another_rank(tmp_path):
    path = write(tmp_path, conv_model())
    refused(WorkloadError, lambda: read_onnx(path, inputs={"x": (3, 8, 8)}), where="'x'")


def test_one_symbol_with_two_numbers(tmp_path):
    node = helper.make_node("Add", ["x", "z"], ["y"])
    path = write(tmp_path, model([node], inputs=[tensor("x", ["k", 4]), tensor("z", ["k", 4])]))
    shapes = {"x": (2, 4), "z": (3, 4)}
    refused(WorkloadError, lambda: read_onnx(path, inputs=shapes), where="'k'", got="2 and 3")


def test_input_that_is_a_sequence(tmp_path):
    info = helper.make_tensor_sequence_value_info("x", FLOAT, [1])
    node = helper.make_node("Relu", ["x"], ["y"])
    path = write(tmp_path, model([node], inputs=[info]))
    refused(Unsupported, lambda: read_onnx(path), where="'x'", got="sequence")


def test_text_input(tmp_path):
    node = helper.make_node("Relu", ["x"], ["y"])
    path = write(tmp_path, model([node], inputs=[tensor("x", [1], TensorProto.STRING)]))
    refused(Unsupported, lambda: read_onnx(path), where="'x'", got="STRING")


def test_weights_for_other_channels(tmp_path):
    path = write(tmp_path, conv_model(weights=[stored("w", 4, 5, 3, 3)]))
    error = refused(WorkloadError, lambda: read_onnx(path), where="conv1", got="(1, 3, 8, 8)")
    assert "5 channels" in error.expected


def test_filter_larger_than_its_input(tmp_path):
    path = write(tmp_path, conv_model(weights=[stored("w", 4, 3, 9, 9)]))
    refused(WorkloadError, lambda: read_onnx(path), got="9 taps")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strides", [0, 1]),
        ("strides", [1, 1, 1]),
        ("pads", [-1, 0, 0, 0]),
        ("dilations", [2**40, 1]),
        ("group", 0),
        ("kernel_shape", [5, 5]),
        ("group", 7),
        ("strides", "fast"),
    ],
)
def test_attribute_out_of_range(tmp_path, name, value):
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="conv1", **{name: value})
    path = write(tmp_path, model([node], weights=[stored("w", 4, 3, 3, 3)]))
    refused(WorkloadError, lambda: read_onnx(path), where="conv1")


def test_product_that_does_not_fit(tmp_path):
    node = helper.make_node("MatMul", ["x", "w"], ["y"], name="product")
    built = model([node], inputs=[tensor("x", [1, 4])], weights=[stored("w", 5, 6)])
    path = write(tmp_path, built)
    refused(WorkloadError, lambda: read_onnx(path), where="product", got="(1, 4) x (5, 6)")


def test_reshape_that_does_not_fit(tmp_path):
    target = numpy_helper.from_array(np.array([1, 100]), "target")
    node = helper.make_node("Reshape", ["x", "target"], ["y"], name="reshape1")
    path = write(tmp_path, model([node], weights=[target]))
    refused(WorkloadError, lambda: read_onnx(path), where="reshape1", got="192 elements")


def test_sum_that_does_not_broadcast(tmp_path):
    node = helper.make_node("Add", ["x", "b"], ["y"], name="add1")
    path = write(tmp_path, model([node], weights=[stored("b", 5)]))
    refused(WorkloadError, lambda: read_onnx(path), where="add1", got="(5,)")


def test_missing_operand(tmp_path):
    node = helper.make_node("Conv", ["x"], ["y"], name="conv1")
    refused(WorkloadError, lambda: read_onnx(write(tmp_path, model([node]))), where="conv1")


def test_broadcast_that_would_need_gigabytes(tmp_path):
    nodes = [
        helper.make_node("Add", ["a", "b"], ["c"]),
        helper.make_node("Relu", ["x"], ["y"]),
    ]
    weights = [stored("a", 60000, 1), stored("b", 1, 60000)]
    assert read_onnx(write(tmp_path, model(nodes, weights=weights))).layers[0].name == "y"


def test_constant_that_claims_terabytes(tmp_path):
    sizes = numpy_helper.from_array(np.array([10**6, 10**6]), "sizes")
    nodes = [
        helper.make_node("ConstantOfShape", ["sizes"], ["c"], name="zeros"),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    path = write(tmp_path, model(nodes, weights=[sizes]))
    refused(WorkloadError, lambda: read_onnx(path), where="zeros", got=str(10**12))


# The graph


def test_cycle(tmp_path):
    nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="second"),
    ]
    path = write(tmp_path, model(nodes, outputs=("b",)))
    error = refused(WorkloadError, lambda: read_onnx(path), where="first")
    assert "cycle" in error.what


def test_dangling_edge(tmp_path):
    node = helper.make_node("Relu", ["nowhere"], ["y"], name="relu1")
    path = write(tmp_path, model([node]))
    refused(WorkloadError, lambda: read_onnx(path), where="relu1", got="nowhere")


def test_output_that_nobody_makes(tmp_path):
    path = write(tmp_path, conv_model(outputs=("y", "ghost")))
    refused(WorkloadError, lambda: read_onnx(path), where="ghost")


def test_two_nodes_make_the_same_tensor(tmp_path):
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("Tanh", ["x"], ["y"])]
    refused(WorkloadError, lambda: read_onnx(write(tmp_path, model(nodes))), got="'y'")


# Weights


@pytest.mark.parametrize(
    ("fill", "name"), [(math.nan, "NaN"), (math.inf, "infinite"), (-math.inf, "infinite")]
)
def test_weights_that_are_not_finite(tmp_path, fill, name):
    path = write(tmp_path, conv_model(weights=[stored("w", 4, 3, 3, 3, fill=fill)]))
    refused(WorkloadError, lambda: read_onnx(path), where="'w'", got=name)


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16])
def test_nan_in_other_formats(tmp_path, kind):
    weights = helper.make_tensor("w", kind, [4, 3, 3, 3], [math.nan] + [0.5] * 107)
    path = write(tmp_path, conv_model(weights=[weights]))
    refused(WorkloadError, lambda: read_onnx(path), where="'w'", got="NaN")


def test_infinity_in_a_mask_is_fine(tmp_path):
    node = helper.make_node("Add", ["x", "mask"], ["y"])
    built = model([node], weights=[stored("mask", 8, 8, fill=-math.inf)])
    assert read_onnx(write(tmp_path, built)).layers


def test_nan_in_an_unused_constant_is_nobodys_business(tmp_path):
    weights = [stored("w", 4, 3, 3, 3), stored("unused", 2, fill=math.nan)]
    network = read_onnx(write(tmp_path, conv_model(weights=weights)))
    assert [parameter.name for parameter in network.parameters()] == ["w"]


def test_tensor_that_claims_three_gigabytes(tmp_path):
    weights = TensorProto(name="w", data_type=FLOAT, dims=[4, 3, 8000, 8000], raw_data=b"\0" * 64)
    path = write(tmp_path, conv_model(weights=[weights]))
    refused(WorkloadError, lambda: read_onnx(path), where="'w'", got="64 bytes")


def test_tensor_without_its_numbers(tmp_path):
    weights = TensorProto(name="w", data_type=FLOAT, dims=[4, 3, 3, 3])
    path = write(tmp_path, conv_model(weights=[weights]))
    refused(WorkloadError, lambda: read_onnx(path), where="'w'", got="0 numbers")


def test_negative_size_of_a_constant(tmp_path):
    weights = TensorProto(name="w", data_type=FLOAT, dims=[4, -3, 3, 3], raw_data=b"")
    path = write(tmp_path, conv_model(weights=[weights]))
    refused(WorkloadError, lambda: read_onnx(path), where="'w'", got="-3")


def test_parameter_of_another_length(tmp_path):
    node = helper.make_node("BatchNormalization", ["x", "s", "s", "s", "s"], ["y"], name="bn")
    path = write(tmp_path, model([node], weights=[stored("s", 4)]))
    refused(WorkloadError, lambda: read_onnx(path), where="bn", got="4 numbers")


# External data

BYTES = 4 * 3 * 3 * 3 * 4


def external(folder, *, location="weights.bin", **entries):
    """A model whose weights are elsewhere."""
    weights = TensorProto(name="w", data_type=FLOAT, dims=[4, 3, 3, 3])
    weights.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        weights.external_data.add(key=key, value=str(value))
    (folder / "inside").mkdir(exist_ok=True)
    return write(folder / "inside", conv_model(weights=[weights]))


def test_external_data_beside_the_model_is_fine(tmp_path):
    path = external(tmp_path, offset=16, length=BYTES)
    (tmp_path / "inside" / "weights.bin").write_bytes(bytes(16 + BYTES))
    assert read_onnx(path).macs == 4 * 3 * 6 * 6 * 9


def test_external_nan(tmp_path):
    path = external(tmp_path)
    values = np.full(108, math.nan, dtype=np.float32)
    (tmp_path / "inside" / "weights.bin").write_bytes(values.tobytes())
    refused(WorkloadError, lambda: read_onnx(path), where="'w'", got="NaN")


@pytest.mark.parametrize(
    "location",
    ["../outside.bin", "a/../../outside.bin", "..\\outside.bin", "C:\\outside.bin", "", "a\0b"],
)
def test_external_data_that_escapes(tmp_path, location):
    (tmp_path / "outside.bin").write_bytes(bytes(BYTES))
    path = external(tmp_path, location=location)
    error = refused(WorkloadError, lambda: read_onnx(path), where="'w'")
    assert "leaves" in error.what


def test_external_data_at_an_absolute_path(tmp_path):
    (tmp_path / "outside.bin").write_bytes(bytes(BYTES))
    path = external(tmp_path, location=str(tmp_path / "outside.bin"))
    error = refused(WorkloadError, lambda: read_onnx(path), where="'w'", got="outside.bin")
    assert "leaves" in error.what


def test_external_data_behind_a_link(tmp_path):
    (tmp_path / "outside.bin").write_bytes(bytes(BYTES))
    path = external(tmp_path)
    (tmp_path / "inside" / "weights.bin").symlink_to(tmp_path / "outside.bin")
    error = refused(WorkloadError, lambda: read_onnx(path), where="'w'")
    assert "leaves" in error.what


def test_external_data_missing(tmp_path):
    path = external(tmp_path)
    refused(WorkloadError, lambda: read_onnx(path), where="'w'", got="weights.bin")


@pytest.mark.parametrize(
    "entries",
    [{}, {"offset": 4}, {"offset": BYTES * 9}, {"length": BYTES + 4}, {"length": 8}],
)
def test_external_data_too_short(tmp_path, entries):
    path = external(tmp_path, **entries)
    held = BYTES - 4 if not entries else BYTES
    (tmp_path / "inside" / "weights.bin").write_bytes(bytes(held))
    error = refused(WorkloadError, lambda: read_onnx(path), where="'w'", got="bytes")
    assert "short" in error.what


@pytest.mark.parametrize("offset", [-4, "four", "1e3", "9" * 40])
def test_external_data_at_no_valid_place(tmp_path, offset):
    path = external(tmp_path, offset=offset)
    (tmp_path / "inside" / "weights.bin").write_bytes(bytes(BYTES))
    refused(WorkloadError, lambda: read_onnx(path), where="'w'", got=str(offset))


# Torch


def test_torch_mistakes():
    torch = pytest.importorskip("torch")
    module = torch.nn.Linear(4, 2)
    refused(WorkloadError, lambda: load(module), where="Linear")
    refused(WorkloadError, lambda: load(module, inputs=[(1, 5)]), where="Linear")
    refused(WorkloadError, lambda: load(module, inputs=[(1, 0)]), where="input 0", got="0")
    refused(WorkloadError, lambda: load(module, inputs=["1x4"]), where="input 0", got="1x4")
    refused(WorkloadError, lambda: load(module, inputs={"image": (1, 4)}), got="image")
    refused(WorkloadError, lambda: load(42, inputs=[(1, 4)]), got="int")
    assert load(module, inputs={"input": (1, 4)}).macs == 8


def test_torch_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    error = refused(WorkloadError, lambda: load(object(), inputs=[(1, 4)]), where="torch")
    assert "picojoule[torch]" in error.fix


def test_custom_torch_operator():
    torch = pytest.importorskip("torch")

    class Deformed(torch.nn.Module):
        def forward(self, x):
            return torch.cdist(x, x)

    refused(Unsupported, lambda: load(Deformed(), inputs=[(1, 4, 3)]), got="cdist")


# Fuzz


def seed_model():
    """A small file that touches most of the reader."""
    shape = numpy_helper.from_array(np.array([1, -1]), "shape")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="conv1", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Reshape", ["c", "shape"], ["d"]),
        helper.make_node("Gemm", ["d", "v"], ["e"], transB=1),
        helper.make_node("Softmax", ["e"], ["y"]),
    ]
    weights = [stored("w", 2, 3, 3, 3), stored("v", 4, 32), shape]
    return model(nodes, weights=weights).SerializeToString()


SEED = seed_model()


@settings(
    max_examples=400,
    deadline=2000,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 255)), min_size=0, max_size=8
    ),
    cut=st.integers(0, len(SEED)),
    gap=st.integers(0, 12),
)
@example(edits=[], cut=len(SEED), gap=0)
def test_damaged_file_is_read_or_refused(tmp_path, edits, cut, gap):
    damaged = bytearray(SEED)
    for place, value in edits:
        damaged[place] = value
    if gap:
        del damaged[cut : cut + gap]
    elif cut < len(SEED) // 4:
        del damaged[cut:]
    path = write(tmp_path, bytes(damaged))
    try:
        network = read_onnx(path)
    except PicojouleError as error:
        assert error.where
        assert error.fix
    else:
        assert network.layers
        assert all(Path(network.source) == path for _ in network.layers[:1])


@settings(
    max_examples=100, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(noise=st.binary(max_size=200))
def test_noise_is_refused(tmp_path, noise):
    with pytest.raises(PicojouleError):
        read_onnx(write(tmp_path, noise))
