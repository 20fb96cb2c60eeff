"""coverage: by hand, one draw is the mean probability, the obvious simulation, labels that one side does not know."""

import numpy as np
import pytest

from tutelage.assess.accuracy import Accuracy
from tutelage.assess.coverage import Coverage
from tutelage.core.data import Block, Exam, Rows, Table, Text
from tutelage.core.errors import ContractBroken
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import CanWeigh, Stage
from tutelage.core.writing import CanJudge
from tutelage.kit.passes import pass_at
from tutelage.kit.reply_courses import references_of
from tutelage.toys import replies_pool, till, view


def test_by_hand(school) -> None:
    """p = 1/2 and 1/4: one draw 3/8; two draws (3/4 + 7/16) / 2 = 19/32; `coverage` is the mean of the two."""
    student = school.Scripted(np.array([[0.5, 0.5], [0.75, 0.25]], dtype=np.float32), school.names(2))
    both, one, two = school.sit(Coverage(n=(1, 2)), student, school.exam([0, 1], 2))
    assert [score.name for score in (both, one, two)] == ["coverage", "coverage_1", "coverage_2"]
    assert (one.value, two.value, both.value) == (3 / 8, 19 / 32, (3 / 8 + 19 / 32) / 2)
    assert two.items.tolist() == [3 / 4, 7 / 16] and two.items.dtype == np.float32 and two.higher_is_better


def draw(school, seed: int, n: int = 30, classes: int = 4):
    rng = stream(seed, "exam")
    table = rng.dirichlet(np.full(classes, 0.6), n).astype(np.float32)
    return school.Scripted(table, school.names(classes)), rng.integers(0, classes, n)


@pytest.mark.parametrize("seed", range(8))
def test_equals_the_power_and_rises_with_n(school, seed: int) -> None:
    student, truth = draw(school, seed)
    n = (1, 2, 3, 5, 8, 16, 32, 40)[seed]
    _, here, more = school.sit(Coverage(n=(n, n + 1)), student, school.exam(truth, 4))
    p = student.table[np.arange(30), truth].astype(float)
    assert here.items == pytest.approx(1 - (1 - p) ** n, abs=1e-6) and here.value <= more.value


def test_equals_drawing(school) -> None:
    """100,000 times four draws from p = 0.1: within four standard errors."""
    drawn = (stream(0, "draws").random((100_000, 4)) < 0.1).any(axis=1).mean()
    student = school.Scripted(np.array([[0.1, 0.9]], dtype=np.float32), school.names(2))
    value = school.sit(Coverage(n=(4,)), student, school.exam([0], 2))[1].value
    assert value == pytest.approx(drawn, abs=4 * np.sqrt(0.35 * 0.65 / 100_000))


def test_neutral_limits(school) -> None:
    """One draw: the mean probability of the truth. A certain student: its accuracy, at every n."""
    student, truth = draw(school, 1)
    one = school.sit(Coverage(n=(1,)), student, school.exam(truth, 4))[1]
    assert one.value == pytest.approx(student.table[np.arange(30), truth].mean(dtype=float), abs=1e-7)
    certain, exam = school.says([0, 1, 1, 0], 2), school.exam([0, 1, 0, 0], 2)
    right = school.sit(Accuracy(), certain, exam)[0]
    assert all(score.items.tolist() == right.items.tolist() for score in school.sit(Coverage(), certain, exam))


def test_classes_that_only_one_side_knows(school) -> None:
    """A truth that the student does not know is never drawn; a label that the exam does not know is drawn in vain."""
    never = school.sit(Coverage(n=(64,)), school.says([0], 2, 0.9), school.exam([2], 3))[1]
    vain = school.sit(Coverage(n=(2,)), school.says([0], 3, 0.5), school.exam([0], 2))[1]
    assert never.value == 0 and vain.value == 0.75
    student = school.Scripted(np.array([[0.75, 0.25]], dtype=np.float32), ("c01", "c00"))
    assert school.sit(Coverage(n=(1,)), student, school.exam([1], 2))[1].value == 0.75


def test_no_items_and_no_labels(school) -> None:
    assert all(np.isnan(score.value) for score in school.sit(Coverage(), school.says([], 2), school.exam([], 2)))
    blank = school.Scripted(np.zeros((2, 0), dtype=np.float32), ())
    assert [score.value for score in school.sit(Coverage(), blank, school.exam([0, 1], 2))] == [0, 0, 0, 0]


class Judge:
    """Says how likely each reply is, by its text alone."""

    fingerprint = "judge"

    def __init__(self, **p: float) -> None:
        self.p, self.asked = p, []

    def logprob(self, asked, replies):
        self.asked = list(zip(asked, replies, strict=True))
        return np.log([self.p[reply] for reply in replies])


def written(replies: list[str], weight: list[float]) -> Block:
    columns = {"text": [f"question {row}" for row in range(len(replies))], "group": ["a", "b", "a"][: len(replies)]}
    about = Rows(Table.of("written", columns).pool(), np.arange(len(replies)))
    given = {"text": np.array(replies, dtype=object)}
    return Block(about, None, Text, given, "file", np.zeros(len(replies)), np.array(weight))


def test_written_answers_by_hand(school) -> None:
    """p = 1/4 and 1/2 of the whole replies, two draws: 7/16 and 3/4; a lesson of weight 0 is no item."""
    judge, part = Judge(yes=0.25, no=0.5), Coverage(n=(2,), of="reply")
    score = school.sit(part, judge, Exam((written(["yes", "yes", "no"], [1, 0, 1]),)))[1]
    assert score.items.tolist() == [7 / 16, 3 / 4] and score.rows.tolist() == [0, 2] and score.groups.tolist() == [0, 0]
    assert judge.asked == [("question 0", "yes"), ("question 2", "no")]
    assert part.needs == {CanJudge} and Coverage().needs == {CanWeigh}


def test_what_is_no_written_answer_is_refused(school) -> None:
    part, judge = Coverage(of="reply"), Judge(a=0.5, b=0.5)
    with pytest.raises(ContractBroken, match="holds Label"):
        school.sit(part, judge, school.exam([0], 1))
    with pytest.raises(ContractBroken, match="no items"):
        school.sit(part, judge, Exam(()))
    with pytest.raises(ContractBroken, match="one table"):
        school.sit(part, judge, Exam((written(["a"], [1]), written(["a", "b"], [1, 1]))))


@pytest.mark.parametrize("n", [(), (0,), (4, 4)])
def test_numbers_without_sense_are_refused(n: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Coverage(n=n)


def test_written_answers_equal_drawing_them() -> None:
    """A tiny language model half way through learning three answers: what is worked out is what 2,000 draws give,
    within 5 standard errors, for one draw and for four.
    """
    pytest.importorskip("torch")
    pool = replies_pool([("one", "ab", "r1"), ("two", "ba", "r2"), ("three", "ac", "r3")])
    begun = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 2}).begin(pool, stream(0, "s"))
    lessons = (references_of(pool.table, np.arange(3)),)
    learn = build("learn", {"use": "gradient", "passes": 25, "lr": 0.02})
    student = learn.learn((Stage(lessons),), None, view(pool, student=begun), stream(0, "learn")).student
    scores = Coverage(n=(1, 4), of="reply").assess(student, Exam(lessons), till(), stream(0, "assess"))
    drawn = student.write(pool.texts(), 2000, stream(0, "draws"), max_tokens=2).texts
    right = (drawn == np.array(pool.column("reply").to_pylist(), dtype=object)[:, None]).sum(axis=1)
    assert (right > 100).all() and (right < 1900).all()  # neither never nor always
    for score, n in zip(scores[1:], (1, 4), strict=True):
        p = right / 2000
        error = n * (1 - p) ** (n - 1) * np.sqrt(p * (1 - p) / 2000)  # of 1 - (1 - p)^n, by its slope
        assert (np.abs(score.items - pass_at(right, 2000, n)) < 5 * error + 1e-3).all()
