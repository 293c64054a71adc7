"""SCALE-Sim and picojoule on the same layers: cycles, SRAM words and CPU seconds.

    python3 -m venv scale-sim && scale-sim/bin/pip install 'scalesim==3.0.0' 'numpy<2.3'
    python benchmarks/systolic.py record alexnet 256 256 --python scale-sim/bin/python
    python benchmarks/systolic.py time

`record` runs SCALE-Sim on a topology of tests/golden/scale_sim and prints rows as that folder's
cycles.csv has them, and its CPU seconds on standard error. `time` takes ours: every layer, three
dataflows, as `pj systolic` counts them, loading not included.
"""

import argparse
import csv
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOPOLOGIES = ROOT / "tests" / "golden" / "scale_sim"
DATAFLOWS = ("ws", "os", "is")
SETTINGS = """\
[general]
run_name = run
[architecture_presets]
ArrayHeight: {rows}
ArrayWidth: {columns}
IfmapSramSzkB: 6144
FilterSramSzkB: 6144
OfmapSramSzkB: 2048
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Bandwidth: 10
Dataflow: {dataflow}
MemoryBanks: 1
ReadRequestBuffer: 32
WriteRequestBuffer: 32
[layout]
IfmapCustomLayout: False
FilterCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
SparseRep: ellpack_block
OptimizedMapping: false
BlockSize: 8
RandomNumberGeneratorSeed: 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""
PEER = """
import sys
from importlib.metadata import version
from scalesim.scale_sim import scalesim
settings, topology, layout, folder = sys.argv[1:]
more = {"layout": layout} if version("scalesim") > "3" else {}
run = scalesim(save_disk_space=True, verbose=False, config=settings, topology=topology, **more)
run.run_scale(top_path=folder)
open(folder + "/version", "w").write(version("scalesim"))
"""
WORDS = ("IFMAP Reads", "Filter Reads", "OFMAP Writes")
HEADING = (
    "version,topology,rows,columns,dataflow,layer,total_cycles,ifmap_reads,filter_reads,"
    "ofmap_writes,mapping_efficiency_percent"
)


def record(name: str, rows: int, columns: int, python: str) -> None:
    """Run SCALE-Sim and print what it reports."""
    topology = TOPOLOGIES / f"{name}.csv"
    lines = [line.split(",") for line in topology.read_text().splitlines()[1:]]
    print(HEADING)
    for dataflow in DATAFLOWS:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            settings = SETTINGS.format(rows=rows, columns=columns, dataflow=dataflow)
            (place / "settings.cfg").write_text(settings)
            layout = "".join(f"{line[0]}{',1' * 20},\n" for line in [["name"], *lines])
            (place / "layout.csv").write_text(layout)
            files = (place / "settings.cfg", topology, place / "layout.csv", place)
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            command = [python, "-W", "ignore", "-c", PEER, *map(str, files)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
            print(f"{name} {rows}x{columns} {dataflow}: {seconds:.1f} CPU s", file=sys.stderr)
            version = (place / "version").read_text()
            cycles, words = (
                list(csv.DictReader((place / "run" / report).open(), skipinitialspace=True))
                for report in ("COMPUTE_REPORT.csv", "DETAILED_ACCESS_REPORT.csv")
            )
        names = [n[0] for n in lines for _ in range(int(n[5]) if "DP" in n[0] else 1)]
        for layer, one, two in zip(names, cycles, words, strict=True):
            assert one["Stall Cycles"] == "0"
            found = (one["Total Cycles"], *(two[f"SRAM {key}"] for key in WORDS))
            share = f"{float(one['Mapping Efficiency %']):.4f}"
            print(version, name, rows, columns, dataflow, layer, *found, share, sep=",")


def measure() -> None:
    """Print our CPU seconds, the least of five runs."""
    import picojoule

    for name in ("alexnet", "resnet18"):
        _measure(name, picojoule.load(TOPOLOGIES / f"{name}.csv"), picojoule)
    _measure("resnet50 of the zoo", picojoule.load("resnet50"), picojoule)


def _measure(name: str, network: object, picojoule: object) -> None:
    taken: list[float] = []
    for _ in range(5):
        start = time.process_time()
        report = picojoule.systolic(network, rows=256, columns=256)  # type: ignore[attr-defined]
        taken.append(time.process_time() - start)
    totals = ", ".join(f"{flow} {report.cycles(flow):,}" for flow in DATAFLOWS)
    print(f"{name}: {1e3 * min(taken):.2f} CPU ms; cycles {totals}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("topology", choices=("alexnet", "resnet18", "small"))
    recording.add_argument("rows", type=int)
    recording.add_argument("columns", type=int)
    recording.add_argument("--python", required=True, help="of an environment with scalesim")
    commands.add_parser("time")
    given = parser.parse_args()
    if given.command == "record":
        record(given.topology, given.rows, given.columns, given.python)
    else:
        measure()


if __name__ == "__main__":
    main()
