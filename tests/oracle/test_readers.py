"""ONNX file, torch module, zoo and an independent counter agree on the same network."""

import math
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from picojoule.workload import zoo
from picojoule.workload.load import load
from picojoule.workload.readers import read_onnx

MODELS = Path(__file__).parents[2].parent / "shared" / "data" / "models"
FLOAT = TensorProto.FLOAT


def shared(path):
    if not (MODELS / path).exists():
        pytest.skip(f"model file {path} is not beside this checkout")
    return MODELS / path


def stored_words(network, role="weights"):
    return sum(parameter.words for parameter in network.parameters() if parameter.role == role)


def kind_macs(network, kind):
    return sum(layer.macs for layer in network.layers if layer.kind == kind)


# Files of others


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("structure_only/onnx/light_vgg19.onnx", "vgg19"),
        ("structure_only/onnx/light_resnet50.onnx", "resnet50-v1.5"),
        ("structure_only/onnx/light_squeezenet.onnx", "squeezenet-v1.1"),
        ("squeezenet/SqueezeNet_v1.1_fp16.onnx", "squeezenet-v1.1"),
    ],
)
def test_file_counts_what_the_zoo_counts(path, name):
    network, known = read_onnx(shared(path)), zoo.network(name)
    assert not network.ignored
    assert network.macs == known.macs
    for role in ("weights", "bias", "scale", "statistics"):
        assert stored_words(network, role) == stored_words(known, role), role
    mine = [layer for layer in network.layers if layer.macs]
    theirs = [layer for layer in known.layers if layer.macs]
    assert sorted(layer.macs for layer in mine) == sorted(layer.macs for layer in theirs)


def test_alexnet_of_caffe_differs_by_its_input():
    """224 x 224 instead of 227 x 227: planes of 54, 26 and 12 instead of 55, 27 and 13."""
    network = read_onnx(shared("structure_only/onnx/light_bvlc_alexnet.onnx"))
    planes = [54, 26, 12, 12, 12]
    per_position = [96 * 3 * 121, 256 * 48 * 25, 384 * 256 * 9, 384 * 192 * 9, 256 * 192 * 9]
    expected = sum(p * p * macs for p, macs in zip(planes, per_position, strict=True))
    assert kind_macs(network, "conv") == expected
    known = zoo.network("alexnet")
    assert kind_macs(network, "fc") == kind_macs(known, "fc") == 58_621_952
    assert stored_words(network) == stored_words(known)
    resized = read_onnx(
        shared("structure_only/onnx/light_bvlc_alexnet.onnx"), inputs={"data_0": (1, 3, 227, 227)}
    )
    assert resized.macs == known.macs == 724_406_816


def test_inception_of_caffe2_differs_by_how_its_pools_round():
    """Pools that round down give 55, 27, 13 and 6 where Caffe's give 56, 28, 14 and 7."""
    network = read_onnx(shared("structure_only/onnx/light_inception_v1.onnx"))
    known = zoo.network("googlenet")
    assert stored_words(network) == stored_words(known)
    smaller = {112: 112, 56: 55, 28: 27, 14: 13, 7: 6, 1: 1}
    expected = 0
    for layer in known.layers:
        if layer.kind in ("conv", "fc"):
            plane = layer.operation.sizes.get("P", 1)
            expected += layer.macs * smaller[plane] ** 2 // plane**2
    assert network.macs == expected == 1_431_556_352


@pytest.mark.parametrize(
    ("path", "products"),
    [
        (
            "lenet/lenet5_webmnist.onnx",  # 8 and 16 filters, 128, 64 and 10 neurons
            [28 * 28 * 8 * 25, 10 * 10 * 16 * 8 * 25, 16 * 25 * 128, 128 * 64, 64 * 10],
        ),
        ("lenet/mnist_cntk.onnx", [28 * 28 * 8 * 25, 14 * 14 * 16 * 8 * 25, 16 * 16 * 10]),
        (
            "structure_only/onnx/light_zfnet512.onnx",
            [
                109 * 109 * 96 * 3 * 49,
                25 * 25 * 256 * 96 * 25,
                12 * 12 * 512 * 256 * 9,
                12 * 12 * 512 * 512 * 9,
                12 * 12 * 512 * 512 * 9,
                6 * 6 * 512 * 4096,
                4096 * 1024,
                1024 * 1000,
            ],
        ),
        (
            "mlperf_tiny_open/kws_w3a3_qonnx.onnx",
            [490 * 256, 256 * 256, 256 * 256, 256 * 12],
        ),
    ],
)
def test_file_counts_what_hand_arithmetic_counts(path, products):
    network = read_onnx(shared(path))
    assert [layer.macs for layer in network.layers if layer.macs] == products


def test_widths_of_the_quantized_keyword_spotter():
    network = read_onnx(shared("mlperf_tiny_open/kws_w3a3_qonnx.onnx"))
    products = [layer.operation for layer in network.layers if layer.macs]
    assert [operation.tensors[0].bits for operation in products] == [3, 3, 3, 3]
    assert [operation.tensors[1].bits for operation in products] == [8, 3, 3, 3]


@pytest.mark.parametrize(
    "path",
    sorted(str(path.relative_to(MODELS)) for path in MODELS.rglob("*.onnx")) or ["(none)"],
)
def test_every_shape_is_what_onnx_infers(path):
    file = shared(path)
    network = read_onnx(file)
    inferred = onnx.shape_inference.infer_shapes(onnx.load(file), data_prop=True)
    known = {
        info.name: tuple(dim.dim_value for dim in info.type.tensor_type.shape.dim)
        for info in (*inferred.graph.value_info, *inferred.graph.output)
        if info.type.tensor_type.HasField("shape")
        and all(dim.HasField("dim_value") for dim in info.type.tensor_type.shape.dim)
    }
    checked = [name for name in network.values if name in known]
    assert len(checked) >= len(network.layers) // 2 or "qonnx" in path
    for name in checked:
        assert network.values[name].shape == known[name], name


@pytest.mark.parametrize(
    "path",
    sorted(str(path.relative_to(MODELS)) for path in MODELS.rglob("*.onnx")) or ["(none)"],
)
def test_work_grows_with_the_batch_and_weights_do_not(path):
    one, four = read_onnx(shared(path)), read_onnx(shared(path), batch=4)
    assert four.batch == 4
    assert four.macs == 4 * one.macs
    assert stored_words(four) == stored_words(one)
    assert four.values[four.outputs[0]].shape[0] == 4


# The zoo through torch

ZOO = ("lenet5", "lenet5-caffe", "alexnet", "googlenet", "resnet18", "resnet50", "squeezenet",
       "mobilenet-v1", "mobilenet-v2", "lstm", "transformer-block")  # fmt: skip


@pytest.mark.parametrize("name", ZOO)
def test_zoo_made_a_torch_module_counts_the_same(name):
    torch = pytest.importorskip("torch")
    known = zoo.network(name)
    with torch.device("meta"):
        module = known.to_torch()
    network = load(module, inputs=[known.values[value].shape for value in known.inputs])
    assert not network.ignored
    assert network.macs == known.macs
    assert stored_words(network) == stored_words(known)


# Pairs: the same network built twice, as an ONNX graph and as a torch module


class Onnx:
    """Builds an ONNX graph node by node."""

    def __init__(self, **inputs):
        self.inputs = [helper.make_tensor_value_info(n, FLOAT, s) for n, s in inputs.items()]
        self.nodes, self.weights = [], []

    def weight(self, *shape):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.zeros(shape, np.float32), name))
        return name

    def ints(self, *values):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def add(self, operator, *inputs, outputs=1, **attributes):
        names = [f"{operator.lower()}{len(self.nodes)}.{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def read(self, folder, output):
        out = helper.make_tensor_value_info(output, FLOAT, None)
        graph = helper.make_graph(self.nodes, "pair", self.inputs, [out], self.weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.shape_inference.infer_shapes(made, check_type=True, strict_mode=True)
        path = folder / "pair.onnx"
        path.write_bytes(made.SerializeToString())
        return read_onnx(path)


def convolutions(torch, folder):
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.Conv2d(8, 12, 3, dilation=2, groups=4, bias=False),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 7),
    )
    g = Onnx(x=[2, 3, 32, 30])
    x = g.add("Conv", "x", g.weight(8, 3, 5, 5), g.weight(8), strides=[2, 2], pads=[2] * 4)
    x = g.add("BatchNormalization", x, g.weight(8), g.weight(8), g.weight(8), g.weight(8))
    x = g.add("Relu", x)
    x = g.add("Conv", x, g.weight(8, 1, 3, 3), g.weight(8), pads=[1] * 4, group=8)
    x = g.add("Conv", x, g.weight(12, 2, 3, 3), dilations=[2, 2], group=4)
    x = g.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    x = g.add("GlobalAveragePool", x)
    x = g.add("Flatten", x)
    x = g.add("Gemm", x, g.weight(7, 12), g.weight(7), transB=1)
    return module, [(2, 3, 32, 30)], g.read(folder, x)


def other_ranks(torch, folder):
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv3d(2, 4, (3, 2, 2), stride=(1, 2, 1), padding=(1, 0, 1)),
        nn.MaxPool3d(2),
        nn.Flatten(2),
        nn.Conv1d(4, 6, 5, stride=3),
        nn.ConvTranspose1d(6, 3, 4, stride=2, padding=1),
        nn.Unflatten(2, (2, -1)),
        nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1),
    )
    g = Onnx(x=[1, 2, 6, 8, 7])
    x = g.add("Conv", "x", g.weight(4, 2, 3, 2, 2), g.weight(4), strides=[1, 2, 1],
              pads=[1, 0, 1, 1, 0, 1])  # fmt: skip
    x = g.add("MaxPool", x, kernel_shape=[2, 2, 2], strides=[2, 2, 2])
    x = g.add("Reshape", x, g.ints(0, 0, -1))
    x = g.add("Conv", x, g.weight(6, 4, 5), g.weight(6), strides=[3])
    x = g.add("ConvTranspose", x, g.weight(6, 3, 4), g.weight(3), strides=[2], pads=[1, 1])
    x = g.add("Reshape", x, g.ints(1, 3, 2, -1))
    x = g.add("ConvTranspose", x, g.weight(3, 4, 3, 3), g.weight(4), strides=[2, 2], pads=[1] * 4,
              output_padding=[1, 1])  # fmt: skip
    return module, [(1, 2, 6, 8, 7)], g.read(folder, x)


def recurrence(torch, folder):
    nn = torch.nn

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(5, 7, bidirectional=True)
            self.gru = nn.GRU(14, 6)
            self.rnn = nn.RNN(6, 4)

        def forward(self, x):
            return self.rnn(self.gru(self.lstm(x)[0])[0])[0]

    g = Onnx(x=[9, 3, 5])
    weights = g.weight(2, 28, 5), g.weight(2, 28, 7), g.weight(2, 56)
    y, _, _ = g.add("LSTM", "x", *weights, outputs=3, hidden_size=7, direction="bidirectional")
    x = g.add("Reshape", g.add("Transpose", y, perm=[0, 2, 1, 3]), g.ints(0, 0, -1))
    y, _ = g.add("GRU", x, g.weight(1, 18, 14), g.weight(1, 18, 6), g.weight(1, 36), outputs=2,
                 hidden_size=6)  # fmt: skip
    x = g.add("Squeeze", y, g.ints(1))
    y, _ = g.add("RNN", x, g.weight(1, 4, 6), g.weight(1, 4, 4), g.weight(1, 8), outputs=2,
                 hidden_size=4)  # fmt: skip
    return Recurrent(), [(9, 3, 5)], g.read(folder, g.add("Squeeze", y, g.ints(1)))


def attention(torch, folder):
    nn = torch.nn

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value = (nn.Linear(24, 24, bias=False) for _ in range(3))
            self.norm = nn.LayerNorm(24)

        def forward(self, x):
            split = [part(x).unflatten(-1, (4, 6)).transpose(1, 2) for part in
                     (self.query, self.key, self.value)]  # fmt: skip
            made = nn.functional.scaled_dot_product_attention(*split)
            return self.norm(made.transpose(1, 2).flatten(2) + x)

    g = Onnx(x=[2, 10, 24])
    heads = [
        g.add("Reshape", g.add("MatMul", "x", g.weight(24, 24)), g.ints(0, 0, 4, 6))
        for _ in range(3)
    ]
    query, value = (g.add("Transpose", head, perm=[0, 2, 1, 3]) for head in heads[::2])
    key = g.add("Transpose", heads[1], perm=[0, 2, 3, 1])
    scores = g.add("Softmax", g.add("MatMul", query, key), axis=-1)
    made = g.add("Transpose", g.add("MatMul", scores, value), perm=[0, 2, 1, 3])
    flat = g.add("Reshape", made, g.ints(0, 0, -1))
    total = g.add("Add", flat, "x")
    out = g.add("LayerNormalization", total, g.weight(24), g.weight(24))
    return Attention(), [(2, 10, 24)], g.read(folder, out)


def products(torch, folder):
    nn = torch.nn

    class Products(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Parameter(torch.zeros(6, 5))
            self.mixed = nn.Parameter(torch.zeros(4, 3))

        def forward(self, x, z):
            made = torch.einsum("bij,bjk->bik", x @ self.first, z)
            return self.mixed @ made.reshape(2, 3, -1)

    g = Onnx(x=[2, 3, 6], z=[2, 5, 8])
    x = g.add("MatMul", "x", g.weight(6, 5))
    x = g.add("Einsum", x, "z", equation="bij,bjk->bik")
    x = g.add("MatMul", g.weight(4, 3), x)
    return Products(), [(2, 3, 6), (2, 5, 8)], g.read(folder, x)


PAIRS = [convolutions, other_ranks, recurrence, attention, products]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.__name__)
def test_onnx_and_torch_and_flop_counter_agree(pair, tmp_path):
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        module, shapes, from_onnx = pair(torch, tmp_path)
        inputs = [torch.empty(shape) for shape in shapes]
        with FlopCounterMode(display=False) as counter:
            result = module.eval()(*inputs)
    from_torch = load(module, inputs=shapes)
    assert counter.get_total_flops() == 2 * from_torch.macs
    assert from_onnx.macs == from_torch.macs
    assert [layer.macs for layer in from_onnx.layers if layer.macs] == [
        layer.macs for layer in from_torch.layers if layer.macs
    ]
    stored = sum(parameter.numel() for parameter in module.parameters())
    for network in (from_onnx, from_torch):
        assert not network.ignored
        others = sum(stored_words(network, role) for role in ("bias", "scale"))
        assert stored_words(network) + others == stored
        assert math.prod(network.values[network.outputs[0]].shape) == result.numel()


def test_torch_weights_are_not_needed_and_not_changed():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    real = nn.Sequential(nn.Linear(6, 4), nn.Dropout(), nn.LSTM(4, 3)).train()
    before = {name: tensor.clone() for name, tensor in real.state_dict().items()}
    network = load(real, inputs=[(5, 6)], batch=2)
    assert network.batch == 2
    assert real.training
    assert all(part.training for part in real.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in real.state_dict().items())


def test_tied_weights_are_stored_once():
    torch = pytest.importorskip("torch")
    embedding, head = torch.nn.Embedding(50, 8), torch.nn.Linear(8, 50, bias=False)
    head.weight = embedding.weight
    tokens = torch.zeros(1, 6, dtype=torch.long)
    network = load(torch.nn.Sequential(embedding, head), inputs=[tokens])
    assert network.macs == 6 * 8 * 50
    assert [(parameter.words, parameter.role) for parameter in network.parameters()] == [
        (400, "weights")
    ]


def test_module_called_twice_is_two_layers_of_one_set_of_weights():
    torch = pytest.importorskip("torch")

    class Twice(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.lstm = torch.nn.LSTMCell(4, 4), torch.nn.LSTM(4, 4, num_layers=2)

        def forward(self, x):
            x = self.lstm(self.lstm(x)[0])[0][0]
            return self.cell(x, self.cell(x))[0]

    network = load(Twice(), inputs=[(5, 3, 4)])
    gates = 4 * 4 * (4 + 4)  # rows x (inputs + state)
    assert network.macs == 2 * 2 * 5 * 3 * gates + 2 * 3 * gates
    assert stored_words(network) == (2 + 1) * gates
    made = [value for layer in network.layers for value in layer.outputs]
    assert len(set(made)) == len(made)
    assert len({layer.name for layer in network.layers}) == len(network.layers)


def test_module_of_many_functions_counts_what_torch_counts():
    """Rotary positions, a causal mask and shared keys, written out as people write them."""
    torch = pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    nn = torch.nn

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.query = nn.Embedding(100, 32), nn.Linear(32, 32)
            self.key, self.value = nn.Linear(32, 16), nn.Linear(32, 16)
            self.norm = nn.RMSNorm(32)
            self.gate, self.up = nn.Linear(32, 64, bias=False), nn.Linear(32, 64, bias=False)
            self.down = nn.Linear(64, 32, bias=False)
            self.register_buffer("rates", 1.0 / torch.arange(1.0, 5.0))

        def turned(self, x):
            angles = torch.outer(torch.arange(x.shape[2], device=x.device).float(), self.rates)
            angles = torch.cat((angles, angles), -1)
            swapped = torch.cat((-x[..., 4:], x[..., :4]), -1)
            return x * angles.cos() + swapped * angles.sin()

        def forward(self, tokens):
            x = self.embed(tokens)
            y = self.norm(x)
            query, key, value = (
                part(y).unflatten(-1, (-1, 8)).transpose(1, 2)
                for part in (self.query, self.key, self.value)
            )
            query, key = self.turned(query), self.turned(key)
            key, value = key.repeat_interleave(2, 1), value.repeat_interleave(2, 1)
            length = tokens.shape[1]
            mask = torch.full((length, length), -math.inf, device=x.device).triu(1)
            scores = (query @ key.transpose(-1, -2) / 8**0.5 + mask).softmax(-1)
            x = x + (scores @ value).transpose(1, 2).flatten(2)
            x = x + self.down(nn.functional.silu(self.gate(x)) * self.up(x))
            return nn.functional.linear(x, self.embed.weight)

    with torch.device("meta"):
        module, tokens = Decoder().eval(), torch.zeros(2, 9, dtype=torch.long)
        with FlopCounterMode(display=False) as counter:
            module(tokens)
    network = load(module, inputs=[tokens])
    assert 2 * network.macs == counter.get_total_flops()
    assert not network.ignored
    stored = sum(weight.numel() for weight in module.parameters() if weight.dim() > 1)
    assert stored_words(network) == stored
