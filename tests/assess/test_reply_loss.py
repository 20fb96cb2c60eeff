"""reply_loss: per-token means by hand, groups, replies that do not fit, and other kinds of exam."""

from typing import Any

import numpy as np
import pytest

from tutelage.assess.reply_loss import ReplyLoss
from tutelage.core.data import Exam, Rows, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.kit.reply_courses import references_of
from tutelage.toys import POOL, Reader, replies_pool, till

PAPER = replies_pool([("p", "tt", "a"), ("p", "tuu", "b"), ("q", "v", "c")])
EXAM = Exam((references_of(PAPER.table, np.arange(3)),))


def assess(student: Any, exam: Exam = EXAM) -> Any:
    return ReplyLoss().assess(student, exam, till(), stream(0, "assess"))


def test_by_hand() -> None:
    """t costs 1, u 2.5, v 3: a 1, b (1 + 2.5 + 2.5) / 3 = 2, c 3; the mean is 2, a and b are one group."""
    loss, share = assess(Reader({"t": -1.0, "u": -2.5}, other=-3.0))
    assert loss.value == 2.0 and loss.items.tolist() == [1, 2, 3] and not loss.higher_is_better
    assert loss.groups.tolist() == [0, 0, 1] and loss.rows.tolist() == [0, 1, 2]
    assert share.value == 1.0


def test_neutral_limit() -> None:
    assert assess(Reader({}, other=0.0))[0].value == 0.0


def test_a_reply_that_does_not_fit_has_no_item() -> None:
    class Narrow(Reader):
        def rate(self, prompts: Any, replies: Any) -> Any:
            return np.where([len(reply) > 2 for reply in replies], np.nan, super().rate(prompts, replies))

    loss, share = assess(Narrow({"t": -1.0}, other=-3.0))
    assert loss.rows.tolist() == [0, 2] and loss.value == 2.0 and share.value == pytest.approx(2 / 3)
    assert np.isnan(assess(Narrow({}), Exam((references_of(PAPER.table, np.array([1])),)))[0].value)


def test_only_texts_are_examined_and_nonsense_is_refused() -> None:
    with pytest.raises(ContractBroken, match="holds Label"):
        assess(Reader(), Exam((labelled(Rows(POOL, np.arange(2)), np.array([0, 1]), "file"),)))
    with pytest.raises(ContractBroken, match="above 0"):
        assess(Reader({}, other=1.0))
