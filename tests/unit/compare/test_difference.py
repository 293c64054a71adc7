"""The difference of two comparisons: subtracted by hand, and explained where there is some."""

from collections.abc import Mapping

from picojoule.compare import (
    Comparison,
    Cost,
    DataflowCost,
    LayerCost,
    Storage,
    describe_difference,
)

CHIP = Storage(pes=4, rf_bytes=8, buffer_bytes=64)
ZERO = {"alu": 10.0, "rf": 0.0, "array": 0.0, "buffer": 0.0, "dram": 0.0}


def comparison(levels: Mapping[str, Mapping[str, float] | None]) -> Comparison:
    """Ten MACs under each dataflow, with so much energy besides; None cannot run."""
    flows: list[DataflowCost] = []
    for key, own in levels.items():
        layer = LayerCost("one", None, {}, "too small")
        if own is not None:
            by_level = ZERO | dict(own)
            thirds = dict.fromkeys(("ifmaps", "weights", "psums"), sum(by_level.values()) / 3)
            layer = LayerCost("one", Cost(10, by_level, thirds, 0.0, 10.0), {})
        flows.append(DataflowCost(key, key.upper(), CHIP, (layer,)))
    return Comparison("net", "any", 4, 1, "conv", tuple(flows))


def test_levels_are_subtracted_and_large_steps_explained() -> None:
    exact = comparison({"nlr": {"array": 60.0}, "os_c": {"dram": 8.0}, "flex": {}})
    survey = comparison({"nlr": {"array": 40.0}, "os_c": {"dram": 8.1}})
    text = describe_difference(exact, survey)
    (nlr,) = [line.split() for line in text.splitlines() if line.startswith("NLR ")]
    # 70 against 50 MACs' energy for 10 MACs: 40 % more, all of it in the array.
    assert nlr == ["NLR", "7.00", "5.00", "40.0", "+0.00", "+2.00", "+0.00", "+0.00"]
    assert "NLR, array: " in text
    assert "OS_C, dram" not in text  # half a percent is not worth telling
    assert "FLEX" not in text  # nothing to stand beside


def test_one_that_cannot_run_says_why_instead() -> None:
    text = describe_difference(comparison({"ws": None}), comparison({"ws": {"dram": 1.0}}))
    assert "WS: one: too small" in text
