"""Workers: results in order whatever runs at a time, fair shares, and an end that comes soon."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import picojoule as pj
from picojoule.errors import PicojouleError
from picojoule.evaluation.workers import processors, run_all
from picojoule.workload import Layer, Network, matmul


@pytest.mark.parametrize("jobs", [1, 2, 7, None])
def test_results_come_in_order(jobs: int | None) -> None:
    told: list[tuple[int, int]] = []

    def work(index: int, share_s: float | None) -> int:
        assert share_s is None
        time.sleep(0.01 if index % 3 == 0 else 0)
        return index * index

    results = run_all(work, 20, jobs=jobs, tell=lambda index, result: told.append((index, result)))
    assert results == [index * index for index in range(20)]
    assert sorted(told) == list(enumerate(results))
    if jobs == 1:
        assert told == list(enumerate(results))


def test_nothing_to_do() -> None:
    assert run_all(lambda index, _: index, 0) == []


@pytest.mark.parametrize("jobs", [1, 3])
def test_so_many_run_at_a_time(jobs: int) -> None:
    lock, running, most = threading.Lock(), 0, 0

    def work(index: int, _: float | None) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return index

    run_all(work, 12, jobs=jobs)
    assert most == jobs


@pytest.mark.parametrize("jobs", [1, 2, 4, 8])
def test_the_first_failure_is_raised_whoever_is_faster(jobs: int) -> None:
    begun: list[int] = []

    def work(index: int, _: float | None) -> int:
        begun.append(index)
        if index in (2, 3, 5):
            time.sleep(0.03 if index == 2 else 0)
            raise ValueError(index)
        time.sleep(0.01)
        return index

    with pytest.raises(ValueError, match="2"):
        run_all(work, 50, jobs=jobs)
    assert len(begun) < 20


def test_what_is_left_of_the_time_is_shared_equally() -> None:
    shares: dict[int, float] = {}

    def work(index: int, share_s: float | None) -> int:
        assert share_s is not None
        shares[index] = share_s
        time.sleep(share_s if index else 0)
        return index

    start = time.monotonic()
    run_all(work, 4, jobs=1, time_limit_s=0.4)
    assert time.monotonic() - start < 0.6
    assert shares[0] == pytest.approx(0.1, abs=0.01)
    # The first one took nothing: three share it all.
    assert shares[1] == pytest.approx(0.4 / 3, abs=0.02)
    assert shares[3] == pytest.approx(0.4 / 3, abs=0.03)
    shares.clear()
    run_all(work, 2, jobs=2, time_limit_s=0.1)
    assert shares[0] == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True, 10**6])
def test_a_number_of_jobs_that_is_none_is_refused(jobs: int) -> None:
    with pytest.raises(PicojouleError) as caught:
        pj.evaluate("lenet5", "eyeriss", jobs=jobs)
    assert caught.value.where == "jobs"
    assert processors() >= 1


@pytest.mark.parametrize("minimize", ["energy", "latency"])
def test_results_do_not_depend_on_the_number_of_jobs(minimize: str) -> None:
    sizes = [(4, 6, 8), (12, 4, 2), (8, 8, 8), (16, 3, 5), (9, 9, 4), (4, 6, 8), (30, 2, 7)]
    layers = tuple(
        Layer(f"layer {n}", matmul(f"layer {n}", M=m, K=k, N=columns), (), ())
        for n, (m, k, columns) in enumerate(sizes)
    )
    model = Network("net", layers, {}, (), ())
    alone = pj.evaluate(model, "eyeriss", minimize=minimize, jobs=1)
    together = pj.evaluate(model, "eyeriss", minimize=minimize, jobs=4)
    assert json.dumps(alone.to_dict()) == json.dumps(together.to_dict())
    assert [one.certificate for one in alone.layers] == [one.certificate for one in together.layers]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_ends_the_command_soon(jobs: str) -> None:
    code = "import sys; from picojoule.cli import main; print('go', flush=True); sys.exit(main())"
    command = [sys.executable, "-c", code, "evaluate", "vgg16", "--on", "simple-3-level"]
    process = subprocess.Popen(
        [*command, "--minimize", "latency", "--jobs", jobs],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ,
    )  # fmt: skip
    assert process.stdout
    process.stdout.readline()
    time.sleep(5)
    assert process.poll() is None
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert time.monotonic() - start < 3
    assert process.returncode == 130
    assert output == b""
    assert b"Traceback" not in errors
