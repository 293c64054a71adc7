"""Every code on what a trained network puts out, which is far from independent."""

import numpy as np
import pytest
from activations import DIGITS, LENET, activations, digits

from picojoule.encoding import Bitmask, RunLength, codec, codecs, entropy

pytestmark = pytest.mark.skipif(
    not (LENET.exists() and DIGITS.exists()), reason="the project's reference data is absent"
)


@pytest.fixture(scope="module")
def layers() -> dict[str, np.ndarray]:
    return dict(activations(LENET, digits(12)))


def test_there_are_zeros_and_others_in_every_layer(layers: dict[str, np.ndarray]) -> None:
    assert len(layers) == 4
    for outputs in layers.values():
        assert outputs.min() == 0
        assert 2**14 <= outputs.max() < 2**15
        assert 0.05 < np.mean(outputs != 0) < 0.95


@pytest.mark.parametrize("name", codecs())
def test_activations_come_back(layers: dict[str, np.ndarray], name: str) -> None:
    code = codec(name)
    for outputs in layers.values():
        for image in outputs:
            encoded = code.encode(image)
            assert (code.decode(encoded, image.shape) == image).all()
            assert len(encoded) == -(-code.size_bits(image) // 8)


def test_no_code_is_below_its_entropy(layers: dict[str, np.ndarray]) -> None:
    for outputs in layers.values():
        bound = entropy(outputs)
        for name in ("bitmask", "zvc", "rlc"):
            assert codec(name).size_bits(outputs) >= bound.total_bits
        assert codec("huffman").size_bits(outputs) >= bound.total_bits
        # The mask does not use how often zeros are; the rest of it is at its bound.
        assert Bitmask().size_bits(outputs) - bound.stored_bits == pytest.approx(
            outputs.size - bound.zeros_bits
        )


def test_density_alone_predicts_run_lengths_where_runs_are_short(
    layers: dict[str, np.ndarray],
) -> None:
    """A pair for each value that is not zero, whatever the pattern, save for runs above 31."""
    for outputs in layers.values():
        nonzeros = int(np.count_nonzero(outputs))
        size = RunLength().size_bits(outputs)
        assert size >= 64 * (nonzeros // 3)
        expected = RunLength().expected_bits(outputs.size, nonzeros / outputs.size)
        assert 0.97 * expected <= size <= 1.25 * expected
