"""Macro F1: by hand, against scikit-learn, and items that are its derivative."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from tutelage.assess.macro_f1 import MacroF1, influences
from tutelage.core.rng import stream


def test_by_hand(school) -> None:
    """Truth 0 0 1, answers 0 1 1. Both classes: F1 = 2 / 3 with D = 3, n / K = 3 / 2. Right ones: 2/3 + 3/2 (2/3 - 4/9)
    = 1; the wrong one: 2/3 - 3/2 (2/9 + 2/9) = 0. Mean 2/3."""
    (score,) = school.sit(MacroF1(), school.says([0, 1, 1], 2), school.exam([0, 0, 1], 2))
    assert score.name == "macro_f1" and score.value == pytest.approx(2 / 3)
    assert score.items == pytest.approx([1, 0, 1], abs=1e-6)


def test_is_accuracy_where_all_classes_are_equally_frequent_in_truths_and_answers(school) -> None:
    """D_c = 4 = 2 n / K in each of three classes, four of six right."""
    truth, said = [0, 0, 1, 1, 2, 2], [0, 1, 1, 0, 2, 2]
    (score,) = school.sit(MacroF1(), school.says(said, 3), school.exam(truth, 3))
    assert score.value == pytest.approx(accuracy_score(truth, said)) == pytest.approx(4 / 6)


@pytest.mark.parametrize("seed", range(8))
def test_equals_scikit_learn(school, seed: int) -> None:
    rng = stream(seed, "exam")
    classes = (2, 14)[seed % 2]
    truth, said = rng.integers(0, classes, (2, 30))
    (score,) = school.sit(MacroF1(), school.says(said, classes), school.exam(truth, classes))
    assert score.value == pytest.approx(f1_score(truth, said, average="macro", zero_division=0), abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_items_are_the_derivative(seed: int) -> None:
    """Give item i the weight 1 + h: macro F1 changes by h (item_i - value) / n. Central differences, scikit-learn."""
    rng = stream(seed, "weights")
    truth, said = rng.integers(0, 4, (2, 25))
    items, h = influences(truth, said, 4), 1e-4
    for i in range(25):
        weights = np.ones((2, 25))
        weights[:, i] += [h, -h]
        up, down = (f1_score(truth, said, average="macro", sample_weight=w, zero_division=0) for w in weights)
        assert (up - down) / (2 * h) * 25 == pytest.approx(items[i] - items.mean(), abs=1e-6)


def test_no_answer_hurts_the_true_class_alone(school) -> None:
    """Truth 0 0 1; the second has no answer. F1_0 = 2 / (2 + 1), F1_1 = 1, mean 5/6."""
    assert influences(np.array([0, 0, 1]), np.array([0, -1, 1]), 2).mean() == pytest.approx(5 / 6)
    student = school.Scripted(np.zeros((2, 0), dtype=np.float32), ())
    assert school.sit(MacroF1(), student, school.exam([0, 1], 2))[0].value == 0.0


def test_no_items_is_not_a_number(school) -> None:
    assert np.isnan(school.sit(MacroF1(), school.says([], 2), school.exam([], 2))[0].value)
