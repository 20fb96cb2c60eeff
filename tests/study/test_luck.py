"""Shared luck pairs two arms to the last number; own luck parts them, and leaves their data alike."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.loop import At, Run
from tutelage.recipe.read import read_text
from tutelage.runs.journal import lines
from tutelage.runs.record import Record, arrays
from tutelage.study.run import go_on, prepare, start

TWINS = """
arms:
  one: {{data: {{use: digits, pool: 150}}, student: {{use: {student}}}, choose: {{use: uniform}},
        teach: {{use: noisy, error: 0.2}}, rounds: 2, per_round: 12, luck: {luck}}}
  two: {{}}
seeds: 2
budget: {{labels: 60}}
control: none
"""


def run(tmp_path: Path, luck: str, student: str = "vector.logistic") -> Record:
    text = TWINS.format(luck=luck, student=student)
    record = start(prepare(read_text(text, "twins.yaml")), tmp_path / luck)
    assert go_on(record, 0) == "done"
    return record


def rounds(record: Record, arm: str, seed: int) -> list[dict[str, np.ndarray]]:
    return [arrays(path) for path in sorted((record.arm_folder(arm, seed) / "rounds").glob("*.npz"))]


def digests(record: Record, arm: str, seed: int) -> list[str]:
    return [line["digest"] for line in lines(record.arm_folder(arm, seed) / "events.jsonl") if line["event"] == "round"]


def test_two_arms_alike_never_differ_under_shared_luck(tmp_path: Path) -> None:
    record = run(tmp_path, "shared")
    for seed in (0, 1):
        assert digests(record, "one", seed) == digests(record, "two", seed) != []
    assert digests(record, "one", 0) != digests(record, "one", 1)


def test_under_own_luck_they_differ_and_their_data_do_not(tmp_path: Path) -> None:
    record = run(tmp_path, "own")
    for seed in (0, 1):
        one, two = rounds(record, "one", seed), rounds(record, "two", seed)
        assert all(set(a["chosen"]) != set(b["chosen"]) for a, b in zip(one, two, strict=True))
        assert all((a["accuracy.rows"] == b["accuracy.rows"]).all() for a, b in zip(one, two, strict=True))
    made = record.material()
    assert made["one"] == made["two"]


def test_shared_luck_is_the_luck_that_there_was_before(tmp_path: Path) -> None:
    """Neutral limit: uniform choice takes the first rows of a permutation drawn from "seed/choose/round"."""
    record = run(tmp_path, "shared")
    pool = prepare(read_text(TWINS.format(luck="shared", student="vector.logistic"), "t.yaml")).courses["one"]
    first = rounds(record, "one", 0)[0]["chosen"]
    assert (first == np.sort(pool.parts["pool"].pool.numbers)[stream(0, "choose", 0).permutation(150)[:12]]).all()


@pytest.mark.parametrize("stage", ["choose", "teach", "start", "learn", "assess.0", "retain.rehearse"])
def test_every_stage_is_salted_but_the_exam(stage: str) -> None:
    """The stream of a stage is named seed/arm/path/round; that of a bought exam seed/exam/round, for every arm."""
    text = TWINS.format(luck="own", student="vector.logistic")
    parts = prepare(read_text(text, "twins.yaml")).parts["one"]
    run = Run(parts, None, 3, None, Path())  # type: ignore[arg-type]
    plain, own = (At(one, parts.steps[0], 2) for one in (run, run._replace(salt="one/")))
    drawn = [at.luck(stage).integers(1 << 60) for at in (plain, own)]
    assert drawn == [stream(3, name, 2).integers(1 << 60) for name in (stage, f"one/{stage}")]
    assert plain.luck("exam").integers(1 << 60) == own.luck("exam").integers(1 << 60)


def test_an_exam_that_is_bought_is_the_same_for_every_arm(study, tmp_path: Path) -> None:
    """Own luck asks about other rows of a table, and examines both arms on the rows that were bought first."""
    sets = ("only=[margin, selftrained]", "data.exam={bought: 20}", "luck=own", "budget.labels=40", "seeds=1",
            "data.start_per_class=0", "choose.use=uniform", "arms.selftrained.steps=[]")  # fmt: skip
    record = start(prepare(read_text(study(), "s.yaml", sets)), tmp_path / "runs", sets)
    assert go_on(record, 0) == "done"
    one, two = (rounds(record, arm, 0) for arm in ("margin", "selftrained"))
    assert len(one[0]["accuracy.rows"]) == 20 and (one[0]["accuracy.rows"] == two[0]["accuracy.rows"]).all()
    assert set(one[-1]["chosen"]) != set(two[-1]["chosen"])


def test_a_run_resumes_under_own_luck(tmp_path: Path) -> None:
    """A journal cut in half is played again with the same luck."""
    record = run(tmp_path, "own", "vector.mlp")
    before, journal = record.digest(), record.arm_folder("two", 1) / "events.jsonl"
    with journal.open("r+b") as file:
        file.truncate(journal.stat().st_size // 2)
    assert record.digest() == ""
    assert go_on(record, 0) == "done" and record.digest() == before


def test_what_is_written_of_shared_luck_is_what_was_written_before_there_was_a_choice() -> None:
    """So that a run begun earlier still counts as the same recipe, and its resolved.yaml is read as it was meant."""
    shared, own = (read_text(TWINS.format(luck=luck, student="vector.logistic"), "t.yaml")
                   for luck in ("shared", "own"))  # fmt: skip
    assert all("luck" not in recipe for recipe in shared.resolved()["arms"].values())
    assert [recipe["luck"] for recipe in own.resolved()["arms"].values()] == ["own", "own"]
    for made in (shared, own):
        assert read_text(yaml.safe_dump(made.resolved()), "resolved.yaml").recipes == made.recipes


def test_luck_in_a_step_is_refused() -> None:
    text = TWINS.format(luck="shared", student="vector.logistic")
    with pytest.raises(Refused, match=r"`luck` holds for every round.*\n.*beside steps"):
        prepare(read_text(text, "t.yaml", ("arms.one.steps=[{luck: own}]",)))
