"""Arms x seeds in processes: the same record on any number of workers, refusals, waiting, and what a dead worker says."""

import os
import pickle
import re
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.data import Rows
from tutelage.core.errors import Fault, Missing, Refused, Spent, TutelageError, Waiting
from tutelage.recipe.read import read_text
from tutelage.runs.answered import answer, queue
from tutelage.runs.record import Record
from tutelage.study.jobs import Job
from tutelage.study.judge import judge, level_at
from tutelage.study.run import go_on, prepare, start
from tutelage.study.summary import summary
from tutelage.study.workers import ONE_THREAD, ends, surroundings
from tutelage.toys import POOL


@pytest.fixture
def begun(tmp_path: Path):
    def made(text: str, sets: tuple[str, ...] = ()) -> Record:
        return start(prepare(read_text(text, "s.yaml", sets)), tmp_path / "runs", sets)

    return made


@pytest.mark.slow
def test_none_one_and_two_workers_write_the_same_record(study, begun) -> None:
    """And progress is told, rises, and ends at what was expected."""
    digests = []
    for workers in (0, 1, 2):
        seen = []
        record = begun(study())
        assert go_on(record, workers, seen.append) == "done"
        digests.append(record.digest())
        assert [one.done_rounds for one in seen] == sorted(one.done_rounds for one in seen)
        last = seen[-1]
        assert last.done_rounds == last.expected_rounds == 2 * (4 + 7 + 4)  # opening and 3 rounds; two steps in one arm
        assert last.done_jobs == last.jobs == 6
    assert digests[0] and len(set(digests)) == 1


def test_a_finished_run_is_left_alone(study, begun) -> None:
    record = begun(study(rounds=1, seeds=1), ("control=none", "only=[margin]"))
    go_on(record, 0)
    journal = record.arm_folder("margin", 0) / "events.jsonl"
    before = journal.stat().st_mtime_ns
    assert go_on(record, 2) == "done" and journal.stat().st_mtime_ns == before


def test_the_first_seed_of_every_arm_comes_first(study, begun, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("tutelage.runs.arm.execute", lambda folder, arm, seed: asked.append((arm, seed)) or "done")
    go_on(begun(study()), 0)
    assert asked == [(arm, seed) for seed in (0, 1) for arm in ("margin", "selftrained", "uniform")]


def test_changed_data_are_refused_with_the_difference(study, begun, tickets: Path) -> None:
    record = begun(study())
    text = tickets.read_text(encoding="utf-8")
    tickets.write_text(text.replace(",rent", ",card"), encoding="utf-8")
    with pytest.raises(Refused) as caught:
        go_on(record, 0)
    said = str(caught.value)
    assert "the data changed since this run began" in said and "the labels changed (gone: rent)" in said
    assert not (record.folder / "arms").exists()
    tickets.write_text(text, encoding="utf-8")
    assert go_on(record, 0) == "done"


def test_two_processes_do_not_work_on_one_run(study, begun) -> None:
    record = begun(study())
    with record.lock(), pytest.raises(Refused, match=f"process {os.getpid()} is working"):
        go_on(record, 0)


def test_a_person_is_waited_for(study, begun) -> None:
    """The run waits, costs nothing meanwhile, and goes on when the answers are there."""
    record = begun(study(rounds=1, seeds=1), ("teach.use=human", "only=[margin]"))
    for _ in range(2):
        assert go_on(record, 0) == "waiting"
    rounds = 0
    while go_on(record, 0) == "waiting":
        open_ = queue(record)
        assert open_.questions and record.states()[0].spent.get("labels", 0) == 4 * max(rounds - 1, 0) + 3 * (
            rounds > 0
        )
        answer(record, [(one.key, {"label": open_.labels[0]}) for one in open_.questions], by="ada")
        rounds += 1
    assert rounds == 2  # the start, and one round
    assert record.states()[0].spent["labels"] == 7


@pytest.mark.slow
def test_a_killed_worker_is_named_with_its_job(study, begun) -> None:
    """The parent says which arm and seed it was; the run goes on afterwards."""
    record = begun(study(rounds=9, seeds=3, labels=39))
    killed = []

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

    with pytest.raises(TutelageError, match=r"arm '\w+' at seed \d was killed by signal 9; .*resume"):
        go_on(record, 1, kill)
    assert killed and go_on(record, 0) == "done"


@pytest.mark.slow
def test_an_error_in_a_worker_arrives_whole(study, begun, tickets: Path) -> None:
    """Refused keeps its faults across the process boundary: here the file disappears under the workers."""
    record = begun(study())
    tickets.unlink()
    (ended,) = [one for one in ends(iter([Job(record.folder, "margin", 0)]), 1) if one is not None]
    assert isinstance(ended.how, Refused) and ended.how.exit_code == 2 and str(tickets) in str(ended.how.faults[0])


@pytest.mark.slow
def test_a_bug_in_a_worker_arrives_with_its_traceback(study, begun) -> None:
    record = begun(study())
    (ended,) = [one for one in ends(iter([Job(record.folder, "nowhere", 0)]), 1) if one is not None]
    assert isinstance(ended.how, TutelageError)
    assert re.match(r"arm 'nowhere' at seed 0 failed(.|\n)*KeyError", str(ended.how))


@pytest.mark.slow
def test_ctrl_c_stops_the_workers_and_loses_nothing(study, begun) -> None:
    record = begun(study(rounds=12, seeds=3, labels=51))  # long enough to be stopped in the middle of it
    whole = begun(study(rounds=12, seeds=3, labels=51))
    threads = []

    def interrupt(progress) -> None:
        if progress.done_rounds > 2 and not threads:
            threads.append(threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT)))
            threads[0].start()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it in what it starts with &
    try:
        with pytest.raises(KeyboardInterrupt):
            go_on(record, 2, interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    threads[0].join()
    assert not [state for state in record.states() if state.status == "waiting"]
    assert any(state.status != "done" for state in record.states())
    go_on(record, 0)
    go_on(whole, 0)
    assert record.digest() == whole.digest()


@pytest.mark.slow
def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path, study, begun) -> None:
    import subprocess
    import sys

    record = begun(study(rounds=20, seeds=4, labels=83))
    code = (
        "import sys; from pathlib import Path; from tutelage.runs.record import Record; "
        "from tutelage.study.run import go_on; go_on(Record(Path(sys.argv[1])), 2)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(record.folder)]) as parent:
        deadline = time.monotonic() + 60
        while not any((record.folder / "arms").glob("*/*/rounds/*")) and time.monotonic() < deadline:
            time.sleep(0.05)
        parent.kill()
    time.sleep(1.5)  # a worker looks for its parent every 0.3 s
    before = [path.stat().st_size for path in sorted(record.folder.glob("arms/*/*/events.jsonl"))]
    time.sleep(1.0)
    assert before and before == [path.stat().st_size for path in sorted(record.folder.glob("arms/*/*/events.jsonl"))]
    assert record.digest() == ""


@pytest.mark.parametrize(
    "error",
    [
        Refused([Fault("a", "b", "c"), Fault("", "d")], found=7),
        Missing("it", "get it"),
        Spent("labels", 3, 2, 4),
        Waiting("labels", ["k"], Rows(POOL, np.array([1]))),
        TutelageError("plain"),
    ],
)
def test_errors_survive_the_way_between_processes(error: TutelageError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error) and again.__dict__.keys() == error.__dict__.keys()


def test_children_get_one_thread_and_the_parent_keeps_its_own(monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with surroundings(dict.fromkeys(ONE_THREAD, "1")):
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "3" and "MKL_NUM_THREADS" not in os.environ


LOOKS = """
arms:
  good: {{data: {{use: table, path: {path}, text: body, label: queue}}, student: {{use: text.linear, features: hashed}}, choose: {{use: uniform}}, rounds: 1, per_round: 40}}
  other: {other}
seeds: 12
looks: [5, 8]
control: none
shows: [{{treatment: good, control: other}}]
"""


@pytest.mark.parametrize(
    ("other", "stops"), [("{teach: {use: noisy, error: 0.9}}", 8), ("{luck: own}", 12)], ids=["plain", "never"]
)
def test_a_study_stops_at_a_declared_look_when_it_is_decided(tickets: Path, begun, other: str, stops: int) -> None:
    """Right against wrong labels is plain after 8 seeds (5 leave too little of the error); two equal arms never. A resumed run stays where it stopped."""
    record = begun(LOOKS.format(path=tickets, other=other))
    assert go_on(record, 0) == "done" and len(record.seeds) == stops
    assert len(list(record.folder.glob("arms/*/*/model"))) == 2 * stops
    (found,) = judge(record)
    assert found.seeds == stops and found.level == level_at(record.read().study, stops) > 0.95
    assert (record.folder / "stopped.json").exists() == (stops < 12)
    digest = record.digest()
    assert go_on(record, 0) == "done" and record.digest() == digest
    assert any("Stopped after 8" in note for note in summary(record).notes) == (stops < 12)
