"""Looking nothing up: the very same student answers."""

import numpy as np

from tutelage.core.rng import stream
from tutelage.recall.nothing import Nothing
from tutelage.toys import POOL, view


def test_by_hand() -> None:
    """The student knows -2 as left and 2 as right; equipped or not it says left left left right right right."""
    now = view(taught=np.array([0, 5]))
    equipped = Nothing().equip(now, stream(0, "recall"))
    assert equipped is now.student
    assert equipped.answer(POOL, stream(0, "x")).given["label"].tolist() == [0, 0, 0, 1, 1, 1]


def test_an_empty_memory_is_the_same() -> None:
    now = view()
    assert now.lessons == () and Nothing().equip(now, stream(0, "recall")).fingerprint == now.student.fingerprint
