"""Jobs of a study in processes that were launched together: each job in all of them, one after the other.

The main process owns the study: record, till, files and verdicts. The others get the jobs from it and do the same with
the same luck, so that they stand beside it wherever one student is taught by all; they write nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from tutelage.core.errors import TutelageError
from tutelage.kit.processes import told
from tutelage.study.jobs import Ended, Job, carried_out, here


def together(jobs: Iterator[Job]) -> Iterator[Ended]:
    """The main process: how the jobs ended, each after it was handed to the others."""
    for job in jobs:
        told(job)
        yield from here(iter([job]))


def followed() -> Iterator[TutelageError | None]:
    """One of the others: does what it is handed until it is told to go; after each job the error that ended it."""
    while True:
        job: Job | None = told(None)
        if job is None:
            return
        ended = carried_out(job)
        yield ended if isinstance(ended, TutelageError) else None


def dismissed() -> None:
    """The main process: there is no further job."""
    told(None)
