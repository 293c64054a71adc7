"""What does this network cost on this chip? The whole pipeline, and its result."""

from picojoule.evaluation.pipeline import (
    Progress,
    evaluate,
    evaluate_operation,
)
from picojoule.evaluation.result import Evaluation, LayerResult, Unmapped
from picojoule.evaluation.tables import (
    describe_evaluation,
    energy_chart,
    evaluation_tables,
    ignored_table,
)

__all__ = [
    "Evaluation",
    "LayerResult",
    "Progress",
    "Unmapped",
    "describe_evaluation",
    "energy_chart",
    "evaluate",
    "evaluate_operation",
    "evaluation_tables",
    "ignored_table",
]
