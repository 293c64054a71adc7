"""Power: where a layer's energy goes on the chip, block by block, without DRAM.

Every access has the price of the chip's description: multiples of one multiply-accumulate, whose
energy comes from the component estimator at the chip's node and voltage. A multiplication by zero
is gated: it reads the input, and nothing else happens. The source names the read of the filter and
the MAC; that the partial sum rests in its pad, too, is assumed. The rest, above all the clock
network, stands: it draws its power whether or not data move, and is calibrated (see the chip's
file).

Sources: chen2016isca, Table IV (1 : 1 : 2 : 6 per MAC, scratch pad, array and buffer access);
chen2017jssc, Sec. V-C (gating).
"""

from dataclasses import dataclass

from picojoule.silicon.chip import PassChip
from picojoule.silicon.schedule import Traffic
from picojoule.silicon.shapes import LayerShape

ACCESSES_PER_MAC = 4
"""Of scratch pads: a filter, an input, and a partial sum both ways."""
ACCESSES_PER_GATED_MAC = 1
"""The input alone."""
BLOCKS = ("alus", "scratch_pads", "array_networks", "buffer", "standing")


@dataclass(frozen=True, slots=True)
class Energy:
    """Joules of a layer by block; `standing` is power times time."""

    alus: float
    scratch_pads: float
    array_networks: float
    buffer: float
    standing: float

    @property
    def total(self) -> float:
        """Joules of the chip."""
        return sum(self.by_block.values())

    @property
    def by_block(self) -> dict[str, float]:
        """Joules by block."""
        return {name: getattr(self, name) for name in BLOCKS}


def layer_energy(
    chip: PassChip, shape: LayerShape, moved: Traffic, *, zeros: float, latency_s: float
) -> Energy:
    """Energy of a layer by block.

    Args:
        chip, shape: Which chip, which layer.
        moved: Its words.
        zeros: Share of inputs that are zero.
        latency_s: Of the layer, loading included.
    """
    gated = shape.macs * zeros
    run = shape.macs - gated
    pads = ACCESSES_PER_MAC * run + ACCESSES_PER_GATED_MAC * gated
    return Energy(
        alus=run * chip.mac_pj * 1e-12,
        scratch_pads=pads * chip.spad_pj * 1e-12,
        array_networks=moved.array * chip.array_pj * 1e-12,
        buffer=moved.buffer * chip.buffer_pj * 1e-12,
        standing=chip.standing_w * latency_s,
    )


def scaled_power_w(power_w: float, *, clock: float, voltage: float) -> float:
    """Power at another clock and core voltage, each as a multiple: all of it as C * V^2 * f.

    >>> scaled_power_w(0.3, clock=0.5, voltage=1.0)
    0.15
    """
    return power_w * clock * voltage**2
