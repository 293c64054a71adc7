"""Which mapping is best, and is that proved?"""

from picojoule.mapper.certificate import Certificate, Solution, Verification, verify
from picojoule.mapper.constraints import (
    Constraints,
    Limits,
    PartConstraints,
    Range,
    join_constraints,
    load_constraints,
    parse_constraints,
)
from picojoule.mapper.factors import Factors, checked_factors
from picojoule.mapper.front import Front, pareto_front
from picojoule.mapper.objective import OBJECTIVES, Objective, parse_objective
from picojoule.mapper.search import search

__all__ = [
    "OBJECTIVES",
    "Certificate",
    "Constraints",
    "Factors",
    "Front",
    "Limits",
    "Objective",
    "PartConstraints",
    "Range",
    "Solution",
    "Verification",
    "checked_factors",
    "join_constraints",
    "load_constraints",
    "pareto_front",
    "parse_constraints",
    "parse_objective",
    "search",
    "verify",
]
