"""itself: the rows asked about as they are, and the loss of a language model on all of their tokens."""

import numpy as np
import pytest

from tutelage.core import data
from tutelage.core.data import Rows, Table
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.teach.itself import Itself
from tutelage.toys import ANSWERS, view

POOL = Table.of("texts", {"text": ["Tea", "a", "Milk"]}).pool()


def test_by_hand() -> None:
    """Rows 2 and 0, in this order, at no cost and weight 1."""
    (block,) = Itself().teach(Rows(POOL, np.array([2, 0])), view(POOL), ANSWERS, stream(0, "teach")).lessons
    assert block.kind is data.Itself and block.about.examples().texts() == ["Milk", "Tea"]
    assert block.cost.tolist() == [0, 0] and block.weight.tolist() == [1, 1] and block.source == "itself"


def test_every_token_behind_the_first_carries_loss() -> None:
    """One token a byte: `Tea` is <s> T e a </s>, of which the last four are said."""
    pytest.importorskip("torch")
    student = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 2}).begin(
        POOL, stream(0, "student")
    )
    lessons = Itself().teach(Rows(POOL, np.array([0])), view(POOL), ANSWERS, stream(0, "teach")).lessons
    batch = student.encode(lessons).batch(np.array([0]))
    assert batch.inputs["said"].tolist() == [[[False, True, True, True, True]]]
