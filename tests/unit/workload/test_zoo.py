"""The zoo: graphs that hold together, equal to torch's own view of the same definition."""

import re
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import nn

from picojoule.errors import Unsupported, WorkloadError
from picojoule.sources import check_source
from picojoule.workload import Layer, Network, Parameter, Value, concat, fully_connected, zoo

CAFFE = Path(__file__).parents[3].parent / "shared" / "data" / "models" / "structure_only" / "caffe"
RUN = ("lenet5", "lenet5-caffe", "alexnet", "squeezenet", "squeezenet-v1.1", "resnet18")
RUN += ("mobilenet-v1", "mobilenet-v2", "googlenet", "lstm", "transformer-block")


@pytest.mark.parametrize("name", zoo.names())
def test_each_graph_holds_together(name: str) -> None:
    network = zoo.network(name, batch=2)
    assert network.name == name
    assert network.source == zoo.source(name) != ""
    assert check_source(network.source, where=name)
    assert zoo.describe(name)
    made = set(network.inputs)
    used: set[str] = set()
    for layer in network.layers:
        assert set(layer.inputs) <= made, f"{layer.name} uses a value before it is made"
        assert not made & set(layer.outputs), f"{layer.name} makes a value again"
        made |= set(layer.outputs)
        used |= set(layer.inputs)
    assert made == set(network.values)
    assert set(network.outputs) <= made
    unused = made - used - set(network.outputs)
    assert unused <= {"lstm.state"}  # only its last step leaves the layer
    assert len({layer.name for layer in network.layers}) == len(network.layers)
    assert all(network.values[value].shape[0] == 2 for value in made)
    assert network.batch == 2


@pytest.mark.parametrize("name", zoo.names())
def test_operations_write_exactly_their_edges(name: str) -> None:
    network = zoo.network(name)
    for layer in network.layers:
        words = layer.operation.words(layer.operation.output) * layer.repeats
        assert words == network.values[layer.outputs[0]].words, layer.name
        stored = sum(p.words for p in layer.parameters if p.role == "weights")
        weights = [t for t in layer.operation.tensors if t.role == "weights"]
        if stored:
            assert layer.operation.words(weights[0]) == stored, layer.name


@pytest.mark.parametrize("name", zoo.names())
def test_torch_stores_the_same_parameters(name: str) -> None:
    network = zoo.network(name)
    with torch.device("meta"):
        module = network.to_torch()
    stored: Counter[bool] = Counter()
    for parameter in network.parameters():
        stored[parameter.role == "statistics"] += parameter.words
    assert sum(p.numel() for p in module.parameters()) == stored[False]
    statistics = (b for key, b in module.named_buffers() if "running" in key)
    assert sum(buffer.numel() for buffer in statistics) == stored[True]


@pytest.mark.parametrize("name", RUN)
def test_torch_makes_the_same_shapes(name: str) -> None:
    network = zoo.network(name)
    module = network.to_torch().eval()
    data = torch.rand(network.values["data"].shape)
    with torch.no_grad():
        edges = module.edges(data)
        result = module(data)
    assert {key: tuple(edge.shape) for key, edge in edges.items()} == {
        key: value.shape for key, value in network.values.items()
    }
    assert torch.equal(result, edges[network.outputs[0]])
    assert torch.isfinite(result).all()


def test_macs_equal_those_that_torch_counts() -> None:
    counter = pytest.importorskip("torch.utils.flop_counter")
    for name in ("alexnet", "resnet18", "mobilenet-v2", "transformer-block", "lenet5"):
        network = zoo.network(name)
        module = network.to_torch().eval()
        mode = counter.FlopCounterMode(display=False)
        with mode, torch.no_grad():
            module(torch.zeros(network.values["data"].shape))
        assert mode.get_total_flops() == 2 * network.macs, name


def test_a_seed_gives_the_same_weights_and_leaves_torch_alone() -> None:
    network = zoo.network("lenet5-caffe")
    before = torch.random.get_rng_state()
    first, second, other = (network.to_torch(seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_the_module_trains() -> None:
    network = zoo.network("lenet5", batch=8)
    module = network.to_torch(logits=True)
    data = torch.rand(8, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(8)
    optimizer = torch.optim.Adam(module.parameters(), 0.003)
    losses: list[float] = []
    for _ in range(30):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(module(data), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_logits_leave_out_the_last_softmax_only() -> None:
    network = zoo.network("lenet5-caffe")
    data = torch.rand(1, 1, 28, 28)
    with torch.no_grad():
        scores = network.to_torch(logits=True)(data)
        chances = network.to_torch()(data)
    assert torch.allclose(scores.softmax(-1), chances)


def test_lstm_equals_torch_own() -> None:
    """Torch orders the gates i, f, g, o and splits the matrix in two; ours is i, f, o, g."""
    module = zoo.network("lstm").to_torch()
    part = module.parts["lstm_gates"]
    weight, bias = part.gates.weight.detach(), part.gates.bias.detach()
    order = torch.cat([torch.arange(118) + 118 * block for block in (0, 1, 3, 2)])
    own = nn.LSTM(10, 118, batch_first=True)
    own.load_state_dict(
        {
            "weight_ih_l0": weight[order, :10],
            "weight_hh_l0": weight[order, 10:],
            "bias_ih_l0": bias[order],
            "bias_hh_l0": torch.zeros(4 * 118),
        }
    )
    data = torch.rand(1, 49, 10)
    with torch.no_grad():
        states, (last, _) = own(data)
        edges = module.edges(data)
    assert torch.allclose(edges["lstm.state"], states, atol=1e-5)
    assert torch.allclose(edges["lstm.state.last"], last[0], atol=1e-5)


def test_transformer_block_equals_torch_own() -> None:
    module = zoo.network("transformer-block").to_torch().eval()
    parts = module.parts
    own = nn.TransformerEncoderLayer(
        768, 12, 3072, activation="gelu", batch_first=True, layer_norm_eps=1e-12
    ).eval()
    names = {
        "self_attn.out_proj": "attention_output",
        "linear1": "intermediate",
        "linear2": "output",
        "norm1": "attention_norm",
        "norm2": "output_norm",
    }
    state = {
        f"{theirs}.{kind}": getattr(parts[ours], kind)
        for theirs, ours in names.items()
        for kind in ("weight", "bias")
    }
    for kind in ("weight", "bias"):
        joined = [getattr(parts[part], kind) for part in ("query", "key", "value")]
        state[f"self_attn.in_proj_{kind}"] = torch.cat(joined)
    own.load_state_dict(state)
    data = torch.rand(1, 128, 768)
    with torch.no_grad():
        assert torch.allclose(module(data), own(data), atol=1e-4)


def test_shared_parameters_are_one_in_torch() -> None:
    shared = Parameter("shared", (4, 4))
    dense = fully_connected("d", M=4, C=4)
    layers = (
        Layer("a", dense, ("data",), ("x",), (shared,), {"flatten": True}),
        Layer("b", dense, ("x",), ("y",), (shared,), {"flatten": True}),
    )
    values = {name: Value(name, (1, 4)) for name in ("data", "x", "y")}
    module = Network("tied", layers, values, ("data",), ("y",)).to_torch()
    assert sum(parameter.numel() for parameter in module.parameters()) == 16


def test_what_torch_cannot_build_is_named() -> None:
    values = {name: Value(name, (1, 4)) for name in ("data", "x")}
    dense = fully_connected("d", M=4, C=4)
    bare = Layer("bare", concat("bare", (1, 4)), ("data",), ("x",))
    wrong = Layer("w", dense, ("data",), ("x",), (Parameter("w", (4, 4)),) * 2, {"flatten": True})
    strange = Layer("s", fully_connected("s", M=4, C=4, kind="fold"), ("data",), ("x",))
    for layer in (bare, wrong, strange):
        with pytest.raises(Unsupported) as caught:
            Network("n", (layer,), values, ("data",), ("x",)).to_torch()
        assert layer.name in caught.value.where


@pytest.mark.parametrize("call", [zoo.network, zoo.describe, zoo.source])
def test_an_unknown_name_suggests_the_nearest(call) -> None:
    with pytest.raises(WorkloadError) as caught:
        call("resnet-50")
    assert "'resnet50'" in str(caught.value.expected)


@pytest.mark.parametrize("batch", [0, -1, 1.5, True])
def test_a_batch_is_a_whole_number(batch) -> None:
    with pytest.raises(WorkloadError):
        zoo.network("lenet5", batch=batch)


def caffe_convolutions(path: Path) -> list[tuple[int, int, int, int, int]]:
    """(filters, kernel, stride, padding, groups) of each convolution in a prototxt, by pattern."""
    text = path.read_text()
    blocks = re.split(r"\blayers?\s*\{", text)[1:]
    found = []
    for block in blocks:
        if not re.search(r"type:\s*\"?(Convolution|CONVOLUTION|DepthwiseConvolution)\"?", block):
            continue
        read = dict(re.findall(r"\b(num_output|kernel_size|stride|pad|group):\s*(\d+)", block))
        keys = (("num_output", 0), ("kernel_size", 0), ("stride", 1), ("pad", 0), ("group", 1))
        found.append(tuple(int(read.get(key, default)) for key, default in keys))
    return sorted(found)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("alexnet", "bvlc_alexnet_deploy.prototxt"),
        ("googlenet", "bvlc_googlenet_deploy.prototxt"),
        ("resnet50", "ResNet-50-deploy.prototxt"),
        ("vgg16", "intel_default_vgg_16_train_val.prototxt"),
        ("vgg19", "intel_default_vgg_19_train_val.prototxt"),
        ("mobilenet-v1", "mobilenet_deploy.prototxt"),
        ("lenet5-caffe", "mnist_lenet_train_test.prototxt"),
    ],
)
def test_convolutions_equal_the_published_caffe_file(name: str, file: str) -> None:
    path = CAFFE / file
    if not path.exists():
        pytest.skip(f"{file} is not beside the repository")
    ours = []
    for layer in zoo.network(name).layers:
        if layer.kind == "conv":
            filters, _, kernel, _ = layer.parameters[0].shape
            stride, padding = layer.attributes["stride"][0], layer.attributes["padding"][0]
            ours.append((filters, kernel, stride, padding, layer.attributes["groups"]))
    convolutions = caffe_convolutions(path)
    if name == "mobilenet-v1":  # the file ends in a 1x1 convolution where the paper has an FC
        convolutions.remove((1000, 1, 1, 0, 1))
    assert sorted(ours) == convolutions
