"""Catalogue: what `pj models` and `pj cache` show."""

from picojoule.cli.output import Output, UsageError
from picojoule.report import Column, Table, count, to_text
from picojoule.units import size_text
from picojoule.workload import profile, zoo


def show_models(output: Output) -> None:
    """List the networks of the zoo, at batch 1."""
    records: list[dict[str, str | int]] = []
    for name in zoo.names():
        totals = profile(zoo.network(name)).totals
        records.append(
            {
                "name": name,
                "macs": totals.macs,
                "weights": totals.weights,
                "description": zoo.describe(name),
                "source": zoo.source(name),
            }
        )
    columns = (
        Column("model", "name", align="left"),
        Column("MACs", "macs", count),
        Column("weights", "weights", count),
        Column("what it is", "description", align="left"),
    )
    keys = [column.key for column in columns]
    rows = tuple(tuple(record[key] for key in keys) for record in records)
    table = Table("Networks of the zoo", columns, rows)
    output.emit(
        text=lambda: to_text(table, width=output.width, color=output.color),
        data={"models": records},
        records=records,
    )


def show_cache(output: Output, *, clear: bool) -> None:
    """Show the cache of mappings, emptied first if that is wanted."""
    from picojoule.mapper import cache

    place = cache.default_place()
    if clear and place is not None and not cache.clear(place):
        raise UsageError(
            "the cache cannot be emptied",
            where=str(place),
            got="a file that is not a cache of picojoule, or may not be changed",
            expected="a cache of picojoule",
            fix=f"look at the file and remove it by hand, or let {cache.PLACE} name another",
        )
    facts = cache.CacheFacts(place, 0, 0)
    if place is not None and place.exists():
        with output.told(), cache.Cache(place) as opened:
            facts = opened.facts()
    record = {
        "path": None if place is None else str(place),
        "entries": facts.entries,
        "size_bytes": facts.size_bytes,
        "largest_bytes": cache.LARGEST_BYTES,
    }
    output.emit(
        text=lambda: (
            f"{place}: {facts.entries:,} mappings, {size_text(8 * facts.size_bytes)} "
            f"of {size_text(8 * cache.LARGEST_BYTES)}\n"
            if place
            else f"no cache: {cache.PLACE} is empty\n"
        ),
        data=record,
        records=[record],
    )
