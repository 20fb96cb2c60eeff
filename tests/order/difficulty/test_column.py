"""Column: numbers as they are, words in their order, and what has none."""

import numpy as np
import pytest

from tutelage.core.data import Block, Itself, Lessons, Rows
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.order.difficulty.column import Column
from tutelage.toys import replies_pool, view

RNG = stream(0, "order")


def lessons(values: list, name: str = "level") -> Lessons:
    pool = replies_pool([(f"q{i}", "a", str(i)) for i in range(len(values))], **{name: values})
    size = len(values)
    return (Block(Rows(pool, np.arange(size)), None, Itself, {}, "file", np.zeros(size), np.ones(size)),)


def test_by_hand() -> None:
    """Words: remember 0, understand 1, apply 2. Numbers as they are, or turned."""
    order = ("remember", "understand", "apply")
    told = lessons(["apply", "remember", "understand", "apply"])
    assert Column(values=order).rate(told, view(), RNG).tolist() == [2, 0, 1, 2]
    assert Column(values=order, falling=True).rate(told, view(), RNG).tolist() == [-2, 0, -1, -2]
    assert Column().rate(lessons([0.5, -1.0]), view(), RNG).tolist() == [0.5, -1.0]


def test_one_value_tells_nothing_apart_and_blocks_are_joined() -> None:
    assert set(Column().rate(lessons([4, 4, 4]), view(), RNG).tolist()) == {4.0}
    both = (*lessons([1, 2]), *lessons([0.5]))
    assert Column(values=("0.5", "1", "2")).rate(both, view(), RNG).tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("values", "settings", "said"),
    [
        (["easy", "hard"], {}, "holds words \\(easy, hard\\), which have no order"),
        (["easy", "hart"], {"values": ("easy", "hard")}, "did you mean 'hard'"),
        ([1.0, None], {}, "1 of 2 lessons have no value"),
        ([1.0, float("nan")], {}, "holds 1 NaN"),
        ([1.0], {"name": "levels"}, "did you mean 'level'"),
    ],
)
def test_refusals(values: list, settings: dict, said: str) -> None:
    with pytest.raises(Refused, match=said):
        Column(**settings).rate(lessons(values), view(), RNG)
