"""Text: a nest as an indented loop nest that people read and programs read back.

```
dram  keeps weights inputs outputs
  for M in 4
  for P in 8
array
  spread M in 14 over x
```

A level starts at the left margin with its part's name; its loops follow, indented, outermost
first. `#` starts a comment.
"""

import re

from picojoule.errors import MappingError
from picojoule.mapping.nest import Level, Loop, Nest

LARGEST_TEXT = 1 << 16
"""Characters of a nest that are read: hundreds of times any real one."""
LARGEST_BOUND = 2**63 - 1

_NAME = re.compile(r"[^\s#]+")
_FOR = "for DIM in BOUND"
_SPREAD = "spread DIM in BOUND over x (or y)"
_LEVEL = "PART, or PART keeps TENSOR ..."


def format_nest(nest: Nest) -> str:
    """Show a nest as text that `parse_nest` reads back unchanged.

    Raises:
        MappingError: A name contains white space or `#`, or is empty.

    >>> print(format_nest(Nest((Level("dram", (Loop("M", 4),), ("weights",)),))))
    dram  keeps weights
      for M in 4
    """
    lines: list[str] = []
    for level in nest.levels:
        names = [_checked(name) for name in level.keeps]
        keeps = f"  keeps {' '.join(names)}" if names else ""
        lines.append(_checked(level.part) + keeps)
        for loop in level.loops:
            dim = _checked(loop.dim)
            if loop.axis is None:
                lines.append(f"  for {dim} in {loop.bound}")
            else:
                lines.append(f"  spread {dim} in {loop.bound} over {loop.axis}")
    return "\n".join(lines)


def parse_nest(text: str, *, name: str = "nest") -> Nest:
    """Read a nest from its text form.

    Args:
        text: As `format_nest` writes it; blank lines and `# comments` are skipped.
        name: What messages call the text, such as its file.

    Raises:
        MappingError: With the line, what stands there and what may stand there.

    >>> parse_nest("dram keeps w\\n  for M in 4").levels[0].loops
    (Loop(dim='M', bound=4, axis=None),)
    """
    if len(text) > LARGEST_TEXT:
        raise MappingError(
            "text is too long for a nest",
            where=name,
            got=f"{len(text)} characters",
            expected=f"at most {LARGEST_TEXT}",
            fix="give the mapping's text, not another file",
        )
    levels: list[Level] = []
    for number, line in enumerate(text.split("\n"), start=1):
        content = line.split("#", 1)[0].rstrip()
        if not content.strip():
            continue
        where = f"{name}:{number}"
        words = content.split()
        if not content[0].isspace():
            levels.append(_level(words, where))
        elif not levels:
            raise _error("loop stands before any level", where, content.strip(), _LEVEL)
        else:
            last = levels[-1]
            loops = (*last.loops, _loop(words, where))
            levels[-1] = Level(last.part, loops, last.keeps)
    if not levels:
        raise _error("nest is empty", name, "no levels", _LEVEL)
    return Nest(tuple(levels))


def _level(words: list[str], where: str) -> Level:
    if len(words) == 1:
        return Level(words[0])
    if words[0] in ("for", "spread") and words[1] != "keeps":
        raise _error(
            "loop is not indented", where, " ".join(words), "a loop indented by two blanks"
        )
    if words[1] != "keeps" or len(words) == 2:
        raise _error("level cannot be read", where, " ".join(words), _LEVEL)
    return Level(words[0], keeps=tuple(words[2:]))


def _loop(words: list[str], where: str) -> Loop:
    match words:
        case ["for", dim, "in", bound]:
            return Loop(dim, _bound(bound, where))
        case ["spread", dim, "in", bound, "over", ("x" | "y") as axis]:
            return Loop(dim, _bound(bound, where), axis)
        case ["for", *_]:
            raise _error("loop cannot be read", where, " ".join(words), _FOR)
        case ["spread", *_]:
            raise _error("loop cannot be read", where, " ".join(words), _SPREAD)
        case _:
            raise _error("loop cannot be read", where, " ".join(words), f"{_FOR}, or {_SPREAD}")


def _bound(word: str, where: str) -> int:
    digits = word.isascii() and word.isdigit() and len(word) <= len(str(LARGEST_BOUND))
    if not digits or not 1 <= int(word) <= LARGEST_BOUND:
        raise _error("bound is not a count", where, word, "an integer of at least 1")
    return int(word)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise MappingError(
            "name cannot stand in a nest's text",
            where="format_nest",
            got=repr(name),
            expected="a name without white space and '#'",
            fix="rename the part, dimension or tensor",
        )
    return name


def _error(what: str, where: str, got: str, expected: str) -> MappingError:
    shown = got if len(got) <= 80 else f"{got[:77]}..."
    return MappingError(what, where=where, got=shown, expected=expected, fix=f"write: {expected}")
