r"""Run Python that a model wrote, in a process of its own behind user, mount, network, ipc and pid namespaces.

    run(program)        ->  what it wrote, its exit code, how it ended
    run_all(programs)   ->  the same for many, in their order, over a few walled workers

A program sees an unprivileged user, an empty environment, Python's own library read-only, and a scratch folder that
goes with it. It has no network, no other process, no file of the machine. Its time, memory, processes, files and output
are bounded (`Limits`). Every program gets namespaces of its own from a worker that has built the outer walls once.

The walls are tried out once per process before the first program (`walls.hold`). One that is missing is named and
nothing is run: there is no weaker way. Programs may still differ by luck of their own: their hashes are fixed, but they
can read the clock and the kernel's random numbers.

>>> run("print(6 * 7)").out
'42\n'
>>> run("open('/etc/passwd')").ok
False
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from tutelage.core.errors import ContractBroken
from tutelage.sandbox import walls
from tutelage.sandbox._warden import Limits, Ran, Warden

__all__ = ["Limits", "Ran", "run", "run_all"]


def run(program: str, stdin: str = "", limits: Limits | None = None) -> Ran:
    """One program; starting its walls takes some 60 ms, so give many at once to `run_all`."""
    return run_all([program], [stdin], limits, workers=1)[0]


def run_all(
    programs: Sequence[str], stdin: Sequence[str] = (), limits: Limits | None = None, workers: int | None = None
) -> list[Ran]:
    """How each program ended, in their order. stdin: one text each, or none. workers: one a processor by default.

    A worker that is lost with its program (`Ran.ended` says so) is replaced for the next.
    """
    if stdin and len(stdin) != len(programs):
        raise ContractBroken(f"{len(programs)} programs were given with {len(stdin)} inputs")
    walls.hold()
    if not programs:
        return []
    limits, texts = limits or Limits(), stdin or [""] * len(programs)
    count = min(workers or len(os.sched_getaffinity(0)), len(programs))
    free: SimpleQueue[Warden] = SimpleQueue()
    every = [Warden() for _ in range(count)]  # here and not in the pool's threads: a warden ends with its thread
    for warden in every:
        free.put(warden)

    def one(number: int) -> Ran:
        warden = free.get()
        if warden.gone:
            warden = Warden()
            every.append(warden)
        try:
            return warden.run(programs[number], texts[number], limits)
        finally:
            free.put(warden)

    try:
        with ThreadPoolExecutor(count) as pool:
            ran = list(pool.map(one, range(len(programs))))
    finally:
        for warden in every:
            warden.close()
    return ran
