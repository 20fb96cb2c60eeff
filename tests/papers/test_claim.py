"""What is written to claims/, when, and when it is stale; on a small paper of the tests' own."""

import json
import subprocess
from pathlib import Path

import pytest

from tutelage.core.errors import Refused
from tutelage.papers.check import disagreements, stale
from tutelage.papers.claim import CLAIMS, claim, seeds_of, verdict
from tutelage.papers.read import papers

PAPER = """
key: nobody2001_test
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
    data: {use: digits, pca: 4, pool: 80, start_per_class: 1}
    student: {use: vector.logistic}
    choose: {use: margin}
    rounds: 1
    per_round: 4
  uniform: {choose: {use: uniform}}
shows: [{treatment: margin, control: uniform, measure: {use: last}}]
profiles: {full: {}, quick: {seeds: 2}}
"""
KEY = "nobody2001_test"


@pytest.fixture
def shelf(shelf_of) -> Path:
    """A checkout of its own with one paper, not committed yet."""
    return shelf_of({KEY: PAPER})


def run(folder: Path, *given, **more):
    return claim(KEY, *given, root=folder.parents[1] / "runs", workers=0, folder=folder.parents[1] / "claims", **more)


def test_a_claim_is_committed_before_it_counts(shelf: Path, commit) -> None:
    found = run(shelf)
    assert (
        found.written is None and "not committed" in found.why_not and verdict(KEY, shelf.parents[1] / "claims") is None
    )

    commit(shelf)
    found = run(shelf)
    assert found.written is not None and found.why_not == ""
    kept = json.loads(found.written.read_text())
    assert kept["verdict"]["outcome"] == found.outcome and len(kept["runs"]) == 1
    assert kept["runs"][0]["conditions"][0]["per_seed"] == list(found.judged[0].per_seed)
    assert kept["runs"][0]["cost"]["labels"] == 2 * 5 * 14
    assert verdict(KEY, found.written.parent)["outcome"] == found.outcome
    assert stale(KEY, found.written.parent) == ()

    run(shelf)
    assert len(json.loads(found.written.read_text())["runs"]) == 2  # every run is kept


def test_a_replication_never_changes_the_verdict(shelf: Path, commit) -> None:
    commit(shelf)
    written = run(shelf).written
    before = json.loads(written.read_text())
    for given, more in ((("100:105",), {}), ((None, ["rounds=2"]), {}), ((), {"profile": "quick"})):
        found = run(shelf, *given, **more)
        assert found.written is None and "other seeds, settings or another profile" in found.why_not
        assert json.loads(written.read_text()) == before
    run(shelf, "100:105", keep=True)
    after = json.loads(written.read_text())
    assert len(after["replications"]) == 1 and {**after, "replications": []} == before
    assert after["replications"][0]["seeds"] == [100, 101, 102, 103, 104]
    assert stale(KEY, written.parent) == ()


def test_uncommitted_changes_are_named(shelf: Path, commit) -> None:
    commit(shelf)
    (shelf.parent / "README").write_text("changed")
    found = run(shelf)
    assert found.written is None and "README" in found.why_not


def test_a_changed_claim_makes_the_verdict_stale(shelf: Path, commit) -> None:
    commit(shelf)
    folder = run(shelf).written.parent
    (shelf / f"{KEY}.yaml").write_text(PAPER.replace("headline: ", "headline: Indeed, "))
    assert stale(KEY, folder) == ()  # words may change
    (shelf / f"{KEY}.yaml").write_text(PAPER.replace("per_round: 4", "per_round: 5"))
    assert "claims something else by now" in stale(KEY, folder)[0]


def test_a_verdict_that_its_values_do_not_give_is_found(shelf: Path, commit) -> None:
    commit(shelf)
    path = run(shelf).written
    kept = json.loads(path.read_text())

    def spoilt(change) -> str:
        again = json.loads(json.dumps(kept))
        change(again)
        path.write_text(json.dumps(again))
        return " ".join(stale(KEY, path.parent))

    def lift(one) -> None:
        one["runs"][0]["conditions"][0]["per_seed"][0] += 0.1

    def better(one) -> None:
        one["runs"][0]["conditions"][0]["outcome"] = "held" if kept["verdict"]["outcome"] != "held" else "refuted"

    def outcome(one) -> None:
        one["runs"][0]["outcome"] = one["verdict"]["outcome"] = (
            "refuted" if kept["verdict"]["outcome"] == "held" else "held"
        )

    assert "worked out again as" in spoilt(lift) or "judged again as" in spoilt(lift)
    assert "judged again as" in spoilt(better)
    assert "judged again as" in spoilt(outcome)
    assert "verdict on top" in spoilt(lambda one: one["verdict"].update(outcome="?"))
    assert "not committed before" in spoilt(lambda one: one["runs"][0].update(claim_commit=""))
    assert spoilt(lambda one: None) == ""


def test_a_claim_that_was_committed_after_its_run_is_found(shelf: Path, commit, git) -> None:
    commit(shelf)
    path = run(shelf).written
    git(shelf, "commit", "-q", "--allow-empty", "-m", "later")
    later = subprocess.run(["git", "-C", str(shelf), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    kept = json.loads(path.read_text())
    kept["runs"][0]["claim_commit"] = later.stdout.strip()
    path.write_text(json.dumps(kept))
    assert "not committed before" in " ".join(stale(KEY, path.parent))


def test_an_interrupted_run_of_the_same_claim_goes_on(shelf: Path, commit, monkeypatch) -> None:
    commit(shelf)
    for module in ("tutelage.runs.environment", "tutelage.papers.claim"):
        monkeypatch.setattr(f"{module}.revision", lambda: "a" * 40)
    first = run(shelf)
    (first.run / "arms" / "uniform" / "4" / "events.jsonl").unlink()
    assert run(shelf).run == first.run
    assert run(shelf).run != first.run  # that one is finished, so this is a new run


def test_seeds() -> None:
    assert seeds_of("3:5") == [3, 4]
    for wrong in ("5:3", "5:5", "5", "a:b", "-1:4", "1:2:3"):
        with pytest.raises(Refused, match="a:b"):
            seeds_of(wrong)


def test_every_verdict_on_file_is_still_the_verdict() -> None:
    """Counted by other means: every file in claims/ belongs to a paper and is looked at."""
    files = sorted(path.name for path in CLAIMS.glob("*")) if CLAIMS.is_dir() else []
    assert all(name.endswith(".json") and name.removesuffix(".json") in papers() for name in files)
    assert [sentence for name in files for sentence in stale(name.removesuffix(".json"))] == []
    for name in files:
        kept = json.loads((CLAIMS / name).read_text(encoding="utf-8"))
        assert [disagreements(one) for one in kept["replications"] if disagreements(one)] == []
