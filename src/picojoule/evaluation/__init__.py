"""What does this network cost on this chip? The whole pipeline, and its result."""

from picojoule.evaluation.dataflow_costs import DataflowCosts, DataflowLayer, compare_dataflows
from picojoule.evaluation.front import NetworkFront
from picojoule.evaluation.front_tables import describe_front, front_curve
from picojoule.evaluation.pipeline import (
    Progress,
    evaluate,
    evaluate_operation,
    network_front,
)
from picojoule.evaluation.result import Evaluation, LayerResult, Unmapped
from picojoule.evaluation.tables import (
    describe_evaluation,
    energy_chart,
    evaluation_tables,
    ignored_table,
)

__all__ = [
    "DataflowCosts",
    "DataflowLayer",
    "Evaluation",
    "LayerResult",
    "NetworkFront",
    "Progress",
    "Unmapped",
    "compare_dataflows",
    "describe_evaluation",
    "describe_front",
    "energy_chart",
    "evaluate",
    "evaluate_operation",
    "evaluation_tables",
    "front_curve",
    "ignored_table",
    "network_front",
]
