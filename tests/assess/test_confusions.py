"""Confusions: the matrix can be rebuilt from the score, as scikit-learn would have it."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from tutelage.assess.confusions import Confusions
from tutelage.core.rng import stream


def test_by_hand(school) -> None:
    """Truth 0 0 1 2, answers 1 1 1 0: the pairs (0, 1), twice, and (2, 0)."""
    (score,) = school.sit(Confusions(), school.says([1, 1, 1, 0], 3), school.exam([0, 0, 1, 2], 3))
    assert score.name == "confusions" and score.value == 2.0 and not score.higher_is_better
    assert score.items.tolist() == [1, 1, 1, 0] and score.groups.tolist() == [0, 0, 1, 2]


def test_always_right_confuses_nothing(school) -> None:
    assert school.sit(Confusions(), school.says([0, 1, 2], 3), school.exam([0, 1, 2], 3))[0].value == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_the_matrix_can_be_rebuilt(school, seed: int) -> None:
    rng = stream(seed, "exam")
    truth, said = rng.integers(0, 14, (2, 80))
    (score,) = school.sit(Confusions(), school.says(said, 14), school.exam(truth, 14))
    matrix = np.zeros((14, 14), dtype=int)
    np.add.at(matrix, (score.groups, score.items.astype(int)), 1)
    theirs = confusion_matrix(truth, said, labels=range(14))
    assert (matrix == theirs).all()
    assert score.value == ((theirs > 0) & ~np.eye(14, dtype=bool)).sum()


def test_codes_of_a_label_that_only_the_student_knows_follow_the_exams(school) -> None:
    (score,) = school.sit(Confusions(), school.says([2], 3), school.exam([1], 2))
    assert score.items.tolist() == [2] and score.groups.tolist() == [1]


def test_no_answer_and_no_items(school) -> None:
    blank = school.Scripted(np.zeros((2, 0), dtype=np.float32), ())
    (score,) = school.sit(Confusions(), blank, school.exam([0, 0], 1))
    assert score.items.tolist() == [-1, -1] and score.value == 1.0
    assert school.sit(Confusions(), school.says([], 2), school.exam([], 2))[0].value == 0.0
