"""Join: two sets of constraints that both hold, such as a user's and a dataflow's."""

import itertools
from collections.abc import Mapping
from typing import NoReturn

from picojoule.errors import MappingError
from picojoule.mapper.constraints.order import Order, circle_of, lists_of
from picojoule.mapper.constraints.rules import Constraints, PartConstraints, Range


def join_constraints(first: Constraints, second: Constraints) -> Constraints:
    """The constraints that allow what both allow; the limits of both must not overlap.

    Raises:
        MappingError: They quarrel: no factor lies in both ranges, a tensor is to be kept and passed
            by, or two loops are each to run inside the other. It names both constraints.

    >>> one = Constraints({"glb": PartConstraints(factors={"P": Range(2)})})
    >>> two = Constraints({"glb": PartConstraints(factors={"P": Range(1, 4)})})
    >>> join_constraints(one, two).of("glb").factors
    {'P': Range(least=2, most=4)}
    """
    assert not (first.limits.given and second.limits.given)
    both = _Both(first, second)
    names = dict.fromkeys((*first.parts, *second.parts))
    places = dict(first.places)
    for path, place in second.places.items():
        places[path] = f"{places[path]} and {place}" if path in places else place
    return Constraints(
        {name: both.part(name) for name in names},
        first.limits if first.limits.given else second.limits,
        places,
    )


class _Both:
    """Two sets of constraints, joined part by part; a class because all messages name both."""

    def __init__(self, first: Constraints, second: Constraints) -> None:
        self.first, self.second = first, second

    def part(self, name: str) -> PartConstraints:
        """What both say of one part."""
        one, two = self.first.of(name), self.second.of(name)
        factors = self.ranges(f"{name}.factors", one.factors, two.factors)
        keep = tuple(dict.fromkeys((*one.keep, *two.keep)))
        bypass = tuple(dict.fromkeys((*one.bypass, *two.bypass)))
        torn = [tensor for tensor in keep if tensor in bypass]
        if torn:
            keeper = self.first if torn[0] in one.keep else self.second
            other = self.second if keeper is self.first else self.first
            self.refuse(
                f"{torn[0]} is to be kept and passed by",
                (keeper.where(f"{name}.keep"), other.where(f"{name}.bypass")),
                got=f"memory {name!r}: keep {torn[0]}; bypass {torn[0]}",
                fix=f"take {torn[0]} out of one of the two",
            )
        return PartConstraints(
            factors=factors,
            tile=self.ranges(f"{name}.tile", one.tile, two.tile),
            order=self.order(name, one.order, two.order, factors),
            keep=keep,
            bypass=bypass,
            x=self.ranges(f"{name}.x", one.x, two.x),
            y=self.ranges(f"{name}.y", one.y, two.y),
        )

    def ranges(
        self, path: str, one: Mapping[str, Range], two: Mapping[str, Range]
    ) -> dict[str, Range]:
        """Per dimension the factors that lie in both ranges."""
        found = {**two, **one}
        for dim in one:
            if dim in two:
                a, b = one[dim], two[dim]
                most = min((n for n in (a.most, b.most) if n is not None), default=None)
                least = max(a.least, b.least)
                if most is not None and most < least:
                    self.refuse(
                        f"constraints {path} {dim} {a} and {path} {dim} {b} quarrel",
                        self.where(f"{path}.{dim}"),
                        got=f"{dim} {a} and {dim} {b}",
                        fix="loosen one of the two, or leave it out",
                    )
                found[dim] = Range(least, most)
        return found

    def order(self, name: str, one: Order, two: Order, factors: Mapping[str, Range]) -> Order:
        """All lists of both; a loop that is forbidden has no place to quarrel about."""
        if not one or not two or one == two:
            return one or two
        gone = {dim for dim, allowed in factors.items() if allowed.most == 1}
        lists = [
            tuple(dim for dim in each if dim not in gone)
            for each in itertools.chain(lists_of(one), lists_of(two))
        ]
        order = tuple(dict.fromkeys(each for each in lists if len(each) > 1))
        circle = circle_of(order)
        if circle:
            self.refuse(
                f"loops over {' and '.join(circle)} are each to run inside the other",
                self.where(f"{name}.order"),
                got=f"memory {name!r}: " + "; ".join(" ".join(each) for each in order),
                fix=f"leave one of them out of the order, or forbid a loop: {circle[0]}: 1",
            )
        return order

    def where(self, path: str) -> tuple[str, str]:
        """Where each of the two stands."""
        return self.first.where(path), self.second.where(path)

    @staticmethod
    def refuse(what: str, where: tuple[str, str], *, got: str, fix: str) -> NoReturn:
        """Name both constraints."""
        raise MappingError(
            what,
            where=" and ".join(dict.fromkeys(where)),
            got=got,
            expected="constraints that hold together",
            fix=fix,
        )
