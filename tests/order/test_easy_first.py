"""Easy first: by the student's own probabilities, ties as given, growing stages."""

from dataclasses import replace

import numpy as np
import pytest

from tutelage.core.data import Block, Itself, Lessons, Rows, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.order.as_given import AsGiven
from tutelage.order.easy_first import EasyFirst
from tutelage.toys import POOL, Nearest, replies_pool, vector_pool, view

RNG = stream(0, "order")


def lessons(*rows: int, codes: list[int] | None = None) -> Lessons:
    truth = [0, 0, 0, 1, 1, 1]
    return (labelled(Rows(POOL, np.array(rows)), np.array(codes or [truth[row] for row in rows]), "oracle", 1.0),)


def plan(given: Lessons, stages: int = 1, **seen) -> list[list[int]]:
    return [stage.order.tolist() for stage in EasyFirst(stages=stages).plan(given, view()._replace(**seen), RNG)]


def test_by_hand() -> None:
    """The student knows -2 and 2: ((x - 2)^2 - (x + 2)^2) / 2 = -4 x, so p(left | x) = 1 / (1 + e^(4 x)).
    At -0.2: 0.69, -3: 1.000, -2: 0.9997. Right called left at 0.2: 0.31. Order: -3, -2, -0.2, the mistaken one."""
    assert plan(lessons(2, 3, 1, 0, codes=[0, 0, 0, 0])) == [[3, 2, 0, 1]]


def test_lessons_are_numbered_through_all_blocks() -> None:
    """c | a, b: c is the hardest of the three, a the easiest."""
    assert plan((*lessons(2), *lessons(0, 1))) == [[1, 2, 0]]


def test_growing_stages_by_hand() -> None:
    """Four lessons in three stages: ceil(4/3) = 2, ceil(8/3) = 3, 4. Ease falls in the order 0, 1, 2, 3."""
    assert plan(lessons(0, 1, 2, 3, codes=[0, 0, 0, 0]), stages=3) == [[0, 1], [0, 1, 2], [0, 1, 2, 3]]


def test_an_untaught_student_leaves_the_given_order() -> None:
    blank = Nearest(POOL.labels, np.full((2, 2), np.nan, dtype=np.float32))
    given = lessons(5, 0, 3, 1)
    now = view(student=blank)
    (ours,), (theirs,) = EasyFirst().plan(given, now, RNG), AsGiven(fixed=True).plan(given, now, RNG)
    assert ours.order.tolist() == theirs.order.tolist() and ours.lessons is theirs.lessons


def test_ties_keep_their_order() -> None:
    pool = vector_pool([[-2, 0]] * 5)
    block = labelled(Rows(pool, np.arange(5)), np.array([0, 1, 0, 1, 0]), "oracle")
    assert plan((block,)) == [[0, 2, 4, 1, 3]]


def test_a_distribution_is_as_easy_as_the_student_expects() -> None:
    """At -0.2, p = (0.69, 0.31): q = (0, 1) has ease 0.31, (0.5, 0.5) 0.5, (1, 0) 0.69."""
    probs = np.array([[0, 1], [0.5, 0.5], [1, 0]], dtype=np.float32)
    block = lessons(2, 2, 2)[0]._replace(kind=Soft, given={"probs": probs})
    assert plan((block,)) == [[2, 1, 0]]


def test_a_class_that_the_student_does_not_know_comes_last() -> None:
    wide = Rows(POOL.with_labels(("left", "right", "up")), np.array([0, 3]))
    block = labelled(wide, np.array([2, 0]), "human")
    assert plan((block,)) == [[1, 0]]


def test_more_stages_than_lessons_and_no_lessons() -> None:
    assert plan(lessons(0), stages=3) == [[0], [0], [0]]
    assert plan((), stages=2) == [[], []]


def test_what_has_no_probability_is_refused() -> None:
    block = lessons(0)[0]._replace(kind=Itself, given={})
    with pytest.raises(ContractBroken, match="Itself"):
        plan((block,))


def test_the_student_now_decides() -> None:
    """A student that takes left for right finds the opposite easy."""
    now = view()
    swapped = replace(now.student, means=now.student.means[::-1].copy())
    assert plan(lessons(0, 2)) == [[0, 1]] and plan(lessons(0, 2), student=swapped) == [[1, 0]]


def test_by_a_column_in_levels() -> None:
    """Difficulties 3, 0, 2, 1 in two levels are 1, 0, 1, 0; thresholds at 0.5 and 1.5 are 2, 0, 2, 1."""
    pool = replies_pool([(f"q{i}", "a", str(i)) for i in range(4)], level=[3, 0, 2, 1])
    block = Block(Rows(pool, np.arange(4)), None, Itself, {}, "file", np.zeros(4), np.ones(4))
    by = {"use": "column", "name": "level"}
    for settings, wanted in (({}, [1, 3, 2, 0]), ({"levels": 2}, [1, 3, 0, 2]), ({"levels": [0.5, 1.5]}, [1, 3, 0, 2])):
        part = build("order", {"use": "easy_first", "by": by, **settings})
        (stage,) = part.plan((block,), view(pool), RNG)
        assert stage.order.tolist() == wanted
        assert part.needs == frozenset()


def test_shuffled_inside_its_levels() -> None:
    given = lessons(0, 1, 2, 3, 4, 5)
    levels = [0, 0, 1, 1, 0, 0]  # the two that lie next to the border are the hard ones: p = 0.69 against 0.9997
    for seed in range(3):
        (stage,) = EasyFirst(levels=(0.1,), shuffle=True).plan(given, view(), stream(seed, "order"))
        assert sorted(stage.order.tolist()) == list(range(6))
        assert [levels[row] for row in stage.order] == [0, 0, 0, 0, 1, 1]
