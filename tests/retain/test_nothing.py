"""Retaining nothing: no lesson added, no penalty, the learned student goes on."""

import numpy as np

from tutelage.core.rng import stream
from tutelage.retain.nothing import Nothing
from tutelage.toys import view


def test_by_hand() -> None:
    """The student learned from a and f (means -3, 3) is the one that goes on; the one before (-2, 2) is forgotten."""
    now = view(taught=np.array([0, 5]))
    after = now.student.fit(now.lessons, stream(0, "learn"))
    settled = Nothing().settle(now.student, now.lessons, now._replace(student=after), stream(0, "retain"))
    assert settled.student is after and settled.shown is None and settled.memory == {}
    assert after.means[:, 0].tolist() == [-3, 3]


def test_strength_zero() -> None:
    """The neutral limit itself: past lessons there are, and none of them is rehearsed or defended."""
    now = view(taught=np.array([0, 5]))
    assert Nothing().rehearse((), now, stream(0, "retain")) == () and Nothing().penalty(now) is None
