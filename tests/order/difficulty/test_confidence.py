"""Confidence: doubt in the right answer, of this student or of another one."""

from dataclasses import replace

import numpy as np
import pytest

from tutelage.core.data import Lessons, Rows, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import CanWeigh
from tutelage.order.difficulty.confidence import Confidence
from tutelage.toys import POOL, Nearest, view

RNG = stream(0, "order")


def lessons(*pairs: tuple[int, int]) -> Lessons:
    rows, codes = zip(*pairs, strict=True)
    return (labelled(Rows(POOL, np.array(rows)), np.array(codes), "oracle"),)


def test_by_hand() -> None:
    """p(left | x) = 1 / (1 + e^(4 x)): at -0.2 0.690, so left is 0.310 hard and right 0.690; half of each is 0.5."""
    told = lessons((2, 0), (2, 1))
    assert Confidence().rate(told, view(), RNG).round(3).tolist() == [0.310, 0.690]
    half = told[0]._replace(kind=Soft, given={"probs": np.full((2, 2), 0.5, dtype=np.float32)})
    assert Confidence().rate((half,), view(), RNG).round(6).tolist() == [0.5, 0.5]


def test_an_untaught_student_tells_nothing_apart() -> None:
    blank = Nearest(POOL.labels, np.full((2, 2), np.nan, dtype=np.float32))
    assert set(Confidence().rate(lessons((0, 0), (3, 1)), view(student=blank), RNG).tolist()) == {0.5}


def test_classes_are_put_together_by_name() -> None:
    """A student that knows right and left in this order, and not up."""
    turned = view(student=replace(view().student, names=("right", "left"), means=view().student.means[::-1].copy()))
    assert Confidence().rate(lessons((2, 0)), turned, RNG).round(3).tolist() == [0.310]
    wide = POOL.with_labels(("left", "right", "up"))
    told = (labelled(Rows(wide, np.array([0, 0])), np.array([2, 0]), "human"),)
    assert Confidence().rate(told, view(), RNG).round(3).tolist() == [1.0, 0.0]


def test_another_student_is_asked_where_one_is_named() -> None:
    spec = {"use": "confidence", "student": {"use": "vector.logistic", "taught": {"teach": {"use": "oracle"}}}}
    part = build("order.difficulty", spec)
    assert part.needs == frozenset() and Confidence().needs == frozenset({CanWeigh}) == part.students_need
    other = Nearest(POOL.labels, view().student.means[::-1].copy())
    ready = replace(part, student=replace(part.student, student=other))
    assert ready.rate(lessons((2, 0)), view(), RNG).round(3).tolist() == [0.690]
    with pytest.raises(ContractBroken, match="before it was taught"):
        part.rate(lessons((2, 0)), view(), RNG)
