"""Which mapping is best, and is that proved?"""

from picojoule.mapper.certificate import Certificate
from picojoule.mapper.objective import OBJECTIVES, Minimize
from picojoule.mapper.search import Solution, search
from picojoule.mapper.verify import Verification, verify

__all__ = ["OBJECTIVES", "Certificate", "Minimize", "Solution", "Verification", "search", "verify"]
