"""grape: likelihoods by hand, the three scores, at most `keep` a prompt, both ends, and the cache."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.choose.grape import Grape
from tutelage.choose.uniform import Uniform
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.kit.ratings import rated
from tutelage.toys import Reader, replies_pool, vector_pool, view

POOL = replies_pool([("p", "ttt", "long"), ("p", "u", "short"), ("q", "tu", "x"), ("q", "vv", "y"), ("o", "v", "z")])
READER = Reader({"t": -1.0, "u": -2.0}, other=-3.0)


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    pass


def chosen(part: Any, n: int = 9, pool: Any = POOL, student: Any = READER, seed: int = 0) -> list[str]:
    return pool.take(part.choose(view(pool, student), n, stream(seed, "choose")).rows).ids()


def test_by_hand() -> None:
    """long: -3 in 3 letters, mean -1. short: -2 in 1. x: -3 in 2, -1.5. y: -6 in 2, -3. z: -3 in 1, -3.

    By the mean `long` is the best of p, by the sum `short` (-2 > -3). Bits per byte: long -3 / ln 2 / 3 = -1.4427.
    """
    scores = {name: Grape(score=name).choose(view(POOL, READER), 1, stream(0, "choose")).scores  # type: ignore[arg-type]
              for name in ("token_mean", "sum", "bits_per_byte")}  # fmt: skip
    assert scores["token_mean"].tolist() == [-1, -2, -1.5, -3, -3]
    assert scores["sum"].tolist() == [-3, -2, -3, -6, -3]
    assert scores["bits_per_byte"].round(4).tolist() == [-1.4427, -2.8854, -2.164, -4.3281, -4.3281]
    assert sorted(chosen(Grape(keep=1))) == ["long", "x", "z"]
    assert sorted(chosen(Grape(score="sum", keep=1))) == ["short", "x", "z"]


def test_best_and_worst_of_two_part_the_pool() -> None:
    both = POOL.take([0, 1, 2, 3])
    best, worst = (set(chosen(Grape(keep=1, worst=turned), pool=both)) for turned in (False, True))
    assert best == {"long", "x"} and worst == {"short", "y"}


def test_of_each_the_best_then_of_each_the_second() -> None:
    """5 rows of 3 prompts: three firsts, then the two seconds; asked for two, two prompts are drawn."""
    order = chosen(Grape())
    assert set(order[:3]) == {"long", "x", "z"} and set(order[3:]) == {"short", "y"}
    assert set(chosen(Grape(keep=2))) == set(POOL.ids())
    drawn = Counter(name for seed in range(300) for name in chosen(Grape(keep=1), n=2, seed=seed))
    assert set(drawn) == {"long", "x", "z"} and all(abs(count - 200) < 50 for count in drawn.values())


def test_candidates_in_another_order_are_the_same_choice_and_copies_tie_by_luck() -> None:
    shuffled = POOL.take([4, 2, 0, 3, 1])
    assert chosen(Grape(keep=1)) == chosen(Grape(keep=1), pool=shuffled)
    twins = replies_pool([("p", "tt", "a"), ("p", "tt", "b")])
    drawn = Counter(chosen(Grape(keep=1), pool=twins, seed=seed)[0] for seed in range(200))
    assert 70 < drawn["a"] < 130
    assert chosen(Grape(keep=1), pool=twins, seed=3) == chosen(Grape(keep=1), pool=twins, seed=3)


@given(st.lists(st.tuples(st.sampled_from("pqrs"), st.text("tuv", min_size=1, max_size=4)), min_size=1, max_size=12),
       st.integers(1, 3))  # fmt: skip
def test_against_sorting_each_prompt_alone(rows: list[tuple[str, str]], keep: int) -> None:
    """The scores of what is kept of a prompt are its highest ones."""
    pool = replies_pool([(prompt, reply, f"{at}") for at, (prompt, reply) in enumerate(rows)])
    made = Grape(keep=keep).choose(view(pool, READER), 99, stream(0, "choose"))
    for prompt in {prompt for prompt, _ in rows}:
        mine = [at for at, row in enumerate(rows) if row[0] == prompt]
        got = sorted(made.scores[at] for at in made.rows if at in mine)
        assert got == sorted(made.scores[at] for at in mine)[-keep:][: len(mine)]


def test_neutral_limit() -> None:
    """Where all replies are equally likely, or each prompt has one, the choice is that of `uniform`."""
    flat = Reader({}, other=0.0)
    for seed in range(5):
        assert chosen(Grape(keep=1), student=flat, seed=seed) == chosen(Uniform(keep=1), student=flat, seed=seed)
    single = replies_pool([(name, name, name) for name in "abcdef"])
    assert chosen(Grape(), 3, single, READER) == chosen(Uniform(keep=1), 3, single, READER)


def test_a_reply_that_does_not_fit_comes_last() -> None:
    class Narrow(Reader):
        fingerprint = "narrow"

        def rate(self, prompts: Any, replies: Any) -> Any:
            return np.where([len(reply) > 2 for reply in replies], np.nan, super().rate(prompts, replies))

    for worst in (False, True):
        assert chosen(Grape(worst=worst), student=Narrow(READER.letters, -3.0))[-2:].count("long") == 1


def test_what_was_said_is_asked_once() -> None:
    class Counts(Reader):
        fingerprint = "counts"
        asked = 0

        def rate(self, prompts: Any, replies: Any) -> Any:
            type(self).asked += len(replies)
            return super().rate(prompts, replies)

    student = Counts(READER.letters, -3.0)
    first = rated(student, POOL.take([0, 2]))
    again = rated(student, POOL)
    assert Counts.asked == 5 and first.logprobs.tolist() == again.logprobs[[0, 2]].tolist() == [-3, -3]


def test_a_pool_without_replies_is_refused() -> None:
    with pytest.raises(Refused, match="no column 'reply'"):
        Grape().choose(view(vector_pool([[1, 2]]), READER), 1, stream(0, "choose"))
