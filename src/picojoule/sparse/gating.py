"""Gating: Eyeriss's zero gating and Minerva's small activations, by the general model.

Eyeriss: a zero input spares the read of the filter scratch pad and the MAC. Each PE's three
scratch pads are priced by their size, the MAC by its width.

Minerva: activations up to a threshold count as zeros; the lane then neither reads the weight from
its SRAM nor multiplies. The MNIST network of its paper, 8-bit words, 16 lanes.

Source: chen2017jssc, Sec. V; reagen2016, Sec. VII.
"""

from collections.abc import Mapping

from picojoule.components import estimate
from picojoule.cost import Costs, count
from picojoule.cost.sparse import price_spared, spare
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import Level, Loop, Nest
from picojoule.sparse.published import ALEXNET, MINERVA_LAYERS, Conv
from picojoule.workload import Operation, Role, Uniform, conv, fully_connected

PADS = ("filter pad", "input pad", "sum pad")
_LANES, _CLOCK_HZ = 16, 250e6


def eyeriss_saved(zeros: Mapping[str, float]) -> dict[str, float]:
    """Share of the PEs' energy that gating saves, by layer of AlexNet, and "all" layers together.

    Args:
        zeros: Share of zeros in each layer's input.
    """
    chip = _eyeriss_pe()
    dense_total = gated_total = 0.0
    saved: dict[str, float] = {}
    for layer in ALEXNET:
        operation = conv(
            layer.name, M=layer.m * layer.groups, C=layer.c * layer.groups, P=layer.p, Q=layer.q,
            R=layer.r, S=layer.s, G=layer.groups, stride=layer.stride,
        )  # fmt: skip
        nest = _row_stationary(operation, layer)
        dense = _pe_pj(_costs(operation, chip, nest, 1.0))
        gated = _pe_pj(_costs(operation, chip, nest, 1.0 - zeros[layer.name]))
        saved[layer.name] = 1.0 - gated / dense
        dense_total, gated_total = dense_total + dense, gated_total + gated
    saved["all"] = 1.0 - gated_total / dense_total
    return saved


def minerva_gain(left: float) -> float:
    """Energy of the MNIST network without pruning of activations over that with it.

    Args:
        left: Share of the activations above the threshold.
    """
    words = sum(rows * columns for rows, columns in MINERVA_LAYERS)
    chip = _minerva(words)
    dense = pruned = 0.0
    for rows, columns in MINERVA_LAYERS:
        operation = fully_connected("fc", M=rows, C=columns, bits=8)
        loops = (Loop("M", -(-rows // _LANES)), Loop("C", columns))
        lanes = (Loop("M", min(rows, _LANES), "x"),)
        nest = Nest(
            (
                Level("activations", loops, ("inputs", "weights", "outputs")),
                Level("lanes", lanes),
                Level("weights", (), ("weights",)),
                Level("sum", (), ("outputs",)),
            )
        )
        dense += _costs(operation, chip, nest, 1.0).energy_pj
        pruned += _costs(operation, chip, nest, left).energy_pj
    return dense / pruned


def _costs(operation: Operation, chip: Accelerator, nest: Nest, share: float) -> Costs:
    counts = count(operation, chip, nest)
    densities = {"inputs": Uniform(share)}
    spared = spare(operation, chip, nest, counts, densities)
    return price_spared(operation, chip, nest, counts, spared.counts, densities).costs


def _pe_pj(costs: Costs) -> float:
    return sum(costs.energy_by_part_pj[name] for name in (*PADS, "mac"))


def _eyeriss_pe() -> Accelerator:
    """The array of PEs with scratch pads priced by size; what is outside them costs nothing."""
    pads: list[Memory] = []
    sizes: tuple[tuple[Role, int], ...] = (("weights", 448), ("inputs", 24), ("outputs", 48))
    for name, (role, size) in zip(PADS, sizes, strict=True):
        price = estimate(
            "register_file", capacity_bytes=size, bits=16, technology_nm=65, voltage_v=1.0
        )
        pads.append(
            Memory(
                name,
                holds=(role,),
                read_pj=price.read_pj,
                fill_pj=price.fill_pj,
                update_pj=price.update_pj,
                gating=(("weights", ("inputs",)),) if role == "weights" else (),
            )
        )
    mac = estimate("mac", bits=16, technology_nm=65, voltage_v=1.0)
    return Accelerator(
        "eyeriss, its PEs",
        (
            Memory("outside"),
            Array("pes", x=14, y=12),
            *pads,
            Compute(mac_pj=mac.read_pj, gating=("inputs",)),
        ),
        clock_hz=200e6,
    )


def _row_stationary(operation: Operation, layer: Conv) -> Nest:
    """A filter row per PE, 16 filters at a time; the rest of the order does not matter to a PE."""
    outer = [Loop("G", layer.groups)] if layer.groups > 1 else []
    outer += [Loop("M", layer.m // 16), Loop("C", layer.c), Loop("P", layer.p), Loop("Q", layer.q)]
    inner = (Loop("S", layer.s), Loop("M", 16))
    names = tuple(tensor.name for tensor in operation.tensors)
    return Nest(
        (
            Level("outside", tuple(outer), names),
            Level("pes", (Loop("R", layer.r, "y"),)),
            Level(PADS[0], (), ("weights",)),
            Level(PADS[1], (), ("inputs",)),
            Level(PADS[2], inner, ("outputs",)),
        )
    )


def _minerva(words: int) -> Accelerator:
    """Sixteen lanes, each with its part of the weights in SRAM; activations in one small SRAM."""
    at = {"technology_nm": 40, "voltage_v": 0.9}
    weights = estimate("sram", capacity_bytes=words / _LANES, bits=8, **at)
    activations = estimate("sram", capacity_bytes=2048, bits=8, **at)
    mac = estimate("mac", bits=8, **at)
    register = estimate("register_file", capacity_bytes=4, bits=24, **at)
    return Accelerator(
        "minerva",
        (
            Memory(
                "activations",
                access_bits=8,
                read_pj=activations.read_pj,
                update_pj=activations.update_pj,
                leakage_w=activations.leakage_w,
            ),
            Array("lanes", x=_LANES),
            Memory(
                "weights",
                holds=("weights",),
                access_bits=8,
                read_pj=weights.read_pj,
                leakage_w=weights.leakage_w,
                gating=(("weights", ("inputs",)),),
            ),
            Memory(
                "sum",
                holds=("outputs",),
                access_bits=24,
                read_pj=register.read_pj,
                update_pj=register.update_pj,
                gating=(("outputs", ("inputs",)),),
            ),
            Compute(mac_pj=mac.read_pj, bits=8, gating=("inputs",), leakage_w=mac.leakage_w),
        ),
        clock_hz=_CLOCK_HZ,
    )
