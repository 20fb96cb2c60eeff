"""Batches from a syllabus: counts by hand, every lesson once a pass, kinds apart, order and batches as planned."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Block, Rows, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.batching import planned, updates_and_rows, walk
from tutelage.toys import vector_pool

POOL = vector_pool(np.zeros((50, 1)), ids=[str(i) for i in range(50)])


@dataclass
class Pace:
    passes: float = 1.0
    batch: int = 2


def labels(*rows: int, weight: float = 1.0) -> Block:
    return labelled(Rows(POOL, np.array(rows, dtype=np.int64)), np.zeros(len(rows)), "oracle", weight=weight)


def soft(*rows: int) -> Block:
    size = len(rows)
    given = {"probs": np.full((size, 2), 0.5, dtype=np.float32)}
    return Block(Rows(POOL, np.array(rows, dtype=np.int64)), None, Soft, given, "weak", np.zeros(size), np.ones(size))


def met(stage: Stage, pace: Pace, seed: int = 0) -> list[list[int]]:
    """The table's rows in each batch."""
    plan = planned((stage,), pace.passes)
    numbers = np.concatenate([block.about.numbers for block in plan.lessons])
    return [numbers[one.rows].tolist() for one in walk(plan, pace, stream(seed, "learn"))]


def test_counts_by_hand() -> None:
    """5 labels and 2 soft in batches of 2: 3 + 1 updates a pass, 7 visits. Half a pass: 3 labels and 1 soft, 2 + 1."""
    syllabus = (Stage((labels(0, 1, 2, 3, 4), soft(5, 6))),)
    assert updates_and_rows(syllabus, Pace(1)) == (4, 7, 4)
    assert updates_and_rows(syllabus, Pace(2.5)) == (4 * 2 + 3, 7 * 2 + 4, 3)
    assert updates_and_rows(syllabus, Pace(1, batch=0)) == (2, 7, 2)
    assert updates_and_rows((), Pace()) == updates_and_rows(syllabus, Pace(0)) == (0, 0, 0)


def test_a_given_order_is_cut_consecutively_and_where_the_kind_changes() -> None:
    """Items 4 3 2 | 5 6 of two kinds, at 2 a batch: 4 3, 2, 5 6."""
    stage = Stage((labels(0, 1, 2, 3, 4), soft(5, 6)), order=np.array([4, 3, 2, 5, 6]))
    assert met(stage, Pace()) == [[4, 3], [2], [5, 6]]


def test_given_batches_are_batches() -> None:
    stage = Stage((labels(0, 1, 2, 3, 4),), order=np.array([4, 0, 1, 2, 3]), batches=np.array([0, 1, 4, 5]))
    assert met(stage, Pace(batch=2)) == [[4], [0, 1, 2], [3]]
    assert met(stage, Pace(passes=0.5, batch=2)) == [[4], [0, 1, 2]]
    assert updates_and_rows((stage,), Pace(passes=1.5)) == (5, 9, 2)


def test_stages_in_turn_and_their_passes_multiply() -> None:
    one, two = labels(0, 1), labels(2)
    syllabus = (
        Stage((one,), passes=2.0),
        Stage((one, two), order=np.array([2]), passes=0.5),
        Stage((two,), passes=0.0),
    )
    plan = planned(syllabus, 2.0)
    assert [block.size for block in plan.lessons] == [2, 1]  # a block that stands in two stages is read once
    rows = [one.rows.tolist() for one in walk(plan, Pace(2.0), stream(0, "learn"))]
    assert [sorted(batch) for batch in rows] == [[0, 1]] * 4 + [[2]]
    assert updates_and_rows(syllabus, Pace(2.0)) == (5, 9, 1)


def test_support_goes_with_the_order() -> None:
    marks = np.array([True, False, False])
    stage = Stage((labels(7, 8, 9),), order=np.array([2, 1, 0]), batches=np.array([0, 3]), support=marks)
    (one,) = walk(planned((stage,)), Pace(), stream(0, "learn"))
    assert one.rows.tolist() == [2, 1, 0] and one.support.tolist() == [True, False, False]
    with pytest.raises(ContractBroken, match="nothing to score"):
        list(walk(planned((stage._replace(support=~np.zeros(3, dtype=bool)),)), Pace(), stream(0, "learn")))
    with pytest.raises(ContractBroken, match="3 items marks 1"):
        planned((stage._replace(support=marks[:1]),))
    with pytest.raises(ContractBroken, match="slices of an order"):
        planned((stage._replace(order=None),))


def test_lengths_bring_like_to_like_and_leave_nobody_out() -> None:
    lengths = np.arange(50) % 10
    plan = planned((Stage((labels(*range(50)),)),))
    apart = [one.rows for one in walk(plan, Pace(batch=5), stream(0, "learn"), lengths)]
    assert sorted(np.concatenate(apart).tolist()) == list(range(50))
    assert all(np.ptp(lengths[rows]) == 0 for rows in apart)
    assert len({tuple(lengths[rows]) for rows in apart[:3]}) > 1, "the batches themselves come in random order"


@given(st.lists(st.integers(0, 2), min_size=0, max_size=12), st.floats(0, 3), st.integers(0, 5), st.booleans())
def test_the_count_is_what_is_walked(weights: list[int], passes: float, batch: int, ordered: bool) -> None:
    """And lessons of weight 0 are absent: the batches are those of the syllabus without them."""
    rows = list(range(len(weights)))
    block = labels(*rows)._replace(weight=np.array(weights, dtype=float))
    alive = [row for row in rows if weights[row]]
    stage = Stage((block, soft(20, 21)), order=np.array([*rows, len(rows)]) if ordered else None)
    without = Stage((labels(*alive), soft(20, 21)), order=np.arange(len(alive) + 1) if ordered else None)
    pace = Pace(passes, batch)
    counts = updates_and_rows((stage,), pace)
    batches = met(stage, pace)
    assert (len(batches), sum(map(len, batches))) == counts[:2]
    assert batches == met(without, pace)
    if passes == 1:
        assert sorted(sum(batches, [])) == [*alive, 20, *([] if ordered else [21])]
