"""Headlines: each published machine's own figures, beside what its model gives when it runs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from picojoule.report import WIDTH, Column, Table, scaled, to_text
from picojoule.sparse import bits, cnvlutin, eie, gating, scnn
from picojoule.sparse import published as known


@dataclass(frozen=True, slots=True)
class Headline:
    """One published figure and ours.

    Args:
        machine, what: Whose, and which.
        published, ours: In the same unit.
        source: Of the published figure.
    """

    machine: str
    what: str
    published: float
    ours: float
    source: str

    @property
    def error(self) -> float:
        """Ours over the published one, less 1."""
        return self.ours / self.published - 1.0

    def to_dict(self) -> dict[str, str | float]:
        """Plain data, for JSON."""
        return {**asdict(self), "error": self.error}


def headlines(machine: str | None = None) -> tuple[Headline, ...]:
    """Run every model, or those of one machine, and compare; a second or two.

    >>> [one.what for one in headlines("Cnvlutin")], headlines("nobody")
    (['speed-up, mean of six'], ())
    """
    runs = (_eyeriss, _minerva, _cnvlutin, _eie, _scnn, _stripes, _scalable)
    names = ("Eyeriss", "Minerva", "Cnvlutin", "EIE", "SCNN", "Stripes", "scalable multiplier")
    chosen = (run for run, name in zip(runs, names, strict=True) if machine in (None, name))
    return tuple(one for run in chosen for one in run())


def describe_headlines(
    found: Sequence[Headline], *, width: int = WIDTH, color: bool = False
) -> str:
    """The table of `headlines`, as text."""
    columns = (
        Column("machine", "machine", align="left"),
        Column("figure", "what", align="left"),
        Column("published", "published", scaled(1.0)),
        Column("ours", "ours", scaled(1.0)),
        Column("error %", "error", scaled(100, decimals=1)),
        Column("source", "source", align="left"),
    )
    rows = tuple(
        (one.machine, one.what, one.published, one.ours, one.error, one.source) for one in found
    )
    table = Table("Published figures of machines that use zeros or short words", columns, rows)
    return to_text(table, width=width, color=color)


def _eyeriss() -> Iterator[Headline]:
    saved = gating.eyeriss_saved(known.EYERISS_ZEROS)["all"]
    what = "PE energy saved by gating, %"
    yield Headline("Eyeriss", what, 100 * known.EYERISS_SAVED, 100 * saved, "chen2017jssc")


def _minerva() -> Iterator[Headline]:
    gain = gating.minerva_gain(known.MINERVA_LEFT)
    what = "power, small activations kept / pruned"
    yield Headline("Minerva", what, known.MINERVA_POWER, gain, "sze2017")


def _cnvlutin() -> Iterator[Headline]:
    gains = [cnvlutin.speedup(layers, known.CNVLUTIN_ZEROS) for layers in known.NETWORKS.values()]
    mean = sum(gains) / len(gains)
    yield Headline("Cnvlutin", "speed-up, mean of six", known.CNVLUTIN_SPEEDUP, mean, "sze2017")


def _eie() -> Iterator[Headline]:
    for layer in known.EIE_LAYERS:
        run = eie.run(layer.rows, layer.columns, layer.weights, layer.inputs)
        both = (
            ("theoretical us", layer.theoretical_us, run.theoretical_s),
            ("actual us", layer.actual_us, run.actual_s),
        )
        for what, published, seconds in both:
            yield Headline("EIE", f"{layer.name}, {what}", published, seconds * 1e6, "han2016eie")


def _scnn() -> Iterator[Headline]:
    speeds, energies = list[float](), list[float]()
    for name, layers in (("alexnet", known.ALEXNET), ("vgg16", known.VGG16)):
        weights, inputs = known.HAN_WEIGHTS[name], known.HAN_INPUTS[name]
        runs = [scnn.run(*one) for one in zip(layers, weights, inputs, strict=True)]
        speeds.append(scnn.speedup(runs))
        energies.append(scnn.energy_gain(layers, runs, weights))
        published = known.SCNN_SPEEDUP[name]
        yield Headline("SCNN", f"speed-up, {name}", published, speeds[-1], "parashar2017scnn")
    means = (
        ("speed-up, mean of three (ours: of two)", known.SCNN_MEAN_SPEEDUP, speeds),
        ("energy, mean of three (ours: of two)", known.SCNN_MEAN_ENERGY, energies),
    )
    for what, published, ours in means:
        yield Headline("SCNN", what, published, sum(ours) / len(ours), "parashar2017scnn")


def _stripes() -> Iterator[Headline]:
    gains: dict[str, float] = {}
    for name, layers in known.NETWORKS.items():
        parts = known.GOOGLENET_PARTS if name == "googlenet" else [(one,) for one in layers]
        gains[name] = bits.serial_speedup(parts, known.STRIPES_BITS[name])
    alone = gains["alexnet"]
    mean = math.prod(gains.values()) ** (1 / len(gains))
    yield Headline("Stripes", "speed-up, alexnet", known.STRIPES_ALEXNET, alone, "sze2017")
    yield Headline(
        "Stripes", "speed-up, geometric mean of six", known.STRIPES_MEAN, mean, "judd2016stripes"
    )


def _scalable() -> Iterator[Headline]:
    gain = bits.scalable_gain(known.ALEXNET, known.MOONS_BITS, supply_v=known.MOONS_SUPPLY_V)
    what = "energy, 16 bits / own bits, alexnet"
    yield Headline("scalable multiplier", what, known.MOONS_ENERGY, gain, "sze2017")
