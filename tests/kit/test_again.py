"""Rows as lessons: by what stands beside each of them, in order; the same wherever replies and texts come together."""

import numpy as np

from tutelage.core.data import Itself, Rows, Text
from tutelage.core.rng import stream
from tutelage.kit.again import answered_and_read, as_lessons
from tutelage.student.text._foretold import _lessons
from tutelage.teach.recorded import Recorded
from tutelage.toys import ANSWERS, POOL, Reader, replies_pool, view

MIXED = replies_pool([("p", None, "a"), ("q", "u", "b"), ("r", "", "c"), ("s", None, "d"), ("t", "vv", "e")])


def test_by_hand() -> None:
    """Rows 4, 0, 1, 4 and 3: three replies, of which one comes twice, and two texts; an empty reply is one."""
    told, read = as_lessons(MIXED, np.array([4, 0, 1, 4, 3]), "file")
    assert (told.kind, told.about.rows.tolist(), told.given["text"].tolist()) == (Text, [4, 1, 4], ["vv", "u", "vv"])
    assert (read.kind, read.about.rows.tolist(), dict(read.given)) == (Itself, [0, 3], {})
    assert (
        {told.source, read.source} == {"file"} and told.weight.tolist() == [1, 1, 1] and read.weight.tolist() == [1, 1]
    )
    assert not told.cost.any() and not read.cost.any()
    assert [rows.tolist() for rows in answered_and_read(MIXED)] == [[1, 2, 4], [0, 3]]


def test_a_block_that_would_be_empty_is_left_out() -> None:
    assert [block.kind for block in as_lessons(MIXED, np.array([2, 1]), "file")] == [Text]
    assert [block.kind for block in as_lessons(MIXED, np.array([3, 0]), "file")] == [Itself]
    assert [block.kind for block in as_lessons(POOL, np.arange(2), "file")] == [Itself]
    assert as_lessons(MIXED, np.zeros(0, dtype=np.int64), "file") == ()


def test_what_a_teacher_says_what_is_rehearsed_and_what_a_plan_expects_are_one() -> None:
    rows = np.arange(len(MIXED))
    seen = view(MIXED, Reader())
    taught = Recorded(without="read").teach(Rows(MIXED, rows), seen, ANSWERS, stream(0, "teach")).lessons
    wanted = [block.digest() for block in as_lessons(MIXED, rows, "")]
    assert [block._replace(source="").digest() for block in taught] == wanted
    assert [block.digest() for block in _lessons(MIXED)] == wanted
