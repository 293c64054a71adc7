"""Diagram: a chip as nested blocks, in text and as SVG.

A memory is a block, what it feeds stands below it, and an array is a frame around everything that
it repeats: one of its instances is drawn, and the frame says how many there are.
"""

from dataclasses import dataclass
from html import escape

from picojoule.hardware.accelerator import Accelerator, Array, Compute, Memory, Part
from picojoule.units import size_text

_ROW, _PAD, _GAP = 22, 10, 18
_CHARACTER = 7.3
"""Width of a character of the SVG's 12-pixel monospaced letters."""
_FILL = {"memory": "#dbe9f6", "compute": "#fde2c8"}


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the drawing: a memory or compute unit, or a frame around others.

    Args:
        kind: "memory", "array" or "compute".
        title: Its first line, e.g. "glb: 108 kB".
        detail: Its second line; empty for none.
        inside: What a frame encloses, from the outside in.
    """

    kind: str
    title: str
    detail: str = ""
    inside: tuple["Block", ...] = ()


def blocks(chip: Accelerator) -> tuple[Block, ...]:
    """The chip's blocks, outermost first; arrays hold the blocks of all parts below them.

    >>> from picojoule.hardware import accelerator
    >>> dram, glb, pes = blocks(accelerator("eyeriss"))
    >>> pes.title, [block.title for block in pes.inside]
    ('pes: 14 x 12', ['spad: weights 448 B, inputs 24 B, outputs 48 B', 'mac: 16 bits'])
    """
    return _blocks(chip.parts)


def draw_text(chip: Accelerator) -> str:
    """The block diagram in plain characters.

    >>> from picojoule.hardware import accelerator
    >>> print(*draw_text(accelerator("eyeriss")).splitlines()[1].split())
    | dram: unbounded |
    """
    lines = _text(blocks(chip))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def draw_svg(chip: Accelerator) -> str:
    """The block diagram as an SVG document."""
    drawn = blocks(chip)
    width, height = _size(drawn)
    shapes = [f'<text x="{_PAD}" y="18" font-weight="bold">{escape(chip.name)}</text>']
    _place(drawn, _PAD, 28, width, shapes)
    body = "\n".join(shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 2 * _PAD:.0f}" '
        f'height="{height + 28 + _PAD:.0f}" font-family="monospace" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _blocks(parts: tuple[Part, ...]) -> tuple[Block, ...]:
    found: list[Block] = []
    for index, part in enumerate(parts):
        if isinstance(part, Array):
            return (*found, _frame(part, _blocks(parts[index + 1 :])))
        found.append(_memory(part) if isinstance(part, Memory) else _compute(part))
    return tuple(found)


def _memory(part: Memory) -> Block:
    sizes = [f"{role} {size_text(bits)}" for role, bits in part.partitions]
    if part.capacity_bits is not None:
        sizes.insert(0, size_text(part.capacity_bits))
    rates = (
        ("out", part.read_bits_per_cycle),
        ("in", part.write_bits_per_cycle),
        ("both ways", part.port_bits_per_cycle),
    )
    limits = [f"{rate:g} b/cycle {name}" for name, rate in rates if rate is not None]
    held = [] if part.partitions and part.capacity_bits is None else [" ".join(part.holds)]
    title = f"{part.name}: {', '.join(sizes) or 'unbounded'}"
    return Block("memory", title, ", ".join([*held, *limits]))


def _compute(part: Compute) -> Block:
    time = f", {part.cycles} cycles a step" if part.cycles > 1 else ""
    return Block("compute", f"{part.name}: {part.bits} bits{time}")


def _frame(part: Array, inside: tuple[Block, ...]) -> Block:
    spread = [
        f"{axis}: {' '.join(dims)}"
        for axis, dims in (("x", part.x_dims), ("y", part.y_dims))
        if dims
    ]
    notes = [", ".join(spread)] if spread else []
    if part.multicast:
        notes.append(f"{' '.join(part.multicast)} multicast")
    if part.reduces:
        notes.append("sums reduced")
    return Block("array", f"{part.name}: {part.x} x {part.y}", "; ".join(notes), inside)


def _text(drawn: tuple[Block, ...]) -> list[str]:
    """Boxes one below the other, all as wide as the widest, with lines between."""
    bodies = [
        [*filter(None, (block.title, block.detail)), *(_text(block.inside) if block.inside else [])]
        for block in drawn
    ]
    width = max(len(line) for body in bodies for line in body)
    lines: list[str] = []
    for block, body in zip(drawn, bodies, strict=True):
        edge = ("=" if block.kind == "array" else "-") * (width + 2)
        if lines:
            lines.append(" " * (width // 2 + 2) + "|")
        lines += [f"+{edge}+", *(f"| {line:<{width}} |" for line in body), f"+{edge}+"]
    return lines


def _size(drawn: tuple[Block, ...]) -> tuple[float, float]:
    """Width and height of some blocks in a column."""
    sizes = [_block_size(block) for block in drawn]
    return max(w for w, _ in sizes), sum(h for _, h in sizes) + _GAP * (len(sizes) - 1)


def _block_size(block: Block) -> tuple[float, float]:
    lines = [line for line in (block.title, block.detail) if line]
    width = max(len(line) for line in lines) * _CHARACTER + 2 * _PAD
    height = _ROW * len(lines) + _PAD
    if block.inside:
        inner_width, inner_height = _size(block.inside)
        return max(width, inner_width + 2 * _PAD), height + inner_height + _PAD
    return width, height


def _place(
    drawn: tuple[Block, ...], left: float, top: float, width: float, shapes: list[str]
) -> None:
    """Write the shapes of a column of blocks."""
    for index, block in enumerate(drawn):
        _, height = _block_size(block)
        if index:
            middle = left + width / 2
            shapes.append(
                f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{top - _GAP:.1f}" '
                f'y2="{top:.1f}" stroke="#444"/>'
            )
        fill = _FILL.get(block.kind, "none")
        dash = ' stroke-dasharray="5 3"' if block.kind == "array" else ""
        shapes.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="4" fill="{fill}" stroke="#444"{dash}/>'
        )
        lines = [line for line in (block.title, block.detail) if line]
        for row, line in enumerate(lines):
            color = "#111" if row == 0 else "#555"
            shapes.append(
                f'<text x="{left + _PAD:.1f}" y="{top + _ROW * (row + 1) - 4:.1f}" '
                f'fill="{color}">{escape(line)}</text>'
            )
        if block.inside:
            inner = top + _ROW * len(lines) + _PAD
            _place(block.inside, left + _PAD, inner, width - 2 * _PAD, shapes)
        top += height + _GAP
