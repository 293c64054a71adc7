"""What does this network cost on this chip? The whole pipeline, and its result."""

from picojoule.evaluation.front import NetworkFront
from picojoule.evaluation.front_tables import describe_front, front_curve
from picojoule.evaluation.pipeline import (
    Progress,
    evaluate,
    evaluate_operation,
    network_front,
)
from picojoule.evaluation.result import Evaluation, LayerResult, Unmapped
from picojoule.evaluation.systolic_picture import draw_systolic
from picojoule.evaluation.systolic_report import (
    SystolicLayer,
    SystolicReport,
    describe_systolic,
    systolic,
)
from picojoule.evaluation.tables import (
    describe_evaluation,
    energy_chart,
    evaluation_tables,
    ignored_table,
)
from picojoule.evaluation.words import load_for, network_for, operation_for

__all__ = [
    "Evaluation",
    "LayerResult",
    "NetworkFront",
    "Progress",
    "SystolicLayer",
    "SystolicReport",
    "Unmapped",
    "describe_evaluation",
    "describe_front",
    "describe_systolic",
    "draw_systolic",
    "energy_chart",
    "evaluate",
    "evaluate_operation",
    "evaluation_tables",
    "front_curve",
    "ignored_table",
    "load_for",
    "network_for",
    "network_front",
    "operation_for",
    "systolic",
]
