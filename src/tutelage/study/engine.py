"""Where the jobs of a study run: in this process, in worker processes of this machine, or as Ray tasks.

In processes that a launcher started together (`accelerate launch`) all of them do each job, one job at a time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from typing import Literal, NamedTuple, TypeAlias

from tutelage.core.errors import Fault, Refused
from tutelage.core.parts import missing_extra
from tutelage.kit import processes
from tutelage.study import workers
from tutelage.study.jobs import Ended, Job, here
from tutelage.study.launched import together


class Engine(NamedTuple):
    """How many jobs run at a time, and where. Digests do not depend on it."""

    name: Literal["local", "ray"] = "local"
    workers: int | None = None  # None: one a core, of the whole cluster for ray; 0, local only: all in this process
    address: str = ""  # of a running Ray cluster; empty: one of this machine's own, for the time of the call

    def ends(self, jobs: Iterator[Job]) -> Generator[Ended | None, None, None]:
        """How the jobs ended, as they end; None now and then meanwhile. Whoever stops listening stops the jobs."""
        if processes.count() > 1:
            yield from together(jobs)
        elif self.name == "ray":
            from tutelage.study import ray_engine

            yield from ray_engine.ends(jobs, self.workers, self.address)
        elif self.workers == 0:
            yield from here(jobs)
        else:
            yield from workers.ends(jobs, cores() if self.workers is None else self.workers)

    def checked(self) -> Engine:
        """Itself. Refused when the settings do not go together, Missing when Ray is not installed."""
        if self.address and self.name != "ray":
            raise Refused(Fault("--address", "only a Ray cluster has an address", "--engine ray --address HOST:PORT"))
        if self.address and not re.fullmatch(r".+:\d{1,5}", self.address):
            raise Refused(Fault("--address", f"an address is HOST:PORT; found {self.address!r}", "ray status shows it"))
        if self.name == "ray" and self.workers == 0:
            what = "0 workers means everything in this process, which leaves Ray nothing to do"
            raise Refused(Fault("--workers", what, "--workers 1, or without --engine ray"))
        if self.name == "ray" and processes.count() > 1:
            what = "processes that were launched together teach one student at a time, which leaves Ray nothing to do"
            raise Refused(Fault("--engine", what, "without --engine ray, or without the launcher"))
        if self.name == "ray" and find_spec("ray") is None:
            raise missing_extra("--engine ray", "ray")
        return self


Workers: TypeAlias = int | Engine | None  # a number is that of local worker processes


def engine(workers: Workers) -> Engine:
    """An engine as it is, or the local one with so many worker processes; checked.

    >>> engine(2)
    Engine(name='local', workers=2, address='')
    """
    return (workers if isinstance(workers, Engine) else Engine(workers=workers)).checked()


def cores() -> int:
    """The cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS or Windows
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1
