"""Branched: networks whose values are used twice: GoogLeNet, ResNet, SqueezeNet, MobileNet-v2."""

from picojoule.workload.build import Bits
from picojoule.workload.network import Network
from picojoule.workload.zoo.sketch import Sketch

INCEPTION = (
    # name, 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection
    ("3a", 64, 96, 128, 16, 32, 32),
    ("3b", 128, 128, 192, 32, 96, 64),
    ("4a", 192, 96, 208, 16, 48, 64),
    ("4b", 160, 112, 224, 24, 64, 64),
    ("4c", 128, 128, 256, 24, 64, 64),
    ("4d", 112, 144, 288, 32, 64, 64),
    ("4e", 256, 160, 320, 32, 128, 128),
    ("5a", 256, 160, 320, 32, 128, 128),
    ("5b", 384, 192, 384, 48, 128, 128),
)

RESNET_BLOCKS = {
    "18": (2, 2, 2, 2),
    "34": (3, 4, 6, 3),
    "50": (3, 4, 6, 3),
    "101": (3, 4, 23, 3),
    "152": (3, 8, 36, 3),
}
"""Depth -> blocks in each of the four stages; from 50 on they are bottlenecks."""

FIRES = (
    # name, squeeze filters, expand filters of each size
    ("fire2", 16, 64),
    ("fire3", 16, 64),
    ("fire4", 32, 128),
    ("fire5", 32, 128),
    ("fire6", 48, 192),
    ("fire7", 48, 192),
    ("fire8", 64, 256),
    ("fire9", 64, 256),
)

MOBILENET = (
    # stride and filters of the thirteen depthwise-separable layers
    (1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512),
    (1, 512), (1, 512), (1, 512), (1, 512), (1, 512), (2, 1024), (1, 1024),
)  # fmt: skip

INVERTED_RESIDUALS = (
    # expansion, filters, blocks, stride of the first
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def googlenet(name: str, source: str, batch: int, bits: Bits) -> Network:
    """GoogLeNet (Inception v1) without its two auxiliary classifiers, which only train."""
    net = Sketch(name, (3, 224, 224), batch=batch, bits=bits, source=source)
    x = _conv_relu(net, "conv1", "data", 64, 7, stride=2, padding=3)
    x = net.pool("pool1", x, 3, stride=2, ceil=True)
    x = net.lrn("norm1", x, window=5, alpha=1e-4, beta=0.75, k=1.0)
    x = _conv_relu(net, "conv2_reduce", x, 64, 1)
    x = _conv_relu(net, "conv2", x, 192, 3, padding=1)
    x = net.lrn("norm2", x, window=5, alpha=1e-4, beta=0.75, k=1.0)
    x = net.pool("pool2", x, 3, stride=2, ceil=True)
    for module, one, reduce3, three, reduce5, five, projection in INCEPTION:
        label = f"inception_{module}"
        wide = _conv_relu(net, f"{label}.3x3_reduce", x, reduce3, 1)
        wider = _conv_relu(net, f"{label}.5x5_reduce", x, reduce5, 1)
        pooled = net.pool(f"{label}.pool", x, 3, stride=1, padding=1)
        x = net.concat(
            label,
            _conv_relu(net, f"{label}.1x1", x, one, 1),
            _conv_relu(net, f"{label}.3x3", wide, three, 3, padding=1),
            _conv_relu(net, f"{label}.5x5", wider, five, 5, padding=2),
            _conv_relu(net, f"{label}.pool_projection", pooled, projection, 1),
        )
        if module in ("3b", "4e"):
            x = net.pool(f"pool{module[0]}", x, 3, stride=2, ceil=True)
    x = net.global_pool("pool5", x)
    return net.finish(net.softmax("prob", net.fc("classifier", x, 1000)))


def resnet(name: str, source: str, batch: int, bits: Bits) -> Network:
    """ResNet with projection shortcuts where the shape changes (the paper's option B).

    A bottleneck that halves the plane does so in its first 1x1 convolution, as in the paper; in the
    names that end in "-v1.5" in its 3x3 convolution, as in most of today's libraries.
    """
    depth, _, variant = name.removeprefix("resnet").partition("-")
    net = Sketch(name, (3, 224, 224), batch=batch, bits=bits, source=source)
    x = _conv_norm(net, "conv1", "data", 64, 7, stride=2, padding=3, function="relu")
    x = net.pool("pool1", x, 3, stride=2, padding=1)
    for stage, blocks in enumerate(RESNET_BLOCKS[depth], start=2):
        width = 64 * 2 ** (stage - 2)
        for index in range(1, blocks + 1):
            stride = 2 if stage > 2 and index == 1 else 1
            label = f"conv{stage}_{index}"
            if int(depth) < 50:
                x = _basic(net, label, x, width, stride)
            else:
                x = _bottleneck(net, label, x, width, stride, late=variant == "v1.5")
    x = net.global_pool("pool5", x)
    return net.finish(net.softmax("prob", net.fc("fc1000", x, 1000)))


def _basic(net: Sketch, label: str, x: str, width: int, stride: int) -> str:
    y = _conv_norm(net, f"{label}.1", x, width, 3, stride=stride, padding=1, function="relu")
    y = _conv_norm(net, f"{label}.2", y, width, 3, padding=1)
    return _join(net, label, x, y, stride)


def _bottleneck(net: Sketch, label: str, x: str, width: int, stride: int, *, late: bool) -> str:
    first, second = (1, stride) if late else (stride, 1)
    y = _conv_norm(net, f"{label}.1", x, width, 1, stride=first, function="relu")
    y = _conv_norm(net, f"{label}.2", y, width, 3, stride=second, padding=1, function="relu")
    y = _conv_norm(net, f"{label}.3", y, 4 * width, 1)
    return _join(net, label, x, y, stride)


def _join(net: Sketch, label: str, x: str, y: str, stride: int) -> str:
    """Adds the shortcut, projected where the shape changes."""
    filters = net.shape(y)[1]
    if net.shape(x) != net.shape(y):
        x = _conv_norm(net, f"{label}.shortcut", x, filters, 1, stride=stride)
    return net.activation(f"{label}.relu", net.add(f"{label}.add", y, x))


def squeezenet(name: str, source: str, batch: int, bits: Bits) -> Network:
    """SqueezeNet 1.0 on 227x227, and 1.1 on 224x224 (a smaller first filter, earlier pooling).

    Departure: conv10 is not padded, as in the paper's Table 1 (13x13); the published Caffe file of
    1.0 pads it by one pixel (15x15).
    """
    late = name == "squeezenet"
    side, filters, kernel = (227, 96, 7) if late else (224, 64, 3)
    pools = ("conv1", "fire4", "fire8") if late else ("conv1", "fire3", "fire5")
    net = Sketch(name, (3, side, side), batch=batch, bits=bits, source=source)
    x = _conv_relu(net, "conv1", "data", filters, kernel, stride=2)
    x = net.pool("conv1.pool", x, 3, stride=2, ceil=True)
    for label, squeeze, expand in FIRES:
        x = _conv_relu(net, f"{label}.squeeze", x, squeeze, 1)
        narrow = _conv_relu(net, f"{label}.expand1x1", x, expand, 1)
        wide = _conv_relu(net, f"{label}.expand3x3", x, expand, 3, padding=1)
        x = net.concat(label, narrow, wide)
        if label in pools:
            x = net.pool(f"{label}.pool", x, 3, stride=2, ceil=True)
    x = net.global_pool("pool10", _conv_relu(net, "conv10", x, 1000, 1))
    return net.finish(net.softmax("prob", x))


def mobilenet_first(name: str, source: str, batch: int, bits: Bits) -> Network:
    """MobileNet v1, width 1.0, 224x224: depthwise and 1x1 convolutions by turns."""
    net = Sketch(name, (3, 224, 224), batch=batch, bits=bits, source=source)
    x = _conv_norm(net, "conv1", "data", 32, 3, stride=2, padding=1, function="relu")
    for index, (stride, filters) in enumerate(MOBILENET, start=2):
        x = _depthwise(net, f"conv{index}.depthwise", x, stride, function="relu")
        x = _conv_norm(net, f"conv{index}.pointwise", x, filters, 1, function="relu")
    x = net.global_pool("pool", x)
    return net.finish(net.softmax("prob", net.fc("fc", x, 1000)))


def mobilenet_second(name: str, source: str, batch: int, bits: Bits) -> Network:
    """MobileNet v2, width 1.0, 224x224: inverted residuals with linear bottlenecks."""
    net = Sketch(name, (3, 224, 224), batch=batch, bits=bits, source=source)
    x = _conv_norm(net, "conv1", "data", 32, 3, stride=2, padding=1, function="relu6")
    for stage, (expansion, filters, blocks, first) in enumerate(INVERTED_RESIDUALS, start=1):
        for index in range(1, blocks + 1):
            label, entry = f"block{stage}_{index}", x
            width = net.shape(x)[1] * expansion
            if expansion > 1:
                x = _conv_norm(net, f"{label}.expand", x, width, 1, function="relu6")
            stride = first if index == 1 else 1
            x = _depthwise(net, f"{label}.depthwise", x, stride, function="relu6")
            x = _conv_norm(net, f"{label}.project", x, filters, 1)
            if index > 1:
                x = net.add(f"{label}.add", x, entry)
    x = _conv_norm(net, "conv2", x, 1280, 1, function="relu6")
    x = net.global_pool("pool", x)
    return net.finish(net.softmax("prob", net.fc("fc", x, 1000)))


def _conv_relu(
    net: Sketch, name: str, x: str, filters: int, kernel: int, *, stride: int = 1, padding: int = 0
) -> str:
    x = net.conv(name, x, filters, kernel, stride=stride, padding=padding)
    return net.activation(f"{name}.relu", x)


def _conv_norm(
    net: Sketch,
    name: str,
    x: str,
    filters: int,
    kernel: int,
    *,
    stride: int = 1,
    padding: int = 0,
    groups: int = 1,
    function: str = "",
) -> str:
    x = net.conv(
        name, x, filters, kernel, stride=stride, padding=padding, groups=groups, bias=False
    )
    x = net.batch_norm(f"{name}.norm", x)
    return net.activation(f"{name}.{function}", x, function) if function else x


def _depthwise(net: Sketch, name: str, x: str, stride: int, *, function: str) -> str:
    channels = net.shape(x)[1]
    return _conv_norm(
        net, name, x, channels, 3, stride=stride, padding=1, groups=channels, function=function
    )
