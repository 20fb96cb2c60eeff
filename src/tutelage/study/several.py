"""Several runs in one pool of workers: each ends as soon as its own jobs have, and one that fails stops no other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from tutelage.runs.record import Record
from tutelage.study.engine import Workers, engine
from tutelage.study.jobs import Ended, Job
from tutelage.study.opened import Opened, opened
from tutelage.study.progress import Progress


class Begin(NamedTuple):
    """A run that can be begun, or found again: how many jobs it has in all, and how to get it when its turn comes."""

    jobs: int
    begin: Callable[[], Record]


class Outcome(NamedTuple):
    """How one of the runs ended; `number` is its place among those that were asked for."""

    number: int
    how: str | Exception  # "done", "waiting", or the first error, which kept the rest of this run from being tried


def go_on_all(
    begins: Sequence[Begin], workers: Workers = None, progress: Callable[[Progress], None] | None = None
) -> Generator[Outcome, None, None]:
    """Run what is not done yet of every run; say how each ended, as they end. Safe to call at any time.

    A run is begun when a worker would be idle without it. `progress` counts jobs over all of them; it expects no
    rounds, because nobody knows them before a run has begun. Ctrl-C passes through and loses nothing.
    """
    where = engine(workers)
    with ExitStack() as locks:
        pool = _Pool(begins, progress, locks)
        with closing(where.ends(pool.jobs())) as ends:
            for ended in ends:
                if ended is not None:
                    pool.note(ended)
                pool.tell()
                while pool.over:
                    yield pool.over.popleft()
        pool.tell()  # a run that could not be begun may come after the last job
        while pool.over:
            yield pool.over.popleft()


class _Going:
    """A run under way."""

    def __init__(self, number: int, work: Opened, lock: ExitStack) -> None:
        self.number, self.work, self.lock = number, work, lock
        self.out = 0  # jobs that somebody works on
        self.to_give = len(work.jobs)
        self.closed = False
        self.error: Exception | None = None
        self.said: set[str] = set()


class _Pool:
    """Which runs are under way, what they have given out, and what came back."""

    def __init__(self, begins: Sequence[Begin], progress: Callable[[Progress], None] | None, locks: ExitStack) -> None:
        self.begins, self.progress, self.locks = begins, progress, locks
        self.going: dict[Path, _Going] = {}
        self.over: deque[Outcome] = deque()
        self.ended = 0  # runs
        self.all_jobs = sum(one.jobs for one in begins)
        self.done_jobs = self.done_rounds = 0  # of the runs that have ended

    def jobs(self) -> Iterator[Job]:
        """The jobs of one run after the other; those of a run that failed are dropped."""
        for number in range(len(self.begins)):
            going = self._begin(number)
            if going is None:
                continue
            self._close_when_done(going)  # where nothing is left to do
            for job in going.work.jobs:
                if going.error is not None:
                    break
                going.to_give -= 1
                going.out += 1
                yield job

    def note(self, ended: Ended) -> None:
        """Take down how a job ended."""
        going = self.going[ended.job.folder]
        going.out -= 1
        if isinstance(ended.how, Exception):
            going.error = going.error or ended.how
        else:
            going.said.add(ended.how)
        self._close_when_done(going)

    def tell(self, note: str = "teaching") -> None:
        """How far all of them are together."""
        if self.progress is None:
            return
        seen = [going.work.watch.look(note) for going in self.going.values() if not going.closed]
        rounds = self.done_rounds + sum(one.done_rounds for one in seen)
        done = self.done_jobs + sum(one.done_jobs for one in seen)
        self.progress(Progress(rounds, None, done, self.all_jobs, f"{note}, {self.ended} of {len(self.begins)} ended"))

    def _begin(self, number: int) -> _Going | None:
        """None when it could not be begun; then that is how it ended."""
        with ExitStack() as lock:
            try:
                work = lock.enter_context(opened(self.begins[number].begin(), lambda seen: self.tell(seen.note)))
            except Exception as error:  # of this run alone: the others go on, and its outcome says it
                self.all_jobs -= self.begins[number].jobs
                self._end(number, error)
                return None
            going = self.going[work.record.folder] = _Going(number, work, lock.pop_all())
        self.locks.push(going.lock)
        return going

    def _close_when_done(self, going: _Going) -> None:
        if going.closed or going.out or (going.to_give and going.error is None):
            return
        going.closed = True
        going.lock.close()
        seen = going.work.watch.look("")
        self.done_rounds += seen.done_rounds
        self.done_jobs += seen.done_jobs
        if going.error is not None:
            self.all_jobs -= seen.jobs - seen.done_jobs
        self._end(going.number, going.error or ("waiting" if "waiting" in going.said else "done"))

    def _end(self, number: int, how: str | Exception) -> None:
        self.ended += 1
        self.over.append(Outcome(number, how))
