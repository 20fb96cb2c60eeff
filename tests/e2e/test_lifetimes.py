"""A lifetime of digits from its recipe to its record: forgetting, replay, consolidation, two workers, a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tutelage.runs.record import Record, arrays
from tutelage.study.lifelong import courses
from tutelage.study.measure import round_lines

RECIPE = """
arms:
  plain:
    data: {use: digit_lifetimes, scenario: condensed, slices: 2}
    student: {use: vector.mlp, hidden: [24]}
    learn: {use: gradient, passes: 8, lr: 0.01}
  replay: {retain: {use: replay, keep: 20, by: task, each: true}}
  ewc: {retain: {use: ewc, strength: 300, lessons: 40}}
  joint: {restart: true}
  expert: {data: {task: 0}}
seeds: 1
"""
ARMS = ("plain", "replay", "ewc", "joint", "expert")


@pytest.fixture
def life(at_home: Path) -> Path:
    path = at_home / "life.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def matrix(record: Record, arm: str) -> np.ndarray:
    """R[i, j]: the accuracy on task j after round i."""
    made = []
    table = courses(record, [arm], 0)[arm].exams["exam"].truth[0].about.pool.table
    for line in round_lines(record, arm, 0)[1:]:
        saved = arrays(record.arm_folder(arm, 0) / line["arrays"])
        tasks = np.array(table.columns.column("task").to_pylist())[saved["accuracy.rows"]]
        assert set(tasks) == set("01234") and "accuracy.groups" not in saved  # tasks are no random draw of clusters
        made.append([saved["accuracy.items"][tasks == task].mean() for task in "01234"])
    return np.array(made)


@pytest.mark.slow
def test_on_two_workers_and_over_a_kill_the_same_record(cli, life: Path, at_home: Path) -> None:
    ended = cli("run", life, "--name", "whole", "--workers", "2")
    assert ended.code == 0, ended.err
    whole = Record(at_home / "runs" / "whole")
    for arm in ARMS:
        lines = round_lines(whole, arm, 0)
        assert [line["round"] for line in lines] == list(range(-1, 2 if arm == "expert" else 10))
        assert all(line["asked"] == line["lessons"] and line["spent"]["labels"] > 0 for line in lines[1:])
    learned = {arm: round_lines(whole, arm, 0)[-1]["facts"] for arm in ARMS}
    assert learned["replay"]["lessons"] == learned["plain"]["lessons"] + 100, "20 of each of five tasks, this one too"
    assert learned["joint"]["lessons"] == 1258, "restarting learns from the first student on all lessons so far"
    _what_was_learned(whole)
    _killed_and_resumed(life, at_home, whole)


def _what_was_learned(record: Record) -> None:
    """Tasks 0 to 3 after the last round: fine-tuning forgets, replay less, joint training hardly."""
    kept = {arm: matrix(record, arm)[-1, :4].mean() for arm in ARMS}
    assert kept["plain"] < kept["replay"] - 0.05 and kept["plain"] < kept["joint"] - 0.1
    assert kept["plain"] < kept["ewc"]
    first = matrix(record, "plain")[1, 0]
    assert first > 0.95 and matrix(record, "expert")[1, 0] == first, "the expert's first block is the lifetime's"


def _killed_and_resumed(life: Path, at_home: Path, whole: Record) -> None:
    command = [sys.executable, "-m", "tutelage.cli.main", "run", str(life), "--name", "killed", "--workers", "1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, start_new_session=True, **quiet) as run:
        deadline = time.monotonic() + 120
        while len(list((at_home / "runs" / "killed").glob("arms/*/*/rounds/*.npz"))) < 6:
            assert run.poll() is None and time.monotonic() < deadline, "it ended before it could be killed"
            time.sleep(0.02)
        os.killpg(run.pid, signal.SIGKILL)
    killed = Record(at_home / "runs" / "killed")
    states = {state.status for state in killed.states()}
    assert "started" in states and killed.digest() == ""
    command = [*command[:3], "resume", "killed", "--workers", "0"]
    assert subprocess.run(command, capture_output=True, timeout=240).returncode == 0
    assert killed.digest() == whole.digest() != ""
    bought = [json.loads(line) for line in (killed.arm_folder("plain", 0) / "events.jsonl").read_text().splitlines()]
    keys = [key for line in bought if line["event"] == "pay" for key, *_ in line["bought"]]
    assert len(keys) == len(set(keys)) == 1258


def test_what_cannot_work_is_refused_before_it_runs(cli, life: Path) -> None:
    ended = cli("run", life, "--set", "learn.use=refit", "--set", "retain.use=ewc")
    assert ended.code == 2 and "ewc holds weights back while they move, and refit moves none" in ended.err
    ended = cli("run", life, "--set", "student.use=vector.logistic")
    assert ended.code == 2 and "gradient needs a student that has CanDescend" in ended.err
    assert "these students would do: " in ended.err and "vector.mlp" in ended.err
    ended = cli("run", life, "--set", "rounds=12")
    assert ended.code == 2 and "asks for 12 rounds, and the data come in 10 episodes" in ended.err
    ended = cli("run", life, "--set", "learn.objective={use: cross_entropy, smothing: 0.1}")
    assert ended.code == 2 and "did you mean 'smoothing'" in ended.err
    ended = cli("run", life, "--set", "learn.adapter.use=head")
    assert ended.code == 2 and "did you mean 'head_only'" in ended.err


def test_without_the_text_extra_the_rest_works(at_home: Path, life: Path) -> None:
    """torch and accelerate cannot be imported: gradient says how to get them, and a fit goes on."""
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'accelerate'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from tutelage.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=120)

    missing = run("run", str(life), "--workers", "0")
    assert missing.returncode == 6 and "pip install 'tutelage[text]'" in missing.stderr
    assert "learn: gradient needs the library 'torch'" in missing.stderr
    fitted = run("run", str(life), "--workers", "0", "--arm", "plain", "--set", "learn.use=refit", "--seeds", "1")
    assert fitted.returncode == 0, fitted.stderr
