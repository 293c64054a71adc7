"""Cache: proved mappings on disk, so that an equal search is not done twice.

An entry is found by what it is about: a digest of the operation, the chip, the constraints, the
choice of factors, the objective, and of the program text that searches, counts and prices. After
any change of these the digest is another one, so an entry can be absent but never out of date. What
is read is not believed either: the nest is validated, counted and priced anew, and its cost must be
the one that the certificate claims.

A cache only saves time. Where its file is damaged, foreign, locked or read-only, one warning says
so and the run goes on without it.
"""

import dataclasses
import functools
import hashlib
import json
import os
import sqlite3
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from importlib import resources
from importlib.abc import Traversable
from pathlib import Path
from types import TracebackType
from typing import Self

from picojoule.cost import count, price
from picojoule.errors import PicojouleError
from picojoule.hardware import Accelerator
from picojoule.mapper.certificate import Certificate, Solution
from picojoule.mapper.constraints import Constraints
from picojoule.mapper.factors import Factors
from picojoule.mapper.objective import Objective
from picojoule.mapping import format_nest, parse_nest, validate
from picojoule.workload import Operation

PLACE = "PICOJOULE_CACHE"
"""Environment variable that names the file; an empty one switches the cache off."""
LARGEST_BYTES = 64 * 2**20
LARGEST_ENTRY = 2**20
PATIENCE_S = 10.0
"""Seconds to wait while another process writes."""

_SCHEMA = 1
_APPLICATION = 0x706A6D63
_HEADER = b"SQLite format 3\0"
_MODEL = ("cost", "hardware", "mapper", "mapping", "workload")
"""Folders whose text decides what is best and what it costs."""
_IRRELEVANT = (
    "name", "description", "sources", "technology_nm", "voltage_v", "area_mm2", "word_bits",
)  # fmt: skip
"""What a chip says about itself that no mapping depends on."""
_TABLE = """
CREATE TABLE IF NOT EXISTS mappings (
    key TEXT PRIMARY KEY, value TEXT NOT NULL, digest TEXT NOT NULL, used INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS mappings_by_use ON mappings (used);
"""


class CacheWarning(UserWarning):
    """The cache cannot be used; results are the same, only later."""


@dataclasses.dataclass(frozen=True, slots=True)
class CacheFacts:
    """What a cache holds: its file, entries, and the bytes that they take."""

    path: Path | None
    entries: int
    size_bytes: int


def default_place() -> Path | None:
    """The file of the user's cache; None where it is switched off or there is no home."""
    named = os.environ.get(PLACE)
    if named is not None:
        return Path(named) if named else None
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return home / "picojoule" / "mappings.sqlite" if home.is_absolute() else None


def open_cache(place: bool | str | Path) -> "Cache":
    """Open the user's cache (True), none at all (False), or the one in a file."""
    if place is True:
        return Cache(default_place())
    return Cache(None if place is False else place)


def mapping_key(
    operation: Operation,
    accelerator: Accelerator,
    constraints: Constraints,
    objective: Objective,
    factors: Factors,
) -> str:
    """A digest of everything that the best mapping and its certificate depend on.

    Names of the operation and of the chip are left out, and what no mapping depends on.
    """
    about = {
        "model": model_digest(),
        "operation": _without(operation, ("name",)),
        "chip": _without(accelerator, _IRRELEVANT),
        "constraints": _plain(constraints),
        "objective": _plain(objective),
        "factors": factors,
    }
    text = json.dumps(about, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def model_digest() -> str:
    """A digest of the program text that decides what is best and what it costs."""
    digest = hashlib.sha256()
    for folder in _MODEL:
        _add_files(digest, resources.files(f"picojoule.{folder}"), folder)
    return digest.hexdigest()


def _add_files(digest: "hashlib._Hash", folder: Traversable, name: str) -> None:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name == "__pycache__":
            continue
        inside = f"{name}/{entry.name}"
        if entry.is_dir():
            _add_files(digest, entry, inside)
        else:
            content = entry.read_bytes()
            digest.update(f"{inside} {len(content)}\n".encode() + content)


def _without(value: Operation | Accelerator, names: tuple[str, ...]) -> dict[str, object]:
    plain = _plain(value)
    assert isinstance(plain, dict)
    return {name: item for name, item in plain.items() if name not in names}


def _plain(value: object) -> object:
    """A frozen value as JSON knows it; fields that do not count in comparisons are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.compare
        }
        return {"is": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


class Cache:
    """An open cache: a class because it holds the connection and whether it still works.

    Only the thread that opened it may use it. Use it in a `with` block.

    Args:
        path: Its file, made if it is not there; None is a cache that keeps nothing.
        largest_bytes: What the entries may take.
    """

    def __init__(self, path: str | Path | None, *, largest_bytes: int = LARGEST_BYTES) -> None:
        self.path = path if path is None else Path(path)
        self.largest_bytes = largest_bytes
        self.used: list[str] = []
        self.connection: sqlite3.Connection | None = None
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.connection = _connect(self.path)
        except (sqlite3.Error, OSError, ValueError) as error:
            self._give_up(str(error))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def find(
        self, key: str, operation: Operation, accelerator: Accelerator, objective: Objective
    ) -> Solution | None:
        """The proved mapping under a key, if there is one that is still right in every number.

        An entry that is not is removed.
        """
        if self.connection is None:
            return None
        try:
            row = self.connection.execute(
                "SELECT value, digest FROM mappings WHERE key = ? AND length(value) <= ?",
                (key, LARGEST_ENTRY),
            ).fetchone()
            if row is None:
                return None
            solution = _read_entry(key, row, operation, accelerator, objective)
            if solution is None:
                self.connection.execute("DELETE FROM mappings WHERE key = ?", (key,))
            else:
                self.used.append(key)
        except sqlite3.Error as error:
            self._give_up(str(error))
            return None
        return solution

    def keep(self, key: str, solution: Solution) -> None:
        """Keep a mapping, if it is proved best; what was not used for longest makes room."""
        if self.connection is None or not solution.certificate.optimal:
            return
        entry = {
            "nest": format_nest(solution.nest),
            "certificate": solution.certificate.to_dict(),
        }
        value = json.dumps(entry, separators=(",", ":"))
        try:
            with _transaction(self.connection) as connection:
                connection.execute(
                    "INSERT OR REPLACE INTO mappings "
                    "SELECT ?, ?, ?, coalesce(max(used), 0) + 1 FROM mappings",
                    (key, value, _digest(key, value)),
                )
                while _size_bytes(connection) > self.largest_bytes:
                    connection.execute(
                        "DELETE FROM mappings WHERE key IN (SELECT key FROM mappings "
                        "ORDER BY used LIMIT (SELECT 1 + count(*) / 8 FROM mappings))"
                    )
                    if not connection.execute("SELECT count(*) FROM mappings").fetchone()[0]:
                        break
        except sqlite3.Error as error:
            self._give_up(str(error))

    def facts(self) -> CacheFacts:
        """What the cache holds; nothing where it does not work."""
        if self.connection is not None:
            try:
                (entries,) = self.connection.execute("SELECT count(*) FROM mappings").fetchone()
                return CacheFacts(self.path, int(entries), _size_bytes(self.connection))
            except sqlite3.Error as error:
                self._give_up(str(error))
        return CacheFacts(self.path, 0, 0)

    def close(self) -> None:
        """Note what was used, and close the file."""
        if self.connection is None:
            return
        try:
            if self.used:
                with _transaction(self.connection) as connection:
                    (latest,) = connection.execute("SELECT max(used) FROM mappings").fetchone()
                    connection.executemany(
                        "UPDATE mappings SET used = ? WHERE key = ?",
                        [((latest or 0) + 1, key) for key in self.used],
                    )
            self.connection.close()
        except sqlite3.Error as error:
            self._give_up(str(error))
        self.connection = None

    def _give_up(self, reason: str) -> None:
        if self.connection is not None:
            with suppress(sqlite3.Error):
                self.connection.close()
        self.connection = None
        warnings.warn(
            f"the cache of mappings cannot be used, so everything is searched anew: {self.path}: "
            f"{reason}; `pj cache --clear` empties it, {PLACE} names another file",
            CacheWarning,
            stacklevel=3,
        )


def clear(path: Path) -> bool:
    """Empty a cache.

    Returns:
        Whether that was done; a file that is no cache of ours is left alone.
    """
    try:
        if not path.exists():
            return True
        with path.open("rb") as stream:
            header = stream.read(100)
        if header[:16] != _HEADER or int.from_bytes(header[68:72]) != _APPLICATION:
            return False
        try:
            connection = _connect(path)
            connection.execute("DELETE FROM mappings")
            connection.execute("VACUUM")
            connection.close()
        except sqlite3.Error:
            # Ours by its header, but beyond repair.
            for ending in ("", "-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
    except (OSError, ValueError):
        return False
    return True


def _connect(path: Path) -> sqlite3.Connection:
    """Open a cache, made if it is not there.

    Raises:
        sqlite3.Error: It is not one of ours, or it cannot be opened.
    """
    connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables:
            with _transaction(connection):
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {_SCHEMA}")
                for statement in _TABLE.strip().split(";\n"):
                    connection.execute(statement)
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        if (application, schema) != (_APPLICATION, _SCHEMA):
            raise sqlite3.DatabaseError("another program's file, or another version's")
        # Readers do not wait for writers then; a disk that cannot do it keeps the old way.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """Everything in the block at once, or nothing; waits until other writers are done."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _size_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the pages that hold something; freed ones are filled again."""
    sizes = [
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    ]
    return (sizes[0] - sizes[1]) * sizes[2]


def _digest(key: str, value: str) -> str:
    return hashlib.sha256(f"{key} {value}".encode()).hexdigest()


def _read_entry(
    key: str,
    row: tuple[object, object],
    operation: Operation,
    accelerator: Accelerator,
    objective: Objective,
) -> Solution | None:
    """The solution that an entry tells, derived anew; None where anything does not hold."""
    value, digest = row
    if not isinstance(value, str) or digest != _digest(key, value):
        return None
    try:
        entry = json.loads(value)
        certificate = Certificate(**entry["certificate"])
        nest = parse_nest(entry["nest"])
        validate(operation, accelerator, nest)
    except (ValueError, KeyError, TypeError, RecursionError, PicojouleError):
        return None
    counts = count(operation, accelerator, nest)
    costs = price(operation, accelerator, counts)
    claimed = (certificate.objective, certificate.cost, certificate.lower_bound)
    cost = objective.score(costs)
    if not certificate.optimal or claimed != (objective.name, cost, cost):
        return None
    return Solution(nest, counts, costs, certificate)
