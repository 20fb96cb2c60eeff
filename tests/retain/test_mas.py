"""mas: importance by hand, the penalty at its anchor, episodes in a row, and nothing at strength 0."""

import numpy as np
import pytest
import torch

from tutelage.core.data import Lessons, Rows, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.retain.mas import Mas
from tutelage.retain.nothing import Nothing
from tutelage.student.vector.mlp import Mlp, MlpStudent
from tutelage.toys import CODES, POOL, view

FIRST = Mlp(hidden=(), standardise=False).begin(POOL, stream(0, "student"))


def lessons(*rows: int, weight: float = 1.0) -> Lessons:
    return (labelled(Rows(POOL, np.array(rows)), CODES[list(rows)], "oracle", weight=weight),)


def moved(*rows: int, penalty: object = None, student: MlpStudent = FIRST) -> MlpStudent:
    how = Gradient(lr=0.1)
    return how.learn((Stage(lessons(*rows)),), penalty, view(student=student), stream(0, "learn")).student


def settled(part: Mas, student: MlpStudent, new: Lessons, memory: object = None) -> dict:
    return dict(part.settle(student, new, view(student=student)._replace(memory=memory or {}), stream(0, "r")).memory)


def test_by_hand() -> None:
    """Scores f = bias = (1, -2), weights 0: d |f|^2 / d bias = 2 f = (2, -4), for a weight x times that.

    At x = -3 (weight 1) and x = 3 (weight 3) both are 3 in size, so O(bias) = (2, 4) and O(weight) = (6, 12).
    """
    module = FIRST.module
    module.head.bias.data = torch.tensor([1.0, -2.0])
    student = FIRST.with_module(module)
    found = settled(Mas(), student, (*lessons(0), *lessons(5, weight=3.0)))["importance"]
    assert found["head.bias"].tolist() == [2, 4] and found["head.weight"][:, 0].tolist() == [6, 12]
    module.head.bias.data += 1
    pull = Mas(strength=2).penalty(view()._replace(memory=settled(Mas(), student, lessons(0))))
    assert pull(module).item() == pytest.approx(2 * (2 * 1 + 4 * 1)) and pull(student.module).item() == 0


def test_episodes_in_a_row() -> None:
    one, two = moved(0, 1), moved(4, 5)
    first, alone = settled(Mas(), one, lessons(0, 1)), settled(Mas(), two, lessons(4, 5))
    both = settled(Mas(decay=0.5), two, lessons(4, 5), first)
    for name, array in both["importance"].items():
        np.testing.assert_allclose(array, 0.5 * first["importance"][name] + alone["importance"][name], rtol=1e-5)
        assert (both["weights"][name] == alone["weights"][name]).all()
    assert settled(Mas(), two, (), first) == {}, "without a new lesson the old memory stands"


def test_a_firm_hold_keeps_what_was_known() -> None:
    """Taught one wrong answer, the weights go the less far the firmer they are held."""
    student = moved(0, 5)
    now = view(student=student)._replace(memory=settled(Mas(), student, lessons(0, 5)))
    wrong = (labelled(Rows(POOL, np.array([0])), [1], "liar"),)
    how = Gradient(optimiser="sgd", lr=0.01, passes=100)
    far = []
    for strength in (0.0, 0.03, 0.3):
        pull = Mas(strength=strength).penalty(now)
        after = how.learn((Stage(wrong),), pull, view(student=student), stream(0, "learn")).student
        far.append(float((after.module.head.weight - student.module.head.weight).detach().norm()))
    assert far[0] > 1.1 * far[1] > 1.1 * 1.1 * far[2]


def test_neutral_limit_strength_0() -> None:
    now, part = view(student=FIRST)._replace(memory=settled(Mas(), FIRST, lessons(0, 5))), Mas(strength=0)
    assert part.penalty(now) is None and part.rehearse((), now, stream(0, "r")) == ()
    assert part.settle(FIRST, lessons(0), now, stream(0, "r")) == Nothing().settle(
        FIRST, lessons(0), now, stream(0, "r")
    )


def test_at_most_so_many_lessons() -> None:
    whole = [settled(Mas(lessons=n), moved(0, 5), lessons(*range(6)))["importance"]["head.weight"] for n in (6, None)]
    few = settled(Mas(lessons=1), moved(0, 5), lessons(*range(6)))["importance"]["head.weight"]
    assert (whole[0] == whole[1]).all() and not np.allclose(few, whole[0])
