"""MTLD by hand, neighbours with copies, perplexity of the reply alone, and columns."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Table
from tutelage.core.errors import Refused
from tutelage.kit.indicators import indicator, indicators, mtld, neighbour, pairs
from tutelage.toys import Nearest, Reader, replies_pool

POOL = replies_pool([("p", "tt", "a"), ("q", "u", "b")], reward=[1.0, None])


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    pass


def test_mtld_by_hand() -> None:
    """a a a a: a factor every two words, 4 / 2. a b a b a: ratios 1, 1, 2/3: a factor of 3 words, then b a unspoilt:
    5 / 1 both ways. a b c d e a: forwards 5 different of 6, 1/6 of the 0.28 that a factor is: 6 / (0.1667 / 0.28).
    """
    assert mtld("a a a a") == 2 and mtld("A a a A") == 2
    assert mtld("a b a b a") == 5
    assert mtld("a b c d e a") == pytest.approx(6 / ((1 / 6) / 0.28))
    assert mtld("one, two; three!") == 3 and mtld("") == mtld("...") == 0


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=40))
def test_mtld_is_the_same_backwards(words: list[str]) -> None:
    assert mtld(" ".join(words)) == pytest.approx(mtld(" ".join(words[::-1])))
    assert 1 <= mtld(" ".join(words))


def test_neighbours_with_copies() -> None:
    """Three copies at 0, one at 3, one at 7: of a copy the second neighbour is a copy, the third lies at 3."""
    points = np.array([[0.0], [0.0], [0.0], [3.0], [7.0]], dtype=np.float32)
    table = Table.of("t", {"vector": points, "text": list("ppppq"), "reply": list("rrrst")})
    student = Nearest((), np.zeros((0, 1), np.float32))
    found = [neighbour(student, table.pool(), i).tolist() for i in (1, 2, 3, 9)]
    assert found == [[0, 0, 0, 3, 4], [0, 0, 0, 3, 7], [3, 3, 3, 3, 7], [7, 7, 7, 4, 7]]
    shuffled = table.pool().take([4, 0, 3])
    assert neighbour(student, shuffled, 1).tolist() == [4, 3, 3]
    assert neighbour(student, table.pool().take([0]), 1).tolist() == [0]


def test_pairs_say_prompt_and_reply_and_nothing_else_changes() -> None:
    both = pairs(POOL.take([1, 0]))
    assert both.texts() == ["q\nu", "p\ntt"] and both.ids() == ["b", "a"]


def test_perplexity_is_of_the_reply_behind_its_prompt() -> None:
    """tt costs 1 a letter: perplexity e; a longer prompt adds nothing to it."""
    student = Reader({"t": -1.0}, other=-2.0)
    values = indicators(("len", "ppl", "log_ppl", "ifd"), student, POOL)
    assert values[0].tolist() == pytest.approx([2, math.e, 1, 1])
    assert indicator("ppl", student, replies_pool([("p padded", "tt", "a")])).tolist() == pytest.approx([math.e])


def test_columns_of_numbers() -> None:
    assert np.isnan(indicator("reward", Reader(), POOL)).tolist() == [False, True]
    with pytest.raises(Refused, match="not numbers"):
        indicator("reply", Reader(), POOL)
