"""Table: the published numbers that the estimators start from, read once from `tables/*.yaml`."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import cast

Value = float | str | Sequence["Value"] | Mapping[str, "Value"]
Points = tuple[tuple[float, float], ...]


@cache
def table(name: str) -> Mapping[str, Value]:
    """Read one of our own tables."""
    from ruamel.yaml import YAML

    text = (
        resources.files("picojoule.components")
        .joinpath("tables", f"{name}.yaml")
        .read_text("utf-8")
    )
    return YAML(typ="safe", pure=True).load(text)


def branch(node: Mapping[str, Value], *keys: str) -> Mapping[str, Value]:
    """The part of a table below some keys."""
    for key in keys:
        node = cast(Mapping[str, Value], node[key])
    return node


def number(node: Mapping[str, Value], key: str) -> float:
    """A number of a table."""
    return float(cast(float, node[key]))


def text(node: Mapping[str, Value], key: str) -> str:
    """A text of a table."""
    return str(node[key])


def points(node: Mapping[str, Value], key: str, x: str, y: str) -> Points:
    """A list of table rows as (x, y) pairs."""
    rows = cast(Sequence[Mapping[str, Value]], node[key])
    return tuple((number(row, x), number(row, y)) for row in rows)


def power_law(
    known: Points, x: float, *, below: float | None = None, above: float | None = None
) -> float:
    """Interpolate on log-log axes: between two points, the power of x that joins them.

    Args:
        known: (x, y) pairs by rising x, all positive.
        x: Where.
        below, above: Exponents outside the points; None goes on with the nearest pair's.

    >>> power_law(((1, 2), (4, 8)), 2), power_law(((1, 2), (4, 8)), 8, above=2)
    (4.0, 32.0)
    """
    for known_x, known_y in known:
        if x == known_x:
            return float(known_y)
    if x < known[0][0] and below is not None:
        return known[0][1] * (x / known[0][0]) ** below
    if x > known[-1][0] and above is not None:
        return known[-1][1] * (x / known[-1][0]) ** above
    after = min(max(1, sum(known_x < x for known_x, _ in known)), len(known) - 1)
    (low_x, low_y), (high_x, high_y) = known[after - 1], known[after]
    exponent = math.log(high_y / low_y) / math.log(high_x / low_x)
    return low_y * (x / low_x) ** exponent
