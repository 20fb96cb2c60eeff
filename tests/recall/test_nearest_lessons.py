"""nearest_lessons: the mixture by hand, its two ends, and a store from which an entry can be taken exactly."""

import numpy as np
import pytest

from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import View
from tutelage.recall.nearest_lessons import NearestLessons
from tutelage.student.vector.logistic import Logistic
from tutelage.toys import CODES, POOL, Nearest, vector_pool, view

LINE = vector_pool(np.array([[0.0], [1.0], [3.0], [10.0], [2.0]]), ("left", "right"))
STUDENT = Nearest(LINE.labels, np.array([[0.0], [2.0]], dtype=np.float32))


def now(*rows: int, codes: tuple[int, ...] | None = None, weight: float = 1.0) -> View:
    given = np.array(codes or [int(row > 1) for row in rows])
    lessons = (labelled(Rows(LINE, np.array(rows)), given, "oracle", weight=weight),) if rows else ()
    return view(pool=LINE, student=STUDENT, lessons=lessons)


def probs(part: NearestLessons, at: View, *rows: int) -> np.ndarray:
    return part.equip(at, stream(0, "recall")).probs(LINE.take(rows))


def test_by_hand() -> None:
    """At 2: neighbours 1 (left) and 3 (right, twice the weight), each 1 away, so 1/3 and 2/3 whatever the temperature.

    The student's half squared distances there are 2 and 0: 1 / (1 + e^2) for left. Mixed half and half.
    """
    lessons = (labelled(Rows(LINE, np.array([1])), np.array([0]), "oracle"),
               labelled(Rows(LINE, np.array([2])), np.array([1]), "oracle", weight=2.0))  # fmt: skip
    at = now()._replace(lessons=lessons)
    assert probs(NearestLessons(neighbours=2, share=1), at, 4)[0] == pytest.approx([1 / 3, 2 / 3])
    left = 1 / (1 + np.exp(2))
    mixed = probs(NearestLessons(neighbours=2, share=0.5, temperature=7), at, 4)[0]
    assert mixed == pytest.approx([(1 / 3 + left) / 2, (2 / 3 + 1 - left) / 2])


def test_nearer_lessons_count_more() -> None:
    """At 2: row 1 is 1 away, row 0 is 2 away: weights e^-1 and e^-4 at temperature 1, so e^3 to 1."""
    told = probs(NearestLessons(neighbours=2, share=1), now(0, 1, codes=(0, 1)), 4)[0]
    assert told == pytest.approx(np.array([1, np.exp(3)]) / (1 + np.exp(3)))


def test_an_entry_that_is_deleted_leaves_no_trace() -> None:
    """Without the lesson about row 2 the store answers bit for bit as one that never held it.

    Row 1 has its neighbour in row 0 either way; row 4 had row 2, which is right, and falls back to row 0, left.
    """
    part = NearestLessons(neighbours=1, share=1)
    held = (*now(0).lessons, *now(2).lessons, *now(3).lessons)
    deleted = probs(part, now()._replace(lessons=(held[0], held[2])), 0, 1, 3, 4)
    assert (deleted == probs(part, now(0, 3), 0, 1, 3, 4)).all()
    whole = probs(part, now()._replace(lessons=held), 0, 1, 3, 4)
    assert (whole[1] == deleted[1]).all() and (whole[3].tolist(), deleted[3].tolist()) == ([0, 1], [1, 0])


def test_a_lesson_of_weight_0_is_not_in_the_store() -> None:
    held = (*now(0, 3).lessons, *now(2, weight=0.0).lessons)
    part = NearestLessons(neighbours=1, share=1)
    assert (probs(part, now()._replace(lessons=held), *range(5)) == probs(part, now(0, 3), *range(5))).all()


def test_a_row_is_no_neighbour_of_itself() -> None:
    """Row 4 was taught as left, among rows 2 and 3 that are right: asked about itself it hears the others."""
    at = now(2, 3, 4, codes=(1, 1, 0))
    assert probs(NearestLessons(neighbours=1, share=1), at, 4)[0].tolist() == [0, 1]
    alone = probs(NearestLessons(neighbours=1, share=1), now(4, codes=(0,)), 4)[0]
    assert alone.tolist() == [0.5, 0.5]  # nobody else is there to be heard


def test_neutral_limits() -> None:
    assert NearestLessons(share=0).equip(now(0, 3), stream(0, "recall")) is STUDENT
    assert NearestLessons().equip(now(), stream(0, "recall")) is STUDENT


def test_saved_and_restored(tmp_path) -> None:
    student = Logistic().begin(POOL, stream(0, "student"))
    lessons = (labelled(Rows(POOL, np.array([0, 2, 5])), CODES[[0, 2, 5]], "oracle"),)
    at = view(student=student.fit(lessons, stream(0, "learn")), lessons=lessons)
    equipped = NearestLessons(neighbours=2).equip(at, stream(0, "recall"))
    equipped.save(tmp_path)
    back = NearestLessons(neighbours=2).restored(Logistic().load(tmp_path), tmp_path)
    assert back.fingerprint == equipped.fingerprint and (back.probs(POOL) == equipped.probs(POOL)).all()
    answers = back.answer(POOL, stream(0, "a"))
    assert answers.given["label"].tolist() == equipped.probs(POOL).argmax(1).tolist()
