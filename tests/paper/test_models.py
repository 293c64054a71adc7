"""Table II of the survey, and what other publications print about the same networks.

One row per number: network, what is counted, the claim, how near we must come, and why. A claim
printed with few digits is met when ours rounds to it.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from picojoule.workload import Layer, Network, profile, zoo

MODELS = Path(__file__).parents[2].parent / "shared" / "data" / "models"


def total(key: str) -> Callable[[Network], int]:
    def read(network: Network) -> int:
        found = profile(network).to_dict()["totals"]
        assert isinstance(found, dict)
        return found[key]

    return read


def parameters(network: Network) -> int:
    """Everything trainable: statistics of batch normalisation are not."""
    return sum(p.words for p in network.parameters() if p.role != "statistics")


def convolutions(network: Network) -> list[Layer]:
    return [layer for layer in network.layers if layer.kind == "conv"]


def depth(network: Network) -> int:
    """Convolutions on the longest way through the graph."""
    longest = dict.fromkeys(network.inputs, 0)
    for layer in network.layers:
        way = max(longest[value] for value in layer.inputs) + (layer.kind == "conv")
        longest.update(dict.fromkeys(layer.outputs, way))
    return longest[network.outputs[0]]


CONV_W, CONV_M, FC_W, FC_M = map(total, ("conv_weights", "conv_macs", "fc_weights", "fc_macs"))
WEIGHTS, MACS = total("weights"), total("macs")

TABLE_II = [
    # sze2017, Table II: network, counted, claim, half a unit of its last digit
    ("alexnet", CONV_W, 2.3e6, 0.05e6),
    ("alexnet", CONV_M, 666e6, 0.5e6),
    ("alexnet", FC_W, 58.6e6, 0.05e6),
    ("alexnet", FC_M, 58.6e6, 0.05e6),
    ("alexnet", WEIGHTS, 61e6, 0.5e6),
    ("alexnet", MACS, 724e6, 0.5e6),
    ("overfeat-fast", CONV_W, 16e6, 0.5e6),
    ("overfeat-fast", CONV_M, 2.67e9, 0.005e9),
    ("overfeat-fast", FC_W, 130e6, 0.5e6),
    ("overfeat-fast", FC_M, 130e6, 0.5e6),
    ("overfeat-fast", WEIGHTS, 146e6, 0.5e6),
    ("overfeat-fast", MACS, 2.8e9, 0.05e9),
    ("vgg16", CONV_W, 14.7e6, 0.05e6),
    ("vgg16", CONV_M, 15.3e9, 0.05e9),
    ("vgg16", FC_W, 124e6, 0.5e6),
    ("vgg16", FC_M, 124e6, 0.5e6),
    ("vgg16", WEIGHTS, 138e6, 0.5e6),
    ("vgg16", MACS, 15.5e9, 0.05e9),
    ("googlenet", CONV_W, 6.0e6, 0.05e6),
    ("googlenet", FC_W, 1e6, 0.5e6),
    ("googlenet", FC_M, 1e6, 0.5e6),
    ("googlenet", WEIGHTS, 7e6, 0.5e6),
    ("resnet50", CONV_W, 23.5e6, 0.05e6),
    ("resnet50", CONV_M, 3.86e9, 0.005e9),
    ("resnet50", FC_W, 2e6, 0.5e6),
    ("resnet50", FC_M, 2e6, 0.5e6),
    ("resnet50", WEIGHTS, 25.5e6, 0.05e6),
    ("resnet50", MACS, 3.9e9, 0.05e9),
    ("lenet5", FC_W, 58e3, 1e3),  # ours has the output's 840 weights too
    ("lenet5", FC_M, 58e3, 1e3),
    ("lenet5", WEIGHTS, 60e3, 1e3),
    # the text beside it
    ("resnet152", MACS, 11.3e9, 0.05e9),
    ("resnet152", WEIGHTS, 60e6, 0.5e6),
]

EXACT = [
    # worked out from the layer shapes of sze2017's networks, without this program
    ("alexnet", CONV_W, 2_332_704),
    ("alexnet", CONV_M, 665_784_864),
    ("alexnet", FC_W, 58_621_952),
    ("alexnet", WEIGHTS, 60_954_656),
    ("alexnet", MACS, 724_406_816),
    ("vgg16", CONV_W, 14_710_464),
    ("vgg16", CONV_M, 15_346_630_656),
    ("vgg16", FC_W, 123_633_664),
    ("vgg16", WEIGHTS, 138_344_128),
    ("vgg16", MACS, 15_470_264_320),
    ("overfeat-fast", CONV_W, 15_984_672),
    ("overfeat-fast", CONV_M, 2_671_478_784),
    ("overfeat-fast", FC_W, 129_925_120),
    ("resnet50", CONV_W, 23_454_912),
    ("resnet50", CONV_M, 3_855_925_248),
    ("resnet50", FC_W, 2_048_000),
    ("googlenet", CONV_W, 5_966_272),
    ("googlenet", CONV_M, 1_581_647_872),
    # torchvision's documentation of its models ("num_params"), biases and scales included
    ("resnet18", parameters, 11_689_512),
    ("resnet34", parameters, 21_797_672),
    ("resnet50-v1.5", parameters, 25_557_032),
    ("resnet101-v1.5", parameters, 44_549_160),
    ("resnet152-v1.5", parameters, 60_192_808),
    ("vgg16", parameters, 138_357_544),
    ("vgg19", parameters, 143_667_240),
    ("squeezenet", parameters, 1_248_424),
    ("squeezenet-v1.1", parameters, 1_235_496),
    ("mobilenet-v2", parameters, 3_504_872),
]


@pytest.mark.parametrize(("name", "count", "claim", "tolerance"), TABLE_II)
def test_table_two(name: str, count, claim: float, tolerance: float) -> None:
    assert abs(count(zoo.network(name)) - claim) <= tolerance


@pytest.mark.parametrize(("name", "count", "claim"), EXACT)
def test_to_the_last_digit(name: str, count, claim: int) -> None:
    assert count(zoo.network(name)) == claim


@pytest.mark.parametrize(
    ("name", "count", "deep", "kernels", "channels", "filters", "strides"),
    [
        # sze2017, Table II; channels are those of one filter, hence per group in AlexNet
        ("alexnet", 5, 5, {3, 5, 11}, (3, 256), (96, 384), {1, 4}),
        ("overfeat-fast", 5, 5, {3, 5, 11}, (3, 1024), (96, 1024), {1, 4}),
        ("vgg16", 13, 13, {3}, (3, 512), (64, 512), {1}),
        ("googlenet", 57, 21, {1, 3, 5, 7}, (3, 832), (16, 384), {1, 2}),
        ("resnet50", 53, 49, {1, 3, 7}, (3, 2048), (64, 2048), {1, 2}),
        ("lenet5-caffe", 2, 2, {5}, (1, 20), (20, 50), {1}),
    ],
)
def test_shapes_of_table_two(name, count, deep, kernels, channels, filters, strides) -> None:
    network = zoo.network(name)
    layers = convolutions(network)
    shapes = [layer.parameters[0].shape for layer in layers]
    assert len(layers) == count
    assert depth(network) == deep
    assert {size for shape in shapes for size in shape[2:]} == kernels
    assert (min(s[1] for s in shapes), max(s[1] for s in shapes)) == channels
    assert (min(s[0] for s in shapes), max(s[0] for s in shapes)) == filters
    assert {layer.attributes["stride"][0] for layer in layers} == strides


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        # chen2016isca: the ALU bars of AlexNet's figures, to the last digit
        ("CONV1", 105_415_200),
        ("CONV2", 223_948_800),
        ("CONV3", 149_520_384),
        ("CONV4", 112_140_288),
        ("CONV5", 74_760_192),
        ("FC6", 37_748_736),
        ("FC7", 16_777_216),
        ("FC8", 4_096_000),
    ],
)
def test_layers_of_alexnet(name: str, macs: int) -> None:
    layers = {layer.name: layer for layer in zoo.network("alexnet").layers}
    assert layers[name].macs == macs


@pytest.mark.parametrize(
    ("larger", "smaller", "count", "claim", "tolerance"),
    [
        ("overfeat-accurate", "overfeat-fast", MACS, 1.9, 0.05),  # sze2017, Sec. III-B
        ("vgg19", "vgg16", MACS, 1.27, 0.005),  # sze2017, Sec. III-B
        ("resnet152", "resnet50", MACS, 2.9, 0.05),  # sze2017, Sec. III-B
        ("alexnet", "squeezenet", parameters, 50, 2.5),  # iandola2016: "50x fewer"
        ("squeezenet", "squeezenet-v1.1", MACS, 2.4, 0.05),  # the authors' repository
    ],
)
def test_ratios(larger: str, smaller: str, count, claim: float, tolerance: float) -> None:
    ratio = count(zoo.network(larger)) / count(zoo.network(smaller))
    assert abs(ratio - claim) <= tolerance


@pytest.mark.parametrize(
    ("name", "count", "claim", "tolerance"),
    [
        ("mobilenet-v1", MACS, 569e6, 0.5e6),  # howard2017, Table 4
        ("mobilenet-v1", parameters, 4.2e6, 0.05e6),  # howard2017, Table 4
        ("mobilenet-v2", MACS, 300e6, 1e6),  # sandler2018, Table 4
        ("mobilenet-v2", WEIGHTS, 3.4e6, 0.1e6),  # sandler2018, Table 4: cut, not rounded
    ],
)
def test_compact_networks(name: str, count, claim: float, tolerance: float) -> None:
    assert abs(count(zoo.network(name)) - claim) <= tolerance


@pytest.mark.parametrize(
    ("layer", "trainable", "connections"),
    [
        # lecun1998, Sec. II-B
        ("C1", 156, 122_304),
        ("S2", 12, 5_880),
        ("C3", 1_516, 151_600),
        ("S4", 32, 2_000),
        ("C5", 48_120, 48_120),
        ("F6", 10_164, 10_164),
    ],
)
def test_layers_of_lenet(layer: str, trainable: int, connections: int) -> None:
    network = zoo.network("lenet5")
    parts = [part for part in network.layers if part.name.split(".")[0] == layer]
    assert sum(p.words for part in parts for p in part.parameters) == trainable
    assert sum(connect(network, part) for part in parts) == connections


def connect(network: Network, layer: Layer) -> int:
    """Connections as the paper counts them: a bias is one, a pooled pixel is one."""
    outputs = network.values[layer.outputs[0]].words
    biased = any(parameter.role == "bias" for parameter in layer.parameters)
    if layer.kind == "pool":
        return layer.operation.steps
    return layer.macs + (outputs if biased else 0)


def test_lenet_in_all() -> None:
    """lecun1998: 60,000 trainable parameters; 340,908 connections, which Table II calls MACs."""
    network = zoo.network("lenet5")
    assert parameters(network) == 60_000 + 840  # the output's 840 were fixed
    assert sum(connect(network, layer) for layer in network.layers) == 340_908


def test_googlenet_with_pooling_that_rounds_down() -> None:
    """Table II's 1.43G: planes of 55, 27, 13 and 6 in place of the paper's 56, 28, 14 and 7."""
    rounded = {112: 112, 56: 55, 28: 27, 14: 13, 7: 6}
    macs = 0
    for layer in convolutions(zoo.network("googlenet")):
        plane = layer.operation.sizes["P"]
        macs += layer.macs // plane**2 * rounded[plane] ** 2
    assert abs(macs - 1.43e9) <= 0.005e9


def test_bert_base_from_its_block() -> None:
    """devlin2019: 110 M parameters: embeddings, twelve blocks and the pooler."""
    embeddings = (30_522 + 512 + 2) * 768 + 2 * 768
    pooler = 768 * 768 + 768
    whole = embeddings + 12 * parameters(zoo.network("transformer-block")) + pooler
    assert whole == 109_482_240
    assert abs(whole - 110e6) <= 0.6e6


def test_lstm_has_the_shapes_of_the_published_graph() -> None:
    """The authors' frozen graph stores its shapes as protocol-buffer fields, looked up as bytes."""
    path = MODELS / "kws_arm" / "Basic_LSTM_S.pb"
    if not path.exists():
        pytest.skip("the published keyword spotter is not beside the repository")
    graph = path.read_bytes()
    network = zoo.network("lstm")
    stored = {parameter.name: parameter.shape for parameter in network.parameters()}
    for name in ("lstm.gates.weight", "output.weight"):
        shape = b"".join(dimension(size) for size in reversed(stored[name]))
        assert shape in graph, name
    frames = b"".join(size.to_bytes(4, "little") for size in network.values["data"].shape[1:])
    assert b"\xff\xff\xff\xff" + frames in graph  # reshaped to (-1, 49, 10)


def dimension(size: int) -> bytes:
    """One dimension of a TensorShapeProto."""
    digits = [size & 127 | 128, size >> 7] if size > 127 else [size]
    return bytes([0x12, len(digits) + 1, 0x08, *digits])


def test_the_page_shows_what_the_program_counts() -> None:
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("| ")
    ]
    heads = next(row[1:] for row in rows if "alexnet" in row)
    for row in (row for row in rows if row[0][:1] not in ("", "`") and " (" in row[1]):
        key = row[0].lower().removeprefix("total ").replace(" ", "_")
        for name, cell in zip(heads, row[1:], strict=True):
            assert cell.split(" ")[0].strip("*") == f"{total(key)(zoo.network(name)):,}", row
    zoo_rows = {row[0].strip("`"): row for row in rows if row[0].startswith("`")}
    assert set(zoo_rows) == set(zoo.names())
    for name, row in zoo_rows.items():
        counts = [total(key)(zoo.network(name)) for key in ("weights", "other_parameters", "macs")]
        assert row[1:5] == [zoo.describe(name), *(f"{count:,}" for count in counts)]
