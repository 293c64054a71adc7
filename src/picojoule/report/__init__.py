"""How is it shown? Tables, pictures and files; sees numbers and names, no physics."""

from picojoule.report.bars import BarPanel, Bars, draw_bars, save_bars
from picojoule.report.curve import Curve, Quantity, draw_curve, save_curve
from picojoule.report.figures import (
    Chart,
    Panel,
    Stack,
    draw_chart,
    picture_format,
    require_matplotlib,
    save_chart,
)
from picojoule.report.files import OutputError, check_place, to_json, write_whole
from picojoule.report.grids import Grid, GridPicture, draw_grids, save_grids
from picojoule.report.roofline import Dot, Roofline, draw_roofline, save_roofline
from picojoule.report.table import Cell, Column, Table, flatten, plain, printable, records_table
from picojoule.report.text import (
    WIDTH,
    common_unit,
    count,
    engineering,
    reasons_table,
    scaled,
    to_csv,
    to_text,
)

__all__ = [
    "WIDTH",
    "BarPanel",
    "Bars",
    "Cell",
    "Chart",
    "Column",
    "Curve",
    "Dot",
    "Grid",
    "GridPicture",
    "OutputError",
    "Panel",
    "Quantity",
    "Roofline",
    "Stack",
    "Table",
    "check_place",
    "common_unit",
    "count",
    "draw_bars",
    "draw_chart",
    "draw_curve",
    "draw_grids",
    "draw_roofline",
    "engineering",
    "flatten",
    "picture_format",
    "plain",
    "printable",
    "reasons_table",
    "records_table",
    "require_matplotlib",
    "save_bars",
    "save_chart",
    "save_curve",
    "save_grids",
    "save_roofline",
    "scaled",
    "to_csv",
    "to_json",
    "to_text",
    "write_whole",
]
