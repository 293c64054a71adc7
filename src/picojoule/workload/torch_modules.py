"""Torch modules: one small module for each kind of layer, and the graph that runs them.

Only `to_torch` imports this; it needs torch.
"""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from picojoule.errors import Unsupported, nearest
from picojoule.workload.network import Layer, Network


class NetworkModule(nn.Module):
    """Runs the layers of a network in order; `parts` holds one module per layer."""

    def __init__(self, network: Network, *, logits: bool = False) -> None:
        super().__init__()
        self.name = network.name
        self.inputs, self.outputs = network.inputs, network.outputs
        self.parts = nn.ModuleDict()
        self.plan: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
        shared: dict[str, nn.Parameter] = {}
        for layer in network.layers:
            if "within" in layer.attributes:  # computed by the layer that it names
                continue
            part = nn.Identity() if logits and _ends(layer, network) else _make(layer, network)
            _check_and_share(part, layer, shared)
            key = layer.name.replace(".", "_")
            self.parts[key] = part
            self.plan.append((key, layer.inputs, _made_by(layer, network)))

    def edges(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Every value of the graph, by name."""
        values = dict(zip(self.inputs, inputs, strict=True))
        for key, sources, targets in self.plan:
            result = self.parts[key](*(values[source] for source in sources))
            results = result if isinstance(result, tuple) else (result,)
            values.update(zip(targets, cast("tuple[Tensor, ...]", results), strict=True))
        return values

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        """The network's output, or a tuple of its outputs."""
        values = self.edges(*inputs)
        results = tuple(values[output] for output in self.outputs)
        return results[0] if len(results) == 1 else results


def _ends(layer: Layer, network: Network) -> bool:
    return layer.kind == "softmax" and layer.outputs == network.outputs


def _made_by(layer: Layer, network: Network) -> tuple[str, ...]:
    """Values of the layer and of those that it computes with it."""
    within = [
        output
        for other in network.layers
        if other.attributes.get("within") == layer.name
        for output in other.outputs
    ]
    return (*layer.outputs, *within)


def _make(layer: Layer, network: Network) -> nn.Module:
    maker = MAKERS.get(layer.kind)
    if maker is None:
        raise Unsupported(
            "layer has no torch form",
            where=f"network {network.name!r}, layer {layer.name!r}",
            got=layer.kind,
            expected=nearest(layer.kind, MAKERS),
            fix="build this network in torch directly",
        )
    try:
        return maker(layer)
    except KeyError as error:
        raise Unsupported(
            "layer does not say enough to build it",
            where=f"network {network.name!r}, layer {layer.name!r} ({layer.kind})",
            got=f"attributes {', '.join(layer.attributes) or 'none'}",
            expected=f"an attribute {error}",
            fix="use a network of the zoo, or build it in torch directly",
        ) from None


def _check_and_share(part: nn.Module, layer: Layer, shared: dict[str, nn.Parameter]) -> None:
    """Give a parameter that two layers share to both; refuse one of another shape."""
    trainable = [parameter for parameter in layer.parameters if parameter.role != "statistics"]
    built = list(part.named_parameters())
    if [parameter.shape for parameter in trainable] != [tuple(own.shape) for _, own in built]:
        raise Unsupported(
            "layer stores other parameters than its torch form",
            where=f"layer {layer.name!r} ({layer.kind})",
            got=[parameter.shape for parameter in trainable],
            expected=[tuple(own.shape) for _, own in built],
            fix="use a network of the zoo, or build it in torch directly",
        )
    for parameter, (path, own) in zip(trainable, built, strict=True):
        owner, _, attribute = path.rpartition(".")
        kept = shared.setdefault(parameter.name, own)
        if kept is not own:
            setattr(part.get_submodule(owner), attribute, kept)


def _numbers(layer: Layer, name: str) -> tuple[int, ...]:
    return cast("tuple[int, ...]", layer.attributes[name])


def _number(layer: Layer, name: str) -> float:
    return cast("float", layer.attributes[name])


def _has_bias(layer: Layer) -> bool:
    return any(parameter.role == "bias" for parameter in layer.parameters)


class Gathered(nn.Module):
    """A layer that sees a choice of its input's channels."""

    channels: Tensor

    def __init__(self, channels: tuple[int, ...], inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.register_buffer("channels", torch.tensor(channels), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.inner(x.index_select(1, self.channels)))


def _conv(layer: Layer) -> nn.Module:
    groups = int(_number(layer, "groups"))
    filters, channels, *_ = layer.parameters[0].shape
    top, left, bottom, right = _numbers(layer, "padding")
    even = top == bottom and left == right
    module: nn.Module = nn.Conv2d(
        channels * groups,
        filters,
        cast("tuple[int, int]", _numbers(layer, "kernel")),
        stride=cast("tuple[int, int]", _numbers(layer, "stride")),
        padding=(top, left) if even else 0,
        dilation=cast("tuple[int, int]", _numbers(layer, "dilation")),
        groups=groups,
        bias=_has_bias(layer),
    )
    if not even:
        module = nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), module)
    gather = layer.attributes.get("gather")
    return Gathered(cast("tuple[int, ...]", gather), module) if gather else module


def _fully_connected(layer: Layer) -> nn.Module:
    outputs, inputs = layer.parameters[0].shape
    linear = nn.Linear(inputs, outputs, bias=_has_bias(layer))
    return nn.Sequential(nn.Flatten(), linear) if layer.attributes["flatten"] else linear


def _pool(layer: Layer) -> nn.Module:
    kernel = cast("tuple[int, int]", _numbers(layer, "kernel"))
    stride = cast("tuple[int, int]", _numbers(layer, "stride"))
    top, left, bottom, right = _numbers(layer, "padding")
    ceil = bool(layer.attributes["ceil"])
    if (top, left) != (bottom, right):
        raise Unsupported(
            "pooling with uneven padding has no torch form",
            where=f"layer {layer.name!r}",
            got=(top, left, bottom, right),
            expected="the same padding at both ends of an axis",
            fix="pad before pooling",
        )
    if layer.attributes["mode"] == "max":
        return nn.MaxPool2d(kernel, stride, (top, left), ceil_mode=ceil)
    return nn.AvgPool2d(kernel, stride, (top, left), ceil_mode=ceil)


class ScaledTanh(nn.Module):
    """1.7159 tanh(2 x / 3), the squashing function of LeNet-5."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(x * (2.0 / 3.0))


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": nn.LeakyReLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "scaled_tanh": ScaledTanh,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "hard_swish": nn.Hardswish,
    "hard_sigmoid": nn.Hardsigmoid,
}


def _activation(layer: Layer) -> nn.Module:
    function = str(layer.attributes["function"])
    maker = ACTIVATIONS.get(function)
    if maker is None:
        raise Unsupported(
            "activation has no torch form",
            where=f"layer {layer.name!r}",
            got=function,
            expected=nearest(function, ACTIVATIONS),
            fix="build this network in torch directly",
        )
    dropout = float(cast("float", layer.attributes.get("dropout", 0.0)))
    return nn.Sequential(maker(), nn.Dropout(dropout)) if dropout else maker()


def _lrn(layer: Layer) -> nn.Module:
    return nn.LocalResponseNorm(
        int(_number(layer, "window")),
        alpha=_number(layer, "alpha"),
        beta=_number(layer, "beta"),
        k=_number(layer, "k"),
    )


class ChannelScale(nn.Module):
    """A coefficient and a bias for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        shape = (1, -1, *(1 for _ in range(x.dim() - 2)))
        return x * self.weight.view(shape) + self.bias.view(shape)


def _normalization(layer: Layer) -> nn.Module:
    variant = layer.attributes["variant"]
    channels = layer.parameters[0].shape[0]
    if variant == "scale":
        return ChannelScale(channels)
    epsilon = _number(layer, "epsilon")
    if variant == "layer":
        return nn.LayerNorm(channels, eps=epsilon)
    flat = len(layer.operation.dims) < 4
    return (nn.BatchNorm1d if flat else nn.BatchNorm2d)(channels, eps=epsilon)


class Add(nn.Module):
    """The sum of two values."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return first + second


class Multiply(nn.Module):
    """The product of two values, element by element."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return first * second


def _elementwise(layer: Layer) -> nn.Module:
    return {"add": Add, "multiply": Multiply}[str(layer.attributes["function"])]()


class Concat(nn.Module):
    """All values, one after another along an axis."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, *values: Tensor) -> Tensor:
        return torch.cat(values, self.axis)


class Scores(nn.Module):
    """Query times key, per head, scaled by the root of the head's size."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        rows = query.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        columns = key.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return rows @ columns.transpose(2, 3) / rows.shape[-1] ** 0.5


class Weighted(nn.Module):
    """Attention weights times values, heads side by side."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, weights: Tensor, value: Tensor) -> Tensor:
        rows = value.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return (weights @ rows).transpose(1, 2).flatten(2)


def _matmul(layer: Layer) -> nn.Module:
    heads = int(_number(layer, "heads"))
    return Scores(heads) if layer.attributes["step"] == "scores" else Weighted(heads)


class Recurrent(nn.Module):
    """A long short-term memory layer that returns what each of its steps computes.

    Returns (batch, step, width) of the gates, their functions, the two products, the cell, its
    tanh and the state; and the last state.
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.gates = nn.Linear(features, 4 * hidden)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        state = cell = x.new_zeros(x.shape[0], self.hidden)
        steps: list[tuple[Tensor, ...]] = []
        for index in range(x.shape[1]):
            gates = cast("Tensor", self.gates(torch.cat((x[:, index], state), 1)))
            sigmoids = torch.sigmoid(gates[:, : 3 * self.hidden])
            added = torch.tanh(gates[:, 3 * self.hidden :])
            entry, forget, out = sigmoids.chunk(3, 1)
            kept, new = forget * cell, entry * added
            cell = kept + new
            squashed = torch.tanh(cell)
            state = out * squashed
            functions, products = torch.cat((sigmoids, added), 1), torch.cat((kept, new), 1)
            steps.append((gates, functions, products, cell, squashed, state))
        return (*(torch.stack(parts, 1) for parts in zip(*steps, strict=True)), state)


def _lstm(layer: Layer) -> nn.Module:
    return Recurrent(layer.parameters[0].shape[1], int(_number(layer, "hidden")))


def _softmax(layer: Layer) -> nn.Module:
    return nn.Softmax(int(_number(layer, "axis")))


def _concat(layer: Layer) -> nn.Module:
    return Concat(int(_number(layer, "axis")))


MAKERS: dict[str, Callable[[Layer], nn.Module]] = {
    "conv": _conv,
    "fc": _fully_connected,
    "pool": _pool,
    "activation": _activation,
    "lrn": _lrn,
    "normalization": _normalization,
    "elementwise": _elementwise,
    "concat": _concat,
    "softmax": _softmax,
    "matmul": _matmul,
    "lstm": _lstm,
}
"""Kind of layer -> its module."""
