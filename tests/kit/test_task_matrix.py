"""The matrix of tasks and blocks and its four numbers, by hand and against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tutelage.core.errors import ContractBroken
from tutelage.kit.lifetimes import Lifetime
from tutelage.kit.task_matrix import FOUR, MORE, TaskMatrix, four, intransigence, more, task_matrix


def lived(order, rows, before=None) -> Lifetime:
    """A learning block of one experience per task of `order`, then one evaluation of all tasks, a row of R each."""
    tasks = sorted(set(order))
    lines = [] if before is None else [(0, False, task, value) for task, value in zip(tasks, before, strict=True)]
    for number, (trained, row) in enumerate(zip(order, rows, strict=True)):
        lines.append((2 * number + 1, True, trained, 0.0))
        lines += [(2 * number + 2, False, task, value) for task, value in zip(tasks, row, strict=True)]
    block, train, task, performance = zip(*lines, strict=True)
    return Lifetime(np.array(block), np.array(train), np.array(task), np.arange(len(lines)), np.array(performance))


THREE = [[0.9, 0.4, 0.5], [0.95, 0.8, 0.6], [0.6, 0.7, 1.0]]


def test_three_tasks_by_hand() -> None:
    """acc (.6 + .7 + 1) / 3. bwt ((.6 - .9) + (.7 - .8)) / 2 = -.2. fwt ((.4 - .5) + (.6 - .5)) / 2 = 0.

    forgetting takes the best of the earlier rows, .95 for the first task: ((.95 - .6) + (.8 - .7)) / 2 = .225.
    """
    matrix = task_matrix(lived("abc", THREE, [0.5, 0.5, 0.5]))
    assert matrix.values.tolist() == THREE and matrix.trained.tolist() == [0, 1, 2]
    assert four(matrix) == pytest.approx({"acc": 2.3 / 3, "bwt": -0.2, "fwt": 0.0, "forgetting": 0.225})


def test_a_task_that_comes_back_counts_from_its_last_training() -> None:
    """a, b, a: past is b alone, .8 after its block and .7 at the end; its first row but one is .4, against .5 before."""
    found = four(task_matrix(lived("aba", [[0.9, 0.4], [0.5, 0.8], [1.0, 0.7]], [0.5, 0.5])))
    assert found == pytest.approx({"acc": 0.85, "bwt": -0.1, "fwt": -0.1, "forgetting": 0.1})


def test_without_an_evaluation_before_learning_there_is_no_forward_transfer() -> None:
    found = four(task_matrix(lived("abc", THREE)))
    assert math.isnan(found["fwt"]) and found["bwt"] == pytest.approx(-0.2)


def test_one_task_and_none() -> None:
    """One task: nothing before it, nothing to forget; the accuracy stands. None: nothing."""
    found = four(task_matrix(lived("a", [[0.7]], [0.2])))
    assert found["acc"] == 0.7 and all(math.isnan(found[name]) for name in ("bwt", "fwt", "forgetting"))
    tested = Lifetime(np.zeros(1), np.zeros(1, dtype=bool), np.array(["a"]), np.zeros(1), np.ones(1))
    assert all(math.isnan(value) for value in four(task_matrix(tested)).values())
    assert tuple(four(task_matrix(tested))) == tuple(found) == FOUR


def test_a_missing_evaluation_is_missing_and_not_skipped() -> None:
    """The last block has no evaluation after it: every number that needs it is NaN."""
    whole = lived("ab", [[0.9, 0.4], [0.7, 0.8]], [0.5, 0.5])
    cut = Lifetime(*(column[:-2] for column in whole))
    found = four(task_matrix(cut))
    assert math.isnan(found["acc"]) and math.isnan(found["bwt"]) and found["fwt"] == pytest.approx(-0.1)


@given(some.integers(2, 6), some.integers(0, 99))
def test_one_training_each_is_the_usual_definition(tasks: int, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    r, b = rng.random((tasks, tasks)), rng.random(tasks)
    names = tuple(str(task) for task in range(tasks))
    found = four(TaskMatrix(names, np.arange(tasks), r, b))
    last = tasks - 1
    slow = {
        "acc": np.mean([r[last, i] for i in range(tasks)]),
        "bwt": np.mean([r[last, i] - r[i, i] for i in range(last)]),
        "fwt": np.mean([r[i - 1, i] - b[i] for i in range(1, tasks)]),
        "forgetting": np.mean([max(r[k, i] for k in range(last)) - r[last, i] for i in range(last)]),
    }
    assert found == pytest.approx(slow)


def test_more_by_hand() -> None:
    """aia: .9 after a; (.95 + .8) / 2 after b; (.6 + .7 + 1) / 3 after c; their mean. Every task is trained."""
    found = more(task_matrix(lived("abc", THREE, [0.5, 0.5, 0.5])))
    assert tuple(found) == MORE and math.isnan(found["general"])
    assert found["aia"] == pytest.approx((0.9 + 0.875 + 2.3 / 3) / 3)


def test_a_task_that_is_never_trained_tells_the_general_ability() -> None:
    """c is tested only: .5 before, .2 at the end, so -.3; it has no part in the other numbers."""
    rows = np.array([[0.9, 0.4, 0.5], [0.7, 0.8, 0.2]])
    matrix = TaskMatrix(("a", "b", "c"), np.array([0, 1]), rows, np.full(3, 0.5))
    assert more(matrix) == pytest.approx({"aia": (0.9 + 0.75) / 2, "general": -0.3})
    without = TaskMatrix(("a", "b"), np.array([0, 1]), rows[:, :2], np.full(2, 0.5))
    assert four(matrix) == four(without) and more(matrix)["aia"] == more(without)["aia"]


def test_identities_of_a_learner_that_never_changes() -> None:
    """Constant rows: nothing is forgotten, nothing transfers but what was there, nothing is lost of the general."""
    frozen = np.tile([0.3, 0.6, 0.9], (2, 1))
    matrix = TaskMatrix(("a", "b", "c"), np.array([0, 1]), frozen, frozen[0])
    found = four(matrix)
    assert found["forgetting"] == found["bwt"] == found["fwt"] == more(matrix)["general"] == 0
    assert found["acc"] == pytest.approx(0.45) and more(matrix)["aia"] == pytest.approx((0.3 + 0.45) / 2)


@given(some.integers(2, 6), some.integers(0, 99))
def test_bwt_is_minus_forgetting_where_the_maxima_are_on_the_diagonal(tasks: int, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    r = rng.random((tasks, tasks)) + 2 * np.eye(tasks)
    found = four(TaskMatrix(tuple("abcdef"[:tasks]), np.arange(tasks), r, np.zeros(tasks)))
    assert found["bwt"] == pytest.approx(-found["forgetting"])


def test_fwt_goes_by_the_untrained_model() -> None:
    """Moving b up by .2 for every task takes .2 off fwt and touches nothing else."""
    low, high = (TaskMatrix(("a", "b", "c"), np.arange(3), np.array(THREE), np.full(3, b)) for b in (0.5, 0.7))
    assert four(low)["fwt"] - four(high)["fwt"] == pytest.approx(0.2)
    assert {**four(low), "fwt": 0} == {**four(high), "fwt": 0}


def test_intransigence_by_hand() -> None:
    """Joint training has .95, .9 and .9 on the task just learned, the learner .9, .8 and 1: (.05 + .1 - .1) / 3."""
    learner = task_matrix(lived("abc", THREE))
    joint = learner._replace(values=np.array([[0.95, 0, 0], [0, 0.9, 0], [0, 0, 0.9]]))
    assert intransigence(learner, joint) == pytest.approx(0.05 / 3)
    assert intransigence(learner, learner) == 0
    at_once = learner._replace(values=np.array([[0.95, 0.9, 0.9]]))
    assert intransigence(learner, at_once) == pytest.approx(0.05 / 3)
    with pytest.raises(ContractBroken, match="2 blocks of joint training cannot be held against 3"):
        intransigence(learner, joint._replace(values=joint.values[:2]))


def test_a_task_that_comes_back_resists_at_its_first_block_only() -> None:
    """a, b, a: joint has 1 everywhere, so (1 - .9 + 1 - .8) / 2."""
    learner = task_matrix(lived("aba", [[0.9, 0.4], [0.5, 0.8], [0.1, 0.7]]))
    assert intransigence(learner, learner._replace(values=np.ones((3, 2)))) == pytest.approx(0.15)


def test_one_task_alone_has_what_needs_no_other() -> None:
    single = task_matrix(lived("a", [[0.7]], [0.2]))
    assert more(single)["aia"] == 0.7 and math.isnan(more(single)["general"])
    assert intransigence(single, single._replace(values=np.array([[0.8]]))) == pytest.approx(0.1)


def test_nothing_trained_has_no_number() -> None:
    tested = Lifetime(np.zeros(1), np.zeros(1, dtype=bool), np.array(["a"]), np.zeros(1), np.ones(1))
    matrix = task_matrix(tested)
    assert all(math.isnan(value) for value in more(matrix).values()) and math.isnan(intransigence(matrix, matrix))
