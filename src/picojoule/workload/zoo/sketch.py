"""Sketch: draws a network layer by layer; every method adds one layer and names its output.

Shapes follow from the drawing; each output value carries its layer's name. What the operation alone
does not say (real padding, the function of an activation) goes into the layer's attributes, from
which `to_torch` builds the trainable module.
"""

from collections.abc import Mapping
from math import prod

from picojoule.workload.build import (
    Bits,
    Pair,
    conv,
    fully_connected,
    output_size,
    pair,
    whole,
    widths,
)
from picojoule.workload.light import (
    activation,
    attention,
    concat,
    elementwise,
    lrn,
    normalization,
    pool,
    softmax,
)
from picojoule.workload.network import Attribute, Layer, Network, Parameter, Value
from picojoule.workload.operation import Operation


class Sketch:
    """A network being drawn. Values are named by the layer that makes them."""

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        *,
        batch: int = 1,
        bits: Bits = 16,
        source: str = "",
    ) -> None:
        """Begin with one input, `data`, of `shape` without the batch."""
        whole({"batch": batch}, f"network {name!r}")
        self.name, self.source, self.batch, self.bits = name, source, batch, bits
        self.weight_bits, self.value_bits, self.result_bits = widths(bits)
        self.moving = (self.value_bits, self.value_bits, self.result_bits)
        self.layers: list[Layer] = []
        self.values: dict[str, Value] = {}
        self._value("data", (batch, *shape))

    def conv(
        self,
        name: str,
        value: str,
        filters: int,
        kernel: Pair,
        *,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        bias: bool = True,
        gather: tuple[int, ...] = (),
    ) -> str:
        """A convolution; `gather` picks (and repeats) input channels before they are grouped."""
        N, channels, height, width = self.shape(value)
        channels = len(gather) or channels
        R, S = pair(kernel, "kernel")
        P = output_size(height, R, stride=stride, padding=padding)
        Q = output_size(width, S, stride=stride, padding=padding)
        operation = conv(
            name,
            N=N,
            M=filters,
            C=channels,
            P=P,
            Q=Q,
            R=R,
            S=S,
            G=groups,
            stride=stride,
            bits=self.bits,
        )
        attributes: dict[str, Attribute] = {
            "kernel": (R, S),
            "stride": (stride, stride),
            "padding": (padding, padding, padding, padding),
            "dilation": (1, 1),
            "groups": groups,
        }
        if gather:
            attributes["gather"] = gather
        parameters = self.weights(name, (filters, channels // groups, R, S), bias)
        return self.layer(operation, (value,), (N, filters, P, Q), parameters, attributes)

    def fc(self, name: str, value: str, outputs: int, *, bias: bool = True) -> str:
        """A fully-connected layer over everything but the batch."""
        N, *rest = self.shape(value)
        inputs = prod(rest)
        operation = fully_connected(name, N=N, M=outputs, C=inputs, bits=self.bits)
        parameters = self.weights(name, (outputs, inputs), bias)
        return self.layer(operation, (value,), (N, outputs), parameters, {"flatten": True})

    def linear(self, name: str, value: str, outputs: int, *, bias: bool = True) -> str:
        """A fully-connected layer over the last axis: each token by itself."""
        *outer, inputs = self.shape(value)
        operation = fully_connected(name, N=prod(outer), M=outputs, C=inputs, bits=self.bits)
        parameters = self.weights(name, (outputs, inputs), bias)
        return self.layer(operation, (value,), (*outer, outputs), parameters, {"flatten": False})

    def pool(
        self,
        name: str,
        value: str,
        kernel: Pair,
        *,
        stride: int,
        padding: int = 0,
        ceil: bool = False,
        mode: str = "max",
    ) -> str:
        """Max or average pooling; `ceil` lets the last window hang over the edge."""
        N, C, height, width = self.shape(value)
        R, S = pair(kernel, "kernel")
        P = output_size(height, R, stride=stride, padding=padding, ceil=ceil)
        Q = output_size(width, S, stride=stride, padding=padding, ceil=ceil)
        operation = pool(
            name, N=N, C=C, P=P, Q=Q, R=R, S=S, stride=stride, mode=mode, bits=self.moving
        )
        attributes: dict[str, Attribute] = {
            "mode": mode,
            "kernel": (R, S),
            "stride": (stride, stride),
            "padding": (padding, padding, padding, padding),
            "ceil": ceil,
        }
        return self.layer(operation, (value,), (N, C, P, Q), (), attributes)

    def global_pool(self, name: str, value: str) -> str:
        """The average of each channel."""
        _, _, height, width = self.shape(value)
        return self.pool(name, value, (height, width), stride=1, mode="average")

    def activation(
        self, name: str, value: str, function: str = "relu", *, dropout: float = 0.0
    ) -> str:
        """A function of each element; `dropout` follows it while training only."""
        operation = activation(name, self.shape(value), function=function, bits=self.moving)
        attributes: dict[str, Attribute] = {"function": function}
        if dropout:
            attributes["dropout"] = dropout
        return self.layer(operation, (value,), self.shape(value), (), attributes)

    def lrn(
        self, name: str, value: str, *, window: int, alpha: float, beta: float, k: float
    ) -> str:
        """Local response normalisation: x / (k + alpha / window * sum of squares) ** beta."""
        operation = lrn(name, self.shape(value), window=window, bits=self.moving)
        attributes: dict[str, Attribute] = {
            "window": window,
            "alpha": alpha,
            "beta": beta,
            "k": k,
        }
        return self.layer(operation, (value,), self.shape(value), (), attributes)

    def batch_norm(self, name: str, value: str, *, epsilon: float = 1e-5) -> str:
        """Batch normalisation of each channel, as at inference."""
        shape = self.shape(value)
        operation = normalization(name, shape, axis=1, bits=self.bits)
        parameters = self._stored(name, shape[1], scale="scale", shift="bias")
        parameters += self._stored(name, shape[1], mean="statistics", variance="statistics")
        attributes: dict[str, Attribute] = {"variant": "batch", "epsilon": epsilon}
        return self.layer(operation, (value,), shape, parameters, attributes)

    def layer_norm(self, name: str, value: str, *, epsilon: float = 1e-12) -> str:
        """Layer normalisation over the last axis."""
        shape = self.shape(value)
        operation = normalization(name, shape, axis=-1, bits=self.bits)
        parameters = self._stored(name, shape[-1], scale="scale", shift="bias")
        attributes: dict[str, Attribute] = {"variant": "layer", "epsilon": epsilon}
        return self.layer(operation, (value,), shape, parameters, attributes)

    def scale(self, name: str, value: str) -> str:
        """A trainable coefficient and bias for each channel."""
        shape = self.shape(value)
        operation = normalization(name, shape, axis=1, bits=self.bits)
        parameters = self._stored(name, shape[1], scale="scale", shift="bias")
        return self.layer(operation, (value,), shape, parameters, {"variant": "scale"})

    def add(self, name: str, first: str, second: str) -> str:
        """The sum of two values of one shape."""
        operation = elementwise(name, self.shape(first), inner="add", bits=self.moving)
        inputs = (first, second)
        return self.layer(operation, inputs, self.shape(first), (), {"function": "add"})

    def concat(self, name: str, *values: str) -> str:
        """The channels of all values, one after another."""
        first = self.shape(values[0])
        channels = sum(self.shape(value)[1] for value in values)
        shape = (first[0], channels, *first[2:])
        operation = concat(name, shape, bits=self.moving)
        return self.layer(operation, values, shape, (), {"axis": 1})

    def softmax(self, name: str, value: str) -> str:
        """Softmax over the last axis."""
        operation = softmax(name, self.shape(value), bits=self.moving)
        return self.layer(operation, (value,), self.shape(value), (), {"axis": -1})

    def attention(self, name: str, query: str, key: str, value: str, *, heads: int) -> str:
        """Scaled dot-product attention; the split into heads and back moves nothing."""
        B, queries, width = self.shape(query)
        keys = self.shape(key)[1]
        head = {"heads": heads}
        scores, weights, values = attention(
            name,
            B=B,
            H=heads,
            queries=queries,
            keys=keys,
            head_size=width // heads,
            value_size=self.shape(value)[2] // heads,
            bits=self.moving,
        )
        grid = (B, heads, queries, keys)
        scored = self.layer(scores, (query, key), grid, (), {"step": "scores", **head})
        weighted = self.layer(weights, (scored,), grid, (), {"axis": -1})
        shape = (B, queries, self.shape(value)[2])
        return self.layer(values, (weighted, value), shape, (), {"step": "values", **head})

    def finish(self, output: str) -> Network:
        """The network whose result is `output`."""
        return Network(
            self.name, tuple(self.layers), self.values, ("data",), (output,), source=self.source
        )

    def shape(self, value: str) -> tuple[int, ...]:
        """Shape of a value, batch included."""
        return self.values[value].shape

    def weights(self, name: str, shape: tuple[int, ...], bias: bool) -> tuple[Parameter, ...]:
        """The parameters of a layer that multiplies and accumulates."""
        weights = Parameter(f"{name}.weight", shape, self.weight_bits)
        if not bias:
            return (weights,)
        return (weights, Parameter(f"{name}.bias", shape[:1], self.weight_bits, "bias"))

    def _stored(self, name: str, channels: int, **roles: str) -> tuple[Parameter, ...]:
        return tuple(
            Parameter(f"{name}.{part}", (channels,), self.weight_bits, role)
            for part, role in roles.items()
        )

    def _value(self, name: str, shape: tuple[int, ...]) -> None:
        self.values[name] = Value(name, shape, self.value_bits)

    def layer(
        self,
        operation: Operation,
        inputs: tuple[str, ...],
        shape: tuple[int, ...],
        parameters: tuple[Parameter, ...],
        attributes: Mapping[str, Attribute],
        *,
        repeats: int = 1,
        last: tuple[int, ...] = (),
    ) -> str:
        """Any layer; returns its output. `last` is the shape of a second one, NAME.last."""
        outputs = (operation.name, f"{operation.name}.last") if last else (operation.name,)
        for output, size in zip(outputs, (shape, last), strict=False):
            assert output not in self.values, output
            self._value(output, size)
        self.layers.append(
            Layer(operation.name, operation, inputs, outputs, parameters, attributes, repeats)
        )
        return outputs[-1]
