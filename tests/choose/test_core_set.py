"""core_set: the two ends of a line, what is labelled counts as covered, equal embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.choose.core_set import CoreSet
from tutelage.core.rng import stream


def test_by_hand(ask):
    """0 1 2 6 10: the ends 10 and 0 first, then 6, four from 10."""
    chosen = CoreSet().choose(ask(at=[0, 1, 2, 6, 10]), 3, stream(0, "c"))
    assert chosen.rows.tolist() == [4, 0, 3]
    assert chosen.scores == pytest.approx([10, 1, 2, 4, np.nan], nan_ok=True, rel=1e-6)


def test_labelled_examples_are_covered_already(ask):
    """0 and 10 labelled, 1 2 6 left: 6 is four away, then 2 is two away."""
    chosen = CoreSet().choose(ask(at=[0, 1, 2, 6, 10], held=[0, 4]), 2, stream(0, "c"))
    assert chosen.rows.tolist() == [2, 1]
    assert chosen.scores == pytest.approx([1, 2, 4], rel=1e-6)


def test_near_duplicates_wait(ask):
    """Ten points three times: ten picks, ten different points."""
    points = np.random.default_rng(0).normal(size=(10, 4))
    chosen = CoreSet().choose(ask(at=np.tile(points, (3, 1))), 10, stream(0, "c"))
    assert sorted((chosen.rows % 10).tolist()) == list(range(10))


def test_neutral_limit_where_every_example_embeds_alike_it_is_uniform(ask):
    seen = ask(at=np.ones((5, 3)), held=())
    rng = stream(0, "c")
    counts = np.bincount(np.concatenate([CoreSet().choose(seen, 2, rng).rows for _ in range(1000)]), minlength=5)
    assert (np.abs(counts - 400) < 80).all(), counts
