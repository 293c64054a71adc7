"""Codes against what publications print, and against a published file.

Of the rows on Eyeriss, what its authors do not say stands in docs/encoding.md.
"""

from pathlib import Path

import numpy as np
import pytest

from picojoule.encoding import Bitmask, GapColumns, RunLength, ZeroValue, zeros_entropy_per_value
from picojoule.workload import load

DATA = Path(__file__).parents[3] / "shared" / "data"
COMPRESSED = DATA / "models" / "squeezenet" / "compressed_SqueezeNet.net"

EXAMPLE = [0, 0, 12, 0, 0, 0, 0, 53, 0, 0, 22]


@pytest.mark.parametrize(("more", "flag"), [([7], 0), ([], 1)])
def test_the_run_length_example_of_eyeriss(more: list[int], flag: int) -> None:
    """chen2016isscc; chen2017jssc, Fig. 8: (2, 12) (4, 53) (2, 22); flag 0, as more follows."""
    word = RunLength().encode(np.array(EXAMPLE + more, dtype=np.int16))[:8]
    text = f"{int.from_bytes(word):064b}"
    fields = [(0, 5), (5, 21), (21, 26), (26, 42), (42, 47), (47, 63), (63, 64)]
    assert [int(text[a:b], 2) for a, b in fields] == [2, 12, 4, 53, 2, 22, flag]


def test_the_column_example_of_eie() -> None:
    """han2016eie, Sec. III-B: values 1, 2, 0, 3 with 2, 0, 15 and 2 zeros before them."""
    column = np.array([0, 0, 1, 2, *[0] * 18, 3], dtype=np.int8)
    text = f"{int.from_bytes(GapColumns(value_bits=4).encode(column.reshape(-1, 1))):048b}"
    entries = [text[n : n + 8] for n in range(10, 42, 8)]  # behind two pointers of 5 bits
    assert [int(entry[:4], 2) for entry in entries] == [2, 0, 15, 2]
    assert [int(entry[4:], 2) for entry in entries] == [1, 2, 0, 3]


def test_significance_map_and_zero_value_compression() -> None:
    """yang2017asilomar: 1 bit per zero, 1 + b per other. rhu2018cdma: 32 bits per 32 values."""
    for bits in (4, 8, 16):
        zero, other = np.zeros(1, dtype=np.int16), np.ones(1, dtype=np.int16)
        assert Bitmask(bits).size_bits(zero) == 1
        assert Bitmask(bits).size_bits(other) == 1 + bits
    code = ZeroValue(value_bits=32)
    window = np.arange(32, dtype=np.int32) % 4  # 8 zeros in 32
    assert code.size_bits(window) == 32 + 24 * 32
    assert int.from_bytes(code.encode(window)[:4]) == 0x77777777


# Shares of zeros in the inputs of AlexNet's layers, measured on the chip (chen2017jssc, Table V),
# and the words of these inputs.
ZEROS = {"CONV2": 0.387, "CONV3": 0.725, "CONV4": 0.793, "CONV5": 0.776}
WORDS = {"CONV2": 96 * 27**2, "CONV3": 256 * 13**2, "CONV4": 384 * 13**2, "CONV5": 384 * 13**2}


def test_compression_of_activations() -> None:
    """sze2017, Sec. VII-B: 2.1x on activations; printed with two digits, over unnamed layers.

    Ours is over the inputs of CONV2 to CONV5, each once: 2.20, 5 % off.
    """
    code = RunLength()
    bits = sum(code.expected_bits(WORDS[name], 1 - ZEROS[name]) for name in ZEROS)
    assert 16 * sum(WORDS.values()) / bits == pytest.approx(2.1, rel=0.06)


def test_saving_in_conv5() -> None:
    """chen2017jssc, Sec. IV: nearly 75 % of the DRAM accesses for feature maps in CONV5.

    Its inputs are read twice (256 filters in 2 groups, 64 at a time); of its outputs 19 % are not
    zero (sze2017, the chart of Sec. VII-B). Ours is 71 %.
    """
    code = RunLength()
    reads, writes = 2 * WORDS["CONV5"], 256 * 13**2
    spent = reads * code.expected_bits_per_value(1 - ZEROS["CONV5"])
    spent += writes * code.expected_bits_per_value(0.19)
    assert 1 - spent / (16 * (reads + writes)) == pytest.approx(0.75, abs=0.04)


@pytest.mark.parametrize(
    ("layer", "percent"), [("CONV2", 21.4), ("CONV3", 11.8), ("CONV4", 9.2), ("CONV5", 9.8)]
)
def test_distance_from_entropy(layer: str, percent: float) -> None:
    """chen2017jssc, Sec. IV: 5 to 10 % above the entropy, which it does not define.

    With independent zeros and 16 bits for each other value, worked by hand from
    64 / 3 d / (1 - z^32) and H(z) + 16 d, CONV4 and CONV5 are within, CONV3 nearly, CONV2 is not.
    """
    density = 1 - ZEROS[layer]
    entropy = zeros_entropy_per_value(density) + 16 * density
    above = RunLength().expected_bits_per_value(density) / entropy - 1
    assert 100 * above == pytest.approx(percent, abs=0.06)


@pytest.mark.skipif(not COMPRESSED.exists(), reason="the project's reference data is absent")
def test_the_published_weights_of_deep_compression() -> None:
    """The SqueezeNet file of han2016deep's authors: gaps of 4 bits and zeros as in EIE.

    All 26 layers, as one column each: our entries are theirs, value by value and gap by gap.
    """
    raw, at, total = COMPRESSED.read_bytes(), 26 * 4, 0
    sizes = np.frombuffer(raw, np.uint32, 26)
    layers = [layer for layer in load("squeezenet").layers if layer.kind == "conv"]
    for layer, size in zip(layers, sizes.tolist(), strict=True):
        shape = layer.parameters[0].shape
        at += 256 * 4 + shape[0] * 4  # codebook, biases
        codes, at = np.frombuffer(raw, np.uint8, size, at), at + size
        packed, at = np.frombuffer(raw, np.uint8, -(-size // 2), at), at + -(-size // 2)
        gaps = np.stack([packed & 15, packed >> 4], axis=1).reshape(-1)[:size]
        dense = np.zeros((np.prod(shape), 1), dtype=np.uint8)
        dense[np.cumsum(gaps.astype(np.int64) + 1) - 1, 0] = codes

        code = GapColumns(value_bits=8)
        pointers = 2 * int(dense.size).bit_length()
        assert code.size_bits(dense) == pointers + 12 * size
        bits = np.unpackbits(np.frombuffer(code.encode(dense), np.uint8))
        ours = bits[pointers : pointers + 12 * size].reshape(size, 12)
        assert (ours[:, :4] @ [8, 4, 2, 1] == gaps).all()
        assert (np.packbits(ours[:, 4:], axis=1)[:, 0] == codes).all()
        total += size
    assert at == len(raw)
    assert total == sizes.sum()
