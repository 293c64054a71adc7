"""Plain: chains of convolutions and fully-connected layers: LeNet, AlexNet, OverFeat, VGG."""

from picojoule.workload.build import Bits
from picojoule.workload.network import Network
from picojoule.workload.zoo.sketch import Sketch

LENET_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5, 0), (5, 0, 1),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (3, 4, 5, 0), (4, 5, 0, 1), (5, 0, 1, 2),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""Which of the six maps of S2 each of the sixteen maps of C3 sees."""

VGG_BLOCKS = {
    "vgg16": ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)),
    "vgg19": ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)),
}
"""(filters, convolutions) of each block."""


def lenet(name: str, source: str, batch: int, bits: Bits) -> Network:
    """LeNet-5 of 1998: partly connected C3, trainable subsampling, scaled tanh.

    Departure: the output's ten radial basis functions are a fully-connected layer of the same
    size, with one MAC in place of each squared difference.
    """
    net = Sketch(name, (1, 32, 32), batch=batch, bits=bits, source=source)
    x = net.conv("C1", "data", 6, 5)
    x = _subsample(net, "S2", net.activation("C1.tanh", x, "scaled_tanh"))
    parts: list[str] = []
    for fan_in, label in ((3, "C3.three"), (4, "C3.four"), (6, "C3.six")):
        rows = [row for row in LENET_TABLE if len(row) == fan_in]
        channels = tuple(channel for row in rows for channel in row)
        parts.append(net.conv(label, x, len(rows), 5, groups=len(rows), gather=channels))
    x = net.activation("C3.tanh", net.concat("C3", *parts), "scaled_tanh")
    x = _subsample(net, "S4", x)
    x = net.activation("C5.tanh", net.fc("C5", x, 120), "scaled_tanh")
    x = net.activation("F6.tanh", net.fc("F6", x, 84), "scaled_tanh")
    return net.finish(net.fc("output", x, 10, bias=False))


def _subsample(net: Sketch, name: str, x: str) -> str:
    x = net.pool(f"{name}.pool", x, 2, stride=2, mode="average")
    return net.activation(f"{name}.tanh", net.scale(name, x), "scaled_tanh")


def lenet_caffe(name: str, source: str, batch: int, bits: Bits) -> Network:
    """Caffe's LeNet: 20 and 50 filters, max pooling, 500 hidden units, ReLU."""
    net = Sketch(name, (1, 28, 28), batch=batch, bits=bits, source=source)
    x = net.pool("pool1", net.conv("conv1", "data", 20, 5), 2, stride=2)
    x = net.pool("pool2", net.conv("conv2", x, 50, 5), 2, stride=2)
    x = net.activation("relu1", net.fc("ip1", x, 500))
    return net.finish(net.softmax("prob", net.fc("ip2", x, 10)))


def alexnet(name: str, source: str, batch: int, bits: Bits) -> Network:
    """AlexNet on 227x227 with two groups in CONV2, CONV4 and CONV5."""
    net = Sketch(name, (3, 227, 227), batch=batch, bits=bits, source=source)
    x = "data"
    for index, filters, kernel, stride, padding, groups in (
        (1, 96, 11, 4, 0, 1),
        (2, 256, 5, 1, 2, 2),
        (3, 384, 3, 1, 1, 1),
        (4, 384, 3, 1, 1, 2),
        (5, 256, 3, 1, 1, 2),
    ):
        x = net.conv(
            f"CONV{index}", x, filters, kernel, stride=stride, padding=padding, groups=groups
        )
        x = net.activation(f"relu{index}", x)
        if index in (1, 2):  # the paper's constants; alpha is not divided by the window there
            x = net.lrn(f"norm{index}", x, window=5, alpha=5e-4, beta=0.75, k=2.0)
        if index in (1, 2, 5):
            x = net.pool(f"pool{index}", x, 3, stride=2)
    return _classify(net, x, (4096, 4096), first=6)


def overfeat_fast(name: str, source: str, batch: int, bits: Bits) -> Network:
    """OverFeat's fast model on 231x231; CONV2 is not split in groups."""
    net = Sketch(name, (3, 231, 231), batch=batch, bits=bits, source=source)
    x = "data"
    for index, filters, kernel, stride, padding, window in (
        (1, 96, 11, 4, 0, 2),
        (2, 256, 5, 1, 0, 2),
        (3, 512, 3, 1, 1, 0),
        (4, 1024, 3, 1, 1, 0),
        (5, 1024, 3, 1, 1, 2),
    ):
        x = net.conv(f"CONV{index}", x, filters, kernel, stride=stride, padding=padding)
        x = net.activation(f"relu{index}", x)
        x = net.pool(f"pool{index}", x, window, stride=window) if window else x
    return _classify(net, x, (3072, 4096), first=6)


def overfeat_accurate(name: str, source: str, batch: int, bits: Bits) -> Network:
    """OverFeat's accurate model on 221x221."""
    net = Sketch(name, (3, 221, 221), batch=batch, bits=bits, source=source)
    x = "data"
    for index, filters, kernel, stride, padding, window in (
        (1, 96, 7, 2, 0, 3),
        (2, 256, 7, 1, 0, 2),
        (3, 512, 3, 1, 1, 0),
        (4, 512, 3, 1, 1, 0),
        (5, 1024, 3, 1, 1, 0),
        (6, 1024, 3, 1, 1, 3),
    ):
        x = net.conv(f"CONV{index}", x, filters, kernel, stride=stride, padding=padding)
        x = net.activation(f"relu{index}", x)
        x = net.pool(f"pool{index}", x, window, stride=window) if window else x
    return _classify(net, x, (4096, 4096), first=7)


def vgg(name: str, source: str, batch: int, bits: Bits) -> Network:
    """VGG-16 (configuration D) and VGG-19 (E): 3x3 convolutions in five blocks."""
    net = Sketch(name, (3, 224, 224), batch=batch, bits=bits, source=source)
    x = "data"
    count = 0
    for block, (filters, convolutions) in enumerate(VGG_BLOCKS[name], start=1):
        for index in range(1, convolutions + 1):
            x = net.conv(f"conv{block}_{index}", x, filters, 3, padding=1)
            x = net.activation(f"relu{block}_{index}", x)
            count += 1
        x = net.pool(f"pool{block}", x, 2, stride=2)
    return _classify(net, x, (4096, 4096), first=count + 1)


def _classify(net: Sketch, x: str, hidden: tuple[int, int], *, first: int) -> Network:
    for index, width in enumerate(hidden, start=first):
        x = net.activation(f"relu{index}", net.fc(f"FC{index}", x, width), dropout=0.5)
    return net.finish(net.softmax("prob", net.fc(f"FC{first + 2}", x, 1000)))
