"""Which mappings does a dataflow allow? Constraints for any operation on any chip, by name."""

from picojoule.dataflows.catalogue import DATAFLOWS, Dataflow, dataflow
from picojoule.dataflows.study import Storage, study_chips

__all__ = ["DATAFLOWS", "Dataflow", "Storage", "dataflow", "study_chips"]
