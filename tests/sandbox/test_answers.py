"""Sealed programs: shown for a label, checked for a verdict, by running both."""

import numpy as np
import pytest

from tutelage.core.data import Label, Rows, Table, Text
from tutelage.core.errors import ContractBroken, Spent
from tutelage.runs.till import till
from tutelage.sandbox.answers import Executed
from tutelage.sandbox.verdict import outcomes, right

TABLE = Table.of("three", {"text": ["one", "two", "three"]})
PROGRAMS = np.array(["answer=1", "a=1\nanswer=a+1", None], dtype=object)
SEALED = Executed(TABLE, PROGRAMS)


def rows(*chosen: int) -> Rows:
    return Rows(TABLE.pool(), np.array(chosen, dtype=np.int64))


def test_a_look_costs_a_label_and_a_verdict_a_verdict() -> None:
    purse = till({"labels": 2, "verdicts": 4})
    ours = SEALED.through(purse)
    block = ours.reveal(rows(1, 0), Text)
    assert block.given["text"].tolist() == ["a=1\nanswer=a+1", "answer=1"] and block.cost.tolist() == [1, 1]
    said = ours.check(rows(0, 1), [["answer=3-2", "answer=2"], ["answer=2", "answer=2"]])
    assert said.tolist() == [1, 0, 1, 1]
    assert (purse.left("labels"), purse.left("verdicts")) == (0, 1), "a reply that is said twice is checked once"
    assert ours.check(rows(1), [["answer=2"]]).tolist() == [1] and purse.left("verdicts") == 1
    with pytest.raises(Spent):
        ours.check(rows(0), [["answer=7", "answer=8"]])


def test_a_verdict_that_was_bought_is_not_worked_out_again() -> None:
    first = till()
    SEALED.through(first).check(rows(0), [["answer=5"]])
    (key,) = first.book.charged
    again = till(shared={key: 1.0})  # as if somebody had been told the contrary
    assert SEALED.through(again).check(rows(0), [["answer=5"]]).tolist() == [1.0]


def test_wrong_use_is_said() -> None:
    ours = SEALED.through(till())
    with pytest.raises(ContractBroken, match="are programs; Label is not stored"):
        ours.reveal(rows(0), Label)
    with pytest.raises(ContractBroken, match="1 of the rows asked about have no stored answer"):
        ours.reveal(rows(0, 2))
    with pytest.raises(ContractBroken, match="before they were bound"):
        SEALED.check(rows(0), [["answer=1"]])
    with pytest.raises(ContractBroken, match="no answers are stored about 'other'"):
        ours.check(Rows(Table.of("other", {"text": ["x"]}).pool(), np.arange(1)), [["answer=1"]])
    assert SEALED.known(TABLE.pool()).tolist() == [True, True, False]


def test_python_programs_are_run_in_the_box_and_compared_by_what_they_print() -> None:
    """Right; wrong; no output; an endless loop; a huge allocation; reading a file; right output but an error at the end."""
    replies = [
        "print(sum(range(4)))", "print(7)", "x = 6", "while True: ...", "x = [0]\nwhile True: x += x",
        "print(open('/etc/passwd').read())", "print(6)\n1/0",
    ]  # fmt: skip
    assert outcomes(replies, "python") == ["6", "7", None, None, None, None, None]
    ours = Executed(TABLE, np.array(["print(2 * 3)", None, None], dtype=object), how="python").through(till())
    assert ours.check(rows(0), [replies[:3]]).tolist() == [1, 0, 0]


def test_a_program_without_an_outcome_is_wrong_even_where_the_reference_has_none() -> None:
    assert right(["answer=x"], ["answer=1"], "arithmetic").tolist() == [False]
    with pytest.raises(ContractBroken, match="a reference has no outcome: 'import os'"):
        right(["answer=1"], ["import os"], "arithmetic")
