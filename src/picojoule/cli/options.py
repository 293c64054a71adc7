"""Options: those that several commands share, each with its help."""

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A name that `pj models` lists, or an ONNX file.")
]
Work = Annotated[
    str,
    typer.Argument(
        metavar="MODEL|OPERATION",
        help="A name that `pj models` lists, an ONNX file, a SCALE-Sim topology (.csv), "
        'or an operation such as "matmul M=128 K=768 N=768".',
    ),
]
Chip = Annotated[
    str, typer.Option("--on", metavar="CHIP", help="A name that `pj chips` lists, or a YAML file.")
]
Batch = Annotated[
    int | None,
    typer.Option("--batch", metavar="N", help="Images in flight; the model's own if left out."),
]
Words = Annotated[
    str | None,
    typer.Option(
        "--bits",
        metavar="W[,I,O]",
        help="Word width, or widths of weights, inputs and outputs; the default is the model's, "
        "for a network of the zoo the chip's.",
    ),
]
Shapes = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="NAME=SHAPE",
        help="Shape of an input that the file leaves open: x=1x3x8x8.",
    ),
]
Minimize = Annotated[
    str,
    typer.Option(
        "--minimize",
        metavar="GOAL",
        help="energy, latency, edp, ed2p, or a product such as energy^2*latency.",
    ),
]
Budget = Annotated[
    int | None,
    typer.Option(
        "--budget",
        metavar="N",
        help="Stop a layer's search after N candidates; the table then says so.",
    ),
]
Format = Annotated[str, typer.Option("--format", metavar="FORM", help="table, json or csv.")]
File = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write there instead.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, warnings or notes.")]
Save = Annotated[
    Path | None, typer.Option("--save", metavar="FILE", help="Also write the result as JSON.")
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE", help="Also draw it: .png, .svg or .pdf."),
]
Rules = Annotated[
    Path | None,
    typer.Option("--constraints", metavar="FILE", help="Only mappings that this YAML file allows."),
]
Dataflow = Annotated[
    str | None,
    typer.Option(
        "--dataflow",
        metavar="NAME",
        help="Only mappings of this dataflow: ws, os_a, os_b, os_c, nlr, rs, is or flex.",
    ),
]
Factors = Annotated[
    str,
    typer.Option(
        "--factors",
        metavar="KIND",
        help="perfect (all divide), imperfect, or auto: imperfect where most PEs would idle.",
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        metavar="SECONDS",
        help="Search no longer, all layers together; the best so far is shown with its bound.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", help="Layers searched at a time; one per core."),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Search anew, and keep nothing for the next run.")
]
Trade = Annotated[
    bool,
    typer.Option(
        "--front", help="Show every trade of energy for time that none beats, one mapping a layer."
    ),
]
WithinLatency = Annotated[
    float | None,
    typer.Option(
        "--within-latency", metavar="SECONDS", help="Least energy of all layers within this time."
    ),
]
WithinEnergy = Annotated[
    float | None,
    typer.Option(
        "--within-energy", metavar="JOULES", help="Least time of all layers within this energy."
    ),
]
ZeroShares = Annotated[
    str | None,
    typer.Option(
        "--zeros",
        metavar="WHICH",
        help="Run in passes, with these zeros: measured, none, or a YAML or CSV file.",
    ),
]
Passes = Annotated[
    str | None,
    typer.Option(
        "--passes",
        metavar="WHICH",
        help="Run in passes cut as the chip's were, by search, or by a YAML file.",
    ),
]
DensityFile = Annotated[
    Path | None,
    typer.Option(
        "--density",
        metavar="FILE",
        help="Zeros by layer and tensor (YAML): what they spare is taken off the found mappings.",
    ),
]
