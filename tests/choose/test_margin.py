"""margin: by hand, and where it differs from entropy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.choose.entropy import Entropy
from tutelage.choose.margin import Margin
from tutelage.core.rng import stream
from tutelage.toys import Nearest, vector_pool, view


def test_by_hand(ask):
    """Margins 0, 0.25, 1 and 0.1: the first and the fourth are chosen. Entropy would prefer the second to the first."""
    seen = ask([[0.5, 0.5, 0], [0.5, 0.25, 0.25], [1, 0, 0], [0.5, 0.4, 0.1]])
    chosen = Margin().choose(seen, 2, stream(0, "c"))
    assert chosen.scores == pytest.approx([0, -0.25, -1, -0.1], abs=1e-6)
    assert chosen.rows.tolist() == [0, 3]
    assert 1 in Entropy().choose(seen, 2, stream(0, "c")).rows


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.integers(1, 25))
def test_equal_obvious_code(seed, n):
    rng = np.random.default_rng(seed)
    pool = vector_pool(rng.normal(size=(20, 3)), ("a", "b", "c", "d"))
    student = Nearest(pool.labels, rng.normal(size=(4, 3)).astype(np.float32))
    margins = [sorted(row)[-1] - sorted(row)[-2] for row in student.probs(pool).astype(float).tolist()]
    chosen = Margin().choose(view(pool, student), n, stream(0, "c"))
    assert [margins[i] for i in chosen.rows] == sorted(margins)[:n]


def test_neutral_limit_a_student_without_lessons_makes_it_uniform(ask):
    seen = ask(np.full((5, 4), 0.25))
    rng = stream(0, "c")
    counts = np.bincount([int(Margin().choose(seen, 1, rng).rows[0]) for _ in range(1000)], minlength=5)
    assert (np.abs(counts - 200) < 65).all(), counts


def test_fewer_columns_than_labels_and_none_at_all(ask):
    """A label that a person added later has no column yet; before any label there are no columns."""
    assert Margin().choose(ask([[0.9, 0.1], [0.5, 0.5]], labels=5), 1, stream(0, "c")).rows.tolist() == [1]
    assert len(Margin().choose(ask(np.zeros((3, 0))), 2, stream(0, "c")).rows) == 2
