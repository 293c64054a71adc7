"""What each kind of ONNX node becomes: bits, edges, shared weights, folded shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from picojoule.errors import Unsupported
from picojoule.workload.readers import read_onnx

FLOAT, INT8, UINT8 = TensorProto.FLOAT, TensorProto.INT8, TensorProto.UINT8


def reader(folder):
    """A function that reads a model made of nodes: `read(nodes, inputs, weights)`."""

    def call(nodes, inputs, weights=(), *, outputs=None, opset=17, kind=FLOAT, domains=(), **given):
        names = outputs or [nodes[-1].output[0]]
        graph = helper.make_graph(
            nodes,
            "graph",
            [
                shape
                if not isinstance(shape, (list, tuple))
                else helper.make_tensor_value_info(name, kind, shape)
                for name, shape in inputs.items()
            ],
            [helper.make_tensor_value_info(name, kind, None) for name in names],
            [
                array if isinstance(array, TensorProto) else numpy_helper.from_array(array, name)
                for name, array in dict(weights).items()
            ],
        )
        versions = [helper.make_opsetid("", opset)]
        versions += [helper.make_opsetid(domain, 1) for domain in domains]
        built = helper.make_model(graph, opset_imports=versions, ir_version=8)
        path = folder / "graph.onnx"
        path.write_bytes(built.SerializeToString())
        return read_onnx(path, **given)

    return call


@pytest.fixture
def read(tmp_path):
    return reader(tmp_path)


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def floats(*shape):
    return np.zeros(shape, dtype=np.float32)


def bits(layer):
    return {tensor.name: tensor.bits for tensor in layer.operation.tensors}


# Widths


def test_half_precision_is_sixteen_bits_and_can_be_overruled(read):
    nodes, half = [node("MatMul", "x w", "y")], {"w": np.zeros((4, 3), dtype=np.float16)}
    network = read(nodes, {"x": [2, 4]}, half, kind=TensorProto.FLOAT16)
    assert bits(network.layers[0]) == {"weights": 16, "inputs": 16, "outputs": 16}
    network = read(nodes, {"x": [2, 4]}, {"w": floats(4, 3)})
    assert bits(network.layers[0]) == {"weights": 32, "inputs": 32, "outputs": 32}
    network = read(nodes, {"x": [2, 4]}, {"w": floats(4, 3)}, bits=8)
    assert bits(network.layers[0]) == {"weights": 8, "inputs": 8, "outputs": 8}


def test_a_cast_to_wider_words_stores_nothing_wider(read):
    nodes = [node("Tanh", "x", "a"), node("Cast", "a", "b", to=FLOAT), node("Tanh", "b", "y")]
    network = read(nodes, {"x": [4]}, kind=TensorProto.FLOAT16)
    assert network.values["a"].bits == 16
    assert bits(network.layers[1])["inputs"] == 16


def quantize_pair(name, zero="zero"):
    return [
        node("QuantizeLinear", f"{name} scale {zero}", f"{name}_q"),
        node("DequantizeLinear", f"{name}_q scale {zero}", f"{name}_d"),
    ]


def test_quantize_dequantize_pairs_are_the_width_of_what_they_wrap(read):
    nodes = [
        *quantize_pair("x"),
        node("DequantizeLinear", "w scale zero", "w_d"),
        node("Conv", "x_d w_d", "a"),
        *quantize_pair("a"),
        node("Relu", "a_d", "y"),
    ]
    weights = {
        "scale": np.float32(0.1),
        "zero": np.int8(0),
        "w": np.zeros((4, 3, 3, 3), dtype=np.int8),
    }
    network = read(nodes, {"x": [1, 3, 8, 8]}, weights)
    conv, relu = network.layers
    assert bits(conv) == {"weights": 8, "inputs": 8, "outputs": 8}
    assert bits(relu)["inputs"] == 8
    assert {name: value.bits for name, value in network.values.items()} == {
        "x": 8, "a": 8, "y": 8,
    }  # fmt: skip
    assert [(p.name, p.bits) for p in network.parameters()] == [("w", 8)]
    assert conv.inputs == ("x",)
    assert relu.inputs == conv.outputs == ("a",)


def test_a_value_read_in_two_widths_is_stored_in_the_wider(read):
    nodes = [
        node("Tanh", "x", "a"),
        *quantize_pair("a"),
        node("Tanh", "a_d", "b"),
        node("Tanh", "a", "c"),
        node("Add", "b c", "y"),
    ]
    weights = {"scale": np.float32(0.1), "zero": np.int8(0)}
    network = read(nodes, {"x": [4]}, weights)
    assert network.values["a"].bits == 32
    assert bits(network.layers[1])["inputs"] == 8


def test_quantized_operators(read):
    one = {"s": np.float32(1), "z": np.uint8(0), "zw": np.int8(0)}
    weights = {**one, "w": np.zeros((4, 3, 3, 3), np.int8), "b": np.zeros(4, np.int32)}
    network = read(
        [node("QLinearConv", "x s z w s zw s z b", "y")], {"x": [1, 3, 8, 8]}, weights, kind=UINT8
    )
    (conv,) = network.layers
    assert conv.macs == 4 * 3 * 9 * 36
    assert bits(conv) == {"weights": 8, "inputs": 8, "outputs": 8}
    assert [(p.name, p.bits, p.role) for p in conv.parameters] == [
        ("w", 8, "weights"),
        ("b", 32, "bias"),
    ]
    weights = {**one, "w": np.zeros((4, 3), np.int8)}
    network = read([node("MatMulInteger", "x w", "y")], {"x": [2, 4]}, weights, kind=UINT8)
    assert bits(network.layers[0]) == {"weights": 8, "inputs": 8, "outputs": 32}
    network = read([node("QLinearMatMul", "x s z w s zw s z", "y")], {"x": [2, 4]}, weights,
                   kind=UINT8)  # fmt: skip
    assert bits(network.layers[0]) == {"weights": 8, "inputs": 8, "outputs": 8}
    assert network.macs == 24


@pytest.mark.parametrize("domain", ["qonnx.custom_op.general", "onnx.brevitas", ""])
@settings(max_examples=15, deadline=None)
@given(weight_bits=st.integers(1, 8), input_bits=st.sampled_from([2.0, 3.0, 7.5]))
def test_qonnx_quant_gives_the_width(domain, weight_bits, input_bits, tmp_path_factory):
    nodes = [
        node("Quant", "x s z bx", "x_q", domain=domain),
        node("Quant", "w s z bw", "w_q", domain=domain) if weight_bits > 1
        else node("BipolarQuant", "w s", "w_q", domain=domain),
        node("MatMul", "x_q w_q", "y"),
    ]  # fmt: skip
    weights = {
        "s": np.float32(1),
        "z": np.float32(0),
        "bx": np.float32(input_bits),
        "bw": np.float32(weight_bits),
        "w": floats(4, 3),
    }
    network = reader(tmp_path_factory.mktemp("q"))(nodes, {"x": [1, 4]}, weights, domains=(domain,))
    assert bits(network.layers[0]) == {
        "weights": weight_bits,
        "inputs": -(-input_bits // 1),
        "outputs": 32,
    }


# Edges and constants


def test_movement_leaves_no_layer_and_keeps_the_connection(read):
    nodes = [
        node("Tanh", "x", "a"),
        node("Reshape", "a shape", "b"),
        node("Transpose", "b", "c", perm=[1, 0]),
        node("Unsqueeze", "c axes", "d"),
        node("Identity", "d", "e"),
        node("Dropout", "e", "f"),
        node("Split", "f", "g h", axis=1),
        node("Pad", "g pads", "i"),
        node("Slice", "i one two", "j"),
        node("Sigmoid", "j", "k"),
        node("Sigmoid", "h", "l"),
        node("Cast", "l", "y", to=TensorProto.FLOAT16),
    ]
    weights = {
        "shape": np.array([4, -1]),
        "axes": np.array([0]),
        "pads": np.array([0, 1, 0, 0, 1, 0]),
        "one": np.array([0, 1, 0]),
        "two": np.array([1, 99, 3]),
    }
    network = read(nodes, {"x": [2, 3, 4]}, weights, outputs=["k", "y"])
    tanh, first, second = network.layers
    assert first.inputs == second.inputs == tanh.outputs == ("a",)
    # (2, 3, 4) -> (4, 6) -> (6, 4) -> (1, 6, 4) -> 2 x (1, 3, 4) -> padded (1, 5, 4)
    assert network.values["k"].shape == (1, 4, 3)
    assert network.values["l"].shape == (1, 3, 4)
    assert network.outputs == ("k", "l")
    assert network.values["l"].bits == 16
    assert not network.ignored


def test_shapes_that_are_computed_are_followed(read):
    """The chain that exporters write for `x.view(x.size(0), -1)`, and one with arithmetic."""
    nodes = [
        node("Shape", "x", "s"),
        node("Gather", "s zero", "n", axis=0),
        node("Unsqueeze", "n axes", "n1"),
        node("Concat", "n1 minus", "target", axis=0),
        node("Reshape", "x target", "flat"),
        node("Mul", "n1 two", "n2"),
        node("Div", "n2 two", "n3"),
        node("Concat", "n3 minus", "again", axis=0),
        node("Reshape", "flat again", "flat2"),
        node("MatMul", "flat2 w", "y"),
    ]
    weights = {
        "zero": np.array(0),
        "axes": np.array([0]),
        "minus": np.array([-1]),
        "two": np.array([2]),
        "w": floats(24, 5),
    }
    for batch in (1, 7):
        network = read(nodes, {"x": ["batch", 2, 3, 4]}, weights, batch=batch)
        assert network.values["y"].shape == (batch, 5)
        assert network.macs == batch * 24 * 5


def test_batch_written_down_in_a_reshape_is_replaced(read):
    nodes = [node("Reshape", "x shape", "a"), node("MatMul", "a w", "y")]
    weights = {"shape": np.array([1, 12]), "w": floats(12, 5)}
    assert read(nodes, {"x": [1, 3, 4]}, weights).values["y"].shape == (1, 5)
    assert read(nodes, {"x": [1, 3, 4]}, weights, batch=6).values["y"].shape == (6, 5)


def test_shared_weights_are_one_parameter(read):
    nodes = [
        node("MatMul", "x w", "a"),
        node("Transpose", "w", "t"),
        node("MatMul", "a t", "y"),
    ]
    network = read(nodes, {"x": [2, 4]}, {"w": floats(4, 3)})
    assert [(p.name, p.shape) for p in network.parameters()] == [("w", (4, 3))]
    assert network.macs == 2 * 2 * 4 * 3


def test_parts_of_stored_weights_add_up_to_the_whole(read):
    nodes = [
        node("Split", "w", "a b", axis=1),
        node("MatMul", "x a", "c"),
        node("MatMul", "x b", "d"),
        node("Concat", "c d", "y", axis=1),
    ]
    network = read(nodes, {"x": [2, 4]}, {"w": floats(4, 6)})
    assert sum(p.words for p in network.parameters()) == 24


def test_transposed_weights_keep_the_shape_in_which_they_are_stored(read):
    nodes = [node("Transpose", "w", "t"), node("MatMul", "x t", "y")]
    network = read(nodes, {"x": [2, 3]}, {"w": floats(4, 3)})
    assert [(p.name, p.shape) for p in network.parameters()] == [("w", (4, 3))]


def test_part_of_stored_weights_is_only_that_part(read):
    nodes = [node("Slice", "w from to", "a"), node("MatMul", "x a", "y")]
    weights = {"w": floats(4, 6), "from": np.array([0, 2]), "to": np.array([4, 5])}
    network = read(nodes, {"x": [2, 4]}, weights)
    assert [p.shape for p in network.parameters()] == [(4, 3)]


def test_constant_operand_is_weights_and_a_computed_one_is_not(read):
    weights = {"w": floats(4, 3)}
    (layer,) = read([node("MatMul", "x w", "y")], {"x": [2, 4]}, weights).layers
    assert (layer.kind, layer.inputs, len(layer.parameters)) == ("fc", ("x",), 1)
    (layer,) = read([node("MatMul", "x z", "y")], {"x": [2, 4], "z": [4, 3]}).layers
    assert (layer.kind, layer.inputs, len(layer.parameters)) == ("matmul", ("x", "z"), 0)


def test_weights_that_the_file_leaves_out(read):
    """Inputs of the graph that only serve as weights are stored, and said to be."""
    nodes = [node("Conv", "x w b", "a"), node("Relu", "a", "y")]
    network = read(nodes, {"x": [1, 3, 8, 8], "w": [4, 3, 3, 3], "b": [4]})
    assert network.inputs == ("x",)
    assert [p.role for p in network.parameters()] == ["weights", "bias"]
    assert [ignored.name for ignored in network.ignored] == ["w", "b"]


def test_weights_made_by_a_node(read):
    nodes = [
        node("ConstantOfShape", "shape", "w"),
        node("Conv", "x w", "y"),
    ]
    network = read(nodes, {"x": [1, 3, 8, 8]}, {"shape": np.array([4, 3, 3, 3])})
    assert [(p.name, p.shape) for p in network.parameters()] == [("w", (4, 3, 3, 3))]


def test_what_is_computed_from_constants_is_no_work(read):
    nodes = [node("MatMul", "v w", "a"), node("MatMul", "x a", "y")]
    network = read(nodes, {"x": [2, 4]}, {"v": floats(4, 5), "w": floats(5, 3)})
    assert network.macs == 2 * 4 * 3
    assert [p.shape for p in network.parameters()] == [(4, 3)]
    assert network.ignored[0].operator == "MatMul"


# Operators


def test_broadcast_products(read):
    for first, second, macs, result in [
        ([5, 2, 3], [3, 4], 5 * 2 * 3 * 4, (5, 2, 4)),
        ([2, 3], [5, 3, 4], 5 * 2 * 3 * 4, (5, 2, 4)),
        ([5, 2, 3], [5, 3, 4], 5 * 2 * 3 * 4, (5, 2, 4)),
        ([7, 5, 2, 3], [7, 1, 3, 4], 7 * 5 * 2 * 3 * 4, (7, 5, 2, 4)),
        ([7, 1, 2, 3], [5, 3, 4], 7 * 5 * 2 * 3 * 4, (7, 5, 2, 4)),
        ([3], [3, 4], 12, (4,)),
        ([2, 3], [3], 6, (2,)),
    ]:
        network = read([node("MatMul", "x z", "y")], {"x": first, "z": second})
        assert (network.macs, np.matmul(np.zeros(first), np.zeros(second)).shape) == (macs, result)
        (layer,) = network.layers
        words = {t.name: layer.operation.words(t) for t in layer.operation.tensors}
        assert words["outputs"] == np.prod(result)
        if network.layers[0].operation.sizes.get("B", 1) == 1 or "G" in layer.operation.sizes:
            assert words["weights"] in (np.prod(second), np.prod(first))


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(1, 12),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    dilation=st.integers(1, 2),
    mode=st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID"]),
)
def test_automatic_padding(size, kernel, stride, dilation, mode, tmp_path_factory):
    same = mode != "VALID"
    room = size - dilation * (kernel - 1)
    if not same and room < 1:
        return
    attributes = {"auto_pad": mode, "strides": [stride], "dilations": [dilation]}
    nodes = [node("Conv", "x w", "y", **attributes)]
    network = reader(tmp_path_factory.mktemp("p"))(
        nodes, {"x": [1, 1, size]}, {"w": floats(1, 1, kernel)}
    )
    assert network.values["y"].shape[2] == -(-(size if same else room) // stride)


@pytest.mark.parametrize("operator", ["Conv", "ConvTranspose", "MaxPool"])
def test_stride_and_dilation_reach_the_operation(read, operator):
    attributes = {"strides": [2, 3], "dilations": [4, 5], "kernel_shape": [3, 2]}
    names = "x" if operator == "MaxPool" else "x w"
    nodes = [node(operator, names, "y", **attributes)]
    weights = {} if operator == "MaxPool" else {"w": floats(3, 3, 3, 2)}
    (layer,) = read(nodes, {"x": [1, 3, 40, 40]}, weights).layers
    which = layer.operation.output if operator == "ConvTranspose" else layer.operation.tensors[-2]
    rows, columns = which.axes[-2:]
    assert [(term.dim, term.coefficient) for term in rows.terms] == [("P", 2), ("R", 4)]
    assert [(term.dim, term.coefficient) for term in columns.terms] == [("Q", 3), ("S", 5)]


def test_resize_by_sizes_and_by_scales(read):
    by_scales = {"none": floats(0), "scales": np.array([1, 1, 2, 2.5], dtype=np.float32)}
    network = read([node("Resize", "x none scales", "y")], {"x": [1, 3, 4, 4]}, by_scales)
    assert network.values["y"].shape == (1, 3, 8, 10)
    by_sizes = {"sizes": np.array([1, 3, 7, 5])}
    resize = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="linear")
    network = read([resize], {"x": [1, 3, 4, 4]}, by_sizes)
    assert network.values["y"].shape == (1, 3, 7, 5)
    assert network.layers[0].kind == "resize"


def test_sum_of_several_is_a_chain_of_pairs(read):
    network = read([node("Sum", "a b c", "y")], {"a": [4], "b": [4], "c": [4]})
    assert [layer.operation.steps for layer in network.layers] == [4, 4]
    assert network.layers[1].inputs == (network.layers[0].outputs[0], "c")


def test_embedding_copies_rows_of_a_stored_table(read):
    tokens = helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, 6])
    network = read([node("Gather", "table tokens", "y")], {"tokens": tokens},
                   {"table": floats(50, 8)})  # fmt: skip
    assert network.macs == 0
    assert [(p.words, p.role) for p in network.parameters()] == [(400, "table")]
    assert network.values["y"].shape == (1, 6, 8)


def test_attention_operator_with_shared_keys(read):
    shapes = {"q": [2, 8, 10, 16], "k": [2, 2, 12, 16], "v": [2, 2, 12, 4]}
    network = read([node("Attention", "q k v", "y")], shapes, opset=23)
    assert network.macs == 2 * 8 * 10 * 12 * (16 + 4)
    assert network.values["y"].shape == (2, 8, 10, 4)


def test_recurrence_repeats_per_time_step(read):
    weights = {"w": floats(1, 28, 5), "r": floats(1, 28, 7)}
    network = read([node("LSTM", "x w r", "y h c", hidden_size=7)], {"x": [9, 3, 5]}, weights)
    assert {layer.repeats for layer in network.layers} == {9}
    assert network.macs == 9 * 3 * 28 * (5 + 7)
    assert sum(p.words for p in network.parameters()) == 28 * 12


def test_what_does_not_multiply_is_listed_with_its_reason(read):
    nodes = [node("TopK", "x k", "v i"), node("Tanh", "v", "y")]
    network = read(nodes, {"x": [2, 9]}, {"k": np.array([3])})
    assert [(ignored.name, ignored.operator) for ignored in network.ignored] == [("v", "TopK")]
    assert network.values["y"].shape == (2, 3)


def test_what_follows_a_shape_that_depends_on_the_data_is_listed_too(read):
    nodes = [node("Tanh", "x", "a"), node("NonZero", "a", "b"), node("Cast", "b", "y", to=FLOAT)]
    network = read(nodes, {"x": [2, 9]}, outputs=["a", "y"])
    assert [ignored.operator for ignored in network.ignored] == ["NonZero", "Cast"]
    assert network.outputs == ("a",)


def test_nodes_in_any_order(read):
    nodes = [node("Relu", "a", "y"), node("Tanh", "x", "a")]
    network = read(nodes, {"x": [4]}, outputs=["y"])
    assert [layer.outputs for layer in network.layers] == [("a",), ("y",)]


def test_functions_of_the_model_are_written_out(tmp_path):
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    body = [node("MatMul", "a b", "c"), node("Relu", "c", "d")]
    function = helper.make_function("mine", "Dense", ["a", "b"], ["d"], body, versions)
    graph = helper.make_graph(
        [node("Dense", "x w", "y", domain="mine")],
        "graph",
        [helper.make_tensor_value_info("x", FLOAT, [2, 4])],
        [helper.make_tensor_value_info("y", FLOAT, [2, 3])],
        [numpy_helper.from_array(floats(4, 3), "w")],
    )
    built = helper.make_model(graph, opset_imports=versions, functions=[function], ir_version=8)
    path = tmp_path / "functions.onnx"
    path.write_bytes(built.SerializeToString())
    assert [layer.kind for layer in read_onnx(path).layers] == ["fc", "activation"]


def test_cached_attention_is_refused_by_name(read):
    shapes = {name: [1, 2, 4, 8] for name in ("q", "k", "v", "pk", "pv")}
    attention = helper.make_node("Attention", ["q", "k", "v", "", "pk", "pv"], ["y"])
    with pytest.raises(Unsupported) as caught:
        read([attention], shapes, opset=23)
    assert "Attention" in caught.value.got
