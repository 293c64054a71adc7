"""Profile: shape, weights, MACs and bytes of every layer, and their totals.

`weights` are the stored numbers that enter multiply-accumulates, as the survey counts them: biases,
normalisation scales and statistics are listed apart as `other_parameters`. Bytes are those of the
edges as they lie in memory, without padding, each read or written once; what a chip really moves is
for the cost model to say.

Source: sze2017, Table II and Sec. VIII.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import cast

from picojoule.workload.network import Ignored, Layer, Network, Parameter

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class LayerProfile:
    """One layer.

    Args:
        name, kind: As in the network.
        dims: (dimension, size) of one run of the operation; M and C are per group.
        inner: Action of a step: "mac", "max", "add", ...
        repeats: Runs one after another (time steps).
        weights: Stored numbers that enter MACs. A weight shared with an earlier layer counts here
            too, but once in the totals.
        other_parameters: Biases, scales, statistics.
        macs: Multiply-accumulates of all runs.
        steps: Inner actions of all runs; equal to `macs` where the action is one.
        weight_bytes: Of `weights`.
        input_bytes, output_bytes: Of the edges, unpadded.
        macs_per_byte: Arithmetic intensity when each byte moves once.
    """

    name: str
    kind: str
    dims: tuple[tuple[str, int], ...]
    inner: str
    repeats: int
    weights: int
    other_parameters: int
    macs: int
    steps: int
    weight_bytes: int
    input_bytes: int
    output_bytes: int
    macs_per_byte: float


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the layers; parameters that layers share count once.

    Args:
        weights, other_parameters, macs, weight_bytes, input_bytes, output_bytes: As in a layer.
        other_steps: Steps that are not MACs.
        macs_per_byte: Of the whole network when each layer's bytes move once.
        by_kind: kind -> (layers, weights, macs), for "conv", "fc" and every kind with weights or
            MACs.
    """

    weights: int
    other_parameters: int
    macs: int
    other_steps: int
    weight_bytes: int
    input_bytes: int
    output_bytes: int
    macs_per_byte: float
    by_kind: Mapping[str, tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a network stores, computes and touches."""

    network: str
    batch: int
    layers: tuple[LayerProfile, ...]
    totals: Totals
    ignored: tuple[Ignored, ...]
    source: str = ""

    def to_dict(self) -> dict[str, Json]:
        """Plain data with the keys of the JSON output.

        The totals are flat: `conv_layers`, `conv_weights`, `conv_macs`, `fc_layers`, ...
        """
        layers: list[Json] = []
        for layer in self.layers:
            row = cast("dict[str, Json]", asdict(layer))
            row["dims"] = dict(layer.dims)
            layers.append(row)
        totals = cast("dict[str, Json]", asdict(self.totals))
        del totals["by_kind"]
        for kind, (count, weights, macs) in self.totals.by_kind.items():
            totals[f"{kind}_layers"] = count
            totals[f"{kind}_weights"] = weights
            totals[f"{kind}_macs"] = macs
        return {
            "network": self.network,
            "batch": self.batch,
            "source": self.source,
            "layers": layers,
            "totals": totals,
            "ignored": [cast("dict[str, Json]", asdict(item)) for item in self.ignored],
        }


def profile(network: Network) -> Profile:
    """Count the weights, MACs and bytes of a network.

    Args:
        network: From the zoo or a reader.

    Returns:
        One row per layer, in the network's order, and the totals.

    >>> from picojoule.workload import zoo
    >>> totals = profile(zoo.network("alexnet")).totals
    >>> totals.by_kind["conv"], totals.by_kind["fc"]
    ((5, 2332704, 665784864), (3, 58621952, 58621952))
    """
    layers = tuple(_profile_layer(layer, network) for layer in network.layers)
    return Profile(
        network.name,
        network.batch,
        layers,
        _totals(network, layers),
        network.ignored,
        network.source,
    )


def _profile_layer(layer: Layer, network: Network) -> LayerProfile:
    stored = {parameter.name: parameter for parameter in layer.parameters}.values()
    weights, other, weight_bytes = _count(stored)
    output_bytes = sum(network.values[value].bytes for value in dict.fromkeys(layer.outputs))
    input_bytes = _input_bytes(layer, network)
    moved = weight_bytes + input_bytes + output_bytes
    return LayerProfile(
        name=layer.name,
        kind=layer.kind,
        dims=layer.operation.dims,
        inner=layer.operation.inner,
        repeats=layer.repeats,
        weights=weights,
        other_parameters=other,
        macs=layer.macs,
        steps=layer.operation.steps * layer.repeats,
        weight_bytes=weight_bytes,
        input_bytes=input_bytes,
        output_bytes=output_bytes,
        macs_per_byte=layer.macs / moved if moved else 0.0,
    )


def _input_bytes(layer: Layer, network: Network) -> int:
    """Of the edges; a layer that runs once per time step also reads its own state back."""
    edges = sum(network.values[value].bytes for value in dict.fromkeys(layer.inputs))
    if layer.repeats == 1:
        return edges
    operation = layer.operation
    bits = sum(
        operation.words(tensor) * tensor.bits
        for tensor in operation.tensors
        if not tensor.is_output and (tensor.role == "inputs" or not layer.parameters)
    )
    return max(edges, -(-bits * layer.repeats // 8))


def _totals(network: Network, layers: tuple[LayerProfile, ...]) -> Totals:
    weights, other, weight_bytes = _count(network.parameters())
    macs = sum(layer.macs for layer in layers)
    input_bytes = sum(layer.input_bytes for layer in layers)
    output_bytes = sum(layer.output_bytes for layer in layers)
    moved = weight_bytes + input_bytes + output_bytes
    return Totals(
        weights=weights,
        other_parameters=other,
        macs=macs,
        other_steps=sum(layer.steps for layer in layers if layer.inner != "mac"),
        weight_bytes=weight_bytes,
        input_bytes=input_bytes,
        output_bytes=output_bytes,
        macs_per_byte=macs / moved if moved else 0.0,
        by_kind=_by_kind(network),
    )


def _by_kind(network: Network) -> dict[str, tuple[int, int, int]]:
    """(layers, weights, macs) by kind; a shared weight counts for the first layer that has it."""
    kinds = {"conv": (0, 0, 0), "fc": (0, 0, 0)}
    seen: set[str] = set()
    for layer in network.layers:
        own = [parameter for parameter in layer.parameters if parameter.name not in seen]
        seen.update(parameter.name for parameter in own)
        weights, _, _ = _count({parameter.name: parameter for parameter in own}.values())
        count, before, macs = kinds.get(layer.kind, (0, 0, 0))
        kinds[layer.kind] = (count + 1, before + weights, macs + layer.macs)
    shown = ("conv", "fc")
    return {
        kind: sums for kind, sums in kinds.items() if kind in shown or sums[1] > 0 or sums[2] > 0
    }


def _count(parameters: Iterable[Parameter]) -> tuple[int, int, int]:
    """(weights, other parameters, bytes of the weights)."""
    weights = other = size = 0
    for parameter in parameters:
        if parameter.role == "weights":
            weights, size = weights + parameter.words, size + parameter.bytes
        else:
            other += parameter.words
    return weights, other, size
