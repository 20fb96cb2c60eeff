"""Jobs as Ray tasks: more cores, more machines, the same record; the only file that imports Ray.

A task is a job. One whose process or machine dies is run again by Ray, and replays the purchases in the arm's journal
instead of making them again. On a cluster the folder of runs, the cache and the recipe's files have to lie on a file
system that every machine sees at the same path and that honours flock (two lives of one arm never write at once), and
every machine needs the same code; both are checked before a job touches anything.
"""

from __future__ import annotations

import functools
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayError

from tutelage.core.errors import TutelageError
from tutelage.kit.cache import cache_folder
from tutelage.runs.environment import environment
from tutelage.study.jobs import Ended, Job, carried_out, cut_off
from tutelage.study.workers import ONE_THREAD, POLL, surroundings

RETRIES = 3  # lives after the first; a job that kills every process it gets is given up then
STORE = 100 * 1024 * 1024  # bytes shared between tasks: they hand over nothing but a word
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # an accelerator stays as visible as it is to a local run
}


class Driver(NamedTuple):
    """What a task must find to be the same job as here."""

    folder: Path  # where relative paths begin
    cache: Path
    code: str


def ends(jobs: Iterator[Job], workers: int | None, address: str) -> Iterator[Ended | None]:
    """How the jobs ended, as they end; None now and then meanwhile. Whoever stops listening stops the jobs."""
    first = next(jobs, None)
    if first is None:
        return
    left = chain([first], jobs)
    with _cluster(workers, address) as at_once:
        task = ray.remote(num_cpus=1, max_retries=RETRIES, retry_exceptions=False)(_task)
        driver = Driver(Path.cwd(), cache_folder().resolve(), _code())
        held: dict[Any, Job] = {}
        try:
            while True:
                while len(held) < at_once and (job := next(left, None)) is not None:
                    named = task.options(name=f"{job.arm} at seed {job.seed}")
                    held[named.remote(job._replace(folder=job.folder.resolve()), driver)] = job
                if not held:
                    return
                ready, _ = ray.wait(list(held), num_returns=1, timeout=POLL)
                if not ready:
                    yield None
                for reference in ready:
                    yield _result(reference, held.pop(reference))
        finally:
            with suppress(RayError):  # the cluster may be gone, and its tasks with it
                for reference in held:
                    ray.cancel(reference, force=True)


def _result(reference: Any, job: Job) -> Ended:
    try:
        return Ended(job, ray.get(reference))
    except RayError as error:  # its last life ended like those before, or the cluster is gone
        return Ended(job, cut_off(job, f"ended {RETRIES + 1} times, or Ray did: {str(error).strip().splitlines()[0]}"))


@contextmanager
def _cluster(workers: int | None, address: str) -> Iterator[int]:
    """Connected to Ray for the time of the block, with the number of jobs to hand out at a time.

    A connection that is there already is used and left open.
    """
    if ray.is_initialized():
        yield workers or _cores()
        return
    logging.getLogger("ray").setLevel(logging.ERROR)
    silent: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    surround = {**QUIET, **dict.fromkeys(ONE_THREAD, "1")}
    with surroundings(surround):
        try:
            if address:
                _knock(address)
                ray.init(address=address, runtime_env={"env_vars": surround}, **silent)
            else:
                own = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": STORE}
                ray.init(address="local", **own, **silent)  # never one that happens to run here
        except (RayError, OSError, RuntimeError, ValueError) as error:
            token = "\n    RAY_AUTH_MODE=token in the environment, if the cluster asks for a token" if address else ""
            raise TutelageError(f"Ray cannot be reached at {address or 'this machine'}: {error}{token}") from error
    try:
        yield workers or _cores()
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """OSError when nobody listens there; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), timeout=5).close()


def _cores() -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _task(job: Job, driver: Driver) -> str | TutelageError:
    """A job on whatever machine it was sent to."""
    where = f"{socket.gethostname()} (arm {job.arm!r} at seed {job.seed})"
    hidden = [str(path) for path in (job.folder, driver.folder, driver.cache) if not path.is_dir()]
    if hidden:
        return TutelageError(
            f"{where} does not see {', '.join(hidden)}: runs, cache and the recipe's files must lie on a file system "
            "that all machines of the cluster share"
        )
    if _code() != driver.code:
        return TutelageError(f"{where} has other code: {_code()} there, {driver.code} here; install the same version")
    os.chdir(driver.folder)
    os.environ["TUTELAGE_CACHE"] = str(driver.cache)
    return carried_out(job)


@functools.cache
def _code() -> str:
    """Version and revision of the code, and versions of the libraries that numbers depend on."""
    found = environment()
    return ", ".join([*(f"{name} {number}" for name, number in found["software"].items()), found["git"]])
