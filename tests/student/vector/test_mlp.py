"""vector.mlp: gradients against finite differences of its loss, weights as copies, luck as an argument, its limit."""

import numpy as np
import pytest

from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.student.vector.logistic import Logistic
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import vector_pool

RNG = np.random.default_rng(0)
CODES = np.arange(60) % 3
X = (np.eye(3, 4)[CODES] * 2 + RNG.normal(size=(60, 4))).astype(np.float32)
POOL = vector_pool(X, labels=("a", "b", "c"))
ALL = np.arange(60)


def fitted(rows: np.ndarray = ALL, weight: np.ndarray | None = None, seed: int = 0, **settings: object):
    block = labelled(Rows(POOL, rows), CODES[rows], "oracle")
    block = block if weight is None else block._replace(weight=weight)
    return Mlp(**settings).begin(POOL, stream(0, "student")).fit((block,), stream(seed, "learn"))


def test_it_learns_what_is_not_linear() -> None:
    """Exclusive or: no linear student can be right about more than three of the four corners."""
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 5, dtype=np.float32)
    codes = np.array([0, 1, 1, 0] * 5)
    pool = vector_pool(corners, labels=("same", "different"))
    lessons = (labelled(Rows(pool, np.arange(20)), codes, "oracle"),)
    student = Mlp(hidden=(16,)).begin(pool, stream(0, "student")).fit(lessons, stream(0, "learn"))
    assert (student.probs(pool).argmax(1) == codes).all()


def test_a_weight_of_two_equals_two_copies_with_whole_batches() -> None:
    weight = np.where(ALL < 30, 2.0, 1.0)
    twice = np.concatenate([ALL, ALL[:30]])
    one, two = fitted(weight=weight, batch=0, epochs=30), fitted(twice, batch=0, epochs=30)
    np.testing.assert_allclose(one.probs(POOL), two.probs(POOL), atol=1e-4)


def test_the_luck_of_a_fit_is_its_argument() -> None:
    assert fitted(seed=1).fingerprint == fitted(seed=1).fingerprint != fitted(seed=2).fingerprint


def test_the_embedding_changes_with_the_weights_and_says_so() -> None:
    first = Mlp().begin(POOL, stream(0, "student"))
    assert first.embeds_as != fitted().embeds_as
    assert fitted().embed(POOL).shape == (60, 64) and (fitted().embed(POOL) >= 0).all()


def test_neutral_limit_without_hidden_layers_it_is_logistic_regression() -> None:
    """l2 = 1 / (strength * 60 lessons) makes the two objectives the same up to the factor 60."""
    strength = 1.0
    plain = fitted(hidden=(), batch=0, epochs=3000, lr=0.05, l2=1 / (strength * 60))
    block = labelled(Rows(POOL, ALL), CODES, "oracle")
    other = Logistic(strength=strength).begin(POOL, stream(0, "student")).fit((block,), stream(0, "learn"))
    np.testing.assert_allclose(plain.probs(POOL), other.probs(POOL), atol=5e-3)


@pytest.mark.parametrize("settings", [{"epochs": 0}, {"lr": 0}, {"hidden": (0,)}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="greater than"):
        Mlp(**settings)
