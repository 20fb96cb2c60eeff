"""Panel: mean doubt or votes of several students."""

from dataclasses import replace

import numpy as np
import pytest

from tutelage.core.data import Lessons, Rows, Soft, labelled
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.order.difficulty.confidence import Confidence
from tutelage.order.difficulty.panel import Panel
from tutelage.toys import POOL, Nearest, view

RNG = stream(0, "order")
SPEC = {"use": "vector.logistic", "taught": {"teach": {"use": "oracle"}}}
MEANS = view().student.means


def panel(*means: np.ndarray, by: str = "probability") -> Panel:
    part = build("order.difficulty", {"use": "panel", "students": [SPEC] * len(means), "by": by})
    students = tuple(
        replace(pupil, student=Nearest(POOL.labels, mean)) for pupil, mean in zip(part.students, means, strict=True)
    )
    return replace(part, students=students)


def lessons(*pairs: tuple[int, int]) -> Lessons:
    rows, codes = zip(*pairs, strict=True)
    return (labelled(Rows(POOL, np.array(rows)), np.array(codes), "oracle"),)


def test_by_hand() -> None:
    """At -0.2 one student gives left 0.690, the mistaken one 0.310: doubt in left is 0.310 and 0.690, 0.5 in the mean;
    one of the two votes wrong. Three with two mistaken: (0.310 + 2 x 0.690) / 3 = 0.563, and 2/3."""
    told = lessons((2, 0))
    two, three = (MEANS, MEANS[::-1].copy()), (MEANS, MEANS[::-1].copy(), MEANS[::-1].copy())
    assert panel(*two).rate(told, view(), RNG).round(3).tolist() == [0.5]
    assert panel(*two, by="votes").rate(told, view(), RNG).tolist() == [0.5]
    assert panel(*three).rate(told, view(), RNG).round(3).tolist() == [0.563]
    assert panel(*three, by="votes").rate(told, view(), RNG).round(3).tolist() == [0.667]


def test_a_panel_of_one_is_confidence_and_of_none_asks_the_student_itself() -> None:
    told = lessons((0, 0), (2, 0), (3, 0), (4, 1))
    wanted = Confidence().rate(told, view(), RNG).tolist()
    assert Panel().rate(told, view(), RNG).tolist() == wanted == panel(MEANS).rate(told, view(), RNG).tolist()


@pytest.mark.parametrize("by", ["probability", "votes"])
def test_it_lies_between_0_and_1(by: str) -> None:
    luck = np.random.default_rng(1)
    told = lessons(*((int(row), int(luck.integers(2))) for row in luck.integers(0, 6, 40)))
    rates = panel(*(luck.normal(size=(2, 2)).astype(np.float32) for _ in range(3)), by=by).rate(told, view(), RNG)
    assert rates.shape == (40,) and 0 <= rates.min() and rates.max() <= 1


def test_of_a_distribution_the_likeliest_class_is_voted_on() -> None:
    probs = np.array([[0.4, 0.6]], dtype=np.float32)
    told = (lessons((2, 0))[0]._replace(kind=Soft, given={"probs": probs}),)
    assert Panel(by="votes").rate(told, view(), RNG).tolist() == [1]
    assert Panel(by="votes").rate((), view(), RNG).tolist() == []
