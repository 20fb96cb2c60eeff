"""People as teachers: wait for all, pay once, append new labels, let "I don't know" leave no lesson."""

from pathlib import Path

import numpy as np
import pytest

from tutelage.core.answers import keys_of
from tutelage.core.data import Rows, labelled
from tutelage.core.errors import ContractBroken, Spent, Waiting
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.runs.till import RecordedTill, till
from tutelage.teach.human import Human
from tutelage.teach.oracle import Oracle
from tutelage.toys import ANSWERS, CODES, POOL, vector_pool, view

RNG = stream(0, "teach")


class Closed:
    """Sealed answers that nobody may open while a person is asked."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"answers.{name} was used")


def asked(*rows: int) -> Rows:
    return Rows(POOL, np.array(rows, dtype=np.int64))


def given(rows: Rows, *values: object) -> dict[str, object]:
    return {key: value for key, value in zip(keys_of(rows, "human"), values, strict=True) if value is not None}


def teach(rows: Rows, purse: RecordedTill, human: Human | None = None, **seen) -> Taught:
    return (human or Human()).teach(rows, view(purse=purse)._replace(**seen), Closed(), RNG)


def test_by_hand() -> None:
    """a is left (said plainly), c nobody knows, f is right (said by Ada): two lessons for 2 labels, 1 of 3 left."""
    rows = asked(0, 2, 5)
    ada = {"label": "right", "by": "ada", "at": "2025-01-31T10:00:00"}
    purse = till({"labels": 3}, shared=given(rows, "left", {"skip": True}, ada))
    taught = teach(rows, purse)
    (block,) = taught.lessons
    assert block.about.examples().ids() == ["a", "f"] and block.given["label"].tolist() == [0, 1]
    assert block.source == "human" and block.cost.tolist() == [1, 1]
    assert purse.left("labels") == 1 and taught.facts == {"unknown": 1.0}
    assert purse.paid("labels", keys_of(asked(5), "human")) == (ada,), "who and when stay in the record"


def test_a_person_who_knows_everything_is_the_oracle() -> None:
    rows = asked(4, 1, 3)
    purse = till(shared=given(rows, *[POOL.labels[code] for code in CODES[[4, 1, 3]]]))
    (human,) = teach(rows, purse).lessons
    (oracle,) = Oracle().teach(rows, view(), ANSWERS.through(till()), RNG).lessons
    assert human._replace(source="oracle").digest() == oracle.digest()


def test_waits_for_what_is_missing_and_charges_nothing_meanwhile() -> None:
    rows = asked(5, 0, 2)
    purse = till({"labels": 3}, shared=given(rows, None, "left", None))
    with pytest.raises(Waiting) as waiting:
        teach(rows, purse)
    assert waiting.value.unit == "labels" and waiting.value.exit_code == 5
    assert waiting.value.about.examples().ids() == ["f", "c"]
    assert list(waiting.value.keys) == keys_of(asked(5, 2), "human")
    assert purse.left("labels") == 3 and purse.book.charged == {}


def test_nobody_is_asked_for_what_cannot_be_paid() -> None:
    """Three rows at 1 label, 2 labels left: Spent although only two answers are missing; exactly 3 would do."""
    rows = asked(0, 1, 2)
    with pytest.raises(Spent):
        teach(rows, till({"labels": 2}, shared=given(rows, "left", None, None)))
    with pytest.raises(Waiting):
        teach(rows, till({"labels": 2}, shared=given(rows, {"skip": True}, None, None)))
    with pytest.raises(Waiting):
        teach(rows, till({"labels": 1.5}), Human(price=0.5))


def test_paid_once_and_found_again_after_a_kill(tmp_path: Path) -> None:
    """The journal holds one purchase of both; a second life charges it again and writes nothing."""
    rows, path = asked(0, 5), tmp_path / "events.jsonl"
    answers = given(rows, {"label": "left", "by": "b", "at": "t"}, {"skip": True, "by": "b", "at": "t"})
    lives = []
    for shared in (answers, {}):
        purse = till({"labels": 2}, path, shared)
        taught = [teach(rows, purse), teach(rows, purse)]
        lives.append([block.digest() for one in taught for block in one.lessons])
        assert purse.left("labels") == 1
        purse.book.journal.close()
    assert lives[0] == lives[1] and len(path.read_text().splitlines()) == 1


def test_new_names_are_appended_in_order_of_first_appearance() -> None:
    rows = asked(0, 1, 2, 5)
    (block,) = teach(rows, till(shared=given(rows, "up", "left", "down", "up"))).lessons
    assert block.about.pool.labels == ("left", "right", "up", "down")
    assert block.given["label"].tolist() == [2, 0, 3, 2]


def test_a_name_added_earlier_keeps_its_code() -> None:
    """`up` came with an earlier lesson, so it is code 2 although this pool has not heard of it."""
    earlier = labelled(Rows(POOL.with_labels(("left", "right", "up")), np.array([1])), np.array([2]), "human", 1.0)
    rows = asked(0, 5)
    (block,) = teach(rows, till(shared=given(rows, "down", "up")), lessons=(earlier,)).lessons
    assert block.about.pool.labels == ("left", "right", "up", "down") and block.given["label"].tolist() == [3, 2]


def test_starts_without_any_label() -> None:
    pool = vector_pool([[0.0], [1.0]], labels=())
    rows = Rows(pool, np.arange(2))
    (block,) = teach(rows, till(shared=given(rows, "b", "a"))).lessons
    assert block.about.pool.labels == ("b", "a") and block.given["label"].tolist() == [0, 1]


def test_nobody_knows_anything() -> None:
    rows = asked(0, 1)
    purse = till({"labels": 0}, shared=given(rows, {"skip": True}, {"skip": True}))
    taught = teach(rows, purse)
    assert taught.lessons == () and taught.facts == {"unknown": 2.0} and purse.left("labels") == 0


@pytest.mark.parametrize(
    ("value", "label"),
    [('{"label": "up", "by": "ada"}', "up"), ('{"skip": true}', None), ("{x", "{x"), ('{"a": 1}', '{"a": 1}')],
)
def test_an_answer_spelt_as_json(value: str, label: str | None) -> None:
    rows = asked(0)
    lessons = teach(rows, till(shared=given(rows, value))).lessons
    names = [block.about.pool.labels[block.given["label"][0]] for block in lessons]
    assert names == ([] if label is None else [label])


@pytest.mark.parametrize("value", ["", {"label": ""}, {"label": 3}, {"by": "ada"}, {"skip": False}, 7, ["left"]])
def test_an_answer_that_is_none_is_no_lesson(value: object) -> None:
    rows = asked(0)
    purse = till(shared=given(rows, value))
    with pytest.raises(ContractBroken, match="label name"):
        teach(rows, purse)
    assert purse.book.charged == {}


def test_no_question_nobody_is_asked() -> None:
    assert teach(asked(), till({"labels": 0})).lessons == ()
