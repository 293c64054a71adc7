"""Networks: the tables of whole networks in docs/scaling.md and docs/imperfect.md.

Reads what `layers.py -o` wrote, one file or several. Searches with perfect factors go into the one
page, a line for each network; those with imperfect factors into the other, layer by layer.
"""

import argparse
import datetime
import json
import re
import statistics
import sys
from pathlib import Path
from typing import Any

from table import table

DOCS = Path(__file__).parents[2] / "docs"
MARKS = ("<!-- networks tables: begin -->", "<!-- networks tables: end -->")
NAMES = {
    "alexnet": "AlexNet",
    "vgg16": "VGG-16",
    "resnet50": "ResNet-50",
    "mobilenet-v2": "MobileNet-V2",
    "bert-base-128": "BERT-base, 128 tokens",
    "bert-base-512": "BERT-base, 512 tokens",
}
LEAST = {"energy": "energy", "edp": "energy x latency", "front": "front"}
LITTLE = 5e-5
"""Share of the cost; layers that gain less do not count as gaining."""

Networks = list[dict[str, Any]]


def totals(networks: Networks) -> str:
    """A line for each network with perfect factors."""
    heads = ["network", "least", "layers", "median CPU s", "worst", "all", "MB"]
    rows = [
        [
            NAMES[one["network"]],
            LEAST[one["minimize"]],
            str(one["layers"]),
            f"{one['median_cpu_s']:.3f}",
            f"{one['worst_cpu_s']:.3f}",
            f"{one['total_cpu_s']:.2f}",
            f"{one['memory_mb']:.0f}",
        ]
        for one in networks
    ]
    return table(heads, rows)


def gain(row: dict[str, Any]) -> float:
    """Share of the cost with perfect factors that imperfect ones save."""
    return 1.0 - row["cost"] / row["perfect"]["cost"]


def gains(networks: Networks) -> str:
    """A line for each network with imperfect factors."""
    heads = ["network", "layers", "that gain", "most", "median CPU s", "worst", "MB", "not proved"]
    rows = [
        [
            NAMES[one["network"]],
            str(one["layers"]),
            str(sum(gain(row) >= LITTLE for row in one["rows"])),
            f"{max(map(gain, one['rows'])):.2%}",
            f"{one['median_cpu_s']:.2f}",
            f"{one['worst_cpu_s']:.1f}",
            f"{one['memory_mb']:.0f}",
            str(one["unproved"]),
        ]
        for one in networks
    ]
    return table(heads, rows)


def layers(networks: Networks) -> str:
    """A line for each layer with imperfect factors."""
    heads = ["network", "layer", "sizes", "less energy", "PEs, perfect", "imperfect", "CPU s", ""]
    rows = [
        [
            NAMES[one["network"]],
            row["layer"],
            row["sizes"],
            f"{gain(row):.2%}" if gain(row) >= LITTLE else "",
            f"{row['perfect']['utilization']:.1%}",
            f"{row['utilization']:.1%}",
            f"{row['cpu_s']:.2f}",
            "" if row["status"] == "proved" else f"{row['gap']:.3f} x its bound",
        ]
        for one in networks
        for row in one["rows"]
    ]
    return table(heads, rows)


def medians(networks: Networks) -> str:
    """How long half of all layers take, and when that was measured."""
    times = [row["cpu_s"] for one in networks for row in one["rows"]]
    load = max(one["load"] for one in networks)
    return (
        f"Half of the {len(times)} layers take less than {statistics.median(times):.3f} s "
        f"({datetime.date.today()}, load at most {load:.1f})."
    )


def write(page: str, *parts: str) -> None:
    """Replace what stands between the marks of a page."""
    path = DOCS / page
    body = "\n\n".join((MARKS[0], *parts, MARKS[1]))
    text = re.sub(f"{MARKS[0]}.*{MARKS[1]}", lambda _: body, path.read_text(), flags=re.DOTALL)
    path.write_text(text)


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="what `layers.py -o` wrote")
    options = parser.parse_args()
    networks = [one for file in options.files for one in json.loads(file.read_text())]
    perfect = [one for one in networks if one["factors"] == "perfect"]
    imperfect = [one for one in networks if one["factors"] == "imperfect"]
    if perfect:
        energy = [one for one in perfect if one["minimize"] == "energy"]
        write("scaling.md", totals(perfect), *([medians(energy)] if energy else []))
    if imperfect:
        write("imperfect.md", gains(imperfect), medians(imperfect), layers(imperfect))
    return 0


if __name__ == "__main__":
    sys.exit(main())
