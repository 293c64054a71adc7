"""Diagnose: shares are counts of listed mappings, conflicts are irreducible, and the fix works."""

import itertools
import math
import re
from collections.abc import Iterator
from fractions import Fraction

import pytest

import picojoule as pj
from picojoule.errors import CapacityError, MappingError
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapper import Constraints, PartConstraints, Range, parse_constraints
from picojoule.mapper.diagnose import removed_shares
from picojoule.workload import Operation, matmul

CHIP = Accelerator(
    "small",
    (
        Memory("dram", read_pj=200.0, update_pj=100.0, port_bits_per_cycle=64.0),
        Memory("glb", capacity_bits=4096, read_pj=6.0, fill_pj=6.0, update_pj=6.0),
        Array("pes", 4, 2, delivery_pj=2.0),
        Memory("spad", capacity_bits=256, read_pj=1.0, fill_pj=0.5, update_pj=1.0),
        Compute(mac_pj=3.0),
    ),
    clock_hz=1e6,
)
PRODUCT = matmul("product", M=8, K=6, N=4)
SMALL = matmul("small", M=4, K=2, N=2)
"""That nothing keeps a limit of power is known when every mapping was looked at."""
PLACES = ("dram", "glb", "x", "y", "spad")


def splits(size: int, places: int) -> Iterator[tuple[int, ...]]:
    """Every way to write a size as an ordered product."""
    if places == 1:
        yield (size,)
        return
    for first in range(1, size + 1):
        if size % first == 0:
            for rest in splits(size // first, places - 1):
                yield (first, *rest)


def tile(split: tuple[int, ...], memory: str) -> int:
    return math.prod(split[PLACES.index(memory) :])


@pytest.mark.parametrize(
    ("rule", "text", "share"),
    [
        ("glb: {factors: {M: 4}}", "glb.factors M = 4", lambda s: s["M"][1] == 4),
        ("spad: {factors: {K: {at_most: 2}}}", "spad.factors K <= 2", lambda s: s["K"][4] <= 2),
        ("pes: {x: {M: {at_least: 2, at_most: 4}}}", "pes.x M >= 2 and <= 4",
         lambda s: 2 <= s["M"][2] <= 4),
        ("glb: {tile: {N: {at_least: 2}}}", "glb.tile N >= 2", lambda s: tile(s["N"], "glb") >= 2),
        ("dram: {factors: {M: 5}}", "dram.factors M = 5", lambda s: s["M"][0] == 5),
    ],
)  # fmt: skip
def test_shares_are_those_of_a_listing(rule: str, text: str, share) -> None:
    listed = [
        dict(zip("MKN", one, strict=True))
        for one in itertools.product(*(splits(size, 5) for _, size in PRODUCT.dims))
    ]
    assert [name for name, _ in PRODUCT.dims] == list("MKN")
    kept = sum(share(one) for one in listed)
    found = removed_shares(PRODUCT, CHIP, parse_constraints(f"parts: {{{rule}}}"))
    assert found == {text: 1 - Fraction(kept, len(listed))}


def test_shares_of_orders_and_of_what_is_kept() -> None:
    rules = "parts: {glb: {order: [M, K, N], keep: [inputs], bypass: [outputs, weights]}}"
    assert removed_shares(PRODUCT, CHIP, parse_constraints(rules)) == {
        "glb.order M K N": Fraction(5, 6),
        "glb.keep inputs": Fraction(1, 2),
        "glb.bypass outputs": Fraction(1, 2),
        "glb.bypass weights": Fraction(1, 2),
    }


def refusal(text: str, operation: Operation = PRODUCT, minimize: str = "energy") -> MappingError:
    rules = parse_constraints(text, name="rules.yaml")
    with pytest.raises(MappingError) as caught:
        pj.evaluate_operation(operation, CHIP, constraints=rules, minimize=minimize)
    return caught.value


def allowed(text: str, operation: Operation = PRODUCT) -> pj.Evaluation:
    return pj.evaluate_operation(operation, CHIP, constraints=parse_constraints(text))


def test_a_factor_that_does_not_divide_is_named_with_those_that_do() -> None:
    error = refusal("parts:\n  glb:\n    keep: [inputs]\n    factors: {M: 5}")
    assert error.what == "constraint glb.factors M = 5 leaves no mapping"
    assert "rules.yaml:4" in error.where
    assert str(error.got).startswith("5 does not divide M = 8;")
    assert "glb.keep inputs removes 50.0%" in str(error.got)
    close = re.findall(r"\d+", error.fix)
    assert close == ["4", "8"]
    for factor in close:
        allowed(f"parts: {{glb: {{keep: [inputs], factors: {{M: {factor}}}}}}}")


CONFLICTS = {
    "product too large": "parts: {glb: {factors: {M: 4, N: 2}}, spad: {factors: {M: 4, K: 1}}}",
    "array too small": "parts: {pes: {x: {M: 4, K: 3, N: 1}}}",
    "tile too small": "parts: {glb: {tile: {M: {at_most: 2}, N: 4}}, spad: {factors: {M: 4}}}",
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_conflict_names_exactly_those_who_quarrel(name: str) -> None:
    rules = parse_constraints(CONFLICTS[name])
    error = refusal(CONFLICTS[name])
    named = re.findall(r"(\w+)\.(\w+) (\w)", error.what)
    assert len(named) == 2
    for part, key, dim in named:
        own = rules.of(part)
        fewer = {one: value for one, value in getattr(own, key).items() if one != dim}
        values = {one: getattr(own, one) for one in own.given} | {key: fewer}
        looser = Constraints({**rules.parts, part: PartConstraints(**values)})
        assert pj.evaluate_operation(PRODUCT, CHIP, constraints=looser).is_optimal


def test_tiles_that_fit_no_memory() -> None:
    error = refusal("parts: {spad: {tile: {M: 8, K: 6}, keep: [inputs], bypass: [weights]}}")
    assert "leave no mapping together" in error.what
    assert {"spad.tile M = 8", "spad.tile K = 6", "spad.keep inputs"} <= set(
        re.findall(r"spad\.\w+ \w+(?: = \d)?", error.what)
    )
    assert "bypass" not in error.what


def test_the_chip_is_blamed_for_what_is_its_own_fault() -> None:
    tiny = Accelerator("tiny", (CHIP.parts[0], Memory("spad", capacity_bits=8), Compute()))
    for rules in (Constraints(), Constraints({"spad": PartConstraints(keep=("inputs",))})):
        if rules.is_free:
            assert pj.evaluate_operation(PRODUCT, tiny, constraints=rules).is_optimal
            continue
        with pytest.raises(MappingError) as caught:
            pj.evaluate_operation(PRODUCT, tiny, constraints=rules)
        assert not isinstance(caught.value, CapacityError)
        assert "spad.keep inputs" in caught.value.what


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("latency_s: 1e-6", "latency_s"),
        ("utilization: 0.999", "utilization"),
        ("power_w: 1e-9", "power_w"),
        ("bandwidth_bytes_per_s: 10", "bandwidth_bytes_per_s"),
    ],
)
def test_a_limit_that_nothing_keeps_is_told_with_one_that_something_keeps(
    text: str, name: str
) -> None:
    error = refusal(f"limits: {{{text}}}\nparts: {{spad: {{bypass: [outputs]}}}}", SMALL)
    assert error.what.startswith(f"limit {name} = ")
    assert "rules.yaml:1" in error.where
    assert "spad.bypass outputs removes 50.0%" in str(error.got)
    told = re.search(r"loosen it to (\w+: \S+)", error.fix)
    assert told
    allowed(f"limits: {{{told[1]}}}\nparts: {{spad: {{bypass: [outputs]}}}}", SMALL)


def test_limits_that_quarrel() -> None:
    fast = pj.evaluate_operation(PRODUCT, CHIP, minimize="latency").layers[0].costs
    rules = f"limits: {{latency_s: {fast.latency_s}, power_w: %.9g, utilization: 0.001}}"
    lean = pj.evaluate_operation(PRODUCT, CHIP).layers[0].costs
    power_w = lean.energy_pj * 1e-12 / lean.latency_s
    if power_w >= fast.energy_pj * 1e-12 / fast.latency_s:
        pytest.skip("the leanest mapping is not the one that draws least")
    error = refusal(rules % power_w)
    assert error.what.startswith("limits latency_s = ")
    assert "power_w" in error.what and "utilization" not in error.what
    assert "within power_w" in str(error.got)


def test_a_layer_of_a_network_is_named() -> None:
    network = pj.load("lenet5")
    rules = Constraints({"pes": PartConstraints(x={"P": Range(7, 7)})})
    with pytest.raises(MappingError) as caught:
        pj.evaluate(network, "eyeriss", constraints=rules)
    names = [layer.name for layer in network.layers if layer.operation.sizes.get("P", 1) % 7]
    assert f"operation {names[0]!r}" in caught.value.where


def test_constraints_that_only_uneven_factors_keep() -> None:
    """Six steps for eleven rows: two at a time, and the last one alone."""
    odd = matmul("odd", M=11, K=6, N=4)
    rules = parse_constraints("parts: {dram: {factors: {M: 6}}}")
    run = pj.evaluate_operation(odd, CHIP, constraints=rules, factors="imperfect")
    assert "for M in 6" in run.layers[0].mapping
    with pytest.raises(MappingError) as caught:
        pj.evaluate_operation(odd, CHIP, constraints=rules, factors="perfect")
    assert str(caught.value.got).startswith("6 does not divide M = 11")
    rules = parse_constraints("parts: {dram: {factors: {M: 7}}}")
    with pytest.raises(MappingError) as caught:
        pj.evaluate_operation(odd, CHIP, constraints=rules, factors="imperfect")
    assert str(caught.value.got).startswith("7 is no factor of M = 11")
    assert caught.value.fix == "write 6 or 11, or leave it out"
