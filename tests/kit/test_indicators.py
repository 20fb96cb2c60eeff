"""MTLD by hand, neighbours with copies and by brute force, perplexity of the reply alone, and columns."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Table
from tutelage.core.errors import Missing, Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed
from tutelage.core.writing import CanRate
from tutelage.kit.indicators import indicator, indicators, mtld, needs_of, neighbour, pairs
from tutelage.toys import Nearest, Reader, replies_pool

POOL = replies_pool([("p", "tt", "a"), ("q", "u", "b")], reward=[1.0, None])


@dataclass(frozen=True)
class Lengths:
    """Implements core.encoder.Encoder: a text stands where its number of characters is."""

    width: int = 1
    fingerprint: str = "lengths"

    def encode(self, texts: Any) -> Any:
        return np.array([[len(text)] for text in texts], dtype=np.float32).reshape(-1, 1)


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


def test_neighbours_are_those_of_brute_force_and_none_is_the_row_itself() -> None:
    """500 rows, every tenth a copy of the one before: a row's own distance of 0 is left out, its copy's is not."""
    points = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    points[9::10] = points[8::10]
    texts = [str(n) for n in range(500)]
    pool = Table.of("t", {"vector": points, "text": texts, "reply": texts}).pool()
    away = np.linalg.norm(points[:, None].astype(float) - points[None], axis=-1)
    np.fill_diagonal(away, np.inf)
    brute = np.sort(away, axis=1)
    for i in (1, 6):
        found = neighbour(Nearest((), np.zeros((0, 8), np.float32)), pool, i)
        assert found == pytest.approx(brute[:, i - 1], rel=1e-4, abs=1e-5)
    copies = np.array([n % 10 in (8, 9) for n in range(500)])
    assert ((neighbour(Nearest((), np.zeros((0, 8), np.float32)), pool, 1) == 0) == copies).all()


def test_neighbours_by_an_encoder_ask_nothing_of_the_student() -> None:
    """Prompt, line feed and reply have 3, 5 and 9 characters: nearest at 2, 2 and 4, second at 6, 4 and 6."""
    pool = replies_pool([("p", "t", "a"), ("pp", "tt", "b"), ("pppp", "tttt", "c")])
    assert neighbour(None, pool, 1, Lengths()).tolist() == [2, 2, 4]
    assert indicators(("knn_2",), None, pool, Lengths())[:, 0].tolist() == [6, 4, 6]
    assert needs_of(("knn_2", "len"), Lengths()) == {CanRate} and needs_of(("knn_2", "len")) == {CanRate, CanEmbed}


def test_pairs_say_prompt_and_reply_and_nothing_else_changes() -> None:
    both = pairs(POOL.take([1, 0]))
    assert both.texts() == ["q\nu", "p\ntt"] and both.ids() == ["b", "a"]


def test_perplexity_is_of_the_reply_behind_its_prompt() -> None:
    """tt costs 1 a letter: perplexity e; a longer prompt adds nothing to it."""
    student = Reader({"t": -1.0}, other=-2.0)
    values = indicators(("len", "ppl", "log_ppl", "ifd"), student, POOL)
    assert values[0].tolist() == pytest.approx([2, math.e, 1, 1])
    assert indicator("ppl", student, replies_pool([("p padded", "tt", "a")])).tolist() == pytest.approx([math.e])


def test_perplexity_of_a_decoder_heeds_the_prompt_and_no_padding(tiny_decoder: Path) -> None:
    """Beside a reply that is longer, in one batch, a reply keeps its perplexity; behind another prompt it does not."""
    rows = [("Why?", "because", "a"), ("Why?", "for a reason that takes far more words to tell", "b")]
    try:
        student: Any = build("student", {"use": "text.causal", "model": str(tiny_decoder), "batch": 2}).begin(
            replies_pool(rows), stream(0, "student")
        )
        both = indicator("log_ppl", student, replies_pool(rows))
    except Missing as error:
        pytest.skip(str(error))
    alone = [indicator("log_ppl", student, replies_pool([row]))[0] for row in rows]
    assert both == pytest.approx(alone, abs=1e-5)
    other = indicator("log_ppl", student, replies_pool([("Where is it?", "because", "a")]))
    assert abs(other[0] - both[0]) > 1e-3


def test_columns_of_numbers() -> None:
    assert np.isnan(indicator("reward", Reader(), POOL)).tolist() == [False, True]
    with pytest.raises(Refused, match="not numbers"):
        indicator("reply", Reader(), POOL)
