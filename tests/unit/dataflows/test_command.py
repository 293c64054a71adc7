"""The command: lists the dataflows, shows one on a mapping, and names it in what others print."""

import json

import pytest

from picojoule.cli import BAD_INPUT, main
from picojoule.dataflows import DATAFLOWS

CONV = "conv M=8 C=4 P=6 Q=6 R=3 S=3"


def told(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main([*arguments, "--quiet"]) == status
    captured = capsys.readouterr()
    return captured.err if status else captured.out


def test_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(told(capsys, "dataflow", "--format", "json"))["dataflows"]
    assert [one["name"] for one in listed] == list(DATAFLOWS)
    assert "SCNN" in told(capsys, "dataflow")


def test_one_is_shown_on_a_mapping(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "dataflow", "ws", CONV, "--on", "eyeriss")
    assert "Each PE keeps one weight" in text
    assert "weights: 1 stays for 36 MACs" in text
    assert max(map(len, text.splitlines())) <= 100
    data = json.loads(told(capsys, "dataflow", "ws", CONV, "--on", "eyeriss", "--format", "json"))
    assert data["constraints"]["spad"]["keep"] == ["weights"]
    (weights, *_) = data["tensors"]
    assert (weights["words_in_pe"], weights["stays_for_macs"]) == (1, 36)


def test_weights_stay_on_a_chip_whose_words_are_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    """The TPU's weight register holds one word of 8 bits; one of 16 would not fit."""
    assert "weights: 1 stays for" in told(capsys, "dataflow", "ws", CONV, "--on", "tpu-v1")
    told(capsys, "map", CONV, "--on", "tpu-v1", "--dataflow", "ws")
    told(capsys, "map", f"{CONV} bits=16", "--on", "tpu-v1", "--dataflow", "ws", status=2)


def test_flex_is_shown_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert "every mapping is allowed" in told(capsys, "dataflow", "flex", CONV)


def test_a_result_names_its_dataflow(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("map", CONV, "--on", "eyeriss", "--no-cache")
    assert "dataflow rs" in told(capsys, *arguments, "--dataflow", "rs")
    for more in ((), ("--front",)):
        text = told(capsys, *arguments, "--dataflow", "rs", "--format", "json", *more)
        assert json.loads(text)["dataflow"] == "rs"
    assert json.loads(told(capsys, *arguments, "--format", "json"))["dataflow"] is None


def test_what_makes_no_sense_is_refused(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    picture = str(tmp_path / "x.png")
    assert "nothing to draw" in told(capsys, "dataflow", "--plot", picture, status=BAD_INPUT)
    nest = tmp_path / "conv.nest"
    told(capsys, "map", CONV, "--on", "eyeriss", "--write-mapping", str(nest))
    both = ("map", CONV, "--on", "eyeriss", "--mapping", str(nest), "--dataflow", "ws")
    assert "a dataflow and a mapping" in told(capsys, *both, status=BAD_INPUT)
