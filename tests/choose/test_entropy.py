"""entropy: by hand, its extremes, and its ranking between two classes."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.choose.entropy import Entropy
from tutelage.choose.least_confident import LeastConfident
from tutelage.choose.margin import Margin
from tutelage.core.rng import stream


def test_by_hand(ask):
    """(1/2 1/2 0): log 2 = 0.693. (1/2 1/4 1/4): 3/2 log 2 = 1.040. (1 0 0): 0. Uniform: log 3 = 1.099."""
    seen = ask([[0.5, 0.5, 0], [0.5, 0.25, 0.25], [1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])
    chosen = Entropy().choose(seen, 3, stream(0, "c"))
    assert chosen.scores == pytest.approx([np.log(2), 1.5 * np.log(2), 0, np.log(3)], abs=1e-6)
    assert chosen.rows.tolist() == [3, 1, 0]


def test_between_two_classes_the_ranking_is_that_of_margin_and_least_confident(ask, binary):
    seen = ask(binary)
    rankings = [m.choose(seen, 12, stream(0, "c")).rows.tolist() for m in (Entropy(), Margin(), LeastConfident())]
    assert rankings[0] == rankings[1] == rankings[2]
    assert binary[rankings[0][0], 0] == pytest.approx(0.5, abs=0.05)  # the least sure first, not the surest


def test_neutral_limit_equal_doubt_is_uniform(ask):
    """Six rows with the probabilities (0.7, 0.3) or (0.3, 0.7): each is taken in about a sixth of 1200 choices."""
    seen = ask([[0.7, 0.3], [0.3, 0.7]] * 3)
    rng = stream(0, "c")
    counts = np.bincount([int(Entropy().choose(seen, 1, rng).rows[0]) for _ in range(1200)], minlength=6)
    assert (np.abs(counts - 200) < 65).all(), counts
