"""The self-test: every check agrees here, sees a fault that is put in, and survives one that raises."""

import json
import os

import numpy as np
import pytest

from tutelage import selftest as own
from tutelage.cli.main import main
from tutelage.selftest import CHECKS, Check, selftest
from tutelage.study import simulate


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("seed", [0, 5])
def test_agrees(check: Check, seed: int) -> None:
    (found,) = selftest([check], seed)
    assert found.fine and found.difference <= check.limit and not found.note


FAULTS = {  # check -> where its fast code is found, and what is put in its place: nearly right each time
    "crossed interval": ("tutelage.kit.intervals.variance", lambda right: lambda of: right(of)._replace(value=right(of).value * 1.001)),
    "signed ranks": ("tutelage.kit.intervals.rankdata", lambda right: lambda a: right(a, method="ordinal")),
    "k-centre picks": ("tutelage.kit.cover.farthest_first", lambda right: lambda x, held, n, rng: right(x, held[:1], n, rng)),
    "BADGE distances": ("tutelage.choose.badge.to_gradient", lambda right: lambda g, row: right(g, row) * 1.01),
    "nearest neighbours": ("tutelage.kit.neighbours.nearest", lambda right: lambda x, k: right(x, k, x)),
    "distances to centres": ("tutelage.kit.distances.to_nearest", lambda right: lambda s, c: right(s, c[1:])),
    "softmax head": ("tutelage.kit.softmax.solved", lambda right: lambda x, y, w, c, tolerance: right(x, y, w, 2 * c)),
    "ranking and entropy": ("tutelage.kit.ranking.top_n", lambda right: lambda pool, s, n, rng: right(pool, -s, n, rng)),
    "embedding cache": ("tutelage.kit.vector_file.VectorFile.read", lambda right: lambda self, rows: right(self, np.sort(rows))),
    "cut and resumed run": ("tutelage.runs.record.Record.digest", lambda right: lambda self: os.urandom(4).hex()),
}  # fmt: skip


def test_every_check_has_a_fault_to_see() -> None:
    assert FAULTS.keys() == {check.name for check in CHECKS} and len(FAULTS) == 10


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_sees_a_fault(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    path, spoiled = FAULTS[check.name]
    module, _, name = path.rpartition(".")
    try:
        place = importlib.import_module(module)
    except ModuleNotFoundError:  # a method of a class
        module, _, cls = module.rpartition(".")
        place = getattr(importlib.import_module(module), cls)
    monkeypatch.setattr(place, name, spoiled(getattr(place, name)))
    (found,) = selftest([check])
    assert not found.fine and found.difference > check.limit


def test_an_error_is_the_result_of_its_check_and_the_others_go_on() -> None:
    broken = Check("broken", "anything", lambda rng: 1 / 0, 0)
    nothing = Check("no number", "anything", lambda rng: float("nan"), 0)
    first, second, third = selftest([broken, nothing, CHECKS[0]])
    assert first.note == "ZeroDivisionError: division by zero" and not first.fine
    assert not second.fine and third.fine


def test_the_users_cache_is_left_alone(own_cache) -> None:
    named = {"embedding cache", "cut and resumed run"}
    assert all(one.fine for one in selftest([check for check in CHECKS if check.name in named]))
    assert not own_cache.exists() and os.environ["TUTELAGE_CACHE"] == str(own_cache)


def test_the_command_says_each_check_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest"]) == 0
    said = capsys.readouterr().out
    assert all(f"{check.name}, against {check.against}" in said for check in CHECKS) and "10 of 10 agree" in said
    assert main(["selftest", "--json", "--seed", "3"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["fine"] and [one["name"] for one in told["checks"]] == [check.name for check in CHECKS]


def test_the_command_ends_with_1_when_one_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(own, "CHECKS", (CHECKS[0], Check("broken", "anything", lambda rng: 2.0, 1)))
    assert main(["selftest"]) == 1
    said = capsys.readouterr().out
    assert "WRONG   broken" in said and "1 of 2 agree; not: broken" in said


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three equal worlds and one that differs."""
    monkeypatch.setattr(simulate, "GRID", simulate.GRID[:3])
    monkeypatch.setattr(simulate, "POWERS", simulate.POWERS[:1])


@pytest.mark.usefixtures("small")
def test_the_table_of_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "intervals", "--studies", "150"]) == 0
    said = capsys.readouterr().out
    assert "150 studies of two equal arms" in said and "4 of 4 lines are as they must be" in said
    assert "59.2 %" in said  # the power predicted for the first of POWERS
    assert main(["selftest", "intervals", "--studies", "150", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["cells"]) == 4 and told["cells"][0]["seeds"] == 5 and told["studies"] == 150


@pytest.mark.usefixtures("small")
def test_an_interval_that_is_too_narrow_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At 70 % instead of 95 % two equal arms are told apart far too often."""
    right = simulate.crossed
    monkeypatch.setattr(simulate, "crossed", lambda table: right(table, level=0.7))
    assert main(["selftest", "intervals", "--studies", "150"]) == 1
    assert "WRONG" in capsys.readouterr().out


def test_studies_belong_to_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--studies", "200"]) == 2
    assert "tutelage selftest intervals" in capsys.readouterr().err
