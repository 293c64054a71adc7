"""Which mappings does a dataflow allow? Constraints for any operation on any chip, by name."""

from picojoule.dataflows.catalogue import DATAFLOWS, Dataflow, dataflow
from picojoule.dataflows.picture import TensorUse, describe_use, grid_picture, tensor_uses
from picojoule.dataflows.study import study_chips

__all__ = [
    "DATAFLOWS",
    "Dataflow",
    "TensorUse",
    "dataflow",
    "describe_use",
    "grid_picture",
    "study_chips",
    "tensor_uses",
]
