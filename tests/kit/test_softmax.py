"""The softmax head: by hand, against scikit-learn, and what must not change it."""

import math

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from tutelage.kit import softmax
from tutelage.kit.softmax import Softmax, nearest_mean, solved


def clusters(n, d, classes, seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, d))
    codes = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    x = centres[codes] + 1.5 * rng.normal(size=(n, d))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(dtype), codes


def one_hot(codes, classes):
    return np.eye(classes, dtype=np.float32)[codes]


def test_by_hand():
    """x = 1 is class 0, x = -1 is class 1. By symmetry W = (a, -a), b = 0, p = s(2a) with s the logistic function.

    d/da [2 log(1 + e^(-2a)) + 2 a^2 / (2 C)] = 0  gives  a = 2 C / (1 + e^(2a));  C = (1 + e) / 4 gives a = 1/2.
    """
    x = np.array([[1.0], [-1.0]])
    head = solved(x, np.eye(2), np.ones(2), strength=(1 + math.e) / 4, tolerance=1e-9).head
    assert head.weights[0].tolist() == pytest.approx([0.5, -0.5], abs=1e-6)
    assert head.probs(x)[0, 0] == pytest.approx(1 / (1 + math.exp(-1)), abs=1e-6)


def test_without_information_class_frequencies():
    """All rows alike, two of class 0 and one of class 1: only the free intercept counts, p = 2/3, 1/3."""
    head = solved(np.zeros((3, 4), np.float32), one_hot([0, 0, 1], 2), np.ones(3)).head
    assert head.probs(np.zeros((1, 4), np.float32))[0] == pytest.approx([2 / 3, 1 / 3], abs=1e-5)


@pytest.mark.parametrize("strength", [0.1, 10.0, 1000.0])
@pytest.mark.parametrize(("n", "d"), [(40, 90), (200, 12)])
def test_equals_scikit_learn(n, d, strength):
    """Coefficients and probabilities to 1e-3 in float32 and to 1e-5 in float64, rows few and many, with weights."""
    x, codes = clusters(n + 50, d, 5, dtype=np.float64)
    x, fresh, codes = x[:n], x[n:], codes[:n]
    weight = np.random.default_rng(1).uniform(0.2, 3, n)
    peer = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(x, codes, weight)
    for dtype, within, tolerance in ((np.float32, 1e-3, 1e-6), (np.float64, 1e-5, 1e-10)):
        head = solved(x.astype(dtype), one_hot(codes, 5), weight, strength, tolerance=tolerance).head
        assert np.abs(head.probs(fresh.astype(dtype)) - peer.predict_proba(fresh)).max() < within
        scale = np.abs(peer.coef_).max()
        assert np.abs(head.weights.T - peer.coef_).max() < within * max(scale, 1)
        assert np.abs((head.bias - head.bias.mean()) - (peer.intercept_ - peer.intercept_.mean())).max() < within * max(
            scale, 1
        )


def test_two_classes_are_scikit_learn_at_twice_the_strength():
    x, codes = clusters(60, 8, 2, dtype=np.float64)
    peer = LogisticRegression(C=6.0, tol=1e-10, max_iter=10_000).fit(x, codes)
    ours = solved(x, one_hot(codes, 2), np.ones(60), 3.0, tolerance=1e-9).head
    assert np.abs(ours.probs(x) - peer.predict_proba(x)).max() < 1e-5


@pytest.mark.parametrize("stored", [True, False])
def test_sparse_equals_dense(monkeypatch, stored):
    """Wide and sparse, the Gram matrix stored or applied; columns that no row uses get no weight."""
    if not stored:
        monkeypatch.setattr(softmax, "DENSE_GRAM", 0)
    rng = np.random.default_rng(2)
    table = sparse.random(30, 400, density=0.05, format="csr", dtype=np.float32, rng=rng)
    y, weight = one_hot(rng.integers(0, 4, 30), 4), rng.uniform(0.5, 2, 30)
    thin, full = (
        solved(table, y, weight, 20.0),
        solved(table.toarray().astype(np.float64), y, weight, 20.0, tolerance=1e-9),
    )
    fresh = sparse.random(20, 400, density=0.05, format="csr", dtype=np.float32, rng=rng)
    assert thin.head.weights.shape == (len(np.unique(table.indices)), 4)
    assert np.abs(thin.head.probs(fresh) - full.head.probs(fresh.toarray())).max() < 1e-3


def test_steps_over_rows_and_over_columns_meet():
    """A start of zeros makes the solver step over columns; without it, 20 rows of 50 columns are stepped over."""
    x, codes = clusters(20, 50, 4, dtype=np.float64)
    zeros = Softmax(np.zeros((50, 4)), np.zeros(4))
    one = solved(x, one_hot(codes, 4), np.ones(20), 5.0, tolerance=1e-10)
    two = solved(x, one_hot(codes, 4), np.ones(20), 5.0, start=zeros, tolerance=1e-10)
    assert np.abs(one.head.weights - two.head.weights).max() < 1e-7 and one.loss == pytest.approx(two.loss, rel=1e-9)


def test_weight_counts_as_copies():
    """Weight 3 is three copies, weight 0 is absence (bit for bit), and 0.3 / 0.7 soft is both classes so weighted."""
    x, codes = clusters(24, 6, 3, dtype=np.float64)
    y = one_hot(codes, 3)
    weight = np.ones(24)
    weight[[4, 5]] = 3, 0
    rows = np.r_[0:5, 4, 4, 6:24]
    thrice, copied = (
        solved(x, y, weight, 2.0, tolerance=1e-10),
        solved(x[rows], y[rows], np.ones(25), 2.0, tolerance=1e-10),
    )
    assert np.abs(thrice.head.weights - copied.head.weights).max() < 1e-7
    keep = weight > 0
    assert (solved(x[keep], y[keep], weight[keep], 2.0).head.weights == solved(x, y, weight, 2.0).head.weights).all()
    soft = y.copy()
    soft[0] = [0.3, 0.7, 0]
    split = solved(
        np.vstack([x[:1], x]),
        np.vstack([[[1, 0, 0]], [[0, 1, 0]], y[1:]]),
        np.r_[0.3, 0.7, np.ones(23)],
        2.0,
        tolerance=1e-10,
    )
    assert np.abs(solved(x, soft, np.ones(24), 2.0, tolerance=1e-10).head.weights - split.head.weights).max() < 1e-6


def test_classes_without_a_row():
    """A class without weight has probability exactly 0; a class alone has probability exactly 1."""
    x, codes = clusters(12, 5, 2)
    probs = solved(x, one_hot(codes * 2, 4), np.ones(12)).head.probs(x)
    assert (probs[:, [1, 3]] == 0).all() and np.abs(probs.sum(1) - 1).max() < 1e-6
    alone = solved(x[:3], one_hot([1, 1, 1], 3), np.ones(3))
    assert (alone.head.probs(x) == [0, 1, 0]).all() and alone.iterations == 0


def test_warm_start_is_quicker_and_ends_at_the_same_place():
    x, codes = clusters(300, 40, 10)
    before = solved(x[:280], one_hot(codes[:280], 10), np.ones(280), 10.0)
    cold = solved(x, one_hot(codes, 10), np.ones(300), 10.0)
    warm = solved(x, one_hot(codes, 10), np.ones(300), 10.0, start=before.head)
    assert warm.converged and warm.iterations < cold.iterations
    assert np.abs(warm.head.probs(x) - cold.head.probs(x)).max() < 1e-3
    other = solved(
        x, one_hot(codes, 11), np.ones(300), 10.0, start=before.head
    )  # another label list: the start is not used
    assert other.iterations == cold.iterations


def test_same_arguments_same_bits():
    x, codes = clusters(50, 80, 6)
    one, two = (solved(x, one_hot(codes, 6), np.ones(50)).head for _ in range(2))
    assert (one.weights == two.weights).all() and (one.bias == two.bias).all()


def test_columns_on_unlike_scales_converge():
    """Standardised columns, raw counts and a constant together."""
    rng = np.random.default_rng(3)
    x = np.hstack([rng.normal(size=(200, 5)), rng.poisson(40, (200, 3)), np.ones((200, 1))]).astype(np.float32)
    codes = (x[:, 0] + 0.1 * x[:, 5] > 4).astype(int)
    found = solved(x, one_hot(codes, 2), np.ones(200), 1.0, limit=3000)
    exact = solved(x.astype(np.float64), one_hot(codes, 2), np.ones(200), 1.0, tolerance=1e-9, limit=5000)
    assert exact.converged
    assert np.abs(found.head.probs(x) - exact.head.probs(x.astype(np.float64))).max() < 2e-3


def test_refused_weights():
    for weight in (np.zeros(2), np.array([1.0, -1.0]), np.zeros(0)):
        with pytest.raises(ValueError, match="weights"):
            solved(np.ones((len(weight), 1), np.float32), np.eye(2, dtype=np.float32)[: len(weight)], weight)


def test_nearest_mean_by_hand():
    """Class 0 has mean (1, 0), class 1 the direction (0, 1) from (0, 3): cosines of (1, 0) are 1 and 0; p = s(k)."""
    x = np.array([[1, 0], [0, 3], [7, 7]], dtype=np.float32)
    head = nearest_mean(x, one_hot([0, 1, 2], 4), np.array([1.0, 1.0, 0.0]), sharpness=2.0)
    probs = head.probs(np.array([[1, 0]], dtype=np.float32))[0]
    assert probs[0] == pytest.approx(1 / (1 + math.exp(-2))) and (probs[2:] == 0).all()
