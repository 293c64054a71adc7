"""Dataflows of the comparison against loops that run, and against every mapping there is.

`walk_*` moves data step by step as each dataflow's description says and counts; the closed form
must agree wherever tiles divide. `all_*` lists every mapping, prunes none and prices each by
the formulas of the descriptions, written out anew: the least of them is the optimum.
"""

import itertools
import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.compare import DATAFLOWS, PRICES, Storage
from picojoule.compare.dataflow import best_mapping
from picojoule.compare.shape import Shape

FLOWS = {dataflow.key: dataflow for dataflow in DATAFLOWS}
PRICE = {"dram": 200, "buffer": 6, "array": 2, "rf": 1}


def make(*, N, M, C, P, Q, R, S, stride, G=1) -> Shape:
    rows = (0, *(touched(e, R, stride) for e in range(1, P + 1)))
    columns = (0, *(touched(f, S, stride) for f in range(1, Q + 1)))
    return Shape("x", "conv", 1, G, N, M, C, P, Q, R, S, stride, rows, columns)


def touched(tile: int, taps: int, stride: int) -> int:
    return len({stride * step + tap for step in range(tile) for tap in range(taps)})


class Tally(dict):
    """Accesses by (data type, level)."""

    def add(self, kind: str, level: str, times: float = 1) -> None:
        self[kind, level] = self.get((kind, level), 0) + times

    @property
    def energy(self) -> float:
        return sum(PRICE[level] * times for (_, level), times in self.items())


def steps(size: int, tile: int) -> range:
    assert size % tile == 0
    return range(0, size, tile)


def walk_ws(s: Shape, *, r: int, t: int, f: int) -> Tally:
    tally = Tally()
    for _filters in steps(s.M, t):
        for _strip in steps(s.Q, f):
            tally.add("ifmaps", "dram", s.N * s.C * s.rows[-1] * s.columns[f])
        for group, _channels in enumerate(steps(s.C, r)):
            tally.add("weights", "dram", t * r * s.R * s.S)
            for _pixel in range(t * s.N * s.P * s.Q):
                for row in range(s.R):
                    if group or row:  # from the delay line or the psum buffer, and back
                        tally.add("psums", "buffer", 2)
                    tally.add("psums", "array", r * s.S - 1)
                    tally.add("ifmaps", "array", r * s.S)
                    tally.add("weights", "rf", r * s.S)
    tally.add("psums", "dram", s.N * s.M * s.P * s.Q)
    return tally


def walk_os(s: Shape, *, m: int, n: int, e: int = 1, f: int = 1, p: int = 1) -> Tally:
    tally = Tally()
    for _filters in steps(s.M, m):
        tally.add("weights", "dram", m * s.C * s.R * s.S)
        for _group in itertools.product(steps(s.N, n), steps(s.P, e), steps(s.Q, f)):
            window = n * s.C * s.rows[e] * s.columns[f]
            tally.add("ifmaps", "dram", window)
            for _some in steps(m, p):
                tally.add("ifmaps", "buffer", window)
                tally.add("weights", "buffer", p * s.C * s.R * s.S)
                for _pe in range(n * e * f * p):
                    for step in range(s.C * s.R * s.S):
                        tally.add("weights", "array")
                        tally.add("ifmaps", "array")
                        tally.add("psums", "rf", 2 if step else 0)
                    tally.add("psums", "dram")
    return tally


def walk_nlr(s: Shape, *, n: int, m: int, e: int, f: int, p: int, q: int) -> Tally:
    tally = Tally()
    for _group in itertools.product(steps(s.N, n), steps(s.P, e), steps(s.Q, f)):
        for _filters in steps(s.M, m):
            for first, _channels in enumerate(steps(s.C, q)):
                tally.add("weights", "dram", m * q * s.R * s.S)
                tally.add("ifmaps", "dram", n * q * s.rows[e] * s.columns[f])
                for _some in steps(m, p):
                    for tap in range(s.R * s.S):
                        for _pixel in range(n * e * f):
                            tally.add("ifmaps", "buffer", q)
                            tally.add("ifmaps", "array", q * p)
                            tally.add("weights", "buffer", q * p)
                            tally.add("psums", "array", p * (q - 1))
                            tally.add("psums", "buffer", 2 * p if first or tap else 0)
            tally.add("psums", "dram", n * m * e * f)
    return tally


def walk_rs(s: Shape, *, m: int, n: int, e: int, p: int, q: int, r: int, t: int) -> Tally:
    tally = Tally()
    rows, width = s.rows[e], s.columns[-1]
    for _filters, _images, _strip in itertools.product(steps(s.M, m), steps(s.N, n), steps(s.P, e)):
        for first, _channels in enumerate(steps(s.C, q * r)):
            tally.add("ifmaps", "dram", n * q * r * rows * width)
            for _pass in steps(m, p * t):
                tally.add("weights", "dram", p * t * q * r * s.R * s.S)
                tally.add("ifmaps", "buffer", n * q * r * rows * width)
                for _pe in range(s.R * e * r * t):
                    tally.add("weights", "array", p * q * s.S)
                    tally.add("ifmaps", "array", n * q * width)
                    for _psum in range(n * s.Q * p):
                        tally.add("weights", "rf", q * s.S)
                        tally.add("ifmaps", "rf", q * s.S)
                        tally.add("psums", "rf", 2 * (q * s.S - 1))
                for _psum in range(n * p * t * e * s.Q):
                    tally.add("psums", "array", r * s.R - 1)
                    tally.add("psums", "buffer", 2 if first else 0)
        tally.add("psums", "dram", n * m * e * s.Q)
    return tally


WALKS = {
    "ws": walk_ws, "os_a": walk_os, "os_b": walk_os, "os_c": walk_os, "nlr": walk_nlr,
    "rs": walk_rs,
}  # fmt: skip


@pytest.mark.parametrize("key", WALKS)
@pytest.mark.parametrize(
    "shape",
    [
        make(N=2, M=4, C=4, P=4, Q=4, R=3, S=3, stride=1),
        make(N=4, M=2, C=2, P=2, Q=4, R=1, S=2, stride=2),
        make(N=2, M=4, C=2, P=1, Q=1, R=2, S=3, stride=1),
    ],
    ids=["3x3", "1x2 stride 2", "fully connected"],
)
def test_energy_is_that_of_the_loops_that_run(key: str, shape: Shape) -> None:
    walked = 0
    for chip in (Storage(36, 40, 400), Storage(72, 200, 4000)):
        for block in FLOWS[key].blocks(shape, chip):
            energy = block.energy(shape, PRICES)
            for place in range(len(block.active_pes)):
                letters = {
                    name: int(values if isinstance(values, int) else values[place])
                    for name, values in block.parameters.items()
                }
                if not divide(key, shape, letters):
                    continue
                tally = WALKS[key](shape, **letters)
                for kind, part in energy.items():
                    for level in PRICE:
                        value = getattr(part, level)
                        value = (
                            value
                            if isinstance(value, int | float)
                            else value.flat[place if value.size > 1 else 0]
                        )
                        expected = PRICE[level] * tally.get((kind, level), 0)
                        assert value == pytest.approx(expected), (letters, kind, level)
                walked += 1
    assert walked >= 2


def divide(key: str, s: Shape, letters: dict[str, int]) -> bool:
    of = {"n": s.N, "m": s.M, "e": s.P, "f": s.Q}
    if any(of[name] % size for name, size in letters.items() if name in of):
        return False
    kept = letters.get("m", s.M)
    filters = letters.get("p", 1) * letters.get("t", 1)
    channels = letters.get("q", 1) * letters.get("r", 1)
    return kept % filters == 0 and s.C % channels == 0


def up(size: int, tile: int) -> int:
    return math.ceil(size / tile)


def price(s: Shape, *, ifmaps, weights, psums) -> float:
    """Energy from how often each level moves a value in all (None: it is passed)."""
    words = {
        "ifmaps": s.N * s.C * s.rows[-1] * s.columns[-1], "weights": s.M * s.C * s.R * s.S,
        "psums": s.N * s.M * s.P * s.Q,
    }  # fmt: skip
    total = 0.0
    for kind, moves in (("ifmaps", ifmaps), ("weights", weights)):
        total += words[kind] * sum(
            PRICE[level] * times for level, times in zip(PRICE, moves, strict=True) if times
        )
    buffer, array, rf = psums
    psum = 200 + 6 * 2 * (buffer - 1) + 2 * (array - buffer) + 2 * (rf - array)
    return total + words["psums"] * psum


def uses(s: Shape) -> float:
    return s.M * s.R * s.S * s.P * s.Q / (s.rows[-1] * s.columns[-1])


def again(s: Shape, e: int, f: int) -> float:
    return s.rows[e] * s.columns[f] * s.P * s.Q / (e * f * s.rows[-1] * s.columns[-1])


def to(size: int) -> range:
    return range(1, size + 1)


def all_ws(s: Shape, chip: Storage) -> Iterator[float]:
    for r, t, f in itertools.product(to(s.C), to(s.M), to(s.Q)):
        delay = r * t * max(0, s.columns[f] - s.S) * (s.R - 1)
        if r * t * s.R * s.S <= chip.pes and s.N * t * s.P * s.Q + delay <= chip.buffer_words:
            yield price(
                s,
                ifmaps=(up(s.M, t) * again(s, s.P, f), None, uses(s), None),
                weights=(1, None, None, s.N * s.P * s.Q),
                psums=(s.R * up(s.C, r), s.C * s.R * s.S, s.C * s.R * s.S),
            )


def streams(s: Shape, chip: Storage, *, n, e, f, p, m, reads) -> float | None:
    if n * e * f * p > chip.pes or p > m:
        return None
    if m * s.C * s.R * s.S + n * s.C * s.rows[e] * s.columns[f] > chip.buffer_words:
        return None
    full = again(s, e, f)
    return price(
        s,
        ifmaps=(up(s.M, m) * full, reads * full, uses(s), None),
        weights=(1, up(s.N, n) * up(s.P, e) * up(s.Q, f), s.N * s.P * s.Q, None),
        psums=(1, 1, s.C * s.R * s.S),
    )


def all_os_a(s: Shape, chip: Storage) -> Iterator[float | None]:
    for n, m, e, f in itertools.product(to(s.N), to(s.M), to(s.P), to(s.Q)):
        yield streams(s, chip, n=n, e=e, f=f, p=1, m=m, reads=s.M)


def all_os_b(s: Shape, chip: Storage) -> Iterator[float | None]:
    for n, m, f, p in itertools.product(to(s.N), to(s.M), to(s.Q), to(s.M)):
        yield streams(s, chip, n=n, e=1, f=f, p=p, m=m, reads=up(s.M, p))


def all_os_c(s: Shape, chip: Storage) -> Iterator[float | None]:
    for n, m, p in itertools.product(to(s.N), to(s.M), to(s.M)):
        yield streams(s, chip, n=n, e=1, f=1, p=p, m=m, reads=up(s.M, p))


def all_nlr(s: Shape, chip: Storage) -> Iterator[float]:
    taps = s.R * s.S
    for n, m, e, f in itertools.product(to(s.N), to(s.M), to(s.P), to(s.Q)):
        for p, q in itertools.product(to(m), to(s.C)):
            words = n * q * s.rows[e] * s.columns[f] + m * q * taps + n * m * e * f
            if p * q <= chip.pes and words <= chip.buffer_words:
                yield price(
                    s,
                    ifmaps=(
                        up(s.M, m) * again(s, e, f), up(s.M, p) * uses(s) / s.M, uses(s), None,
                    ),
                    weights=(
                        up(s.N, n) * up(s.P, e) * up(s.Q, f), s.N * s.P * s.Q, None, None,
                    ),
                    psums=(up(s.C, q) * taps, s.C * taps, s.C * taps),
                )  # fmt: skip


def all_rs(s: Shape, chip: Storage) -> Iterator[float]:
    width, height = s.columns[-1], s.rows[-1]
    for e, p, q in itertools.product(to(s.P), to(s.M), to(s.C)):
        if p * q * s.S + q * s.S + p > chip.rf_words:
            continue
        for r, t in itertools.product(to(s.C), to(s.M)):
            if s.R * e * r * t > chip.pes or q * (r - 1) >= s.C:
                continue
            for n, m in itertools.product(to(s.N), to(s.M)):
                if p * t > m or n * (m * e * s.Q + q * r * s.rows[e] * width) > chip.buffer_words:
                    continue
                full = again(s, e, s.Q)
                yield price(
                    s,
                    ifmaps=(
                        up(s.M, m) * full, up(s.M, p * t) * full,
                        up(s.M, p) * s.R * s.P / height, uses(s),
                    ),
                    weights=(
                        up(s.N, n) * up(s.P, e), None, up(s.N, n) * s.P, s.N * s.P * s.Q,
                    ),
                    psums=(up(s.C, q * r), up(s.C, q) * s.R, s.C * s.R * s.S),
                )  # fmt: skip


ALL = {
    "ws": all_ws, "os_a": all_os_a, "os_b": all_os_b, "os_c": all_os_c, "nlr": all_nlr,
    "rs": all_rs,
}  # fmt: skip

shapes = st.builds(
    make,
    N=st.integers(1, 3), M=st.integers(1, 6), C=st.integers(1, 5), P=st.integers(1, 4),
    Q=st.integers(1, 4), R=st.integers(1, 3), S=st.integers(1, 3), stride=st.integers(1, 3),
)  # fmt: skip
chips = st.builds(
    Storage,
    pes=st.integers(1, 24),
    rf_bytes=st.integers(0, 60),
    buffer_bytes=st.integers(0, 600),
)


@pytest.mark.parametrize("key", ALL)
@given(shape=shapes, chip=chips)
@settings(max_examples=60, deadline=None)
def test_the_best_is_the_best_of_all(key: str, shape: Shape, chip: Storage) -> None:
    energies = [energy for energy in ALL[key](shape, chip) if energy is not None]
    found = best_mapping(FLOWS[key], shape, chip, PRICES)
    if not energies:
        assert found is None
        assert FLOWS[key].obstacle(shape, chip)
    else:
        assert found is not None
        total = sum(part.total for part in found.energy.values())
        assert total == pytest.approx(min(energies))
        assert 0 < found.active_pes <= chip.pes * (1 + 1e-12)
