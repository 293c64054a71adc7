"""Published: the layers, zeros, word lengths and results that the machines' papers state.

Inputs of the models and figures to compare with, never mixed. A table that could not be read again
in its publication, only from memory, says `recalled`, with what confirms it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conv:
    """A convolution as the papers' machines see it; channels are per group.

    Args:
        name: The layer's.
        m, c: Filters and input channels of one group.
        p, q, r, s: Output and filter plane.
        groups: How many.
        stride: Of the window.
    """

    name: str
    m: int
    c: int
    p: int
    q: int
    r: int
    s: int
    groups: int = 1
    stride: int = 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.m * self.c * self.p * self.q * self.r * self.s * self.groups


def _square(name: str, m: int, c: int, p: int, r: int, groups: int = 1, stride: int = 1) -> Conv:
    return Conv(name, m, c, p, p, r, r, groups, stride)


ALEXNET = (
    _square("CONV1", 96, 3, 55, 11, stride=4),
    _square("CONV2", 128, 48, 27, 5, groups=2),
    _square("CONV3", 384, 256, 13, 3),
    _square("CONV4", 192, 192, 13, 3, groups=2),
    _square("CONV5", 128, 192, 13, 3, groups=2),
)
"""krizhevsky2012, Sec. 3.5."""


def _vgg(*blocks: int) -> tuple[Conv, ...]:
    layers: list[Conv] = []
    before, size = 3, 224
    for block, (count, m) in enumerate(zip(blocks, (64, 128, 256, 512, 512), strict=True), start=1):
        for number in range(1, count + 1):
            layers.append(_square(f"conv{block}_{number}", m, before, size, 3))
            before = m
        size //= 2
    return tuple(layers)


VGG16, VGG19 = _vgg(2, 2, 3, 3, 3), _vgg(2, 2, 4, 4, 4)
"""simonyan2014, Table 1."""

NETWORK_IN_NETWORK = (
    _square("conv1", 96, 3, 54, 11, stride=4),
    _square("cccp1", 96, 96, 54, 1),
    _square("cccp2", 96, 96, 54, 1),
    _square("conv2", 256, 96, 27, 5),
    _square("cccp3", 256, 256, 27, 1),
    _square("cccp4", 256, 256, 27, 1),
    _square("conv3", 384, 256, 13, 3),
    _square("cccp5", 384, 384, 13, 1),
    _square("cccp6", 384, 384, 13, 1),
    _square("conv4", 1024, 384, 6, 3),
    _square("cccp7", 1024, 1024, 6, 1),
    _square("cccp8", 1000, 1024, 6, 1),
)
"""Network in Network for ImageNet, as Caffe's model zoo has it (recalled)."""

CNN_M = (
    _square("conv1", 96, 3, 109, 7, stride=2),
    _square("conv2", 256, 96, 26, 5, stride=2),
    _square("conv3", 512, 256, 13, 3),
    _square("conv4", 512, 512, 13, 3),
    _square("conv5", 512, 512, 13, 3),
)
CNN_S = (
    _square("conv1", 96, 3, 109, 7, stride=2),
    _square("conv2", 256, 96, 33, 5),
    _square("conv3", 512, 256, 17, 3),
    _square("conv4", 512, 512, 17, 3),
    _square("conv5", 512, 512, 17, 3),
)
"""VGG-M and VGG-S of Chatfield et al., "Return of the Devil in the Details" (recalled)."""


def _inception(name: str, size: int, c: int, widths: tuple[int, ...]) -> tuple[Conv, ...]:
    one, reduce3, three, reduce5, five, pool = widths
    return (
        _square(f"{name}.1x1", one, c, size, 1),
        _square(f"{name}.3x3_reduce", reduce3, c, size, 1),
        _square(f"{name}.3x3", three, reduce3, size, 3),
        _square(f"{name}.5x5_reduce", reduce5, c, size, 1),
        _square(f"{name}.5x5", five, reduce5, size, 5),
        _square(f"{name}.pool_projection", pool, c, size, 1),
    )


GOOGLENET_PARTS: tuple[tuple[Conv, ...], ...] = (
    (_square("conv1", 64, 3, 112, 7, stride=2),),
    (_square("conv2_reduce", 64, 64, 56, 1), _square("conv2", 192, 64, 56, 3)),
    _inception("3a", 28, 192, (64, 96, 128, 16, 32, 32)),
    _inception("3b", 28, 256, (128, 128, 192, 32, 96, 64)),
    _inception("4a", 14, 480, (192, 96, 208, 16, 48, 64)),
    _inception("4b", 14, 512, (160, 112, 224, 24, 64, 64)),
    _inception("4c", 14, 512, (128, 128, 256, 24, 64, 64)),
    _inception("4d", 14, 512, (112, 144, 288, 32, 64, 64)),
    _inception("4e", 14, 528, (256, 160, 320, 32, 128, 128)),
    _inception("5a", 7, 832, (256, 160, 320, 32, 128, 128)),
    _inception("5b", 7, 832, (384, 192, 384, 48, 128, 128)),
)
"""szegedy2015, Table 1, in the eleven parts that have a word length of their own in Stripes."""
GOOGLENET = tuple(layer for part in GOOGLENET_PARTS for layer in part)

NETWORKS = {
    "alexnet": ALEXNET,
    "network-in-network": NETWORK_IN_NETWORK,
    "googlenet": GOOGLENET,
    "vgg-m": CNN_M,
    "vgg-s": CNN_S,
    "vgg19": VGG19,
}
"""The six that Cnvlutin and Stripes were evaluated on."""

EYERISS_ZEROS = {"CONV1": 0.0001, "CONV2": 0.387, "CONV3": 0.725, "CONV4": 0.793, "CONV5": 0.776}
"""Zeros in the ifmaps of AlexNet (chen2017jssc, Table V), as in silicon/library/alexnet.yaml."""
EYERISS_SAVED = 0.45
"""Of a PE's power, by zero gating (chen2017jssc, Sec. V)."""

CNVLUTIN_ZEROS = 0.44
"""Of the operands of convolutions, on average over the six networks (albericio2016cnvlutin, as
quoted in arXiv:1704.07724)."""
CNVLUTIN_SPEEDUP, CNVLUTIN_PRUNED = 1.37, 1.11
"""Over DaDianNao, and once more with small activations pruned (sze2017, Sec. VII-B)."""


@dataclass(frozen=True, slots=True)
class FullyConnected:
    """A layer that EIE ran.

    Args:
        name: The network's and the layer's.
        rows, columns: Outputs and inputs.
        weights, inputs: Share of non-zeros.
        theoretical_us, actual_us: As published.
    """

    name: str
    rows: int
    columns: int
    weights: float
    inputs: float
    theoretical_us: float
    actual_us: float


EIE_LAYERS = (
    FullyConnected("AlexNet FC6", 4096, 9216, 0.09, 0.351, 28.1, 30.3),
    FullyConnected("AlexNet FC7", 4096, 4096, 0.09, 0.353, 11.7, 12.2),
    FullyConnected("AlexNet FC8", 1000, 4096, 0.25, 0.375, 8.9, 9.9),
    FullyConnected("VGG-16 FC6", 4096, 25088, 0.04, 0.183, 28.1, 34.4),
    FullyConnected("VGG-16 FC7", 4096, 4096, 0.04, 0.375, 7.9, 8.7),
    FullyConnected("VGG-16 FC8", 1000, 4096, 0.23, 0.411, 7.3, 8.4),
)
"""Times: han2016eie, Table IV. Shares: its Table III (recalled; the products of the two shares
give the table's 3, 3, 10, 1, 2 and 9 % of operations, and weights agree with HAN_WEIGHTS)."""

HAN_WEIGHTS = {
    "alexnet": (0.84, 0.38, 0.35, 0.37, 0.37),
    "vgg16": (0.58, 0.22, 0.34, 0.36, 0.53, 0.24, 0.42, 0.32, 0.27, 0.34, 0.35, 0.29, 0.36),
}
HAN_INPUTS = {
    "alexnet": (1.0, 0.88, 0.52, 0.37, 0.40),
    "vgg16": (1.0, 0.53, 0.89, 0.80, 0.81, 0.68, 0.70, 0.64, 0.51, 0.45, 0.34, 0.32, 0.29),
}
HAN_MACS = {
    "alexnet": (0.84, 0.33, 0.18, 0.14, 0.14),
    "vgg16": (0.58, 0.12, 0.30, 0.29, 0.43, 0.16, 0.29, 0.21, 0.14, 0.15, 0.12, 0.09, 0.11),
}
"""Non-zeros after pruning, by convolution: weights, inputs (the layer before's activations), and
the operations left (han2015, Tables 4 and 5; recalled: the third is the product of the first two
within rounding, row by row, and the weights left in all are 11 % and 7.5 %)."""

SCNN_SPEEDUP = {"alexnet": 2.37, "vgg16": 3.52}
"""Over the dense accelerator, by network (parashar2017scnn, Sec. VI; recalled)."""
SCNN_MEAN_SPEEDUP, SCNN_MEAN_ENERGY = 2.7, 2.3
"""Over three networks, the third GoogLeNet (parashar2017scnn, abstract)."""

STRIPES_BITS = {
    "alexnet": (9, 8, 5, 5, 7),
    "network-in-network": (8, 8, 8, 9, 7, 8, 8, 9, 9, 8, 8, 8),
    "googlenet": (10, 8, 10, 9, 8, 10, 9, 8, 9, 10, 7),
    "vgg-m": (7, 7, 7, 8, 7),
    "vgg-s": (7, 8, 9, 7, 9),
    "vgg19": (12, 12, 12, 11, 12, 10, 11, 11, 13, 12, 13, 13, 13, 13, 13, 13),
}
"""Bits of activations by convolution, without loss of accuracy (judd2016stripes, Table 1;
recalled)."""
STRIPES_ALEXNET, STRIPES_MEAN = 2.24, 1.92
"""Speed-up over 16 bits (sze2017, Sec. VII-A; judd2016stripes, abstract)."""

MOONS_BITS = {"CONV1": (7, 4), "CONV2": (7, 7), "CONV3": (8, 9), "CONV4": (9, 8), "CONV5": (9, 8)}
"""Bits of AlexNet's weights and inputs (moons2016, Table II; recalled)."""
MOONS_SUPPLY_V = 0.9
"""At these bits (0.85 to 0.9 V: Eyeriss benchmarking page, row of KU Leuven, VLSI 2016)."""
MOONS_ENERGY = 2.56
"""Energy of 16 bits over that of each layer's own (sze2017, Sec. VII-A)."""

MINERVA_LAYERS = ((256, 784), (256, 256), (256, 256), (10, 256))
"""Outputs and inputs of its MNIST network (reagen2016; recalled)."""
MINERVA_LEFT = 0.25
"""Of the operations, with small activations pruned (reagen2016, Sec. VII; recalled)."""
MINERVA_POWER = 2.0
"""Power without over with pruning of small activations (sze2017, Sec. VII-B)."""
