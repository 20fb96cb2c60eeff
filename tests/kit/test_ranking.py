"""Fair ties, no trace of the pool's order, and draws in proportion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.stages import Chosen
from tutelage.kit.ranking import at_random, best, draw, filled, in_table_order, placed, top_n, within
from tutelage.toys import POOL, vector_pool


def line(size: int):
    return vector_pool(np.arange(size, dtype=float)[:, None])


def test_the_best_come_first():
    """Scores 1 5 3 0 4 2: the three best are rows 1 (5), 4 (4) and 2 (3)."""
    chosen = top_n(POOL, np.array([1.0, 5, 3, 0, 4, 2]), 3, stream(0, "t"))
    assert chosen.rows.tolist() == [1, 4, 2]
    assert chosen.scores.tolist() == [1, 5, 3, 0, 4, 2]


def test_ties_are_fair():
    """Row 0 is best; 1..5 tie for the second place, so each takes it in a fifth of 2000 draws: 400, sd 18."""
    scores = np.array([1.0, 0, 0, 0, 0, 0])
    rng = stream(0, "t")
    seconds = [int(top_n(POOL, scores, 2, rng).rows[1]) for _ in range(2000)]
    counts = np.bincount(seconds, minlength=6)
    assert counts[0] == 0
    assert (np.abs(counts[1:] - 400) < 90).all(), counts  # five standard deviations


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 35), st.randoms(use_true_random=False))
def test_top_n_equals_sorting_whatever_the_order(scores, n, random):
    values = np.array(scores, dtype=float)
    pool = line(len(values))
    chosen = top_n(pool, values, n, stream(1, "t"))
    assert sorted(values[chosen.rows], reverse=True) == values[chosen.rows].tolist()
    assert values[chosen.rows].tolist() == sorted(scores, reverse=True)[:n]
    assert len(set(chosen.rows.tolist())) == min(n, len(values))
    shuffle = list(range(len(values)))
    random.shuffle(shuffle)
    again = top_n(pool.take(shuffle), values[shuffle], n, stream(1, "t"))
    assert pool.take(shuffle).take(again.rows).ids() == pool.take(chosen.rows).ids()  # ties included


def test_nothing_is_taken_for_a_score_that_is_no_number():
    with pytest.raises(ContractBroken, match="NaN"):
        top_n(POOL, np.array([1, np.nan, 0, 0, 0, 0]), 2, stream(0, "t"))
    with pytest.raises(ContractBroken, match="6 rows"):
        top_n(POOL, np.zeros(5), 2, stream(0, "t"))


def test_no_rows_no_choice():
    assert len(top_n(POOL.take([]), np.zeros(0), 3, stream(0, "t")).rows) == 0
    assert len(top_n(POOL, np.zeros(6), 0, stream(0, "t")).rows) == 0
    assert len(top_n(POOL, np.zeros(6), -1, stream(0, "t")).rows) == 0


def test_table_order_and_back():
    """The rows 4, 0, 2 sort to 0, 2, 4, which stood at positions 1, 2, 0."""
    ordered = in_table_order(POOL.take([4, 0, 2]))
    assert ordered.pool.numbers.tolist() == [0, 2, 4]
    assert ordered.places.tolist() == [1, 2, 0]
    chosen = placed(ordered, [2], np.array([10.0, 20.0, 40.0]))
    assert chosen.rows.tolist() == [0]
    assert chosen.scores.tolist() == [40, 10, 20]


def test_filling_adds_others_behind():
    rows = filled([3, 1], 5, 6, stream(0, "t"))
    assert rows[:2].tolist() == [3, 1]
    assert len(set(rows.tolist())) == 5
    assert filled([3, 1, 2], 2, 6, stream(0, "t")).tolist() == [3, 1]


def test_random_rows_are_distinct_and_need_no_score():
    chosen = at_random(POOL, 4, stream(0, "t"))
    assert len(set(chosen.rows.tolist())) == 4
    assert np.isnan(chosen.scores).all()


def test_draws_are_in_proportion():
    """Masses 0 1 3 0: rows 1 and 2 in the ratio 1 : 3, that is 1000 +- 5 x 27 of 4000 for row 1, the others never."""
    rng = stream(0, "t")
    counts = np.bincount([draw(np.array([0.0, 1, 3, 0]), rng) for _ in range(4000)], minlength=4)
    assert counts[0] == counts[3] == 0
    assert abs(counts[1] - 1000) < 140
    assert draw(np.zeros(3), rng) is None
    assert draw(np.zeros(0), rng) is None


def test_the_best_of_equals_is_drawn():
    rng = stream(0, "t")
    assert {best(np.array([1.0, 2, 2]), rng) for _ in range(50)} == {1, 2}


def test_a_part_said_in_positions_of_the_whole():
    """Of rows 4, 1 and 5 the second and the first were chosen: positions 1 and 4; rows not shown have no score."""
    inner = Chosen(np.array([1, 0]), np.array([0.4, 0.1, 0.5]), {"kept": 1})
    chosen = within(POOL, np.array([4, 1, 5]), inner)
    assert chosen.rows.tolist() == [1, 4] and chosen.memory == {"kept": 1}
    assert np.array_equal(chosen.scores, [np.nan, 0.1, np.nan, np.nan, 0.4, 0.5], equal_nan=True)
