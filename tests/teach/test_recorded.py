"""recorded: the replies as they stand, their means by hand, and nothing charged."""

import numpy as np
import pytest

from tutelage.core.data import Itself, Rows, Text
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.writing import CanRate
from tutelage.teach import itself
from tutelage.teach.recorded import Recorded
from tutelage.toys import ANSWERS, POOL, Reader, replies_pool, till, view

REPLIES = replies_pool([("p", "tt", "a"), ("q", "u", "b"), ("q", "vvv", "c")], reward=[1.0, 2.0, 6.0])


def test_by_hand(own_cache: None) -> None:
    """Rows c and a: 3 and 2 letters, mean 2.5; losses 2 a letter, so log_ppl 2; rewards 6 and 1, mean 3.5."""
    purse = till()
    seen = view(REPLIES, Reader(), purse=purse)
    part = Recorded(indicators=("len", "log_ppl", "reward"))
    taught = part.teach(Rows(REPLIES, np.array([2, 0])), seen, ANSWERS, stream(0, "teach"))
    (block,) = taught.lessons
    assert block.kind is Text and block.given["text"].tolist() == ["vvv", "tt"] and block.cost.tolist() == [0, 0]
    assert taught.facts == {"replies": 2, "characters": 2.5, "len": 2.5, "log_ppl": 2, "reward": 3.5}
    assert part.needs == {CanRate} and Recorded().needs == frozenset()
    assert sum(purse.book.ledger.spent.values()) == 0


def test_no_question_no_lesson() -> None:
    assert Recorded().teach(Rows(REPLIES, np.zeros(0, np.int64)), view(REPLIES), ANSWERS, stream(0, "t")).lessons == ()


def test_a_pool_without_replies_is_refused() -> None:
    with pytest.raises(Refused, match="no column 'reply'"):
        Recorded().teach(Rows(POOL, np.arange(2)), view(), ANSWERS, stream(0, "teach"))


def test_shares_of_sources_by_hand() -> None:
    """Of three rows asked about two are from x, one from y, none from z."""
    pool = replies_pool([("p", "t", "a"), ("q", "u", "b"), ("o", "v", "c"), ("n", "w", "d")], source=list("xxyz"))
    facts = Recorded().teach(Rows(pool, np.array([0, 1, 2])), view(pool), ANSWERS, stream(0, "teach")).facts
    assert {key: value for key, value in facts.items() if key.startswith("from")} == {
        "from x": pytest.approx(2 / 3), "from y": pytest.approx(1 / 3), "from z": 0,
    }  # fmt: skip


def test_a_row_without_a_reply_is_read_where_that_is_asked_for_and_refused_otherwise() -> None:
    """Of rows 2, 0 and 1 asked about, 0 has no reply: two replies of 1 and 3 letters, and one text."""
    pool = replies_pool([("p", None, "a"), ("q", "u", "b"), ("q", "vvv", "c")])
    asked = Rows(pool, np.array([2, 0, 1]))
    part = Recorded(without="read")
    taught = part.teach(asked, view(pool, Reader()), ANSWERS, stream(0, "teach"))
    assert [(block.kind, block.about.rows.tolist()) for block in taught.lessons] == [(Text, [2, 1]), (Itself, [0])]
    assert taught.facts == {"replies": 2, "characters": 2, "texts": 1} and part.gives == {Text, Itself}
    with pytest.raises(Refused, match="1 rows of 'replies' have no reply, the first is row a"):
        Recorded().teach(asked, view(pool, Reader()), ANSWERS, stream(0, "teach"))


def test_where_every_row_has_a_reply_or_none_has_one_it_is_the_plainer_teacher() -> None:
    rows = Rows(REPLIES, np.arange(3))
    one, two = (
        how.teach(rows, view(REPLIES), ANSWERS, stream(0, "t")) for how in (Recorded(), Recorded(without="read"))
    )
    assert one.lessons[0].digest() == two.lessons[0].digest() and one.facts == two.facts and len(two.lessons) == 1
    (read,) = Recorded(without="read").teach(Rows(POOL, np.arange(2)), view(), ANSWERS, stream(0, "t")).lessons
    (plain,) = itself.Itself().teach(Rows(POOL, np.arange(2)), view(), ANSWERS, stream(0, "t")).lessons
    assert read._replace(source="itself").digest() == plain.digest()
