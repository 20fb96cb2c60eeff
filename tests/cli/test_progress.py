"""Progress: silence for short work, a rate and what is left that a changing remark does not set back."""

import time

import pytest

from tutelage.cli import progress
from tutelage.cli.progress import Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(progress, "say", lines.append)
    return lines


def test_a_remark_that_changes_keeps_rate_and_remaining_time(clock: list[float], said: list[str]) -> None:
    """Two rounds in 20 s are 10 s each; the eight that are left take 80 s."""
    bar = Progress("rounds")
    bar("teaching", 0, 10)
    clock[0] = 10.0
    bar("teaching", 1, 10, "1 of 5 jobs")
    clock[0] = 20.0
    bar("teaching", 2, 10, "2 of 5 jobs")
    clock[0] = 30.0
    bar("teaching", 3, 10, "3 of 5 jobs")
    assert said[-1] == "teaching: 30 %, 3 of 10 rounds, 10 s each, 1 min 10 s left (3 of 5 jobs)"


def test_other_work_begins_anew(clock: list[float], said: list[str]) -> None:
    bar = Progress("rounds")
    bar("encoding", 0, 10)
    clock[0] = 20.0
    bar("encoding", 5, 10)
    bar("teaching", 5, 10)
    clock[0] = 24.0
    bar("teaching", 6, 10)
    assert said[-1].startswith("teaching: 60 %, 6 of 10 rounds, 4.0 s each")


def test_short_work_and_quiet_work_say_nothing(clock: list[float], said: list[str]) -> None:
    for quiet in (False, True):
        bar = Progress(quiet=quiet)
        bar("work", 0, 2)
        clock[0] += 1.0 if not quiet else 100.0
        bar("work", 1, 2)
    assert said == []
