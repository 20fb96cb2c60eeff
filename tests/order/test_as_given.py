"""As given: every lesson once, untouched, in one stage."""

import numpy as np

from tutelage.core.rng import stream
from tutelage.order.as_given import AsGiven
from tutelage.toys import view


def test_by_hand() -> None:
    """Blocks of 2 and 1 lessons: one stage holding those very blocks; fixed, the order is 0, 1, 2."""
    now = view(taught=np.array([0, 5]))
    lessons = (*now.lessons, *view(taught=np.array([2])).lessons)
    (free,) = AsGiven().plan(lessons, now, stream(0, "order"))
    (fixed,) = AsGiven(fixed=True).plan(lessons, now, stream(0, "order"))
    assert free.order is None and fixed.order.tolist() == [0, 1, 2]
    assert free.lessons is lessons and fixed.lessons is lessons
    assert free.batches is None and free.support is None and free.passes == 1.0


def test_no_lesson_is_one_empty_stage() -> None:
    (stage,) = AsGiven(fixed=True).plan((), view(), stream(0, "order"))
    assert stage.lessons == () and stage.order.tolist() == []
