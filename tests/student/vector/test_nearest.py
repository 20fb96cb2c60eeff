"""vector.nearest: by hand, angles and not distances, against scikit-learn, its neutral limit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn.neighbors import KNeighborsClassifier

from tutelage.core.data import Block, Rows, Soft, labelled
from tutelage.core.rng import stream
from tutelage.student.vector.nearest import Nearest
from tutelage.toys import vector_pool


def fitted(points: object, codes: object, weights: object = None, labels=("a", "b", "c"), **settings: object):
    pool = vector_pool(points, labels)
    block = labelled(Rows(pool, np.arange(len(pool))), np.asarray(codes), "oracle")
    if weights is not None:
        block = block._replace(weight=np.asarray(weights, dtype=float))
    return Nearest(standardise=False, **settings).begin(pool, stream(0, "s")).fit((block,), stream(0, "learn"))


def test_by_hand() -> None:
    """Lessons at 0, 45 and 90 degrees; a question at 60 degrees is 15 from b, 30 from c. With two neighbours b weighs
    1, c 3: 1/4 and 3/4."""
    at = [[1, 0], [1, 1], [0, 1]]
    asked = vector_pool([[0.5, 0.75**0.5]], ("a", "b", "c"))
    assert fitted(at, [0, 1, 2]).probs(asked).tolist() == [[0, 1, 0]]
    assert fitted(at, [0, 1, 2], [1, 1, 3], neighbours=2).probs(asked).tolist() == [[0, 0.25, 0.75]]


def test_the_angle_counts_and_not_the_distance() -> None:
    """(2, 0) is nearer to (2, 1.5) than (100, 0) is, but (100, 0) lies in its very direction."""
    student = fitted([[2, 1.5], [100, 0]], [0, 1])
    assert student.answer(vector_pool([[2, 0]], ("a", "b", "c")), stream(0, "a")).given["label"].tolist() == [1]


def test_of_equally_near_lessons_the_same_is_repeated_every_time() -> None:
    """Two at 0 degrees, two at 90; a question without any direction is equally near to all four."""
    student = fitted([[1, 0], [1, 0], [0, 1], [0, 1]], [2, 1, 1, 0])
    asked = vector_pool([[3, 0], [0, 2], [0, 0]] * 2, ("a", "b", "c"))
    said = student.answer(asked, stream(0, "a")).given["label"].tolist()
    assert said[:3] == said[3:] and said[0] in {2, 1} and said[1] in {1, 0}


def test_neutral_limit_all_neighbours_give_the_mean_of_the_lessons() -> None:
    student = fitted([[1, 0], [0, 1], [1, 2]], [0, 0, 2], [1, 1, 2], neighbours=99)
    np.testing.assert_allclose(student.probs(vector_pool([[5, 1], [-1, 3]])), [[0.5, 0, 0.5]] * 2)


def test_shares_are_averaged() -> None:
    pool = vector_pool([[1, 0], [0, 1]])
    soft = Block(Rows(pool, np.arange(2)), None, Soft, {"probs": np.array([[0.7, 0.3], [0.1, 0.9]], dtype=np.float32)},
                 "weak", np.zeros(2), np.ones(2))  # fmt: skip
    student = Nearest(neighbours=2, standardise=False).begin(pool, stream(0, "s")).fit((soft,), stream(0, "l"))
    np.testing.assert_allclose(student.probs(pool), [[0.4, 0.6]] * 2, atol=1e-6)


@given(seed=some.integers(0, 300), k=some.integers(1, 9))
def test_equals_scikit_learn_by_cosine(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    x, codes, asked = rng.normal(size=(30, 4)), np.arange(30) % 3, rng.normal(size=(12, 4))
    x, asked = x.astype(np.float32), asked.astype(np.float32)
    theirs = KNeighborsClassifier(k, metric="cosine", algorithm="brute").fit(x, codes).predict_proba(asked)
    found = fitted(x, codes, neighbours=k).probs(vector_pool(asked, ("a", "b", "c")))
    np.testing.assert_allclose(found, theirs, atol=1e-6)


def test_standardise_takes_the_scale_of_the_pool_away() -> None:
    """Columns of deviation 1 and 1000: as they are the second decides, standardised both do."""
    at = np.array([[-1.0, 100], [1.0, 120], [-1.0, -100], [1, -120]]) * [1, 10]
    pool = vector_pool(at)
    block = labelled(Rows(pool, np.array([0, 3])), np.array([0, 1]), "oracle")
    said = []
    for wanted in (False, True):
        student = Nearest(standardise=wanted).begin(pool, stream(0, "s")).fit((block,), stream(0, "l"))
        said.append(student.answer(vector_pool([[2, 100]]), stream(0, "a")).given["label"][0])
    assert said == [0, 1]


@pytest.mark.parametrize("k", [0, -1])
def test_no_neighbour_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match="neighbours"):
        Nearest(neighbours=k)
