"""grape on a real decoder: what it scores is what a learner would pay, padded or not, and greedy replies lead.

The reference library's own loss is compared in tests/student/text/test_rate.py.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.choose.grape import Grape
from tutelage.core.data import Block, Rows, Text
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.data.dial_problems import DialProblems
from tutelage.kit.ratings import replies
from tutelage.learn.gradient import Gradient
from tutelage.student.text.tiny import Tiny
from tutelage.toys import Reader, replies_pool, view

POOL = DialProblems(prompts=4, exam=2).course(stream(7, "data")).parts["pool"].pool


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    pass


@pytest.fixture(scope="module")
def decoder() -> Any:
    """A decoder that has seen the pool once, so that its likelihoods are not all equal."""
    begun = Tiny(hidden=32, layers=2, heads=2, window=256).begin(POOL, stream(0, "student"))
    learned = Gradient(passes=1, batch=4, lr=0.01).learn((Stage(lessons()),), None, view(POOL, begun), stream(0, "l"))
    return learned.student


def lessons(rows: Any = None) -> tuple[Block, ...]:
    rows = np.arange(len(POOL)) if rows is None else np.asarray(rows)
    told = np.array(replies(POOL.take(rows)), dtype=object)
    return (Block(Rows(POOL, rows), None, Text, {"text": told}, "t", np.zeros(len(rows)), np.ones(len(rows))),)


def scores(student: Any, score: str = "token_mean", pool: Any = POOL) -> Any:
    return Grape(score=score).choose(view(pool, student), 1, stream(0, "choose")).scores  # type: ignore[arg-type]


def test_a_score_is_minus_the_loss_that_a_learner_reports(decoder: Any) -> None:
    """One lesson alone, its loss just before the first update: the same template and mask as in scoring."""
    made = scores(decoder)
    for row in (0, 2, 3, 9, 19):
        told = Gradient(passes=1, batch=1).learn((Stage(lessons([row])),), None, view(POOL, decoder), stream(0, "l"))
        assert made[row] == pytest.approx(-told.facts["loss"], abs=1e-5)


def test_read_together_or_one_by_one(decoder: Any) -> None:
    """Replies of 4 to 130 bytes behind prompts of several lengths: padding changes nothing."""
    asked, said = POOL.texts(), replies(POOL)
    together = decoder.rate(asked, said)
    alone = [float(decoder.rate([x], [y])[0]) for x, y in zip(asked, said, strict=True)]
    np.testing.assert_allclose(together, alone, atol=1e-4)
    np.testing.assert_allclose(scores(decoder, "sum"), alone, atol=1e-4)
    backwards = POOL.take(np.arange(len(POOL))[::-1])
    np.testing.assert_allclose(scores(decoder, "token_mean", backwards)[::-1], scores(decoder), atol=1e-6)


def test_the_three_scores_are_one_number_in_three_units(decoder: Any) -> None:
    """With a token a byte and one for the end: sum = mean (bytes + 1) = bits ln 2 bytes, and exp(-mean) a perplexity."""
    sizes = np.array([len(one.encode()) for one in replies(POOL)])
    whole = scores(decoder, "sum")
    np.testing.assert_allclose(scores(decoder) * (sizes + 1), whole, rtol=1e-6)
    np.testing.assert_allclose(scores(decoder, "bits_per_byte") * np.log(2) * sizes, whole, rtol=1e-6)
    assert (np.exp(-scores(decoder)) >= 1).all()


@given(st.text("tuv", min_size=2, max_size=8), st.data())
def test_by_the_sum_a_beginning_is_never_worse_than_the_whole(reply: str, data: Any) -> None:
    """Log-probabilities are at most 0, so that the sum would pick whatever is cut off earliest."""
    reader = Reader({"t": -1.0, "u": -2.0}, other=-3.0)
    cut = reply[: data.draw(st.integers(1, len(reply) - 1))]
    pair = replies_pool([("p", cut, "cut"), ("p", reply, "whole")])
    short, long = scores(reader, "sum", pool=pair)
    assert short >= long


def test_by_the_mean_a_beginning_may_be_worse() -> None:
    """By hand: "u" is -2 a letter, "utt" (-2 - 1 - 1) / 3 = -4/3; by the sum -2 and -4, so the two disagree."""
    reader = Reader({"t": -1.0, "u": -2.0}, other=-3.0)
    pair = replies_pool([("p", "u", "cut"), ("p", "utt", "whole")])
    assert scores(reader, pool=pair) == pytest.approx([-2, -4 / 3])
    assert scores(reader, "sum", pool=pair).tolist() == [-2, -4]
    seen = view(pair, reader)
    for score, best in (("token_mean", "whole"), ("sum", "cut")):
        chosen = Grape(score=score, keep=1).choose(seen, 1, stream(0, "choose")).rows  # type: ignore[arg-type]
        assert pair.take(chosen).ids() == [best]


def test_nothing_beats_the_greedy_reply_where_it_first_differs(decoder: Any) -> None:
    """Up to and with the first byte that differs, no reply is likelier than the student's own greedy one."""
    for prompt in sorted(set(POOL.texts())):
        own = str(decoder.write([prompt], 1, stream(0, "w"), max_tokens=12, temperature=0).texts[0, 0])
        assert len(own) >= 3
        for at in range(len(own)):
            others = [own[:at] + letter for letter in "0a, pT=" if letter != own[at]]
            led = decoder.logprob([prompt] * (len(others) + 1), [own[: at + 1], *others])
            assert (led[0] >= led[1:] - 1e-5).all(), own[: at + 1]


def test_keeping_as_many_as_there_are_keeps_all_and_two_ends_part_a_pair(decoder: Any) -> None:
    """All five of four prompts; of two styles the best and the worst are the two."""
    assert sorted(Grape(keep=5).choose(view(POOL, decoder), 99, stream(0, "c")).rows) == list(range(len(POOL)))
    styles = np.array(POOL.column("source").to_pylist())
    two = POOL.take(np.flatnonzero(np.isin(styles, ["A", "E"])))
    ends = [set(Grape(keep=1, worst=turned).choose(view(two, decoder), 99, stream(0, "c")).rows.tolist())
            for turned in (False, True)]  # fmt: skip
    assert ends[0] | ends[1] == set(range(8)) and not ends[0] & ends[1]
