"""Every claim at once: the jobs of all papers in one pool; each paper is judged as soon as its own are done."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import NamedTuple

from tutelage.core.errors import TutelageError
from tutelage.papers.claim import CLAIMS, Asked, Begun, ClaimResult, ask, begin, conclude
from tutelage.runs.record import Record
from tutelage.study.run import Progress, Workers
from tutelage.study.several import Begin, go_on_all


class Failed(NamedTuple):
    """A paper whose claim could not be run or judged, and why."""

    key: str
    error: TutelageError


def claim_all(
    keys: Sequence[str],
    seeds: str | None = None,
    sets: Sequence[str] = (),
    profile: str = "full",
    root: Path = Path("runs"),
    workers: Workers = None,
    progress: Callable[[Progress], None] | None = None,
    folder: Path = CLAIMS,
    keep: bool = False,
) -> Generator[ClaimResult | Failed, None, None]:
    """The result of every paper, as they end; what `claim` says of one holds for each.

    One that fails, or lacks an asset, stops no other. Called again after an interruption it goes on where it stopped:
    a paper that this very code has finished under `root` is judged from that run.
    """
    asked: list[Asked] = []
    for key in keys:
        try:
            asked.append(ask(key, seeds, sets, profile))
        except Exception as error:  # of this paper alone; its result says it
            yield _failed(key, error)
    begun: dict[int, Begun] = {}

    def beginning(number: int) -> Callable[[], Record]:
        def now() -> Record:
            begun[number] = begin(asked[number], root, finished=True)
            return begun[number].record

        return now

    begins = [Begin(one.jobs, beginning(number)) for number, one in enumerate(asked)]
    for outcome in go_on_all(begins, workers, progress):
        one = asked[outcome.number]
        if isinstance(outcome.how, Exception):
            yield _failed(one.card.key, outcome.how)
            continue
        try:
            yield conclude(one, begun[outcome.number], outcome.how, folder, keep)
        except Exception as error:
            yield _failed(one.card.key, error)


def _failed(key: str, error: Exception) -> Failed:
    """A bug among them, with its traceback: it must reach the person who reports it."""
    if isinstance(error, TutelageError):
        return Failed(key, error)
    return Failed(key, TutelageError(f"{key} failed\n{''.join(traceback.format_exception(error))}"))
