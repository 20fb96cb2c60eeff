"""Asking a student in batches: same answers, in place, and nonsense refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.core.errors import ContractBroken
from tutelage.kit import ask
from tutelage.toys import POINTS, POOL, Nearest, view


def test_batches_and_order_change_nothing(monkeypatch):
    """-x of six points, two rows at a time, of a shuffled pool: every score stands at its own row."""
    monkeypatch.setattr(ask, "BATCH", 2)
    sizes = []

    def score(batch, probs):
        sizes.append(len(batch))
        assert probs.shape == (len(batch), 2)
        return -batch.vectors()[:, 0].astype(float)

    shuffled = POOL.take([5, 0, 3, 1, 4, 2])
    assert ask.weigh(view().student, shuffled, score).tolist() == (-POINTS[[5, 0, 3, 1, 4, 2], 0]).tolist()
    assert sizes == [2, 2, 2]


class Broken(Nearest):
    """Embeds a NaN."""

    def embed(self, pool, side=""):
        return np.where(np.arange(len(pool))[:, None] == 1, np.nan, pool.vectors())


def test_vectors_that_are_no_numbers_are_refused():
    with pytest.raises(ContractBroken, match="Broken.embed: 1 of 6"):
        ask.embeddings(Broken(("l", "r"), np.zeros((2, 2), np.float32)), POOL)


class Short(Nearest):
    """Embeds too few."""

    def embed(self, pool, side=""):
        return pool.vectors()[1:]


def test_a_missing_vector_is_refused():
    with pytest.raises(ContractBroken, match=r"Short.embed: 6 vectors.*\(5, 2\)"):
        ask.embeddings(Short(("l", "r"), np.zeros((2, 2), np.float32)), POOL)


def test_guesses_are_the_most_probable_classes():
    """Six points, classes at -2 and 2; without any class the guess is -1."""
    assert ask.guesses(view().student, POOL.take([5, 0, 3])).tolist() == [1, 0, 1]

    class NoClasses(Nearest):
        def probs(self, pool):
            return np.zeros((len(pool), 0), np.float32)

    assert ask.guesses(NoClasses((), np.zeros((0, 2), np.float32)), POOL.take([1, 2])).tolist() == [-1, -1]
