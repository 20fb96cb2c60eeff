"""Spiral: parts by hand, and its limits."""

import numpy as np

from tutelage.core.data import Lessons, Rows, labelled
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.order.blocked import Blocked
from tutelage.order.interleaved import Interleaved
from tutelage.order.spiral import Spiral
from tutelage.toys import vector_pool, view

POOL = vector_pool([[x, 0] for x in range(11)])


def lessons(codes: list[int]) -> Lessons:
    return (labelled(Rows(POOL, np.arange(len(codes))), np.array(codes), "oracle"),)


def order(part, given: Lessons, seed: int = 0) -> list[int]:
    (stage,) = part.plan(given, view(), stream(seed, "order"))
    return stage.order.tolist()


def test_by_hand() -> None:
    """Left 0-6, right 7-10: 7 lessons in three parts are 3, 2, 2, and 4 are 2, 1, 1."""
    given = lessons([0] * 7 + [1] * 4)
    assert order(Spiral(), given) == [0, 1, 2, 7, 8, 3, 4, 9, 5, 6, 10]


def test_difficulty_rises_over_the_parts() -> None:
    """The student knows -2 as left and 2 as right: the farther right, the harder to call left, the easier right."""
    pool = vector_pool([[x / 4, 0] for x in (3, 0, 2, 1)])
    given = (labelled(Rows(pool, np.arange(4)), np.array([0, 0, 1, 1]), "oracle"),)
    assert order(Spiral(parts=2, by=build("order.difficulty", "confidence")), given) == [1, 2, 0, 3]


def test_limits() -> None:
    given = lessons([0, 1, 1, 0, 1, 1, 0])
    assert order(Spiral(parts=1), given) == order(Blocked(), given)
    assert order(Spiral(parts=4), given) == order(Interleaved(), given)
    assert order(Spiral(parts=1, shuffle=True), given, 3) == order(Blocked(shuffle=True), given, 3)
    assert order(Spiral(), ()) == []
