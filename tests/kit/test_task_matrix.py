"""The matrix of tasks and blocks and its four numbers, by hand and against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tutelage.kit.lifetimes import Lifetime
from tutelage.kit.task_matrix import FOUR, TaskMatrix, four, task_matrix


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
