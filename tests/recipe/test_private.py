"""Private learning in a recipe: what is refused before a run, what is named as not private, and rounds that add up."""

from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.recipe.fit import fit, fit_one
from tutelage.recipe.private import uncovered
from tutelage.recipe.read import read_text
from tutelage.study.run import go_on, prepare, start
from tutelage.study.summary import summary

STUDY = """
seeds: [0]
control: none
arms:
  a:
    data: {use: digits, pool: 60}
    student: {use: vector.mlp, hidden: [4], standardise: false}
    choose: {use: everything}
    teach: {use: oracle}
    learn: {use: gradient, passes: 1, batch: 16, privacy: {epsilon: 4}}
    assess: [{use: accuracy}]
    rounds: 1
"""


def misfits(*sets: str) -> str:
    with pytest.raises(Refused) as caught:
        fit(read_text(STUDY, "s.yaml", sets))
    return str(caught.value)


def notes(*sets: str) -> tuple[str, ...]:
    read = read_text(STUDY, "s.yaml", sets)
    parts = fit_one(read.recipes["a"], read.source, "a")
    return uncovered(parts.steps, parts.student, parts.stop)


def test_what_breaks_the_count_is_refused_with_line_and_reason() -> None:
    assert "order: private learning draws its batches at random, and as_given plans them" in misfits(
        "order.use=as_given", "order.fixed=true"
    )
    assert "easy_first plans them" in misfits("order.use=easy_first")
    for retain in ("ewc", "replay"):
        assert f"{retain} brings earlier lessons back" in misfits(f"retain.use={retain}")
    both = misfits("order.use=easy_first", "retain.use=replay")
    assert "easy_first" in both and "replay" in both
    fit(read_text(STUDY, "s.yaml"))


def test_one_step_is_private_at_most() -> None:
    twice = STUDY + "    steps: [{learn: {passes: 1}}, {learn: {passes: 2}}]\n"
    with pytest.raises(Refused, match="one step of a round may be private"):
        fit(read_text(twice, "s.yaml"))
    once = STUDY + "    steps: [{once: true, learn: {use: refit}}, {learn: {passes: 2}}]\n"
    made = fit(read_text(once, "s.yaml"))["a"]
    assert any("refit in step 0" in note for note in uncovered(made.steps, made.student, made.stop))


def test_what_looks_without_noise_is_named() -> None:
    assert notes() == ("the facts `loss` and `clipped`",)
    assert "choosing by margin" in notes("choose.use=margin", "per_round=5")
    assert any("scales" in note for note in notes("student.standardise=true"))
    assert "the scores of membership" in notes("assess=[{use: accuracy}, {use: membership}]")
    read = read_text(STUDY, "s.yaml", ("learn.privacy=null",))
    parts = fit_one(read.recipes["a"], read.source, "a")
    assert uncovered(parts.steps, parts.student, parts.stop) == ()


def run(tmp_path: Path, *sets: str):
    record = start(prepare(read_text(STUDY, "s.yaml", sets)), tmp_path / "runs", sets)
    go_on(record, 0)
    return record


def test_the_record_holds_epsilon_and_what_is_not_private(tmp_path: Path) -> None:
    told = summary(run(tmp_path))
    assert 3.9 < told.cost["epsilon"] <= 4.0
    assert any("a learns privately. Not private, and in no epsilon: the facts" in note for note in told.notes)


@pytest.mark.parametrize("restart", ["true", "false"])
def test_rounds_add_up_whether_or_not_each_begins_again(tmp_path: Path, restart: str) -> None:
    """Three rounds of 20 rows share epsilon 4; a fourth is not made, since privacy that was spent stays spent."""
    sets = (
        f"restart={restart}",
        "choose.use=uniform",
        "per_round=20",
        "learn.privacy.rounds=3",
        "learn.privacy.delta=0.01",
    )
    told = summary(run(tmp_path, *sets, "rounds=3"))
    assert 3.9 < told.cost["epsilon"] <= 4.0
    over = summary(run(tmp_path / "more", *sets, "rounds=4", "data.pool=100"))
    assert over.cost["epsilon"] <= 4.0 and over.cost["labels"] == told.cost["labels"] + 20


def test_a_budget_of_epsilon_ends_the_arm_before_it_would_be_passed(tmp_path: Path) -> None:
    sets = ("choose.use=uniform", "per_round=20", "rounds=3", "learn.privacy.sigma=1.5", "learn.privacy.delta=0.01")
    free = summary(run(tmp_path, *sets)).cost["epsilon"]
    limited = summary(run(tmp_path / "limited", *sets, f"budget.epsilon={0.8 * free}"))
    assert 0 < limited.cost["epsilon"] <= 0.8 * free


def test_no_noise_is_an_infinite_loss_that_a_record_can_hold(tmp_path: Path) -> None:
    told = summary(run(tmp_path, "learn.privacy.sigma=0"))
    assert np.isinf(told.cost["epsilon"])
