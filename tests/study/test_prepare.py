"""Everything that is refused before a label is bought, each in one sentence with the place and the help."""

from pathlib import Path

import pytest

from tutelage.core.errors import Refused
from tutelage.recipe.read import read_text
from tutelage.study.run import prepare, start


def refusal(text: str, sets: tuple[str, ...] = ()) -> str:
    with pytest.raises(Refused) as caught:
        prepare(read_text(text, "s.yaml", sets))
    return str(caught.value)


def test_a_study_that_can_run_is_prepared_and_spends_nothing(study, tmp_path: Path) -> None:
    prepared = prepare(read_text(study(), "s.yaml"))
    assert list(prepared.parts) == list(prepared.courses) == ["margin", "selftrained", "uniform"]
    assert prepared.courses["margin"] is prepared.courses["uniform"]  # equal data are made once
    record = start(prepared, tmp_path / "runs")
    assert not (record.folder / "arms").exists()
    assert [state.status for state in record.states()] == ["new"] * 6


def test_a_budget_larger_than_the_pool_names_both_numbers(study) -> None:
    said = refusal(study(labels=500))
    assert "line 14, budget.labels" in said and "500 labels" in said and "only 90 rows" in said
    assert "--set budget.labels=90" in said
    prepare(read_text(study(labels=90), "s.yaml"))  # the whole pool may be bought


def test_a_budget_that_the_start_eats_up(study) -> None:
    assert "nothing is left to ask for: the class-balanced start takes 3 of the 3 labels" in refusal(study(labels=3))


def test_a_bought_exam_that_leaves_nothing(study) -> None:
    said = refusal(study(labels=15), ("data.exam={bought: 12}",))
    assert "the exam takes 12 and the class-balanced start takes 3 of the 15 labels" in said
    said = refusal(study(labels=119), ("data.exam={bought: 118}",))
    assert "of the pool's 120 rows" in said


def test_no_stored_answers_under_an_oracle(study, tickets: Path) -> None:
    lines = tickets.read_text(encoding="utf-8").splitlines()
    tickets.write_text("\n".join([lines[0], *(line.split(",")[0] + "," for line in lines[1:])]), encoding="utf-8")
    said = refusal(study(), ("data.exam={bought: 5}", "data.start_per_class=0", "data.labels=[card, food, rent]"))
    assert "queue" in said or "stored answers" in said
    said = refusal(study(), ("data.exam={bought: 5}", "data.start_per_class=0", "data.filled=given"))
    assert "teach" in said and "no row of the pool has one" in said and "teach.use=human" in said


def test_an_exam_that_is_not_there(study) -> None:
    said = refusal(study(), ("assess.0.on=probes",))
    assert "accuracy needs an exam called 'probes'" in said and "known: exam" in said


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("retain={use: mix_review, part: earlir}", "retain.part"),
        ("retain={use: self_replay, part: earlir}", "retain.part"),
        ("retain={use: proxy_replay, parts: [earlir]}", "retain.parts"),
    ],
    ids=["mix_review", "self_replay", "proxy_replay"],
)
def test_a_part_of_the_data_that_is_not_there_is_refused_before_anything_runs(line: str, where: str) -> None:
    text = (
        "data: {use: evolving_facts, people: 8, updated: 2, new: 2, wordings: 2}\nteach: {use: recorded}\n"
        "student: {use: text.tiny, hidden: 16, layers: 1, heads: 2, window: 64}\nlearn: {use: gradient}\n"
        "assess: [{use: exact_match, on: new}]\n"
    )
    prepare(read_text(text, "s.yaml", (line.replace("earlir", "earlier"),)))
    said = refusal(text, (line,))
    assert where in said and "no part called 'earlir'" in said and "did you mean 'earlier'" in said


def test_keys_of_the_study(study) -> None:
    said = refusal(study(), ("budget={label: 15}", "seeds=[1, 1]", "shows=[{treatment: margin, control: unifrom}]"))
    assert "nothing is paid for in 'label'" in said and "did you mean 'labels'" in said
    assert "every seed counts once" in said
    assert "there is no arm called 'unifrom'" in said


def test_faults_that_arms_share_are_said_once(study) -> None:
    assert refusal(study(labels=500)).count("budget.labels:") == 1


def test_the_recipes_own_faults_come_through(study) -> None:
    assert "did you mean 'margin'" in refusal(study(), ("choose.use=margn",))
