"""All claims in one pool: nobody waits for another, nobody stops another, and replications touch no verdict."""

import json
from pathlib import Path

import pytest

from tutelage.cli import verb_claim
from tutelage.cli.main import main
from tutelage.core.errors import Missing, Refused, TutelageError
from tutelage.papers.check import stale
from tutelage.papers.claim import ClaimResult, claim
from tutelage.papers.every import Failed, claim_all
from tutelage.runs.record import Record

PAPER = """
key: {key}
title: "A paper of the tests"
year: 2001
link: "https://example.org"
headline: "Margin beats uniform, which this test does not care about."
here: "Twelve labels of digits."
not_shown: "Anything."
control: none
seeds: 5
arms:
  margin:
    data: {{use: {data}, pool: 80, start_per_class: 1}}
    student: {{use: {student}}}
    choose: {{use: margin}}
    rounds: {rounds}
    per_round: 4
  uniform: {{choose: {{use: uniform}}}}
shows: [{{treatment: margin, control: uniform, measure: {{use: last}}}}]
profiles: {{full: {{}}, quick: {{seeds: 2}}}}
"""
ONE, TWO, BROKEN, WITHOUT = "a2001_one", "b2001_two", "c2001_broken", "d2001_without"


def text(key: str, rounds: int = 1, data: str = "digits, pca: 4", student: str = "vector.logistic") -> str:
    return PAPER.format(key=key, rounds=rounds, data=data, student=student)


@pytest.fixture
def shelf(shelf_of, commit, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two papers that run, one whose student cannot read its data, one whose data are not here."""
    folder = shelf_of(
        {
            ONE: text(ONE),
            TWO: text(TWO, rounds=2),
            BROKEN: text(BROKEN, student="text.linear"),
            WITHOUT: text(WITHOUT, data="trec", student="text.linear"),
        }
    )
    commit(folder)
    for module in ("tutelage.runs.environment", "tutelage.papers.claim"):
        monkeypatch.setattr(f"{module}.revision", lambda: "a" * 40)
    return folder


def run(folder: Path, keys=(ONE, TWO, BROKEN, WITHOUT), workers=0, **more) -> dict[str, ClaimResult | Failed]:
    top = folder.parents[1]
    found = list(claim_all(keys, root=top / "runs", workers=workers, folder=top / "claims", **more))
    assert len(found) == len(keys)
    return {one.key: one for one in found}


def kept(folder: Path, key: str) -> dict:
    return json.loads((folder.parents[1] / "claims" / f"{key}.json").read_text())


@pytest.mark.slow
def test_a_paper_that_fails_or_lacks_an_asset_stops_no_other(shelf: Path) -> None:
    """20 jobs: 2 arms x 5 seeds of the two papers that run; those of the other two are not counted in the end."""
    seen = []
    found = run(shelf, workers=2, progress=seen.append)
    assert isinstance(found[BROKEN], Failed) and isinstance(found[BROKEN].error, Refused)
    assert isinstance(found[WITHOUT], Failed) and isinstance(found[WITHOUT].error, Missing)
    assert (seen[-1].done_jobs, seen[-1].jobs) == (20, 20)
    for key, labels in ((ONE, 14), (TWO, 18)):
        assert kept(shelf, key)["runs"][0]["cost"]["labels"] == 2 * 5 * labels
        assert kept(shelf, key)["verdict"]["outcome"] == found[key].outcome
        assert stale(key, shelf.parents[1] / "claims") == ()
    alone = claim(ONE, root=shelf.parents[1] / "alone", workers=0, folder=shelf.parents[1] / "other")
    assert alone.record["digest"] == kept(shelf, ONE)["runs"][0]["digest"]


def test_each_is_written_before_the_next_has_begun(shelf: Path) -> None:
    top = shelf.parents[1]
    results = claim_all((ONE, TWO), root=top / "runs", workers=0, folder=top / "claims")
    assert next(results).key == ONE and kept(shelf, ONE)["verdict"]
    assert [path.name.partition("-")[0] for path in (top / "runs").iterdir()] == [ONE]
    assert next(results).key == TWO and next(results, None) is None


def test_an_interrupted_one_goes_on_where_it_stopped(shelf: Path) -> None:
    """The first paper is over and is not run again; the second had three jobs done, and keeps them."""
    top = shelf.parents[1]

    def interrupt(stand) -> None:
        if stand.done_jobs == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(shelf, (ONE, TWO), progress=interrupt)
    folders = sorted(path.name for path in (top / "runs").iterdir())
    states = {
        folder: [one.status for one in Record(top / "runs" / folder).states()].count("done") for folder in folders
    }
    assert list(states.values()) == [10, 3]
    before = kept(shelf, ONE)
    journal = next((top / "runs").glob(f"{TWO}-*/arms/margin/0/events.jsonl"))
    written = journal.stat().st_mtime_ns
    found = run(shelf, (ONE, TWO))
    assert sorted(path.name for path in (top / "runs").iterdir()) == folders
    assert kept(shelf, ONE) == before and found[ONE].written is not None and journal.stat().st_mtime_ns == written
    assert len(kept(shelf, TWO)["runs"]) == 1


def test_a_run_that_ended_unwritten_is_written_when_it_is_found(shelf: Path) -> None:
    first = run(shelf, (ONE,), seeds="100:105")
    assert first[ONE].written is None
    again = run(shelf, (ONE,), seeds="100:105", keep=True)
    assert again[ONE].run == first[ONE].run and len(kept(shelf, ONE)["replications"]) == 1
    run(shelf, (ONE,), seeds="100:105", keep=True)
    assert len(kept(shelf, ONE)["replications"]) == 1


@pytest.mark.slow
def test_replications_of_several_papers_touch_no_verdict(shelf: Path) -> None:
    """Other seeds, other settings, the quick profile: each is kept beside the runs, and nothing on top moves."""
    keys = (ONE, TWO)
    run(shelf, keys)
    before = {key: kept(shelf, key) for key in keys}
    given = (
        {"seeds": "100:102"},
        {"sets": ["rounds=3", "seeds=1"]},
        {"profile": "quick"},
        {"seeds": "7:8", "profile": "quick"},
    )
    for number, more in enumerate(given, start=1):
        found = run(shelf, keys, keep=True, **more)
        for key in keys:
            after = kept(shelf, key)
            assert len(after["replications"]) == number and {**after, "replications": []} == before[key]
            assert found[key].written is not None and "other seeds, settings or another profile" in found[key].why_not
            assert stale(key, shelf.parents[1] / "claims") == ()
    assert kept(shelf, ONE)["replications"][0]["seeds"] == [100, 101]
    assert kept(shelf, ONE)["replications"][2]["seeds"] == [0, 1]


def test_a_bug_is_told_with_its_traceback(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the paper that it struck, while the other is judged."""
    from tutelage.papers import every

    def judge(asked, *given):
        if asked.card.key == ONE:
            raise ZeroDivisionError("by hand")
        return real(asked, *given)

    real = every.conclude
    monkeypatch.setattr(every, "conclude", judge)
    found = run(shelf, (ONE, TWO))
    assert "Traceback" in str(found[ONE].error) and "by hand" in str(found[ONE].error)
    assert isinstance(found[TWO], ClaimResult)


def result(outcome: str) -> ClaimResult:
    return ClaimResult("k", outcome, (), Path("r"), None, "", {})


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ([result("held"), result("refuted"), result("unclear")], 0),
        ([result("held"), result("waiting")], 5),
        ([result("waiting"), Failed("k", Missing("it", "get it"))], 6),
        ([Failed("k", Missing("it", "get it")), Failed("k", TutelageError("no"))], 1),
    ],
)
def test_exit_codes(told, code: int) -> None:
    assert verb_claim._worst(told) == code


@pytest.mark.slow
def test_from_the_command_line(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One paper fails, so 1; each says how it went, and as JSON the errors are there too."""
    given = ["claim", "--all", "--profile", "quick", "--runs", str(shelf.parents[1] / "runs"), "--workers", "0"]
    assert main(given) == 1
    told = capsys.readouterr()
    assert f"{ONE}: unclear" in told.out and f"{TWO}: unclear" in told.out
    assert f"{BROKEN}: " in told.err and f"{WITHOUT}: " in told.err
    assert main([*given, "--json"]) == 1
    found = {one["key"]: one for one in json.loads(capsys.readouterr().out)}
    assert found.keys() == {ONE, TWO, BROKEN, WITHOUT} and "error" in found[WITHOUT] and found[ONE]["outcome"]
