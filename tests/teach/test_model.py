"""model: a mean by hand, classes put together by name, one student as it is, itself as self-training, its refusals."""

import numpy as np
import pytest

from tutelage.core.data import Label, Rows, Soft
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.parts import build
from tutelage.core.pupil import Pupil
from tutelage.core.stages import Taught
from tutelage.teach.model import Model
from tutelage.teach.self_training import SelfTraining
from tutelage.toys import ANSWERS, POOL, Nearest, NearestMean, stream, vector_pool, view

ALL = Rows(POOL, np.arange(6))


class Fixed:
    """A student that says the same of every row."""

    fingerprint = "fixed"

    def __init__(self, labels: tuple[str, ...], probs: list[float]) -> None:
        self.labels, self.said = labels, probs

    def probs(self, pool):
        return np.tile(np.array(self.said, dtype=np.float32), (len(pool), 1))


def pupils(*students: object) -> tuple[Pupil, ...]:
    return tuple(Pupil(NearestMean(), {}, student) for student in students)


def teach(*students: object, asked: Rows = ALL, **settings: object) -> Taught:
    return Model(students=pupils(*students), **settings).teach(asked, view(), ANSWERS, stream(0, "teach"))


def test_an_ensemble_is_the_mean_of_probabilities_by_hand() -> None:
    """(.9 .1), (.2 .8) and (.1 .9): the mean is (.4 .6), though two of three hard votes would say so more surely."""
    two = ("left", "right")
    taught = teach(Fixed(two, [0.9, 0.1]), Fixed(two, [0.2, 0.8]), Fixed(two, [0.1, 0.9]))
    (block,) = taught.lessons
    assert block.kind is Soft and block.given["probs"] == pytest.approx(np.tile([0.4, 0.6], (6, 1)))
    assert taught.facts["confidence"] == pytest.approx(0.6)
    hard = teach(Fixed(two, [0.9, 0.1]), Fixed(two, [0.2, 0.8]), soft=False).lessons[0]
    assert hard.kind is Label and hard.given["label"].tolist() == [0] * 6


def test_classes_are_put_together_by_name() -> None:
    """One knows them the other way round, one knows a third: over (left right up) the mean of (.3 .7 0), (.5 0 .5)."""
    (block,) = teach(Fixed(("right", "left"), [0.7, 0.3]), Fixed(("left", "up"), [0.5, 0.5])).lessons
    assert block.about.pool.labels == ("left", "right", "up")
    assert block.given["probs"] == pytest.approx(np.tile([0.4, 0.35, 0.25], (6, 1)))


def test_one_student_or_several_equal_ones_are_passed_on_as_they_are() -> None:
    """The neutral limit."""
    student = Nearest(POOL.labels, np.array([[-2, 0], [2, 0]], dtype=np.float32))
    for some in ((student,), (student, student)):
        assert teach(*some).lessons[0].given["probs"] == pytest.approx(student.probs(POOL), abs=1e-6)


def test_without_students_it_is_the_student_itself() -> None:
    """The labels of self_training by threshold 0; weights differ."""
    ours = Model(soft=False).teach(ALL, view(), ANSWERS, stream(0, "teach")).lessons[0]
    theirs = SelfTraining(strategy="threshold", threshold=0.0).teach(ALL, view(), ANSWERS, stream(0, "teach"))
    assert ours.given["label"].tolist() == theirs.lessons[0].given["label"].tolist() and (ours.weight == 1).all()


def test_a_student_that_nobody_taught_is_named() -> None:
    part = build("teach", {"use": "model", "students": [{"use": "vector.logistic", "taught": {}}]})
    with pytest.raises(ContractBroken, match="used before it was taught"):
        part.teach(ALL, view(), ANSWERS, stream(0, "teach"))


def test_a_student_without_classes_is_named() -> None:
    with pytest.raises(ContractBroken, match="before it knew any"):
        teach(Fixed((), []))


def test_without_any_class_there_is_no_lesson() -> None:
    pool = vector_pool([[0.0], [1.0]], labels=())
    nobody = Nearest((), np.zeros((0, 1), dtype=np.float32))
    asked = Rows(pool, np.arange(2))
    assert Model().teach(asked, view(pool, nobody), ANSWERS, stream(0, "teach")).lessons == ()


def test_its_settings_build_it_again() -> None:
    spec = {
        "use": "model",
        "soft": False,
        "students": [{"use": "vector.logistic", "taught": {"data": {"part": "gold"}}}],
    }
    from tutelage.core.method import settings

    part = build("teach", spec)
    assert build("teach", settings(part)) == part and part.students[0].taught == {"data": {"part": "gold"}}
    with pytest.raises(Refused, match=r"students\.0.*has no setting 'strenth'"):
        build("teach", {"use": "model", "students": [{"use": "vector.logistic", "strenth": 1}]})
    with pytest.raises(Refused, match="taught by a recipe"):
        build("teach", {"use": "model", "students": [{"use": "vector.logistic", "taught": "gold"}]})
