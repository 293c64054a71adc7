"""Zoo: well-known networks, each defined once, without torch, with its source.

`network("alexnet")` builds one; weights are shapes only. `to_torch` turns the same definition into
a trainable module.
"""

from collections.abc import Callable
from dataclasses import dataclass

from picojoule.errors import WorkloadError, nearest
from picojoule.workload.build import Bits, whole
from picojoule.workload.network import Network
from picojoule.workload.zoo import branched, plain, sequence

__all__ = ["describe", "names", "network", "source"]

_RESNET = "he2016, Table 1"
_BOTTLENECK = f"{_RESNET}; the stride's place as in the authors' Caffe files"
_VGG = "simonyan2014, Table 1"
_OVERFEAT = "sermanet2013"
_SQUEEZENET = "iandola2016, Table 1"
_LATER_STRIDE = "stride in the 3x3 of the bottleneck, as torchvision has it"


@dataclass(frozen=True, slots=True)
class _Entry:
    build: Callable[[str, str, int, Bits], Network]
    description: str
    source: str


_ENTRIES = {
    "lenet5": _Entry(
        plain.lenet,
        "LeNet-5 of 1998, 32x32 grey: partly connected C3, trainable subsampling",
        "lecun1998, Sec. II-B and Table I",
    ),
    "lenet5-caffe": _Entry(
        plain.lenet_caffe,
        "LeNet as Caffe trains it on MNIST, 28x28 grey: 20 and 50 filters, ReLU",
        "stated: BVLC Caffe, examples/mnist/lenet.prototxt",
    ),
    "alexnet": _Entry(
        plain.alexnet,
        "AlexNet, 227x227, two groups in CONV2, CONV4 and CONV5",
        "krizhevsky2012, Sec. 3.5; 227 pixels a side as sze2017 has it",
    ),
    "overfeat-fast": _Entry(
        plain.overfeat_fast, "OverFeat, fast model, 231x231", f"{_OVERFEAT}, Table 1"
    ),
    "overfeat-accurate": _Entry(
        plain.overfeat_accurate, "OverFeat, accurate model, 221x221", f"{_OVERFEAT}, Table 3"
    ),
    "vgg16": _Entry(plain.vgg, "VGG-16 (configuration D), 224x224", _VGG),
    "vgg19": _Entry(plain.vgg, "VGG-19 (configuration E), 224x224", _VGG),
    "googlenet": _Entry(
        branched.googlenet,
        "GoogLeNet (Inception v1), 224x224, without auxiliary classifiers",
        "szegedy2015, Table 1",
    ),
    "resnet18": _Entry(branched.resnet, "ResNet-18, 224x224", _RESNET),
    "resnet34": _Entry(branched.resnet, "ResNet-34, 224x224", _RESNET),
    "resnet50": _Entry(
        branched.resnet, "ResNet-50, 224x224, stride in the first 1x1 as in the paper", _BOTTLENECK
    ),
    "resnet101": _Entry(
        branched.resnet, "ResNet-101, 224x224, stride in the first 1x1 as in the paper", _BOTTLENECK
    ),
    "resnet152": _Entry(
        branched.resnet, "ResNet-152, 224x224, stride in the first 1x1 as in the paper", _BOTTLENECK
    ),
    "resnet50-v1.5": _Entry(branched.resnet, f"ResNet-50, 224x224, {_LATER_STRIDE}", _RESNET),
    "resnet101-v1.5": _Entry(branched.resnet, f"ResNet-101, 224x224, {_LATER_STRIDE}", _RESNET),
    "resnet152-v1.5": _Entry(branched.resnet, f"ResNet-152, 224x224, {_LATER_STRIDE}", _RESNET),
    "squeezenet": _Entry(branched.squeezenet, "SqueezeNet 1.0, 227x227", _SQUEEZENET),
    "squeezenet-v1.1": _Entry(
        branched.squeezenet,
        "SqueezeNet 1.1, 224x224: 2.4 times fewer MACs",
        "iandola2016, version 1.1 in the authors' repository forresti/SqueezeNet",
    ),
    "mobilenet-v1": _Entry(
        branched.mobilenet_first,
        "MobileNet v1, width 1.0, 224x224",
        "howard2017, Table 1",
    ),
    "mobilenet-v2": _Entry(
        branched.mobilenet_second,
        "MobileNet v2, width 1.0, 224x224",
        "sandler2018, Table 2",
    ),
    "lstm": _Entry(
        sequence.keyword_lstm,
        "Keyword spotter: an LSTM of 118 units over 49 frames of 10 features",
        "hochreiter1997, for the cell; sizes: Zhang et al., Hello Edge: keyword spotting on "
        "microcontrollers (arXiv 1711.07128), Basic LSTM, small",
    ),
    "transformer-block": _Entry(
        sequence.transformer_block,
        "One encoder layer of BERT-base, 128 tokens",
        "devlin2019, Sec. 3, BERT-base; the layer is that of vaswani2017",
    ),
}


def names() -> tuple[str, ...]:
    """Every network of the zoo."""
    return tuple(_ENTRIES)


def describe(name: str) -> str:
    """What the network is, in one line.

    Raises:
        WorkloadError: The zoo has no such network.

    >>> describe("vgg16")
    'VGG-16 (configuration D), 224x224'
    """
    return _entry(name).description


def source(name: str) -> str:
    """Where the definition comes from: a source text as in `sources.py`, by its key.

    Raises:
        WorkloadError: The zoo has no such network.
    """
    return _entry(name).source


def network(name: str, *, batch: int = 1, bits: Bits = 16) -> Network:
    """Build a network of the zoo.

    Args:
        name: One of `names()`.
        batch: Images or sequences in flight.
        bits: Word width, or (weights, inputs, outputs).

    Raises:
        WorkloadError: The zoo has no such network, or batch or bits are out of range.

    >>> network("alexnet").macs
    724406816
    """
    entry = _entry(name)
    whole({"batch": batch}, f"network {name!r}")
    return entry.build(name, entry.source, batch, bits)


def _entry(name: str) -> _Entry:
    if name not in _ENTRIES:
        raise WorkloadError(
            "network is not in the zoo",
            where="name of a network",
            got=repr(name),
            expected=nearest(name, _ENTRIES),
            fix="use one of these names, or the path of a model file",
        )
    return _ENTRIES[name]
