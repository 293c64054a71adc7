"""ZigZag's side: the problem in its terms, its best mapping in ours. Runs in its environment.

`PROBLEM loma` or `PROBLEM salsa`, the two searches over the temporal loops. The spatial loops are
given: its own generator takes factors that do not divide, so it gets the widest choices that do, as
many as it would generate. One access moves one word, and a MAC remembers nothing.
"""

import itertools
import logging
import math
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml
from measure import report
from problems import CHIPS, Problem, problem_of
from spec import WORD_BITS, Chip, Memory, read_chip
from zigzag.mapping.temporal_mapping import TemporalMappingType
from zigzag.stages.evaluation.cost_model_evaluation import CostModelStage
from zigzag.stages.main import MainStage
from zigzag.stages.mapping.salsa import SalsaStage
from zigzag.stages.mapping.spatial_mapping_generation import SpatialMappingGeneratorStage
from zigzag.stages.mapping.temporal_mapping_generator_stage import TemporalMappingGeneratorStage
from zigzag.stages.parser.accelerator_parser import AcceleratorParserStage
from zigzag.stages.parser.workload_parser import WorkloadParserStage
from zigzag.stages.results.reduce_stages import MinimalEnergyStage
from zigzag.stages.workload_iterator import WorkloadStage

SPATIAL_CHOICES = 3
"""What ZigZag generates unless told otherwise."""
LOOP_LIMIT = 6
"""Loops that LOMA orders; it merges prime factors until there are no more."""
UNBOUNDED_BITS = 10**15

LETTER = {"N": "B", "M": "K", "C": "C", "P": "OY", "Q": "OX", "R": "FY", "S": "FX"}
DIMENSION = {zigzag: ours for ours, zigzag in LETTER.items()}
OPERAND = {"weights": "I2", "inputs": "I1", "outputs": "O"}
TENSOR = {"W": "weights", "I": "inputs", "O": "outputs"}


def hardware(chip: Chip) -> dict[str, object]:
    """The chip as ZigZag's hardware description, memories from the inside out."""
    array = chip.array
    return {
        "name": chip.name,
        "memories": {m.name: memory_entry(chip, m) for m in reversed(chip.memories)},
        "operational_array": {
            "unit_energy": chip.mac_pj,
            "unit_area": 1,
            "dimensions": ["D1", "D2"],
            "sizes": [array.x, array.y] if array else [1, 1],
        },
    }


def port_bits(chip: Chip, memory: Memory) -> int:
    """One word; where the array stands right below, a word for each place along its longer axis.

    ZigZag narrows spatial loops to what the innermost port delivers, and counts accesses of the
    whole port, rounded down.
    """
    innermost = {role: one for one in chip.memories for role in one.holds}
    if chip.array and chip.serves_array(memory) and memory in innermost.values():
        return WORD_BITS * max(chip.array.x, chip.array.y)
    return WORD_BITS


def memory_entry(chip: Chip, memory: Memory) -> dict[str, object]:
    """A memory with one port each way, priced per word of the port's width."""
    width = port_bits(chip, memory)
    words = memory.capacity_words
    shared = chip.array is None or chip.serves_array(memory)
    inwards = [f"{OPERAND[role]}, tl" for role in memory.holds]
    filled = [f"{OPERAND[role]}, fh" for role in memory.holds]
    sums = "outputs" in memory.holds
    ports = (
        ("r_port_1", "read", [*inwards, "O, th"] if sums else inwards),
        ("w_port_1", "write", [*filled, "O, fl"] if sums else filled),
    )
    return {
        "size": UNBOUNDED_BITS if words is None else words * WORD_BITS,
        "r_cost": memory.read_pj * width / WORD_BITS,
        "w_cost": memory.write_pj * width / WORD_BITS,
        "area": 0,
        "latency": 1,
        "operands": [OPERAND[role] for role in memory.holds],
        "ports": [
            {
                "name": name,
                "type": kind,
                "bandwidth_min": WORD_BITS,
                "bandwidth_max": width,
                "allocation": allocation,
            }
            for name, kind, allocation in ports
        ],
        "served_dimensions": ["D1", "D2"] if shared else [],
    }


def workload(problem: Problem) -> list[dict[str, object]]:
    """The operation as ZigZag's layer."""
    is_window = problem.text.startswith("conv")
    sizes = {LETTER[dim]: problem.fields.get(dim, 1) for dim in ("NMCPQRS" if is_window else "NMC")}
    equation = "O[b][k]+=W[k][c]*I[b][c]"
    layer: dict[str, object] = {}
    if is_window:
        equation = "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]"
        stride = problem.stride
        layer = {
            "dimension_relations": [f"ix={stride}*ox+1*fx", f"iy={stride}*oy+1*fy"],
            "pr_loop_dims": ["IX", "IY"],
            "pr_loop_sizes": [
                stride * (sizes["OX"] - 1) + sizes["FX"],
                stride * (sizes["OY"] - 1) + sizes["FY"],
            ],
            "padding": [[0, 0], [0, 0]],
        }
    precision = dict.fromkeys(("W", "I", "O", "O_final"), WORD_BITS)
    layer |= {
        "id": 0,
        "name": "operation",
        "operator_type": "Conv" if is_window else "Gemm",
        "equation": equation,
        "loop_dims": list(sizes),
        "loop_sizes": list(sizes.values()),
        "operand_precision": precision,
        "operand_source": {"I": 0, "W": 0},
    }
    return [layer]


def spatial_choices(chip: Chip, problem: Problem) -> list[dict[str, dict[str, int]]]:
    """The widest spatial factors that divide, per axis of the array."""
    array = chip.array
    if array is None:
        return [{"x": {}, "y": {}}]
    columns = list(axis_choices(problem, array.x_dims, array.x))
    rows = list(axis_choices(problem, array.y_dims, array.y))
    choices = [{"x": x, "y": y} for x, y in itertools.product(columns, rows)]
    choices.sort(key=lambda one: -math.prod([*one["x"].values(), *one["y"].values()]))
    return choices[:SPATIAL_CHOICES]


def axis_choices(problem: Problem, dims: tuple[str, ...], places: int) -> Iterator[dict[str, int]]:
    """Factors over the dimensions of an axis whose product fits."""
    named = [dim for dim in dims if dim in problem.sizes]
    divisors = [[n for n in range(1, places + 1) if problem.sizes[dim] % n == 0] for dim in named]
    for factors in itertools.product(*divisors):
        if math.prod(factors) <= places:
            yield {dim: n for dim, n in zip(named, factors, strict=True) if n > 1}


def mapping_entry(choice: dict[str, dict[str, int]], problem: Problem) -> list[dict[str, object]]:
    """Spatial loops in ZigZag's format, which wants one on each axis."""
    idle = next(iter(problem.sizes))
    axes = {"D1": choice["x"] or {idle: 1}, "D2": choice["y"] or {idle: 1}}
    spatial = {
        axis: [f"{LETTER[dim]}, {factor}" for dim, factor in factors.items()]
        for axis, factors in axes.items()
    }
    links = {"W": "I2", "I": "I1", "O": "O"}
    return [{"name": "default", "spatial_mapping": spatial, "memory_operand_links": links}]


def search(folder: Path, choices: list[dict[str, dict[str, int]]], engine: str) -> tuple:
    """The best evaluation over all spatial choices, and its choice."""
    found = [(evaluate(folder, n, engine), choice) for n, choice in enumerate(choices)]
    return min(found, key=lambda one: one[0].energy_total)


def evaluate(folder: Path, number: int, engine: str) -> object:
    """Search the temporal loops of one spatial choice: ZigZag's stages, without its saving."""
    stages = [
        WorkloadParserStage,
        AcceleratorParserStage,
        WorkloadStage,
        MinimalEnergyStage,
        SpatialMappingGeneratorStage,
        MinimalEnergyStage,
        TemporalMappingGeneratorStage if engine == "loma" else SalsaStage,
        CostModelStage,
    ]
    main = MainStage(
        stages,
        accelerator=str(folder / "hardware.yaml"),
        workload=str(folder / "workload.yaml"),
        mapping=str(folder / f"mapping-{number}.yaml"),
        dump_folder=str(folder),
        loma_lpf_limit=LOOP_LIMIT,
        loma_show_progress_bar=False,
        access_same_data_considered_as_no_access=False,
        temporal_mapping_type=TemporalMappingType.UNEVEN,
    )
    return main.run()[0][0]


def describe(found: tuple, chip: Chip) -> dict[str, object]:
    """Its energy, and its mapping as a list of nodes, outermost first."""
    evaluation, choice = found
    temporal = evaluation.temporal_mapping.mapping_dic_origin
    nodes = [
        f"spread {chip.array.name} {axis} {dim} {factor}"
        for axis, factors in choice.items()
        for dim, factor in factors.items()
        if chip.array
    ]
    order = [loop for level in next(iter(temporal.values())) for loop in level]
    starts = tile_starts(temporal, chip)
    for position in range(len(order), -1, -1):
        nodes.extend(f"keep {memory} {role}" for memory, role in starts.get(position, ()))
        if position:
            dim, bound = order[position - 1]
            nodes.append(f"loop {DIMENSION[str(dim)]} {int(bound)}")
    return {"energy_pj": float(evaluation.energy_total), "nodes": "; ".join(nodes)}


def tile_starts(temporal: dict, chip: Chip) -> dict[int, list[tuple[str, str]]]:
    """How many of the innermost loops each memory's tile of each tensor has inside."""
    starts: dict[int, list[tuple[str, str]]] = {}
    for operand, levels in temporal.items():
        role = TENSOR[str(operand)]
        holding = [memory for memory in reversed(chip.memories) if role in memory.holds]
        inside = 0
        for memory, loops in zip(holding, levels, strict=True):
            inside += len(loops)
            starts.setdefault(inside, []).insert(0, (memory.name, role))
    return starts


if __name__ == "__main__":
    logging.disable()
    random.seed(1)
    np.random.seed(1)
    problem = problem_of(sys.argv[1])
    chip = read_chip(CHIPS / f"{problem.chip}.yaml")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        choices = spatial_choices(chip, problem)
        (folder / "hardware.yaml").write_text(yaml.safe_dump(hardware(chip), sort_keys=False))
        (folder / "workload.yaml").write_text(yaml.safe_dump(workload(problem), sort_keys=False))
        for n, choice in enumerate(choices):
            text = yaml.safe_dump(mapping_entry(choice, problem), sort_keys=False)
            (folder / f"mapping-{n}.yaml").write_text(text)
        engine = sys.argv[2]
        report(lambda: search(folder, choices, engine), lambda found: describe(found, chip))
