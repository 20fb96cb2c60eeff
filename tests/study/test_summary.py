"""One reading of a record as plain data: numbers by hand where they are stated, words from the data."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tutelage.kit.intervals import crossed, t_interval, wilson
from tutelage.recipe.read import read_text
from tutelage.runs.answered import answer, queue
from tutelage.runs.record import Record
from tutelage.study.estimate import points, score_of
from tutelage.study.run import go_on, prepare, start
from tutelage.study.summary import plain, summary


@pytest.fixture
def run(study, tmp_path: Path):
    def made(seeds: object = 2, sets: tuple[str, ...] = (), **more) -> Record:
        record = start(prepare(read_text(study(seeds=seeds, **more), "s.yaml", sets)), tmp_path / "runs", sets)
        go_on(record, 0)
        return record

    return made


def test_mean_curve_by_hand(written) -> None:
    """Seed 0: .0 at 10, 1. at 20; seed 1: .5 at 10, .5 at 15, .5 at 20. Means: .25, .25 (0 holds at 15), .75."""
    one, other = [(10, [0, 0]), (20, [1, 1])], [(10, [0, 1]), (15, [0, 1]), (20, [0, 1])]
    found = points(written({"a": {0: one, 1: other}}), "a", (0, 1), "accuracy")
    assert [(point.cost, point.mean, point.seeds) for point in found] == [(10, 0.25, 2), (15, 0.25, 2), (20, 0.75, 2)]
    assert all(math.isnan(point.low) for point in found)


def test_five_seeds_have_an_interval_of_seeds_crossed_with_items(written) -> None:
    luck = np.random.Generator(np.random.PCG64(0))
    exams = {seed: [(10, luck.integers(0, 2, 30))] for seed in range(5)}
    record = written({"a": exams})
    found = score_of(record, "a", range(5), "accuracy")
    table = np.stack([exams[seed][0][1] for seed in range(5)]).astype(float)
    assert found.final[:3] == pytest.approx(crossed(table)[:3])
    assert (found.final.how, found.items) == ("seeds x items", 30)
    assert found.per_seed == pytest.approx(table.mean(1).tolist())
    (point,) = points(record, "a", range(5), "accuracy")
    assert (point.low, point.high) == pytest.approx(t_interval(table.mean(1))[1:3])


def test_the_interval_of_a_share_ends_where_a_share_does(written) -> None:
    """Four of five exams all right, one with 2 of 4: .9 and Student's upper end beyond 1. A loss has no such end."""
    exams = {seed: [(10, [1, 1, 1, 1] if seed else [1, 1, 0, 0])] for seed in range(5)}
    found = score_of(written({"a": exams}), "a", range(5), "accuracy").final
    whole = crossed(np.stack([exams[seed][0][1] for seed in range(5)]).astype(float))
    assert whole.high > 1 and (found.low, found.high) == (pytest.approx(whole.low), 1.0)
    halves = {seed: [(10, [one / 2 + 0.6 for one in exams[seed][0][1]])] for seed in range(5)}
    assert score_of(written({"a": halves}), "a", range(5), "accuracy").final.high > 1.1


def test_one_seed_has_wilsons_interval(written) -> None:
    record = written({"a": {0: [(10, [0] * 3 + [1] * 7), (20, [0] * 2 + [1] * 8)]}})
    found = score_of(record, "a", (0,), "accuracy")
    assert found.final[:3] == pytest.approx(wilson(8, 10)[:3]) and found.final.how == "share"
    assert found.area.how == "items" and found.area.value == pytest.approx(0.75)


def test_two_seeds_have_none(written) -> None:
    record = written({"a": {seed: [(10, [0, 1])] for seed in range(2)}})
    found = score_of(record, "a", (0, 1), "accuracy").final
    assert found.how == "" and math.isnan(found.low)


def test_a_run_in_words(run, tickets: Path) -> None:
    record = run()
    found = summary(record)
    assert (found.status, found.outcome, found.labels) == ("done", "unclear", ("card", "food", "rent"))
    assert found.digest == record.digest() != ""
    assert found.cost["labels"] == 6 * 15
    margin, selftrained, uniform = found.arms
    assert (margin.chooser, selftrained.chooser, uniform.chooser) == ("margin", "margin", "uniform")
    assert margin.spent["labels"] == 15 and margin.seeds == (0, 1) and set(margin.scores) == {"accuracy"}

    asked = margin.asked
    assert [one.bought for one in asked] == ["start"] * 3 + ["asked"] * 12
    lines = tickets.read_text(encoding="utf-8").splitlines()[1:]
    for one in asked:  # text and label are those of the file's row of that id
        assert lines[int(one.id) - 1] == f"{one.x},{one.label}"
    assert all(one.why is not None for one in asked[3:]) and len({one.id for one in asked}) == 15
    assert [one.id for one in selftrained.asked[:3]] == [one.id for one in asked[:3]]
    assert len(selftrained.asked) == 15  # pseudo-labels were asked of nobody

    assert sum(one.times for one in margin.confused) == 2 * 30  # two seeds, 30 exam texts
    right = sum(one.times for one in margin.confused if one.truth == one.said)
    assert right / 60 == pytest.approx(margin.scores["accuracy"].final.value)

    second = [one for one in selftrained.facts if one.step == "1"]
    assert len(second) == 3 and all({"coverage", "kept", "lessons_right"} <= set(one.values) for one in second)
    assert [one.cost for one in second] == [7, 11, 15]


def test_json_is_plain(run) -> None:
    made = summary(run()).as_json()
    text = json.dumps(made, allow_nan=False)
    assert json.loads(text) == made
    assert made["judged"][0]["condition"]["of"]["uniform"] == -1 and made["judged"][0]["low"] is None
    assert made["arms"][0]["scores"]["accuracy"]["final"]["how"] == ""
    assert plain((np.float64("nan"), np.int64(3), float("inf"))) == [None, 3, None]


def test_an_unfinished_run_is_summed_up(run) -> None:
    record = run()
    for path in record.folder.glob("arms/uniform/1/*.jsonl"):
        path.unlink()
    found = summary(record)
    assert (found.status, found.judged, found.outcome, found.digest) == ("new", (), "", "")
    assert found.arms[2].seeds == (0,) and found.arms[0].seeds == (0, 1)


def test_a_run_whose_data_are_gone_is_still_summed_up(run, tickets: Path) -> None:
    record = run()
    tickets.unlink()
    found = summary(record)
    assert found.status == "done" and "cannot be read any more" in found.notes[0]
    assert found.arms[0].asked == () and found.arms[0].scores["accuracy"].items == 30


def test_a_label_that_a_person_added_has_its_name(run) -> None:
    record = run(seeds=1, rounds=1, sets=("teach.use=human", "only=[margin]"))
    names = iter(["garden", "card", "food", "rent", "garden", "card", "card"])
    while any(state.status == "waiting" for state in record.states()):
        answer(record, [(one.key, {"label": next(names)}) for one in queue(record).questions], by="ada")
        go_on(record, 0)
    found = summary(record)
    assert found.labels == ("card", "food", "rent", "garden")
    assert [one.label for one in found.arms[0].asked] == ["garden", "card", "food", "rent", "garden", "card", "card"]


def test_i_dont_know_is_asked_without_a_label(run) -> None:
    record = run(seeds=1, rounds=1, sets=("teach.use=human", "only=[margin]", "data.start_per_class=0"))
    first, *others = queue(record).questions
    answer(record, [(first.key, {"skip": True}), *((one.key, {"label": "card"}) for one in others)], by="ada")
    go_on(record, 0)
    (arm,) = summary(record).arms
    assert arm.spent["labels"] == 3 and [one.label for one in arm.asked].count(None) == 1


def test_a_bought_exam_is_noted_with_its_precision(run) -> None:
    """60 items at 80 %: 1.96 x .4 / sqrt(60) = 10.1 points."""
    record = run(seeds=1, labels=75, sets=("data.exam={bought: 60}", "only=[margin]"))
    assert any("60 rows" in note and "±10 points" in note for note in summary(record).notes)
