"""AccelForge's side: the problem in its terms, its best mapping in ours. Runs in its environment.

It is asked for energy only, with its default factors, which divide. Drawing and tabulating the
result stay out of the time.
"""

import logging
import sys
import tempfile
from pathlib import Path

import accelforge
import yaml
from accelforge.frontend.mapper.metrics import Metrics
from accelforge.frontend.mapping import Reservation, Spatial, Temporal
from accelforge.mapper.FFM.main import join_pmappings, make_pmappings
from measure import report
from problems import CHIPS, Problem, problem_of
from spec import ROLES, WORD_BITS, Array, Chip, Memory, read_chip


class Tagged(dict):
    """A mapping with a YAML tag, as AccelForge marks its nodes."""

    tag = ""


def tagged(tag: str, fields: dict[str, object]) -> Tagged:
    """A node of the architecture."""
    node = Tagged(fields)
    node.tag = f"!{tag}"
    return node


class Dumper(yaml.SafeDumper):
    """Writes tagged mappings."""


Dumper.add_representer(Tagged, lambda dumper, node: dumper.represent_mapping(node.tag, dict(node)))


def memory_node(memory: Memory, problem: Problem) -> Tagged:
    """A memory that keeps what it holds, or may keep it, and pays per word."""
    words = memory.capacity_words
    costs = {"read": memory.read_pj, "write": memory.write_pj}
    return tagged(
        "Memory",
        {
            "name": memory.name,
            "size": "inf" if words is None else words * WORD_BITS,
            "leak_power": 0,
            "area": 0,
            "tensors": kept_tensors(memory, problem),
            "bits_per_action": WORD_BITS,
            "actions": [
                {"name": name, "energy": energy_pj, "throughput": "inf"}
                for name, energy_pj in costs.items()
            ],
        },
    )


def kept_tensors(memory: Memory, problem: Problem) -> dict[str, str]:
    """What a memory must and may keep; the outermost keeps everything."""
    is_free = problem.passes_by and memory.capacity_words is not None
    must = [role for role in memory.holds if role == "outputs" or not is_free]
    may = [role for role in memory.holds if role not in must]
    return {"keep": " | ".join(must) or "Nothing", "may_keep": " | ".join(may) or "Nothing"}


def array_node(array: Array, problem: Problem) -> Tagged:
    """An array; which dimensions go along an axis is said by the tensor that they share."""
    axes = (("x", array.x, array.x_dims), ("y", array.y, array.y_dims))
    spatial = [
        {"name": name, "fanout": fanout, "reuse": shared_tensor(problem, dims)}
        for name, fanout, dims in axes
    ]
    return tagged("Container", {"name": array.name, "spatial": spatial})


def shared_tensor(problem: Problem, dims: tuple[str, ...]) -> str:
    """The tensor that exactly these dimensions of the problem do not index."""
    wanted = set(dims) & set(problem.sizes)
    for role, axes in problem.indices.items():
        indexed = {dim for terms in axes for dim, _ in terms}
        if set(problem.sizes) - indexed == wanted:
            return role
    raise ValueError(f"no tensor is shared along {' '.join(dims)}")


def architecture(chip: Chip, problem: Problem) -> dict[str, object]:
    """The chip as AccelForge's tree."""
    nodes = [
        memory_node(part, problem) if isinstance(part, Memory) else array_node(part, problem)
        for part in chip.parts
    ]
    compute = [{"name": "compute", "energy": chip.mac_pj, "throughput": 1}]
    mac = tagged("Compute", {"name": "mac", "leak_power": 0, "area": 0, "actions": compute})
    return {"nodes": [*nodes, mac]}


def workload(problem: Problem) -> dict[str, object]:
    """The operation as an Einsum."""
    accesses: list[dict[str, object]] = []
    for role in ROLES:
        axes = [terms for terms in problem.indices[role] if terms]
        projection = {f"A{n}": expression(terms) for n, terms in enumerate(axes)}
        access: dict[str, object] = {"name": role, "projection": projection}
        accesses.append(access | ({"output": True} if role == "outputs" else {}))
    shape = {dim.lower(): f"0 <= {dim.lower()} < {size}" for dim, size in problem.sizes.items()}
    return {
        "iteration_space_shape": shape,
        "bits_per_value": {"All": WORD_BITS},
        "einsums": [{"name": "operation", "tensor_accesses": accesses}],
    }


def expression(terms: tuple[tuple[str, int], ...]) -> str:
    """The index of an axis, as AccelForge parses it."""
    return " + ".join(f"{k} * {dim.lower()}" if k > 1 else dim.lower() for dim, k in terms)


def search(path: Path) -> tuple:
    """Read the specification and map it: the best mapping, and how many were evaluated."""
    spec = accelforge.Spec.from_yaml(str(path))
    spec.mapper.metrics = Metrics.ENERGY
    partial = make_pmappings(spec, print_progress=False)
    best = join_pmappings(partial, metrics=Metrics.ENERGY, print_progress=False)
    return best.data.iloc[0], partial.n_evaluated_pmappings()


def describe(found: tuple, problem: Problem) -> dict[str, object]:
    """Its energy, and its mapping as a list of nodes, outermost first.

    A tile starts where AccelForge reserves its room, which may be further in than the node that
    names the memory.
    """
    row, evaluated = found
    nodes: list[str] = []
    extents = dict(problem.sizes)
    for node in row["Total<SEP>mapping"](_for_model=True).nodes:
        if isinstance(node, Reservation):
            nodes.extend(f"keep {node.resource} {role}" for role in node.purposes)
        elif isinstance(node, Temporal | Spatial):
            nodes.append(loop_node(node, extents))
    energy_pj = float(row["Total<SEP>energy"])
    return {"energy_pj": energy_pj, "nodes": "; ".join(nodes), "evaluated": int(evaluated)}


def loop_node(node: object, extents: dict[str, int]) -> str:
    """A loop with its bound: the extent outside over the extent inside, which is noted."""
    dim = str(node.rank_variable).upper()
    outside, inside = extents[dim], int(node.tile_shape)
    extents[dim] = inside
    if isinstance(node, Spatial):
        return f"spread {node.component} {node.name} {dim} {outside // inside}"
    return f"loop {dim} {outside // inside}"


if __name__ == "__main__":
    logging.disable()
    accelforge.set_n_parallel_jobs(1)
    problem = problem_of(sys.argv[1])
    chip = read_chip(CHIPS / f"{problem.chip}.yaml")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.yaml"
        document = {"arch": architecture(chip, problem), "workload": workload(problem)}
        path.write_text(yaml.dump(document, Dumper=Dumper, sort_keys=False))
        report(lambda: search(path), lambda found: describe(found, problem))
