"""agreement: numbers by hand, the truth as supervisor, one that is never wrong, several by their mean."""

import numpy as np
import pytest

from tutelage.assess.accuracy import Accuracy
from tutelage.assess.agreement import Agreement
from tutelage.core.data import Exam, Rows, labelled
from tutelage.core.pupil import Pupil
from tutelage.toys import NearestMean, stream, till, vector_pool

POOL = vector_pool(np.arange(5)[:, None], labels=("a", "b"))
EXAM = Exam((labelled(Rows(POOL, np.arange(5)), np.array([0, 0, 0, 1, 1]), "file"),))


class Says:
    """A student that gives each row of the pool the label that was said beforehand."""

    fingerprint, labels = "says", ("a", "b")

    def __init__(self, codes: list[int], sure: float = 0.9) -> None:
        self.codes, self.sure = np.array(codes), sure

    def probs(self, pool):
        return np.where(np.eye(2)[self.codes[pool.numbers]] == 1, self.sure, 1 - self.sure).astype(np.float32)

    def answer(self, pool, rng):
        return labelled(Rows(pool, np.arange(len(pool))), self.codes[pool.numbers], "says")


def scores(student: Says, *supervisors: Says) -> dict[str, float]:
    pupils = tuple(Pupil(NearestMean(), {}, one) for one in supervisors)
    made = Agreement(supervisors=pupils).assess(student, EXAM, till(), stream(0, "assess"))
    for one in made:
        assert one.items.mean() == pytest.approx(one.value) and one.items.shape == (5,)
    return {one.name: one.value for one in made}


def test_by_hand() -> None:
    """Truth a a a b b, supervisor a a b b a, student a b b b b: they agree on rows 0, 2 and 3. The supervisor is right
    on 0, 1 and 3, where they agree twice, and wrong on 2 and 4, where the student copies one of its two mistakes.
    """
    found = scores(Says([0, 1, 1, 1, 1]), Says([0, 0, 1, 1, 0]))
    assert found == pytest.approx({"agreement": 0.6, "agreement_when_right": 2 / 3, "agreement_when_wrong": 0.5})


def test_without_a_supervisor_it_is_accuracy() -> None:
    """The neutral limit."""
    student = Says([0, 1, 1, 1, 1])
    (plain,) = Accuracy().assess(student, EXAM, till(), stream(0, "assess"))
    (ours,) = Agreement().assess(student, EXAM, till(), stream(0, "assess"))
    assert ours.value == plain.value and (ours.items == plain.items).all()


def test_a_supervisor_that_is_never_wrong_has_no_mistakes_to_copy() -> None:
    found = scores(Says([0, 1, 1, 1, 1]), Says([0, 0, 0, 1, 1]))
    assert found == pytest.approx({"agreement": 0.6, "agreement_when_right": 0.6})


def test_several_supervisors_answer_by_their_mean() -> None:
    """One that is sure outweighs two that hardly prefer the other label."""
    sure, hardly = Says([0] * 5, 0.9), Says([1] * 5, 0.6)
    assert scores(Says([0] * 5), sure, hardly, hardly)["agreement"] == 1.0
