"""The cache: it gives back what was searched, or nothing; no file breaks a run."""

import dataclasses
import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import picojoule as pj
from picojoule import mapper
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import OBJECTIVES, Constraints, Limits, PartConstraints, Range, Solution
from picojoule.mapper.cache import (
    PLACE,
    Cache,
    CacheWarning,
    _add_files,
    clear,
    default_place,
    mapping_key,
)
from picojoule.workload import Layer, Network, Operation, matmul

CHIP = Accelerator(
    "small",
    (
        Memory("dram", read_pj=200.0, update_pj=100.0, port_bits_per_cycle=64.0),
        Array("pes", 2, 1, delivery_pj=2.0),
        Memory("spad", capacity_bits=1024, read_pj=1.0, fill_pj=0.5, update_pj=1.0),
        Compute(mac_pj=3.0),
    ),
)
PRODUCT = matmul("product", M=4, K=2, N=3)
ENERGY = OBJECTIVES["energy"]


def key_of(operation: Operation = PRODUCT, chip: Accelerator = CHIP, **others: Any) -> str:
    values = {"constraints": Constraints(), "objective": ENERGY, "factors": "auto", **others}
    return mapping_key(operation, chip, *values.values())


KEY = key_of()


@pytest.fixture(scope="module")
def solution() -> Solution:
    return mapper.search(PRODUCT, CHIP)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "mappings.sqlite"


@pytest.fixture
def filled(place: Path, solution: Solution) -> Path:
    with Cache(place) as cache:
        cache.keep(KEY, solution)
    return place


def find(place: Path) -> Solution | None:
    with Cache(place) as cache:
        return cache.find(KEY, PRODUCT, CHIP, ENERGY)


def test_what_was_searched_comes_back_whole(filled: Path, solution: Solution) -> None:
    assert find(filled) == solution
    with Cache(filled) as cache:
        assert cache.find("another", PRODUCT, CHIP, ENERGY) is None
        assert cache.facts().entries == 1


def test_no_test_touches_the_cache_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_place() is None
    monkeypatch.setenv(PLACE, "elsewhere.sqlite")
    assert default_place() == Path("elsewhere.sqlite")
    monkeypatch.delenv(PLACE)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_place() == Path("/caches/picojoule/mappings.sqlite")


def variants() -> list[tuple[str, str]]:
    """A name and a key for every single field that can change."""
    found = [("same", KEY)]
    for index, part in enumerate(CHIP.parts):
        for field in dataclasses.fields(part):
            for value in ("other", 7, 7.5, ("weights",), ("weights", "inputs", "outputs"), True):
                old = getattr(part, field.name)
                if value != old and (type(value) is type(old) or old is None):
                    changed = dataclasses.replace(part, **{field.name: value})
                    parts = (*CHIP.parts[:index], changed, *CHIP.parts[index + 1 :])
                    try:
                        chip = dataclasses.replace(CHIP, parts=parts)
                    except pj.PicojouleError:
                        continue
                    found.append((f"{part.name}.{field.name}", key_of(chip=chip)))
                    break
    found.append(("clock", key_of(chip=dataclasses.replace(CHIP, clock_hz=2e9))))
    found.append(("size", key_of(matmul("product", M=4, K=2, N=6))))
    found.append(("width", key_of(matmul("product", M=4, K=2, N=3, bits=8))))
    found += [(name, key_of(objective=one)) for name, one in OBJECTIVES.items() if name != "energy"]
    found += [(one, key_of(factors=one)) for one in ("perfect", "imperfect")]
    ranges = {"M": Range(2, 2)}
    for name in ("factors", "tile", "x", "y"):
        part = PartConstraints(**{name: ranges})
        found.append((name, key_of(constraints=Constraints({"spad": part}))))
    found.append(
        ("order", key_of(constraints=Constraints({"spad": PartConstraints(order=("M",))})))
    )
    found += [
        (f"limit {field.name}", key_of(constraints=Constraints(limits=Limits(**{field.name: 0.5}))))
        for field in dataclasses.fields(Limits)
    ]
    return found


def test_every_field_that_matters_is_in_the_key() -> None:
    found = variants()
    assert len(found) > 35
    for name, key in found[1:]:
        assert key != KEY, name
    assert len({key for _, key in found}) == len(found)


def test_names_and_origins_are_not_in_the_key() -> None:
    chip = dataclasses.replace(
        CHIP,
        name="other",
        description="a sentence",
        sources=(("dram.read_pj", "sze2017"),),
        technology_nm=65.0,
        voltage_v=1.0,
        area_mm2=3.0,
    )
    assert key_of(dataclasses.replace(PRODUCT, name="other"), chip) == KEY


def test_any_change_of_the_program_text_changes_the_digest(tmp_path: Path) -> None:
    def digest() -> str:
        found = hashlib.sha256()
        _add_files(found, tmp_path, "x")
        return found.hexdigest()

    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.py").write_text("a = 1\n")
    seen = [digest()]
    (tmp_path / "inner" / "a.py").write_text("a = 2\n")
    seen.append(digest())
    (tmp_path / "inner" / "a.py").rename(tmp_path / "a.py")
    seen.append(digest())
    (tmp_path / "b.py").write_text("")
    seen.append(digest())
    assert len(set(seen)) == len(seen)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("compiled")
    assert digest() == seen[-1]


def test_searches_with_other_factors_share_no_entry(place: Path) -> None:
    for number, factors in enumerate(("perfect", "imperfect", "auto"), start=1):
        pj.evaluate_operation(PRODUCT, CHIP, factors=factors, cache=place)
        with Cache(place) as cache:
            assert cache.facts().entries == number


def test_only_what_is_proved_is_kept(place: Path, solution: Solution) -> None:
    cut = dataclasses.replace(
        solution, certificate=dataclasses.replace(solution.certificate, optimal=False)
    )
    with Cache(place) as cache:
        cache.keep(KEY, cut)
        assert cache.facts().entries == 0


def signed(value: str) -> tuple[str, str]:
    return value, hashlib.sha256(f"{KEY} {value}".encode()).hexdigest()


def spoilt(change: Callable[[dict[str, Any]], None]) -> Callable[[str], tuple[object, object]]:
    def spoil(value: str) -> tuple[object, object]:
        entry = json.loads(value)
        change(entry)
        return signed(json.dumps(entry))

    return spoil


LIES: dict[str, Callable[[str], tuple[object, object]]] = {
    "digest": lambda value: (value, "0"),
    "value": lambda value: (value.replace("mapspace", "mapspice"), signed(value)[1]),
    "not text": lambda value: (value.encode(), signed(value)[1]),
    "nested": lambda _: signed("[" * 50_000),
    "unknown claim": spoilt(lambda entry: entry["certificate"].update(extra=1)),
    "another nest": spoilt(lambda entry: entry.update(nest="dram keeps everything")),
    "lower cost": spoilt(lambda entry: entry["certificate"].update(cost=1.0, lower_bound=1.0)),
    "lower bound": spoilt(lambda entry: entry["certificate"].update(lower_bound=1.0)),
    "another goal": spoilt(lambda entry: entry["certificate"].update(objective="edp")),
    "not proved": spoilt(lambda entry: entry["certificate"].update(optimal=False)),
    "too long": spoilt(lambda entry: entry.update(nest=entry["nest"] + " " * 2**21)),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_entry_that_does_not_hold_is_dropped(filled: Path, solution: Solution, lie: str) -> None:
    connection = sqlite3.connect(filled)
    (value,) = connection.execute("SELECT value FROM mappings").fetchone()
    connection.execute("UPDATE mappings SET value = ?, digest = ?", LIES[lie](value))
    connection.commit()
    connection.close()
    assert find(filled) is None
    with Cache(filled) as cache:
        assert cache.facts().entries == (lie == "too long")
        cache.keep(KEY, solution)
    assert find(filled) == solution


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    connection.close()


def newer(path: Path) -> None:
    Cache(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


FILES: dict[str, Callable[[Path], Any]] = {
    "text": lambda path: path.write_text("my thesis\n" * 100),
    "folder": lambda path: path.mkdir(),
    "foreign": foreign,
    "newer": newer,
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_cache_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "some.sqlite"
    FILES[kind](path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.warns(CacheWarning, match="searched anew") as told:
        run = pj.evaluate_operation(PRODUCT, CHIP, cache=path)
    assert len(told) == 1
    assert run.is_optimal
    assert (path.read_bytes() if path.is_file() else b"") == before
    if kind != "newer":
        assert not clear(path)
        assert path.exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(CacheWarning):
        assert pj.evaluate_operation(PRODUCT, CHIP, cache=tmp_path / "file" / "c").is_optimal


def test_clearing(filled: Path, solution: Solution) -> None:
    assert clear(filled)
    assert find(filled) is None
    with Cache(filled) as cache:
        cache.keep(KEY, solution)
    content = bytearray(filled.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    filled.write_bytes(bytes(content))
    assert clear(filled)
    with Cache(filled) as cache:
        cache.keep(KEY, solution)
    assert find(filled) == solution
    assert clear(filled.with_name("missing"))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(places=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=40)), max_size=6),
       length=st.floats(0, 1) | st.just(1.0))  # fmt: skip
def test_damage_anywhere_costs_time_and_nothing_else(
    filled: Path, solution: Solution, places: list[tuple[float, bytes]], length: float
) -> None:
    content = bytearray(filled.read_bytes())
    for where, noise in places:
        start = int(where * len(content))
        content[start : start + len(noise)] = noise[: len(content) - start]
    path = filled.with_name("damaged.sqlite")
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    path.write_bytes(bytes(content[: int(length * len(content))]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CacheWarning)
        with Cache(path) as cache:
            assert cache.find(KEY, PRODUCT, CHIP, ENERGY) in (None, solution)
            cache.keep(KEY, solution)
            assert cache.find(KEY, PRODUCT, CHIP, ENERGY) in (None, solution)
            cache.facts()


def test_the_oldest_make_room(place: Path, solution: Solution) -> None:
    limit = 60_000
    with Cache(place, largest_bytes=limit) as cache:
        cache.keep(KEY, solution)
    for number in range(200):
        with Cache(place, largest_bytes=limit) as cache:
            cache.keep(f"key {number}", solution)
            if number % 10 == 0:
                assert cache.find(KEY, PRODUCT, CHIP, ENERGY) == solution
            assert cache.facts().size_bytes <= limit
    assert place.stat().st_size <= 2 * limit
    connection = sqlite3.connect(place)
    kept = {key for (key,) in connection.execute("SELECT key FROM mappings")}
    connection.close()
    assert KEY in kept
    assert 10 < len(kept) < 100
    assert "key 0" not in kept
    assert "key 199" in kept


HAMMER = """
import random, sys, warnings
from pathlib import Path
sys.path.insert(0, sys.argv[1])
warnings.simplefilter("error")
import test_cache as t
from picojoule import mapper
seed, place = int(sys.argv[2]), sys.argv[3]
rng, solution = random.Random(seed), mapper.search(t.PRODUCT, t.CHIP)
found = 0
for round in range(30):
    with t.Cache(place, largest_bytes=200_000) as cache:
        for _ in range(5):
            cache.keep(f"key {rng.randrange(100)}", solution)
            again = cache.find(t.KEY, t.PRODUCT, t.CHIP, t.ENERGY)
            assert again in (None, solution)
            found += again is not None
            cache.keep(t.KEY, solution)
assert found > 50, found
"""


def test_several_processes_use_one_file_at_a_time(place: Path, solution: Solution) -> None:
    command = [sys.executable, "-c", HAMMER, str(Path(__file__).parent)]
    running = [
        subprocess.Popen([*command, str(seed), str(place)], stderr=subprocess.PIPE, env=os.environ)
        for seed in range(4)
    ]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    assert find(place) == solution
    connection = sqlite3.connect(place)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_locked_cache_is_given_up(
    filled: Path, solution: Solution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("picojoule.mapper.cache.PATIENCE_S", 0.05)
    blocker = sqlite3.connect(filled, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with Cache(filled) as cache:
        assert cache.find(KEY, PRODUCT, CHIP, ENERGY) == solution
        with pytest.warns(CacheWarning, match="locked"):
            cache.keep(KEY, solution)
        cache.keep(KEY, solution)
        assert cache.find(KEY, PRODUCT, CHIP, ENERGY) is None
    blocker.execute("ROLLBACK")
    blocker.close()
    assert find(filled) == solution


def test_equal_layers_of_other_runs_are_not_searched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.sqlite"
    layers = tuple(
        Layer(name, matmul(name, M=rows, K=2, N=3), (), ())
        for name, rows in (("first", 4), ("other", 8), ("again", 4))
    )
    network = Network("net", layers, {}, (), ())
    first = pj.evaluate(network, CHIP, cache=path)

    def search(*_: Any, **__: Any) -> Solution:
        raise AssertionError("searched again")

    monkeypatch.setattr(mapper, "search", search)
    told: list[tuple[int, int, str]] = []
    again = pj.evaluate(network, CHIP, cache=path, progress=lambda *step: told.append(step))
    assert json.dumps(again.to_dict()) == json.dumps(first.to_dict())
    assert told == [(0, 3, "first"), (2, 3, "other"), (3, 3, "")]
    for others in ({"minimize": "edp", "cache": path}, {"cache": False}, {}):
        with pytest.raises(AssertionError, match="again"):
            pj.evaluate(network, CHIP, **others)  # pyright: ignore
    monkeypatch.setenv(PLACE, str(path))
    pj.evaluate(network, CHIP)
