"""Documents: every block runs, every command works, every link leads somewhere, quotes are true."""

import re
import shlex
from contextlib import chdir
from pathlib import Path

import pytest
from documents import PAGES, README, ROOT, blocks, commands, links, quoted, rewrite_quotes, run
from mistakes import network, saved, sentence

from picojoule.hardware import load_accelerator

NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a page's blocks run: with a small network and the chips that the pages describe."""
    (tmp_path / "network.onnx").write_bytes(saved(network()))
    (tmp_path / "model.onnx").write_bytes(saved(sentence()))
    for page in PAGES:
        for text in blocks(page, "yaml"):
            name = re.search(r"^name: (\S+)$", text, re.MULTILINE)
            rules = re.match(r"# (\S+\.(?:constraints|density)\.yaml)\n", text)
            if name:
                (tmp_path / f"{name.group(1)}.yaml").write_text(text)
            if rules:
                (tmp_path / rules.group(1)).write_text(text)
    return tmp_path


def torch_names() -> dict[str, object]:
    """What a reader of the pages has: torch, and a module that takes pictures or tokens."""
    torch = pytest.importorskip("torch")

    class Module(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = torch.nn.Conv2d(3, 4, 3)
            self.embedding = torch.nn.Embedding(10, 4)
            self.linear = torch.nn.Linear(4, 2)

        def forward(self, x):
            return self.convolution(x) if x.ndim == 4 else self.linear(self.embedding(x))

    return {"torch": torch, "module": Module()}


@pytest.mark.parametrize("name", NAMES)
def test_python_blocks_run(name: str, folder: Path) -> None:
    space: dict[str, object] = {"__name__": "page"}
    texts = blocks(ROOT / name, "python")
    if any(re.search(r"\bmodule\b(?! =)", text) for text in texts):
        space |= torch_names()
    with chdir(folder):
        for text in texts:
            code = "\n".join(re.sub(r"^>>> |^\.\.\. ", "", line) for line in text.splitlines())
            exec(compile(code, name, "exec"), space)


@pytest.mark.parametrize("name", NAMES)
def test_chips_load(name: str, folder: Path) -> None:
    chips = [text for text in blocks(ROOT / name, "yaml") if re.search("^name:", text, re.M)]
    for number, text in enumerate(chips):
        path = folder / f"block-{number}.yaml"
        path.write_text(text)
        load_accelerator(path)


@pytest.mark.parametrize("name", NAMES)
def test_commands_work(name: str, folder: Path) -> None:
    for command in commands(ROOT / name):
        answer = run(shlex.split(command, comments=True)[1:], folder)
        assert answer.status == 0, (command, answer.errors)


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for link in links(page):
        if not re.match(r"[a-z]+:", link):
            target = link.partition("#")[0]
            assert (page.parent / target).exists() or not target, (name, link)


def test_the_page_on_systolic_arrays_quotes_the_program(folder: Path) -> None:
    quotes = quoted(ROOT / "docs" / "systolic.md")
    assert len(quotes) == 2
    for command, block in quotes:
        assert run(shlex.split(command)[1:], folder).output == block


@pytest.mark.slow
def test_the_readme_quotes_the_program(folder: Path) -> None:
    assert README.read_text() == rewrite_quotes(README, folder), "run `make docs`"


def test_every_make_target_that_a_page_names_exists() -> None:
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", page.read_text(), re.MULTILINE))
        assert {one or other for one, other in named} <= rules, page.name


def test_nothing_names_a_machine() -> None:
    for page in (*PAGES, ROOT / "Makefile", ROOT / "constraints.txt", ROOT / "pyproject.toml"):
        assert not re.search(r"(?<![\w.])/(home|root|tmp|work|opt)/", page.read_text()), page.name
