"""Files of figures: what is said is read, what contradicts itself is refused."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picojoule.errors import HardwareError, PicojouleError
from picojoule.hardware import accelerator, library, parse_document
from picojoule.published import (
    FAMILIES,
    Comparison,
    Figure,
    Report,
    compare,
    modelled,
    on_chip_bytes,
    peak_ops_per_s,
    read_report,
    report,
)
from picojoule.silicon import run_passes
from picojoule.sources import check_source
from picojoule.sparse import headlines

VALID = """\
chip: mine
family: row stationary
dataflow: "rows"
figures:
  - quantity: peak_ops_per_s
    value: 67.2e9
    source: "chen2017jssc, chip summary"
    within_factor: 1.01
  - quantity: latency_s
    value: 0.1
    source: "chen2017jssc"
    network: alexnet
    layers: [conv]
    batch: 4
    within_factor: 1.5
    because: "it is coarse"
  - quantity: speedup
    value: 2
    source: {assumed: made up}
    needs: "zeros skipped"
"""

# (what is replaced, by what, part of `what`)
MISTAKES = [
    ("family: row stationary", "family: row moving", "wrong value"),
    ("quantity: latency_s", "quantity: latency_ms", "wrong value"),
    ("value: 67.2e9", "value: 0", "wrong value"),
    ("value: 67.2e9", "value: .inf", "wrong value"),
    ('source: "chen2017jssc, chip summary"', "source: nobody2020", "unknown source"),
    ("    within_factor: 1.01\n", "", "contradicts itself"),
    ('    because: "it is coarse"\n', "", "contradicts itself"),
    ("    network: alexnet\n", "", "contradicts itself"),
    ('    needs: "zeros skipped"\n', "    within_factor: 1.01\n", "contradicts itself"),
    ("    batch: 4\n", "    batch: 4\n    operation: x\n", "contradicts itself"),
    ("    batch: 4\n", "    batch: 0\n", "wrong value"),
    ("    batch: 4\n", "    batches: 4\n", "unknown key"),
    (
        '    needs: "zeros skipped"\n',
        '    needs: "x y z"\n    by: "EIE: x"\n',
        "contradicts itself",
    ),
    ('    needs: "zeros skipped"\n', "    by: zeros\n    within_factor: 1.01\n", "wrong value"),
    ("chip: mine\n", "", "key is missing"),
]


def read(text: str) -> Report:
    return read_report(parse_document(text, name="mine.yaml"))


def test_what_is_said_is_read() -> None:
    known = read(VALID)
    peak, time, faster = known.figures
    assert (known.chip, known.family) == ("mine", "row stationary")
    assert (peak.value, peak.is_instant, peak.about) == (67.2e9, True, "the chip")
    assert (time.layers, time.batch, time.is_instant) == (("conv",), 4, False)
    assert time.about == "alexnet conv, batch 4"
    assert faster.needs == "zeros skipped" and faster.source == "assumed: made up"


@pytest.mark.parametrize(("old", "new", "what"), MISTAKES)
def test_mistakes_are_refused(old: str, new: str, what: str) -> None:
    assert old in VALID
    with pytest.raises(HardwareError) as caught:
        read(VALID.replace(old, new, 1))
    assert what in caught.value.what and "mine.yaml" in caught.value.where and caught.value.fix
    read(VALID)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=2000)
def test_damaged_files_are_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    text = list(VALID)
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(text))
        text[place] = chance.choice([*" :-[]{}\"'\n\t#&*!|>%@`0179aeE.,\x00\x07é", "", "- "])
    try:
        assert isinstance(read("".join(text)), Report)
    except PicojouleError as error:
        assert error.what and error.where and error.fix


@pytest.mark.parametrize("name", library())
def test_every_chip_has_its_family_and_its_figures_their_sources(name: str) -> None:
    known = report(name)
    assert known is not None and known.chip == name and known.family in FAMILIES and known.dataflow
    for figure in known.figures:
        assert check_source(figure.source, where=name) == figure.source
        assert (figure.within_factor is None) == (figure.needs is not None)
    assert report("no-such-chip") is None


def test_sizes_and_peaks() -> None:
    chip = accelerator("eyeriss")
    assert peak_ops_per_s(chip) == 2 * 168 * 200e6
    assert on_chip_bytes(chip) == 108 * 1024 + 168 * (224 + 12 + 24) * 2
    assert peak_ops_per_s(accelerator("stripes")) == 2 * 65536 / 16 * 980e6


def test_errors_and_agreement() -> None:
    figure = Figure("power_w", 2.0, "assumed: x", within_factor=1.5, because="coarse")
    assert Comparison(figure, 3.0).agrees and Comparison(figure, 2.0 / 1.5).agrees
    assert not Comparison(figure, 3.01).agrees and not Comparison(figure, 1.33).agrees
    assert Comparison(figure, 3.0).error == pytest.approx(0.5)
    assert Comparison(figure, None).agrees and Comparison(figure, None).error is None


def test_a_figure_is_computed_from_the_part_that_it_names() -> None:
    chip = accelerator("eyeriss")
    work = "fc M=64 C=32"
    whole = Figure("energy_j", 1, "assumed: x", operation=work, minimize="energy")
    inside = Figure(
        "energy_j", 1, "assumed: x", operation=work, minimize="energy", without=("dram",)
    )
    assert 0 < modelled(chip, inside) < modelled(chip, whole)
    rate = Figure("ops_per_s", 1, "assumed: x", operation=work)
    time = Figure("latency_s", 1, "assumed: x", operation=work)
    assert modelled(chip, rate) == pytest.approx(2 * 64 * 32 / modelled(chip, time))
    # Nothing is searched where only the chip is asked about.
    (waiting,) = compare(chip, (whole,), run=False)
    assert waiting.modelled is None


def test_a_machines_own_model_answers_without_a_search() -> None:
    gain = Figure("speedup", 1.37, "assumed: x", by="Cnvlutin: speed-up, mean of six")
    time = Figure("latency_s", 12.2e-6, "assumed: x", by="EIE: AlexNet FC7, actual us")
    passes = Figure("latency_s", 0.1153, "assumed: x", network="alexnet", batch=4, by="passes")
    answers = compare(accelerator("eyeriss"), (gain, time, passes), run=False)
    ours = {one.what: one.ours for machine in ("Cnvlutin", "EIE") for one in headlines(machine)}
    assert [one.modelled for one in answers] == [
        ours["speed-up, mean of six"],
        pytest.approx(1e-6 * ours["AlexNet FC7, actual us"]),
        run_passes("alexnet", batch=4, zeros="measured").totals["total_latency_s"],
    ]
    assert [one.figure.about for one in answers[::2]] == [
        "speed-up, mean of six",
        "alexnet, batch 4",
    ]


def test_models_that_do_not_give_a_figure() -> None:
    for by in ("EIE: FC9", "nobody: speed-up"):
        with pytest.raises(HardwareError) as caught:
            modelled(accelerator("eie"), Figure("speedup", 1, "assumed: x", by=by))
        assert caught.value.got == by


def test_parts_and_layers_that_are_not_there() -> None:
    chip = accelerator("eyeriss")
    wrong_part = Figure("power_w", 1, "assumed: x", network="lenet5", without=("hbm",))
    wrong_layer = Figure("latency_s", 1, "assumed: x", network="lenet5", layers=("CONV9",))
    for figure, got in ((wrong_part, "hbm"), (wrong_layer, "CONV9")):
        with pytest.raises(HardwareError) as caught:
            modelled(chip, figure)
        assert caught.value.got == got
