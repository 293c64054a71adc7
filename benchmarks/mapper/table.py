"""Table: what results.json says, as the tables of docs/benchmarks.md."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from problems import PROBLEMS, Problem

BEGIN, END = "<!-- mapper tables: begin -->\n", "<!-- mapper tables: end -->\n"

PEERS = {"accelforge": "AccelForge", "loma": "ZigZag LOMA", "salsa": "ZigZag SALSA"}
NAMES = {"picojoule": "picojoule"} | PEERS
SKIPS_FIRST_READS = {"accelforge": True, "loma": False, "salsa": False}
"""Whether a peer leaves out the reads of first accumulations, as picojoule does."""

Record = Mapping[str, Any]
Results = Mapping[str, Mapping[str, Record]]


def write_page(page: Path, results: Results) -> None:
    """Replace what stands between the page's two marks."""
    text = page.read_text()
    body = f"{BEGIN}\n{render(results)}\n{END}"
    page.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: body, text, flags=re.DOTALL))


def render(results: Results) -> str:
    """All tables, and what they add up to."""
    shown = [problem for problem in PROBLEMS if "picojoule" in results.get(problem.key, {})]
    sections = (
        energies(shown, results),
        efforts(shown, results),
        findings(shown, results),
        origins(results),
    )
    return "\n\n".join(sections) + "\n"


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is text and whose other columns are numbers."""
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *rows))


def energies(problems: list[Problem], results: Results) -> str:
    """The optimum, and each peer's mapping and number over it."""
    heads = ["problem", "picojoule, pJ"]
    for name in PEERS.values():
        heads += [f"{name}: its mapping", "its number"]
    rows = []
    for problem in problems:
        records = results[problem.key]
        best = records["picojoule"]
        row = [problem.key, f"{best['energy_pj']:,.0f}" + ("" if best["proved"] else " (no proof)")]
        for peer in PEERS:
            row += ratios(records.get(peer), best["energy_pj"])
        rows.append(row)
    return table(heads, rows)


def ratios(record: Record | None, best_pj: float) -> list[str]:
    """A peer's mapping in picojoule's counting over the optimum, and its own number over it."""
    if record is None:
        return ["", ""]
    if record["status"] != "done":
        return [ended(record), ""]
    repriced = record["repriced"]
    mark = "" if repriced["nest"] else " u"
    return [f"{ratio(repriced['energy_pj'], best_pj)}{mark}", ratio(record["energy_pj"], best_pj)]


def ratio(energy_pj: float, best_pj: float) -> str:
    """Times the optimum: 1 is said only of an equal energy."""
    return "1" if energy_pj == best_pj else f"{energy_pj / best_pj:.4f}"


def ended(record: Record) -> str:
    """Why there is no result."""
    if record["status"] == "limit":
        return f"> {record['limit_s']:.0f} s"
    return "failed"


def efforts(problems: list[Problem], results: Results) -> str:
    """Seconds of the second run, and memory."""
    heads = ["problem", *(f"{name}: CPU s" for name in NAMES.values())]
    heads += [f"{name}: MB" for name in NAMES.values()]
    rows = []
    for problem in problems:
        records = [results[problem.key].get(tool) for tool in NAMES]
        rows.append([problem.key, *map(seconds, records), *map(memory, records)])
    return table(heads, rows)


def seconds(record: Record | None) -> str:
    """User CPU seconds; a star where only a first run was made."""
    if record is None:
        return ""
    if record["status"] != "done":
        return ended(record)
    times = record["warm"] or record["first"]
    star = "" if record["warm"] else "*"
    return f"{times['cpu_s']:.2f}{star}"


def memory(record: Record | None) -> str:
    """Peak megabytes."""
    return f"{record['memory_mb']}" if record and record["status"] == "done" else ""


def findings(problems: list[Problem], results: Results) -> str:
    """What the tables add up to, counted."""
    lines = []
    for peer, name in PEERS.items():
        pairs = list(finished(problems, results, peer))
        if not pairs:
            continue
        even = [pair for pair in pairs if pair[1]["repriced"]["nest"]]
        worse = [one for one in even if one[1]["repriced"]["energy_pj"] < one[0]["energy_pj"]]
        equal = [one for one in pairs if one[1]["repriced"]["energy_pj"] == one[0]["energy_pj"]]
        field = "energy_pj" if SKIPS_FIRST_READS[peer] else "without_elision_pj"
        same = [one for one in pairs if is_close(one[1]["repriced"][field], one[1]["energy_pj"])]
        below = [one for one in pairs if one[1]["repriced"]["energy_pj"] < one[0]["energy_pj"]]
        executed = sum(one[1]["repriced"]["executed"] for one in pairs)
        lines.append(
            f"- **{name}**: {len(pairs)} mappings, {len(even)} of them in picojoule's space; "
            f"picojoule's optimum is dearer than {len(worse)} of these {len(even)}, and than "
            f"{len(below) - len(worse)} of the {len(pairs) - len(even)} uneven ones; "
            f"{len(equal)} cost exactly the optimum. "
            f"In {len(same)} of {len(pairs)} its own number is reproduced to the last picojoule. "
            f"The oracle executed {executed}."
        )
    return "\n".join(lines)


def finished(
    problems: list[Problem], results: Results, peer: str
) -> Iterator[tuple[Record, Record]]:
    """(picojoule's record, the peer's) of each problem that the peer finished."""
    for problem in problems:
        record = results[problem.key].get(peer)
        if record and record["status"] == "done":
            yield results[problem.key]["picojoule"], record


def is_close(one: float, other: float) -> bool:
    """Equal but for the rounding of sums of floats."""
    return abs(one - other) <= 1e-9 * abs(other)


def origins(results: Results) -> str:
    """Versions, dates and machines."""
    seen: dict[str, set[str]] = {}
    for records in results.values():
        for tool, record in records.items():
            origin = f"{record['version']}, {record['date']}, {record['machine']}"
            seen.setdefault(tool, set()).add(origin)
    return "\n".join(
        f"- {name}: {'; '.join(sorted(seen[tool]))}" for tool, name in NAMES.items() if tool in seen
    )
