"""Published: the table of docs/chips.md that sets published figures beside the model's.

Run as a program, it computes every figure (minutes) and rewrites the table; a test of tests/paper
fails while a row says something else than the model.
"""

import re
import sys
from pathlib import Path

from picojoule.hardware import accelerator, library
from picojoule.published import FAMILIES, QUANTITIES, Comparison, compare, quantity_text, report

PAGE = Path(__file__).parents[2] / "docs" / "chips.md"
HEAD = (
    "| chip | figure | of | published | modelled | error | why, or what is missing | source |\n"
    "|---|---|---|---|---|---|---|---|\n"
)
_TABLE = re.compile(r"(<!-- published -->\n)(?:\|[^\n]*\n)*")


def row(name: str, one: Comparison) -> str:
    """A figure as a row of the table."""
    figure = one.figure
    shown = "" if one.modelled is None else quantity_text(figure.quantity, one.modelled)
    error = "" if one.error is None else f"{100 * one.error:+.1f} %"
    why = f"needs {figure.needs}" if figure.needs else figure.because
    cells = (
        f"`{name}`",
        QUANTITIES[figure.quantity][0],
        figure.about,
        quantity_text(figure.quantity, figure.value),
        shown,
        error,
        why,
        figure.source,
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    rows: list[tuple[int, str]] = []
    for name in library():
        known = report(name)
        assert known is not None
        print(name, file=sys.stderr)
        for one in compare(accelerator(name), known.figures, run=True):
            rows.append((FAMILIES.index(known.family), row(name, one)))
    table = HEAD + "".join(f"{text}\n" for _, text in sorted(rows, key=lambda pair: pair[0]))
    page = _TABLE.sub(lambda match: match[1] + table, PAGE.read_text())
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
