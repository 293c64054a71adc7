"""The comparison of dataflows against chen2016isca and sze2017, bar by bar.

Nothing of the model was fitted to a bar. The published mappings come from a genetic search, and
for RS it counted each hop of a psum twice, the energy once: where that moves a figure, it says so.
"""

import pytest
from dataflows import (
    CONV,
    LEVELS,
    NAMES,
    RS_LAYERS,
    STORAGE_KB,
    TENSORS,
    TYPES,
    as_searched,
    conv_bar,
    layer_cost,
    ours,
    per_mac,
)

STREAMING = [row for row in CONV if row[0] != "rs"]
EXACT = 0.002
"""The bars have four digits and an error of 0.1 %."""


@pytest.mark.parametrize("key", STORAGE_KB)
def test_storage_on_the_same_area(key: str) -> None:
    chip = ours(16)[key].chip
    buffer_kb, rf_kb = STORAGE_KB[key]
    assert chip.buffer_bytes / 1024 == pytest.approx(buffer_kb, rel=0.0025)  # 1.64 is rounded
    assert chip.pes * chip.rf_bytes / 1024 == pytest.approx(rf_kb, abs=0.05)


def test_what_the_paper_says_of_storage() -> None:
    chips = [dataflow.chip for dataflow in ours(16).dataflows]
    buffers = [chip.buffer_bytes for chip in chips]
    totals = [chip.total_bytes for chip in chips]
    assert max(buffers) / min(buffers) == pytest.approx(2.6, abs=0.05)
    assert (max(totals) - min(totals)) / 1024 == pytest.approx(80, abs=3)


@pytest.mark.parametrize(("key", "batch"), [row for row in STREAMING if row != ("nlr", 64)])
def test_every_level_of_what_streams(key: str, batch: int) -> None:
    values, bar = per_mac(ours(batch), key), conv_bar(key, batch)
    for level in LEVELS:
        assert values[level] == pytest.approx(bar[level], rel=EXACT), level


def test_the_genetic_search_missed_the_best_of_nlr_at_batch_64() -> None:
    values, bar = per_mac(ours(64), "nlr"), conv_bar("nlr", 64)
    assert sum(values.values()) < sum(bar.values())
    assert sum(values.values()) == pytest.approx(sum(bar.values()), rel=EXACT)
    assert values["dram"] == pytest.approx(bar["dram"], rel=0.03)
    assert values["buffer"] == pytest.approx(bar["buffer"], rel=EXACT)


@pytest.mark.parametrize("batch", [1, 16, 64])
def test_rs_costs_a_little_less_than_published(batch: int) -> None:
    values, bar = per_mac(ours(batch), "rs"), conv_bar("rs", batch)
    assert 0.99 < sum(values.values()) / sum(bar.values()) < 1
    assert values["dram"] == pytest.approx(bar["dram"], rel=0.03)
    assert values["rf"] == pytest.approx(bar["rf"], rel=0.05)


@pytest.mark.parametrize("batch", [1, 16, 64])
def test_rs_is_the_published_one_where_hops_are_sought_twice(batch: int) -> None:
    values, bar = per_mac(as_searched(batch), "rs"), conv_bar("rs", batch)
    for level in LEVELS:
        # The paper's own layers add up to 0.9 % less in the buffer than its bar at batch 16.
        assert values[level] == pytest.approx(bar[level], rel=0.01), level


@pytest.mark.parametrize("name", RS_LAYERS)
def test_rs_layer_by_layer(name: str) -> None:
    *bars, total = RS_LAYERS[name]
    assert sum(layer_cost(ours, name).values()) == pytest.approx(total, rel=0.015)
    values = layer_cost(as_searched, name)
    for level, bar in zip(("dram", "buffer", "array", "rf"), bars, strict=True):
        assert values[level] == pytest.approx(bar, rel=EXACT, abs=0.0012), level


def test_totals_stand_in_the_published_order() -> None:
    totals = {key: ours(16)[key].cost.energy for key in NAMES}
    assert sorted(totals, key=totals.__getitem__) == ["rs", "os_a", "os_b", "os_c", "ws", "nlr"]


@pytest.mark.parametrize("layers", TYPES)
@pytest.mark.parametrize("key", NAMES)
def test_data_types_of_the_survey(layers: str, key: str) -> None:
    found = ours(16, layers)
    base, cost = found["rs"].cost, found[key].cost
    total, *bars = TYPES[layers][key]
    # The base is our RS, 0.7 % below theirs; bars are read from pixels to 0.01, and rounded to it.
    assert cost.energy / base.energy == pytest.approx(total, rel=0.012)
    for name, bar in zip(TENSORS, bars, strict=True):
        assert abs(cost.by_tensor[name] / base.energy - bar) < 0.015 + 0.01 * bar, name


@pytest.mark.parametrize(("key", "batch"), CONV)
def test_dram_accesses(key: str, batch: int) -> None:
    cost = ours(batch)[key].cost
    accesses = conv_bar(key, batch)["dram"] / 200
    assert cost.dram_accesses / cost.macs == pytest.approx(accesses, rel=0.03)


def test_ws_cannot_run_a_batch_of_64_on_256_pes() -> None:
    ws = ours(64)["ws"]
    assert ws.cost is None
    # 64 x 55 x 55 psums of one filter; 334 kB are 171 thousand words.
    assert "193,600 words" in ws.why
    assert "psums do not fit" in ws.why
    assert ours(64, pes=512)["ws"].cost is not None


def test_claims_about_convolutions_at_every_size() -> None:
    # chen2016isca, Sec. VII: RS takes 1.4 to 2.5 times less, for 1, 16, 64 images, 256 to 1024 PEs.
    ratios = [
        dataflow.cost.energy / found["rs"].cost.energy
        for found in (ours(batch, pes=pes) for batch in (1, 16, 64) for pes in (256, 512, 1024))
        for dataflow in found.dataflows
        if dataflow.cost and dataflow.key != "rs"
    ]
    assert min(ratios) == pytest.approx(1.4, abs=0.05)
    assert max(ratios) == pytest.approx(2.5, abs=0.05)


def test_claims_about_fully_connected_layers() -> None:
    # chen2016isca, Sec. VII, 1024 PEs: at least 1.3 times less from batch 16, up to 2.8 at 256.
    def ratios(batch: int) -> list[float]:
        found = as_searched(batch, "fc", 1024)
        rs = found["rs"].cost.energy
        return [d.cost.energy / rs for d in found.dataflows if d.key != "rs"]

    assert min(ratios(16)) == pytest.approx(1.3, abs=0.05)
    assert max(ratios(256)) == pytest.approx(2.8, abs=0.1)
