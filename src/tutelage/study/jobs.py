"""A job is one arm at one seed of one run; every engine takes jobs and says how each of them ended."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tutelage.core.errors import TutelageError


class Job(NamedTuple):
    """One arm at one seed, of the run in this folder."""

    folder: Path
    arm: str
    seed: int


class Ended(NamedTuple):
    """How a job ended: "done", "waiting" (a person has to answer first), or the error that stopped it."""

    job: Job
    how: str | Exception


def carried_out(job: Job) -> str | TutelageError:
    """Do a job; what it ended with, errors included, in a form that crosses process boundaries."""
    from tutelage.runs.arm import execute

    try:
        return execute(job.folder, job.arm, job.seed)
    except TutelageError as error:
        return error
    except Exception:  # a bug: its traceback must reach the person who reports it
        return TutelageError(f"arm {job.arm!r} at seed {job.seed} failed\n{traceback.format_exc()}")


def cut_off(job: Job, how: str) -> TutelageError:
    """The error for a job whose process is gone."""
    return TutelageError(
        f"the process that ran arm {job.arm!r} at seed {job.seed} {how}; what was recorded is kept, "
        "`tutelage resume` goes on from there"
    )


def here(jobs: Iterator[Job]) -> Iterator[Ended]:
    """Do them one after the other in this process; a bug keeps its own traceback."""
    from tutelage.runs.arm import execute

    for job in jobs:
        how: str | Exception
        try:
            how = execute(job.folder, job.arm, job.seed)
        except Exception as error:  # whoever asked decides whether it ends there
            how = error
        yield Ended(job, how)
