"""Blocked: by hand, its limits, and the random order of groups."""

import numpy as np

from tutelage.core.data import Lessons, Rows, labelled
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.order.as_given import AsGiven
from tutelage.order.blocked import Blocked
from tutelage.order.easy_first import EasyFirst
from tutelage.order.interleaved import Interleaved
from tutelage.order.spiral import Spiral
from tutelage.toys import POOL, view

SURE = build("order.difficulty", "confidence")


def lessons(*rows: int) -> Lessons:
    return (labelled(Rows(POOL, np.array(rows)), np.array([0, 0, 0, 1, 1, 1])[list(rows)], "oracle"),)


def order(part, given: Lessons, seed: int = 0) -> list[int]:
    (stage,) = part.plan(given, view(), stream(seed, "order"))
    return stage.order.tolist()


def test_by_hand() -> None:
    """Right first, as it comes first: 2, -3, 3, -0.2, 0.2 is right left right left right. Without a difficulty the
    order in a class is kept; by confidence 3, 2, 0.2 (right) and -3, -0.2 (left) are from easy to hard."""
    given = lessons(4, 0, 5, 2, 3)
    assert order(Blocked(), given) == [0, 2, 4, 1, 3]
    assert order(Blocked(by=SURE), given) == [2, 0, 4, 1, 3]


def test_one_class_is_the_given_order_or_easy_first() -> None:
    given = lessons(2, 0, 1)
    (same,) = AsGiven(fixed=True).plan(given, view(), stream(0, "order"))
    assert order(Blocked(), given) == same.order.tolist()
    assert order(Blocked(by=SURE), given) == order(EasyFirst(), given) == [1, 2, 0]


def test_one_class_shuffled_is_one_shuffle_whatever_it_is_called() -> None:
    """A pure shuffle is also what thresholds at +-inf leave of a difficulty."""
    given = lessons(2, 0, 1, 2, 2, 0)
    alike = [Blocked(shuffle=True), Interleaved(shuffle=True), Spiral(parts=1, shuffle=True),
             EasyFirst(shuffle=True, levels=(-np.inf, np.inf)), Blocked(by=SURE, levels=1, shuffle=True)]  # fmt: skip
    assert len({tuple(order(part, given)) for part in alike}) == 1
    assert order(alike[0], given, 1) != order(alike[0], given, 2)


def test_shuffled_the_groups_stay_whole() -> None:
    given = lessons(0, 3, 1, 4, 2, 5)
    firsts = set()
    for seed in range(12):
        classes = [row % 2 for row in order(Blocked(shuffle=True), given, seed)]
        assert classes in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
        firsts.add(classes[0])
    assert firsts == {0, 1}


def test_blocks_of_lessons_are_numbered_through() -> None:
    assert order(Blocked(), (*lessons(0, 5), *lessons(1))) == [0, 2, 1]
    assert order(Blocked(), ()) == []
