"""Dataflows: what `pj dataflow` lists and draws."""

import textwrap
from pathlib import Path
from typing import Any

from picojoule.cli.output import Output
from picojoule.dataflows import (
    DATAFLOWS,
    dataflow,
    describe_use,
    grid_picture,
    tensor_uses,
)
from picojoule.evaluation import evaluate_operation, operation_for
from picojoule.hardware import accelerator
from picojoule.report import Column, Table, save_grids, to_text


def show_dataflows(output: Output) -> None:
    """List the dataflows."""
    records = [
        {"name": one.name, "title": one.title, "summary": one.summary, "chips": one.chips}
        for one in DATAFLOWS.values()
    ]
    columns = (
        Column("dataflow", "name", align="left"),
        Column("what stays where", "summary", align="left"),
        Column("chips", "chips", align="left"),
    )
    rows = tuple(tuple(record[column.key] for column in columns) for record in records)
    table = Table("Dataflows; `pj dataflow NAME` draws one", columns, rows)
    output.emit(
        text=lambda: to_text(table, width=output.width, color=output.color),
        data={"dataflows": records},
        records=records,
    )


def show_dataflow(
    name: str, output: Output, *, operation: str, on: str, plot: Path | None, use_cache: bool
) -> None:
    """Show one dataflow: what it means, and the best mapping that it allows of an operation."""
    one, chip = dataflow(name), accelerator(on)
    work = operation_for(operation, chip)
    with output.told():
        run = evaluate_operation(work, chip, dataflow=name, cache=use_cache)
    (layer,) = run.layers
    uses = tensor_uses(work, chip, layer.nest)
    data: dict[str, Any] = {
        "name": one.name,
        "title": one.title,
        "summary": one.summary,
        "description": one.description,
        "chips": one.chips,
        "chip": chip.name,
        "operation": operation,
        "constraints": one.build(work, chip).to_dict()["parts"],
        "mapping": str(layer.mapping),
        "tensors": [use.to_dict() for use in uses],
    }
    heading = f"{one.title} ({one.name}): {one.summary}"
    chosen = f"The best mapping that it allows of `{operation}` on {chip.name}, least energy:"
    told = [heading, *one.description.split("\n\n"), f"Chips: {one.chips}.", chosen]
    paragraphs = [textwrap.fill(text, output.width) for text in told]
    output.emit(
        text=lambda: "\n\n".join(
            [*paragraphs, describe_use(work, chip, layer.nest, width=output.width)]
        ),
        data=data,
        records=[use.to_dict() for use in uses],
    )
    if plot:
        title = f"{heading}\n{operation} on {chip.name}"
        save_grids(grid_picture(work, chip, layer.nest, title), plot)
        output.note(f"wrote {plot}")
