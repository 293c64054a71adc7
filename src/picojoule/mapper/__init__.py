"""Which mapping is best, and is that proved?"""

from picojoule.mapper.certificate import Certificate, Solution, Verification, verify
from picojoule.mapper.problem import OBJECTIVES, Minimize
from picojoule.mapper.search import search

__all__ = ["OBJECTIVES", "Certificate", "Minimize", "Solution", "Verification", "search", "verify"]
