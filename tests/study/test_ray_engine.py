"""Jobs as Ray tasks on a real cluster of this machine: the same record, and what happens to a task that is killed."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
import ray

from tutelage.cli.main import main
from tutelage.core.errors import Missing, Refused, TutelageError
from tutelage.recipe.read import read_text
from tutelage.runs.journal import lines
from tutelage.runs.record import Record
from tutelage.study import ray_engine
from tutelage.study.engine import Engine, engine
from tutelage.study.jobs import Job
from tutelage.study.ray_engine import Driver, _cluster, _code, _task, ends
from tutelage.study.run import go_on, prepare, start

TWO = Engine("ray", 2)


@pytest.fixture(scope="module")
def cluster():
    """One for all tests of this file, started as the engine starts it."""
    with _cluster(2, "") as at_once:
        assert at_once == 2
        yield
    assert not ray.is_initialized()


@pytest.fixture
def begun(tmp_path: Path, study):
    def made(sets: tuple[str, ...] = (), **given) -> Record:
        return start(prepare(read_text(study(**given), "s.yaml", sets)), tmp_path / "runs", sets)

    return made


def bought(record: Record) -> list[tuple[str, int, str]]:
    return [
        (state.arm, state.seed, key)
        for state in record.states()
        for line in lines(state.folder / "events.jsonl")
        if line["event"] == "pay"
        for key, *_ in line["bought"]
    ]


def holder(lock: Path) -> int | None:
    """The process that has this file locked."""
    if not lock.exists():
        return None
    for line in Path("/proc/locks").read_text().splitlines():
        fields = line.split()
        if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(lock.stat().st_ino):
            return int(fields[4])
    return None


class Killer(threading.Thread):
    """Kills whoever works on one arm once it has bought something, `times` times; remembers what it left behind."""

    def __init__(self, record: Record, arm: str, times: int) -> None:
        super().__init__(daemon=True)
        self.record, self.arm, self.times = record, arm, times
        self.killed: list[int] = []
        self.left: list[tuple[str, float]] = []

    def run(self) -> None:
        deadline = time.monotonic() + 90
        while len(self.killed) < self.times and time.monotonic() < deadline:
            state = self.record.state(self.arm, 0)
            pid = holder(state.folder / "lock")
            if pid is not None and pid not in self.killed and pid != os.getpid() and state.rounds:
                os.kill(pid, signal.SIGKILL)
                self.killed.append(pid)
                state = self.record.state(self.arm, 0)
                self.left.append((state.status, state.spent.get("labels", 0)))
            time.sleep(0.01)


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    """Nobody listens on port 1. (This test stands first: a connection that is there already would be used.)"""
    assert not ray.is_initialized()
    with pytest.raises(TutelageError, match="Ray cannot be reached at 127.0.0.1:1:"):
        list(ends(iter([Job(tmp_path, "margin", 0)]), None, "127.0.0.1:1"))


@pytest.mark.slow
def test_the_same_record_as_in_this_process_and_progress_as_there(cluster, begun) -> None:
    record, local, seen = begun(), begun(), []
    assert go_on(record, TWO, seen.append) == go_on(local, 0) == "done"
    assert record.digest() == local.digest() != ""
    assert [one.done_rounds for one in seen] == sorted(one.done_rounds for one in seen)
    assert seen[-1].done_rounds == seen[-1].expected_rounds == 2 * (4 + 7 + 4) and seen[-1].done_jobs == 6
    assert go_on(record, TWO) == "done" and record.digest() == local.digest()


@pytest.mark.slow
def test_a_killed_task_is_run_again_and_buys_nothing_twice(cluster, begun) -> None:
    """39 labels an arm at each of 2 seeds and 3 arms, each bought once, although one arm's process is killed twice."""
    record, local = begun(rounds=9, labels=39), begun(rounds=9, labels=39)
    killer = Killer(record, "selftrained", 2)
    killer.start()
    assert go_on(record, TWO) == "done"
    killer.join()
    assert len(set(killer.killed)) == 2
    assert all(status == "started" and 0 < spent < 39 for status, spent in killer.left), killer.left
    go_on(local, 0)
    assert record.digest() == local.digest()
    assert len(bought(record)) == len(set(bought(record))) == len(bought(local)) == 2 * 3 * 39


@pytest.mark.slow
def test_a_task_that_is_killed_every_time_is_named(cluster, begun, monkeypatch) -> None:
    """The run goes on afterwards."""
    monkeypatch.setattr(ray_engine, "RETRIES", 0)
    record = begun(("control=none", "only=[margin]"), rounds=9, labels=39, seeds=1)
    killer = Killer(record, "margin", 1)
    killer.start()
    with pytest.raises(TutelageError, match=r"arm 'margin' at seed 0 ended 1 times(.|\n)*tutelage resume"):
        go_on(record, Engine("ray", 1))
    killer.join()
    assert killer.killed and go_on(record, Engine("ray", 1)) == "done"


@pytest.mark.slow
def test_errors_arrive_as_they_do_locally(cluster, begun, tickets: Path) -> None:
    record = begun()
    tickets.unlink()
    jobs = [Job(record.folder, "margin", 0), Job(record.folder, "nowhere", 0)]
    told = {one.job.arm: one.how for one in ends(iter(jobs), 1, "") if one is not None}
    assert isinstance(told["margin"], Refused) and str(tickets) in str(told["margin"].faults[0])
    assert "arm 'nowhere' at seed 0 failed" in str(told["nowhere"]) and "KeyError" in str(told["nowhere"])


@pytest.mark.slow
def test_ctrl_c_stops_the_tasks_and_loses_nothing(cluster, begun) -> None:
    record, local = begun(rounds=9, labels=39), begun(rounds=9, labels=39)

    def interrupt(progress) -> None:
        if progress.done_rounds > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go_on(record, TWO, interrupt)
    assert record.digest() == ""
    deadline = time.monotonic() + 20
    while any(holder(state.folder / "lock") for state in record.states()) and time.monotonic() < deadline:
        time.sleep(0.05)
    before = bought(record)
    time.sleep(0.5)
    assert 0 < len(before) == len(bought(record)) < 2 * 3 * 39
    assert go_on(record, 0) == go_on(local, 0) == "done" and record.digest() == local.digest()


@pytest.mark.slow
def test_from_the_command_line(cluster, tmp_path: Path, study, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.yaml").write_text(study(rounds=1, seeds=1))
    given = ["--runs", str(tmp_path / "runs"), "--engine", "ray", "--workers", "1"]
    assert main(["run", str(tmp_path / "s.yaml"), "--name", "one", *given]) == 0
    assert main(["resume", "one", *given]) == 0
    assert main(["compare", str(tmp_path / "s.yaml"), str(tmp_path / "s.yaml"), "--name", "two", *given]) == 0
    assert "selftrained" in capsys.readouterr().out
    assert Record(tmp_path / "runs" / "one").digest()


def test_a_machine_that_sees_no_run_or_has_other_code_does_nothing(begun, tmp_path: Path) -> None:
    record = begun()
    job = Job(record.folder, "margin", 0)
    said = str(_task(job, Driver(tmp_path, tmp_path / "nowhere", _code())))
    assert str(tmp_path / "nowhere") in said and "share" in said and str(record.folder) not in said
    assert "has other code" in str(_task(job, Driver(tmp_path, tmp_path, "tutelage 0.0.0")))
    assert record.state("margin", 0).status == "new"


def test_settings_that_do_not_go_together() -> None:
    with pytest.raises(Refused, match="--address: only a Ray cluster"):
        engine(Engine(address="10.0.0.1:6379"))
    with pytest.raises(Refused, match="HOST:PORT; found 'here'"):
        engine(Engine("ray", address="here"))
    with pytest.raises(Refused, match="leaves Ray nothing to do"):
        engine(Engine("ray", 0))


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutelage.study.engine.find_spec", lambda name: None)
    with pytest.raises(Missing, match=r"pip install 'tutelage\[scale\]'"):
        engine(Engine("ray", 2))
