"""vector.logistic against scikit-learn, and its neutral limit."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from tutelage.core.data import Rows, labelled
from tutelage.core.digest import digest
from tutelage.core.rng import stream
from tutelage.student.vector.logistic import Logistic
from tutelage.toys import vector_pool

RNG = np.random.default_rng(0)
CODES = np.arange(90) % 3
X = (np.eye(3, 4)[CODES] * 1.5 + RNG.normal(size=(90, 4))).astype(np.float32)
POOL = vector_pool(X, labels=("a", "b", "c"))


def fitted(weight: np.ndarray | None = None, **settings: float):
    block = labelled(Rows(POOL, np.arange(90)), CODES, "oracle")
    if weight is not None:
        block = block._replace(weight=weight)
    return Logistic(standardise=False, **settings).begin(POOL, stream(0, "student")).fit((block,), stream(0, "learn"))


def test_equals_scikit_learn_at_the_same_strength() -> None:
    for strength in (0.1, 1.0, 10.0):
        theirs = LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(X, CODES).predict_proba(X)
        np.testing.assert_allclose(fitted(strength=strength).probs(POOL), theirs, atol=2e-3)


def test_weights_equal_scikit_learns_sample_weights() -> None:
    weight = RNG.uniform(0.1, 3, size=90)
    theirs = LogisticRegression(C=1.0, tol=1e-8, max_iter=5000).fit(X, CODES, sample_weight=weight).predict_proba(X)
    np.testing.assert_allclose(fitted(weight, strength=1.0).probs(POOL), theirs, atol=2e-3)


def test_neutral_limit_no_strength_gives_the_class_frequencies() -> None:
    block = labelled(Rows(POOL, np.array([0, 3, 6, 1])), np.array([0, 0, 0, 1]), "oracle")
    student = Logistic(strength=1e-7).begin(POOL, stream(0, "student")).fit((block,), stream(0, "learn"))
    np.testing.assert_allclose(student.probs(POOL), np.tile([0.75, 0.25, 0], (90, 1)), atol=1e-3)


def test_components_are_those_of_the_pool() -> None:
    """Its z are scikit-learn's principal components, brought to variance 1; all of them part what the vectors part."""
    x = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32) * [3, 2, 1, 0.5]
    pool = vector_pool(x, labels=("a", "b"))
    z = Logistic(components=2).begin(pool, stream(0, "student")).embed(pool)
    want = PCA(2, whiten=True).fit_transform(x.astype(np.float64)) * np.sqrt(30 / 29)  # by n, not n - 1
    assert np.abs(z) == pytest.approx(np.abs(want), abs=1e-4)
    codes = (x[:, 0] > 0).astype(int)
    weak = Logistic(components=1).begin(pool, stream(0, "student"))
    taught = weak.fit((labelled(Rows(pool, np.arange(30)), codes, "oracle"),), stream(0, "learn"))
    assert (taught.probs(pool).argmax(axis=1) == codes).mean() > 0.9


def test_a_student_without_components_is_saved_as_before() -> None:
    """The setting came later: what was exported earlier, without it, still loads under the same fingerprint."""
    pool = vector_pool(np.eye(3), labels=("a", "b"))
    student = Logistic().begin(pool, stream(0, "student"))
    told = {"use": "vector.logistic", "strength": 1.0, "standardise": True}
    assert student.fingerprint == digest(told, student.embeds_as, student.head.fingerprint)
