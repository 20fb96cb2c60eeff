"""batch_bald: joint information by hand and by enumeration, duplicates, sampling, the shortcut that changes nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.choose.bald import Bald
from tutelage.choose.batch_bald import BatchBald, Outcomes, extended, gains, greedy, nothing_known
from tutelage.core.rng import stream

ANY = settings(deadline=None)  # a busy machine is no failure


def joint(probs, batch):
    """I(y_1 .. y_b; t), every configuration of the labels gone through."""
    count, _, classes = probs.shape
    total = 0.0
    for labels in itertools.product(range(classes), repeat=len(batch)):
        each = np.prod([probs[:, row, label] for row, label in zip(batch, labels, strict=True)], axis=0) * np.ones(
            count
        )
        total -= each.mean() * np.log(each.mean()) if each.mean() > 0 else 0.0
    logs = np.log(probs, out=np.zeros_like(probs), where=probs > 0)
    return total + (probs * logs).sum(axis=2).mean(axis=0)[list(batch)].sum()


def made(seed, members=3, size=6, classes=3, sharp=0.5):
    return np.random.default_rng(seed).dirichlet(np.full(classes, sharp), (members, size))


def test_by_hand(council):
    """Four members. Row 1 tells {1, 2} from {3, 4} and row 3 {1, 3} from {2, 4}: log 2 each, 2 log 2 together.

    Row 2 is row 1 again: together they tell log 2, so the second adds nothing. Row 4 is like row 3, but with 0.9 for 1.
    """
    yes, no, soft, hard = [1, 0], [0, 1], [0.9, 0.1], [0.1, 0.9]
    table = [[yes, yes, yes, yes, soft], [yes, yes, yes, no, hard], [yes, no, no, yes, soft], [yes, no, no, no, hard]]
    chosen = BatchBald(members=4).choose(council(*table), 3, stream(0, "c"))
    assert set(chosen.rows[:2].tolist()) in ({0, 2}, {1, 2})
    assert chosen.scores[chosen.rows[:2]] == pytest.approx([np.log(2), np.log(2)])
    assert chosen.scores[chosen.rows[2]] == pytest.approx(0, abs=1e-9)  # everything is known by then
    soft_alone = np.log(2) + 0.9 * np.log(0.9) + 0.1 * np.log(0.1)
    assert chosen.scores[3] == pytest.approx(soft_alone) or 3 == chosen.rows[2]


@ANY
@given(st.integers(0, 500), st.integers(1, 4), st.integers(1, 3))
def test_greedy_equals_going_through_every_configuration(seed, members, classes):
    probs = made(seed, members, 5, classes)
    picked = greedy(probs, 4, 10_000, stream(seed, "c"))
    batch: list[int] = []
    for place, added in zip(picked.places.tolist(), picked.added.tolist(), strict=True):
        before = joint(probs, batch)
        each = {row: joint(probs, [*batch, row]) - before for row in range(5) if row not in batch}
        assert added == pytest.approx(each[place], abs=1e-9)
        assert each[place] == pytest.approx(max(each.values()), abs=1e-9)
        batch.append(place)


@ANY
@given(st.integers(0, 500))
def test_a_duplicate_adds_less_than_it_tells_alone(seed):
    probs = made(seed, 4, 1, 3)
    twice = np.concatenate([probs, probs], axis=1)
    known = extended(nothing_known(4), twice[:, 0], 1000, stream(0, "c"))
    alone, again = gains(nothing_known(4), twice)[0], gains(known, twice)[1]
    assert 0 <= again < alone
    assert alone == pytest.approx(joint(probs, [0])) and alone + again == pytest.approx(joint(twice, [0, 1]))


def test_outcomes_are_probabilities_and_stay_few():
    probs, known = made(0, 5, 40, 4), nothing_known(5)
    for row in range(40):
        known = extended(known, probs[:, row], 300, stream(row, "c"))
        assert len(known.weight) <= 300 and known.weight.sum() == pytest.approx(1)
        assert known.belief.sum(axis=1) == pytest.approx(np.ones(len(known.weight))) and (known.belief >= 0).all()
        assert np.isfinite(gains(known, probs)).all()  # forty labels in: a product of probabilities would be 1e-20


def test_sampled_outcomes_are_right_on_average():
    """Six labels of four classes: 4,096 outcomes against 500 drawn; the mean of 40 draws is near the exact gain."""
    probs = made(3, 6, 9, 4, sharp=2.0)
    exact = nothing_known(6)
    for row in range(6):
        exact = extended(exact, probs[:, row], 10_000, stream(0, "c"))
    drawn = []
    for seed in range(40):
        rng, known = stream(seed, "c"), nothing_known(6)
        for row in range(6):
            known = extended(known, probs[:, row], 500, rng)
        assert len(known.weight) == 500
        drawn.append(gains(known, probs)[6:])
    error = np.std(drawn, axis=0) / np.sqrt(40)
    assert (np.abs(np.mean(drawn, axis=0) - gains(exact, probs)[6:]) < 4 * error + 1e-4).all()


def test_an_outcome_of_no_probability_is_never_drawn():
    known = Outcomes(np.array([0.5, 0.5]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    for seed in range(50):
        drawn = extended(known, np.array([[1.0, 0.0], [0.0, 1.0]]), 1, stream(seed, "c"))
        assert drawn.belief.tolist() in ([[1.0, 0.0]], [[0.0, 1.0]])


def test_the_order_of_looking_changes_nothing(monkeypatch):
    """Looking at two candidates at a time, or at all of them, picks the same."""
    probs = made(5, 8, 200, 3)
    monkeypatch.setattr("tutelage.choose.batch_bald.LOOK", 2)
    few = greedy(probs, 6, 5000, stream(0, "c"))
    monkeypatch.setattr("tutelage.choose.batch_bald.LOOK", 10_000)
    monkeypatch.setattr("tutelage.choose.batch_bald.BLOCK", 64)  # and in small blocks
    every = greedy(probs, 6, 5000, stream(0, "c"))
    assert few.places.tolist() == every.places.tolist() and few.added == pytest.approx(every.added)


def test_candidates_suffice_where_the_last_pick_adds_more_than_those_left_out_tell(council):
    several = [made(7, 1, 60, 2)[0], *made(8, 5, 60, 2, sharp=0.3)]
    whole = BatchBald(members=6).choose(council(*several), 3, stream(0, "c"))
    part = BatchBald(members=6, candidates=30).choose(council(*several), 3, stream(0, "c"))
    alone = Bald(members=6).choose(council(*several), 59, stream(0, "c"))
    assert whole.scores[whole.rows[-1]] > alone.scores[alone.rows[30]]  # or the test would show nothing
    assert part.rows.tolist() == whole.rows.tolist()


def test_neutral_limit_one_example_is_bald(council):
    several = made(2, 5, 30, 4)
    one = BatchBald(members=5).choose(council(*several), 1, stream(0, "c"))
    two = Bald(members=5).choose(council(*several), 1, stream(0, "c"))
    assert one.rows.tolist() == two.rows.tolist()
    assert one.scores == pytest.approx(two.scores, abs=1e-9)


def test_no_batch_tells_more_than_which_member_it_is(council):
    several = made(4, 3, 40, 5, sharp=0.1)
    chosen = BatchBald(members=3).choose(council(*several), 25, stream(0, "c"))
    assert chosen.scores[chosen.rows].sum() <= np.log(3) + 1e-5  # late gains are in single precision
    assert (
        np.diff(chosen.scores[chosen.rows]) <= 0.02
    ).all()  # each adds no more than the one before, but for sampling


def test_equal_gains_are_drawn_fairly(council):
    p, q = np.tile([[1.0, 0.0]], (7, 1)), np.tile([[0.0, 1.0]], (7, 1))
    rng = stream(0, "c")
    counts = np.bincount([int(BatchBald(members=2).choose(council(p, q), 1, rng).rows[0]) for _ in range(900)])
    assert (np.abs(counts - 150) < 55).all(), counts
