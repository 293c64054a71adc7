"""Figures: what is published of a chip of the library, with enough said to compute it again.

One file per chip, `figures/NAME.yaml`: its family and dataflow, and headline figures, each with its
source and with the network, layers and batch it was taken on. A figure says how near the model
must come (`within_factor`) and, where that is not next to exact, why it comes no nearer
(`because`); or it names the feature of the chip that the model lacks (`needs`) and is not compared.
`by` names a model of the machine itself that answers in place of a search of mappings.
"""

import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from picojoule.errors import HardwareError
from picojoule.hardware import Document, Location, SourceText, parse_document, read_spec
from picojoule.report import engineering
from picojoule.sources import check_source
from picojoule.units import size_text

FAMILIES = (
    "weight stationary",
    "output stationary",
    "no local reuse",
    "row stationary",
    "sparse and bit-serial",
    "binary weights",
    "near memory",
    "temporal",
    "for teaching",
)
QUANTITIES: dict[str, tuple[str, str]] = {
    "peak_ops_per_s": ("peak", "OP/s"),
    "on_chip_bytes": ("memory on chip", "B"),
    "area_mm2": ("area", "mm2"),
    "ops_per_s": ("rate", "OP/s"),
    "frames_per_s": ("rate", "frames/s"),
    "latency_s": ("time", "s"),
    "power_w": ("power", "W"),
    "ops_per_j": ("efficiency", "OP/J"),
    "energy_j": ("energy", "J"),
    "dram_bytes": ("DRAM traffic", "B"),
    "speedup": ("speed-up", "x"),
}
"""What a figure may be of: name -> (words, unit). A multiply-accumulate is two operations."""
INSTANT = ("peak_ops_per_s", "on_chip_bytes", "area_mm2")
"""Quantities of the chip alone, which need no mapping."""
NEAR = 1.01
"""A factor that needs no reason: the figure is printed with two or three digits."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure.

    Args:
        quantity: A key of `QUANTITIES`.
        value: As published, in the unit of the quantity.
        source: A source text.
        within_factor: The model must lie between value / factor and value * factor; None where
            the figure is not compared.
        because: Why it comes no nearer.
        needs: What the model lacks to compute it; None where it is compared.
        network: A name of the zoo; None for a figure of the chip alone or of `operation`.
        operation: One operation instead, as `pj map` takes it.
        layers: "all", a kind such as "conv", or names, of the layers that count.
        batch: Images in flight.
        minimize, factors: What the mappings are chosen for and from, as `evaluate` takes them.
        without: Parts whose energy does not count, such as a DRAM.
        by: `passes`, or "machine: figure" of `sparse.headlines`; None where mappings answer.
    """

    quantity: str
    value: float
    source: str
    within_factor: float | None = None
    because: str = ""
    needs: str | None = None
    network: str | None = None
    operation: str | None = None
    layers: tuple[str, ...] = ("all",)
    batch: int = 1
    minimize: str = "latency"
    factors: str = "auto"
    without: tuple[str, ...] = ()
    by: str | None = None

    @property
    def is_instant(self) -> bool:
        """Whether no mapping must be searched for it."""
        return self.needs is not None or self.by is not None or self.quantity in INSTANT

    @property
    def about(self) -> str:
        """What it was taken on, in words."""
        if self.operation is not None:
            return self.operation
        if self.network is None:
            return self.by.partition(": ")[2] if self.by else "the chip"
        layers = "" if self.layers == ("all",) else f" {' '.join(self.layers)}"
        without = f", without {' '.join(self.without)}" if self.without else ""
        return f"{self.network}{layers}, batch {self.batch}{without}"


@dataclass(frozen=True, slots=True)
class Report:
    """What is published of one chip.

    Args:
        chip: Its name in the library.
        family: One of `FAMILIES`.
        dataflow: What stays where, in a few words.
        figures: In the order of the file.
    """

    chip: str
    family: str
    dataflow: str
    figures: tuple[Figure, ...] = ()


class FigureSpec(BaseModel):
    """A figure as the file writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quantity: Literal[tuple(QUANTITIES)]  # pyright: ignore[reportInvalidTypeForm]
    value: Annotated[float, Field(strict=True, gt=0, le=1e18, allow_inf_nan=False)]
    source: SourceText
    within_factor: Annotated[float, Field(strict=True, ge=1, le=10)] | None = None
    because: Annotated[str, Field(max_length=400)] = ""
    needs: Annotated[str, Field(min_length=3, max_length=200)] | None = None
    network: str | None = None
    operation: str | None = None
    layers: Annotated[list[str], Field(min_length=1)] = ["all"]
    batch: Annotated[int, Field(strict=True, ge=1, le=2**20)] = 1
    minimize: str = "latency"
    factors: str = "auto"
    without: list[str] = []
    by: Annotated[str, Field(pattern=r"^(passes|[^:]+: .+)$", max_length=100)] | None = None


def _known_family(value: str) -> str:
    if value not in FAMILIES:
        raise ValueError(f"one of {', '.join(FAMILIES)}")
    return value


class ReportSpec(BaseModel):
    """A file of figures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chip: str
    family: Annotated[str, AfterValidator(_known_family)]
    dataflow: Annotated[str, Field(max_length=200)]
    figures: list[dict[str, object]] = []


def quantity_text(quantity: str, value: float) -> str:
    """A value of a quantity in its unit, with a prefix where the unit takes one.

    >>> quantity_text("power_w", 0.485), quantity_text("speedup", 1.37)
    ('485 mW', '1.37 x')
    """
    _, unit = QUANTITIES[quantity]
    if unit == "B":
        return size_text(8 * round(value))
    if unit in ("x", "mm2", "frames/s"):
        return f"{value:,.4g} {unit}" if value < 1e4 else f"{value:,.0f} {unit}"
    return engineering(value, unit)


@cache
def report(chip: str) -> Report | None:
    """What is published of a library chip; None where there is no file.

    >>> report("eyeriss").family
    'row stationary'
    """
    place = resources.files("picojoule.published").joinpath("figures", f"{chip}.yaml")
    if not place.is_file():
        return None
    return read_report(parse_document(place.read_text("utf-8"), name=f"figures/{chip}.yaml"))


def read_report(document: Document) -> Report:
    """Turn a file of figures into a report.

    Raises:
        HardwareError: What is wrong with it, with its line.
    """
    spec = read_spec(ReportSpec, document.root, document, ())
    figures = tuple(
        _figure(one, document, ("figures", index)) for index, one in enumerate(spec.figures)
    )
    return Report(spec.chip, spec.family, spec.dataflow, figures)


def _figure(value: dict[str, object], document: Document, at: Location) -> Figure:
    spec = read_spec(FigureSpec, value, document, at)
    where = document.where(at)
    wrong = _contradiction(spec)
    if wrong:
        raise HardwareError(
            "a figure contradicts itself",
            where=where,
            got=wrong[0],
            expected=wrong[1],
            fix=wrong[2],
        )
    return Figure(
        quantity=spec.quantity,
        value=spec.value,
        source=check_source(spec.source, where=where),
        within_factor=spec.within_factor,
        because=spec.because,
        needs=spec.needs,
        network=spec.network,
        operation=spec.operation,
        layers=tuple(spec.layers),
        batch=spec.batch,
        minimize=spec.minimize,
        factors=spec.factors,
        without=tuple(spec.without),
        by=spec.by,
    )


def _contradiction(spec: FigureSpec) -> tuple[str, str, str] | None:
    """(got, expected, fix) of what does not go together."""
    if (spec.within_factor is None) == (spec.needs is None):
        got = "neither `within_factor` nor `needs`" if spec.needs is None else "both"
        return got, "a factor, or what the model lacks", "give one of them"
    if spec.within_factor is not None and spec.within_factor > NEAR and not spec.because:
        return (
            f"within a factor of {spec.within_factor:g}, without a reason",
            "`because`",
            "say why",
        )
    work = [spec.network, spec.operation]
    needed = 0 if spec.quantity in INSTANT or spec.by not in (None, "passes") else 1
    given = sum(one is not None for one in work)
    if spec.needs is None and given != needed:
        expected = "a network or an operation" if needed else "no network: it is the chip's own"
        return f"{given} of `network` and `operation`", expected, "correct what it was taken on"
    if spec.quantity == "speedup" and spec.needs is None and spec.by is None:
        expected = "`by` or `needs`: it is relative to another design"
        return "a speed-up to compare", expected, "add one of them"
    if spec.needs is not None and spec.by is not None:
        return "`by` beside `needs`", "one of them", "leave `needs` out, or `by`"
    assert math.isfinite(spec.value)
    return None
