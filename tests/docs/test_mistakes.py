"""Mistakes: each gets one clear message and leaves nothing behind; the page shows it as it is."""

from pathlib import Path

import pytest
from documents import ERRORS, run
from mistakes import (
    CHIP,
    MISTAKES,
    OPERATION,
    WHOLE_NEST,
    Mistake,
    describe_mistakes,
    network,
    saved,
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_a_mistake_gets_one_message_and_leaves_nothing(mistake: Mistake, tmp_path: Path) -> None:
    mistake.make_files(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    answer = run(mistake.arguments, tmp_path)
    assert answer.status == 2, answer
    assert answer.output == ""
    assert "Traceback" not in answer.errors
    assert "internal error" not in answer.errors
    for word in mistake.tells:
        assert word in answer.errors
    if answer.errors.startswith("pj:"):
        fields = [line.split(":")[0].strip() for line in answer.errors.splitlines()[1:]]
        assert fields == ["where", "got", "expected", "fix"]
    else:
        assert answer.errors.startswith("Usage: pj")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_there_are_enough_mistakes_and_none_is_told_twice() -> None:
    assert len(MISTAKES) >= 30
    assert len({mistake.title for mistake in MISTAKES}) == len(MISTAKES)


def test_without_its_mistake_each_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(CHIP)
    (tmp_path / "conv.nest").write_text(WHOLE_NEST)
    (tmp_path / "net.onnx").write_bytes(saved(network()))
    for arguments in (
        ["chips", "mine.yaml"],
        ["profile", "net.onnx"],
        ["map", OPERATION, "--on", "mine.yaml", "--mapping", "conv.nest"],
        ["check", "conv.nest", "--operation", OPERATION, "--on", "mine.yaml"],
    ):
        answer = run(arguments, tmp_path)
        assert answer.status == 0, answer.errors


def test_the_page_shows_every_message_as_it_is(tmp_path: Path) -> None:
    assert ERRORS.read_text() == describe_mistakes(tmp_path), "run `make docs` and read the change"
