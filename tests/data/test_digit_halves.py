"""digit_halves: whose digits are in which episode, an exam that never moves, samples, and what is refused."""

import numpy as np
import pytest

from tutelage.core.data import Rows
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.digit_halves import DigitHalves
from tutelage.data.digits import Digits
from tutelage.toys import till


def made(seed: int = 0, **settings: object):
    return DigitHalves(**settings).course(stream(seed, "data"))


def test_by_hand() -> None:
    """1,258 training pictures: 631 show 0-4, the first episode, and 627 show 5-9, the second; 179 of 5-9 are held out."""
    course = made()
    pool, exam = course.parts["pool"].pool, course.exams["exam"].truth[0]
    codes = course.parts["pool"].answers.through(till()).reveal(Rows(pool, np.arange(len(pool)))).given["label"]
    episode = pool.column("episode").to_pylist()
    assert episode == ["public"] * 631 + ["private"] * 627
    assert codes[:631].max() == 4 and codes[631:].min() == 5
    assert len(exam.weight) == 179 and exam.given["label"].min() == 5


def test_the_split_is_that_of_digits() -> None:
    plain, halves = Digits().course(stream(0, "data")), made()
    assert set(halves.parts["pool"].pool.ids()) == set(plain.parts["pool"].pool.ids())
    held = lambda course: set(course.exams["exam"].truth[0].about.examples().ids())
    assert held(halves) < held(plain) and not held(halves) & held(made(split="dev"))


def test_a_sample_is_drawn_from_the_seed_and_the_exam_stays() -> None:
    one, other = made(0, private=50), made(1, private=50)
    ids = [set(course.parts["pool"].pool.ids()[631:]) for course in (one, other)]
    assert len(ids[0]) == len(ids[1]) == 50 and ids[0] != ids[1]
    assert one.exams["exam"].truth[0].digest() == other.exams["exam"].truth[0].digest()
    with pytest.raises(Refused, match="627 private pictures, not 628"):
        made(private=628)
