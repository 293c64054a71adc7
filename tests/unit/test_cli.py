"""The command: what goes to which stream, which status it ends with, and how light it starts."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import picojoule
from picojoule import cli
from picojoule.cli.output import Output, UsageError
from picojoule.errors import PicojouleError
from picojoule.report import OutputError

HEAVY = ("numba", "onnx", "torch", "pandas", "matplotlib", "ruamel", "numpy")
CONV = "conv M=4 C=3 P=5 Q=5 R=3 S=3"


@pytest.fixture
def pj(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run `pj` in an empty folder: (status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_tables_fit_a_hundred_columns(pj: Any) -> None:
    for arguments in (
        ("models",),
        ("chips",),
        *(("chips", name) for name in picojoule.library()),
        ("profile", "googlenet"),
        ("profile", "resnet152"),
        ("profile", "transformer-block"),
        ("evaluate", "lenet5", "--on", "eyeriss"),
        ("evaluate", "lstm", "--on", "eyeriss", "--nests"),
        ("map", CONV, "--on", "systolic-128"),
        ("compare", "lenet5", "--layers", "all"),
        ("compare", "lenet5", "--layers", "all", "--model", "exact", "--pes", "16", "--batch", "1"),
        ("eyexam", "lenet5", "--on", "eyeriss"),
        ("zeros",),
        ("systolic", "resnet152"),
        ("systolic", "mobilenet-v2", "--batch", "4"),
        ("systolic", "lstm", "--dataflow", "os"),
        ("systolic", "matmul M=30 K=3 N=9", "--rows", "8", "--cols", "8", "--picture"),
    ):
        status, output, errors = pj(*arguments)
        assert (status, errors) == (0, "")
        assert max(map(len, output.splitlines())) <= 100, arguments


@pytest.mark.parametrize(
    ("arguments", "lists"),
    [
        (("profile", "alexnet"), "layers"),
        (("evaluate", "lenet5", "--on", "eyeriss"), "layers"),
        (("eyexam", "lenet5", "--on", "eyeriss"), "layers"),
        (("zeros",), "headlines"),
        (("map", CONV, "--on", "eyeriss"), "layers"),
        (("systolic", "googlenet", "--rows", "16"), "layers"),
        (("systolic", CONV, "--dataflow", "is"), "layers"),
        (("models",), "models"),
        (("chips",), "chips"),
        (("chips", "eyeriss"), "parts"),
    ],
)
def test_each_form_carries_the_same_rows(pj: Any, arguments: tuple[str, ...], lists: str) -> None:
    status, output, errors = pj(*arguments, "--format", "json")
    assert (status, errors) == (0, "")
    rows = json.loads(output)[lists]
    status, output, errors = pj(*arguments, "--format", "csv")
    assert (status, errors) == (0, "")
    read = list(csv.DictReader(io.StringIO(output, newline="")))
    assert len(read) == len(rows) > 0
    name = {"parts": "part", "headlines": "what"}.get(lists, "name")
    assert [row[name] for row in read] == [row[name] for row in rows]
    if "macs" in rows[0]:
        assert [int(row["macs"]) for row in read] == [row["macs"] for row in rows]


def test_profile_json_has_the_agreed_keys_and_the_published_counts(pj: Any) -> None:
    _, output, _ = pj("profile", "alexnet", "--batch", "4", "--format", "json")
    data = json.loads(output)
    assert {"network", "batch", "layers", "totals", "ignored"} <= set(data)
    keys = {
        "name",
        "kind",
        "dims",
        "weights",
        "macs",
        "weight_bytes",
        "input_bytes",
        "output_bytes",
    }
    assert all(keys <= set(layer) for layer in data["layers"])
    totals = data["totals"]  # sze2017, Table II; MACs are per image
    assert totals["conv_weights"] == 2_332_704
    assert totals["conv_macs"] == 4 * 665_784_864
    assert totals["fc_weights"] == 58_621_952
    assert totals["fc_macs"] == 4 * 58_621_952


def test_output_goes_to_a_file_whole_and_is_noted(pj: Any, tmp_path: Path) -> None:
    _, printed, _ = pj("models", "--format", "json")
    status, output, errors = pj("models", "--format", "json", "-o", "models.json")
    assert (status, output, errors) == (0, "", "wrote models.json\n")
    assert (tmp_path / "models.json").read_text() == printed
    status, output, errors = pj("models", "--format", "json", "-o", "models.json", "--quiet")
    assert (status, output, errors) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["models.json"]


def test_evaluate_saves_and_draws_beside_the_table(pj: Any, tmp_path: Path) -> None:
    status, output, errors = pj(
        "evaluate", "lenet5", "--on", "eyeriss", "--save", "run.json", "--plot", "run.svg"
    )
    assert status == 0
    assert errors == "wrote run.json\nwrote run.svg\n"
    data = json.loads((tmp_path / "run.json").read_text())
    for layer in data["layers"]:
        assert layer["name"] in output
        assert layer["name"] in (tmp_path / "run.svg").read_text()


def test_a_mapping_is_written_priced_and_checked(pj: Any, tmp_path: Path) -> None:
    status, output, _ = pj(
        "map", CONV, "--on", "eyeriss", "--format", "json", "--write-mapping", "conv.nest"
    )
    assert status == 0
    found = json.loads(output)["layers"][0]
    assert found["mapping"] in (tmp_path / "conv.nest").read_text()
    _, output, _ = pj("map", CONV, "--on", "eyeriss", "--mapping", "conv.nest", "--format", "json")
    given = json.loads(output)["layers"][0]
    assert given.pop("certificate") is None
    assert found.pop("certificate")["optimal"] is True
    assert given == found
    status, output, _ = pj("check", "conv.nest")
    assert status == 0
    agreeing, word, compared, _ = output.splitlines()[-1].split()
    assert agreeing == compared
    assert word == "of"
    assert int(compared) > 20


def test_a_check_that_disagrees_ends_with_status_one(
    pj: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from picojoule import check

    real = check.check_mapping

    def wrong(*places: Any) -> check.MappingCheck:
        found = real(*places)
        oracle = dataclasses.replace(found.oracle, steps=found.oracle.steps + 1)
        return check.MappingCheck(found.closed_form, oracle)

    monkeypatch.setattr("picojoule.cli.checks.check_mapping", wrong)
    pj("map", CONV, "--on", "eyeriss", "--write-mapping", "conv.nest")
    status, output, _ = pj("check", "conv.nest")
    assert status == 1
    assert "no" in output
    agreeing, _, compared, _ = output.splitlines()[-1].split()
    assert int(agreeing) == int(compared) - 1


def test_ignored_parts_of_a_model_are_told_on_standard_error(
    pj: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dataclasses

    from picojoule import workload

    model = workload.load("lenet5")
    odd = workload.Ignored("strange\x1b[2J", "Odd", "nobody knows it")
    for home in ("picojoule.workload", "picojoule.evaluation.words"):
        monkeypatch.setattr(
            f"{home}.load", lambda *_, **__: dataclasses.replace(model, ignored=(odd,))
        )
    for arguments in (("profile", "x"), ("evaluate", "x", "--on", "eyeriss")):
        status, output, errors = pj(*arguments)
        assert status == 0
        assert errors.startswith("warning: 1 part")
        assert "nobody knows it" in output
        assert "\x1b" not in output
        assert pj(*arguments, "--quiet")[2] == ""


def test_input_shapes_reach_the_reader(pj: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from picojoule import workload

    seen: list[Any] = []
    model = workload.load("lenet5")
    monkeypatch.setattr(workload, "load", lambda *_, **options: seen.append(options) or model)
    assert pj("profile", "net.onnx", "--input", "a=1x3x8x8", "--input", "b:0=5")[0] == 0
    assert seen == [{"batch": None, "inputs": {"a": (1, 3, 8, 8), "b:0": (5,)}}]


def test_a_chip_is_drawn_and_its_figures_stand_beside_ours(pj: Any, tmp_path: Path) -> None:
    status, output, errors = pj("chips", "dadiannao", "--figure", "chip.svg")
    assert (status, errors) == (0, "wrote chip.svg\n")
    assert "| central: 4 MB" in output and "No local reuse: " in output
    assert "-11.0%" in output and "--run" in output and "needs the area" in output
    assert (tmp_path / "chip.svg").read_text().startswith("<svg")
    _, output, _ = pj("chips", "tpu-v1", "--format", "json")
    peak = json.loads(output)["published"][0]
    assert (peak["quantity"], peak["value"], peak["unit"]) == ("peak_ops_per_s", 92e12, "OP/s")
    assert peak["modelled"] == pytest.approx(2 * 65536 * 700e6)
    _, output, _ = pj("chips", "eie", "--run", "--format", "json", "--quiet")
    assert all((one["modelled"] is None) == (one["needs"] is not None)
               for one in json.loads(output)["published"])  # fmt: skip
    status, output, errors = pj("chips", "dadiannao", "--figure", "chip.png")
    assert (status, output) == (2, "") and "chip.svg" in errors
    for option in (("--run",), ("--figure", "x.svg")):
        assert pj("chips", *option)[0] == 2


def test_chips_stand_by_family(pj: Any) -> None:
    _, output, _ = pj("chips")
    places = [
        output.index(f"\n{name} ") for name in ("nn-x", "gupta", "diannao", "yodann", "titan-x")
    ]
    assert places == sorted(places)


def test_words_have_the_width_that_is_asked(pj: Any) -> None:
    by_bits = {}
    for bits in ("8", "8,8,16"):
        status, output, _ = pj("evaluate", "lenet5", "--on", "eyeriss", "--bits", bits,
                               "--format", "json")  # fmt: skip
        assert status == 0
        by_bits[bits] = json.loads(output)["layers"][0]["dram_bytes"]
    assert by_bits["8,8,16"] > by_bits["8"]
    status, _, errors = pj("evaluate", "lenet5", "--on", "eyeriss", "--bits", "8,8")
    assert status == 2 and "1,12,12" in errors


def test_our_own_faults_are_called_so(pj: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise KeyError("lost")

    monkeypatch.setattr("picojoule.cli.chips.library", broken)
    monkeypatch.delenv(cli.DEBUG, raising=False)
    status, output, errors = pj("chips")
    assert (status, output) == (cli.INTERNAL, "")
    assert "fault of picojoule" in errors
    assert "Traceback" not in errors
    monkeypatch.setenv(cli.DEBUG, "1")
    assert "Traceback" in pj("chips")[2]


def test_bad_output_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Output("yaml")
    with pytest.raises(OutputError):
        Output("json", tmp_path / "missing" / "file")


def test_the_cache_is_used_shown_and_emptied(
    pj: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no cache" in pj("cache")[1]
    monkeypatch.setenv("PICOJOULE_CACHE", "mine.sqlite")

    def facts(*arguments: str) -> dict[str, Any]:
        status, output, errors = pj("cache", *arguments, "--format", "json")
        assert (status, errors) == (0, "")
        return json.loads(output)

    mapped = ("map", "matmul M=4 K=4 N=4", "--on", "eyeriss", "--format", "json")
    assert facts()["entries"] == 0
    anew = pj(*mapped, "--no-cache")
    assert not (tmp_path / "mine.sqlite").exists()
    assert pj(*mapped) == pj(*mapped) == anew
    found = facts()
    assert (found["path"], found["entries"]) == ("mine.sqlite", 1)
    assert 0 < found["size_bytes"] <= found["largest_bytes"]
    assert "1 mapping" in pj("cache")[1]
    assert facts("--clear")["entries"] == 0
    (tmp_path / "mine.sqlite").write_text("my thesis")
    status, output, errors = pj("cache", "--clear")
    assert (status, output) == (2, "")
    assert (tmp_path / "mine.sqlite").read_text() == "my thesis"
    status, output, errors = pj(*mapped)
    assert (status, output) == anew[:2]
    assert errors.startswith("warning: the cache of mappings cannot be used")
    assert len(errors.splitlines()) == 1
    assert pj(*mapped, "--quiet")[2] == ""


def test_a_front_is_shown_saved_and_drawn(pj: Any, tmp_path: Path) -> None:
    arguments = ("map", "matmul M=64 K=32 N=48", "--on", "eyeriss")
    status, output, errors = pj(*arguments, "--front", "--save", "f.json", "--plot", "f.svg")
    assert (status, errors) == (0, "wrote f.json\nwrote f.svg\n")
    assert "Exact" in output
    assert "latency" in (tmp_path / "f.svg").read_text()
    points = json.loads((tmp_path / "f.json").read_text())["points"]
    _, output, _ = pj(*arguments, "--front", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(output, newline="")))
    assert len(rows) == len(points) > 1
    assert [float(row["energy_pj"]) for row in rows] == [one["energy_pj"] for one in points]
    for option, value, key in (
        ("--within-latency", points[1]["latency_s"], "energy_pj"),
        ("--within-energy", points[1]["energy_pj"] * 1e-12, "latency_cycles"),
    ):
        status, output, _ = pj(*arguments, option, str(value), "--format", "json")
        assert status == 0
        assert json.loads(output)["totals"][key] == points[1][key]
    status, output, errors = pj(*arguments, "--within-latency", "1e-9")
    assert (status, output) == (2, "")


@pytest.mark.parametrize(
    "options",
    [
        ("--front", "--minimize", "edp"),
        ("--front", "--within-latency", "1"),
        ("--within-energy", "1", "--within-latency", "1"),
        ("--front", "--mapping", "conv.nest"),
        ("--front", "--write-mapping", "conv.nest"),
    ],
)
def test_options_that_do_not_go_together(pj: Any, options: tuple[str, ...]) -> None:
    status, output, errors = pj("map", CONV, "--on", "eyeriss", *options)
    assert (status, output) == (2, "")
    assert "do not go together" in errors


def test_zeros_are_taken_off_and_told(pj: Any, tmp_path: Path) -> None:
    (tmp_path / "zeros.yaml").write_text("default: {inputs: 0.25}\n")
    arguments = ("evaluate", "lenet5-caffe", "--on", "eyeriss", "--density", "zeros.yaml")
    status, output, errors = pj(*arguments, "--format", "json")
    assert (status, errors) == (0, "")
    for layer in json.loads(output)["layers"]:
        zeros = layer["zeros"]
        assert zeros["effectual_macs"] == pytest.approx(layer["macs"] / 4)
        assert zeros["dense_energy_pj"] > layer["energy_pj"]
        assert zeros["dram_bytes_compressed"] == layer["dram_bytes"] < zeros["dense_dram_bytes"]
    assert "What zeros spare" in pj(*arguments)[1]
    status, output, errors = pj(*arguments, "--front")
    assert (status, output) == (2, "") and "do not go together" in errors


def test_constraints_are_kept_and_told(pj: Any, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("parts: {glb: {factors: {P: 5}, bypass: [inputs]}}\n")
    arguments = ("map", CONV, "--on", "eyeriss", "--constraints", "rules.yaml")
    status, output, errors = pj(*arguments, "--format", "json")
    assert (status, errors) == (0, "")
    data = json.loads(output)
    told = {"factors": {"P": 5}, "bypass": ["inputs"]}
    assert data["constraints"] == {"limits": {}, "parts": {"glb": told}}
    glb = data["layers"][0]["mapping"].split("glb")[1].split("pes")[0]
    assert "for P in 5" in glb
    assert "inputs" not in glb
    assert "under constraints" in pj(*arguments)[1]
    (tmp_path / "conv.nest").write_text(data["layers"][0]["mapping"])
    assert pj(*arguments, "--mapping", "conv.nest")[0] == 2


def test_the_choice_of_factors_is_kept_and_told(pj: Any) -> None:
    arguments = ("map", "matmul M=13 K=7 N=11", "--on", "eyeriss", "--minimize", "edp")
    energies_pj: list[float] = []
    for factors in ("perfect", "imperfect"):
        status, output, errors = pj(*arguments, "--factors", factors, "--format", "json")
        assert (status, errors) == (0, "")
        data = json.loads(output)
        assert data["factors"] == factors
        assert data["layers"][0]["certificate"]["factors"] == factors
        energies_pj.append(data["totals"]["energy_pj"])
        text = pj(*arguments, "--factors", factors)[1]
        assert data["layers"][0]["mapping"].splitlines()[-1] in text
    assert energies_pj[1] != energies_pj[0]
    status, output, _ = pj(*arguments[:-2], "--front", "--factors", "imperfect", "--format", "json")
    assert (status, json.loads(output)["factors"]) == (0, "imperfect")
    for command in (arguments, ("evaluate", "lenet5", "--on", "eyeriss")):
        status, output, errors = pj(*command, "--factors", "odd")
        assert (status, output) == (2, "")
        assert "where:    factors" in errors


def test_a_search_that_is_cut_short_says_so(pj: Any) -> None:
    arguments = ("map", "conv M=16 C=16 P=14 Q=14 R=3 S=3", "--on", "eyeriss", "--budget", "1")
    status, output, errors = pj(*arguments, "--format", "json")
    assert status == 0
    proof = json.loads(output)["layers"][0]["certificate"]
    assert proof["optimal"] is False
    assert proof["cost"] == pytest.approx(proof["lower_bound"] * (1 + proof["gap"]), rel=1e-12)
    assert errors.startswith("warning: conv: the search was cut short")
    assert f"{proof['gap']:.1%}" in errors
    assert f"gap {proof['gap']:.1%}" in pj(*arguments)[1]


def test_version_and_help(pj: Any) -> None:
    assert pj("--version")[1] == f"picojoule {picojoule.__version__}\n"
    status, output, _ = pj("--help")
    assert status == 0
    for command in ("profile", "evaluate", "map", "check", "chips", "models", "cache"):
        assert f"\n  {command} " in output
        assert pj(command, "--help")[0] == 0


def loaded(statement: str) -> set[str]:
    """The heavy libraries that a fresh Python loads for a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(answer.stdout.splitlines()[-1].split()) & set(HEAVY)


@pytest.mark.parametrize(
    "statement",
    [
        "import picojoule",
        "from picojoule.cli import main; main(['--help'])",
        "from picojoule.cli import main; main(['evaluate', '--help'])",
        "from picojoule.cli import main; main(['models', '--format', 'xml'])",
    ],
)
def test_nothing_heavy_is_loaded_for_a_start(statement: str) -> None:
    assert loaded(statement) == set()


def test_no_number_needs_torch_or_drawing() -> None:
    run = "from picojoule.cli import main; main(['map', 'matmul M=4 K=4 N=4', '--on', 'eyeriss'])"
    assert not loaded(run) & {"torch", "pandas", "matplotlib", "onnx"}


def test_help_answers_within_its_time() -> None:
    program = Path(sys.executable).with_name("pj")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    times: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([program, "--help"], check=True, capture_output=True, env=environment)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.3


def test_every_public_name_resolves() -> None:
    for name in picojoule.__all__:
        assert getattr(picojoule, name) is not None
    assert set(picojoule.__all__) <= set(dir(picojoule))
    with pytest.raises(AttributeError):
        picojoule.nothing  # noqa: B018


def test_a_public_function_is_never_hidden_by_a_module() -> None:
    code = (
        "import pkgutil, picojoule\n"
        "names = [m.name for m in pkgutil.walk_packages(picojoule.__path__, 'picojoule.')]\n"
        "hidden = {n.split('.')[1] for n in names} & set(picojoule.__all__)\n"
        "print('hidden', *hidden)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["hidden"]


def test_an_error_survives_a_process_boundary() -> None:
    error = PicojouleError("what", where="a", got="b", expected="c", fix="d")
    rebuild, arguments = error.__reduce__()  # type: ignore[misc]
    again = rebuild(*arguments)  # type: ignore[operator]
    assert (type(again), again.args) == (type(error), error.args)
