"""Parse: one operation from a line of text, as the command line takes it.

The line is a kind and then `key=value` pairs: `conv M=256 C=256 P=56 Q=56 R=3 S=3 stride=1`.
Pairs such as stride are `2`, or `2x1` for height x width. Input sizes (H, W) may stand in place of
output sizes (P, Q); then padding matters. `bits` is one width, or `weights,inputs,outputs`.
"""

import re
from collections.abc import Callable, Mapping

from picojoule.errors import WorkloadError, nearest
from picojoule.workload.build import (
    Bits,
    batched_matmul,
    conv,
    conv_transposed,
    fully_connected,
    matmul,
    output_size,
)
from picojoule.workload.light import attention
from picojoule.workload.operation import Operation

LONGEST_TEXT = 2_000
"""Characters of an operation; a real one has under 200."""
LARGEST_SIZE = 1_000_000_000
"""Of one dimension; larger ones are typing errors."""

WINDOW = ("N", "M", "C", "P", "Q", "H", "W", "R", "S", "G")
WINDOW_PAIRS = ("stride", "padding", "dilation")
ALIASES = {"groups": "G", "pad": "padding", "batch": "N"}
ATTENTION = ("B", "H", "queries", "keys", "head_size", "key_heads")

Fields = dict[str, str]


def parse_operation(text: str, *, name: str | None = None) -> Operation:
    """Read one operation.

    Args:
        text: A kind, then keys. `conv` (M, C, P or H; N, Q or W, R, S, groups, stride, padding,
            dilation), `depthwise` (as conv, C only), `conv_transposed` (P, Q are the input plane),
            `fc` (M, C, N), `matmul` (M, K, N), `bmm` (B, M, K, N, H), `scores` and `values` (the
            two products of attention: B, H, queries, keys, head_size). Each takes `bits`.
        name: Of the operation; its kind unless given.

    Raises:
        WorkloadError: Names the key that is unknown, missing, given twice or not a valid number.

    >>> parse_operation("conv M=256 C=256 H=56 W=56 R=3 S=3 padding=1").sizes["P"]
    56
    >>> parse_operation("matmul M=128 K=768 N=768 bits=8").macs
    75497472
    """
    if len(text) > LONGEST_TEXT:
        raise WorkloadError(
            "operation text is too long",
            where="operation on the command line",
            got=f"{len(text)} characters",
            expected=f"at most {LONGEST_TEXT}",
            fix="give one operation, as in 'conv M=64 C=3 P=56 Q=56 R=3 S=3'",
        )
    words = text.split()
    kind = words[0] if words else ""
    parser = PARSERS.get(kind)
    if parser is None:
        raise WorkloadError(
            "operation kind is unknown" if words else "operation is empty",
            where=f"operation {text!r}",
            got=repr(kind) if words else "nothing",
            expected=nearest(kind, PARSERS),
            fix="begin with a kind, then keys, as in 'conv M=64 C=3 P=56 Q=56 R=3 S=3'",
        )
    reader, known, required = parser
    fields = _fields(words[1:], known, where=f"operation {text!r}")
    return reader(name or kind, _Keys(fields, known, required, where=f"operation {text!r}"))


class _Keys:
    """The keys of one operation, read on demand so that each mistake names its key."""

    def __init__(
        self, fields: Fields, known: tuple[str, ...], required: tuple[str, ...], *, where: str
    ) -> None:
        self.fields, self.known, self.where = fields, known, where
        for key in required:
            self.need(key)

    def need(self, key: str, *, instead: str = "") -> None:
        """Refuse an operation without `key`."""
        if key in self.fields:
            return
        choice = f"{key} (or {instead})" if instead else key
        raise WorkloadError(
            f"operation needs {choice}",
            where=self.where,
            got=" ".join(self.fields) or "no keys",
            expected=f"{choice} among the keys {' '.join(self.known)}",
            fix=f"add {key}=NUMBER",
        )

    def number(self, key: str, default: int | None = None, *, lowest: int = 1) -> int:
        """The whole number under `key`."""
        if key not in self.fields:
            if default is None:
                self.need(key)
            return default or 0
        return _number(self.fields[key], f"{self.where}, {key}", lowest=lowest)

    def pair(self, key: str, default: int, *, lowest: int = 1) -> tuple[int, int]:
        """`2` or `2x1` under `key`, as (height, width)."""
        parts = self.fields.get(key, str(default)).split("x")
        where = f"{self.where}, {key}"
        if len(parts) > 2:
            raise _malformed(self.fields[key], where, "NUMBER, or HEIGHTxWIDTH as in 2x1")
        numbers = [_number(part, where, lowest=lowest) for part in parts]
        return numbers[0], numbers[-1]

    def bits(self) -> Bits:
        """`8` or `8,8,32` under `bits`."""
        parts = self.fields.get("bits", "16").split(",")
        where = f"{self.where}, bits"
        if len(parts) not in (1, 3):
            raise _malformed(self.fields["bits"], where, "one width, or WEIGHTS,INPUTS,OUTPUTS")
        numbers = [_number(part, where, lowest=1) for part in parts]
        return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1], numbers[2])


def _fields(words: list[str], known: tuple[str, ...], *, where: str) -> Fields:
    fields: Fields = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = ALIASES.get(key, key)
        if not equals or not value:
            raise _malformed(word, where, "key=value without blanks, as in M=256")
        if key not in known:
            alike = [name for name in known if name.lower() == key.lower()]
            raise WorkloadError(
                "key is unknown",
                where=where,
                got=repr(key),
                expected=repr(alike[0]) if alike else nearest(key, known),
                fix=f"write {alike[0]}={value}" if alike else "use one of these keys",
            )
        if key in fields:
            raise WorkloadError(
                "key is given twice",
                where=f"{where}, {key}",
                got=f"{fields[key]} and {value}",
                expected="each key once",
                fix="leave one of them out",
            )
        fields[key] = value
    return fields


def _number(text: str, where: str, *, lowest: int) -> int:
    if not re.fullmatch(r"-?[0-9]{1,40}", text, re.ASCII):
        raise _malformed(text, where, f"a whole number of at least {lowest}")
    number = int(text)
    if not lowest <= number <= LARGEST_SIZE:
        raise WorkloadError(
            "number is out of range",
            where=where,
            got=number,
            expected=f"{lowest} to {LARGEST_SIZE}",
            fix="check the sign and the number of digits",
        )
    return number


def _malformed(got: str, where: str, expected: str) -> WorkloadError:
    return WorkloadError(
        "value is malformed", where=where, got=repr(got), expected=expected, fix="correct it"
    )


def _read_conv(name: str, keys: _Keys) -> Operation:
    channels = keys.number("C")
    plane, window = _plane(keys)
    stride, dilation = keys.pair("stride", 1), keys.pair("dilation", 1)
    return conv(
        name,
        N=keys.number("N", 1),
        M=keys.number("M"),
        C=channels,
        P=plane[0],
        Q=plane[1],
        R=window[0],
        S=window[1],
        G=keys.number("G", 1),
        stride=stride,
        dilation=dilation,
        bits=keys.bits(),
    )


def _read_depthwise(name: str, keys: _Keys) -> Operation:
    channels = keys.number("C")
    plane, window = _plane(keys)
    return conv(
        name,
        N=keys.number("N", 1),
        M=channels,
        C=channels,
        P=plane[0],
        Q=plane[1],
        R=window[0],
        S=window[1],
        G=channels,
        stride=keys.pair("stride", 1),
        dilation=keys.pair("dilation", 1),
        bits=keys.bits(),
    )


def _read_transposed(name: str, keys: _Keys) -> Operation:
    return conv_transposed(
        name,
        N=keys.number("N", 1),
        M=keys.number("M"),
        C=keys.number("C"),
        P=keys.number("P"),
        Q=keys.number("Q", 1),
        R=keys.number("R", 1),
        S=keys.number("S", 1),
        G=keys.number("G", 1),
        stride=keys.pair("stride", 1),
        dilation=keys.pair("dilation", 1),
        bits=keys.bits(),
    )


def _plane(keys: _Keys) -> tuple[tuple[int, int], tuple[int, int]]:
    """(P, Q) and (R, S); a plane without width and filter width is one-dimensional."""
    stride, dilation = keys.pair("stride", 1), keys.pair("dilation", 1)
    padding = keys.pair("padding", 0, lowest=0)
    sizes: list[int] = []
    taps: list[int] = []
    for index, (out, full, tap) in enumerate((("P", "H", "R"), ("Q", "W", "S"))):
        other = "S" if tap == "R" else "R"
        flat = index == 1 and not {"Q", "W", "S"} & set(keys.fields)
        if not flat and other in keys.fields:
            keys.need(tap)  # a filter of which only one side is given is a slip
        taps.append(keys.number(tap, 1))
        if out not in keys.fields and not flat:
            keys.need(full if full in keys.fields else out, instead=full)
        sizes.append(keys.number(out, 1))
        if full not in keys.fields:
            continue
        found = output_size(
            keys.number(full),
            taps[index],
            stride=stride[index],
            padding=padding[index],
            dilation=dilation[index],
        )
        if out in keys.fields and found != sizes[index]:
            raise WorkloadError(
                f"{out} and {full} contradict each other",
                where=keys.where,
                got=f"{out}={sizes[index]}",
                expected=f"{out}={found}, which follows from {full} and the window",
                fix=f"leave {out} or {full} out, or correct stride and padding",
            )
        sizes[index] = found
    return (sizes[0], sizes[1]), (taps[0], taps[1])


def _read_fc(name: str, keys: _Keys) -> Operation:
    return fully_connected(
        name, M=keys.number("M"), C=keys.number("C"), N=keys.number("N", 1), bits=keys.bits()
    )


def _read_matmul(name: str, keys: _Keys) -> Operation:
    return matmul(
        name, M=keys.number("M"), K=keys.number("K"), N=keys.number("N"), bits=keys.bits()
    )


def _read_batched(name: str, keys: _Keys) -> Operation:
    return batched_matmul(
        name,
        B=keys.number("B"),
        H=keys.number("H") if "H" in keys.fields else None,
        M=keys.number("M"),
        K=keys.number("K"),
        N=keys.number("N"),
        bits=keys.bits(),
    )


def _read_attention(name: str, keys: _Keys) -> tuple[Operation, Operation, Operation]:
    return attention(
        name,
        B=keys.number("B", 1),
        H=keys.number("H"),
        queries=keys.number("queries"),
        keys=keys.number("keys"),
        head_size=keys.number("head_size"),
        key_heads=keys.number("key_heads") if "key_heads" in keys.fields else None,
        bits=keys.bits(),
    )


def _read_scores(name: str, keys: _Keys) -> Operation:
    return _read_attention(name, keys)[0]


def _read_values(name: str, keys: _Keys) -> Operation:
    return _read_attention(name, keys)[2]


Reader = Callable[[str, _Keys], Operation]
_WINDOW = (*WINDOW, *WINDOW_PAIRS, "bits")
_DEPTHWISE = tuple(key for key in _WINDOW if key not in ("M", "G"))
_TRANSPOSED = tuple(key for key in _WINDOW if key not in ("H", "W", "padding"))
_BATCHED = ("B", "H", "M", "K", "N", "bits")
_HEADS = (*ATTENTION, "bits")
PARSERS: Mapping[str, tuple[Reader, tuple[str, ...], tuple[str, ...]]] = {
    "conv": (_read_conv, _WINDOW, ("M", "C")),
    "depthwise": (_read_depthwise, _DEPTHWISE, ("C",)),
    "conv_transposed": (_read_transposed, _TRANSPOSED, ("M", "C", "P")),
    "fc": (_read_fc, ("N", "M", "C", "bits"), ("M", "C")),
    "matmul": (_read_matmul, ("M", "K", "N", "bits"), ("M", "K", "N")),
    "bmm": (_read_batched, _BATCHED, ("B", "M", "K", "N")),
    "batched_matmul": (_read_batched, _BATCHED, ("B", "M", "K", "N")),
    "scores": (_read_scores, _HEADS, ("H", "queries", "keys", "head_size")),
    "values": (_read_values, _HEADS, ("H", "queries", "keys", "head_size")),
}
"""Kind -> (how to read it, its keys, the keys it needs)."""
