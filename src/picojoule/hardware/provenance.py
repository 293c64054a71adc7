"""Provenance: the source behind every number of a chip.

A number's place is `part.field` (`clock_hz` and its like for the chip's own), with the names of the
dataclasses. A source is looked for from the inside out: the part's `sources` for that number, the
component it was computed by, the part's `source`, the chip's.
"""

from collections.abc import Mapping
from dataclasses import fields

from picojoule.errors import HardwareError, nearest
from picojoule.hardware.accelerator import Array, Compute, Memory, Part
from picojoule.hardware.document import Document, Location
from picojoule.hardware.schema import ArraySpec, ChipSpec, ComputeSpec, PartSpec
from picojoule.sources import check_source

CHIP_NUMBERS = ("clock_hz", "technology_nm", "voltage_v", "area_mm2", "word_bits")
NUMBERS: dict[type[Part], tuple[str, ...]] = {
    Memory: (
        "capacity_bits",
        "partitions",
        "access_bits",
        "read_pj",
        "fill_pj",
        "update_pj",
        "read_bits_per_cycle",
        "write_bits_per_cycle",
        "port_bits_per_cycle",
        "copies",
        "leakage_w",
        "area_um2",
    ),
    Array: ("x", "y", "delivery_pj", "reduction_pj", "link_pj", "word_bits", "area_um2"),
    Compute: ("mac_pj", "bits", "cycles", "lane_steps", "leakage_w", "area_um2"),
}
"""The fields of each part that are numbers, hence need a source."""
WIDTHS = ("access_bits", "word_bits", "bits")
"""The widths that prices are for; cited even where the chip leaves them to the compute unit."""


def canonical(key: str) -> str:
    """The field that a key of the file ends up in.

    >>> canonical("capacity_words"), canonical("read_words_per_cycle"), canonical("read_pj")
    ('capacity_bits', 'read_bits_per_cycle', 'read_pj')
    """
    if key.startswith(("capacity", "partitions")):
        return "capacity_bits" if key.startswith("capacity") else "partitions"
    return key.replace("_words_per_cycle", "_bits_per_cycle")


def number_places(part: Part) -> tuple[tuple[str, str], ...]:
    """(field, place) of every number that a part can have."""
    return tuple((name, f"{part.name}.{name}") for name in NUMBERS[type(part)])


def default_of(part: Part, name: str) -> object:
    """A field's value when nobody gives it; MISSING when it must be given."""
    return next(field.default for field in fields(part) if field.name == name)


def needed_prices(part: Part | PartSpec, *, outermost: bool) -> dict[str, str]:
    """The prices that a part cannot do without, and when they are needed.

    >>> needed_prices(Compute(), outermost=False)
    {'mac_pj': 'always'}
    """
    if isinstance(part, Compute | ComputeSpec):
        return {"mac_pj": "always"}
    if isinstance(part, Array | ArraySpec):
        needs = {"delivery_pj": "always"}
        if part.reduces:
            needs["reduction_pj"] = "for an array that reduces"
        if part.forwarding:
            needs["link_pj"] = "for an array with forwarding"
        return needs
    needs = {"read_pj": "always"}
    if not outermost:
        needs["fill_pj"] = "unless the memory is the outermost"
    if "outputs" in part.holds:
        needs["update_pj"] = "for a memory that holds outputs"
    return needs


class Provenance:
    """Collects the sources of one chip; a class because every part adds to it."""

    def __init__(self, document: Document, chip: ChipSpec) -> None:
        self.document = document
        self.places: dict[str, str] = {}
        self.source = self._checked(chip.source, ("source",))
        named = self._named(chip, CHIP_NUMBERS, ())
        for name in CHIP_NUMBERS:
            if getattr(chip, name) is not None:
                self._note(name, named.get(name) or self.source, ())

    def cite(self, part: Part, spec: PartSpec, at: Location, origins: Mapping[str, str]) -> None:
        """Note the source of every number of a part.

        Args:
            part: As built.
            spec: As written; a number that is neither written nor other than its default has no
                source to name.
            at: Where it is written.
            origins: Field -> source of the component that it was computed by.
        """
        named = self._named(spec, NUMBERS[type(part)], at)
        own = self._checked(spec.source, (*at, "source")) or self.source
        written = {canonical(key) for key in spec.model_fields_set}
        for name, place in number_places(part):
            if name in written or name in WIDTHS or getattr(part, name) != default_of(part, name):
                self._note(place, named.get(name) or origins.get(name) or own, at)

    def sources(self, parts: tuple[Part, ...]) -> tuple[tuple[str, str], ...]:
        """(place, source) of all numbers, the chip's own first, in order."""
        below = [place for part in parts for _, place in number_places(part)]
        return tuple((p, self.places[p]) for p in (*CHIP_NUMBERS, *below) if p in self.places)

    def _named(
        self, spec: PartSpec | ChipSpec, numbers: tuple[str, ...], at: Location
    ) -> dict[str, str]:
        """The sources that are given number by number."""
        result: dict[str, str] = {}
        for key, text in spec.sources.items():
            where = self.document.where((*at, "sources", key))
            if canonical(key) not in numbers:
                raise HardwareError(
                    "a source is for a number that does not exist",
                    where=where,
                    got=key,
                    expected=nearest(key, numbers),
                    fix="name a number of this part",
                )
            result[canonical(key)] = check_source(text, where=where)
        return result

    def _checked(self, text: str | None, at: Location) -> str | None:
        """A source text in its one spelling; None stays None."""
        return None if text is None else check_source(text, where=self.document.where(at))

    def _note(self, place: str, text: str | None, at: Location) -> None:
        if text is None:
            raise HardwareError(
                "a number has no source",
                where=self.document.where(at),
                got=f"`{place}` without a source",
                expected="`source:` at the part or at the chip",
                fix="add `source: {assumed: why}`, {stated: where}, or a key of the registry",
            )
        self.places[place] = text
