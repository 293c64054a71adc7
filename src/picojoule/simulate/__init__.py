"""What really happens when the nest runs? The oracle: execution, step by step and word by word."""

from picojoule.simulate.oracle import execute, execute_slowly
from picojoule.simulate.passage import Footprint
from picojoule.simulate.zeros import execute_with_zeros

__all__ = ["Footprint", "execute", "execute_slowly", "execute_with_zeros"]
