"""committee: three kinds of disagreement by hand, identical members, equal to obvious code and to bald."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.choose.bald import Bald
from tutelage.choose.committee import Committee
from tutelage.choose.entropy import Entropy
from tutelage.core.rng import stream

KINDS = ("vote_entropy", "consensus_entropy", "kl")
P = [[1, 0], [0.9, 0.1], [0.6, 0.4], [0.5, 0.5]]
Q = [[1, 0], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]]


def test_votes_by_hand(council):
    """Row 1: one vote each, log 2. Row 2: both for the first class, 0. Row 3: both split, (1/2, 1/2), log 2."""
    chosen = Committee(members=2).choose(council(P, Q), 3, stream(0, "c"))
    assert chosen.scores == pytest.approx([np.log(2), 0, np.log(2)])
    assert set(chosen.rows[:2].tolist()) == {0, 2}


def test_consensus_and_divergence_by_hand(council):
    """Row 1: consensus (0.55, 0.45), H = 0.6881; the members' entropies are 0.3251 and 0.5004: kl = 0.2754."""
    consensus = Committee(members=2, by="consensus_entropy").choose(council(P, Q), 1, stream(0, "c"))
    assert consensus.scores == pytest.approx([0.68814, 0.67301, np.log(2)], abs=1e-5)
    kl = Committee(members=2, by="kl").choose(council(P, Q), 1, stream(0, "c"))
    assert kl.scores == pytest.approx([0.27540, 0, 0], abs=1e-5)


@pytest.mark.parametrize("by", KINDS)
def test_neutral_limit_identical_members(council, ask, by):
    """They score 0 by votes and by divergence, and as `entropy` does by consensus."""
    p = np.random.default_rng(0).dirichlet(np.ones(3), 8)
    chosen = Committee(members=4, by=by).choose(council(p), 3, stream(0, "c"))
    if by == "consensus_entropy":
        plain = Entropy().choose(ask(p, held=[0]), 3, stream(0, "c"))
        assert chosen.rows.tolist() == plain.rows.tolist() and chosen.scores == pytest.approx(plain.scores)
    else:
        assert chosen.scores == pytest.approx(np.zeros(7), abs=1e-12)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # the fixture keeps nothing
@given(seed=st.integers(0, 200), count=st.integers(1, 6), classes=st.integers(1, 4))
def test_equal_obvious_code(council, seed, count, classes):
    rng = np.random.default_rng(seed)
    several = [rng.dirichlet(np.ones(classes), 7).astype(np.float32).astype(float) for _ in range(count)]
    expected = {kind: [] for kind in KINDS}
    for row in range(1, 7):
        one = [p[row] for p in several]
        mean = np.mean(one, axis=0)
        votes = np.bincount([int(p.argmax()) for p in one], minlength=classes) / count
        expected["vote_entropy"].append(-sum(v * np.log(v) for v in votes if v > 0))
        expected["consensus_entropy"].append(-sum(v * np.log(v) for v in mean if v > 0))
        pairs = [zip(p, mean, strict=True) for p in one]
        expected["kl"].append(np.mean([sum(v * np.log(v / m) for v, m in pair if v > 0) for pair in pairs]))
    for kind in KINDS:
        scores = Committee(members=count, by=kind).choose(council(*several), 2, stream(0, "c")).scores
        assert scores == pytest.approx(expected[kind], abs=1e-5), kind


def test_divergence_is_what_bald_calls_information(council):
    rng = np.random.default_rng(1)
    several = [rng.dirichlet(np.ones(5), 30) for _ in range(6)]
    one = Committee(members=6, by="kl").choose(council(*several), 9, stream(0, "c"))
    two = Bald(members=6).choose(council(*several), 9, stream(0, "c"))
    assert one.rows.tolist() == two.rows.tolist() and np.array_equal(one.scores, two.scores)


def test_without_lessons_nothing_is_scored(council):
    chosen = Committee().choose(council(P, Q, held=()), 2, stream(0, "c"))
    assert len(set(chosen.rows.tolist())) == 2 and np.isnan(chosen.scores).all()
