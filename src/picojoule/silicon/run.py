"""Run: a network on a chip in processing passes, from names to a result."""

from collections.abc import Mapping
from pathlib import Path

from picojoule.errors import HardwareError, MappingError, WorkloadError, nearest
from picojoule.silicon.chip import PassChip, pass_chip, pass_chips
from picojoule.silicon.mappings import mapping_of, read_passes
from picojoule.silicon.power import layer_energy
from picojoule.silicon.published import Published, measured_networks, published
from picojoule.silicon.result import PassLayer, PassRun, Unrun
from picojoule.silicon.schedule import (
    PassMapping,
    Traffic,
    active_pes,
    check_mapping,
    passes,
    traffic,
)
from picojoule.silicon.search import check_goal, find_passes
from picojoule.silicon.shapes import LayerShape, shape_of
from picojoule.silicon.timing import processing_cycles, total_latency_s
from picojoule.silicon.zeros import (
    Shares,
    Zeros,
    check_layers,
    coded_bytes,
    layer_zeros,
    read_shares,
)
from picojoule.workload import Network, checked_batch, load

Mapped = tuple[PassMapping, str]


def run_passes(
    network: Network | str | Path,
    chip: str = "eyeriss",
    *,
    batch: int | None = None,
    zeros: str | Path = "none",
    passes_from: str | Path = "chip",
    minimize: str = "energy",
) -> PassRun:
    """Run a network's layers on a chip in processing passes.

    Args:
        network: A network, a zoo name, or an ONNX file.
        chip: One of `pass_chips()`.
        batch: As for `load`; a network that is built has its own.
        zeros: `measured` (the shares published for this network), `none` (no gating, nothing
            coded), or a file of shares.
        passes_from: `chip` (as the chip was set, where that is known, else searched), `search`, or
            a YAML file; layers that the file leaves out are searched.
        minimize: What a search minimises: energy, latency or edp.

    Returns:
        The run, with measurements beside it where there are any for this network and batch.

    Raises:
        PicojouleError: A name, a file or a mapping is wrong, or the chip runs no layer.

    >>> run = run_passes("alexnet", batch=4, zeros="measured")
    >>> [layer.passes for layer in run.layers]
    [288, 1536, 384, 384, 256]
    """
    check_goal(minimize)
    target = _chip(chip)
    model = network if isinstance(network, Network) else load(network, batch=batch)
    checked_batch(model, batch)
    known = published(model.name, chip)
    runs, unrun = _shapes(model, target)
    shares = _shares(zeros, known, list(runs), chip)
    mapped = _mappings(target, runs, passes_from, known, minimize)
    is_measured = known and known.batch == model.batch and known.layers.keys() == runs.keys()
    shown = known if is_measured else None
    layers = tuple(
        _layer(model, name, shape, mapped[name], target, shares, shown)
        for name, shape in runs.items()
    )
    return PassRun(
        network=model.name,
        batch=model.batch,
        chip=target,
        zeros=str(zeros),
        layers=layers,
        unrun=tuple(unrun),
        ignored=model.ignored,
        published=shown,
    )


def _chip(name: str) -> PassChip:
    if name not in pass_chips():
        raise HardwareError(
            "chip has no pass model",
            where="chip",
            got=name,
            expected=nearest(name, pass_chips()),
            fix="evaluate it without a pass model",
        )
    return pass_chip(name)


def _shapes(model: Network, chip: PassChip) -> tuple[dict[str, LayerShape], list[Unrun]]:
    """The layers that the chip runs, and those that it does not."""
    runs: dict[str, LayerShape] = {}
    unrun: list[Unrun] = []
    for layer in model.layers:
        shape = shape_of(layer.operation)
        reason = shape if isinstance(shape, str) else chip.refusal(shape)
        if layer.repeats > 1:
            reason = "it runs more than once"
        if reason is None and isinstance(shape, LayerShape):
            runs[layer.name] = shape
        elif layer.operation.inner == "mac":
            unrun.append(Unrun(layer.name, layer.kind, str(reason)))
    if not runs:
        raise WorkloadError(
            "the chip runs no layer of this network",
            where=f"network {model.name!r}",
            got=unrun[0].reason if unrun else "no layers",
            expected=f"a layer within {chip.name}'s native shapes",
            fix="evaluate without a dataflow: the mapper cuts layers of any size",
        )
    return runs, unrun


def _shares(
    zeros: str | Path, known: Published | None, names: list[str], chip: str
) -> Mapping[str, Shares] | None:
    if str(zeros) == "none":
        return None
    if str(zeros) != "measured":
        shares: Mapping[str, Shares] = read_shares(zeros)
        check_layers(shares, names, where=Path(zeros).name)
        return shares
    if known is None:
        raise MappingError(
            "no shares of zeros are published for this network",
            where="zeros",
            got="measured",
            expected=f"{' or '.join(measured_networks(chip))}, or a file of shares",
            fix="give a YAML or CSV file with a share per layer, or `none`",
        )
    shares = {name: known.shares[name] for name in names if name in known.shares}
    check_layers(shares, names, where=f"zeros published for {known.network}")
    return shares


def _mappings(
    chip: PassChip,
    runs: Mapping[str, LayerShape],
    passes_from: str | Path,
    known: Published | None,
    minimize: str,
) -> dict[str, Mapped]:
    """A mapping per layer and who says so: given, as the chip was set, or searched."""
    mapped: dict[str, Mapped] = {}
    if str(passes_from) not in ("chip", "search"):
        mapped = _given(chip, runs, Path(passes_from))
    elif str(passes_from) == "chip" and known is not None:
        for name in known.passes.keys() & runs.keys():
            mapping = mapping_of(known.passes[name], runs[name])
            if _fits(chip, runs[name], mapping):
                mapped[name] = mapping, known.passes_source
    found: dict[LayerShape, PassMapping] = {}
    for name, shape in runs.items():
        if name not in mapped:
            if shape not in found:
                found[shape] = find_passes(chip, shape, minimize=minimize).mapping
            mapped[name] = found[shape], f"searched: least {minimize}"
    return mapped


def _given(chip: PassChip, runs: Mapping[str, LayerShape], path: Path) -> dict[str, Mapped]:
    mapped: dict[str, Mapped] = {}
    for name, parameters in read_passes(path).items():
        if name not in runs:
            raise MappingError(
                "passes name a layer that does not run on the chip",
                where=path.name,
                got=name,
                expected=nearest(name, runs),
                fix="correct its name, or leave it out",
            )
        mapping = mapping_of(parameters, runs[name])
        check_mapping(chip, runs[name], mapping, where=f"{path.name}, {name}")
        mapped[name] = mapping, f"stated: {path.name}"
    return mapped


def _fits(chip: PassChip, shape: LayerShape, mapping: PassMapping) -> bool:
    """Whether a published cut suits this batch and shape; where it does not, one is searched."""
    try:
        check_mapping(chip, shape, mapping, where="published passes")
    except MappingError:
        return False
    return True


def _layer(
    model: Network,
    name: str,
    shape: LayerShape,
    mapped: Mapped,
    chip: PassChip,
    shares: Mapping[str, Shares] | None,
    known: Published | None,
) -> PassLayer:
    mapping, source = mapped
    moved = traffic(shape, mapping)
    layer = next(one for one in model.layers if one.name == name)
    zeros = layer_zeros(model, layer, shares) if shares is not None else None
    is_first = layer.inputs[0] in model.inputs
    fmaps = _coded_bytes(chip, moved, zeros, is_first=is_first)
    filters = moved.dram_filters * chip.word_bytes
    processing_s = float(processing_cycles(chip, shape, mapping) / chip.clock_hz)
    latency_s = float(total_latency_s(chip, processing_s, fmaps, filters))
    energy = layer_energy(
        chip, shape, moved, zeros=zeros.ifmaps if zeros else 0.0, latency_s=latency_s
    )
    return PassLayer(
        name=name,
        shape=shape,
        mapping=mapping,
        mapping_source=source,
        passes=passes(shape, mapping),
        active_pes=active_pes(shape, mapping),
        processing_latency_s=processing_s,
        total_latency_s=latency_s,
        traffic=moved,
        dram_bytes_compressed=fmaps + filters,
        zeros=zeros,
        energy=energy,
        word_bytes=chip.word_bytes,
        measured=known.layers.get(name) if known else None,
    )


def _coded_bytes(chip: PassChip, moved: Traffic, zeros: Zeros | None, *, is_first: bool) -> int:
    """Bytes of feature maps across the chip's edge; the network's own input is not coded."""
    raw = moved.dram_ifmaps * chip.word_bytes
    if zeros is None:
        return raw + moved.dram_ofmaps * chip.word_bytes
    read = raw if is_first else coded_bytes(moved.dram_ifmaps, zeros.ifmaps)
    return read + coded_bytes(moved.dram_ofmaps, zeros.ofmaps)
