"""Einsum: any product of one or two tensors, written as letters."""

from picojoule.errors import Unsupported, WorkloadError
from picojoule.workload.build import Bits, axes, widths
from picojoule.workload.operation import Operation, Role, Tensor

SPARE = "ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba"


def einsum(
    name: str,
    equation: str,
    shapes: tuple[tuple[int, ...], ...],
    *,
    bits: Bits = 16,
    kind: str = "matmul",
) -> Operation:
    """An operation from an equation as in numpy, torch and ONNX: "bij,bjk->bik".

    A letter becomes a dimension, in capitals unless both cases occur. Two operands with a summed
    letter are multiply-accumulates; without one, plain multiplications; one operand is a sum, or a
    copy. The second operand takes the role "weights".

    Args:
        name: For messages and tables.
        equation: With or without "->"; "..." stands for leading axes.
        shapes: One per operand.
        bits: Word width, or (second operand, first operand, result).
        kind: What tables call it.

    Raises:
        WorkloadError: The equation or its shapes do not fit together.
        Unsupported: Over two operands, or a diagonal.

    >>> einsum("e", "bij,bjk->bik", ((2, 3, 4), (2, 4, 5))).macs
    120
    """
    operands, result = _parse(name, equation, shapes)
    sizes = _sizes(name, equation, operands, shapes)
    _check_letters(name, equation, operands, result)
    summed = set(sizes) - set(result)
    inner = {
        (1, False): "copy",
        (1, True): "add",
        (2, False): "multiply",
        (2, True): "mac",
    }[len(operands), bool(summed)]
    width = widths(bits)
    roles: tuple[tuple[str, Role, int], ...] = (
        ("inputs", "inputs", width[1]),
        ("weights", "weights", width[0]),
    )
    tensors = [
        Tensor(label, role, axes(letters), word)
        for letters, (label, role, word) in zip(operands, roles, strict=False)
    ]
    return Operation(
        name,
        kind,
        tuple(sizes.items()),
        (*tensors, Tensor("outputs", "outputs", axes(result), width[2])),
        inner,
    )


def _parse(name: str, equation: str, shapes: tuple[tuple[int, ...], ...]) -> tuple[list[str], str]:
    """Letters of each operand and of the result, in capitals where that is unambiguous."""
    compact = equation.replace(" ", "")
    left, arrow, result = compact.partition("->")
    operands = left.split(",")
    if len(operands) > 2:
        raise Unsupported(
            "einsum has too many operands",
            where=f"operation {name!r}, {equation!r}",
            got=f"{len(operands)} operands",
            expected="one or two",
            fix="split it into products of two",
        )
    letters = compact.replace("->", "").replace(",", "").replace("...", "")
    malformed = any(not (char.isalpha() and char.isascii()) for char in letters)
    if malformed or len(operands) != len(shapes):
        raise WorkloadError(
            "einsum equation is malformed",
            where=f"operation {name!r}",
            got=f"{equation!r} with {len(shapes)} operands",
            expected="letters, one group per operand, as in 'bij,bjk->bik'",
            fix="correct the equation",
        )
    if not arrow:
        once = sorted(char for char in set(letters) if letters.count(char) == 1)
        result = ("..." if "..." in left else "") + "".join(once)
    if len({char.upper() for char in letters}) == len(set(letters)):
        operands, result = [operand.upper() for operand in operands], result.upper()
        letters = letters.upper()
    lengths = [
        len(shape) - len(operand.replace("...", ""))
        for operand, shape in zip(operands, shapes, strict=True)
        if "..." in operand
    ]
    spare = [char for char in SPARE if char not in letters][: max(0, *lengths, 0)]
    filled = [
        operand.replace("...", _last(spare, len(shape) - len(operand.replace("...", ""))), 1)
        for operand, shape in zip(operands, shapes, strict=True)
    ]
    return filled, result.replace("...", "".join(spare), 1)


def _check_letters(name: str, equation: str, operands: list[str], result: str) -> None:
    unknown = sorted(set(result) - set("".join(operands)))
    if unknown:
        raise WorkloadError(
            "output letter is not in any operand",
            where=f"operation {name!r}, {equation!r}",
            got=" ".join(unknown),
            expected=f"letters among {' '.join(dict.fromkeys(''.join(operands)))}",
            fix="name only letters of the operands after '->'",
        )
    for letters in (*operands, result):
        if len(set(letters)) != len(letters):
            raise Unsupported(
                "diagonal is not supported",
                where=f"operation {name!r}, {equation!r}",
                got=letters,
                expected="each letter once per tensor",
                fix="take the diagonal before the product",
            )


def _last(letters: list[str], count: int) -> str:
    return "".join(letters[len(letters) - count :]) if count > 0 else ""


def _sizes(
    name: str, equation: str, operands: list[str], shapes: tuple[tuple[int, ...], ...]
) -> dict[str, int]:
    """Size of each letter."""
    sizes: dict[str, int] = {}
    for letters, shape in zip(operands, shapes, strict=True):
        fits = len(letters) == len(shape) and all(
            sizes.get(letter, size) == size for letter, size in zip(letters, shape, strict=True)
        )
        if not fits:
            raise WorkloadError(
                "einsum operand does not fit its equation",
                where=f"operation {name!r}, {equation!r}, operand {letters!r}",
                got=f"shape {shape}",
                expected=" ".join(f"{x}={sizes[x]}" if x in sizes else x for x in letters),
                fix="give each letter one size in all operands",
            )
        sizes.update(zip(letters, shape, strict=True))
    return sizes
