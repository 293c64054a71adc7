"""Zeros: what the closed form spares is what the oracle spares when it runs real zeros."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Case, axis, cases

from picojoule.cost import count, price
from picojoule.cost.place import exchanges
from picojoule.cost.sparse import price_spared, spare
from picojoule.cost.sparse.moved import words_moved
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import Actions, Level, Loop, Nest, SparedCounts, Split
from picojoule.simulate import execute, execute_with_zeros
from picojoule.workload import Measured, Operation, Pruned, Tensor, Uniform

LEADERS = ((), ("inputs",), ("weights",), ("inputs", "weights"))
ROLES = ("weights", "inputs", "outputs")


def extents(operation: Operation, tensor: Tensor) -> tuple[int, ...]:
    return tuple(
        1 + sum(t.coefficient * (operation.sizes[t.dim] - 1) for t in one.terms)
        for one in tensor.axes
    )


def featured(draw: st.DrawFn, case: Case) -> Case:
    """The case on a chip with rules drawn at random."""
    leaders = st.sampled_from(LEADERS)
    parts: list[Memory | Array | Compute] = []
    for part in case.accelerator.parts:
        if isinstance(part, Memory):
            rules = {
                key: tuple((r, drawn) for r in ROLES if (drawn := draw(leaders)))
                for key in ("gating", "skipping")
            }
            forms = tuple((r, "bitmask") for r in ROLES if draw(st.booleans()))
            part = dataclasses.replace(part, compressed=forms, **rules)
        elif isinstance(part, Compute):
            part = dataclasses.replace(
                part,
                gating=draw(leaders),
                skipping=draw(leaders),
                lane_steps=draw(st.sampled_from((1, 2, 3, 4, 6, 1000))),
            )
        parts.append(part)
    chip = dataclasses.replace(case.accelerator, parts=tuple(parts))
    return dataclasses.replace(case, accelerator=chip)


@st.composite
def sparse_cases(draw: st.DrawFn) -> tuple[Case, dict[str, np.ndarray]]:
    case = featured(draw, draw(cases(most_steps=60, forwarding=False, gaps=False)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    share = draw(st.sampled_from((0.0, 0.3, 0.6, 0.9, 1.0)))
    masks = {
        t.name: rng.random(extents(case.operation, t)) < share
        for t in case.operation.tensors
        if draw(st.booleans())
    }
    return case, masks


def differences(one: SparedCounts, other: SparedCounts) -> dict[object, object]:
    """Where two counts differ."""
    pairs: dict[object, tuple[object, object]] = {
        "steps": (one.steps, other.steps),
        "compute_steps": (one.compute_steps, other.compute_steps),
        "keys": (
            set(one.accesses) | set(one.transfers),
            set(other.accesses) | set(other.transfers),
        ),
    }
    pairs |= {key: (actions, other.accesses.get(key)) for key, actions in one.accesses.items()}
    pairs |= {key: (moved, other.transfers.get(key)) for key, moved in one.transfers.items()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


@settings(max_examples=80, deadline=None)
@given(sparse_cases())
def test_measured_zeros_spare_exactly_what_the_oracle_spares(drawn) -> None:
    case, masks = drawn
    chip, nest = case.accelerator, case.nest
    dense = count(case.operation, chip, nest)
    densities = {name: Measured(mask) for name, mask in masks.items()}
    found = spare(case.operation, chip, nest, dense, densities)
    run = execute_with_zeros(case.operation, chip, nest, masks)
    assert differences(found.counts, run) == {}
    assert not found.inexact


@settings(max_examples=40, deadline=None)
@given(sparse_cases())
def test_without_zeros_nothing_is_spared(drawn) -> None:
    case, _ = drawn
    chip, nest = case.accelerator, case.nest
    dense = execute(case.operation, chip, nest)
    run = execute_with_zeros(case.operation, chip, nest, {})
    assert run.steps == Split(dense.steps)
    assert run.compute_steps == dense.compute_cycles
    assert {
        key: Actions(a.reads.actual, a.fills.actual, a.updates.actual)
        for key, a in run.accesses.items()
    } == dict(dense.accesses)
    for key, moved in run.transfers.items():
        carried = dense.transfers[key]
        assert moved.sends == Split(carried.sends)
        assert moved.deliveries == Split(carried.deliveries)
        assert moved.reductions == Split(carried.reductions)


def simple(
    rules: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] | None = None,
    *,
    skipping: tuple[str, ...] = (),
    gating: tuple[str, ...] = (),
    lane_steps: int = 1,
    compressed: tuple[tuple[str, str], ...] = (),
    multicast: tuple[str, ...] = ("weights", "inputs"),
    outer: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] | None = None,
) -> Accelerator:
    """A DRAM, a buffer, a row of units."""
    return Accelerator(
        "simple",
        (
            Memory("dram", compressed=compressed, **(outer or {})),
            Memory("buffer", compressed=compressed, **(rules or {})),
            Array("row", x=4, multicast=multicast),
            Compute(skipping=skipping, gating=gating, lane_steps=lane_steps),
        ),
    )


def product(m: int, k: int, n: int) -> Operation:
    """A matrix product with few enough words that all patterns of zeros can be listed."""
    return Operation(
        "product",
        "matmul",
        (("M", m), ("K", k), ("N", n)),
        (
            Tensor("w", "weights", (axis(("M", 1)), axis(("K", 1)))),
            Tensor("i", "inputs", (axis(("K", 1)), axis(("N", 1)))),
            Tensor("o", "outputs", (axis(("M", 1)), axis(("N", 1)))),
        ),
    )


def line(p: int, r: int) -> Operation:
    """A 1-D convolution."""
    return Operation(
        "line",
        "conv",
        (("P", p), ("R", r)),
        (
            Tensor("w", "weights", (axis(("R", 1)),)),
            Tensor("i", "inputs", (axis(("P", 1), ("R", 1)),)),
            Tensor("o", "outputs", (axis(("P", 1)),)),
        ),
    )


def nest_of(operation: Operation, *loops: str) -> Nest:
    """A nest from `M2 K2` texts for the DRAM, the buffer, and the row."""
    keeps = tuple(tensor.name for tensor in operation.tensors)
    levels = []
    for part, text in zip(("dram", "buffer", "row"), loops, strict=True):
        names = text.split()
        axis_name = "x" if part == "row" else None
        levels.append(
            Level(
                part,
                tuple(Loop(name[0], int(name[1:]), axis_name) for name in names),
                () if part == "row" else keeps,
            )
        )
    return Nest(tuple(levels))


def patterns(
    operation: Operation, densities: dict[str, Uniform]
) -> Iterator[tuple[dict[str, np.ndarray], float]]:
    """Every pattern of zeros, with how likely it is."""
    tensors = [tensor for tensor in operation.tensors if tensor.name in densities]
    shapes = [extents(operation, tensor) for tensor in tensors]
    sizes = [int(np.prod(shape)) for shape in shapes]
    for bits in itertools.product((False, True), repeat=sum(sizes)):
        rest, masks, chance = list(bits), {}, 1.0
        for tensor, shape, size in zip(tensors, shapes, sizes, strict=True):
            mask, rest = np.array(rest[:size]).reshape(shape), rest[size:]
            masks[tensor.name] = mask
            share = densities[tensor.name].share
            chance *= share ** int(mask.sum()) * (1 - share) ** int((~mask).sum())
        yield masks, chance


TWO = (("weights", ("inputs",)), ("inputs", ("inputs", "weights")), ("outputs", ("inputs",)))
BOTH = {"i": Uniform(0.3), "w": Uniform(0.8)}
ENUMERATED = {
    "one operand, lock step": (
        product(1, 4, 2), ("N2", "", "K4"), simple(skipping=("inputs",)), {"i": Uniform(0.3)}
    ),
    "lanes wait after each output": (
        product(1, 4, 2), ("", "K4", "N2"), simple(skipping=("inputs",), lane_steps=4),
        {"i": Uniform(0.4)},
    ),
    "lanes wait at the end": (
        product(1, 4, 2), ("", "K4", "N2"), simple(skipping=("inputs",), lane_steps=9),
        {"i": Uniform(0.4)},
    ),
    "lanes that use the same word": (
        product(4, 3, 1), ("", "K3", "M4"), simple(skipping=("inputs",), lane_steps=3),
        {"i": Uniform(0.5)},
    ),
    "a word used in several steps": (
        product(3, 2, 2), ("", "K2 M3", "N2"), simple(skipping=("inputs",), lane_steps=6),
        {"i": Uniform(0.5)},
    ),
    "intersection": (
        product(2, 3, 1), ("M2", "", "K3"), simple(skipping=("inputs", "weights")), BOTH
    ),
    "intersection, one lane": (
        product(2, 2, 2), ("M2", "N2 K2", ""),
        simple(skipping=("inputs", "weights"), lane_steps=4), BOTH,
    ),
    "gated beside skipped": (
        product(2, 2, 2), ("N2", "K2", "M2"),
        simple({"gating": TWO}, skipping=("inputs",), gating=("weights",)), BOTH,
    ),
    "a word for several units": (
        product(2, 2, 2), ("M2", "K2", "N2"), simple({"skipping": TWO}), BOTH
    ),
    "a word for each unit": (
        product(2, 2, 2), ("M2", "K2", "N2"), simple({"skipping": TWO}, multicast=()), BOTH
    ),
    "sums added on the way": (
        product(2, 2, 2), ("M2", "N2", "K2"), simple({"skipping": TWO}), BOTH
    ),
    "a window over units": (line(2, 3), ("", "R3", "P2"), simple({"gating": TWO}), BOTH),
    "a window, both over units": (line(2, 2), ("", "", "R2 P2"), simple({"skipping": TWO}), BOTH),
    "words that nothing needs": (
        product(2, 2, 2), ("M2", "K2", "N2"), simple(outer={"skipping": TWO}), BOTH
    ),
    "words of a window that nothing needs": (
        line(3, 2), ("P3", "", "R2"), simple(outer={"gating": TWO}), BOTH
    ),
    "words that nothing needs, compressed": (
        line(2, 2), ("P2", "R2", ""),
        simple(outer={"skipping": TWO[:1], "gating": TWO[1:]}, compressed=(("inputs", "rlc"),)),
        BOTH,
    ),
    "compressed": (
        line(4, 2), ("P2", "P2 R2", ""),
        simple(compressed=(("inputs", "rlc"), ("weights", "csc"), ("outputs", "bitmask"))),
        BOTH | {"o": Uniform(0.5)},
    ),
}  # fmt: skip


def as_numbers(counts: SparedCounts) -> dict[object, list[float]]:
    """All counts in a row."""

    def of(*splits: Split) -> list[float]:
        return [n for one in splits for n in (one.actual, one.gated, one.skipped)]

    rows: dict[object, list[float]] = {"steps": [*of(counts.steps), counts.compute_steps]}
    rows |= {key: of(a.reads, a.fills, a.updates) for key, a in counts.accesses.items()}
    rows |= {key: of(t.sends, t.deliveries, t.reductions) for key, t in counts.transfers.items()}
    return rows


@pytest.mark.parametrize("name", ENUMERATED)
def test_expectations_are_means_over_all_patterns(name: str) -> None:
    operation, loops, chip, densities = ENUMERATED[name]
    nest = nest_of(operation, *loops)
    found = spare(operation, chip, nest, count(operation, chip, nest), densities)
    assert not found.inexact
    mean: dict[object, np.ndarray] = {}
    for masks, chance in patterns(operation, densities):
        run = as_numbers(execute_with_zeros(operation, chip, nest, masks))
        for key, numbers in run.items():
            mean[key] = mean.get(key, 0.0) + chance * np.array(numbers)
    for key, numbers in as_numbers(found.counts).items():
        assert mean[key] == pytest.approx(numbers, abs=1e-9), key


def test_inputs_of_pruned_channels_stay_outside() -> None:
    """A product whose columns of weights are pruned as a whole: those rows of inputs never move."""
    operation = product(2, 3, 2)
    chip = simple(outer={"skipping": (("inputs", ("weights",)),)})
    nest = nest_of(operation, "M2", "K3", "N2")
    dense = count(operation, chip, nest)
    found = spare(operation, chip, nest, dense, {"w": Pruned(0.4, axis=1)})
    mean = 0.0
    for kept in itertools.product((False, True), repeat=3):
        chance = np.prod([0.4 if one else 0.6 for one in kept])
        run = execute_with_zeros(operation, chip, nest, {"w": np.array([kept, kept])})
        mean += chance * run.accesses["dram", "i"].reads.actual
    assert found.counts.accesses["dram", "i"].reads.actual == pytest.approx(mean)
    assert mean == pytest.approx(0.4 * dense.accesses["dram", "i"].reads)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_lanes_that_share_some_words_take_at_most_what_is_said(share: float) -> None:
    operation, chip = line(2, 3), simple(skipping=("inputs",), lane_steps=3)
    nest = nest_of(operation, "", "R3", "P2")
    densities = {"i": Uniform(share)}
    found = spare(operation, chip, nest, count(operation, chip, nest), densities)
    assert found.inexact == ("lanes share words: time is at most this",)
    mean = sum(
        chance * execute_with_zeros(operation, chip, nest, masks).compute_steps
        for masks, chance in patterns(operation, densities)
    )
    assert mean < found.counts.compute_steps < 1.3 * mean


@settings(max_examples=50, deadline=None)
@given(sparse_cases())
def test_words_moved_add_up_to_the_counts(drawn) -> None:
    case, _ = drawn
    dense = count(case.operation, case.accelerator, case.nest)
    for tensor in case.operation.tensors[:-1]:
        for link in exchanges(case.accelerator, case.nest, tensor):
            if link.child is None:
                continue
            parts = case.accelerator.parts
            joined = [n for n in link.arrays if parts[n].groups(tensor.role)]  # type: ignore[union-attr]
            arguments = (case.operation, case.accelerator, case.nest, tensor, link)
            reads = words_moved(*arguments, joined).sum()
            fills = words_moved(*arguments, []).sum()
            assert reads == dense.accesses[parts[link.parent].name, tensor.name].reads
            assert fills == dense.accesses[parts[link.child].name, tensor.name].fills


def test_zeros_are_not_followed_where_neighbours_forward() -> None:
    operation = line(2, 3)
    nest = nest_of(operation, "", "R3", "P2")
    chip = simple()
    array = dataclasses.replace(chip.parts[2], forwarding=("inputs",))
    chip = dataclasses.replace(chip, parts=(*chip.parts[:2], array, chip.parts[3]))
    dense = count(operation, chip, nest)
    with pytest.raises(Unsupported) as one:
        spare(operation, chip, nest, dense, {"i": Uniform(0.5)})
    with pytest.raises(Unsupported) as other:
        execute_with_zeros(operation, chip, nest, {})
    assert one.value.args == other.value.args
    assert "forwarding" in one.value.fix


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([0.0, 1.0]))
def test_all_or_nothing_where_bounds_do_not_divide(data: st.DataObject, share: float) -> None:
    case = featured(data.draw, data.draw(cases(most_steps=60, forwarding=False, ragged=True)))
    operation, chip, nest = case.operation, case.accelerator, case.nest
    try:
        dense = count(operation, chip, nest)
    except Unsupported:
        return
    tensors = operation.tensors[:-1]
    found = spare(operation, chip, nest, dense, {t.name: Uniform(share) for t in tensors})
    masks = {t.name: np.full(extents(operation, t), share == 1.0) for t in tensors}
    run = execute_with_zeros(operation, chip, nest, masks)
    assert as_numbers(found.counts) == as_numbers(run)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_prices_without_zeros_are_the_dense_prices(data: st.DataObject) -> None:
    case = data.draw(cases(most_steps=60, forwarding=False))
    numbers = st.sampled_from([0.0, 0.5, 3.0, 8.0])
    rates = st.sampled_from([None, 0.5, 16.0])
    parts = [
        dataclasses.replace(
            part,
            **{
                field.name: data.draw(rates if "per_cycle" in field.name else numbers)
                for field in dataclasses.fields(part)
                if field.name.endswith(("_pj", "_per_cycle", "leakage_w"))
            },
        )
        for part in case.accelerator.parts
    ]
    chip = featured(
        data.draw,
        dataclasses.replace(
            case, accelerator=dataclasses.replace(case.accelerator, parts=tuple(parts))
        ),
    ).accelerator
    dense = count(case.operation, chip, case.nest)
    spared = spare(case.operation, chip, case.nest, dense, {})
    found = price_spared(case.operation, chip, case.nest, dense, spared.counts, {})
    assert found.costs == price(case.operation, chip, dense)
    assert found.metadata_bytes == 0
