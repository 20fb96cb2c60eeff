"""Rubric: the first column before the second."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Block, Itself, Lessons, Rows
from tutelage.core.rng import stream
from tutelage.order.difficulty.column import Column
from tutelage.order.difficulty.rubric import Rubric
from tutelage.toys import replies_pool, view

RNG = stream(0, "order")


def lessons(stage: list, bloom: list) -> Lessons:
    size = len(stage)
    pool = replies_pool([(f"q{i}", "a", str(i)) for i in range(size)], stage=stage, bloom=bloom)
    return (Block(Rows(pool, np.arange(size)), None, Itself, {}, "file", np.zeros(size), np.ones(size)),)


def test_by_hand() -> None:
    """(1, remember), (1, apply), (2, remember) are 0, 1, 2; turned about, (remember, 1), (remember, 2), (apply, 1)."""
    told, words = lessons([2, 1, 1], ["remember", "apply", "remember"]), ("remember", "apply")
    assert Rubric(columns={"stage": (), "bloom": words}).rate(told, view(), RNG).tolist() == [2, 1, 0]
    assert Rubric(columns={"bloom": words, "stage": ()}).rate(told, view(), RNG).tolist() == [1, 2, 0]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_it_sorts_as_tuples_do(pairs: list[tuple[int, int]]) -> None:
    told = lessons([stage for stage, _ in pairs], [bloom for _, bloom in pairs])
    rates = Rubric(columns={"stage": (), "bloom": ()}).rate(told, view(), RNG)
    assert np.argsort(rates, kind="stable").tolist() == sorted(range(len(pairs)), key=lambda at: pairs[at])
    one = Rubric(columns={"stage": ()}).rate(told, view(), RNG)
    column = Column(name="stage").rate(told, view(), RNG)
    assert np.argsort(one, kind="stable").tolist() == np.argsort(column, kind="stable").tolist()


def test_without_columns_all_are_alike() -> None:
    assert Rubric(columns={}).rate(lessons([1, 2], [1, 2]), view(), RNG).tolist() == [0, 0]
