"""Rules that stop, from a recipe to a record: each ends its arm early, and shares every round before with one that goes on."""

import math
from pathlib import Path

import pytest

from tutelage.core.errors import Refused
from tutelage.recipe.fit import fit
from tutelage.recipe.read import read_text
from tutelage.runs.arm import execute
from tutelage.runs.journal import lines
from tutelage.study.estimate import facts
from tutelage.study.run import go_on, prepare, start

RECIPE = """
arms:
  on:
    data: {use: digits, pca: 20, pool: 300, start_per_class: 1}
    student: {use: vector.logistic}
    choose: {use: margin}
    per_round: 15
    rounds: 14
  stops: {stop: RULE}
seeds: [0]
control: none
"""
RULES = {
    "stabilising_predictions": "{use: stabilising_predictions, threshold: 0.97, size: 200}",
    "overall_uncertainty": "{use: overall_uncertainty, threshold: 0.1}",
    "classification_change": "{use: classification_change, threshold: 0.05}",
}


def rounds_of(record, arm):
    return [line for line in lines(record.arm_folder(arm, 0) / "events.jsonl") if line["event"] == "round"]


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
def test_each_rule_ends_its_arm_and_leaves_the_rounds_before_as_they_were(rule: str, tmp_path: Path) -> None:
    record = start(prepare(read_text(RECIPE.replace("RULE", RULES[rule]), "s.yaml")), tmp_path)
    seen = []
    assert go_on(record, 0, seen.append) == "done"
    on, stops = rounds_of(record, "on"), rounds_of(record, "stops")
    assert len(on) == 15 and 2 < len(stops) < 15
    assert [line["digest"] for line in stops] == [line["digest"] for line in on][: len(stops)]
    assert not any("stop" in line["facts"] for line in on) and "stop" in stops[-1]["facts"]
    assert stops[-1]["scores"]["accuracy"] > 0.75 and stops[-1]["spent"]["labels"] < on[-1]["spent"]["labels"]
    assert seen[-1].done_rounds == len(on) + len(stops) < seen[-1].expected_rounds == 30  # an upper bound
    told = facts(record, "stops", [0])
    assert math.isclose(told[-1].values["stop"], stops[-1]["facts"]["stop"])


@pytest.mark.slow
def test_an_arm_that_was_killed_before_its_rule_spoke_stops_where_it_would_have(tmp_path: Path) -> None:
    """The record is cut off after the third round, as a kill leaves it; the rule's memory is replayed with the rest."""
    read = read_text(RECIPE.replace("RULE", RULES["stabilising_predictions"]), "s.yaml", ["only=[stops]"])
    record = start(prepare(read), tmp_path)
    execute(record.folder, "stops", 0)
    journal, digest = record.arm_folder("stops", 0) / "events.jsonl", record.digest()
    whole = journal.read_bytes().splitlines(keepends=True)
    third = [number for number, line in enumerate(whole) if line.startswith(b'{"event":"round"')][2]
    journal.write_bytes(b"".join(whole[: third + 1]))
    assert record.digest() == ""
    assert execute(record.folder, "stops", 0) == "done" and record.digest() == digest


def refused(text: str) -> str:
    with pytest.raises(Refused) as caught:
        fit(read_text(text, "s.yaml"))
    return str(caught.value)


def test_what_cannot_work_is_refused_with_its_place() -> None:
    said = refused(RECIPE.replace("RULE", "{use: overal_uncertainty}"))
    assert (
        "line 9, stop.use" in said and "'overal_uncertainty'" in said and "did you mean 'overall_uncertainty'?" in said
    )
    assert "less than or equal to 1; found 7" in refused(
        RECIPE.replace("RULE", "{use: overall_uncertainty, threshold: 7}")
    )
    assert "no choose.stop method is called 'margin'" in refused(RECIPE.replace("RULE", "{use: margin}"))
    said = refused(RECIPE.replace("{stop: RULE}", "{steps: [{}, {stop: {use: overall_uncertainty}}]}"))
    assert "steps.1.stop" in said and "holds for every round" in said


def test_an_arm_may_take_the_rule_of_the_first_arm_away() -> None:
    text = RECIPE.replace("    rounds: 14", "    rounds: 14\n    stop: {use: overall_uncertainty}").replace(
        "RULE", "null"
    )
    made = fit(read_text(text, "s.yaml"))
    assert made["on"].stop is not None and made["stops"].stop is None


def test_a_student_that_lacks_probabilities_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    from tutelage.core.stages import CanFit
    from tutelage.student.vector.logistic import Logistic

    monkeypatch.setattr(Logistic, "can", frozenset({CanFit}))
    text = RECIPE.replace("RULE", "{use: overall_uncertainty}").replace("{use: margin}", "{use: uniform}")
    assert "stop: overall_uncertainty needs a student that has CanWeigh, which vector.logistic has not" in refused(text)
