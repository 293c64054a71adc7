"""Dataflows: what was published of their comparison, beside what the model answers.

The bars are those of chen2016isca (read from its vector graphics, error below 0.1 %) and of
sze2017 (read from pixels, error about 0.01). tests/paper holds the model to them;
docs/compare.md shows them side by side.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from documents import ROOT

from picojoule.compare import Comparison, compare, survey
from picojoule.workload import load

COMPARE = ROOT / "docs" / "compare.md"
LEVELS = ("alu", "rf", "array", "buffer", "dram")
TENSORS = ("ifmaps", "weights", "psums")
NAMES = {"ws": "WS", "os_a": "OS_A", "os_b": "OS_B", "os_c": "OS_C", "nlr": "NLR", "rs": "RS"}

STORAGE_KB = {
    # chen2016isca, storage on the same area, 256 PEs: buffer, all register files.
    "rs": (128.0, 128.0),
    "ws": (334.3, 0.5),
    "os_a": (243.9, 24.5),
    "os_b": (303.8, 2.5),
    "os_c": (334.3, 0.5),
    "nlr": (338.3, 0.0),
}
ALU = 0.1558
"""Height of the MACs in every bar of the next figure: what one MAC costs."""
CONV = {
    # chen2016isca, energy in AlexNet's convolutions, 256 PEs: (dataflow, batch) -> RF, array,
    # buffer, DRAM; 1 is RS at batch 1.
    ("rs", 1): (0.6086, 0.0409, 0.0167, 0.1781),
    ("rs", 16): (0.6087, 0.0295, 0.0155, 0.1296),
    ("rs", 64): (0.6087, 0.0282, 0.0163, 0.1288),
    ("ws", 1): (0.1558, 0.5714, 0.3083, 0.7154),
    ("ws", 16): (0.1558, 0.5714, 0.3083, 0.6131),
    ("os_a", 1): (0.3112, 0.6231, 0.1232, 0.2181),
    ("os_a", 16): (0.3113, 0.6231, 0.1232, 0.1157),
    ("os_a", 64): (0.3112, 0.6231, 0.1232, 0.1106),
    ("os_b", 1): (0.3112, 0.6231, 0.0784, 0.2986),
    ("os_b", 16): (0.3112, 0.6231, 0.0709, 0.1963),
    ("os_b", 64): (0.3112, 0.6231, 0.0709, 0.1912),
    ("os_c", 1): (0.3113, 0.6231, 0.9452, 0.4915),
    ("os_c", 16): (0.3112, 0.6231, 0.1332, 0.4165),
    ("os_c", 64): (0.3112, 0.6231, 0.1248, 0.4114),
    ("nlr", 1): (0.0000, 0.5903, 1.1821, 0.1672),
    ("nlr", 16): (0.0000, 0.5903, 1.1821, 0.0958),
    ("nlr", 64): (0.0000, 0.5901, 1.1832, 0.0973),
}
RS_LAYERS = {
    # chen2016isca, RS by layer, 256 PEs, batch 16, per MAC: DRAM, buffer, array, RF, total.
    "CONV1": (1.298, 0.089, 0.223, 3.818, 6.428),
    "CONV2": (0.620, 0.082, 0.163, 3.942, 5.806),
    "CONV3": (0.768, 0.124, 0.196, 3.904, 5.992),
    "CONV4": (0.874, 0.099, 0.201, 3.917, 6.091),
    "CONV5": (0.874, 0.111, 0.198, 3.917, 6.100),
    "FC6": (12.62, 0.074, 0.396, 3.833, 17.92),
    "FC7": (12.65, 0.072, 0.385, 3.875, 17.98),
    "FC8": (12.75, 0.077, 0.384, 3.866, 18.08),
}
TYPES = {
    # sze2017, the dataflow comparison at 256 PEs, batch 16, RS = 1: total, pixels, weights, psums.
    "conv": {
        "ws": (1.921, 1.00, 0.22, 0.69),
        "os_a": (1.415, 0.59, 0.40, 0.42),
        "os_b": (1.445, 0.59, 0.43, 0.42),
        "os_c": (1.746, 0.83, 0.50, 0.42),
        "nlr": (2.155, 0.48, 1.08, 0.59),
        "rs": (1.000, 0.295, 0.274, 0.431),
    },
    "fc": {
        "ws": (2.225, 1.20, 0.77, 0.25),
        "os_a": (2.359, 1.27, 0.97, 0.12),
        "os_b": (1.878, 0.78, 0.96, 0.13),
        "os_c": (1.793, 0.71, 0.95, 0.13),
        "nlr": (1.386, 0.17, 1.05, 0.17),
        "rs": (1.000, 0.09, 0.78, 0.13),
    },
}


def conv_bar(key: str, batch: int) -> dict[str, float]:
    """A published bar in MACs per MAC, by level."""
    return {"alu": 1.0} | {
        level: value / ALU for level, value in zip(LEVELS[1:], CONV[key, batch], strict=True)
    }


@cache
def ours(batch: int, layers: str = "conv", pes: int = 256) -> Comparison:
    """What the model answers for AlexNet."""
    return compare(load("alexnet", batch=batch), pes=pes, layers=layers)


@cache
def as_searched(batch: int, layers: str = "conv", pes: int = 256) -> Comparison:
    """The same where the search counts a psum's hop twice, but the energy once."""
    return survey(load("alexnet", batch=batch), pes=pes, layers=layers, score=_hops_twice)


def _hops_twice(energy: Mapping[str, Any]) -> Any:
    return sum(part.total for part in energy.values()) + energy["psums"].array


def per_mac(found: Comparison, key: str) -> dict[str, float]:
    """Energy by level, for one MAC."""
    cost = found[key].cost
    assert cost
    return {level: cost.by_level[level] / cost.macs for level in LEVELS}


def write_tables() -> str:
    """The page with its tables as the model answers now."""
    tables = {
        "storage": _storage_table,
        "bars": lambda: _bar_table(ours, NAMES),
        "rs-as-searched": lambda: _bar_table(as_searched, ("rs",)),
        "types-conv": lambda: _type_table("conv"),
        "types-fc": lambda: _type_table("fc"),
        "layers": _layer_table,
        "accesses": _access_table,
    }

    def fresh(match: re.Match[str]) -> str:
        return f"<!-- table: {match.group(1)} -->\n{tables[match.group(1)]()}\n<!-- end -->"

    return re.sub(r"<!-- table: (\S+) -->\n.*?<!-- end -->", fresh, COMPARE.read_text(), flags=re.S)


def _markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = tuple(head)
    lines = [names, ("---", *["---:"] * (len(names) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _beside(value: float, published: float, digits: int = 3) -> str:
    both = f"{value:.{digits}f} / {published:.{digits}f}"
    if not published:
        return both
    error = f"{value / published - 1:+.1%}".replace("-0.0%", "+0.0%").replace("%", " %")
    return f"{both} ({error})"


def _storage_table() -> str:
    rows: list[tuple[str, ...]] = []
    for key, (buffer_kb, rf_kb) in STORAGE_KB.items():
        chip = ours(16)[key].chip
        rows.append(
            (
                NAMES[key],
                f"{chip.rf_bytes}",
                _beside(chip.pes * chip.rf_bytes / 1024, rf_kb, 1),
                _beside(chip.buffer_bytes / 1024, buffer_kb, 1),
            )
        )
    return _markdown(("dataflow", "RF, B per PE", "all RF, kB", "buffer, kB"), rows)


def _bar_table(answer: Callable[[int], Comparison], keys: Iterable[str]) -> str:
    rows: list[tuple[str, ...]] = []
    for key in keys:
        for batch in (1, 16, 64):
            if (key, batch) not in CONV:
                assert answer(batch)[key].cost is None
                rows.append((NAMES[key], str(batch), *["cannot run / cannot run"] * 5))
                continue
            values, bar = per_mac(answer(batch), key), conv_bar(key, batch)
            cells = (_beside(values[level], bar[level]) for level in LEVELS[1:])
            total = _beside(sum(values.values()), sum(bar.values()), 2)
            rows.append((NAMES[key], str(batch), *cells, total))
    return _markdown(("dataflow", "batch", "RF", "array", "buffer", "DRAM", "total"), rows)


def _type_table(layers: str) -> str:
    found = ours(16, layers)
    base = found["rs"].cost
    assert base
    rows: list[tuple[str, ...]] = []
    for key, published in TYPES[layers].items():
        cost = found[key].cost
        assert cost
        values = (cost.energy, *(cost.by_tensor[name] for name in TENSORS))
        cells = (
            _beside(value / base.energy, bar, 2 if place else 3)
            for place, (value, bar) in enumerate(zip(values, published, strict=True))
        )
        rows.append((NAMES[key], *cells))
    return _markdown(("dataflow", "total", "ifmaps (pixels)", "weights", "psums"), rows)


def _layer_table() -> str:
    rows: list[tuple[str, ...]] = []
    for name, (*bars, total) in RS_LAYERS.items():
        first, second = layer_cost(ours, name), layer_cost(as_searched, name)
        rows.append(
            (
                name,
                _beside(sum(first.values()), total),
                *(
                    _beside(second[level], bar)
                    for level, bar in zip(("dram", "buffer", "array", "rf"), bars, strict=True)
                ),
                _beside(sum(second.values()), total),
            )
        )
    head = ("layer", "least energy", "DRAM", "buffer", "array", "RF", "total")
    return _markdown(head, rows)


def layer_cost(answer: Callable[[int, str], Comparison], name: str) -> dict[str, float]:
    """Energy by level of one layer under RS at batch 16, for one MAC."""
    found = answer(16, "fc" if name.startswith("FC") else "conv")["rs"]
    cost = next(layer.cost for layer in found.layers if layer.name == name)
    assert cost
    return {level: cost.by_level[level] / cost.macs for level in LEVELS}


def _access_table() -> str:
    rows: list[tuple[str, ...]] = []
    for key in NAMES:
        cells: list[str] = []
        for batch in (1, 16, 64):
            cost = ours(batch)[key].cost
            cells.append(
                _beside(cost.dram_accesses / cost.macs, conv_bar(key, batch)["dram"] / 200, 5)
                if cost
                else "cannot run / cannot run"
            )
        rows.append((NAMES[key], *cells))
    return _markdown(("dataflow", "batch 1", "batch 16", "batch 64"), rows)
