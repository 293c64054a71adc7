"""picojoule's side: the proved optimum of a problem, and what the peers' mappings cost here.

`search PROBLEM` searches; `reprice PROBLEM` reads peers' mappings as JSON, a list of texts,
from the standard input. Both print JSON.
"""

import json
import sys
from dataclasses import asdict

from measure import report
from peer_mapping import reprice
from problems import CHIPS, Problem, problem_of

from picojoule.hardware import Accelerator, accelerator
from picojoule.mapper import Constraints, PartConstraints, Solution, search
from picojoule.mapping import format_nest
from picojoule.simulate import execute
from picojoule.workload import parse_operation

LARGEST_EXECUTION = 2_000_000_000
"""Steps up to which the oracle runs a nest: some ten seconds."""


def keeping(chip: Accelerator, problem: Problem) -> Constraints:
    """Each memory keeps all that it holds, or only outputs for certain, as in the other tools."""
    kept = {
        memory.name: tuple(
            role for role in memory.holds if role == "outputs" or not problem.passes_by
        )
        for memory in chip.memories
    }
    return Constraints({name: PartConstraints(keep=roles) for name, roles in kept.items()})


def describe(solution: Solution) -> dict[str, object]:
    """The optimum and its certificate; the oracle counts it again where that is affordable."""
    certificate = solution.certificate
    executed = operation.steps <= LARGEST_EXECUTION
    if executed and execute(operation, chip, solution.nest) != solution.counts:
        raise ValueError(f"{problem.key}: the oracle counts the optimum differently")
    return {
        "energy_pj": solution.costs.energy_pj,
        "lower_bound_pj": certificate.lower_bound,
        "proved": certificate.optimal,
        "executed": executed,
        "evaluated": certificate.evaluated,
        "mapspace_size": certificate.mapspace_size,
        "nest": format_nest(solution.nest),
    }


if __name__ == "__main__":
    problem = problem_of(sys.argv[2])
    operation = parse_operation(problem.text, name=problem.name)
    chip = accelerator(str(CHIPS / f"{problem.chip}.yaml"))
    if sys.argv[1] == "search":
        constraints = keeping(chip, problem)
        report(
            lambda: search(operation, chip, constraints=constraints, factors="perfect"), describe
        )
    else:
        found = [
            asdict(reprice(operation, chip, mapping, largest_execution=LARGEST_EXECUTION))
            for mapping in json.load(sys.stdin)
        ]
        print(json.dumps(found))
