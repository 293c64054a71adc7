"""Chance: how many of some steps need to be done, if every word is zero by chance.

A step needs to be done where the words of all its operands are non-zero. Steps that share a word
share its fate, so the distribution is found part by part: steps that share no word are independent;
where they do, each fate of the shared words is followed by itself.
"""

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from picojoule.cost.sparse.site import Word
from picojoule.errors import Unsupported
from picojoule.workload import binomial

Floats = NDArray[np.float64]
Steps = Sequence[tuple[Word, ...]]
LARGEST_KNOT = 12
"""Words that tie steps together, each of whose fates is followed."""


def effectual(steps: Steps, shares: Sequence[float]) -> Floats:
    """The distribution of the number of steps whose words are all non-zero, `(steps + 1,)`.

    Args:
        steps: For each step, the word of each operand.
        shares: For each operand, how likely a word of it is non-zero.

    >>> effectual([((0,), (0,)), ((0,), (1,))], (0.5, 0.5)).tolist()  # both share the first word
    [0.625, 0.25, 0.125]
    """
    most = len(steps)
    if any(share == 0.0 for share in shares) and steps:
        return _certain(0, most)
    random = [n for n, share in enumerate(shares) if share < 1.0]
    steps, shares = [tuple(step[n] for n in random) for step in steps], [shares[n] for n in random]
    if not shares or not steps:
        return _certain(most, most)
    if len(shares) == 1:
        return _of_one(Counter(word for (word,) in steps), shares[0], most)
    alone, tied = _components(steps)
    found = binomial(alone, math.prod(shares))
    for part in tied:
        found = np.convolve(found, _tied(part, shares))
    return found


def _certain(count: int, most: int) -> Floats:
    found = np.zeros(most + 1)
    found[count] = 1.0
    return found


def _of_one(times: Counter[Word], share: float, most: int) -> Floats:
    """One operand: each of its words decides as many steps as use it."""
    found = np.ones(1)
    for each, words in Counter(times.values()).items():
        spread = np.zeros(each * words + 1)
        spread[::each] = binomial(words, share)
        found = np.convolve(found, spread)
    assert found.size == most + 1
    return found


def _components(steps: Steps) -> tuple[int, list[list[tuple[Word, ...]]]]:
    """How many steps share no word with any other, and the others by what ties them together."""
    users: dict[tuple[int, Word], list[int]] = {}
    for index, step in enumerate(steps):
        for operand, word in enumerate(step):
            users.setdefault((operand, word), []).append(index)
    seen = [False] * len(steps)
    alone, tied = 0, list[list[tuple[Word, ...]]]()
    for start in range(len(steps)):
        if seen[start]:
            continue
        seen[start], queue, part = True, [start], list[int]()
        while queue:
            index = queue.pop()
            part.append(index)
            for operand, word in enumerate(steps[index]):
                for other in users.pop((operand, word), ()):
                    if not seen[other]:
                        seen[other] = True
                        queue.append(other)
        if len(part) == 1:
            alone += 1
        else:
            tied.append([steps[index] for index in part])
    return alone, tied


def _tied(steps: Steps, shares: Sequence[float]) -> Floats:
    """Steps that hang together: follow each fate of the operand with the fewest words."""
    distinct = [sorted({step[n] for step in steps}) for n in range(len(shares))]
    operand = min(range(len(shares)), key=lambda n: len(distinct[n]))
    words, share = distinct[operand], shares[operand]
    if len(words) > LARGEST_KNOT:
        raise Unsupported(
            "zeros of two operands are too entangled",
            where="group of steps that share words",
            got=f"{len(words)} shared words",
            expected=f"at most {LARGEST_KNOT}",
            fix="measure the tensors, or look at the zeros of one operand only",
        )
    rest = [share for n, share in enumerate(shares) if n != operand]
    total = np.zeros(len(steps) + 1)
    for fates in itertools.product((False, True), repeat=len(words)):
        kept = {word for word, fate in zip(words, fates, strict=True) if fate}
        left = [
            tuple(word for n, word in enumerate(step) if n != operand)
            for step in steps
            if step[operand] in kept
        ]
        found = effectual(left, rest)
        total[: found.size] += found * share ** len(kept) * (1 - share) ** (len(words) - len(kept))
    return total
