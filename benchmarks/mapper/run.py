"""Run: other mappers beside picojoule's, on the same operations, chips and costs.

`install` puts each peer into an environment of its own, `run` searches and reprices, `table` writes
the page; without a command, all three. Results are kept in results.json, so that picojoule alone
can run again (`run --only picojoule`) and the page be written without the peers.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from problems import PROBLEMS, Problem
from table import write_page

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parents[1] / "docs" / "benchmarks.md"

PINS = {
    "accelforge": ("accelforge==1.0.467",),
    # ZigZag imports six without asking for it.
    "zigzag": ("zigzag-dse==3.9.1", "six==1.17.0"),
}
"""Environment -> what is installed in it."""

TOOLS = {
    "picojoule": (None, "picojoule_side.py", "search", "{key}"),
    "accelforge": ("accelforge", "accelforge_side.py", "{key}"),
    "loma": ("zigzag", "zigzag_side.py", "{key}", "loma"),
    "salsa": ("zigzag", "zigzag_side.py", "{key}", "salsa"),
}
"""Tool -> its environment (None is this one), script, and arguments."""

KEEPS_ALL = {"loma", "salsa"}
"""Tools in which no tensor can pass a memory by."""

OLDEST_PYTHON = (3, 12)
"""AccelForge does not import under an older one."""

Results = dict[str, dict[str, dict[str, object]]]


def find_python(asked: str | None) -> str:
    """A Python that the peers run under.

    Raises:
        SystemExit: There is none, or the one asked for is too old.
    """
    names = [asked] if asked else ["python3.13", "python3.12", "python3"]
    for name in names:
        path = shutil.which(name)
        if path and _version_of(path) >= OLDEST_PYTHON:
            return path
    wanted = ".".join(map(str, OLDEST_PYTHON))
    raise SystemExit(f"no Python {wanted} or later among: {', '.join(names)}; give --python PATH")


def _version_of(python: str) -> tuple[int, ...]:
    code = "import sys; print(*sys.version_info[:2])"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return tuple(map(int, answer.stdout.split())) if answer.returncode == 0 else (0,)


def install(peers: Path, python: str | None) -> None:
    """Make an environment for each peer, unless it stands with these pins."""
    for name, pins in PINS.items():
        stamp = peers / name / "pins"
        if stamp.exists() and stamp.read_text() == "\n".join(pins):
            continue
        base = find_python(python)
        print(f"installing {' '.join(pins)} with {base}", flush=True)
        subprocess.run([base, "-m", "venv", "--clear", peers / name], check=True)
        pip = [peers / name / "bin" / "python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *pins], check=True)
        stamp.write_text("\n".join(pins))


def run_tool(tool: str, problem: Problem, *, peers: Path, limit_s: float) -> dict[str, object]:
    """Search one problem with one tool, in a process of its own.

    Returns:
        What the tool's side prints, and its `status`: done, limit, or failed with the last line.
    """
    environment, script, *arguments = TOOLS[tool]
    python = peers / environment / "bin" / "python" if environment else Path(sys.executable)
    command = [python, HERE / script, *(one.format(key=problem.key) for one in arguments)]
    single = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
            cwd=HERE,
            env=os.environ | single,
        )
    except subprocess.TimeoutExpired:
        return {"status": "limit", "limit_s": limit_s}
    if answer.returncode:
        return {"status": "failed", "why": (answer.stderr.strip().splitlines() or [""])[-1]}
    return {"status": "done", **json.loads(answer.stdout.splitlines()[-1])}


def reprice(problem: Problem, records: dict[str, dict[str, object]]) -> None:
    """Add to each peer's record what its mapping costs in picojoule's counting."""
    peers = [tool for tool, record in records.items() if "nodes" in record]
    if not peers:
        return
    answer = subprocess.run(
        [sys.executable, HERE / "picojoule_side.py", "reprice", problem.key],
        input=json.dumps([records[tool]["nodes"] for tool in peers]),
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE,
    )
    for tool, repriced in zip(peers, json.loads(answer.stdout), strict=True):
        records[tool]["repriced"] = repriced


def run_all(tools: list[str], wanted: str, *, peers: Path, limit_s: float) -> None:
    """Search the problems with the tools, one at a time, and keep the results after each."""
    for problem in PROBLEMS:
        if wanted not in problem.key:
            continue
        fresh: dict[str, dict[str, object]] = {}
        for tool in tools:
            if problem.passes_by and tool in KEEPS_ALL:
                continue
            print(f"{problem.key}: {tool}", flush=True)
            record = run_tool(tool, problem, peers=peers, limit_s=limit_s)
            fresh[tool] = record | circumstances(tool)
        results: Results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        records = results.setdefault(problem.key, {}) | fresh
        reprice(problem, records)
        RESULTS.write_text(json.dumps(results | {problem.key: records}, indent=1) + "\n")


def circumstances(tool: str) -> dict[str, object]:
    """What ran, when, and on which machine."""
    environment = TOOLS[tool][0]
    return {
        "version": PINS[environment][0].partition("==")[2] if environment else commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
    }


def commit() -> str:
    """The project's commit, with a plus where files differ from it."""
    git = ["git", "-C", HERE, "describe", "--always", "--dirty=+", "--exclude=*"]
    answer = subprocess.run(git, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def machine() -> str:
    """The processor, in words."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return f"one core of {models[0] if models else platform.processor() or platform.machine()}"


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="?", choices=("install", "run", "table"))
    parser.add_argument("--only", default=",".join(TOOLS), help="tools, separated by commas")
    parser.add_argument("--problem", default="", help="only problems whose name contains this")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one search")
    parser.add_argument("--peers", type=Path, default=Path(".benchmarks/peers"))
    parser.add_argument("--python", help="a Python 3.12 or later for the peers")
    options = parser.parse_args()
    tools = options.only.split(",")
    if unknown := set(tools) - set(TOOLS):
        parser.error(f"unknown tool {', '.join(sorted(unknown))}; there are {', '.join(TOOLS)}")
    peers = options.peers.resolve()
    if options.command != "table" and any(TOOLS[tool][0] for tool in tools):
        install(peers, options.python)
    if options.command in ("run", None):
        run_all(tools, options.problem, peers=peers, limit_s=options.limit)
    if options.command != "install":
        write_page(PAGE, json.loads(RESULTS.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
