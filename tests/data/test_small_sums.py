"""small_sums: right answers of three digits, exams that stand in no pool, how much there is, what is refused."""

import numpy as np
import pytest
from pydantic import ValidationError

from tutelage.core.data import Course
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.small_sums import SmallSums


def course(seed: int = 0, **how: object) -> Course:
    return SmallSums(**how).course(stream(seed, "data"))


def told(made: Course) -> dict[str, str]:
    pool = made.parts["pool"].pool
    return dict(zip(pool.texts(), pool.column("reply").to_pylist(), strict=True))


def examined(made: Course) -> dict[str, str]:
    block = made.exams["exam"].truth[0]
    return dict(zip(block.about.examples().texts(), block.given["text"], strict=True))


@pytest.mark.parametrize("worked", [False, True])
def test_every_answer_is_right_and_has_three_digits(worked: bool) -> None:
    made = course(pool=300, exam=100, worked=worked)
    for text, said in {**told(made), **examined(made)}.items():
        (a, b), c = (int(one) for one in text.partition("+")[0].split("*")), int(text.partition("+")[2])
        steps = [a * b, a * b + c] if worked else [a * b + c]
        assert said == " ".join(f"{step:03d}" for step in steps)
        assert 2 <= a <= 29 and 2 <= b <= 19 and 0 <= c <= 99


def test_exams_are_the_same_for_all_and_stand_in_no_pool() -> None:
    made = [
        course(seed, pool=1500, exam=200, largest=(12, 9, 49), split=split)
        for seed in (0, 1)
        for split in ("test", "dev")
    ]
    test, dev = examined(made[0]), examined(made[1])
    assert test == examined(made[2]) and dev == examined(made[3]) and not {*test} & {*dev}
    assert all(not {*told(one)} & {*test, *dev} and len(told(one)) == 1500 for one in made)
    assert told(made[0]) == told(made[1]) != told(made[2])


def test_every_number_comes_as_often_as_any_other() -> None:
    """5,000 of 50,400 problems: each first number about 5000 / 28 times, within 5 standard errors."""
    firsts = [int(text.partition("*")[0]) for text in told(course(pool=5000, exam=1))]
    assert (np.abs(np.bincount(firsts, minlength=30)[2:] - 5000 / 28) < 5 * np.sqrt(5000 / 28)).all()


def test_what_it_refuses() -> None:
    with pytest.raises(ValidationError, match=r"99\*19\+99 has more than three digits"):
        SmallSums(largest=(99, 19, 99))
    with pytest.raises(Refused, match="400 problems and two exams of 40 are asked for, there are 360"):
        course(pool=400, exam=40, largest=(4, 11, 11))
