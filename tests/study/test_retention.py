"""Measures of memory from a record, by hand: at a round, lost behind it, against another score, ever more slowly."""

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.recipe.conditions import Contrast, Measure
from tutelage.report.quantity import quantity
from tutelage.study.contrast import differences
from tutelage.study.retention import kept

UPDATES = [{"updates": 7.0}, {"updates": 7.0}, {"updates": 10.0}, {"updates": 90.0}]
LIFE = [(0, [1, 0, 0, 0]), (0, [1, 1, 1, 1]), (0, [1, 1, 0, 0]), (0, [1, 0, 0, 0])]  # .25, 1, .5, .25


@pytest.fixture
def record(written):
    return written({"a": {seed: LIFE for seed in range(5)}}, facts=lambda arm, seed: UPDATES)


def number(record, **how) -> float:
    values, _ = differences(record, Contrast(of={"a": 1.0}, measure=Measure(of="accuracy", **how)))
    assert len(values) == 5 and len(set(values.tolist())) == 1
    return float(values[0])


def test_by_hand(record) -> None:
    """After round 1 the score is 1; then .5 after 10 updates and .25 after 100.

    lost: .75; above a chance of .2: .75 / .8. slowing at 10: .5 / 10 - .25 / 90.
    """
    assert kept(record, "a", 0, "accuracy", 1).steps.tolist() == [0, 10, 100]
    assert number(record, use="at", after=0) == 0.25 and number(record, use="at", after=2) == 0.5
    assert number(record, use="lost", after=1) == pytest.approx(0.75)
    assert number(record, use="lost", after=1, chance=0.2) == pytest.approx(0.75 / 0.8)
    assert number(record, use="slowing", after=1, knee=10) == pytest.approx(0.5 / 10 - 0.25 / 90)
    wanted = 0.5 / np.log(11) - 0.25 / np.log(101 / 11)
    assert number(record, use="slowing", after=1, knee=10, scale="logarithmic") == pytest.approx(wanted)


def test_no_update_afterwards_is_the_score_after_the_study(record) -> None:
    assert number(record, use="lost", after=3) == 0.0


def test_lost_of_one_score_less_that_of_another_is_0_for_the_same_score(record) -> None:
    assert number(record, use="lost", after=1, against="accuracy") == 0.0
    assert number(record, use="lost", after=1, against="accuracy", chance_against=0.2) == pytest.approx(
        0.75 - 0.75 / 0.8
    )


def test_two_arms_are_turned_where_less_is_better(written) -> None:
    lives = {"a": {0: LIFE}, "b": {0: LIFE[::-1]}}
    for higher, sign in ((True, 1), (False, -1)):
        record = written(lives, facts=lambda arm, seed: UPDATES, higher=higher)
        condition = Contrast(of={"a": 1.0, "b": -1.0}, measure=Measure(use="at", after=1))
        assert differences(record, condition)[0].tolist() == [sign * 0.5]


def test_what_is_refused(record) -> None:
    with pytest.raises(Refused, match="the knee 11 is no probe between the first and the last of"):
        number(record, use="slowing", after=1, knee=11)
    with pytest.raises(Refused, match="round 9"):
        number(record, use="lost", after=9)
    with pytest.raises(Refused, match="no score 'recall'"):
        kept(record, "a", 0, "recall", 1)
    for how, said in (({"use": "lost"}, "name the round"), ({"use": "last", "after": 1}, "no other measure"),
                      ({"use": "slowing", "after": 1}, "needs the knee"), ({"use": "at", "after": 1, "knee": 3}, "knee"),
                      ({"use": "at", "after": 1, "chance": 0.5}, "are for lost"),
                      ({"use": "at", "after": 1, "experts": {"a": "b"}}, "lifetime")):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            Measure(**how)


def test_what_the_page_calls_them() -> None:
    named = {how["use"]: quantity(Measure(of="cued_recall", after=2, **how), "labels").name for how in (
        {"use": "at"}, {"use": "lost", "against": "recognition"}, {"use": "slowing", "knee": 10})}  # fmt: skip
    assert named["at"] == "cued recall after round 2"
    assert named["lost"] == "share of cued recall, less that of recognition, that is lost after round 2"
    assert named["slowing"] == "cued recall lost an update up to 10 updates, less what is lost from there on"
