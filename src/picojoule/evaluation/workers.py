"""Workers: independent pieces of work on several cores, with a share of the time for each.

Threads are enough, because the search spends its time in compiled kernels that run side by side.
They are daemons: an interrupted program does not wait for them.
"""

import os
import queue
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from picojoule.errors import PicojouleError

Result = TypeVar("Result")
Outcome = tuple[int, Result | None, BaseException | None]
"""Of a piece of work: its index, and its result or what it raised."""


def processors() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_all(
    work: Callable[[int, float | None], Result],
    number: int,
    *,
    jobs: int | None = None,
    time_limit_s: float | None = None,
    tell: Callable[[int, Result], None] | None = None,
) -> list[Result]:
    """Do every piece of work; the results do not depend on how many run at a time.

    Args:
        work: Called with each index and the seconds that it may take, None without a limit.
        number: Of pieces, handed out in order.
        jobs: Threads; None takes one per core.
        time_limit_s: For all together: what is left when a piece begins is shared equally among
            the pieces to come.
        tell: Called in this thread with each index and its result, as they come.

    Returns:
        The results in order.

    Raises:
        Whatever the first piece that fails raises, of those that were begun.
    """
    threads = min(number, checked_jobs(jobs))
    deadline = None if time_limit_s is None else time.monotonic() + time_limit_s
    indices = iter(range(number))
    finished: queue.SimpleQueue[Outcome[Result]] = queue.SimpleQueue()
    lock, stop = threading.Lock(), threading.Event()

    def serve() -> None:
        while not stop.is_set():
            with lock:
                index = next(indices, None)
            if index is None:
                return
            left = number - index
            share = None
            if deadline is not None:
                share = max(0.0, deadline - time.monotonic()) * min(threads, left) / left
            try:
                finished.put((index, work(index, share), None))
            except BaseException as error:
                stop.set()
                finished.put((index, None, error))

    for _ in range(threads):
        threading.Thread(target=serve, daemon=True).start()
    try:
        return _collect(finished, number, tell)
    finally:
        stop.set()


def _collect(
    finished: "queue.SimpleQueue[Outcome[Result]]",
    number: int,
    tell: Callable[[int, Result], None] | None,
) -> list[Result]:
    """Gather the results; after a failure, only those of the pieces before it."""
    results: dict[int, Result] = {}
    errors: dict[int, BaseException] = {}
    # Pieces begin in order: all before the first that failed have begun, and may fail, too.
    while not all(index in results for index in range(min(errors, default=number))):
        index, result, error = finished.get()
        if error is not None:
            errors[index] = error
        else:
            assert result is not None
            results[index] = result
            if tell:
                tell(index, result)
    if errors:
        raise errors[min(errors)]
    return [results[index] for index in range(number)]


def checked_jobs(jobs: int | None) -> int:
    """The number of threads to use.

    Raises:
        PicojouleError: It is not a count.
    """
    if jobs is None:
        return processors()
    if isinstance(jobs, bool) or not isinstance(jobs, int) or not 1 <= jobs <= 1024:
        raise PicojouleError(
            "number of jobs is out of range",
            where="jobs",
            got=repr(jobs),
            expected="a whole number from 1 to 1024",
            fix="give the number of searches at a time, or leave it out to use every core",
        )
    return jobs
