"""Order: which loops of a memory must run inside which others."""

import math
from collections.abc import Container
from functools import lru_cache

Order = tuple[str, ...] | tuple[tuple[str, ...], ...]
"""Dimensions, outermost first; or several such lists, which hold together."""


def lists_of(order: Order) -> tuple[tuple[str, ...], ...]:
    """An order as lists, one or several.

    >>> lists_of(("P", "Q")), lists_of((("P", "Q"), ("M", "Q")))
    ((('P', 'Q'),), (('P', 'Q'), ('M', 'Q')))
    """
    names = tuple(one for one in order if isinstance(one, str))
    return (names,) if names else tuple(one for one in order if not isinstance(one, str))


def narrowed_order(order: Order, allowed: Container[str]) -> Order:
    """An order without the dimensions that are not allowed, nor lists that then say nothing."""
    lists = [tuple(dim for dim in one if dim in allowed) for one in lists_of(order)]
    if any(isinstance(one, str) for one in order):
        return lists[0]
    return tuple(one for one in lists if len(one) > 1)


def inner_dims(order: Order) -> dict[str, set[str]]:
    """Of each dimension that an order names, those that must run inside it."""
    inside: dict[str, set[str]] = {}
    for one in lists_of(order):
        for place, outer in enumerate(one):
            inside.setdefault(outer, set()).update(one[place + 1 :])
    return inside


def circle_of(order: Order) -> tuple[str, ...]:
    """Dimensions that an order wants inside each other; none where some order of loops does.

    >>> circle_of((("P", "Q"), ("Q", "M"))), circle_of((("P", "Q"), ("Q", "P")))
    ((), ('P', 'Q'))
    """
    inside = inner_dims(order)
    while inside:
        within = set().union(*inside.values())
        ends = {dim for dim, inner in inside.items() if not inner or dim not in within}
        if not ends:
            return tuple(inside)
        inside = {dim: inner - ends for dim, inner in inside.items() if dim not in ends}
    return ()


@lru_cache(maxsize=4096)
def count_orders(names: tuple[str, ...], order: Order) -> int:
    """In how many ways the loops over some dimensions may follow each other.

    >>> count_orders(("M", "P", "Q"), ("Q", "M")), count_orders(("M", "P", "Q"), ())
    (3, 6)
    >>> count_orders(("M", "P", "Q"), (("M", "Q"), ("P", "Q")))
    2
    """
    lists = [tuple(dim for dim in one if dim in names) for one in lists_of(order)]
    if len(lists) < 2:
        return math.factorial(len(names)) // math.factorial(len(lists[0]) if lists else 0)
    inside = inner_dims(tuple(lists))
    before = [sum(1 << names.index(dim) for dim in inside.get(name, ())) for name in names]
    ways = [1] + [0] * ((1 << len(names)) - 1)
    for chosen in range(len(ways)):
        for n in range(len(names)):
            if not chosen >> n & 1 and not before[n] & ~chosen:
                ways[chosen | 1 << n] += ways[chosen]
    return ways[-1]
