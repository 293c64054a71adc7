"""CPU seconds, wall seconds and peak memory of whole `pj` commands, kernels compiled beforehand."""

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PJ = Path(sys.executable).with_name("pj")
ENVIRONMENT = os.environ | {"PICOJOULE_CACHE": ""}
"""Nothing is known before: every search is made and timed."""


@dataclass(frozen=True, slots=True)
class Case:
    """A command, how often it is timed, and what it should stay within."""

    arguments: tuple[str, ...]
    runs: int
    cpu_limit_s: float | None = None
    wall_limit_s: float | None = None
    memory_limit_mb: float | None = None


CASES = (
    Case(("--help",), 5, wall_limit_s=0.3),
    Case(("models",), 1),
    Case(("profile", "resnet50"), 1),
    Case(("evaluate", "alexnet", "--on", "eyeriss"), 1),
    Case(("evaluate", "resnet50", "--on", "eyeriss"), 1, cpu_limit_s=5, memory_limit_mb=1000),
    Case(
        ("evaluate", "resnet50", "--on", "eyeriss", "--minimize", "edp"),
        1,
        cpu_limit_s=15,
        memory_limit_mb=1000,
    ),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run took."""

    wall_s: float
    cpu_s: float
    memory_mb: float


def measure(arguments: tuple[str, ...]) -> Figures:
    """Run a command once; its own children, if any, count too."""
    start = time.perf_counter()
    process = subprocess.Popen([PJ, *arguments], stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"pj {' '.join(arguments)} ended with status {process.returncode}")
    return Figures(wall_s, usage.ru_utime + usage.ru_stime, _megabytes(usage))


def _megabytes(usage: resource.struct_rusage) -> float:
    """Linux counts kibibytes, macOS bytes."""
    return usage.ru_maxrss / 1e6 if sys.platform == "darwin" else usage.ru_maxrss * 1024 / 1e6


def main() -> int:
    """Print one line per command; the status is 1 where one takes more than it should."""
    print(f"{'command':<56} {'wall s':>8} {'CPU s':>8} {'MB':>6}  limit")
    failed = False
    measure(CASES[0].arguments)  # the first start reads everything from the disk
    for case in CASES:
        runs = [measure(case.arguments) for _ in range(case.runs)]
        best = Figures(
            min(run.wall_s for run in runs),
            min(run.cpu_s for run in runs),
            max(run.memory_mb for run in runs),
        )
        limits = (
            (best.wall_s, case.wall_limit_s, "s wall"),
            (best.cpu_s, case.cpu_limit_s, "s CPU"),
            (best.memory_mb, case.memory_limit_mb, "MB"),
        )
        told = [
            f"{limit:g} {unit} {'kept' if value <= limit else 'MISSED'}"
            for value, limit, unit in limits
            if limit is not None
        ]
        failed = failed or any(limit is not None and value > limit for value, limit, _ in limits)
        command = "pj " + " ".join(case.arguments)
        figures = f"{best.wall_s:>8.2f} {best.cpu_s:>8.2f} {best.memory_mb:>6.0f}"
        print(f"{command:<56} {figures}  {', '.join(told)}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
