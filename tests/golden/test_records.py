"""Recorded runs of another tool: ours agree number by number where those count exactly."""

import copy
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picojoule.check import RecordError, check_records
from picojoule.check.documents import LARGEST_FILE

RECORDS = Path(__file__).parents[2].parent / "shared" / "golden" / "timeloop.json"
QUICK_CYCLES = 1_000_000


@pytest.fixture(scope="module")
def document() -> dict:
    if not RECORDS.exists():
        pytest.skip(f"the recorded runs are not beside this checkout: {RECORDS}")
    return json.loads(RECORDS.read_text())


def write(path: Path, document: dict, records: list) -> Path:
    file = path / "records.json"
    file.write_text(json.dumps({**document, "records": records}))
    return file


def small(document: dict, marked: bool | None = True) -> dict:
    """A small record; one with an array and with links to forward over, as it happens."""
    found = [r for r in document["records"] if r["exact_prev_tile"]["agrees"] is marked]
    return copy.deepcopy(min(found, key=lambda r: r["output"]["cycles"]))


def test_quick_records_agree(document: dict, tmp_path: Path) -> None:
    records = [r for r in document["records"] if r["output"]["cycles"] <= QUICK_CYCLES]
    check = check_records(write(tmp_path, document, records))
    assert len(check.outcomes) == len(records)
    assert [one for one in check.outcomes if one.exact and one.status != "agrees"] == []
    assert check.exact_agree and check.witnesses_agree and check.passed


@pytest.mark.slow
def test_all_records(document: dict) -> None:
    check = check_records(RECORDS)
    assert Counter((one.exact, one.status) for one in check.outcomes) == {
        (True, "agrees"): 166,
        (False, "differs"): 7,
        (None, "unsupported"): 17,
    }
    assert check.summary == "166 of 173 agree"
    assert check.passed
    assert all(one.reason for one in check.outcomes if one.status != "agrees")


def test_inexact_records_differ_as_the_file_says(document: dict, tmp_path: Path) -> None:
    """The file lists what the tool should have counted; the oracle counts that."""
    records = [
        record
        for record in document["records"]
        if record["exact_prev_tile"]["agrees"] is False
        and record["output"]["cycles"] <= QUICK_CYCLES
    ]
    assert records
    check = check_records(write(tmp_path, document, records))
    for record, outcome in zip(records, check.outcomes, strict=True):
        listed = record["exact_prev_tile"]["differences_level_tensor_counter_timeloop_exact"]
        found = {
            (difference.place, difference.quantity): (difference.recorded, difference.oracle)
            for difference in outcome.differences
        }
        assert outcome.status == "differs" and outcome.witnesses_agree and outcome.reason
        for level, tensor, counter, recorded, exact in listed:
            assert found[f"{level} {tensor}", counter] == (recorded, exact)


@pytest.mark.parametrize("counter", ["reads", "fills", "updates", "utilized_capacity"])
def test_one_wrong_number_is_found(document: dict, tmp_path: Path, counter: str) -> None:
    record = small(document)
    level, stated = next(iter(record["output"]["levels"].items()))
    tensor = next(iter(stated["tensors"]))
    stated["tensors"][tensor][counter] += 1
    check = check_records(write(tmp_path, document, [record]))
    (outcome,) = check.outcomes
    assert not check.exact_agree and check.witnesses_agree and check.summary == "0 of 1 agree"
    (difference,) = outcome.differences
    assert (difference.place, difference.quantity) == (f"{level} {tensor}", counter)
    assert difference.recorded == difference.oracle + 1


def test_imperfect_factors_are_listed_with_their_reason(document: dict, tmp_path: Path) -> None:
    check = check_records(write(tmp_path, document, [small(document, None)]))
    (outcome,) = check.outcomes
    assert outcome.status == "unsupported"
    assert "imperfect factor" in outcome.reason
    assert check.compared == () and check.summary == "0 of 0 agree" and check.passed


def test_an_exact_record_that_cannot_be_read_is_not_passed_over(
    document: dict, tmp_path: Path
) -> None:
    record = small(document)
    del record["arch"]["levels"][0]["read_energy"]
    check = check_records(write(tmp_path, document, [record]))
    (outcome,) = check.outcomes
    assert outcome.status == "unreadable" and "read_energy" in outcome.reason
    assert not check.passed


def test_progress_is_told(document: dict, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    records = [small(document), small(document, None)]
    check_records(write(tmp_path, document, records), progress=lambda *done: told.append(done))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"records": 3}', b"\xff\xfe\x00", b'{"records": ' + b"[" * 100_000],
)
def test_files_that_are_no_records(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "records.json"
    file.write_bytes(content)
    with pytest.raises(RecordError) as caught:
        check_records(file)
    assert "records.json" in caught.value.where and caught.value.fix


def test_missing_file_folder_and_oversized_file(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as stream:
        stream.truncate(LARGEST_FILE + 1)
    for path in (tmp_path / "none.json", tmp_path, large):
        with pytest.raises(RecordError) as caught:
            check_records(path)
        assert caught.value.where == str(path)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every place in a JSON value, as the keys that lead there."""
    inner: list[tuple] = []
    if isinstance(value, dict):
        inner = [place for key in value for place in places(value[key], (*path, key))]
    elif isinstance(value, list):
        inner = [place for i, one in enumerate(value) for place in places(one, (*path, i))]
    return [path, *inner] if path else inner


JUNK = st.sampled_from(
    [None, True, -1, 0, 3, 2.5, 1e308, float("nan"), 2**80, "", "P", "x" * 300, [], {}, [[]], [1]]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 10**6), remove=st.booleans(), junk=JUNK)
def test_damaged_records_never_crash(
    document: dict, tmp_path: Path, place: int, remove: bool, junk: object
) -> None:
    record = small(document)
    record["map_txt"] = ""
    everywhere = places(record)
    *path, last = everywhere[place % len(everywhere)]
    holder = record
    for key in path:
        holder = holder[key]
    if remove and isinstance(holder, dict):
        del holder[last]
    else:
        holder[last] = junk
    check = check_records(write(tmp_path, document, [record]))
    assert len(check.outcomes) == 1
