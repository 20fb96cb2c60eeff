"""digit_lifetimes: blocks and slices by hand, the expert's share, orders, variants, and an exam that never moves."""

import numpy as np
import pytest

from tutelage.core.data import Course, Rows
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.digit_lifetimes import DigitLifetimes
from tutelage.data.digits import Digits, split


def made(seed: int = 0, **settings: object) -> Course:
    return DigitLifetimes(**settings).course(stream(seed, "data"))


def columns(course: Course) -> tuple[np.ndarray, list[str], list[str]]:
    pool = course.parts["pool"].pool
    return pool.column("episode").to_numpy(), pool.column("task").to_pylist(), pool.ids()


def blocks(course: Course) -> list[str]:
    """The task of each learning block."""
    _, tasks, _ = columns(course)
    return [task for task, before in zip(tasks, [None, *tasks], strict=False) if task != before]


def test_by_hand() -> None:
    """Three passes over five tasks in four slices are 60 episodes; task k has a block in each pass, of three or so.

    Task 0 holds the training pictures of 0 and 1: 178 and 182 less a fifth and a tenth of each, 124 + 128.
    """
    course = made(passes=3, slices=4)
    episode, task, _ = columns(course)
    assert sorted(set(episode.tolist())) == list(range(60)) and (np.diff(episode) >= 0).all()
    order = blocks(course)
    assert len(order) == 15 and order[:5] == order[5:10] == order[10:] and sorted(order[:5]) == list("01234")
    for number in range(60):
        assert {task[row] for row in np.flatnonzero(episode == number)} == {order[number // 4]}
    sizes = np.bincount(episode[np.array(task) == "0"])
    assert task.count("0") == sizes.sum() == 252 and set(sizes[sizes > 0]) == {21}


def test_labels_are_even_and_odd_and_tasks_are_pairs() -> None:
    course = made(scenario="condensed")
    pool, answers = course.parts["pool"]
    digits = split()
    truth = np.array([digits.codes[int(id.split("-")[1]) - 1] for id in pool.ids()])
    assert pool.labels == ("even", "odd") and (answers.codes[pool.numbers] == truth % 2).all()
    assert [str(digit // 2) for digit in truth] == pool.column("task").to_pylist()
    assert blocks(course) == list("01234")


def test_orders() -> None:
    """permuted draws one from the seed; dispersed repeats what it drew; a given one is taken as it is."""
    assert len({tuple(blocks(made(seed, scenario="permuted"))) for seed in range(6)}) > 3
    assert blocks(made(scenario="permuted")) == blocks(made(scenario="dispersed", passes=1))
    assert blocks(made(order=(3, 0, 4, 1, 2), passes=2)) == list("3041230412")
    with pytest.raises(Refused, match=r"each of the tasks 0 to 4 once; found \[0, 1\]"):
        made(order=(0, 1))


def test_the_expert_sees_the_same_pictures_of_its_task_in_the_same_episodes() -> None:
    whole, expert = made(7, slices=3), made(7, slices=3, task=2)
    episode, task, ids = columns(whole)
    mine = np.array(task) == "2"
    own_episode, own_task, own_ids = columns(expert)
    assert set(own_task) == {"2"} and own_ids == [id for id, keep in zip(ids, mine, strict=True) if keep]
    assert (own_episode == np.unique(episode[mine], return_inverse=True)[1]).all()
    assert whole.exams["exam"].truth[0].digest() == expert.exams["exam"].truth[0].digest()


def test_neutral_limit_one_task_one_round() -> None:
    course = made(task=4, passes=1)
    assert set(columns(course)[0].tolist()) == {0}
    plain = Digits().course(stream(0, "data")).parts["pool"]
    both = plain.answers.codes[plain.pool.numbers] >= 8
    assert sorted(columns(course)[2]) == sorted(np.array(plain.pool.ids())[both].tolist())


def test_the_exam_is_the_same_at_every_seed_and_names_tasks() -> None:
    one, other = made(0, slices=2), made(1, passes=1)
    assert one.exams["exam"].truth[0].digest() == other.exams["exam"].truth[0].digest()
    about: Rows = one.exams["exam"].truth[0].about
    tasks = about.examples().column("task").to_pylist()
    assert tasks == sorted(tasks) and len(tasks) == 359
    assert set(tasks) == set("01234") and "episode" not in about.pool.table.columns.column_names
    assert made(split="dev").exams["exam"].truth[0].size == 180


@pytest.mark.parametrize("tasks", ["rotated", "pixels_permuted"])
def test_variants_hold_every_digit_and_change_what_is_seen(tasks: str) -> None:
    course = made(tasks=tasks, scenario="condensed")
    pool = course.parts["pool"].pool
    digits = split()
    rows = np.array([int(id.split("-")[1]) - 1 for id in pool.ids()])
    shown, task = pool.vectors(), np.array(pool.column("task").to_pylist())
    same = (shown == digits.pictures[rows]).all(axis=1)
    assert same[task == "0"].all() and not same[task != "0"].any()
    for name in "01234":
        assert set(digits.codes[rows[task == name]]) == set(range(10))
        if tasks == "pixels_permuted":
            assert (np.sort(shown[task == name]) == np.sort(digits.pictures[rows[task == name]])).all()
    assert (made(1, tasks=tasks).exams["exam"].truth[0].about.pool.vectors()
            == course.exams["exam"].truth[0].about.pool.vectors()).all()  # fmt: skip


def test_more_episodes_than_pictures_are_refused() -> None:
    with pytest.raises(Refused, match="cannot fill 300 episodes"):
        made(passes=3, slices=100)
    with pytest.raises(ValueError, match="validation error"):
        DigitLifetimes(task=5)


def test_few_pictures_of_later_tasks() -> None:
    """Three of each answer in every task but the first that comes, drawn from the same episodes; the rest is as it was."""
    whole, few = made(scenario="permuted", tasks="rotated"), made(scenario="permuted", tasks="rotated", few=3)
    episode, task, ids = columns(few)
    first = blocks(whole)[0]
    assert blocks(few) == blocks(whole) and np.bincount(episode)[1:].tolist() == [6] * 4
    assert [id for id, one in zip(ids, task, strict=True) if one == first] == [
        id for id, one in zip(columns(whole)[2], columns(whole)[1], strict=True) if one == first
    ]
    assert set(ids) <= set(columns(whole)[2])
    codes = few.parts["pool"].answers.codes
    assert np.bincount(codes[episode > 0]).tolist() == [12, 12]
    assert few.exams["exam"].truth[0].digest() == whole.exams["exam"].truth[0].digest()
    assert columns(made(scenario="permuted", few=500))[2] == columns(made(scenario="permuted"))[2]
    assert (
        len(columns(made(scenario="permuted", few=3, task=int(first)))[2])
        > 6
        == len(columns(made(scenario="permuted", few=3, task=int(blocks(whole)[1])))[2])
    )


def test_by_how_much_a_task_is_turned() -> None:
    """A quarter turn twice is a half turn: the picture from its other end. 36 degrees are the default."""
    digits = split()
    half = made(scenario="condensed", tasks="rotated", turn=45.0)
    pool = half.parts["pool"].pool
    row = pool.column("task").to_pylist().index("4")
    picture = digits.pictures[int(pool.ids()[row].removeprefix("digit-")) - 1]
    np.testing.assert_allclose(pool.vectors()[row], picture[::-1], atol=1e-5)
    plain, same = (made(tasks="rotated", **more).parts["pool"].pool.vectors() for more in ({}, {"turn": 36.0}))
    assert (plain == same).all()
    with pytest.raises(ValueError, match="less than 72"):
        DigitLifetimes(turn=72)
