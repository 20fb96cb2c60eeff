"""class_moments: by hand, against numpy on vectors that come in pieces, and classes of one vector."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.rng import stream
from tutelage.kit.class_moments import added, precision, roots, weighted_means


def test_by_hand() -> None:
    """0, 2 and then 7 of class 4: mean 3, S = 9 + 1 + 16 = 26, variance 13; class 1 has one vector, hence the ridge."""
    held = added({}, np.array([[0.0], [2]], dtype=np.float32), np.array([4, 4]))
    held = added(held, np.array([[7.0], [5]], dtype=np.float32), np.array([4, 1]))
    assert held["classes"].tolist() == [4, 1] and held["counts"].tolist() == [3, 1]
    assert held["means"].ravel().tolist() == [3, 5] and held["scatter"].ravel() == pytest.approx([26, 0])
    assert (roots(held, "full", 1e-4)[:, 0, 0] ** 2) == pytest.approx([13 + 1e-4, 1e-4])


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_pieces_are_the_whole(seed: int, pieces: int) -> None:
    rng = stream(seed, "test")
    x = rng.normal(size=(40, 3)).astype(np.float32)
    codes = rng.integers(0, 3, 40)
    codes[-6:] = [0, 1, 2, 0, 1, 2]
    for kept in ("full", "diagonal", "shared"):
        held: dict = {}
        for rows in np.array_split(np.arange(40), pieces):
            held = added(held, x[rows], codes[rows], kept)
        made, within = roots(held, kept, 1e-4), np.zeros((3, 3))
        for at, code in enumerate(held["classes"]):
            mine = x[codes == code].astype(np.float64)
            np.testing.assert_allclose(held["means"][at], mine.mean(axis=0), atol=1e-10)
            wanted = np.cov(mine.T, ddof=1)
            within += wanted * (len(mine) - 1)
            if kept == "full":
                np.testing.assert_allclose(made[at] @ made[at].T, wanted + 1e-4 * np.eye(3), atol=1e-10)
            elif kept == "diagonal":
                np.testing.assert_allclose(made[at] ** 2, np.diag(wanted) + 1e-4, atol=1e-10)
        if kept == "shared":
            np.testing.assert_allclose(made[0] @ made[0].T, within / 37 + 1e-4 * np.eye(3), atol=1e-10)


def test_what_cannot_be_inverted_is_told() -> None:
    """Four vectors of six numbers leave directions without any variance; a little of the identity fills them."""
    x = stream(0, "test").normal(size=(4, 6))
    pull = np.eye(2)[[0, 0, 1, 1]]
    means, masses = weighted_means(x, pull)
    np.testing.assert_allclose(means, [x[:2].mean(0), x[2:].mean(0)])
    assert masses.tolist() == [2, 2]
    with pytest.raises(ValueError, match="shrinkage above 0"):
        precision(x, pull, means, 0.0)
    assert np.isfinite(precision(x, pull, means, 0.01)).all()
