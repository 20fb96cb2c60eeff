"""Interleaved: by hand, its limits, and groups of unequal size."""

import numpy as np
import pytest

from tutelage.core.data import Block, Itself, Lessons, Rows
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.order.easy_first import EasyFirst
from tutelage.order.interleaved import Interleaved
from tutelage.toys import replies_pool, view

STAGE = {"use": "rubric", "columns": {"stage": [], "bloom": ["remember", "apply"]}}
BY = build("order.difficulty", {"use": "column", "name": "level"})


def syllabus(rows: list[tuple[str, int]]) -> Lessons:
    pool = replies_pool(
        [(f"q{i}", "a", str(i)) for i in range(len(rows))],
        subject=[subject for subject, _ in rows],
        level=[level for _, level in rows],
    )
    zeros = np.zeros(len(rows))
    return (Block(Rows(pool, np.arange(len(rows))), None, Itself, {}, "file", zeros, zeros + 1),)


def plan(lessons: Lessons, seed: int = 0, **settings) -> list[int]:
    (stage,) = Interleaved(group="subject", **settings).plan(lessons, view(), stream(seed, "order"))
    assert stage.lessons is lessons and stage.passes == 1.0
    return stage.order.tolist()


def test_by_hand() -> None:
    """Level 0 holds biology 1 and 4, art 2: b1, a2, b4. Level 1 holds art 0 and 3, biology 5. Biology comes first in
    level 0 too, as art is the group that appears first: a2, b1, b4; then a0, b5, a3."""
    rows = [("art", 1), ("bio", 0), ("art", 0), ("art", 1), ("bio", 0), ("bio", 1)]
    assert plan(syllabus(rows), by=BY) == [2, 1, 4, 0, 5, 3]


def test_one_subject_is_easy_first_and_one_level_is_round_robin() -> None:
    rows = [("art", 2), ("art", 0), ("art", 1), ("art", 0)]
    (sweep,) = EasyFirst(by=BY).plan(syllabus(rows), view(), stream(0, "order"))
    assert plan(syllabus(rows), by=BY) == sweep.order.tolist() == [1, 3, 2, 0]
    turns = [("art", 0), ("art", 0), ("bio", 0), ("art", 0), ("bio", 0)]
    assert plan(syllabus(turns)) == plan(syllabus(turns), by=BY) == [0, 2, 1, 4, 3]


def test_shuffled_it_keeps_levels_and_turns() -> None:
    rows = [(subject, level) for subject in "abc" for level in (1, 0) for _ in range(4)]
    lessons = syllabus(rows)
    orders = [plan(lessons, seed, by=BY, shuffle=True) for seed in range(4)]
    assert len({tuple(order) for order in orders}) == 4 and orders[0] == plan(lessons, 0, by=BY, shuffle=True)
    for order in orders:
        assert sorted(order) == list(range(24)) and [rows[i][1] for i in order] == [0] * 12 + [1] * 12
        assert all({rows[i][0] for i in order[at : at + 3]} == set("abc") for at in range(0, 24, 3))


def test_levels_and_a_rubric() -> None:
    """Two levels of equal size over difficulties 0..3; and stage before kind of question."""
    rows = [("art", level) for level in (3, 2, 1, 0)]
    assert plan(syllabus(rows), by=BY, levels=2) == [2, 3, 0, 1]
    pool = replies_pool(
        [(f"q{i}", "a", str(i)) for i in range(4)],
        subject=["s"] * 4,
        stage=[2, 1, 2, 1],
        bloom=["remember", "apply", "apply", "remember"],
    )
    lessons = (Block(Rows(pool, np.arange(4)), None, Itself, {}, "file", np.zeros(4), np.ones(4)),)
    assert plan(lessons, by=build("order.difficulty", STAGE)) == [3, 1, 0, 2]


def test_a_missing_column_is_refused() -> None:
    with pytest.raises(Refused, match="has no column 'topic'"):
        Interleaved(group="topic").plan(syllabus([("art", 0)]), view(), stream(0, "order"))
