"""Zeros: what the closed form spares is what the oracle spares when it runs real zeros."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Case, axis, cases

from picojoule.cost import count
from picojoule.cost.sparse import spare
from picojoule.cost.sparse.moved import words_moved
from picojoule.cost.place import exchanges
from picojoule.errors import Unsupported
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import Actions, Level, Loop, Nest, SparedCounts, Split
from picojoule.simulate import execute, execute_with_zeros
from picojoule.workload import Measured, Operation, Tensor, Uniform

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
        "keys": (set(one.accesses) | set(one.transfers), set(other.accesses) | set(other.transfers)),
    }
    pairs |= {key: (actions, other.accesses.get(key)) for key, actions in one.accesses.items()}
    pairs |= {key: (moved, other.transfers.get(key)) for key, moved in one.transfers.items()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=80, deadline=None)
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
