"""Checks: what `pj check` shows; each returns whether all that must agree does."""

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

from picojoule.check import MappingCheck, Outcome, RecordsCheck, check_mapping, check_records
from picojoule.cli.nests import read_nest
from picojoule.cli.output import Output, UsageError
from picojoule.evaluation import operation_for
from picojoule.hardware import accelerator
from picojoule.mapping import Counts
from picojoule.report import Cell, Column, Table, count, to_text


def check_records_file(path: Path, output: Output) -> bool:
    """Compare recorded results with the closed form and with the oracle."""
    with output.progress("checking") as tell:
        found = check_records(
            path, progress=None if tell is None else lambda done, total: tell(done, total, "")
        )
    records = [_outcome_record(outcome) for outcome in found.outcomes]
    output.emit(
        text=lambda: _describe_records(found, output),
        data={
            "records": records,
            "agreeing": found.agreeing,
            "compared": len(found.compared),
            "exact_agree": found.exact_agree,
            "witnesses_agree": found.witnesses_agree,
        },
        records=[{**record, "differences": len(record["differences"])} for record in records],
    )
    return found.passed


def check_nest_file(path: Path, output: Output, *, operation: str | None, chip: str | None) -> bool:
    """Run the oracle against the closed form on one mapping."""
    found = read_nest(path)
    work = operation or found.operation
    target = chip or found.chip
    if work is None or target is None:
        raise UsageError(
            "mapping does not say what it is for",
            where=str(path),
            got="no operation" if work is None else "no chip",
            expected="lines `# operation: ...` and `# chip: ...`, or options that say so",
            fix='add --operation "conv M=... C=..." and --on CHIP',
        )
    machine = accelerator(target)
    result = check_mapping(operation_for(work, machine), machine, found.nest)
    rows = _count_rows(result)
    agreeing = sum(row["closed_form"] == row["oracle"] for row in rows)
    output.emit(
        text=lambda: (
            to_text(_count_table(work, rows), width=output.width, color=output.color)
            + f"\n{agreeing} of {len(rows)} agree\n"
        ),
        data={
            "operation": work,
            "chip": target,
            "counts": rows,
            "agreeing": agreeing,
            "compared": len(rows),
        },
        records=rows,
    )
    return result.agree


def _outcome_record(outcome: Outcome) -> dict[str, Any]:
    record = dataclasses.asdict(outcome)
    record["differences"] = [
        {key: _plain(value) for key, value in dataclasses.asdict(one).items()}
        for one in outcome.differences
    ]
    return record


def _describe_records(found: RecordsCheck, output: Output) -> str:
    tables = [_difference_table(outcome) for outcome in found.outcomes if outcome.differences]
    tables.append(_skipped_table(found))
    parts = [
        to_text(table, width=output.width, color=output.color) for table in tables if table.rows
    ]
    exact = [one for one in found.outcomes if one.exact]
    agreeing = sum(one.status == "agrees" for one in exact)
    witnesses = "agree" if found.witnesses_agree else "DIFFER"
    parts.append(
        f"closed form and oracle {witnesses} on every compared record\n"
        f"{agreeing} of {len(exact)} records marked exact agree\n"
        f"{found.summary}\n"
    )
    return "\n".join(parts)


def _difference_table(outcome: Outcome) -> Table:
    columns = (
        Column("place", "place", align="left"),
        Column("quantity", "quantity", align="left"),
        Column("recorded", "recorded", _number),
        Column("closed form", "closed_form", _number),
        Column("oracle", "oracle", _number),
    )
    rows = tuple(
        (one.place, one.quantity, *map(_plain, (one.recorded, one.closed_form, one.oracle)))
        for one in outcome.differences
    )
    exact = ", marked exact" if outcome.exact else ""
    reason = outcome.reason or "no reason is known: a fault of picojoule"
    title = f"{outcome.identifier} differs{exact}"
    return Table(title, columns, rows, notes=(f"Why: {reason}.",))


def _skipped_table(found: RecordsCheck) -> Table:
    reasons: dict[tuple[str, str], list[str]] = {}
    for outcome in found.outcomes:
        if outcome.status in ("unsupported", "unreadable"):
            reasons.setdefault((outcome.status, outcome.reason), []).append(outcome.identifier)
    columns = (
        Column("not compared", "status", align="left"),
        Column("records", "number", count),
        Column("first", "record", align="left"),
        Column("why", "reason", align="left"),
    )
    rows = tuple(
        (status, len(names), names[0], reason) for (status, reason), names in reasons.items()
    )
    return Table("Records that were not compared", columns, rows)


def _count_rows(result: MappingCheck) -> list[dict[str, Any]]:
    """Every count of both witnesses, side by side."""
    closed_form, oracle = _quantities(result.closed_form), _quantities(result.oracle)
    return [
        {
            "place": place,
            "quantity": quantity,
            "closed_form": closed_form.get((place, quantity)),
            "oracle": oracle.get((place, quantity)),
        }
        for place, quantity in dict.fromkeys([*closed_form, *oracle])
    ]


def _quantities(counts: Counts) -> dict[tuple[str, str], int]:
    found = {("all", "steps"): counts.steps, ("all", "compute cycles"): counts.compute_cycles}
    for part, number in counts.instances.items():
        found[part, "instances"] = number
    for (part, tensor), words in counts.tile_words.items():
        found[f"{part} {tensor}", "tile words"] = words
    for table in (counts.accesses, counts.transfers):
        for (part, tensor), actions in table.items():
            for quantity, number in dataclasses.asdict(actions).items():
                found[f"{part} {tensor}", quantity] = number
    return found


def _count_table(operation: str, rows: list[dict[str, Any]]) -> Table:
    columns = (
        Column("place", "place", align="left"),
        Column("quantity", "quantity", align="left"),
        Column("closed form", "closed_form", count),
        Column("oracle", "oracle", count),
        Column("equal", "equal"),
    )
    return Table(
        operation,
        columns,
        tuple(
            (*(row[column.key] for column in columns[:-1]), row["closed_form"] == row["oracle"])
            for row in rows
        ),
    )


def _number(cell: Cell) -> str:
    return f"{cell:.6g}" if isinstance(cell, float) else count(cell)


def _plain(value: Cell | Fraction) -> Cell:
    """A value that JSON knows: a whole number stays one, a fraction becomes a float."""
    return float(value) if isinstance(value, Fraction) else value
