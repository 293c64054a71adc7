"""Output: one result as table, JSON or CSV, on standard output or in a file."""

import sys
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from picojoule.errors import PicojouleError, nearest
from picojoule.report import (
    WIDTH,
    OutputError,
    check_place,
    printable,
    records_table,
    to_csv,
    to_json,
    write_whole,
)

FORMATS = ("table", "json", "csv")


class UsageError(PicojouleError):
    """The command line asks for something that does not exist or does not go together."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command's result goes, and in which form.

    Args:
        form: "table", "json" or "csv".
        file: Instead of standard output.
        quiet: No progress, warnings or notes on standard error.
    """

    form: str = "table"
    file: Path | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.form not in FORMATS:
            raise UsageError(
                "output format is not known",
                where="--format",
                got=repr(self.form),
                expected=nearest(self.form, FORMATS),
                fix="name one of them",
            )
        if self.file is not None:
            check_place(self.file)

    @property
    def width(self) -> int:
        """Characters of a line: the terminal's, within reason, or a hundred where there is none."""
        if self.file is not None or not sys.stdout.isatty():
            return WIDTH
        import shutil

        return max(80, min(shutil.get_terminal_size((WIDTH, 24)).columns, 160))

    @property
    def color(self) -> bool:
        """Whether a person looks at a terminal that shows colours."""
        import os

        return self.file is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def emit(
        self,
        *,
        text: Callable[[], str],
        data: Mapping[str, Any],
        records: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write the result once.

        Args:
            text: Makes the tables, when they are wanted.
            data: The result as JSON.
            records: Its main list, one CSV row each; nested keys are joined by dots.
        """
        if self.form == "json":
            content = to_json(data)
        elif self.form == "csv":
            content = to_csv(records_table(records))
        else:
            content = text()
        if self.file is None:
            _print(content)
        else:
            write_whole(self.file, content)
            self.note(f"wrote {self.file}")

    def note(self, message: str) -> None:
        """Tell the user something that is no part of the result."""
        if not self.quiet:
            print(printable(message), file=sys.stderr)

    def warn(self, message: str) -> None:
        """Tell the user of something that the result does not contain or had to assume."""
        self.note(f"warning: {message}")

    @contextmanager
    def told(self) -> Generator[None]:
        """Show warnings of the block as ours, each once."""
        from picojoule.mapper.cache import CacheWarning

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", CacheWarning)
            yield
        for message in dict.fromkeys(str(one.message) for one in caught):
            self.warn(message)

    @contextmanager
    def progress(self, title: str) -> Generator[Callable[[int, int, str], None] | None]:
        """A progress bar on standard error, where a person sees it."""
        if self.quiet or not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.text import Text

        columns = (TextColumn("{task.description}", markup=False), BarColumn())
        bar = Progress(*columns, MofNCompleteColumn(), console=Console(stderr=True), transient=True)
        with bar:
            task = bar.add_task(title, total=None)

            def tell(done: int, total: int, name: str) -> None:
                shown = Text(f"{title} {printable(name)}").plain
                bar.update(task, completed=done, total=total, description=shown)

            yield tell


def _print(content: str) -> None:
    """Write to standard output, with plain rules where it knows no others."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        content.encode(encoding)
    except UnicodeEncodeError:
        content = content.replace("─", "-")
    try:
        sys.stdout.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # the reader has seen enough, as in `pj models | head`
    except OSError as error:
        raise OutputError(
            "result cannot be written",
            where="standard output",
            got=error.strerror or str(error),
            expected="a place with room",
            fix="free some space, or write elsewhere with -o FILE",
        ) from error
