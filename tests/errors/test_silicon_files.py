"""Mistakes with passes and zeros: each is refused with its place, and the fix makes it go."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule import cli
from picojoule.errors import HardwareError, MappingError, PicojouleError, WorkloadError
from picojoule.silicon import (
    LayerShape,
    check_mapping,
    find_passes,
    mapping_of,
    parse_passes,
    parse_shares,
    pass_chip,
    run_passes,
)
from picojoule.silicon.zeros import parse_csv
from picojoule.workload import Layer, Network, Value, load, parse_operation

CHIP = pass_chip()
CONV4 = LayerShape(4, 2, 192, 192, 3, 3, 13, 13)
GOOD = {"m": 64, "n": 4, "e": 13, "p": 16, "q": 3, "r": 2, "t": 2}


@pytest.mark.parametrize(
    ("change", "what", "fix"),
    [
        ({"p": 25, "q": 1, "m": 50}, "partial-sum scratch pad", {"p": 16, "m": 64}),
        ({"q": 5, "p": 8}, "input scratch pad", {"q": 3}),
        ({"p": 20, "q": 4, "m": 40}, "filter scratch pad", {"q": 3}),
        ({"t": 3, "m": 48}, "PE sets", {"t": 2, "m": 64}),
        ({"e": 14}, "output rows", {"e": 13}),
        ({"m": 192}, "buffer banks", {"m": 64}),
        ({"n": 8}, "images", {"n": 4}),
        ({"n": 3}, "do not divide", {"n": 2}),
        ({"m": 40}, "no whole number", {"m": 64}),
    ],
)
def test_passes_that_do_not_fit(change: dict[str, int], what: str, fix: dict[str, int]) -> None:
    check_mapping(CHIP, CONV4, mapping_of(GOOD, CONV4), where="test")
    with pytest.raises(MappingError) as caught:
        check_mapping(CHIP, CONV4, mapping_of(GOOD | change, CONV4), where="layer CONV4")
    assert what in caught.value.what and caught.value.where == "layer CONV4"
    check_mapping(CHIP, CONV4, mapping_of(GOOD | change | fix, CONV4), where="test")


def test_filters_that_cannot_be_prefetched() -> None:
    shape = LayerShape(1, 1, 96, 3, 11, 11, 55, 55, 4, 4)
    how = {"m": 40, "n": 1, "e": 7, "p": 20, "q": 1, "r": 1, "t": 2}
    with pytest.raises(MappingError) as caught:
        check_mapping(CHIP, shape, mapping_of(how, shape), where="x")
    assert "prefetch" in caught.value.what and caught.value.got == 9680
    check_mapping(CHIP, shape, mapping_of(how | {"p": 16, "m": 32}, shape), where="x")


@pytest.mark.parametrize(
    ("text", "what", "where", "fixed"),
    [
        ("pases: {}", "unknown key", "passes.yaml:1", "passes: {}"),
        ("passes:\n  a: {m: 0, n: 1, e: 1, p: 1, q: 1, r: 1, t: 1}", "", "passes.yaml:2",
         "passes:\n  a: {m: 1, n: 1, e: 1, p: 1, q: 1, r: 1, t: 1}"),
        ("passes:\n  a: {m: 1, n: 1, e: 1, p: 1, q: 1, r: 1}", "", "passes.yaml:2",
         "passes:\n  a: {m: 1, n: 1, e: 1, p: 1, q: 1, r: 1, t: 1}"),
    ],
)  # fmt: skip
def test_passes_files(text: str, what: str, where: str, fixed: str) -> None:
    with pytest.raises(MappingError) as caught:
        parse_passes(text)
    assert what in caught.value.what and caught.value.where.startswith(where)
    parse_passes(fixed)


@pytest.mark.parametrize(
    ("text", "where", "got", "fixed"),
    [
        ("zero: {a: 0.1}", "zeros.yaml:1", "zero", "zeros: {a: 0.1}"),
        ("zeros: [0.1]", "zeros.yaml:1", "[0.1]", "zeros: {a: 0.1}"),
        ("zeros:\n  a: 38.7", "zeros.yaml:2", "38.7", "zeros:\n  a: 0.387"),
        ("zeros:\n  a: .nan", "zeros.yaml:2", "nan", "zeros:\n  a: 0"),
        ("zeros:\n  a: {ofmaps: 0.1}", "zeros.yaml:2", "ifmaps", "zeros:\n  a: {ifmaps: 0.1}"),
        ("zeros:\n  a: {ifmaps: 0, x: 1}", "zeros.yaml:2", "x", "zeros:\n  a: {ifmaps: 0}"),
    ],
)
def test_zeros_in_yaml(text: str, where: str, got: str, fixed: str) -> None:
    with pytest.raises(MappingError) as caught:
        parse_shares(text)
    assert caught.value.where.startswith(where) and got in str(caught.value.got)
    parse_shares(fixed)


@pytest.mark.parametrize(
    ("text", "where", "fixed"),
    [
        ("", "zeros.csv:1", "layer,ifmaps\n"),
        ("name,zeros\na,1\n", "zeros.csv:1", "layer,ifmaps\na,1\n"),
        ("layer,ifmaps\na,x\n", "zeros.csv:2", "layer,ifmaps\na,0.5\n"),
        ("layer,ifmaps\na,1.5\n", "zeros.csv:2", "layer,ifmaps\na,0.15\n"),
        ("layer,ifmaps,ofmaps\na,,1\n", "zeros.csv:2", "layer,ifmaps,ofmaps\na,1,\n"),
        ("layer,ifmaps\na,0,0\n", "zeros.csv:2", "layer,ifmaps\na,0\n"),
        ("layer,ifmaps\na,0\na,0\n", "zeros.csv:3", "layer,ifmaps\na,0\nb,0\n"),
    ],
)
def test_zeros_in_csv(text: str, where: str, fixed: str) -> None:
    with pytest.raises(MappingError) as caught:
        parse_csv(text)
    assert caught.value.where == where
    parse_csv(fixed)


def test_zeros_for_the_wrong_layers(tmp_path: Path) -> None:
    path = tmp_path / "zeros.yaml"
    path.write_text("zeros: {CONV9: 0.1}")
    with pytest.raises(MappingError) as caught:
        run_passes("alexnet", batch=4, zeros=path)
    assert caught.value.got == "CONV9" and "CONV1" in caught.value.expected
    path.write_text("zeros: {CONV1: 0.1}")
    with pytest.raises(MappingError) as caught:
        run_passes("alexnet", batch=4, zeros=path)
    assert "CONV2" in str(caught.value.got)
    path.write_text("zeros: {CONV1: 0, CONV2: 0, CONV3: 0, CONV4: 0, CONV5: 0}")
    run_passes("alexnet", batch=4, zeros=path)


def test_zeros_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(MappingError):
        run_passes("alexnet", batch=4, zeros=tmp_path / "none.csv")
    big = tmp_path / "big.csv"
    big.write_bytes(b"layer,ifmaps\n" + b"x" * 1_000_001)
    with pytest.raises(MappingError) as caught:
        run_passes("alexnet", batch=4, zeros=big)
    assert caught.value.got == "over 1 MB"
    big.write_bytes(b"\xff\xfe")
    with pytest.raises(MappingError):
        run_passes("alexnet", batch=4, zeros=big)


def test_passes_of_another_layer(tmp_path: Path) -> None:
    path = tmp_path / "passes.yaml"
    path.write_text("passes: {conv4: {m: 64, n: 4, e: 13, p: 16, q: 3, r: 2, t: 2}}")
    with pytest.raises(MappingError) as caught:
        run_passes("alexnet", batch=4, passes_from=path)
    assert caught.value.got == "conv4"


def test_names() -> None:
    with pytest.raises(HardwareError) as caught:
        run_passes("alexnet", "systolic-128")
    assert "eyeriss" in str(caught.value.expected)
    with pytest.raises(MappingError):
        run_passes("lenet5", zeros="measured")
    for run in (
        lambda goal: find_passes(CHIP, CONV4, minimize=goal),
        lambda goal: run_passes("alexnet", batch=4, minimize=goal),
    ):
        with pytest.raises(MappingError) as caught:
            run("ed2p")
        assert "edp" in str(caught.value.expected)
        run("edp")
    with pytest.raises(WorkloadError):
        run_passes(load("lenet5", batch=2), batch=3)
    product = Layer("product", parse_operation("matmul M=2 K=2 N=2"), ("in",), ("out",))
    values = {"in": Value("in", (1, 2)), "out": Value("out", (1, 2))}
    with pytest.raises(WorkloadError) as caught:
        run_passes(Network("alone", (product,), values, ("in",), ("out",)))
    assert "no convolution" in str(caught.value.got)


def test_a_layer_that_no_cut_fits() -> None:
    """Twelve filter rows and one output row fit; a row of 300 000 columns fills more than a bank
    even in sixteen tiles."""
    with pytest.raises(MappingError) as caught:
        find_passes(CHIP, LayerShape(1, 1, 1, 1, 12, 12, 1, 3_000_000))
    assert "no cut" in caught.value.what
    find_passes(CHIP, LayerShape(1, 1, 1, 1, 12, 12, 1, 3_000))


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("--zeros", "measured"), "--zeros"),
        (("--passes", "search"), "--passes"),
        (("--zeros", "none", "--dataflow", "xy"), "--zeros"),
        (("--zeros", "none", "--dataflow", "rs", "--front"), "--front"),
        (("--passes", "chip", "--dataflow", "rs", "--budget", "3"), "--budget"),
        (("--passes", "chip", "--dataflow", "rs", "--factors", "perfect"), "--factors"),
    ],
)
def test_options_that_do_not_go_together(
    arguments: tuple[str, ...], where: str, capsys: Any
) -> None:
    assert cli.main(("evaluate", "lenet5", "--on", "eyeriss", *arguments)) == 2
    assert f"where:    {where}" in capsys.readouterr().err


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
@settings(max_examples=60, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (parse_shares, parse_passes, parse_csv):
        for one in (text, f"zeros: {text}", f"passes: {text}", f"layer,ifmaps\n{text}"):
            with contextlib.suppress(PicojouleError):
                read(one)
