"""What really happens when the nest runs? The oracle: execution, step by step and word by word."""

from picojoule.simulate.oracle import execute, execute_slowly
from picojoule.simulate.passage import Footprint
from picojoule.simulate.systolic import NOTHING, SystolicRun, Watch, multiply
from picojoule.simulate.systolic_tensors import run_systolic
from picojoule.simulate.zeros import execute_with_zeros

__all__ = [
    "NOTHING",
    "Footprint",
    "SystolicRun",
    "Watch",
    "execute",
    "execute_slowly",
    "execute_with_zeros",
    "multiply",
    "run_systolic",
]
