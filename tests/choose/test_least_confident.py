"""least_confident: by hand, its extremes, its neutral limit."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.choose.least_confident import LeastConfident
from tutelage.core.rng import stream


def test_by_hand(ask):
    """Best guesses 0.5, 0.45, 1 and 1/3: scores 0.5, 0.55, 0, 2/3. Uniform is the largest score, one-hot gives 0."""
    seen = ask([[0.5, 0.5, 0], [0.45, 0.45, 0.1], [1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])
    chosen = LeastConfident().choose(seen, 2, stream(0, "c"))
    assert chosen.scores == pytest.approx([0.5, 0.55, 0, 2 / 3], abs=1e-6)
    assert chosen.rows.tolist() == [3, 1]


def test_neutral_limit_equal_confidence_is_uniform(ask):
    """The best guess is 0.6 everywhere, though the rest differs: every row in about a fifth of 1000 choices."""
    seen = ask([[0.6, 0.4, 0], [0.6, 0.2, 0.2], [0.1, 0.3, 0.6], [0.4, 0.6, 0], [0.2, 0.6, 0.2]])
    rng = stream(0, "c")
    counts = np.bincount([int(LeastConfident().choose(seen, 1, rng).rows[0]) for _ in range(1000)], minlength=5)
    assert (np.abs(counts - 200) < 65).all(), counts
