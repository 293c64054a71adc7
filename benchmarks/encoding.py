"""Codes: sizes on real activations against entropy, and speed beside other tools.

Both write a table of docs/encoding.md. Sizes need the project's reference data, photos need Pillow,
and where SciPy is absent its rows stay empty.
"""

import argparse
import re
import sys
import time
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from picojoule.encoding import codec, codecs, entropy

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "encoding.md"
sys.path.insert(0, str(ROOT / "tests" / "oracle"))  # where the trained networks are read

Array = NDArray[np.int16]
Act = Callable[[], object]

PHOTOS = 4
DENSITIES = (0.5, 0.2)
SHAPE = (256, 16384)
RUNS = 7


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is text and whose other columns are numbers."""
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *rows))


def write_table(name: str, text: str) -> None:
    """Replace what stands between two marks of the page."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    body = f"{begin}\n{text}\n\n{end}"
    found = re.sub(f"{begin}.*{end}", lambda _: body, PAGE.read_text(), flags=re.DOTALL)
    PAGE.write_text(found)


def sizes() -> str:
    """Bits per value of each layer's outputs, each photo coded by itself."""
    from activations import SQUEEZENET, activations, photos

    heads = ["outputs of", "values", "zeros %", "entropy", "stored", *codecs()]
    heads += ["rlc expected", "rlc above stored"]
    rows: list[list[str]] = []
    total: NDArray[np.float64] = np.zeros(5 + len(codecs()))
    for name, outputs in activations(SQUEEZENET, photos(PHOTOS)):
        found = np.sum([figures(image) for image in outputs], axis=0)
        rows.append(row(name, found))
        total += found
    return table(heads, [*rows, row("all", total)])


def figures(image: Array) -> NDArray[np.float64]:
    """Values, zeros, both entropies and each code's size; what density predicts for run lengths."""
    bound = entropy(image)
    bits = [codec(name).size_bits(image) for name in codecs()]
    predicted = codec("rlc").expected_bits(image.shape, bound.density)
    zeros = bound.count - bound.nonzeros
    return np.array([bound.count, zeros, bound.total_bits, bound.stored_bits, *bits, predicted])


def row(name: str, found: NDArray[np.float64]) -> list[str]:
    """One line: sizes in bits per value."""
    count, zeros, *bits = found
    above = found[4 + codecs().index("rlc")] / found[3] - 1
    cells = [f"{part / count:.2f}" for part in bits]
    return [name, f"{count / PHOTOS:,.0f}", f"{100 * zeros / count:.1f}", *cells, f"{above:+.1%}"]


def seconds(act: Act) -> float:
    """The least CPU time of some runs, after one that compiles and fills caches."""
    act()
    times: list[float] = []
    for _ in range(RUNS):
        start = time.process_time()
        act()
        times.append(time.process_time() - start)
    return min(times)


def deflate(values: Array, strategy: int) -> tuple[Act, Act]:
    """zlib, restricted to the kind of coding that is compared."""

    def encode() -> bytes:
        tool = zlib.compressobj(level=1, strategy=strategy)
        return tool.compress(values.tobytes()) + tool.flush()

    data = encode()
    return encode, lambda: np.frombuffer(zlib.decompress(data), np.int16).reshape(values.shape)


def numpy_masks(values: Array) -> tuple[Act, Act]:
    """numpy: packed truths, and the values that are selected by them."""
    mask, kept = np.packbits(values != 0), values[values != 0]

    def decode() -> Array:
        out = np.zeros_like(values)
        out[np.unpackbits(mask).view(bool).reshape(values.shape)] = kept
        return out

    return lambda: (np.packbits(values != 0), values[values != 0]), decode


def scipy_matrix(values: Array, kind: str) -> tuple[Act, Act] | None:
    """SciPy's matrices: 32-bit places, not packed."""
    if find_spec("scipy") is None:
        return None
    from scipy import sparse

    build = {"csr": sparse.csr_array, "csc": sparse.csc_array}[kind]
    matrix = build(values)
    return lambda: build(values), lambda: matrix.toarray(order="C")


def peers(values: Array) -> dict[str, tuple[str, tuple[Act, Act] | None]]:
    """What each code is compared with."""
    return {
        "rlc": ("zlib, run lengths", deflate(values, zlib.Z_RLE)),
        "bitmask": ("numpy masks", numpy_masks(values)),
        "zvc": ("numpy masks", numpy_masks(values)),
        "csr": ("SciPy CSR", scipy_matrix(values, "csr")),
        "csc": ("SciPy CSC", scipy_matrix(values, "csc")),
        "csc-eie": ("SciPy CSC", scipy_matrix(values, "csc")),
        "huffman": ("zlib, Huffman only", deflate(values, zlib.Z_HUFFMAN_ONLY)),
    }


def speed() -> str:
    """MB of 16-bit values per CPU second of one core, and times the peer's."""
    heads = ["code", "density", "encode", "decode", "size", "peer"]
    heads += ["encode, times the peer's", "decode"]
    generator = np.random.default_rng(0)
    rows: list[list[str]] = []
    for density in DENSITIES:
        kept = generator.random(SHAPE) < density
        values = (generator.integers(1, 1 << 12, SHAPE) * kept).astype(np.int16)
        for name, (peer, others) in peers(values).items():
            ours = [values.nbytes / 1e6 / seconds(act) for act in acts_of(name, values)]
            theirs = [values.nbytes / 1e6 / seconds(act) for act in others or ()]
            ratios = [f"{a / b:.1f}" for a, b in zip(ours, theirs)] or ["", ""]
            rates = [f"{rate:,.0f}" for rate in ours]
            rows.append([name, f"{density:.1f}", *rates, peer, *ratios])
    return table(heads, rows)


def acts_of(name: str, values: Array) -> tuple[Act, Act, Act]:
    """Encoding, decoding and the size of some values."""
    code = codec(name)
    data = code.encode(values)
    assert (code.decode(data, values.shape) == values).all()
    return (
        lambda: code.encode(values),
        lambda: code.decode(data, values.shape),
        lambda: code.size_bits(values),
    )


def main() -> None:
    """Measure what is asked for and write it to the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("sizes", "speed"))
    what = parser.parse_args().what
    text = {"sizes": sizes, "speed": speed}[what]()
    write_table(f"encoding {what}", text)
    print(text)


if __name__ == "__main__":
    main()
