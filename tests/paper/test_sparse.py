"""Machines that use zeros or short words, against their published figures.

Each row: whose figure, what it is, and how near the model comes, with the reason for what is left.
"""

import pytest

from picojoule.sparse import Headline, headlines, published
from picojoule.sparse.cnvlutin import speedup, zeros_for

# Machine, start of the figure, the error it may have, and why it is not smaller.
ROWS = [
    # 37 % for 45 %: the paper does not say which layers; pads and MAC are priced by estimators.
    # Where the pad of sums is spared as well it is 46.7 %.
    ("Eyeriss", "PE energy", -0.20),
    # Clock and control, which pruning does not spare, are not modelled.
    ("Minerva", "power", 0.25),
    # Zeros are given on average only, and lie by chance, not in patches.
    ("Cnvlutin", "speed-up", -0.03),
    # Shares are printed in whole per cent: 4 % may be 3.5 % to 4.5 %.
    ("EIE", "AlexNet FC6, theoretical", -0.03),
    ("EIE", "AlexNet FC6, actual", -0.08),
    ("EIE", "AlexNet FC7, theoretical", 0.08),
    ("EIE", "AlexNet FC7, actual", 0.06),
    ("EIE", "VGG-16 FC7, theoretical", -0.05),
    ("EIE", "VGG-16 FC7, actual", -0.07),
    ("EIE", "VGG-16 FC8, theoretical", 0.05),
    ("EIE", "VGG-16 FC8, actual", -0.05),
    # 1000 rows, 15 or 16 to a unit, 25 %: 3.9 entries. The published time is that of 4.6, or 30 %.
    ("EIE", "AlexNet FC8, theoretical", -0.18),
    ("EIE", "AlexNet FC8, actual", -0.20),
    # 4.49 % would still be 12 % short; and real weights are not spread evenly over the units.
    ("EIE", "VGG-16 FC6, theoretical", -0.20),
    ("EIE", "VGG-16 FC6, actual", -0.30),
    ("SCNN", "speed-up, alexnet", -0.03),
    # No conflict in the accumulators, no halo of sums to exchange, zeros by chance.
    ("SCNN", "speed-up, vgg16", 0.12),
    # The third network, GoogLeNet, is the slowest of the three; its densities were not found.
    ("SCNN", "speed-up, mean", 0.17),
    ("SCNN", "energy", 0.12),
    # The first layer has three channels for sixteen lanes; by MACs alone it is 2.33 and 1.90.
    ("Stripes", "speed-up, alexnet", -0.07),
    ("Stripes", "speed-up, geometric", -0.06),
    # All energy is taken to fall with the bits; clock and control do not.
    ("scalable multiplier", "energy", 0.27),
]


@pytest.fixture(scope="module")
def found() -> tuple[Headline, ...]:
    return headlines()


@pytest.mark.parametrize(("machine", "what", "limit"), ROWS, ids=[f"{m}: {w}" for m, w, _ in ROWS])
def test_headline(found: tuple[Headline, ...], machine: str, what: str, limit: float) -> None:
    (one,) = [one for one in found if one.machine == machine and one.what.startswith(what)]
    error = one.error
    # The error has the sign that the reason gives, and is no larger.
    assert min(limit, 0.0) <= error <= max(limit, 0.0), f"{one.ours:.3g} for {one.published}"


def test_every_headline_has_its_row(found: tuple[Headline, ...]) -> None:
    assert len(found) == len(ROWS)


def test_pruning_small_activations_needs_this_many_more_zeros() -> None:
    """Cnvlutin gains 11 % more; the paper's thresholds are known, the zeros they make are not.

    So this is no check of the figure: it says which zeros the model needs for it, on average.
    """
    needed = []
    for layers in published.NETWORKS.values():
        wanted = speedup(layers, published.CNVLUTIN_ZEROS) * published.CNVLUTIN_PRUNED
        needed.append(zeros_for(layers, wanted))
    assert 0.44 < sum(needed) / len(needed) < 0.56
