"""class_tasks: disjoint classes in every episode, the same classes in the exam, orders that differ by seed."""

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.class_tasks import ClassTasks
from tutelage.data.digits import LABELS, Digits
from tutelage.data.worked_problems import WorkedProblems
from tutelage.kit.episodes import episodes


def test_by_hand() -> None:
    """Five classes of ten in two tasks: three and two; the pictures of a class are those that the digits have."""
    made = ClassTasks(tasks=2, classes=5).course(stream(0, "data"))
    whole = Digits().course(stream(0, "data")).parts["pool"]
    pool, answers = made.parts["pool"]
    truth = dict(zip(whole.pool.ids(), whole.answers.codes.tolist(), strict=True))
    assert len(pool.labels) == 5 and list(pool.labels) == sorted(pool.labels)
    assert [pool.labels[code] for code in answers.codes] == [LABELS[truth[name]] for name in pool.ids()]
    classes = [set(answers.codes[rows]) for rows in episodes(pool)]
    assert sorted(len(one) for one in classes) == [2, 3] and not classes[0] & classes[1]
    for rows in episodes(pool):
        assert len(set(pool.take(rows).column("task").to_pylist())) == 1
    assert len(pool) == sum(LABELS[code] in pool.labels for code in truth.values())


def test_the_exam_holds_every_class_and_says_its_task() -> None:
    made = ClassTasks(tasks=5).course(stream(3, "data"))
    (block,), (before,) = made.exams["exam"].truth, Digits().course(stream(3, "data")).exams["exam"].truth
    pool, answers = made.parts["pool"]
    assert block.about.pool.labels == pool.labels == LABELS
    assert block.about.examples().ids() == before.about.examples().ids()
    assert (block.given["label"] == before.given["label"]).all()
    task = dict(zip(answers.codes.tolist(), pool.column("task").to_pylist(), strict=True))
    assert block.about.examples().column("task").to_pylist() == [task[code] for code in block.given["label"].tolist()]


def groups(seed: int, **settings: object) -> list[frozenset[int]]:
    """The classes of each episode, in time."""
    pool, answers = ClassTasks(**settings).course(stream(seed, "data")).parts["pool"]
    return [frozenset(answers.codes[rows].tolist()) for rows in episodes(pool)]


def test_orders_differ_by_seed_and_what_stands_together_only_if_drawn() -> None:
    fixed = [groups(seed) for seed in range(6)]
    assert len({tuple(one) for one in fixed}) > 3 and len({frozenset(one) for one in fixed}) == 1
    drawn = [groups(seed, drawn=True) for seed in range(6)]
    assert len({frozenset(one) for one in drawn}) > 3 and all(sum(len(group) for group in one) == 10 for one in drawn)
    exams = [ClassTasks(drawn=True, classes=6).course(stream(seed, "data")).exams["exam"].truth[0] for seed in (0, 1)]
    assert exams[0].digest() == exams[1].digest()
    assert "task" not in exams[0].about.pool.table.columns.column_names


def test_neutral_limit_one_task() -> None:
    """Every row, label and item of the digits, in their order, all in one episode."""
    made, plain = (one.course(stream(0, "data")) for one in (ClassTasks(tasks=1), Digits()))
    ours, theirs = made.parts["pool"], plain.parts["pool"]
    assert ours.pool.ids() == theirs.pool.ids() and ours.pool.labels == theirs.pool.labels
    assert (ours.answers.codes == theirs.answers.codes).all() and len(episodes(ours.pool)) == 1


@pytest.mark.parametrize(("settings", "says"), [
    ({"tasks": 11}, "11 tasks of 10 classes"), ({"tasks": 4, "classes": 3}, "4 tasks of 3 classes"),
    ({"classes": 12}, "of 10 that there are"), ({"of": Digits(start_per_class=1)}, "a start would hold classes"),
    ({"of": WorkedProblems(prompts=20, exam=10)}, "made of class labels"),
])  # fmt: skip
def test_what_makes_no_tasks_is_refused(settings: dict, says: str) -> None:
    with pytest.raises(Refused, match=says):
        ClassTasks(**settings).course(stream(0, "data"))


def test_scenarios_on_any_data_set() -> None:
    """condensed: as numbered; dispersed: the order twice, half of a task's pictures each time; slices: in pieces."""

    def tasks(**settings: object) -> list[str]:
        pool = ClassTasks(**settings).course(stream(2, "data")).parts["pool"].pool
        told = [set(pool.take(np.flatnonzero(np.isin(pool.numbers, rows))).column("task").to_pylist())
                for rows in episodes(pool)]  # fmt: skip
        assert all(len(one) == 1 for one in told)
        return [one.pop() for one in told]

    assert tasks(scenario="condensed") == list("01234") and tasks(order=(3, 0, 4, 1, 2)) == list("30412")
    assert tasks(scenario="dispersed", passes=2, order=(3, 0, 4, 1, 2)) == list("3041230412")
    assert tasks(scenario="condensed", slices=2) == list("0011223344")
    once, twice = (ClassTasks(scenario=one, passes=2).course(stream(2, "data")) for one in ("permuted", "dispersed"))
    assert sorted(once.parts["pool"].pool.ids()) == sorted(twice.parts["pool"].pool.ids())
    assert once.exams["exam"].truth[0].digest() == twice.exams["exam"].truth[0].digest()
