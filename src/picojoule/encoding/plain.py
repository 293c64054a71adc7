"""Plain: the codes as they are defined, bit by bit as text; the kernels must equal them.

Decoders here are for sound codes. What is wrong with others, only the kernels say.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence

from picojoule.encoding.faults import SOUND


def field(value: int, width: int) -> str:
    """A number as so many binary digits; none for a width of 0.

    >>> field(5, 4), field(0, 0)
    ('0101', '')
    """
    return f"{int(value):0{width}b}" if width else ""


def number(text: str) -> int:
    """The number that some binary digits stand for."""
    return int(text or "0", 2)


def words_of(text: str, width: int = 64) -> list[int]:
    """Text cut into words, the last one filled up with zeros."""
    return [number(text[n : n + width].ljust(width, "0")) for n in range(0, len(text), width)]


def pairs_of(values: Sequence[int], longest: int) -> list[tuple[int, int]]:
    """Runs of zeros, none above `longest`, each with the value that ends it."""
    pairs: list[tuple[int, int]] = []
    rest = [int(value) for value in values]
    while rest:
        run = next((n for n, value in enumerate(rest) if value), len(rest) - 1)
        run = min(run, longest)
        pairs.append((run, rest[run]))
        rest = rest[run + 1 :]
    return pairs


def count_pairs(values: Sequence[int], longest: int) -> int:
    """How many there are of `pairs_of`."""
    return len(pairs_of(values, longest))


def encode_runs(values: Sequence[int], run_bits: int, value_bits: int, word_bits: int) -> list[int]:
    """Pairs, as many as fit in front of the flag of each word."""
    pairs = pairs_of(values, 2**run_bits - 1)
    per_word = (word_bits - 1) // (run_bits + value_bits)
    words: list[int] = []
    for n in range(0, len(pairs), per_word):
        some = pairs[n : n + per_word]
        text = "".join(field(run, run_bits) + field(value, value_bits) for run, value in some)
        words.append(number(text.ljust(word_bits - 1, "0") + "01"[n + per_word >= len(pairs)]))
    return words


def decode_runs(
    words: Iterable[int], run_bits: int, value_bits: int, word_bits: int, out: list[int]
) -> int:
    """Zeros and values one after the other, until there are enough."""
    width, values = run_bits + value_bits, list[int]()
    for word in words:
        text = field(word, word_bits)
        for n in range((word_bits - 1) // width):
            pair = text[n * width : (n + 1) * width]
            values += [0] * number(pair[:run_bits]) + [number(pair[run_bits:])]
    out[:] = values[: len(out)]
    return SOUND


def free_places(count: int, zeros: float, limit: int, per_word: int) -> float:
    """The mean of what ceil(pairs / per_word) words have left, over independent values."""
    states = {(0, 0): 1.0}  # zeros since the last pair, pairs
    for _ in range(count):
        after: dict[tuple[int, int], float] = {}
        for (run, pairs), share in states.items():
            on = (0, pairs + 1) if run == limit - 1 else (run + 1, pairs)
            for state, part in ((on, zeros), ((0, pairs + 1), 1 - zeros)):
                after[state] = after.get(state, 0.0) + share * part
        states = after
    return sum(share * (-(pairs + (run > 0)) % per_word) for (run, pairs), share in states.items())


def encode_masks(values: Sequence[int], value_bits: int, window: int, size_bits: int) -> list[int]:
    """Of each window, which values are not zero, then these values; zeros up to `size_bits`."""
    text = ""
    for n in range(0, len(values), window):
        part = values[n : n + window]
        text += "".join("01"[bool(value)] for value in part).ljust(window, "0")
        text += "".join(field(value, value_bits) for value in part if value)
    return words_of(text.ljust(size_bits, "0"))


def decode_masks(
    words: Iterable[int], size_bits: int, value_bits: int, window: int, out: list[int]
) -> tuple[int, int]:
    """Masks and values in turn; the second answer is where the code ends."""
    text = "".join(field(word, 64) for word in words)
    at, values = 0, list[int]()
    while len(values) < len(out):
        mask, at = text[at : at + window], at + window
        for bit in mask:
            values.append(number(text[at : at + value_bits]) if bit == "1" else 0)
            at += value_bits if bit == "1" else 0
    out[:] = values[: len(out)]
    return SOUND, at


def entries_of(line: Sequence[int], longest_gap: int) -> list[tuple[int, int]]:
    """(place, value) of a line's values that are not zero.

    The place is the position where `longest_gap` is below 0, else the zeros since the entry before;
    where these are too many, a zero is an entry itself.
    """
    entries: list[tuple[int, int]] = []
    gap = 0
    for position, value in enumerate(line):
        if longest_gap < 0:
            entries += [(position, int(value))] if value else []
        elif value or (gap == longest_gap and any(line[position:])):
            entries.append((gap, int(value)))
            gap = 0
        else:
            gap += 1
    return entries


def count_entries(lines: Sequence[Sequence[int]], gap_bits: int) -> int:
    """How many there are in all lines, by gaps."""
    return sum(len(entries_of(line, 2**gap_bits - 1)) for line in lines)


def encode_entries(
    lines: Sequence[Sequence[int]],
    pointer_bits: int,
    place_bits: int,
    value_bits: int,
    longest_gap: int,
    size_bits: int,
) -> list[int]:
    """Where each line begins among the entries and the last one ends, then the entries."""
    found = [entries_of(line, longest_gap) for line in lines]
    starts = [sum(map(len, found[:n])) for n in range(len(found) + 1)]
    text = "".join(field(start, pointer_bits) for start in starts)
    for place, value in (entry for entries in found for entry in entries):
        text += field(place, place_bits) + field(value, value_bits)
    return words_of(text.ljust(size_bits, "0"))


def decode_entries(
    words: Iterable[int],
    size_bits: int,
    pointer_bits: int,
    place_bits: int,
    value_bits: int,
    longest_gap: int,
    out: list[list[int]],
) -> tuple[int, int]:
    """Put each entry in its place; the second answer is where the code ends."""
    text = "".join(field(word, 64) for word in words)
    starts = [number(text[n * pointer_bits : (n + 1) * pointer_bits]) for n in range(len(out) + 1)]
    first, width = len(starts) * pointer_bits, place_bits + value_bits
    for line, start, end in zip(out, starts, starts[1:], strict=False):
        position = -1
        for at in range(first + start * width, first + end * width, width):
            place = number(text[at : at + place_bits])
            position = place if longest_gap < 0 else position + 1 + place
            line[position] = number(text[at + place_bits : at + width])
    return SOUND, first + starts[-1] * width


def code_lengths(counts: Sequence[int]) -> list[int]:
    """Huffman's code: the two rarest are joined until one is left.

    Of equally rare ones, single values come first, then what was joined earlier.
    """
    lengths = [0] * len(counts)
    heap = [(int(count), 0, n, [n]) for n, count in enumerate(counts)]
    heapq.heapify(heap)
    joined = 0
    while len(heap) > 1:
        one, other = heapq.heappop(heap), heapq.heappop(heap)
        for n in one[3] + other[3]:
            lengths[n] += 1
        heapq.heappush(heap, (one[0] + other[0], 1, joined, one[3] + other[3]))
        joined += 1
    return lengths


def limited_lengths(counts: Sequence[int], longest: int) -> list[int]:
    """The best code with words of at most `longest` bits: coins of one value each, and packages.

    A word of l bits holds a coin of 2^-1, 2^-2 ... 2^-l; the cheapest coins worth all but one of
    the values together are found by packing pairs of each level into the next (Larmore and
    Hirschberg).
    """
    coins: list[tuple[int, int, tuple[int, ...]]] = [
        (int(count), 0, (n,)) for n, count in enumerate(counts)
    ]
    level = list(coins)
    for _ in range(longest - 1):
        packages = [
            (a[0] + b[0], 1, a[2] + b[2]) for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        level = sorted(coins + packages, key=lambda coin: coin[:2])
    held = Counter(n for _, _, coin in level[: 2 * len(counts) - 2] for n in coin)
    return [held[n] for n in range(len(counts))]


def encode_symbols(
    values: Sequence[int], codewords: Sequence[int], head: Sequence[int], at: int, size_bits: int
) -> list[int]:
    """The first `at` bits of the head, then the word of each value.

    A codeword is given as its bits * 64 + its length.
    """
    text = "".join(field(word, 64) for word in head)[:at]
    for value in values:
        bits, length = divmod(int(codewords[value]), 64)
        text += field(bits, length)
    return words_of(text.ljust(size_bits, "0"))


def decode_symbols(
    words: Iterable[int],
    at: int,
    size_bits: int,
    symbols: Sequence[int],
    counts: Sequence[int],
    out: list[int],
) -> tuple[int, int]:
    """Read bits until they are a word; `counts` says how many of the symbols have each length."""
    text = "".join(field(word, 64) for word in words)
    names, code, rest = dict[str, int](), 0, list(symbols)
    for length, many in enumerate(counts):
        code *= 2
        for _ in range(many):
            names[field(code, length)] = rest.pop(0)
            code += 1
    for n in range(len(out)):
        end = at
        while text[at:end] not in names:
            end += 1
        out[n], at = names[text[at:end]], end
    return SOUND, at
