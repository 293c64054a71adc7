"""Sequence: networks over time steps and tokens: an LSTM and a transformer block."""

from picojoule.workload.build import Bits, fully_connected
from picojoule.workload.light import activation, elementwise
from picojoule.workload.network import Network
from picojoule.workload.zoo.sketch import Sketch


def keyword_lstm(name: str, source: str, batch: int, bits: Bits) -> Network:
    """Keyword spotter: 49 frames of 10 features, an LSTM of 118 units, 12 classes."""
    net = Sketch(name, (49, 10), batch=batch, bits=bits, source=source)
    x = _lstm(net, "lstm", "data", 118)
    return net.finish(net.softmax("prob", net.fc("output", x, 12)))


def _lstm(net: Sketch, name: str, value: str, hidden: int) -> str:
    """A long short-term memory layer; returns the state after the last step.

    One step: gates = W [x, h] + b; i, f, o = sigmoid, g = tanh; c = f c + i g; h = o tanh(c).
    Each layer below runs once per time step; the first one holds all weights.
    """
    N, steps, features = net.shape(value)
    gates = f"{name}.gates"
    operation = fully_connected(
        gates, N=N, M=4 * hidden, C=features + hidden, kind="lstm", bits=net.bits
    )
    gated = net.layer(
        operation,
        (value,),
        (N, steps, 4 * hidden),
        net.weights(gates, (4 * hidden, features + hidden), True),
        {"hidden": hidden, "steps": steps},
        repeats=steps,
    )

    def part(label: str, function: str, width: int, *inputs: str, last: bool = False) -> str:
        full, step = f"{name}.{label}", (N, width)
        inner = (
            elementwise(full, step, inner=function, bits=net.moving)
            if function in ("add", "multiply")
            else activation(full, step, function=function, bits=net.moving)
        )
        return net.layer(
            inner,
            inputs,
            (N, steps, width),
            (),
            {"within": gates, "part": label},
            repeats=steps,
            last=step if last else (),
        )

    functions = part(
        "gate_functions", "sigmoid", 4 * hidden, gated
    )  # i, f, o; g's tanh costs alike
    products = part("products", "multiply", 2 * hidden, functions)  # f * c and i * g
    cell = part("cell", "add", hidden, products)
    squashed = part("cell_tanh", "tanh", hidden, cell)
    return part("state", "multiply", hidden, functions, squashed, last=True)


def transformer_block(name: str, source: str, batch: int, bits: Bits) -> Network:
    """One encoder layer of BERT-base: 128 tokens, width 768, 12 heads, 3072 hidden units."""
    net = Sketch(name, (128, 768), batch=batch, bits=bits, source=source)
    query, key, value = (net.linear(part, "data", 768) for part in ("query", "key", "value"))
    x = net.attention("attention", query, key, value, heads=12)
    x = net.add("attention.add", net.linear("attention.output", x, 768), "data")
    attended = net.layer_norm("attention.norm", x)
    x = net.activation("intermediate.gelu", net.linear("intermediate", attended, 3072), "gelu")
    x = net.add("output.add", net.linear("output", x, 768), attended)
    return net.finish(net.layer_norm("output.norm", x))
