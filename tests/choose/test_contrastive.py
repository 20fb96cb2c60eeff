"""contrastive: by hand, equal to the obvious double loop, random before there is anything to contrast with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.choose.contrastive import Contrastive
from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.toys import Nearest, vector_pool, view


def test_by_hand(ask):
    """Row 0 at 0 and row 1 at 10 are labelled, with p = (1/2, 1/2) and (1, 0); one neighbour each.

    Row 2 at 1, p = (1/2, 1/2): 0. Row 3 at 2, p = (1/4, 3/4): 1/2 log 2 + 1/2 log 2/3 = 1/2 log 4/3 = 0.1438.
    Row 4 at 9, p = (1/2, 1/2): log 2 = 0.6931.
    """
    probs = [[0.5, 0.5], [1, 0], [0.5, 0.5], [0.25, 0.75], [0.5, 0.5]]
    seen = ask(probs, [0, 10, 1, 2, 9], held=[0, 1])
    chosen = Contrastive(neighbours=1).choose(seen, 2, stream(0, "c"))
    assert chosen.scores == pytest.approx([0, 0.5 * np.log(4 / 3), np.log(2)], abs=1e-6)
    assert chosen.rows.tolist() == [2, 1]


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 200), st.integers(1, 12))
def test_equal_obvious_code(seed, k):
    rng = np.random.default_rng(seed)
    pool = vector_pool(rng.normal(size=(18, 3)), ("a", "b", "c"))
    student = Nearest(pool.labels, rng.normal(size=(3, 3)).astype(np.float32))
    lessons = (labelled(Rows(pool, np.arange(6)), np.zeros(6, dtype=np.int64), "oracle"),)
    rest = pool.without(np.arange(6))
    p, x = student.probs(pool).astype(float), pool.vectors()
    expected = []
    for i in range(6, 18):
        near = np.argsort(((x[:6] - x[i]) ** 2).sum(1))[:k]
        expected.append(np.mean([sum(p[j] * np.log(np.maximum(p[j], 1e-12) / np.maximum(p[i], 1e-12))) for j in near]))
    chosen = Contrastive(neighbours=k).choose(view(rest, student, lessons), 4, stream(0, "c"))
    assert chosen.scores == pytest.approx(np.array(expected), abs=1e-5)


def test_neutral_limit_a_student_that_answers_the_same_everywhere_makes_it_uniform(ask):
    seen = ask(np.full((7, 3), 1 / 3), np.arange(7.0), held=[0, 6])
    rng = stream(0, "c")
    choices = [Contrastive().choose(seen, 1, rng) for _ in range(1000)]
    assert all((choice.scores == 0).all() for choice in choices)
    counts = np.bincount([int(choice.rows[0]) for choice in choices], minlength=5)
    assert (np.abs(counts - 200) < 65).all(), counts


def test_without_lessons_nothing_is_scored():
    chosen = Contrastive().choose(view(), 3, stream(0, "c"))
    assert len(set(chosen.rows.tolist())) == 3
    assert np.isnan(chosen.scores).all()


def test_a_class_ruled_out_by_the_student_stays_finite(ask):
    seen = ask([[1, 0], [0, 1], [0.5, 0.5]], [0, 1, 2], held=[0])
    assert np.isfinite(Contrastive().choose(seen, 2, stream(0, "c")).scores).all()
