"""Diagnose: which constraints leave no mapping, and what share of the space each one removes.

Shares are exact: the mappings of the space under one constraint alone are counted. Conflicts are
irreducible: without any one of the constraints that are named, there is a mapping.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from picojoule.cost import Costs
from picojoule.errors import MappingError
from picojoule.hardware import Accelerator
from picojoule.mapper.certificate import Solution
from picojoule.mapper.constraints import Constraints, Limits, PartConstraints, Range
from picojoule.mapper.factors import Cuts, Factors
from picojoule.mapper.search import leaves_idle, search
from picojoule.mapper.space import Space, build_space, mapspace_size
from picojoule.workload import Operation

MOST_SHARES = 12
"""Constraints whose shares a message tells; a dataflow alone has some thirty."""


@dataclass(frozen=True, slots=True)
class Single:
    """One constraint by itself.

    Args:
        path: Of the file: "glb.factors.P".
        text: As a reader knows it: "glb.factors P = 4".
        part: The part it speaks of.
        own: What it says there, and nothing else.
    """

    path: str
    text: str
    part: str
    own: PartConstraints


def single_constraints(constraints: Constraints) -> tuple[Single, ...]:
    """Every constraint on parts by itself, limits left out."""
    found: list[Single] = []
    for part, own in constraints.parts.items():
        for key in own.given:
            value = getattr(own, key)
            if isinstance(value, Mapping):
                for dim, allowed in value.items():
                    one = _part(**{key: {dim: allowed}})
                    text = f"{part}.{key} {dim} {allowed}"
                    found.append(Single(f"{part}.{key}.{dim}", text, part, one))
            elif key == "order":
                for order in own.orders:
                    text = f"{part}.order {' '.join(order)}"
                    found.append(Single(f"{part}.order", text, part, PartConstraints(order=order)))
            else:
                for name in value:
                    one = _part(**{key: (name,)})
                    found.append(Single(f"{part}.{key}", f"{part}.{key} {name}", part, one))
    return tuple(found)


def _part(**values: Any) -> PartConstraints:
    return PartConstraints(**values)


def joined(singles: Sequence[Single]) -> Constraints:
    """Some single constraints together."""
    parts: dict[str, dict[str, Any]] = {}
    for single in singles:
        values = parts.setdefault(single.part, {})
        for key in single.own.given:
            value = getattr(single.own, key)
            if isinstance(value, Mapping):
                values[key] = {**values.get(key, {}), **value}
            elif key == "order":
                values[key] = (*values.get(key, ()), *single.own.orders)
            else:
                values[key] = (*values.get(key, ()), *value)
    return Constraints({part: PartConstraints(**values) for part, values in parts.items()})


def largest_factors(
    operation: Operation, accelerator: Accelerator, constraints: Constraints, factors: Factors
) -> Factors:
    """Which factors the largest space has that a search goes through: never "auto"."""
    if factors == "auto":
        space = build_space(operation, accelerator, constraints)
        return "imperfect" if leaves_idle(space) else "perfect"
    return factors


def free_space(operation: Operation, accelerator: Accelerator, factors: Factors) -> Space:
    """All mappings of an operation on a chip, without constraints."""
    return build_space(operation, accelerator, Constraints(), imperfect=factors == "imperfect")


def removed_shares(
    operation: Operation,
    accelerator: Accelerator,
    constraints: Constraints,
    factors: Factors = "perfect",
) -> dict[str, Fraction]:
    """The share of all mappings that each constraint on parts removes by itself, exactly.

    Returns:
        By the constraint's text, such as "glb.factors P = 4"; 1 is everything.
    """
    space = free_space(operation, accelerator, factors)
    everything = mapspace_size(space)
    return {
        single.text: 1 - Fraction(_size(space, [single]), everything)
        for single in single_constraints(constraints)
    }


def _size(space: Space, singles: Sequence[Single]) -> int:
    return mapspace_size(replace(space, constraints=joined(singles)))


def refuse_empty(
    operation: Operation,
    accelerator: Accelerator,
    constraints: Constraints,
    factors: Factors = "auto",
) -> None:
    """Refuse constraints under which no loops multiply to the sizes, whatever fits the memories.

    Raises:
        MappingError: There is no such mapping; it names the constraints that are to blame.
    """
    factors = largest_factors(operation, accelerator, constraints, factors)
    space = free_space(operation, accelerator, factors)
    imperfect = factors == "imperfect"

    def is_empty(some: Sequence[Single]) -> bool:
        return not _size(space, some)

    def is_too_wide(some: Sequence[Single]) -> bool:
        narrowed = build_space(operation, accelerator, joined(some), imperfect=imperfect)
        return is_empty(some) or not all(len(spread.splits) for spread in narrowed.spreads)

    singles = single_constraints(constraints)
    for is_impossible, reason in (
        (is_empty, "no loops multiply to the sizes"),
        (is_too_wide, "no factors fit the array"),
    ):
        if is_impossible(singles):
            culprits = _irreducible(singles, is_impossible)
            raise _blame_parts(operation, accelerator, constraints, culprits, reason, factors)


def explain_nothing(
    operation: Operation,
    accelerator: Accelerator,
    constraints: Constraints,
    error: MappingError,
    *,
    minimize: str = "energy",
    factors: Factors = "auto",
) -> MappingError:
    """Say which constraints left no mapping, after a search under them found none.

    Args:
        operation, accelerator, constraints: What was searched.
        error: What the search said.
        minimize: What was searched for.
        factors: Which ones the search could take.

    Returns:
        An error that names the constraints; the given one where they are not to blame.
    """
    factors = largest_factors(operation, accelerator, constraints, factors)
    if constraints.is_free or not _finds(operation, accelerator, Constraints(), factors):
        return error

    def fits_nowhere(some: Sequence[Single]) -> bool:
        return not _finds(operation, accelerator, joined(some), factors)

    singles = single_constraints(constraints)
    if singles and fits_nowhere(singles):
        culprits = _irreducible(singles, fits_nowhere)
        reason = "no tiles that it allows fit the memories"
        return _blame_parts(operation, accelerator, constraints, culprits, reason, factors)
    return _blame_limits(operation, accelerator, constraints, minimize, factors)


def _finds(
    operation: Operation, accelerator: Accelerator, constraints: Constraints, factors: Factors
) -> bool:
    """Whether there is any mapping at all."""
    try:
        search(operation, accelerator, constraints=constraints, factors=factors, time_limit_s=0.0)
    except MappingError:
        return False
    return True


def _irreducible(
    singles: Sequence[Single], is_impossible: Callable[[Sequence[Single]], bool]
) -> list[Single]:
    """Leave out constraints until leaving out any other one would make it possible."""
    culprits = list(singles)
    for single in singles:
        rest = [one for one in culprits if one is not single]
        if is_impossible(rest):
            culprits = rest
    return culprits


def _blame_parts(
    operation: Operation,
    accelerator: Accelerator,
    constraints: Constraints,
    culprits: Sequence[Single],
    reason: str,
    factors: Factors,
) -> MappingError:
    names = " and ".join(one.text for one in culprits)
    fix, expected = "loosen one of them, or leave it out", "at least one mapping"
    what = f"constraints {names} leave no mapping together"
    if len(culprits) == 1:
        what, fix = f"constraint {names} leaves no mapping", "loosen it, or leave it out"
        space = free_space(operation, accelerator, factors)
        reason, expected, fix = _about_factors(space, culprits[0]) or (reason, expected, fix)
    places = dict.fromkeys(constraints.where(one.path) for one in culprits)
    return MappingError(
        what,
        where=", ".join([f"operation {operation.name!r} on {accelerator.name!r}", *places]),
        got=f"{reason}; {_shares_text(operation, accelerator, constraints, factors, culprits)}",
        expected=expected,
        fix=fix,
    )


def _about_factors(space: Space, single: Single) -> tuple[str, str, str] | None:
    """Reason, expectation and fix, where no factor of a dimension lies in the range given."""
    for key in single.own.given:
        value = getattr(single.own, key)
        if not isinstance(value, Mapping):
            return None
        ((dim, allowed),) = value.items()
        assert isinstance(allowed, Range)
        size = space.operation.sizes[dim]
        factors = _factors(space.cuts, space.names.index(dim))
        if any(n in allowed for n in factors):
            return None
        below = [n for n in factors if n < allowed.least]
        above = [n for n in factors if n > allowed.least]
        close = " or ".join(str(n) for n in (*below[-1:], *above[:1]))
        reason = f"no factor of {dim} = {size} is {allowed}"
        if allowed.least == allowed.most:
            fails = "is no factor of" if space.cuts.uneven else "does not divide"
            reason = f"{allowed.least} {fails} {dim} = {size}"
        return reason, f"a factor of {size}: {close}", f"write {close}, or leave it out"
    return None


def _factors(cuts: Cuts, dim: int) -> list[int]:
    """What a loop over a dimension, or a tile of it, may have in rising order."""
    tiles = cuts.tiles(dim)
    bounds = {
        -(-tile // inside)
        for tile in tiles
        for inside in tiles
        if inside <= tile and cuts.is_cut(dim, tile, inside)
    }
    return sorted(bounds.union(tiles))


def _shares_text(
    operation: Operation,
    accelerator: Accelerator,
    constraints: Constraints,
    factors: Factors,
    culprits: Sequence[Single] = (),
) -> str:
    """What each constraint removes, in words; of many, only what those to blame remove."""
    shares = removed_shares(operation, accelerator, constraints, factors)
    if len(shares) > MOST_SHARES:
        shares = {one.text: shares[one.text] for one in culprits}
    everything = mapspace_size(free_space(operation, accelerator, factors))
    told = [f"{text} removes {_share_text(share)}" for text, share in shares.items()]
    if not told:
        return f"the space has {everything:.3g} mappings"
    alone = ", each by itself" if len(told) > 1 else ""
    return f"of {everything:.3g} mappings, {', '.join(told)}{alone}"


def _share_text(share: Fraction) -> str:
    if share == 1:
        return "all"
    if 1 - share < Fraction(1, 1000):
        return f"all but 1 in {float(1 / (1 - share)):.3g}"
    return f"{float(share):.1%}"


def _blame_limits(
    operation: Operation,
    accelerator: Accelerator,
    constraints: Constraints,
    minimize: str,
    factors: Factors,
) -> MappingError:
    """Which limit is to blame, and what the best mapping without it has."""
    limits, given = constraints.limits, constraints.limits.given

    def found(names: Sequence[str], goal: str) -> Solution | None:
        some = Limits(**{name: getattr(limits, name) for name in names})
        try:
            return search(
                operation,
                accelerator,
                minimize=goal,
                constraints=Constraints(constraints.parts, some),
                factors=factors,
            )
        except MappingError:
            return None

    culprits = list(given)
    for name in given:
        rest = [one for one in culprits if one != name]
        if rest and found(rest, minimize) is None:
            culprits = rest
    told: list[str] = []
    fixes: list[str] = []
    for name in culprits:
        others = [one for one in culprits if one != name]
        goal = "latency" if name in ("latency_s", "utilization") else minimize
        best = found(others, goal)
        if best is None:
            continue
        value, text = _reached(name, best.costs)
        which = "the fastest mapping" if goal == "latency" else f"the mapping of least {goal}"
        kept = f" within {' and '.join(others)}" if others else ""
        told.append(f"{which}{kept} {text}")
        fixes.append(f"{name}: {_kept_limit(value, is_most=name != 'utilization')}")
    names = " and ".join(f"{name} = {getattr(limits, name):g}" for name in culprits)
    what = f"limits {names} leave no mapping together"
    if len(culprits) == 1:
        what = f"limit {names} leaves no mapping"
    places = [constraints.where(f"limits.{name}") for name in culprits]
    return MappingError(
        what,
        where=", ".join([f"operation {operation.name!r} on {accelerator.name!r}", *places]),
        got="; ".join([*told, _shares_text(operation, accelerator, constraints, factors)]),
        expected="a limit that some mapping keeps",
        fix=f"loosen it to {', or '.join(fixes)}" if fixes else "loosen one of them",
    )


def _kept_limit(value: float, *, is_most: bool) -> str:
    """A short number that a mapping with this value keeps as its limit."""
    text = f"{value:.6g}"
    if (float(text) >= value) == is_most or float(text) == value:
        return text
    return f"{value * (1 + 6e-6 if is_most else 1 - 6e-6):.6g}"


def _reached(name: str, costs: Costs) -> tuple[float, str]:
    """What a mapping has of a limited quantity, as a limit that it keeps and in words."""
    if name == "latency_s":
        return costs.latency_s, f"takes {costs.latency_s:.6g} s ({costs.latency_cycles:,} cycles)"
    if name == "utilization":
        return costs.utilization, f"uses {costs.utilization:.4%} of the compute units"
    if name == "power_w":
        power_w = costs.energy_pj * 1e-12 / costs.latency_s
        return power_w, f"draws {power_w:.6g} W"
    rate = costs.outer_bytes / costs.latency_s
    return rate, f"moves {rate:.6g} bytes per second over the outermost port"
