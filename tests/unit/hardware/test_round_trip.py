"""Chips built in Python, written as YAML and read back."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.hardware import Accelerator, Array, Compute, Memory, describe, dump_accelerator
from picojoule.hardware.build import build_accelerator
from picojoule.hardware.document import parse_document
from picojoule.workload import ROLES

PRICES = st.floats(0, 1e9)
RATES = st.none() | st.floats(1e-9, 1e12)
SIZES = st.integers(64, 2**50)


def roles(least: int = 0) -> st.SearchStrategy[tuple]:
    return st.lists(st.sampled_from(ROLES), min_size=least, unique=True).map(tuple)


FORMATS = st.sampled_from(["bitmask", "rlc", "csr", "csc", "none"])
OPERANDS = st.lists(st.sampled_from(("weights", "inputs")), unique=True).map(tuple)


def leaders(holds: tuple) -> st.SearchStrategy[tuple]:
    """Rules for some of the roles that a memory holds."""
    found = st.lists(st.tuples(st.sampled_from(holds), OPERANDS), unique_by=lambda rule: rule[0])
    return found.map(lambda rules: tuple(rule for rule in rules if rule[1]))


@st.composite
def memories(draw: st.DrawFn, name: str, outermost: bool) -> Memory:
    holds = ROLES if outermost else draw(roles(1))
    owners = draw(st.lists(st.sampled_from(holds), unique=True))
    shared = len(owners) < len(holds)
    kinds = st.sampled_from(["window", "tile", "none"])
    return Memory(
        name,
        holds=holds,
        capacity_bits=draw(st.none() | SIZES) if shared else None,
        partitions=tuple((role, draw(SIZES)) for role in owners),
        access_bits=draw(st.integers(1, 2**16)),
        read_pj=draw(PRICES),
        fill_pj=draw(PRICES),
        update_pj=draw(PRICES),
        read_bits_per_cycle=draw(RATES),
        write_bits_per_cycle=draw(RATES),
        port_bits_per_cycle=draw(RATES),
        copies=draw(st.integers(1, 16)),
        overlapped=draw(st.booleans()),
        reuse=tuple((role, draw(kinds)) for role in draw(roles())),
        gating=draw(leaders(holds)),
        skipping=draw(leaders(holds)),
        compressed=tuple(
            (role, draw(FORMATS)) for role in draw(st.lists(st.sampled_from(holds), unique=True))
        ),
        leakage_w=draw(st.floats(0, 100)),
        area_um2=draw(st.floats(0, 1e9)),
    )


@st.composite
def chips(draw: st.DrawFn) -> Accelerator:
    dims = st.none() | st.lists(st.sampled_from("NMCPQRSK"), unique=True).map(tuple)
    array = Array(
        "pes",
        x=draw(st.integers(1, 4096)),
        y=draw(st.integers(1, 4096)),
        multicast=draw(roles()),
        reduces=draw(st.booleans()),
        forwarding=draw(roles()),
        x_dims=draw(dims),
        y_dims=draw(dims),
        delivery_pj=draw(PRICES),
        reduction_pj=draw(PRICES),
        link_pj=draw(PRICES),
        word_bits=draw(st.integers(1, 128)),
        area_um2=draw(st.floats(0, 1e9)),
    )
    compute = Compute("mac", draw(PRICES), draw(st.integers(1, 128)), draw(st.integers(1, 99)))
    parts = (draw(memories("dram", True)), array, draw(memories("pad-1.b", False)), compute)
    return Accelerator(
        name="mine",
        parts=parts,
        clock_hz=draw(st.floats(1, 1e12)),
        technology_nm=draw(st.none() | st.floats(1, 1000)),
        voltage_v=draw(st.none() | st.floats(0.1, 10)),
        area_mm2=draw(st.none() | st.floats(0.1, 1e6)),
        word_bits=draw(
            st.just(())
            | st.tuples(*(st.tuples(st.just(role), st.integers(1, 128)) for role in ROLES))
        ),
        description=draw(st.text(max_size=40, alphabet=st.characters(exclude_categories=["Cs"]))),
    )


@given(chips())
@settings(max_examples=150, deadline=2000)
def test_any_chip_reads_back(chip: Accelerator) -> None:
    loaded = build_accelerator(parse_document(dump_accelerator(chip), name="mine.yaml"))
    assert replace(loaded, sources=()) == chip
    assert {text for _, text in loaded.sources} == {"stated: built in Python"}
    again = build_accelerator(parse_document(dump_accelerator(loaded), name="mine.yaml"))
    assert again == loaded
    assert [row.part for row in describe(chip)] == [part.name for part in chip.parts]
