"""One till: limits bind before a purchase, a journal survives a kill, nothing is charged twice."""

from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused, Spent
from tutelage.runs.journal import Journal, lines
from tutelage.runs.till import till


@pytest.fixture
def open_till():
    """Tills over journals that are closed when the test ends."""
    made = []

    def opened(limits=None, path=None, shared=None):
        made.append(till(limits, path, shared))
        return made[-1]

    yield opened
    for purse in made:
        if purse.book.journal is not None:
            purse.book.journal.close()


def ones(n: int) -> np.ndarray:
    return np.ones(n)


def test_a_limit_binds_before_anything_is_written(tmp_path: Path, open_till) -> None:
    """Limit 3; two bought, then two more: 4 > 3, so Spent, and the journal holds the first two only."""
    purse = open_till({"labels": 3}, tmp_path / "e.jsonl")
    purse.pay("labels", ["a", "b"], ["x", "y"], ones(2))
    with pytest.raises(Spent):
        purse.pay("labels", ["c", "d"], ["x", "y"], ones(2))
    assert purse.left("labels") == 1
    assert [key for line in lines(tmp_path / "e.jsonl") for key, *_ in line["bought"]] == ["a", "b"]


def test_a_key_is_charged_once(tmp_path: Path, open_till) -> None:
    purse = open_till({"labels": 2}, tmp_path / "e.jsonl")
    purse.pay("labels", ["a"], ["x"], ones(1))
    purse.part("again").pay("labels", ["a", "b"], ["x", "y"], ones(2))
    assert purse.left("labels") == 0
    assert purse.paid("labels", ["a", "b", "c"]) == ("x", "y", None)


def test_a_second_life_charges_again_but_writes_nothing(tmp_path: Path, open_till) -> None:
    path = tmp_path / "e.jsonl"
    first = open_till({"labels": 2}, path)
    first.part("teach").pay("labels", ["a"], ["x"], ones(1))
    second = open_till({"labels": 2}, path)
    assert second.paid("labels", ["a"]) == ("x",)
    second.pay("labels", ["a"], ["x"], ones(1))
    assert second.left("labels") == 1
    assert len(list(lines(path))) == 1
    assert next(lines(path))["path"] == "teach"


def test_answers_of_others_are_found_but_not_free() -> None:
    purse = till({"labels": 1}, shared={"a": "x", "b": "y"})
    assert purse.paid("labels", ["a"]) == ("x",)
    purse.pay("labels", ["a"], ["x"], ones(1))
    with pytest.raises(Spent):
        purse.pay("labels", ["b"], ["y"], ones(1))


def test_a_torn_last_line_is_dropped_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    journal = Journal(path)
    journal.append({"n": 1})
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"n": 2, "half')
    assert [line["n"] for line in lines(path)] == [1]
    journal = Journal(path)
    journal.append({"n": 3})
    journal.close()
    assert [line["n"] for line in lines(path)] == [1, 3]


def test_a_damaged_line_in_the_middle_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(b'{"n": 1}\nnot json\n{"n": 3}\n')
    with pytest.raises(Refused, match="line 2"):
        list(lines(path))


def test_an_outside_call_without_an_answer_is_known(tmp_path: Path, open_till) -> None:
    """Two asked, one answered, then a kill: of the same two the next life knows one that may be paid twice; once paid, none."""
    path = tmp_path / "events.jsonl"
    first = open_till(path=path)
    assert first.part("teach").ask("calls", ["a", "b"]) == 0
    first.pay("calls", ["a"], [1], ones(1))
    assert next(lines(path)) == {"event": "asked", "unit": "calls", "path": "teach", "keys": ["a", "b"], "again": 0}
    second = open_till(path=path)
    assert second.ask("calls", ["a", "b", "c"]) == 1
    second.pay("calls", ["a", "b", "c"], [1, 1, 1], ones(3))
    third = open_till({"calls": 3}, path)
    assert third.ask("calls", ["b"]) == 0 and third.paid("calls", ["b"]) == (1,)
    assert open_till().ask("calls", ["a"]) == 0  # in memory: nothing to write to


def test_a_key_that_stands_twice_in_one_purchase_is_paid_once(tmp_path: Path, open_till) -> None:
    purse = open_till({"verdicts": 2}, tmp_path / "events.jsonl")
    purse.pay("verdicts", ["a", "b", "a"], [1.0, 0.0, 1.0], np.ones(3))
    assert purse.left("verdicts") == 0 and purse.paid("verdicts", ["a", "b"]) == (1.0, 0.0)
    again = open_till({"verdicts": 2}, tmp_path / "events.jsonl")
    again.pay("verdicts", ["b", "a", "b"], [0.0, 1.0, 0.0], np.ones(3))
    assert again.left("verdicts") == 0
