"""The oracle: true labels at the stated price, never more than the budget, of another part where asked."""

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Label, Rows
from tutelage.core.errors import ContractBroken, Spent
from tutelage.core.rng import stream
from tutelage.runs.till import till
from tutelage.teach.oracle import Oracle
from tutelage.toys import ANSWERS, CODES, POOL, vector_pool, view


def asked(*rows: int) -> Rows:
    return Rows(POOL, np.array(rows, dtype=np.int64))


def test_by_hand() -> None:
    """f, c, d are right, left, right; three looks at 1 label each leave 2 of 5."""
    purse = till({"labels": 5})
    (block,) = Oracle().teach(asked(5, 2, 3), view(), ANSWERS.through(purse), stream(0, "t")).lessons
    assert block.kind is Label and block.source == "oracle"
    assert block.given["label"].tolist() == [1, 0, 1] and block.about.examples().ids() == ["f", "c", "d"]
    assert block.cost.tolist() == [1, 1, 1] and block.weight.tolist() == [1, 1, 1]
    assert purse.left("labels") == 2


def test_the_price_is_the_datas() -> None:
    purse = till({"labels": 5})
    sealed = Sealed(POOL.table, CODES, {"labels": 2.5}).through(purse)
    (block,) = Oracle().teach(asked(0, 1), view(), sealed, stream(0, "t")).lessons
    assert block.cost.tolist() == [2.5, 2.5] and purse.left("labels") == 0


def test_spent_before_anything_is_bought() -> None:
    purse = till({"labels": 2})
    with pytest.raises(Spent):
        Oracle().teach(asked(0, 1, 2), view(), ANSWERS.through(purse), stream(0, "t"))
    assert purse.left("labels") == 2


def test_a_part_has_answers_of_its_own() -> None:
    """The same two points under the name `gold`, with the labels swapped."""
    gold = vector_pool([[-3, 0], [3, 0]], ids=["g", "h"])
    sealed = Sealed(POOL.table, CODES, parts={"gold": Sealed(gold.table, np.array([1, 0]))}).through(till())
    (block,) = Oracle(part="gold").teach(Rows(gold, np.array([0, 1])), view(), sealed, stream(0, "t")).lessons
    assert block.given["label"].tolist() == [1, 0]
    with pytest.raises(ContractBroken):
        Oracle().teach(Rows(gold, np.array([0])), view(), sealed, stream(0, "t"))


def test_no_question_no_lesson() -> None:
    purse = till({"labels": 0})
    assert Oracle().teach(asked(), view(), ANSWERS.through(purse), stream(0, "t")).lessons == ()
