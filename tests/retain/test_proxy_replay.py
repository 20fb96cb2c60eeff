"""proxy_replay: counts by hand, shares over all lessons, both kinds, every row before any twice, names that are wrong."""

import numpy as np
import pytest

from tutelage.core.data import Itself, Rows, Table, Text, labelled
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.retain.proxy_replay import ProxyReplay
from tutelage.toys import replies_pool, view

NEW = Table.of("new", {"vector": np.zeros((30, 1))}, ("a", "b")).pool()
TEXTS = Table.of("texts", {"text": [f"text {i}" for i in range(7)]}).pool()
ASKED = replies_pool([(f"what is {i}?", str(i), f"r{i}") for i in range(5)])


def new(count: int, weight: float = 1.0):
    return (labelled(Rows(NEW, np.arange(count)), np.zeros(count, dtype=np.int64), "oracle", 1.0, weight),)


def rehearsed(part: ProxyReplay, count: int, weight: float = 1.0, seed: int = 0):
    now = view()._replace(parts={"general": TEXTS, "instructions": ASKED})
    return part.rehearse(new(count, weight), now, stream(seed, "retain"))


def test_by_hand() -> None:
    """Share 0.25 beside 12 lessons: 4 of 16, two of each part; beside 10 they are 3, one and two."""
    assert [block.size for block in rehearsed(ProxyReplay(share=0.25), 12)] == [2, 2]
    assert [block.size for block in rehearsed(ProxyReplay(share=0.25), 10)] == [1, 2]


def test_a_row_with_a_reply_is_a_reply_and_a_text_is_itself() -> None:
    general, asked = rehearsed(ProxyReplay(share=0.5), 8)
    assert (general.kind, dict(general.given)) == (Itself, {})
    assert asked.kind is Text
    prompts = asked.about.examples().texts()
    assert [f"what is {text}?" for text in asked.given["text"]] == prompts
    assert general.cost.sum() == asked.cost.sum() == 0
    assert general.weight.tolist() == [1.0] * 4


def test_of_a_part_where_some_rows_have_replies_the_others_are_read() -> None:
    """Stages that differ in kind in one table: three of five rows have a reply. Ten are drawn, each row twice."""
    told = [None, "1", None, "3", "4"]
    mixed = Table.of("mixed", {"text": [f"text {i}" for i in range(5)], "reply": told}).pool()
    now = view()._replace(parts={"mixed": mixed})
    asked, read = ProxyReplay(share=0.5).rehearse(new(10), now, stream(0, "retain"))
    assert (asked.kind, asked.about.rows.tolist()) == (Text, [1, 1, 3, 3, 4, 4])
    assert asked.given["text"].tolist() == ["1", "1", "3", "3", "4", "4"]
    assert (read.kind, read.about.rows.tolist(), dict(read.given)) == (Itself, [0, 0, 2, 2], {})


def test_only_the_parts_named() -> None:
    (block,) = rehearsed(ProxyReplay(parts=("instructions",), share=0.5), 4)
    assert (block.kind, block.size) == (Text, 4)


def test_every_row_comes_before_any_comes_twice() -> None:
    """Sixteen of five rows: each three times, one of them a fourth time."""
    (block,) = rehearsed(ProxyReplay(parts=("instructions",), share=0.5), 16)
    counts = np.bincount(block.about.numbers, minlength=5)
    assert sorted(counts.tolist()) == [3, 3, 3, 3, 4]


def test_lessons_of_weight_0_are_absent() -> None:
    assert rehearsed(ProxyReplay(share=0.5), 8, weight=0.0) == ()


def test_neutral_limits() -> None:
    assert rehearsed(ProxyReplay(share=0.0), 8) == ()
    assert rehearsed(ProxyReplay(share=0.5), 0) == ()
    now = view()
    assert ProxyReplay(share=0.5).rehearse(new(4), now, stream(0, "retain")) == ()


def test_luck_is_the_argument() -> None:
    rows = [[one.about.numbers.tolist() for one in rehearsed(ProxyReplay(share=0.3), 9, seed=s)] for s in (1, 1, 2)]
    assert rows[0] == rows[1] != rows[2]


def test_a_part_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refused, match=r"no part called 'genral'.*\n.*general"):
        rehearsed(ProxyReplay(parts=("genral",)), 8)
