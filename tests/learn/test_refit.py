"""refit: all lessons at once, an order that leaves out or repeats, and nothing."""

import numpy as np
import pytest

from tutelage.core.data import Rows, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Stage
from tutelage.learn.nothing import Nothing
from tutelage.learn.refit import Refit
from tutelage.toys import CODES, POOL, NearestMean, stream, view

BLANK = NearestMean().begin(POOL, stream(0, "student"))


def block(rows: list[int]):
    return labelled(Rows(POOL, np.array(rows)), CODES[rows], "oracle", 1.0)


def learn(*stages: Stage, how=Refit):
    return how().learn(stages, None, view(student=BLANK), stream(0, "learn"))


def test_by_hand() -> None:
    """Means of the classes: left (-3 + -2) / 2 = -2.5, right 3. Two and one lessons."""
    learned = learn(Stage((block([0, 1, 5]),)))
    assert learned.student.means[:, 0].tolist() == [-2.5, 3.0]
    assert learned.facts["lessons"] == 3


def test_blocks_and_stages_are_one_heap() -> None:
    one = learn(Stage((block([0, 1, 5]),))).student
    two = learn(Stage((block([0]), block([1]))), Stage((block([5]),))).student
    assert one.fingerprint == two.fingerprint


def test_an_order_leaves_out_and_repeats() -> None:
    """Row 0 twice, row 1 once, row 5 never: left mean (-3 -3 -2) / 3, right never seen."""
    student = learn(Stage((block([0, 1, 5]),), order=np.array([0, 1, 0]))).student
    assert student.means[0, 0] == pytest.approx(-8 / 3)
    assert np.isnan(student.means[1]).all()


def test_a_penalty_is_refused() -> None:
    with pytest.raises(ContractBroken, match="penalty"):
        Refit().learn((Stage((block([0]),)),), lambda module: 0, view(student=BLANK), stream(0, "learn"))


def test_neutral_limit_without_lessons_the_student_is_untaught() -> None:
    assert learn(Stage(())).student.fingerprint == BLANK.fingerprint


def test_nothing_hands_the_student_back_as_it_is() -> None:
    assert learn(Stage((block([0, 5]),)), how=Nothing).student is BLANK
