"""Jobs in worker processes: one thread each, ended with their parent, stopped by Ctrl-C without losing anything.

A worker takes one job at a time over its own pipe, so a worker that is killed is known with the job it held.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.core.errors import TutelageError

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
POLL = 0.3  # seconds between two looks at the journals


class Job(NamedTuple):
    """One arm at one seed."""

    arm: str
    seed: int


class Worker(NamedTuple):
    """A process and our end of its pipe."""

    process: BaseProcess
    pipe: Connection


def run_all(folder: Path, jobs: Iterable[Job], workers: int, tick: Callable[[], None]) -> list[str]:
    """What every job ended with, in the order in which they ended. `tick` is called now and then meanwhile.

    The first failure stops the others and is raised here. A worker that was killed gives an error that names its job.
    """
    waiting = list(jobs)
    held: dict[int, Job] = {}
    ended: list[str] = []
    with _started(folder, min(workers, len(waiting))) as crew:
        for number, worker in enumerate(crew):
            held[number] = _give(worker, waiting)
        while held:
            ready = wait([crew[number].pipe for number in held], timeout=POLL)
            for number in [number for number in held if crew[number].pipe in ready]:
                ended.append(_result(crew[number], held.pop(number)))
                if waiting:
                    held[number] = _give(crew[number], waiting)
            tick()
    return ended


def _give(worker: Worker, waiting: list[Job]) -> Job:
    job = waiting.pop(0)
    with suppress(OSError):  # it died before it had anything to do; reading from it will say so
        worker.pipe.send(job)
    return job


def _result(worker: Worker, job: Job) -> str:
    """What a worker sent back, raised if it is an error."""
    try:
        said = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join(timeout=5)
        code = worker.process.exitcode
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        raise TutelageError(
            f"the process that ran arm {job.arm!r} at seed {job.seed} {how}; what was recorded is kept, "
            "`tutelage resume` goes on from there"
        ) from None
    if isinstance(said, BaseException):
        raise said
    return str(said)


@contextmanager
def _started(folder: Path, count: int) -> Iterator[list[Worker]]:
    """Workers that are gone when the block is left, however it is left."""
    context = multiprocessing.get_context("spawn")  # forking a process with threads of numpy or torch may hang
    crew: list[Worker] = []
    try:
        with _single_threaded():
            for _ in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs, str(folder), os.getpid()), daemon=True)
                process.start()
                theirs.close()
                crew.append(Worker(process, ours))
        yield crew
    finally:
        for worker in crew:
            worker.pipe.close()
            worker.process.terminate()
        for worker in crew:
            worker.process.join(timeout=5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Children read these when they load their numeric libraries; ours are loaded already."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


def _work(pipe: Connection, folder: str, parent: int) -> None:
    """The life of a worker: jobs in, results or errors out, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the parent decides
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    from tutelage.runs.arm import execute

    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            said: Any = execute(Path(folder), job.arm, job.seed)
        except TutelageError as error:
            said = error
        except Exception:  # a bug: its traceback must reach the person who reports it
            said = TutelageError(f"arm {job.arm!r} at seed {job.seed} failed\n{traceback.format_exc()}")
        pipe.send(said)


def _end_with(parent: int) -> None:
    """A killed parent cannot tell its children; they look after it themselves."""
    while os.getppid() == parent:
        time.sleep(POLL)
    os._exit(1)
