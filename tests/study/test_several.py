"""Several runs in one pool: each as if it ran alone, ended as soon as its own jobs have, and unharmed by the others."""

import os
import signal
from pathlib import Path

import pytest

from tutelage.core.errors import Missing, Refused, TutelageError
from tutelage.recipe.read import read_text
from tutelage.runs.record import Record
from tutelage.study.run import go_on, prepare, start
from tutelage.study.several import Begin, go_on_all


@pytest.fixture
def begun(tmp_path: Path, study):
    """Runs of 1, 2, ... rounds at 2 seeds of 3 arms: 6 jobs each."""

    def made(rounds: int = 1, **given) -> Record:
        return start(prepare(read_text(study(rounds=rounds, **given), "s.yaml")), tmp_path / "runs")

    return made


def of(record: Record, jobs: int = 6) -> Begin:
    return Begin(jobs, lambda: record)


def no_asset() -> Record:
    raise Missing("data", "fetch them")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_each_is_as_if_it_ran_alone(begun, workers: int) -> None:
    records, seen = [begun(1), begun(2)], []
    ended = list(go_on_all([of(one) for one in records], workers, seen.append))
    assert sorted(ended) == [(0, "done"), (1, "done")]
    for rounds, record in enumerate(records, start=1):
        alone = begun(rounds)
        go_on(alone, 0)
        assert record.digest() == alone.digest() != ""
    assert [one.done_jobs for one in seen] == sorted(one.done_jobs for one in seen)
    assert (seen[-1].done_jobs, seen[-1].jobs, seen[-1].expected_rounds) == (12, 12, None)
    assert seen[-1].done_rounds == 2 * (2 + 3 + 2) + 2 * (3 + 5 + 3)  # the opening, and one or two steps a round


def test_one_ends_before_the_next_begins(begun) -> None:
    first, asked = begun(), []

    def second() -> Record:
        asked.append(first.digest())
        return begun()

    ended = go_on_all([of(first), Begin(6, second)], 0)
    assert next(ended) == (0, "done") and asked == []
    assert next(ended) == (1, "done") and asked == [first.digest()]


def test_one_that_cannot_begin_stops_no_other(begun) -> None:
    """Its jobs are no longer counted. A run twice is a run that somebody works on."""
    record, seen = begun(), []
    ended = dict(go_on_all([Begin(50, no_asset), of(record)], 0, seen.append))
    assert isinstance(ended[0], Missing) and ended[1] == "done"
    assert (seen[-1].done_jobs, seen[-1].jobs, seen[-1].note) == (6, 6, "teaching, 2 of 2 ended")
    record = begun()
    ended = dict(go_on_all([of(record), of(record)], 0))
    assert ended == {0: "done", 1: "done"}
    with record.lock():
        ((number, how),) = go_on_all([of(record)], 0)
    assert isinstance(how, Refused) and f"process {os.getpid()}" in str(how)


@pytest.mark.slow
def test_a_killed_worker_ends_its_own_run_and_another_takes_its_place(begun, tmp_path: Path) -> None:
    """One worker, killed in the first run: what that has left is not tried, the second is done, the first resumable."""
    first, second, killed = begun(9, labels=39), begun(), []

    def kill(progress) -> None:
        if progress.done_rounds and not killed:
            for path in Path("/proc").glob("[0-9]*/stat"):
                try:
                    fields = path.read_text().rpartition(")")[2].split()
                    line = (path.parent / "cmdline").read_bytes()
                except OSError:
                    continue
                if int(fields[1]) == os.getpid() and b"spawn_main" in line:
                    killed.append(int(path.parent.name))
                    os.kill(killed[0], signal.SIGKILL)
                    return

    ended = dict(go_on_all([of(first), of(second)], 1, kill))
    assert killed and isinstance(ended[0], TutelageError) and "was killed by signal 9" in str(ended[0])
    assert ended[1] == "done" and second.digest()
    assert [one.status for one in first.states()].count("new") >= 4  # at most one had ended before the kill
    assert go_on(first, 0) == "done"


def test_an_error_of_one_job_drops_the_rest_of_its_run_alone(begun, tickets: Path, monkeypatch) -> None:
    from tutelage.runs import arm

    first, second, real = begun(), begun(), arm.execute
    tried = []

    def execute(folder: Path, name: str, seed: int) -> str:
        tried.append(folder)
        if folder == first.folder and len(tried) == 3:
            raise TutelageError("by hand")
        return real(folder, name, seed)

    monkeypatch.setattr(arm, "execute", execute)
    ended = dict(go_on_all([of(first), of(second)], 0))
    assert str(ended[0]) == "by hand" and ended[1] == "done"
    assert tried == [first.folder] * 3 + [second.folder] * 6


@pytest.mark.slow
def test_ctrl_c_loses_nothing_and_leaves_nothing_locked(begun) -> None:
    records = [begun(), begun(5, labels=23)]

    def interrupt(progress) -> None:
        if progress.done_jobs > 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(go_on_all([of(one) for one in records], 2, interrupt))
    assert records[0].digest() and not records[1].digest()
    assert dict(go_on_all([of(one) for one in records], 0)) == {0: "done", 1: "done"}
    alone = begun(5, labels=23)
    go_on(alone, 0)
    assert records[1].digest() == alone.digest()
