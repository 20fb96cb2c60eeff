"""vector.kernel: scikit-learn's own map, all rows as landmarks, a head of zeros, what no line parts, there and back."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import rbf_kernel

from tutelage.core.data import Rows, labelled
from tutelage.core.parts import build
from tutelage.core.stages import Stage
from tutelage.student.vector.kernel import Kernel
from tutelage.toys import stream, vector_pool, view

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
POOL = vector_pool(X, labels=("a", "b"))


def test_by_hand() -> None:
    """Points 0 and 1, gamma log 2: k = [[1, 1/2], [1/2, 1]], so that f(x) f(y)' is that table again."""
    pool = vector_pool([[0.0], [1.0]], labels=("a", "b"))
    f = Kernel(gamma=np.log(2)).begin(pool, stream(0, "student")).standard.of(pool)
    assert f @ f.T == pytest.approx(np.array([[1, 0.5], [0.5, 1]]), abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40), st.integers(0, 99), st.sampled_from([0.05, 0.3, 1.0]))
def test_products_are_those_of_nystroem(landmarks: int, seed: int, gamma: float) -> None:
    """k(x, L) K^-1 k(L, y), with the pseudo-inverse of the same cut-off."""
    student = Kernel(landmarks=landmarks, gamma=gamma).begin(POOL, stream(seed, "student"))
    f, near = student.standard.of(POOL), student.standard.landmarks
    cross, own = rbf_kernel(X, near, gamma), rbf_kernel(near, near, gamma)
    want = cross @ np.linalg.pinv(own.astype(np.float64), rcond=1e-6, hermitian=True) @ cross.T
    assert f @ f.T == pytest.approx(want, abs=2e-3)
    assert {row.tobytes() for row in near} <= {row.tobytes() for row in X}


def test_with_every_row_a_landmark_the_products_are_the_similarities() -> None:
    """The neutral limit; the usual gamma is 1 / (3 times the variance of the 120 numbers)."""
    student = Kernel(landmarks=1000).begin(POOL, stream(0, "student"))
    f = student.standard.of(POOL)
    assert student.standard.gamma == pytest.approx(1 / (3 * X.astype(np.float64).var()))
    assert f @ f.T == pytest.approx(rbf_kernel(X, gamma=student.standard.gamma), abs=5e-3)


def test_the_head_begins_at_zero_and_the_first_loss_is_log_2() -> None:
    """Scores exactly 0 for two classes: log 2, before the one update that a single pass over one batch makes."""
    student = Kernel().begin(POOL, stream(0, "student"))
    block = labelled(Rows(POOL, np.arange(40)), np.arange(40) % 2, "oracle")
    batch = student.encode((block,)).batch(np.arange(40))
    assert (student.module.scores(batch).detach().numpy() == 0).all()
    learn = build("learn", {"use": "gradient", "passes": 1, "batch": 0})
    learned = learn.learn((Stage((block,)),), None, view(pool=POOL, student=student), stream(0, "learn"))
    assert learned.facts["loss"] == pytest.approx(np.log(2), abs=1e-6)


def test_it_learns_what_no_line_parts_by_fit_and_by_gradient() -> None:
    """An inner and an outer ring."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    codes = np.arange(40) % 2
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (1 + 2 * codes[:, None])
    pool = vector_pool(ring, labels=("inner", "outer"))
    lessons = (labelled(Rows(pool, np.arange(40)), codes, "oracle"),)
    student = Kernel().begin(pool, stream(0, "student"))
    assert (student.fit(lessons, stream(0, "learn")).probs(pool).argmax(axis=1) == codes).all()
    learn = build("learn", {"use": "gradient", "lr": 0.1, "passes": 50})
    learned = learn.learn((Stage(lessons),), None, view(pool=pool, student=student), stream(0, "learn"))
    assert (learned.student.probs(pool).argmax(axis=1) == codes).all()


def test_landmarks_are_the_luck_of_the_beginning() -> None:
    prints = [Kernel(landmarks=5).begin(POOL, stream(seed, "student")).fingerprint for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]


def test_equal_rows_are_one_landmark_and_an_empty_pool_has_none(tmp_path: Path) -> None:
    same = vector_pool(np.ones((5, 2)), labels=("a", "b"))
    f = Kernel().begin(same, stream(0, "student")).standard.of(same)
    assert np.isfinite(f).all() and f @ f.T == pytest.approx(np.ones((5, 5)), abs=1e-5)
    assert Kernel().begin(POOL.take([]), stream(0, "student")).probs(POOL) == pytest.approx(np.full((40, 2), 0.5))
