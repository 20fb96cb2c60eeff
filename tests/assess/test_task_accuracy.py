"""task_accuracy: only the classes of an item's own task compete; accuracy and reply_loss by task."""

import numpy as np
import pytest

from tutelage.assess.accuracy import Accuracy
from tutelage.assess.reply_loss import ReplyLoss
from tutelage.assess.task_accuracy import TaskAccuracy
from tutelage.core.data import Exam, Rows, Table, labelled
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.kit.reply_courses import references_of
from tutelage.runs.till import till
from tutelage.toys import Nearest, Reader, replies_pool

LABELS = ("a1", "a2", "b1", "b2")
MEANS = np.array([[0.0], [4.0], [1.0], [5.0]], dtype=np.float32)


def exam(points: list[float], codes: list[int], tasks: list[str], labels: tuple[str, ...] = LABELS) -> Exam:
    columns = {"vector": np.array(points, dtype=np.float32)[:, None], "task": tasks}
    pool = Table.of("line", columns, labels).pool()
    return Exam((labelled(Rows(pool, np.arange(len(points))), np.array(codes), "exam"),))


def value(part: object, student: object, paper: Exam) -> float:
    return part.assess(student, paper, till(), stream(0, "assess"))[0].value


def test_by_hand() -> None:
    """At .9 the nearest of all is b1, of task a it is a1; at 4.6 it is b2 of all and a2 of task a; at 3.4 a2 is right
    either way, and within task b it would be b2.
    """
    paper = exam([0.9, 4.6, 3.4, 3.4], [0, 1, 1, 2], ["a", "a", "a", "b"])
    student = Nearest(LABELS, MEANS)
    assert value(Accuracy(), student, paper) == 0.25 and value(TaskAccuracy(), student, paper) == 1.0
    more = exam([0.9, 3.4, 3.4], [0, 3, 2], ["a", "b", "b"])  # now b2 competes: it is nearer to 3.4 than b1
    assert value(TaskAccuracy(), student, more) == pytest.approx(2 / 3)


def test_neutral_limit_one_task_of_all_classes() -> None:
    points = stream(0, "points").uniform(0, 5, 60)
    codes = stream(1, "codes").integers(0, 4, 60)
    codes[:4] = range(4)
    paper, student = exam(points.tolist(), codes.tolist(), ["one"] * 60), Nearest(LABELS, MEANS)
    plain, told = (part.assess(student, paper, till(), stream(0, "a"))[0] for part in (Accuracy(), TaskAccuracy()))
    assert told.items.tolist() == plain.items.tolist()


def test_classes_that_the_student_does_not_know_are_wrong_and_never_chosen() -> None:
    """It knows the two of task a; of task c, whose only class it has never heard of, it can say nothing."""
    paper = exam([0.0, 4.0, 9.0], [0, 1, 4], ["a", "a", "c"], (*LABELS, "c1"))
    assert value(TaskAccuracy(), Nearest(LABELS[:2], MEANS[:2]), paper) == pytest.approx(2 / 3)


def test_an_exam_without_tasks_is_refused() -> None:
    with pytest.raises(Refused, match="has no column 'domain'"):
        value(TaskAccuracy(by="domain"), Nearest(LABELS, MEANS), exam([0.0], [0], ["a"]))


def test_accuracy_by_task() -> None:
    """Right: one of two in a, one of one in b. The scores of a task count its items alone."""
    paper = exam([0.1, 4.1, 1.1], [0, 0, 2], ["a", "a", "b"])
    scores = Accuracy(by="task").assess(Nearest(LABELS, MEANS), paper, till(), stream(0, "assess"))
    told = {score.name: score.value for score in scores}
    assert told == pytest.approx({"accuracy": 2 / 3, "accuracy_a": 0.5, "accuracy_b": 1, "accuracy_worst": 0.5})
    assert all(score.items.mean() == pytest.approx(score.value) for score in scores)
    with pytest.raises(Refused, match="has no column 'by'"):
        Accuracy(by="by").assess(Nearest(LABELS, MEANS), paper, till(), stream(0, "assess"))


def test_reply_loss_by_task_and_the_worst_is_the_highest() -> None:
    pool = replies_pool([("1", "x", "r1"), ("2", "y", "r2"), ("3", "y", "r3")], task=["one", "two", "two"])
    reader = Reader({"x": -1.0, "y": -3.0})
    scores = ReplyLoss(by="task").assess(
        reader, Exam((references_of(pool.table, np.arange(3)),)), till(), stream(0, "a")
    )
    told = {score.name: score.value for score in scores}
    assert told == pytest.approx({"reply_loss": 7 / 3, "reply_share": 1, "reply_loss_one": 1, "reply_loss_two": 3,
                                  "reply_loss_worst": 3})  # fmt: skip
    assert not any(score.higher_is_better for score in scores if score.name != "reply_share")
