"""Build: from a checked chip file to an `Accelerator`, with a source behind every number."""

from collections.abc import Mapping
from typing import NoReturn

from picojoule.components import Estimate, attributes_of, estimate
from picojoule.errors import HardwareError
from picojoule.hardware.accelerator import Accelerator, Array, Compute, Memory, Part
from picojoule.hardware.document import Document, Location
from picojoule.hardware.provenance import Provenance, needed_prices
from picojoule.hardware.schema import (
    KINDS,
    ArraySpec,
    ChipSpec,
    ComputeSpec,
    Macs,
    MemorySpec,
    PartSpec,
    PriceOf,
    read_spec,
)
from picojoule.hardware.zeros import read_formats, read_leaders
from picojoule.workload import ROLES, Role

LARGEST_INSTANCES = 2**24


def build_accelerator(document: Document) -> Accelerator:
    """Turn a chip file into the chip.

    Raises:
        HardwareError: What is wrong, with file and line.
    """
    chip = read_spec(ChipSpec, document.root, document, ())
    specs = tuple(
        _read_part(part, document, ("parts", index)) for index, part in enumerate(chip.parts)
    )
    last = specs[-1]
    if not isinstance(last, ComputeSpec):
        _refuse(
            "the parts do not end with the compute unit",
            document.where(("parts", len(specs) - 1)),
            got=" > ".join(_kind(spec) for spec in specs),
            expected="memories and arrays from the outside in, one compute unit last",
            fix="add `- compute: mac` as the last part",
        )
    builder = _Builder(document, chip, last.bits)
    # First the compute unit: its MAC is what the other prices are multiples of.
    parts: list[Part] = [builder.compute(last, len(specs) - 1)]
    for index, spec in enumerate(specs[:-1]):
        parts.insert(-1, builder.part(spec, index))
    _check_instances(tuple(parts), document)
    try:
        return Accelerator(
            name=chip.name,
            parts=tuple(parts),
            clock_hz=chip.clock_hz,
            technology_nm=chip.technology_nm,
            voltage_v=chip.voltage_v,
            area_mm2=chip.area_mm2,
            word_bits=tuple((role, chip.word_bits[role]) for role in ROLES if chip.word_bits),
            sources=builder.provenance.sources(tuple(parts)),
            description=chip.description,
        )
    except HardwareError as error:
        where = f"{document.where(('parts',))}, {error.where}"
        _refuse(error.what, where, got=error.got, expected=error.expected, fix=error.fix)


def _refuse(what: str, where: str, *, got: object, expected: object, fix: str) -> NoReturn:
    raise HardwareError(what, where=where, got=got, expected=expected, fix=fix) from None


def _kind(spec: PartSpec) -> str:
    return type(spec).__name__.removesuffix("Spec").lower()


def _read_part(value: Mapping[str, object], document: Document, location: Location) -> PartSpec:
    named = [kind for kind in KINDS if kind in value]
    if len(named) != 1:
        _refuse(
            "a part does not say what it is",
            document.where(location),
            got=", ".join(value) or "an empty mapping",
            expected="exactly one of the keys memory, array, compute, with the part's name",
            fix="start the part with `- memory: its name`",
        )
    return read_spec(KINDS[named[0]], value, document, location)


def _check_instances(parts: tuple[Part, ...], document: Document) -> None:
    instances = 1
    for index, part in enumerate(parts):
        if isinstance(part, Array):
            instances *= part.size
        if instances > LARGEST_INSTANCES:
            _refuse(
                "the chip has too many instances",
                document.where(("parts", index, "x")),
                got=f"{instances} compute units",
                expected=f"at most {LARGEST_INSTANCES}",
                fix="check the sizes of the arrays; each multiplies the ones above it",
            )


class _Builder:
    """Builds the parts of one chip; a class because all share the chip and its MAC."""

    def __init__(self, document: Document, chip: ChipSpec, compute_bits: int) -> None:
        self.document, self.chip, self.compute_bits = document, chip, compute_bits
        self.mac_pj = 0.0
        self.provenance = Provenance(document, chip)

    def part(self, spec: PartSpec, index: int) -> Part:
        """Any part but the last."""
        if isinstance(spec, MemorySpec):
            return self.memory(spec, index)
        if isinstance(spec, ArraySpec):
            return self.array(spec, index)
        _refuse(
            "the compute unit is not the last part",
            self.document.where(("parts", index)),
            got=f"compute {spec.compute!r} as part {index + 1}",
            expected="memories and arrays first, one compute unit last",
            fix="move it to the end of `parts`, or remove it",
        )

    def compute(self, spec: ComputeSpec, index: int) -> Compute:
        """The compute unit; its price is what `macs` multiply."""
        at: Location = ("parts", index)
        whole = self._component(spec.component, spec.bits, at, {})
        if isinstance(spec.mac_pj, Macs):
            _refuse(
                "the price of a MAC is given in MACs",
                self.document.where((*at, "mac_pj")),
                got=f"{{macs: {float(spec.mac_pj):g}}}",
                expected="picojoules, or a component",
                fix="write `mac_pj: 1.6` or `component: {class: mac}`",
            )
        origins = _origins(whole, ("mac_pj", "leakage_w", "area_um2"), spec)
        needs = needed_prices(spec, outermost=False)
        prices = self._prices(spec, ("mac_pj",), whole, spec.bits, at, needs, origins, {})
        self.mac_pj = prices["mac_pj"]
        part = Compute(
            name=spec.compute,
            mac_pj=self.mac_pj,
            bits=spec.bits,
            cycles=spec.cycles,
            gating=tuple(spec.gating),
            skipping=tuple(spec.skipping),
            lane_steps=spec.lane_steps,
            leakage_w=_given(spec.leakage_w, whole and whole.leakage_w),
            area_um2=_given(spec.area_um2, whole and whole.area_um2),
        )
        self.provenance.cite(part, spec, at, origins)
        return part

    def memory(self, spec: MemorySpec, index: int) -> Memory:
        """A memory: capacity and bandwidth in bits, prices in picojoules."""
        at: Location = ("parts", index)
        word_bits = spec.word_bits or self.compute_bits
        access_bits = spec.access_bits or word_bits
        partitions = self._partitions(spec, word_bits, at)
        capacity = self._capacity(spec, word_bits, partitions, at)
        total = (capacity or 0) + sum(bits for _, bits in partitions)
        known = {"capacity_bytes": total / 8} if total else {}
        whole = self._component(spec.component, access_bits, at, known)
        names = ("read_pj", "fill_pj", "update_pj")
        origins = _origins(whole, (*names, "leakage_w", "area_um2"), spec)
        needs = needed_prices(spec, outermost=index == 0)
        prices = self._prices(spec, names, whole, access_bits, at, needs, origins, known)
        part = Memory(
            name=spec.memory,
            holds=tuple(spec.holds),
            capacity_bits=capacity,
            partitions=partitions,
            access_bits=access_bits,
            read_pj=prices["read_pj"],
            fill_pj=prices["fill_pj"],
            update_pj=prices["update_pj"],
            read_bits_per_cycle=self._rate(spec, "read", word_bits, at),
            write_bits_per_cycle=self._rate(spec, "write", word_bits, at),
            port_bits_per_cycle=self._rate(spec, "port", word_bits, at),
            copies=spec.copies,
            overlapped=spec.overlapped,
            reuse=tuple(spec.reuse.items()),
            gating=read_leaders(spec, "gating", self.document, at),
            skipping=read_leaders(spec, "skipping", self.document, at),
            compressed=read_formats(spec, self.document, at),
            leakage_w=_given(spec.leakage_w, whole and whole.leakage_w),
            area_um2=_given(spec.area_um2, whole and whole.area_um2),
        )
        self.provenance.cite(part, spec, at, origins)
        return part

    def array(self, spec: ArraySpec, index: int) -> Array:
        """An array."""
        at: Location = ("parts", index)
        word_bits = spec.word_bits or self.compute_bits
        needs = needed_prices(spec, outermost=False)
        names = ("delivery_pj", "reduction_pj", "link_pj")
        origins: dict[str, str] = {}
        known = {"x": spec.x, "y": spec.y}
        prices = self._prices(spec, names, None, word_bits, at, needs, origins, known)
        part = Array(
            name=spec.array,
            x=spec.x,
            y=spec.y,
            multicast=tuple(spec.multicast),
            reduces=spec.reduces,
            forwarding=tuple(spec.forwarding),
            x_dims=None if spec.x_dims is None else tuple(spec.x_dims),
            y_dims=None if spec.y_dims is None else tuple(spec.y_dims),
            delivery_pj=prices["delivery_pj"],
            reduction_pj=prices["reduction_pj"],
            link_pj=prices["link_pj"],
            word_bits=word_bits,
            area_um2=spec.area_um2,
        )
        self.provenance.cite(part, spec, at, origins)
        return part

    def _one_of(self, spec: PartSpec, keys: tuple[str, ...], at: Location) -> str | None:
        """The one key that is given; None when there is none."""
        given = [key for key in keys if getattr(spec, key) is not None]
        if len(given) > 1:
            _refuse(
                "one quantity is given twice",
                self.document.where((*at, given[1])),
                got=" and ".join(given),
                expected=f"one of {', '.join(keys)}",
                fix=f"keep `{given[0]}` or `{given[1]}`",
            )
        return given[0] if given else None

    def _partitions(
        self, spec: MemorySpec, word_bits: int, at: Location
    ) -> tuple[tuple[Role, int], ...]:
        key = self._one_of(spec, ("partitions_words", "partitions_bytes", "partitions_bits"), at)
        if key is None:
            return ()
        unit = {"partitions_words": word_bits, "partitions_bytes": 8, "partitions_bits": 1}[key]
        sizes: dict[Role, int] = getattr(spec, key)
        for role, size in sizes.items():
            where = self.document.where((*at, key, role))
            if role not in spec.holds:
                _refuse(
                    "a partition is for a role that the memory does not hold",
                    where,
                    got=role,
                    expected=", ".join(spec.holds),
                    fix=f"add {role} to `holds`, or remove the partition",
                )
            self._check_word(size * unit, word_bits, where)
        return tuple((role, size * unit) for role, size in sizes.items())

    def _capacity(
        self,
        spec: MemorySpec,
        word_bits: int,
        partitions: tuple[tuple[Role, int], ...],
        at: Location,
    ) -> int | None:
        keys = ("capacity_words", "capacity_bytes", "capacity_bits", "capacity")
        key = self._one_of(spec, keys, at)
        shared = set(spec.holds) - {role for role, _ in partitions}
        if (key is None) == bool(shared):
            got = f"`{key}`" if key else "no capacity"
            _refuse(
                "the capacity is not clear",
                self.document.where((*at, key) if key else at),
                got=got if shared else f"{got} beside a partition for every role",
                expected=f"one of {', '.join(keys)}" if shared else "only the partitions",
                fix="add `capacity_bytes:`, or `capacity: unbounded` for a DRAM"
                if shared
                else f"remove `{key}`",
            )
        if key is None or key == "capacity":
            return None
        unit = {"capacity_words": word_bits, "capacity_bytes": 8, "capacity_bits": 1}[key]
        bits = getattr(spec, key) * unit
        self._check_word(bits, word_bits, self.document.where((*at, key)))
        return bits

    @staticmethod
    def _check_word(bits: int, word_bits: int, where: str) -> None:
        if bits < word_bits:
            _refuse(
                "the capacity is too small for one word",
                where,
                got=f"{bits} bits",
                expected=f"at least {word_bits} bits",
                fix="enlarge it, or correct `word_bits`",
            )

    def _rate(self, spec: MemorySpec, name: str, word_bits: int, at: Location) -> float | None:
        keys = (f"{name}_bits_per_cycle", f"{name}_words_per_cycle")
        key = self._one_of(spec, keys, at)
        if key is None:
            return None
        return getattr(spec, key) * (word_bits if key == keys[1] else 1)

    def _prices(
        self,
        spec: PartSpec,
        names: tuple[str, ...],
        whole: Estimate | None,
        bits: int,
        at: Location,
        needs: Mapping[str, str],
        origins: dict[str, str],
        known: Mapping[str, int | float],
    ) -> dict[str, float]:
        prices: dict[str, float] = {}
        for name in names:
            price = getattr(spec, name)
            if isinstance(price, Macs):
                prices[name] = float(price) * self.mac_pj
            elif isinstance(price, PriceOf):
                of = self._component(price, bits, (*at, name), known)
                assert of is not None
                prices[name], origins[name] = _action(of, name), of.source
            elif price is not None:
                prices[name] = price
            elif whole is not None:
                prices[name] = _action(whole, name)
            elif name in needs:
                _refuse(
                    "a price is missing",
                    self.document.where(at),
                    got=f"no `{name}`",
                    expected=f"`{name}`, which is needed {needs[name]}",
                    fix=f"add `{name}:` in pJ or as {{macs: 1}}, or 0 where the action is free",
                )
            else:
                prices[name] = 0.0
        return prices

    def _component(
        self,
        attributes: Mapping[str, int | float | str] | None,
        bits: int,
        at: Location,
        known: Mapping[str, int | float],
    ) -> Estimate | None:
        """Price a component; what it does not say comes from the part and the chip."""
        if attributes is None:
            return None
        where = self.document.where((*at, "component"))
        given = dict(attributes)
        kind = str(given.pop("class"))
        try:
            context = {"bits": bits, "technology_nm": self.chip.technology_nm,
                       "voltage_v": self.chip.voltage_v, **known}  # fmt: skip
            for name in attributes_of(kind):
                value = context.get(name)
                if name in context and name not in given and value is not None:
                    given[name] = value
                if name in ("technology_nm", "voltage_v") and name not in given:
                    _refuse(
                        "a component does not know its technology",
                        where,
                        got=f"no `{name}` in the component nor at the chip",
                        expected=f"`{name}:`, to scale the published numbers to",
                        fix=f"add `{name}:` to the chip",
                    )
            return estimate(kind, **given)
        except HardwareError as error:
            place = error.where if error.where.startswith(where) else f"{where}, {error.where}"
            _refuse(error.what, place, got=error.got, expected=error.expected, fix=error.fix)


def _action(of: Estimate, name: str) -> float:
    return {"fill_pj": of.fill_pj, "update_pj": of.update_pj}.get(name, of.read_pj)


def _given(value: float | None, otherwise: float | None) -> float:
    return value if value is not None else otherwise or 0.0


def _origins(whole: Estimate | None, names: tuple[str, ...], spec: PartSpec) -> dict[str, str]:
    """The component's source for each number that comes from it."""
    if whole is None:
        return {}
    return {name: whole.source for name in names if getattr(spec, name) is None}
