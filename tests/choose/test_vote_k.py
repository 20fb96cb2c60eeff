"""vote_k: buckets of confidence by hand, fast_vote_k in both limits, the surest are left out."""

from __future__ import annotations

import numpy as np
import pytest

from tutelage.choose.fast_vote_k import FastVoteK
from tutelage.choose.vote_k import VoteK, buckets
from tutelage.core.rng import stream


def on_circle(degrees):
    radians = np.radians(np.asarray(degrees, dtype=float))
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


def beliefs(confidence):
    p = np.asarray(confidence, dtype=float)
    return np.stack([p, 1 - p], axis=1)


def test_by_hand(ask):
    """Row 0 is labelled. Confidence .9 .5 .8 .6 .7 of rows 1 to 5; sure = 0.2 leaves out row 1, buckets {2 4}, {5 3}.

    At 0, 10, 21, 33, 46 and 60 degrees the two nearest are 1 2 | 0 2 | 1 3 | 2 4 | 3 5 | 4 3. Row 0 is elected: it
    votes no more, 1 counts 1/10. Votes: 2 has 0.1 (from 1) + 1 (from 3), 4 has 2 (from 3 and 5): 4 is taken from the
    first bucket. Then 3 and 5 count 1/10 and 4 nothing: 3 has 1 (from 2) + 0.1 (from 5), 5 has none: 3 is taken.
    """
    seen = ask(beliefs([0.5, 0.9, 0.5, 0.8, 0.6, 0.7]), on_circle([0, 10, 21, 33, 46, 60]), held=[0])
    chosen = VoteK(neighbours=2, sure=0.2).choose(seen, 2, stream(0, "c"))
    assert (chosen.rows + 1).tolist() == [4, 3]
    assert chosen.scores[chosen.rows] == pytest.approx([2, 1.1])


def test_buckets_by_hand():
    """Ten confidences, the surest tenth left out, three buckets of three; more asked than that leaves: one each."""
    confidence = np.array([0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5, 1.0])
    made = buckets(confidence, 3, 0.1, stream(0, "c"))
    assert [sorted(part.tolist()) for part in made] == [[0, 2, 4], [6, 7, 8], [1, 3, 5]]
    assert [len(part) for part in buckets(confidence, 10, 0.5, stream(0, "c"))] == [1] * 10


def test_equal_confidence_is_cut_at_random():
    firsts = {tuple(sorted(buckets(np.ones(6), 3, 0.0, stream(s, "c"))[0].tolist())) for s in range(40)}
    assert len(firsts) > 8


def test_one_of_each_bucket_and_none_of_the_surest(ask):
    rng = np.random.default_rng(0)
    confidence = rng.permutation(np.linspace(0.5, 0.99, 61))
    seen = ask(beliefs(confidence), rng.normal(size=(61, 4)), held=[7])
    chosen = VoteK(neighbours=5).choose(seen, 9, stream(0, "c"))
    ranks = np.argsort(np.argsort(np.delete(confidence, 7)))[chosen.rows]
    assert (ranks // 6).tolist() == list(range(9))


def test_neutral_limit_nothing_labelled_is_fast_vote_k(ask, binary):
    seen = ask(binary, np.random.default_rng(0).normal(size=(12, 3)))
    for n in (1, 4):
        one, two = (m.choose(seen, n, stream(1, "c")) for m in (VoteK(neighbours=3), FastVoteK(neighbours=3)))
        assert one.rows.tolist() == two.rows.tolist() and one.scores.tolist() == two.scores.tolist()


@pytest.mark.parametrize("seed", range(10))
def test_neutral_limit_one_bucket_of_everything_is_fast_vote_k(ask, binary, seed):
    """As far as votes differ: luck decides among equals, and is drawn in another order."""
    seen = ask(binary, np.random.default_rng(seed).normal(size=(12, 3)), held=[2, 5])
    one, two = (m.choose(seen, 1, stream(1, "c")) for m in (VoteK(neighbours=3, sure=0), FastVoteK(neighbours=3)))
    assert one.scores[one.rows].tolist() == two.scores[two.rows].tolist()
