"""Kernels: compile them all, in two processes, so that nobody waits for it later."""

import multiprocessing

import numpy as np

from picojoule.check import check_mapping
from picojoule.encoding import Huffman, codec, codecs
from picojoule.evaluation import evaluate_operation
from picojoule.hardware import accelerator
from picojoule.mapper import OBJECTIVES, Constraints
from picojoule.mapper.search import start_search
from picojoule.mapper.space import build_space
from picojoule.mapper.uneven import try_held
from picojoule.mapper.walk import try_chain
from picojoule.mapping import parse_nest
from picojoule.workload import parse_operation

CHIP = "eyeriss"
OPERATION = "conv M=16 C=8 P=16 Q=16 R=3 S=3 stride=2"
"""Large enough for the compiled engine of the oracle, small enough for the search."""
NEST = """
dram  keeps weights inputs outputs
  for M in 16
  for P in 16
  for Q in 16
glb  keeps inputs outputs
  for C in 2
pes
  spread C in 4 over x
  spread R in 3 over y
spad  keeps weights inputs outputs
  for S in 3
"""


def compile_all() -> None:
    """Compile and cache every kernel."""
    processes = [
        multiprocessing.get_context("spawn").Process(target=target)
        for target in (_compile_search, _compile_counts)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    # What one of the two has compiled, the other has not seen.
    _compile_search()
    odd = parse_operation("matmul M=13 K=7 N=11")
    evaluate_operation(odd, accelerator(CHIP), factors="imperfect", cache=False)
    _compile_codecs()


def _compile_codecs() -> None:
    """The codes of narrow and of wide values; Huffman's also where its limit shortens words."""
    values = np.repeat(np.arange(8, dtype=np.int16), 1 << np.arange(8))
    narrow = [codec(name) for name in codecs()]
    wide = [codec(name, value_bits=32) for name in codecs() if name != Huffman.name]
    for code in (*narrow, *wide, Huffman(longest=4)):
        code.decode(code.encode(values), values.shape)
        code.size_bits(values)
    codec("rlc").expected_bits(values.shape, 0.5)


def _compile_search() -> None:
    """The search with perfect factors."""
    operation, chip = parse_operation(OPERATION), accelerator(CHIP)
    for minimize in OBJECTIVES:
        evaluate_operation(operation, chip, minimize=minimize, factors="perfect", cache=False)


def _compile_counts() -> None:
    """The exact cost of chains, which the search will ask for; the closed form and the oracle."""
    operation, chip = parse_operation(OPERATION), accelerator(CHIP)
    space = build_space(operation, chip, Constraints(), imperfect=True)
    run = start_search(space, chip, OBJECTIVES["edp"])
    tiles = np.ones((len(space.stages), len(space.names)), dtype=np.int64)
    tiles[0] = space.problem.sizes
    chain, best = (tiles, np.ones_like(tiles)), (run.best, run.kept)
    try_chain(space.problem, run.goal, *chain, np.full_like(tiles, -1), 0.0, 0.0, *best)
    try_held(space.problem, run.goal, chain[0][None], chain[1][None], *best)
    check_mapping(operation, chip, parse_nest(NEST))
