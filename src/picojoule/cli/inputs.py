"""Inputs: what commands read of a model beside its file, and what they tell of it."""

from picojoule.cli.output import Output, UsageError


def read_shapes(texts: list[str] | None) -> dict[str, tuple[int, ...]] | None:
    """Read `x=1x3x224x224` for each input that the model leaves open."""
    if not texts:
        return None
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, equals, sizes = text.rpartition("=")
        parts = sizes.split("x")
        if not equals or not name or not all(p.isascii() and p.isdigit() for p in parts):
            raise UsageError(
                "shape of an input is not understood",
                where="--input",
                got=text,
                expected="NAME=SIZExSIZEx..., such as pixels=1x3x224x224",
                fix="write the input's name, an equals sign, and its sizes joined by x",
            )
        if max(map(len, parts)) > 18:
            raise UsageError(
                "size of an input is too large",
                where="--input",
                got=text,
                expected="sizes of at most 18 digits",
                fix="check for a size with too many digits",
            )
        shapes[name] = tuple(map(int, parts))
    return shapes


def warn_ignored(output: Output, ignored: int) -> None:
    """Tell how many parts of a model no reader understood."""
    if ignored:
        parts = "part" if ignored == 1 else "parts"
        output.warn(f"{ignored} {parts} of the model not understood; see `ignored`")
