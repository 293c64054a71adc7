"""Mistakes: what people and strangers' files get wrong, each with the command that meets it."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from documents import run
from onnx import TensorProto, helper, numpy_helper

Build = Callable[[Path], None]

CHIP = """\
name: mine
clock_hz: 200e6
technology_nm: 65
source: {assumed: made up for this page}
parts:
  - memory: dram
    capacity: unbounded
    read_pj: 200
    update_pj: 200
  - memory: buffer
    capacity_bytes: 4096
    read_pj: 6
    fill_pj: 0
    update_pj: 6
  - array: pes
    x: 4
    y: 2
    delivery_pj: 2
    reduction_pj: 0
  - memory: spad
    capacity_bytes: 64
    read_pj: 1
    fill_pj: 0
    update_pj: 1
  - compute: mac
    bits: 16
    mac_pj: 1.5
"""
OPERATION = "conv M=8 C=4 P=6 Q=6 R=3 S=3"
NEST = """\
dram  keeps weights inputs outputs
  for M in 4
  for C in 4
buffer  keeps weights inputs outputs
  for P in 6
  for Q in 6
pes
  spread M in 2 over x
spad  keeps weights inputs outputs
  for R in 3
"""
WHOLE_NEST = NEST + "  for S in 3\n"
WIDE_NEST = WHOLE_NEST.replace("  for C in 4\n", "") + "  for C in 4\n"
BOMB = "a: &a [lol]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 9)}]\n"
    for below, name in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake.

    Args:
        title: What is wrong, in the reader's words.
        command: What the user types, in a folder with the files.
        files: Name -> text, bytes, or a function that builds it.
        tells: What the message must name for the user to find the place.
    """

    title: str
    command: str
    tells: tuple[str, ...]
    files: dict[str, str | bytes | Build] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        """The command's arguments, quotes undone."""
        return shlex.split(self.command)[1:]

    def make_files(self, folder: Path) -> None:
        """Write the files that the command needs."""
        for name, content in self.files.items():
            path = folder / name
            if isinstance(content, str):
                path.write_text(content)
            elif isinstance(content, bytes):
                path.write_bytes(content)
            else:
                content(path)


def network(
    *,
    operator: str = "Conv",
    weights: np.ndarray | None = None,
    shape: tuple[int | str, ...] = (1, 3, 8, 8),
) -> onnx.ModelProto:
    """A network of one convolution, 3 channels in and 4 out."""
    values = np.ones((4, 3, 3, 3), np.float32) if weights is None else weights
    node = helper.make_node(operator, ["x", "w"], ["y"], name="first")
    graph = helper.make_graph(
        [node],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def sentence() -> onnx.ModelProto:
    """A network of one product, whose input `tokens` leaves its batch open."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["tokens", "w"], ["y"])],
        "net",
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ("batch", 128))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.ones((128, 8), np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def saved(model: onnx.ModelProto) -> bytes:
    """A model as the bytes of its file."""
    return model.SerializeToString()


def escaping() -> bytes:
    """A network whose weights lie outside its folder, or so it says."""
    model = network()
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../etc/passwd")
    return saved(model)


def claiming() -> bytes:
    """A network whose weights claim three gigabytes that the file does not hold."""
    model = network()
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.dims[:] = [250_000_000, 3, 1, 1]
    return saved(model)


def cyclic() -> bytes:
    """A network that needs its own result."""
    model = network()
    model.graph.node[0].input[0] = "z"
    model.graph.node.append(helper.make_node("Relu", ["y"], ["z"], name="second"))
    return saved(model)


def _chip(title: str, old: str, new: str, *tells: str) -> Mistake:
    assert old in CHIP, old
    files = {"mine.yaml": CHIP.replace(old, new, 1)}
    return Mistake(title, "pj chips mine.yaml", ("mine.yaml", *tells), files)


def _model(title: str, content: str | bytes | Build, *tells: str) -> Mistake:
    return Mistake(title, "pj profile net.onnx", ("net.onnx", *tells), {"net.onnx": content})


def _nest(title: str, text: str, *tells: str) -> Mistake:
    command = f'pj map "{OPERATION}" --on mine.yaml --mapping conv.nest'
    return Mistake(title, command, tells, {"mine.yaml": CHIP, "conv.nest": text})


def _rules(title: str, text: str, *tells: str) -> Mistake:
    command = f'pj map "{OPERATION}" --on mine.yaml --constraints rules.yaml'
    return Mistake(title, command, tells, {"mine.yaml": CHIP, "rules.yaml": text})


def _operation(title: str, text: str, *tells: str) -> Mistake:
    return Mistake(title, f'pj map "{text}" --on eyeriss', tells)


COMMAND_LINE = (
    Mistake("A network's name is misspelt", "pj evaluate alexnt --on eyeriss", ("alexnet",)),
    Mistake("A chip's name is misspelt", "pj evaluate lenet5 --on eyeris", ("eyeriss",)),
    Mistake("The model file is missing", "pj profile missing.onnx", ("missing.onnx",)),
    Mistake("The chip file is missing", "pj chips missing.yaml", ("missing.yaml",)),
    Mistake("No chip is given", "pj evaluate lenet5", ("--on",)),
    Mistake("An option does not exist", "pj profile lenet5 --bach 4", ("--bach",)),
    Mistake("The batch is zero", "pj profile lenet5 --batch 0", ("batch", "0")),
    Mistake("The batch is no number", "pj profile lenet5 --batch many", ("--batch", "integer")),
    Mistake("The goal is unknown", "pj evaluate lenet5 --on eyeriss --minimize power", ("energy",)),
    Mistake(
        "The kind of factors is unknown",
        "pj evaluate lenet5 --on eyeriss --factors imprefect",
        ("'imperfect'",),
    ),
    Mistake("The output format is unknown", "pj models --format xml", ("json",)),
    Mistake("The output's folder is missing", "pj models -o nowhere/models.txt", ("nowhere",)),
    Mistake(
        "The picture's ending is unknown",
        "pj evaluate lenet5 --on eyeriss --plot energy.bmp",
        ("energy.bmp", ".png"),
    ),
    Mistake(
        "An input's shape is not understood",
        "pj profile net.onnx --input x=1x3xNx8",
        ("x=1x3xNx8",),
    ),
    Mistake(
        "Two options each say what is best",
        "pj evaluate lenet5 --on eyeriss --front --minimize edp",
        ("--front", "--minimize edp"),
    ),
    Mistake(
        "The time is too short for any mapping",
        'pj map "matmul M=8 K=4 N=4" --on eyeriss --within-latency 1e-9',
        ("latency", "1e-09"),
    ),
    Mistake("There is nothing to check", "pj check", ("--records",)),
)
OPERATIONS = (
    _operation("A dimension is zero", "conv M=0 C=3 P=5 Q=5", "M"),
    _operation("A dimension is negative", "conv M=8 C=-3 P=5 Q=5", "C", "-3"),
    _operation("A dimension is far too large", f"matmul M={10**12} K={10**12} N=9", "M"),
    _operation("A dimension is missing", "matmul M=8 K=4", "N"),
    _operation("A dimension is unknown", "conv M=8 C=3 P=5 Q=5 X=2", "X"),
    _operation("A dimension is no whole number", "conv M=8 C=3.5 P=5 Q=5", "C", "3.5"),
    _operation("The kind is unknown", "convolve M=8 C=3", "conv"),
    _operation("The groups do not divide the channels", "conv M=8 C=3 P=5 Q=5 groups=2", "groups"),
)
MODELS = (
    _model("The model is empty", b""),
    _model("The model is cut short", saved(network())[:-40]),
    _model("The model is something else", "<html>404 not found</html>"),
    _model("The model is a folder", lambda path: path.mkdir(), "net.onnx"),
    Mistake(
        "The model is a pickled torch file",
        "pj profile net.pt",
        ("net.pt", "ONNX"),
        {"net.pt": b""},
    ),
    _model("An operator is unknown", saved(network(operator="Convolve")), "Convolve", "first"),
    _model(
        "Weights are not numbers",
        saved(network(weights=np.full((4, 3, 3, 3), np.nan, np.float32))),
        "w",
    ),
    _model("A dimension of the model is zero", saved(network(shape=(1, 3, 0, 8))), "x"),
    _model("A dimension of the model is negative", saved(network(shape=(1, 3, -8, 8))), "x"),
    _model("A dimension of the model has 10^12 words", saved(network(shape=(1, 3, 10**12, 8)))),
    _model("A size of the model is left open", saved(network(shape=(1, 3, "height", 8))), "height"),
    _model(
        "Weights do not fit their input",
        saved(network(weights=np.ones((4, 5, 3, 3), np.float32))),
        "first",
    ),
    _model("Weights lie outside the model's folder", escaping(), "w"),
    _model("Weights claim 3 GB that are not there", claiming(), "w"),
    _model("A layer needs its own result", cyclic()),
)
CHIPS = (
    _chip("A key is unknown", "    x: 4", "    columns: 4", "columns"),
    _chip("A key is given twice", "    x: 4", "    x: 4\n    x: 8", "x"),
    _chip("A unit is mixed up", "capacity_bytes: 4096", "capacity_bytes: 4kB", "4kB"),
    _chip("A size has no unit", "capacity_bytes: 4096", "capacity: 4096", "capacity"),
    _chip("A size is negative", "capacity_bytes: 4096", "capacity_bytes: -4096", "-4096"),
    _chip("An array has no columns", "    x: 4", "    x: 0", "x"),
    _chip("An array has 10^12 columns", "    x: 4", f"    x: {10**12}", "x"),
    _chip("A price is not a number", "read_pj: 6", "read_pj: .nan", "read_pj"),
    _chip("A number has no source", "source: {assumed: made up for this page}\n", "", "source"),
    _chip("A component does not exist", "read_pj: 6", "component: {class: sramm}", "sram"),
    _chip("Indentation is broken", "  - array: pes", " - array: pes"),
    Mistake("Aliases multiply (a YAML bomb)", "pj chips bomb.yaml", ("bomb",), {"bomb.yaml": BOMB}),
    Mistake("The chip is no text", "pj chips a.yaml", ("a.yaml",), {"a.yaml": b"\x00\xff\xfe"}),
)
NESTS = (
    _nest("Loops do not cover their dimension", WHOLE_NEST.replace("M in 4", "M in 3"), "M"),
    _nest("A loop has iterations without work", WHOLE_NEST.replace("P in 6", "P in 4"), "P", "3"),
    _nest("A loop is missing", NEST, "S"),
    _nest(
        "A tile is too large", WHOLE_NEST.replace("  for C in 4\n", "") + "  for C in 4\n", "spad"
    ),
    _nest("A loop runs over an unknown dimension", WHOLE_NEST.replace("for C", "for Z"), "Z"),
    _nest("A level is unknown", WHOLE_NEST.replace("buffer", "cache"), "cache"),
    _nest("More PEs are used than there are", WHOLE_NEST.replace("M in 2", "M in 8"), "pes"),
    _nest("A line of the mapping is not understood", WHOLE_NEST.replace("for M in", "M:"), "2"),
    _nest("The mapping is empty", ""),
    Mistake(
        "The mapping file is missing",
        f'pj map "{OPERATION}" --on eyeriss --mapping missing.nest',
        ("missing.nest",),
    ),
    Mistake(
        "The mapping does not say what it maps",
        "pj check conv.nest",
        ("conv.nest", "--operation"),
        {"conv.nest": WHOLE_NEST},
    ),
    Mistake(
        "The records are not JSON",
        "pj check --records records.json",
        ("records.json",),
        {"records.json": "{'records': []}"},
    ),
)
CONSTRAINTS = (
    Mistake(
        "The constraints are missing",
        "pj evaluate lenet5 --on eyeriss --constraints missing.yaml",
        ("missing.yaml",),
    ),
    _rules("A key of constraints is misspelt", "parts: {buffer: {factor: {P: 2}}}", "factors"),
    _rules("A constraint is an expression", "parts: {buffer: {factors: {P: 2*3}}}", "2*3"),
    _rules("A part of constraints is unknown", "parts: {bufer: {keep: [inputs]}}", "'buffer'"),
    _rules("A dimension of constraints is unknown", "parts: {buffer: {tile: {K: 2}}}", "'K'"),
    _rules("A memory is constrained like an array", "parts: {buffer: {x: {P: 2}}}", "'buffer'"),
    _rules(
        "A tensor is kept and bypassed",
        "parts:\n  buffer:\n    keep: [inputs]\n    bypass: [inputs]\n",
        "rules.yaml:2",
    ),
    _rules(
        "A factor does not divide",
        "parts:\n  buffer: {keep: [inputs]}\n  dram: {factors: {P: 4}}\n",
        "4 does not divide P = 6",
        "write 3 or 6",
    ),
    _rules(
        "Two constraints leave nothing together",
        "parts: {dram: {factors: {P: 3}}, buffer: {factors: {P: 6, Q: 2}}}",
        "dram.factors P = 3 and buffer.factors P = 6",
    ),
    _rules("A limit leaves nothing", "limits: {latency_s: 1e-9}", "fastest", "latency_s"),
    Mistake(
        "A dataflow is misspelt",
        "pj evaluate lenet5 --on eyeriss --dataflow oss",
        ("'oss'", "os_a"),
    ),
    Mistake(
        "A chip cannot run a dataflow",
        "pj evaluate lenet5 --on systolic-128 --dataflow rs",
        ("systolic-128", "inputs"),
    ),
    Mistake(
        "A constraint quarrels with the dataflow",
        f'pj map "{OPERATION}" --on mine.yaml --dataflow ws --constraints rules.yaml',
        ("rules.yaml:1", "dataflow ws"),
        {"mine.yaml": CHIP, "rules.yaml": "parts: {spad: {keep: [inputs]}}\n"},
    ),
)
COMPARISONS = (
    Mistake(
        "No dataflow study has such layers",
        "pj compare lenet5 --layers pool",
        tells=("--layers", "pool", "conv"),
    ),
    Mistake("A chip has no PEs", "pj compare lenet5 --pes 0", tells=("--pes", "65,536")),
    Mistake(
        "A batch is larger than any study's",
        "pj compare lenet5 --batch 5000",
        tells=("--batch", "4,096"),
    ),
    Mistake(
        "The model of a comparison is unknown",
        "pj compare lenet5 --model surwey",
        tells=("--model", "surwey", "survey"),
    ),
    Mistake(
        "A network has nothing to compare",
        "pj compare transformer-block",
        tells=("transformer-block", "--layers fc"),
    ),
)
_LAYERS = "Layer name, IFMAP H, IFMAP W, Filter H, Filter W, Channels, Filters, Stride,\n"
SYSTOLIC = (
    Mistake("A dataflow is unknown", "pj systolic lenet5 --dataflow rs", ("dataflow", "ws")),
    Mistake("An array has no rows", "pj systolic lenet5 --rows 0", ("rows", "0")),
    Mistake("A way to drain is unknown", "pj systolic lenet5 --drain pipe", ("drain", "shift")),
    Mistake(
        "An operation gets a batch", 'pj systolic "matmul M=4 K=4 N=4" --batch 2', ("batch", "N")
    ),
    Mistake("A picture would be too large", "pj systolic lenet5 --picture", ("picture", "PEs")),
    Mistake(
        "A line of a topology lacks its stride",
        "pj systolic net.csv",
        ("net.csv:2", "stride"),
        {"net.csv": f"{_LAYERS}first,9,9,3,3,1,4,\n"},
    ),
    Mistake(
        "A filter is larger than its input",
        "pj systolic net.csv",
        ("net.csv:2", "filter height 3"),
        {"net.csv": f"{_LAYERS}first,2,9,3,3,1,4,1,\n"},
    ),
    Mistake(
        "A topology is sparse",
        "pj systolic net.csv",
        ("net.csv:2", "2:4"),
        {"net.csv": f"{_LAYERS}first,9,9,3,3,1,4,1,2:4,\n"},
    ),
)
CHAPTERS = {
    "On the command line": COMMAND_LINE,
    "In an operation": OPERATIONS,
    "In a model": MODELS,
    "In a chip": CHIPS,
    "In a mapping": NESTS,
    "In constraints": CONSTRAINTS,
    "In a comparison": COMPARISONS,
    "On a systolic array": SYSTOLIC,
}
MISTAKES = tuple(mistake for chapter in CHAPTERS.values() for mistake in chapter)

_HEAD = """\
# Error messages

What `pj` answers to a mistake. It exits with status 2 and writes nothing else: no traceback, no
half-written file. From Python, the same message comes as a `PicojouleError`, whose fields are
`what`, `where`, `got`, `expected` and `fix`. The files are small
ones that tests/docs/mistakes.py writes.

This page is written by running every command: `make docs`.
"""


def describe_mistakes(folder: Path) -> str:
    """The page docs/errors.md, from what the program answers now."""
    lines = [_HEAD]
    number = 0
    for chapter, mistakes in CHAPTERS.items():
        lines += [f"## {chapter}", "", "| | mistake | command | message |", "|---|---|---|---|"]
        for mistake in mistakes:
            number += 1
            place = folder / f"mistake-{number}"
            place.mkdir()
            mistake.make_files(place)
            message = run(mistake.arguments, place).errors
            cells = (str(number), mistake.title, _code(mistake.command), _message(message))
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _message(text: str) -> str:
    rows = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]
    rows = [row for row in rows if row]
    rows[0] = f"**{_escape(rows[0])}**"
    return "<br>".join([rows[0], *(_escape(row) for row in rows[1:])])


def _escape(text: str) -> str:
    """Keep Markdown from reading a message's signs as its own."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", text)
