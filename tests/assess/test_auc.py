"""Area under the ROC curve: by hand, against scikit-learn and pairs, items that are its derivative."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn.metrics import roc_auc_score

from tutelage.assess.auc import Auc, influences
from tutelage.core.rng import stream


def two(school, second: object):
    p = np.asarray(second, dtype=np.float32)
    return school.Scripted(np.stack([1 - p, p], axis=1), school.names(2))


def test_by_hand(school) -> None:
    """Members score 0.9 and 0.5, others 0.5 and 0.1: pairs 1, 1, 1/2, 1, so 7/8. Shares ranked rightly: 1, 3/4, 3/4, 1.
    Items 7/8 + 4 (V - 7/8) / 2: 9/8, 5/8, 5/8, 9/8."""
    (score,) = school.sit(Auc(), two(school, [0.9, 0.5, 0.5, 0.1]), school.exam([1, 1, 0, 0], 2))
    assert score.name == "auc" and score.higher_is_better and score.value == pytest.approx(7 / 8)
    assert score.items == pytest.approx([9 / 8, 5 / 8, 5 / 8, 9 / 8], abs=1e-6)


def test_neutral_limit_the_same_for_all_is_one_half_and_the_mirror_is_0(school) -> None:
    paper = school.exam([1, 0, 1, 0, 0], 2)
    assert school.sit(Auc(), two(school, [0.3] * 5), paper)[0].value == 0.5
    right = np.array([0.9, 0.2, 0.8, 0.1, 0.3])
    assert [school.sit(Auc(), two(school, p), paper)[0].value for p in (right, 1 - right)] == [1, 0]


@given(seed=some.integers(0, 500), classes=some.sampled_from([2, 3, 7]), steps=some.sampled_from([2, 5, 1000]))
def test_equals_scikit_learn_ties_and_all(seed: int, classes: int, steps: int) -> None:
    rng = stream(seed, "exam")
    probs = np.round(rng.dirichlet(np.ones(classes), 40) * steps) + 0.1
    probs /= probs.sum(axis=1, keepdims=True)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, 40 - classes)])
    if classes == 2:
        theirs, mine = roc_auc_score(truth, probs[:, 1]), influences(truth, probs[:, 1:], second_alone=True)
    else:
        theirs, mine = roc_auc_score(truth, probs, multi_class="ovr", average="macro"), influences(truth, probs)
    assert mine.mean() == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_pairs(school, seed: int) -> None:
    rng = stream(seed, "pairs")
    truth, p = np.r_[0, 1, rng.integers(0, 2, 20)], rng.integers(0, 6, 22) / 8
    pairs = [(a > b) + 0.5 * (a == b) for a in p[truth == 1] for b in p[truth == 0]]
    (score,) = school.sit(Auc(), two(school, p), school.exam(truth, 2))
    assert score.value == pytest.approx(np.mean(pairs), abs=1e-9)


@pytest.mark.parametrize("classes", [2, 4])
def test_items_are_the_derivative(classes: int) -> None:
    """Give item i the weight 1 + h: the area changes by h (item_i - value) / n. Central differences, scikit-learn."""
    rng, n, h = stream(classes, "weights"), 24, 1e-4
    probs, truth = rng.dirichlet(np.ones(classes), n), np.arange(n) % classes

    def area(weights: np.ndarray) -> float:
        given = range(classes) if classes > 2 else [1]
        return float(np.mean([roc_auc_score(truth == c, probs[:, c], sample_weight=weights) for c in given]))

    items = influences(truth, probs if classes > 2 else probs[:, 1:], classes == 2)
    for i in range(n):
        up, down = np.ones(n), np.ones(n)
        up[i], down[i] = 1 + h, 1 - h
        assert (area(up) - area(down)) / (2 * h) * n == pytest.approx(items[i] - items.mean(), abs=1e-5)


def test_a_class_that_the_student_does_not_know_is_ranked_at_random(school) -> None:
    """Classes 0, 1 are ranked perfectly, of 2 every item has probability 0: (1 + 1 + 1/2) / 3 where those of class 2
    get 1/2 from a student that knows two classes. Class 0: 1 against {0, 1/2}; class 1 likewise."""
    student = school.Scripted(np.array([[1, 0], [0, 1], [0.5, 0.5]], dtype=np.float32), school.names(2))
    assert school.sit(Auc(), student, school.exam([0, 1, 2], 3))[0].value == pytest.approx(2.5 / 3)


def test_one_class_or_none_is_not_a_number(school) -> None:
    for truth in ([1, 1], []):
        assert np.isnan(school.sit(Auc(), two(school, [0.5] * len(truth)), school.exam(truth, 2))[0].value)
