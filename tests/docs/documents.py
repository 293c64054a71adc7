"""Documents: the blocks, commands and links of the project's pages.

Run as a program, it rewrites what the pages quote from the program itself: the output in README.md,
the table of docs/errors.md and those of docs/compare.md. The tests fail while a page says something
else.
"""

import io
import os
import re
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from picojoule.cli import main

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
ERRORS = ROOT / "docs" / "errors.md"
PAGES = (README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/*.md")))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_QUOTE = re.compile(r"(<!-- output: (pj [^\n]*) -->\n)(?:```text\n.*?^```\n)?", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Run:
    """What a command answered."""

    status: int
    output: str
    errors: str


def run(arguments: list[str], folder: Path) -> Run:
    """Run `pj` in a folder, without a terminal."""
    output, errors = io.StringIO(), io.StringIO()
    plain = {name: value for name, value in os.environ.items() if name != "PICOJOULE_TRACEBACK"}
    with (
        chdir(folder),
        redirect_stdout(output),
        redirect_stderr(errors),
        mock.patch.dict(os.environ, plain, clear=True),
    ):
        status = main(arguments)
    return Run(status, output.getvalue(), errors.getvalue())


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return [text for name, text in _BLOCK.findall(page.read_text()) if name == language]


def commands(page: Path) -> list[str]:
    """The `pj` commands of the page's shell blocks."""
    lines = [line for text in blocks(page, "sh") for line in text.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.removeprefix("$ ").startswith("pj ")]


def links(page: Path) -> list[str]:
    """The targets of the page's links, those inside code left out."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", _BLOCK.sub("", page.read_text())))


def quoted(page: Path) -> list[tuple[str, str]]:
    """(command, block) for each output that the page quotes."""
    found = []
    for match in _QUOTE.finditer(page.read_text()):
        block = match.group(0).removeprefix(match.group(1))
        found.append((match.group(2), block.removeprefix("```text\n").removesuffix("```\n")))
    return found


def abridge(output: str) -> str:
    """Keep the first table, the loop nests and the last line of an evaluation."""
    sections = re.split(r"\n(?=Where the energy|Best loop nests|Counted, but)", output)
    kept = [part for part in sections if not part.startswith(("Where", "Counted"))]
    last = output.splitlines()[-1]
    return "\n".join([*kept, last]) + "\n"


def rewrite_quotes(page: Path, folder: Path) -> str:
    """The page with each quoted output as the program gives it now."""

    def fresh(match: re.Match[str]) -> str:
        answer = run(match.group(2).split()[1:], folder)
        assert answer.status == 0, answer.errors
        return f"{match.group(1)}```text\n{abridge(answer.output)}```\n"

    return _QUOTE.sub(fresh, page.read_text())


if __name__ == "__main__":
    import tempfile

    from dataflows import COMPARE, write_tables
    from mistakes import describe_mistakes

    with tempfile.TemporaryDirectory() as name:
        README.write_text(rewrite_quotes(README, Path(name)))
    with tempfile.TemporaryDirectory() as name:
        ERRORS.write_text(describe_mistakes(Path(name)))
    COMPARE.write_text(write_tables())
    print(f"rewrote {README.name}, {ERRORS.name} and {COMPARE.name}", file=sys.stderr)
