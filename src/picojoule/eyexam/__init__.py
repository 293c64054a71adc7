"""What keeps a layer from the chip's peak? Seven bounds, each tighter, and the roofline."""

from picojoule.eyexam.examine import Examination, LayerExam, examine
from picojoule.eyexam.steps import STEPS, Step
from picojoule.eyexam.tables import describe_examination, loss_chart, roofline

__all__ = [
    "STEPS",
    "Examination",
    "LayerExam",
    "Step",
    "describe_examination",
    "examine",
    "loss_chart",
    "roofline",
]
