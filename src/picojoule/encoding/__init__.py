"""How many bits does this array take? Codes of sparse arrays: bytes, sizes, and what to expect."""

from picojoule.encoding.codec import LARGEST_COUNT, Codec
from picojoule.encoding.entropy import Entropy, entropy, zeros_entropy_per_value
from picojoule.encoding.huffman import Huffman
from picojoule.encoding.masks import Bitmask, ZeroValue
from picojoule.encoding.matrices import CompressedColumns, CompressedRows, GapColumns
from picojoule.encoding.registry import CODECS, codec, codecs
from picojoule.encoding.runlength import RunLength

__all__ = [
    "CODECS",
    "LARGEST_COUNT",
    "Bitmask",
    "Codec",
    "CompressedColumns",
    "CompressedRows",
    "Entropy",
    "GapColumns",
    "Huffman",
    "RunLength",
    "ZeroValue",
    "codec",
    "codecs",
    "entropy",
    "zeros_entropy_per_value",
]
