"""Jobs in worker processes: one thread each, ended with their parent, stopped by Ctrl-C without losing anything.

A worker takes one job at a time over its own pipe, so a worker that is killed is known with the job it held. The jobs
may belong to several runs. They are drawn only when a worker is free, so whoever hands them out can still drop some.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from tutelage.study.jobs import Ended, Job, carried_out, cut_off

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
POLL = 0.3  # seconds between two looks at the journals


class Worker(NamedTuple):
    """A process and our end of its pipe."""

    process: BaseProcess
    pipe: Connection


def ends(jobs: Iterator[Job], workers: int) -> Iterator[Ended | None]:
    """How the jobs ended, as they end; None now and then meanwhile.

    Whoever stops listening stops the workers. A worker that was killed gives an error that names its job, and another
    takes its place.
    """
    crew: list[Worker] = []
    idle: list[Worker] = []
    held: dict[Connection, tuple[Worker, Job]] = {}
    try:
        while True:
            while len(held) < workers and (job := next(jobs, None)) is not None:
                if not idle:
                    crew.append(_start())
                    idle.append(crew[-1])
                worker = idle.pop()
                held[worker.pipe] = (worker, job)
                with suppress(OSError):  # it died before it had anything to do; reading from it will say so
                    worker.pipe.send(job)
            if not held:
                return
            ready = [pipe for pipe in wait(list(held), timeout=POLL) if isinstance(pipe, Connection)]
            if not ready:
                yield None
            for pipe in ready:
                worker, job = held.pop(pipe)
                ended = _result(worker, job)
                if worker.process.is_alive():
                    idle.append(worker)
                yield ended
    finally:
        _stop(crew)


def _result(worker: Worker, job: Job) -> Ended:
    """What a worker sent back."""
    try:
        return Ended(job, worker.pipe.recv())
    except (EOFError, OSError):
        worker.process.join(timeout=5)
        code = worker.process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        worker.process.kill()
        worker.process.join()
        return Ended(job, cut_off(job, how))


def _start() -> Worker:
    context = multiprocessing.get_context("spawn")  # forking a process with threads of numpy or torch may hang
    with surroundings(dict.fromkeys(ONE_THREAD, "1")):
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, os.getpid()), daemon=True)
        process.start()
        theirs.close()
    return Worker(process, ours)


def _stop(crew: list[Worker]) -> None:
    for worker in crew:
        worker.pipe.close()
        worker.process.terminate()
    for worker in crew:
        worker.process.join(timeout=5)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


@contextmanager
def surroundings(values: Mapping[str, str]) -> Iterator[None]:
    """Environment variables for children: they read them when they load their libraries; ours are loaded already."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


def _work(pipe: Connection, parent: int) -> None:
    """The life of a worker: jobs in, results or errors out, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(carried_out(job))


def _end_with(parent: int) -> None:
    """A killed parent cannot tell its children; they look after it themselves."""
    while os.getppid() == parent:
        time.sleep(POLL)
    os._exit(1)
