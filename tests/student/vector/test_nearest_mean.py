"""vector.nearest_mean: class means by hand, in any order of tasks, and its limits."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.neighbors import NearestCentroid

from tutelage.core.data import Block, Rows, Soft, labelled
from tutelage.core.rng import stream
from tutelage.student.vector.nearest import Nearest
from tutelage.student.vector.nearest_mean import NearestMean
from tutelage.toys import vector_pool

LUCK = stream(0, "points")
CODES = np.repeat(np.arange(6), 5)
POINTS = LUCK.normal(size=(6, 4))[CODES] * 3 + LUCK.normal(size=(30, 4))
POOL = vector_pool(POINTS, tuple("abcdef"))


def lessons(rows: np.ndarray, weight: float = 1.0) -> Block:
    return labelled(Rows(POOL, rows), CODES[rows], "oracle", weight=weight)


def test_by_hand() -> None:
    """Means 1 (of 0 and 2, weights 1 and 1) and 5: at 2, half squared distances .5 and 4.5, so odds e^4."""
    pool = vector_pool(np.array([[0.0], [2.0], [5.0]]), ("low", "high"))
    block = labelled(Rows(pool, np.arange(3)), np.array([0, 0, 1]), "oracle")
    student = NearestMean(standardise=False).begin(pool, stream(0, "s")).fit((block,), stream(0, "learn"))
    assert student.means[:, 0].tolist() == [1, 5]
    assert student.probs(pool)[1] == pytest.approx(np.array([1, np.exp(-4)]) / (1 + np.exp(-4)))
    soft = Block(Rows(pool, np.array([0, 2])), None, Soft, {"probs": np.array([[0.75, 0.25], [0.5, 0.5]], np.float32)},
                 "model", np.zeros(2), np.array([1.0, 2.0]))  # fmt: skip
    mixed = student.fit((soft,), stream(0, "learn"))  # low: (.75 x 0 + 1 x 5) / 1.75; high: (.25 x 0 + 1 x 5) / 1.25
    assert mixed.means[:, 0] == pytest.approx([5 / 1.75, 4.0])


def test_tasks_in_any_order_give_the_same_means() -> None:
    """Three tasks of two classes, all six orders, each seen task by task: the same means to the last bit of rounding."""
    first = NearestMean().begin(POOL, stream(0, "student"))
    tasks = [np.flatnonzero(CODES // 2 == task) for task in range(3)]
    known = []
    for order in itertools.permutations(range(3)):
        past: tuple[Block, ...] = ()
        for task in order:
            past = (*past, lessons(tasks[task]))
            student = first.fit(past, stream(task, "learn"))
        known.append(student)
    for other in known[1:]:
        np.testing.assert_allclose(other.means, known[0].means, rtol=1e-12, atol=1e-12)
        assert (other.probs(POOL).argmax(1) == known[0].probs(POOL).argmax(1)).all()


def test_a_later_class_moves_no_mean_and_is_not_answered_before_it_comes() -> None:
    first = NearestMean().begin(POOL, stream(0, "student"))
    early = first.fit((lessons(np.flatnonzero(CODES < 2)),), stream(0, "learn"))
    late = first.fit((lessons(np.flatnonzero(CODES < 2)), lessons(np.flatnonzero(CODES > 3))), stream(0, "learn"))
    assert (late.means[:2] == early.means[:2]).all()
    assert not early.probs(POOL)[:, 2:].any() and not late.probs(POOL)[:, 2:4].any()
    assert first.probs(POOL) == pytest.approx(np.full((30, 6), 1 / 6))


def test_it_answers_as_scikit_learn_does() -> None:
    fresh = LUCK.normal(size=(200, 4)) * 3
    ours = NearestMean(standardise=False).begin(POOL, stream(0, "s")).fit((lessons(np.arange(30)),), stream(0, "learn"))
    theirs = NearestCentroid().fit(POOL.vectors(), CODES).predict(fresh.astype(np.float32))
    assert (ours.probs(vector_pool(fresh, POOL.labels)).argmax(1) == theirs).all()


@pytest.mark.parametrize("shrinkage", [0.01, 0.3, 1.0])
def test_with_a_shared_covariance_it_is_scikit_learns_discriminant_analysis(shrinkage: float) -> None:
    """Probabilities, on correlated vectors of as many lessons a class; shrinkage is the share of the mean variance."""
    mixed = (POINTS @ LUCK.normal(size=(4, 4))).astype(np.float32)
    pool = vector_pool(mixed, POOL.labels)
    block = labelled(Rows(pool, np.arange(30)), CODES, "oracle")
    maker = NearestMean(standardise=False, covariance="shared", shrinkage=shrinkage)
    ours = maker.begin(pool, stream(0, "s")).fit((block,), stream(0, "learn")).probs(pool)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage, priors=np.full(6, 1 / 6))
    np.testing.assert_allclose(ours, theirs.fit(mixed, CODES).predict_proba(mixed), atol=1e-5)


def test_a_shared_covariance_counts_weights_forgets_nothing_and_is_saved(tmp_path: Path) -> None:
    """A lesson of weight 2 is the lesson twice; classes in two parts as at once; shrinkage 1 answers as none does."""
    maker = NearestMean(standardise=False, covariance="shared", shrinkage=0.2)
    first = maker.begin(POOL, stream(0, "student"))
    twice = first.fit((lessons(np.arange(30)), lessons(np.arange(10))), stream(0, "learn"))
    weighted = first.fit((lessons(np.arange(10), 2.0), lessons(np.arange(10, 30))), stream(0, "learn"))
    np.testing.assert_allclose(twice.probs(POOL), weighted.probs(POOL), atol=1e-6)
    twice.save(tmp_path)
    assert maker.load(tmp_path).fingerprint == twice.fingerprint
    round_ = NearestMean(standardise=False, covariance="shared", shrinkage=1.0).begin(POOL, stream(0, "student"))
    plain = NearestMean(standardise=False).begin(POOL, stream(0, "student"))
    every = (lessons(np.arange(30)),)
    told = [one.fit(every, stream(0, "learn")).probs(POOL).argmax(1).tolist() for one in (round_, plain)]
    assert told[0] == told[1]


def test_strength_changes_no_answer() -> None:
    told = [NearestMean(strength=s).begin(POOL, stream(0, "s")).fit((lessons(np.arange(30)),), stream(0, "learn"))
            for s in (0.01, 1.0)]  # fmt: skip
    assert (told[0].probs(POOL).argmax(1) == told[1].probs(POOL).argmax(1)).all()
    assert told[0].probs(POOL).max() < told[1].probs(POOL).max()


def test_neutral_limit_one_lesson_a_class_among_vectors_of_one_length() -> None:
    round_ = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
    pool = vector_pool(round_, POOL.labels)
    one = labelled(Rows(pool, np.arange(0, 30, 5)), np.arange(6), "oracle")
    ours, theirs = (maker(standardise=False).begin(pool, stream(0, "s")).fit((one,), stream(0, "learn"))
                    for maker in (NearestMean, Nearest))  # fmt: skip
    assert (ours.probs(pool).argmax(1) == theirs.probs(pool).argmax(1)).all()
