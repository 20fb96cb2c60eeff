"""k_means: one for each group, largest first; duplicates."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.choose.k_means import KMeans
from tutelage.core.rng import stream


def test_by_hand(ask):
    """0 1 2 | 10 11 12 13 14 in two clusters: centres 1 and 12; the larger first; scores are minus the distances."""
    seen = ask(at=[0, 1, 2, 10, 11, 12, 13, 14])
    chosen = KMeans().choose(seen, 2, stream(0, "c"))
    assert chosen.rows.tolist() == [5, 1]
    assert chosen.scores == pytest.approx([-1, 0, -1, -2, -1, 0, -1, -2], abs=1e-5)


def test_one_of_each_group(ask):
    rng = np.random.default_rng(0)
    at = np.repeat(np.eye(6) * 20, 15, axis=0) + rng.normal(size=(90, 6))
    chosen = KMeans().choose(ask(at=at), 6, stream(1, "c"))
    assert sorted((chosen.rows // 15).tolist()) == list(range(6))


def test_neutral_limit_where_every_example_embeds_alike_it_is_uniform(ask):
    seen = ask(at=np.ones((5, 3)))
    rng = stream(0, "c")
    chosen = [KMeans().choose(seen, 2, rng).rows.tolist() for _ in range(400)]
    assert all(len(set(rows)) == 2 for rows in chosen)
    counts = np.bincount(np.concatenate(chosen), minlength=5)
    assert (np.abs(counts - 160) < 50).all(), counts
