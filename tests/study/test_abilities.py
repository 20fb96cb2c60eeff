"""The forgetting ledger: a class-incremental study by its own records, numbers worked out again, and when there is none."""

import math
from pathlib import Path

import numpy as np
import pytest

from tutelage.cli.tables import ledger
from tutelage.kit.intervals import crossed, t_interval
from tutelage.recipe.read import read_text
from tutelage.runs.record import Record, arrays
from tutelage.study.measure import round_lines
from tutelage.study.run import go_on, prepare, start
from tutelage.study.summary import plain, summary

STUDY = """
arms:
  forgets:
    data: {{use: class_tasks, of: {{use: digits, pool: 300}}, tasks: 3, classes: 6}}
    student: {{use: vector.mlp, hidden: [16]}}
    choose: {{use: everything}}
    per_round: null
    learn: {{use: gradient, passes: 8, lr: 0.01}}
    assess: [{{use: accuracy}}, {{use: calibration}}]
  knows_nothing_new: {{learn: {{use: nothing}}}}
control: none
seeds: {seeds}
"""


def run(folder: Path, seeds: int) -> Record:
    record = start(prepare(read_text(STUDY.format(seeds=seeds), "s.yaml")), folder / "runs", ())
    go_on(record, 0)
    return record


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return run(tmp_path_factory.mktemp("five"), 5)


def items_of(record: Record, arm: str, seed: int, at: int) -> dict[str, np.ndarray]:
    line = round_lines(record, arm, seed)[at]
    return arrays(record.arm_folder(arm, seed) / line["arrays"])


def test_gained_is_the_paired_difference_over_seeds_and_items(five: Record) -> None:
    told = {one.name: one for one in summary(five).arms}
    whole = next(one for one in told["forgets"].abilities if (one.name, one.task) == ("accuracy", ""))
    table = np.stack([
        items_of(five, "forgets", seed, -1)["accuracy.items"].astype(float)
        - items_of(five, "forgets", seed, 0)["accuracy.items"] for seed in range(5)
    ])  # fmt: skip
    assert whole.gained[:3] == pytest.approx(crossed(table)[:3])
    assert (whole.gained.how, whole.rounds, whole.items) == ("seeds x items", (-1, 0, 1, 2), table.shape[1])
    assert whole.values[0] == pytest.approx(np.mean([line["scores"]["accuracy"] for line in
                                                     (round_lines(five, "forgets", s)[0] for s in range(5))]))  # fmt: skip


def test_each_task_is_an_ability_and_what_was_forgotten_counts_from_its_best_round(five: Record) -> None:
    told = {one.name: one for one in summary(five).arms}
    tasks = [one for one in told["forgets"].abilities if one.name == "accuracy" and one.task]
    assert [one.task for one in tasks] == ["0", "1", "2"]
    mine = tasks[0]
    per_seed = []
    for seed in range(5):
        values = []
        for at in range(4):
            saved = items_of(five, "forgets", seed, at)
            # the exam's table says which item belongs to which task
            from tutelage.study.lifelong import courses

            table = courses(five, ["forgets"], seed)["forgets"].exams["exam"].truth[0].about.pool.table
            names = np.array(table.columns.column("task").to_pylist(), dtype=str)[saved["accuracy.rows"]]
            values.append(saved["accuracy.items"][names == "0"].astype(float).mean())
        per_seed.append(max(values) - values[-1])
    assert mine.forgotten[:3] == pytest.approx(t_interval(np.array(per_seed))[:3])
    assert sum(one.forgotten.value for one in tasks) > 0.3, "a plain learner forgets the classes of earlier tasks"


def test_a_student_that_learns_nothing_gains_and_forgets_nothing(five: Record) -> None:
    told = {one.name: one for one in summary(five).arms}
    for one in told["knows_nothing_new"].abilities:
        assert (one.gained.value, one.forgotten.value, one.change) == (0.0, 0.0, "unclear")


def test_of_a_score_that_should_fall_a_fall_is_a_gain(five: Record) -> None:
    told = {one.name: one for one in summary(five).arms}
    one = next(one for one in told["forgets"].abilities if one.name == "brier" and not one.task)
    assert not one.higher_is_better
    assert one.gained.value == pytest.approx(one.values[0] - one.values[-1])


def test_it_is_in_the_plain_data_and_in_the_table(five: Record) -> None:
    told = summary(five)
    made = plain(told)["arms"][0]["abilities"][0]
    assert made["gained"]["low"] <= made["gained"]["value"] <= made["gained"]["high"]
    text = ledger(told)
    assert "accuracy 2" in text and "over seeds and exam items" in text


def test_below_five_seeds_there_is_no_interval_and_no_verdict(tmp_path: Path) -> None:
    one = summary(run(tmp_path, 2)).arms[0].abilities[0]
    assert math.isnan(one.gained.low) and one.change == "unclear" and one.gained.how == ""


def test_without_episodes_there_is_no_ledger(tmp_path: Path) -> None:
    text = STUDY.format(seeds=1).replace("data: {use: class_tasks, of: {use: digits, pool: 300}, tasks: 3, classes: 6}",
                                         "data: {use: digits, pool: 60}")  # fmt: skip
    record = start(prepare(read_text(text, "s.yaml")), tmp_path / "runs", ())
    go_on(record, 0)
    told = summary(record)
    assert told.arms[0].abilities == () and ledger(told) == ""


def test_at_one_seed_items_that_did_not_change_have_no_interval_above_0(tmp_path: Path) -> None:
    """Differences of 0 alone are no share of right answers: nothing was gained."""
    one = summary(run(tmp_path, 1)).arms[1].abilities[0]
    assert (one.gained.value, one.gained.low, one.gained.high, one.change) == (0.0, 0.0, 0.0, "unclear")
    assert one.gained.how == "items"
