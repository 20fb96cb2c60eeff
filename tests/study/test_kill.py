"""SIGKILL at random moments: no label is lost, none is bought twice, and the digest is that of an undisturbed run."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tutelage.recipe.read import read_text
from tutelage.runs.journal import lines
from tutelage.runs.record import Record
from tutelage.study.run import go_on, prepare, start

KILLS = 30  # in all; a few of them with workers, whose start is slow


def live(folder: str, workers: int) -> None:
    """One life of a run, in a process group of its own."""
    os.setsid()
    sys.stderr = open(os.devnull, "w")  # a worker that is killed while it starts says so
    go_on(Record(Path(folder)), workers)


def keys_bought(record: Record) -> list[tuple[str, int, str]]:
    return [
        (state.arm, state.seed, key)
        for state in record.states()
        for line in lines(state.folder / "events.jsonl")
        if line["event"] == "pay"
        for key, *_ in line["bought"]
    ]


class Lives:
    """Starts lives and ends them; counts kills and what they left behind."""

    def __init__(self, seed: int) -> None:
        self.context = multiprocessing.get_context("forkserver")  # a life starts in milliseconds: imports are made once
        self.context.set_forkserver_preload([name for name in sys.modules if name.startswith("tutelage.")])
        self.luck = np.random.Generator(np.random.PCG64(seed))
        self.kills = self.in_the_middle = 0

    def until_done(self, record: Record, workers: int, longest: float, enough: Callable[[], bool]) -> None:
        """Kill life after life at a random moment; after `enough` kills the last one may end by itself."""
        while not record.digest():
            life = self.context.Process(target=live, args=(str(record.folder), workers))
            life.start()
            life.join(None if enough() else self.luck.uniform(0.01, longest))
            if life.exitcode is None:
                try:
                    os.killpg(life.pid, signal.SIGKILL)
                except ProcessLookupError:  # it has no group of its own yet
                    life.kill()
                life.join()
                self.kills += 1
                self.in_the_middle += any(state.status == "started" for state in record.states())
            else:
                assert life.exitcode == 0


@pytest.mark.slow
def test_killed_at_random_moments(study, tmp_path: Path) -> None:
    prepared = prepare(read_text(study(rounds=4, seeds=2, labels=19), "s.yaml"))
    whole = start(prepared, tmp_path / "runs")
    go_on(whole, 0)
    lives = Lives(2026)
    while lives.kills < KILLS:
        with_workers = KILLS - lives.kills <= 4
        until = KILLS if with_workers else KILLS - 4
        record = start(prepared, tmp_path / "runs")
        longest = 4.0 if with_workers else 1.5
        lives.until_done(record, 2 if with_workers else 0, longest, lambda until=until: lives.kills >= until)
        assert record.digest() == whole.digest()
        bought = keys_bought(record)
        assert len(bought) == len(set(bought)) == len(keys_bought(whole)) == 6 * 19
        assert [state.spent["labels"] for state in record.states()] == [19] * 6
    assert lives.kills >= KILLS
    assert lives.in_the_middle >= KILLS // 3, "most kills missed the work, so the test shows nothing"


@pytest.mark.slow
def test_a_torn_last_line_costs_nothing(study, tmp_path: Path) -> None:
    """Every prefix of a journal, cut anywhere, ends in the same digest: 12 cuts, at random bytes."""
    sets = ("control=none", "only=[selftrained]")
    prepared = prepare(read_text(study(rounds=3, seeds=1), "s.yaml", sets))
    whole = start(prepared, tmp_path / "runs")
    go_on(whole, 0)
    text = (whole.arm_folder("selftrained", 0) / "events.jsonl").read_bytes()
    luck = np.random.Generator(np.random.PCG64(7))
    for cut in luck.integers(0, len(text), 12):
        journal = whole.arm_folder("selftrained", 0) / "events.jsonl"
        journal.write_bytes(text[:cut])
        assert whole.digest() == ""
        go_on(whole, 0)
        assert journal.read_bytes().count(b'"pay"') == text.count(b'"pay"')
    fresh = start(prepared, tmp_path / "runs")
    go_on(fresh, 0)
    assert whole.digest() == fresh.digest() != ""
