"""A network in passes: which cut, which zeros, and what is printed, saved and drawn."""

import json
from pathlib import Path

import pytest

import picojoule
from picojoule import cli
from picojoule.report import BarPanel, Bars
from picojoule.report.bars import draw_bars
from picojoule.silicon import (
    Shares,
    describe_run,
    pass_chip,
    published,
    run_passes,
    silicon_bars,
)
from picojoule.silicon.chip import library_file
from picojoule.silicon.zeros import layer_zeros, written_share
from picojoule.sources import check_source

ALEXNET = run_passes("alexnet", batch=4, zeros="measured")


def test_every_number_of_the_library_has_a_source() -> None:
    def unsourced(node: object, sourced: bool, path: str = "") -> list[str]:
        if isinstance(node, dict):
            here = sourced or "source" in node
            return [
                one
                for key, value in node.items()
                for one in unsourced(value, here or f"{key}_source" in node, f"{path}.{key}")
            ]
        if isinstance(node, list):
            return [one for value in node for one in unsourced(value, sourced, path)]
        return [path] if isinstance(node, int | float) and not sourced else []

    for name in ("eyeriss", "alexnet", "vgg16"):
        assert unsourced(library_file(name), False) == []
    for place, text in pass_chip().sources:
        assert check_source(text, where=place) == text


def test_without_zeros_nothing_is_coded_or_gated() -> None:
    run = run_passes("alexnet", batch=4)
    for dense, sparse in zip(run.layers, ALEXNET.layers, strict=True):
        assert dense.zeros is None
        assert dense.dram_bytes_compressed == dense.dram_bytes == sparse.dram_bytes
        assert dense.nonzero_macs == dense.macs
        assert dense.energy.alus >= sparse.energy.alus
        assert dense.passes == sparse.passes


def test_outputs_have_the_zeros_of_the_next_layer_without_its_padding() -> None:
    zeros = {layer.name: layer.zeros for layer in ALEXNET.layers}
    # CONV4 reads 79.3 % zeros, 15 x 15 with padding; 13 x 13 of that were written by CONV3.
    assert zeros["CONV3"].ofmaps == pytest.approx(1 - 0.207 * 225 / 169)
    assert zeros["CONV1"].ofmaps == 0.5 and zeros["CONV5"].ofmaps == 0.814  # given
    assert written_share(0.1, 100, 81) == 0.0


def test_the_last_layer_has_only_its_own_zeros_to_go_by() -> None:
    network = picojoule.load("vgg16", batch=3)
    last = next(layer for layer in network.layers if layer.name == "conv5_3")
    shares = {"conv5_3": Shares(0.885)}
    expected = 1 - 0.115 * 256 / 196
    assert layer_zeros(network, last, shares).ofmaps == pytest.approx(expected)


def test_the_networks_own_input_is_not_coded() -> None:
    first = ALEXNET.layers[0]
    words = first.traffic.dram_ifmaps + first.traffic.dram_filters
    coded = 1161600 / (2 * (1 - 0.5**32)) * 64 / 3 / 8
    assert first.dram_bytes_compressed == pytest.approx(2 * words + coded, abs=16)


def test_another_batch_is_searched_and_not_compared() -> None:
    run = run_passes("alexnet", batch=1, zeros="measured")
    by_name = {layer.name: layer for layer in run.layers}
    assert run.published is None and all(layer.measured is None for layer in run.layers)
    assert "chen2017jssc" in by_name["CONV1"].mapping_source  # n=1 suits any batch
    assert by_name["CONV4"].mapping_source == "searched: least energy"
    assert "silicon" not in describe_run(run)


def test_passes_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "conv3.yaml"
    path.write_text("passes:\n  CONV3: {m: 64, n: 4, e: 13, p: 16, q: 3, r: 2, t: 2}\n")
    run = run_passes("alexnet", batch=4, zeros="measured", passes_from=path)
    conv3 = run.layers[2]
    assert conv3.passes == 43 * 12 and conv3.mapping_source == "stated: conv3.yaml"
    assert run.layers[3].mapping_source == "searched: least energy"


def test_zeros_of_a_file(tmp_path: Path) -> None:
    table = tmp_path / "zeros.csv"
    rows = "".join(f"CONV{n},0.5,\n" for n in range(1, 5)) + "CONV5,0.25,0.75\n"
    table.write_text("layer,ifmaps,ofmaps\n" + rows)
    text = tmp_path / "zeros.yaml"
    text.write_text(
        "zeros: {CONV1: 0.5, CONV2: 0.5, CONV3: 0.5, CONV4: 0.5,"
        " CONV5: {ifmaps: 0.25, ofmaps: 0.75}}\n"
    )
    runs = [run_passes("alexnet", batch=4, zeros=path) for path in (table, text)]
    assert [one.zeros for one in runs[0].layers] == [one.zeros for one in runs[1].layers]
    assert runs[0].layers[4].zeros.ofmaps == 0.75


def test_json_has_what_was_agreed(tmp_path: Path) -> None:
    ALEXNET.save(tmp_path / "run.json")
    data = json.loads((tmp_path / "run.json").read_text())
    assert {
        "passes", "active_pes", "processing_latency_s", "total_latency_s", "power_w",
        "buffer_bytes", "dram_bytes", "dram_bytes_compressed",
    } <= data["layers"][0].keys()  # fmt: skip
    conv4 = data["layers"][3]
    assert conv4["mapping"] == {"m": 64, "n": 4, "e": 13, "f": 13, "p": 16, "q": 3, "r": 2, "t": 2}
    assert sum(conv4["power_by_block_w"].values()) == pytest.approx(conv4["power_w"])
    assert conv4["errors"]["power_w"] == pytest.approx(conv4["power_w"] / 0.235 - 1)
    assert data["totals"]["passes"] == 2848
    assert {one["name"] for one in data["unmapped"]} == {"FC6", "FC7", "FC8"}
    moved = data["layers"][0]["bytes"]
    parts = ("buffer_ifmaps", "buffer_filters", "psum_writes", "psum_reads")
    assert sum(moved[name] for name in parts) == data["layers"][0]["buffer_bytes"]


def test_tables_fit_a_hundred_columns() -> None:
    for run in (ALEXNET, run_passes("vgg16", batch=3, zeros="measured"), run_passes("lenet5")):
        assert max(map(len, describe_run(run).splitlines())) <= 100


def test_the_survey_s_own_table_is_quoted() -> None:
    """sze2017, Table V: 4309.4 ms, where the layers of chen2017jssc add up to 4309.5."""
    text = describe_run(run_passes("vgg16", batch=3, zeros="measured"))
    (line,) = [one for one in text.splitlines() if one.startswith("run time, ms")]
    assert line.split()[-1] == "4309.4"
    (line,) = [one for one in text.splitlines() if one.startswith("top-5 error")]
    assert line.split()[-3:] == ["-", "8.8;", "100"]


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = ("evaluate", "alexnet", "--on", "eyeriss", "--dataflow", "rs", "--batch", "4")
    picture, saved = tmp_path / "bars.png", tmp_path / "run.json"
    extra = ("--zeros", "measured", "--plot", str(picture), "--save", str(saved))
    assert cli.main((*command, *extra, "--format", "json")) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [layer["passes"] for layer in shown["layers"]] == [288, 1536, 384, 384, 256]
    assert picture.read_bytes().startswith(b"\x89PNG") and json.loads(saved.read_text()) == shown
    assert cli.main((*command, "--zeros", "none", "--format", "csv")) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--dataflow", "rs", "--bits", "8"), "16: its passes"),
        (("--dataflow", "rs", "--bits", "16,8,16"), "16: its passes"),
        (("--dataflow", "ws"), "--dataflow rs --on eyeriss"),
    ],
)
def test_what_passes_cannot_follow_is_refused(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], told: str
) -> None:
    command = ("evaluate", "lenet5", "--on", "eyeriss", "--zeros", "none", *options)
    assert cli.main(command) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and told in captured.err


def test_the_width_of_the_chip_may_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    command = ("evaluate", "lenet5", "--on", "eyeriss", "--dataflow", "rs", "--zeros", "none")
    assert cli.main((*command, "--bits", "16", "--quiet")) == 0
    said = capsys.readouterr().out
    assert cli.main((*command, "--quiet")) == 0
    assert capsys.readouterr().out == said


def test_batches_longer_than_one_code_are_counted() -> None:
    """AlexNet 25,000 times over: a CONV1 of 7.26e9 outputs, four times over one code's length."""
    many = run_passes("alexnet", batch=100_000, zeros="measured")
    few = run_passes("alexnet", batch=4, zeros="measured")
    ratio = many.layers[0].dram_bytes_compressed / few.layers[0].dram_bytes_compressed
    assert ratio == pytest.approx(25_000, rel=1e-5)


def test_bars_leave_out_what_was_not_measured() -> None:
    panel = BarPanel("time", "ms", (("ours", (1.0, 2.0)), ("theirs", (None, 3.0))))
    figure = draw_bars(Bars("t", ("a", "b"), (panel,)))
    (axes,) = figure.axes
    assert sorted(bar.get_height() for bar in axes.patches) == [1.0, 2.0, 3.0]
    assert axes.get_ylabel() == "time (ms)"
    assert len(silicon_bars(ALEXNET).panels) == 3
    assert len(silicon_bars(run_passes("alexnet", batch=1)).panels[0].series) == 1


def test_published_is_known_for_this_chip_only() -> None:
    assert published("alexnet", "systolic-128") is None and published("lenet5", "eyeriss") is None
