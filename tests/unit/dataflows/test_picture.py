"""Picture: what a mapping keeps, broadcasts and adds up, told from the nest by hand."""

import pytest

from picojoule.dataflows import describe_use, grid_picture, tensor_uses
from picojoule.hardware import Accelerator, Array, Compute, Memory
from picojoule.mapping import parse_nest
from picojoule.report import draw_grids, save_grids
from picojoule.workload import parse_operation

CHIP = Accelerator(
    "small",
    (Memory("dram"), Memory("buffer", capacity_bits=1 << 20), Array("pes", 3, 3),
     Memory("rf", capacity_bits=1 << 12), Compute()),
)  # fmt: skip
CONV = parse_operation("conv M=4 C=2 P=3 Q=5 R=2 S=3")
ROWS = parse_nest(
    """dram  keeps weights inputs outputs
  for M in 2
buffer  keeps inputs
  for Q in 5
pes
  spread P in 3 over x
  spread R in 2 over y
rf  keeps weights inputs outputs
  for S in 3
  for C in 2
  for M in 2
"""
)
WEIGHTS = parse_nest(
    """dram  keeps weights inputs outputs
  for R in 2
  for S in 3
buffer  keeps outputs
  for M in 2
pes
  spread M in 2 over x
  spread C in 2 over y
rf  keeps weights
  for P in 3
  for Q in 5
"""
)


def test_rows_stay_and_slide() -> None:
    weights, inputs, outputs = tensor_uses(CONV, CHIP, ROWS)
    # Two filters by two channels by three taps, for all five positions of a row.
    assert (weights.words, weights.stays, weights.is_sliding) == (12, 60, False)
    # Two channels by three taps; the next position needs two of the three again.
    assert (inputs.words, inputs.stays, inputs.is_sliding) == (6, 12, True)
    assert (outputs.words, outputs.stays) == (2, 12)
    # A filter row along the three columns, an input row along a diagonal, a sum down a column.
    assert weights.cells == (("r0",) * 3, ("r1",) * 3, ("-",) * 3)
    assert inputs.cells[:2] == (("h0", "h1", "h2"), ("h1", "h2", "h3"))
    assert outputs.cells[:2] == (("p0", "p1", "p2"),) * 2
    assert (weights.sharing, inputs.sharing, outputs.sharing) == (3, 2, 2)
    assert outputs.source == "dram"
    assert inputs.source == "buffer"


def test_a_weight_stays_and_sums_pass() -> None:
    weights, inputs, outputs = tensor_uses(CONV, CHIP, WEIGHTS)
    assert (weights.words, weights.stays, weights.sharing) == (1, 15, 1)
    assert (inputs.words, inputs.sharing, inputs.source) == (0, 2, "dram")
    assert (outputs.words, outputs.sharing, outputs.source) == (0, 2, "buffer")
    assert weights.cells[0] == ("m0 c0", "m1 c0", "-")
    assert "2 PEs accumulate into one" in outputs.across


def test_the_text_shows_nest_and_array() -> None:
    text = describe_use(CONV, CHIP, ROWS)
    assert "pes: 3 x 3 PEs, x: P3, y: R2" in text
    assert "weights: 12 stay for 60 MACs; up to 3 PEs need the same, broadcast" in text
    assert "inputs: 6 stay for 12 MACs, then the window slides" in text
    assert "  h1  h2  h3\n" in text


def test_pieces_that_do_not_divide_leave_pes_without_work() -> None:
    nest = parse_nest(
        """dram  keeps weights inputs outputs
  for M in 4
  for C in 2
  for P in 3
  for R in 2
buffer
pes
  spread Q in 3 over x
rf  keeps outputs
  for Q in 2
  for S in 3
"""
    )
    (_, _, outputs) = tensor_uses(CONV, CHIP, nest)
    assert outputs.cells[0] == ("q0", "q2", "q4")
    # Two positions by three taps, and both rows of the filter, since no output moves with R.
    assert (outputs.words, outputs.stays) == (2, 12)


def test_pictures_are_drawn(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    picture = grid_picture(CONV, CHIP, ROWS, "rows")
    cells = [text.get_text() for axes in draw_grids(picture).axes for text in axes.texts]
    assert cells.count("h1") == 2
    assert cells.count("r0") == 3
    for ending in ("png", "svg"):
        save_grids(picture, tmp_path / f"rows.{ending}")
        assert (tmp_path / f"rows.{ending}").stat().st_size > 5000
