"""Random mapping problems, small enough that all their mappings can be listed."""

import itertools
import random
from dataclasses import replace

from spaces import Problem, every_mapping, listed_at_most

from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import Constraints, Limits, PartConstraints, Range
from picojoule.workload import ROLES, Axis, Operation, Role, Tensor, Term

PRODUCTS = ("energy^0.5*latency^3", "energy^2*latency", "energy^3*latency^0.25")
"""Objectives beside the named ones."""


def small_problem(rng: random.Random, most: int) -> Problem:
    """The next random problem of at most `most` legal mappings."""
    while True:
        operation, chip = random_operation(rng), random_chip(rng)
        if listed_at_most(operation, chip) <= 30 * most:
            mappings = tuple(itertools.islice(every_mapping(operation, chip), most + 1))
            if len(mappings) <= most:
                return Problem(operation, chip, mappings)


def uneven_problem(rng: random.Random, most: int) -> Problem:
    """The next random problem of odd sizes, and at most `most` mappings with imperfect factors."""
    while True:
        operation, chip = odd_sizes(rng, random_operation(rng)), random_chip(rng)
        if listed_at_most(operation, chip, imperfect=True) <= 30 * most:
            listed = every_mapping(operation, chip, imperfect=True)
            mappings = tuple(itertools.islice(listed, most + 1))
            if len(mappings) <= most:
                return Problem(operation, chip, mappings)


def odd_sizes(rng: random.Random, operation: Operation) -> Operation:
    """The operation with most of its sizes drawn anew, such as few bounds divide."""
    sizes = (1, 2, 3, 5, 5, 7, 9, 10, 11, 13)
    dims = tuple(
        (name, rng.choice(sizes) if size > 1 and rng.random() < 0.7 else size)
        for name, size in operation.dims
    )
    return replace(operation, dims=dims)


def _window(rng: random.Random, *dims: str) -> str:
    return "+".join(f"{rng.choice((1, 1, 2, 3))}{dim}" for dim in dims)


def _drawn(rng: random.Random) -> tuple[str, dict[str, int], tuple[str, ...]]:
    """A kind, sizes, and the axes of each tensor, the output last: `C 2P+R` has two axes."""
    pick = rng.choice
    p, window = pick((2, 4)), _window(rng, "P", "R")
    kinds = {
        "matmul": ({"M": pick((2, 4, 6)), "K": pick((2, 3, 4)), "N": p}, ("M K", "K N", "M N")),
        "conv1d": (
            {"M": pick((1, 2)), "C": pick((2, 3)), "P": pick((4, 6)), "R": pick((2, 3))},
            ("M C R", "C P+R", "M P"),
        ),
        "conv2d": (
            {"C": pick((1, 2)), "P": 2, "Q": p, "R": 2, "S": pick((1, 2))},
            ("C R S", f"C {window} {_window(rng, 'Q', 'S')}", "P Q"),
        ),
        "strided": (
            {"M": pick((1, 2)), "C": pick((1, 2)), "P": pick((4, 6)), "R": pick((2, 3))},
            ("M C R", f"C {window}", "M P"),
        ),
        "transposed": (
            {"M": pick((1, 2)), "C": pick((2, 3)), "P": p, "R": pick((2, 3))},
            ("M C R", "C P", f"M {window}"),
        ),
        "depthwise": (
            {"G": pick((2, 4)), "P": p, "R": pick((2, 3))},
            ("G R", f"G {window}", "G P"),
        ),
        "grouped": (
            {"G": 2, "M": pick((1, 2)), "C": pick((1, 2)), "P": p, "R": pick((2, 3))},
            ("G M C R", f"G C {window}", "G M P"),
        ),
        "batched": ({"B": pick((2, 3)), "M": p, "K": pick((2, 3))}, ("B M K", "B K", "B M")),
        "shared": ({"B": 2, "M": p, "K": 2, "N": pick((1, 3))}, ("M K", "B K N", "B M N")),
        "scores": ({"B": 2, "H": 2, "Q": 3, "K": p}, ("B H Q", "B K", "B H Q K")),
        "contraction": (
            {"A": 2, "B": pick((2, 3)), "C": 2, "D": pick((1, 2)), "E": pick((1, 3))},
            ("A B C", "C B D E", "A D E"),
        ),
        "three inputs": ({"I": p, "J": pick((2, 3)), "K": 2}, ("I J K", "J", "K", "I")),
        "pool": ({"C": pick((1, 2)), "P": pick((4, 6)), "R": pick((2, 4))}, (f"C {window}", "C P")),
        "two windows": (
            {"P": p, "R": pick((2, 3)), "S": pick((2, 3)), "C": pick((1, 2))},
            (f"C {window}", f"C {_window(rng, 'P', 'S')}", "P"),
        ),
        "three terms": (
            {"P": p, "R": 2, "S": pick((2, 3)), "M": pick((1, 2))},
            ("M R S", _window(rng, "P", "R", "S"), "M P"),
        ),
    }
    kind = pick(tuple(kinds))
    return kind, *kinds[kind]


def _axis(text: str) -> Axis:
    terms = [(term[:-1], term[-1]) for term in text.split("+")]
    return Axis(tuple(Term(dim, int(coefficient or 1)) for coefficient, dim in terms))


def random_operation(rng: random.Random) -> Operation:
    """A product, window, contraction or attention of a few dozen steps."""
    kind, sizes, tensors = _drawn(rng)
    dims = list(sizes.items())
    rng.shuffle(dims)
    first: Role = "inputs" if kind in ("scores", "pool", "two windows") else "weights"
    roles: tuple[Role, ...] = (first, *["inputs"] * (len(tensors) - 2), "outputs")
    return Operation(
        kind,
        kind,
        tuple(dims),
        tuple(
            Tensor(f"{role}{n}", role, tuple(map(_axis, axes.split())), rng.choice((8, 16)))
            for n, (role, axes) in enumerate(zip(roles, tensors, strict=True))
        ),
    )


def _memory(
    rng: random.Random, name: str, scale: float, holds: tuple[Role, ...], *, outermost: bool = False
) -> Memory:
    pick = rng.choice
    partitions = ()
    if not outermost and rng.random() < 0.3:
        partitions = tuple((role, pick((32, 64, 128))) for role in holds if rng.random() < 0.8)
    return Memory(
        name,
        holds,
        None if outermost or rng.random() < 0.05 else pick((16, 32, 96, 160, 320, 640)),
        partitions,
        pick((8, 16, 32)),
        scale * pick((0.0, 1.0, 1.0, 1.5, 3.0)),
        scale * pick((0.0, 1.0)),
        scale * pick((0.0, 1.0, 1.0, 2.0)),
        read_bits_per_cycle=pick((None, None, 8.0, 24.0)),
        write_bits_per_cycle=pick((None, None, 8.0)),
        port_bits_per_cycle=pick((None, None, 12.0)),
        copies=pick((1, 1, 1, 2)),
        overlapped=rng.random() < 0.7,
        reuse=tuple((r, pick(("tile", "window", "none"))) for r in ROLES if rng.random() < 0.3),
        leakage_w=pick((0.0, 0.0, 1e-3, 1.0)),
    )


def _array(rng: random.Random, name: str) -> Array:
    pick = rng.choice
    dims = (None, None, tuple("CMPKA"), tuple("PQRBKI"), tuple("GNDJRH"))
    return Array(
        name,
        pick((1, 2, 2, 3, 4)),
        pick((1, 1, 2, 3)),
        tuple(role for role in ROLES[:2] if rng.random() < 0.8),
        rng.random() < 0.8,
        x_dims=pick(dims),
        y_dims=pick(dims),
        delivery_pj=pick((0.0, 0.5, 5.0)),
        reduction_pj=pick((0.0, 0.3, 4.0)),
        word_bits=pick((8, 16)),
    )


LAYOUTS = (
    *("", "a", "b", "ab", "ba", "aba", "bb", "bab", "abb", "bba", "aab", "baa", "baab", "aa"),
    *("abab", "abba", "bbb", "bbba", "babb", "bbab", "s", "sa", "as", "bs", "bsa", "sb", "ss"),
)
"""Below DRAM, from the outside in: array, buffer, or one memory per role, one behind the other."""


def random_chip(rng: random.Random) -> Accelerator:
    """One to a few memories, and arrays between any of them, also two in a row."""
    layout = rng.choice(LAYOUTS)
    crowded = layout.count("b") + 3 * layout.count("s") > 2
    outer, scale = rng.choice(((50.0, 6.0), (50.0, 6.0), (1.0, 0.5), (5.0, 30.0), (0.1, 0.0)))
    parts: list[Memory | Array | Compute] = [_memory(rng, "dram", outer, ROLES, outermost=True)]
    for n, kind in enumerate(layout):
        if kind == "a":
            parts.append(_array(rng, f"array{n}"))
            continue
        if kind == "s":
            for role in rng.sample(ROLES, rng.choice((2, 3))):
                parts.append(_memory(rng, f"{role} {n}", scale * rng.choice((0.5, 1.0)), (role,)))
        else:
            some = tuple(role for role in ROLES if rng.random() < (0.45 if crowded else 0.8))
            parts.append(_memory(rng, f"buffer{n}", scale, some or ROLES[:1]))
        scale /= 3
    mac = Compute(mac_pj=1.0, cycles=rng.choice((1, 1, 2)), leakage_w=rng.choice((0.0, 0.0, 1e-3)))
    return Accelerator("random", (*parts, mac), clock_hz=rng.choice((1e9, 2e8)))


def _random_ranges(rng: random.Random, operation: Operation, chance: float) -> dict[str, Range]:
    ranges: dict[str, Range] = {}
    if rng.random() < chance:
        return ranges
    for name, size in operation.dims:
        if rng.random() < 0.3:
            divisors = [n for n in range(1, size + 1) if size % n == 0]
            least = rng.choice(divisors) if rng.random() < 0.3 else 1
            most = rng.choice([None, least, *(n for n in divisors if n >= least)])
            ranges[name] = Range(least, most)
    return ranges


def _random_part(
    rng: random.Random, operation: Operation, part: Memory | Array, *, outermost: bool
) -> PartConstraints:
    if isinstance(part, Array):
        x, y = (_random_ranges(rng, operation, 0.4) for _ in range(2))
        return PartConstraints(x=x, y=y)
    keep: list[str] = []
    bypass: list[str] = []
    for role in part.holds if not outermost else ():
        names = [tensor.name for tensor in operation.tensors if tensor.role == role]
        if names:
            rng.choice((keep, bypass, [], [], [])).append(rng.choice((role, *names)))
    names = [name for name, _ in operation.dims]
    order = rng.sample(names, rng.randint(2, len(names))) if rng.random() < 0.3 else []
    return PartConstraints(
        factors=_random_ranges(rng, operation, 0.5),
        tile={} if outermost else _random_ranges(rng, operation, 0.6),
        order=tuple(order) if rng.random() < 0.5 else tuple(itertools.pairwise(order)),
        keep=tuple(keep),
        bypass=tuple(bypass),
    )


def random_constraints(rng: random.Random, problem: Problem) -> Constraints:
    """Constraints on most parts, and in half of all cases limits that some mapping just keeps."""
    parts = {
        part.name: _random_part(rng, problem.operation, part, outermost=n == 0)
        for n, part in enumerate(problem.chip.parts)
        if not isinstance(part, Compute) and rng.random() < 0.6
    }
    limits: dict[str, float] = {}
    for kind in ("latency_s", "utilization", "power_w", "bandwidth_bytes_per_s"):
        if problem.mappings and rng.random() < 0.2:
            costs = rng.choice(problem.mappings).costs
            limits[kind] = {
                "latency_s": costs.latency_s,
                "utilization": costs.utilization,
                "power_w": costs.energy_pj * 1e-12 / costs.latency_s * (1 + 1e-7),
                "bandwidth_bytes_per_s": costs.outer_bytes / costs.latency_s * (1 + 1e-7),
            }[kind]
    return Constraints(parts, Limits(**limits))


def product(**sizes: int) -> Operation:
    """A matrix product; a dimension that is left out has one iteration."""

    def axes(dims: str) -> tuple[Axis, ...]:
        return tuple(Axis((Term(dim),)) for dim in dims if dim in sizes)

    return Operation(
        "product",
        "matmul",
        tuple(sizes.items()),
        (
            Tensor("a", "weights", axes("MK")),
            Tensor("b", "inputs", axes("KN")),
            Tensor("c", "outputs", axes("MN")),
        ),
    )
