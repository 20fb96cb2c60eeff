"""bald: by hand, doubt that all share counts nothing, equal to obvious code over real refits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.choose.bald import Bald
from tutelage.choose.entropy import Entropy
from tutelage.core.data import Rows, labelled
from tutelage.core.rng import stream
from tutelage.kit.ensembles import members
from tutelage.toys import Nearest, vector_pool, view


def test_by_hand(council):
    """Members (1, 0) and (0, 1): log 2 = 0.693. Both (1/2, 1/2): 0, though the entropy is log 2. (1, 0) twice: 0.

    (1, 0) and (1/2, 1/2): H(3/4, 1/4) - log 2 / 2 = 0.5623 - 0.3466 = 0.2158.
    """
    p = [[1, 0], [1, 0], [0.5, 0.5], [1, 0], [1, 0]]
    q = [[1, 0], [0, 1], [0.5, 0.5], [1, 0], [0.5, 0.5]]
    chosen = Bald(members=2).choose(council(p, q), 2, stream(0, "c"))
    assert chosen.scores == pytest.approx([np.log(2), 0, 0, 0.21576], abs=1e-5)
    assert chosen.rows.tolist() == [0, 3]


def test_certain_members_spread_over_all_classes_give_log_of_their_number(council):
    three = [np.eye(3)[[0, one]] for one in range(3)]
    assert Bald(members=3).choose(council(*three), 1, stream(0, "c")).scores == pytest.approx([np.log(3)])


def scene(seed, held=6):
    rng = np.random.default_rng(seed)
    pool = vector_pool(rng.normal(size=(18, 2)), ("a", "b", "c"))
    lessons = (labelled(Rows(pool, np.arange(held)), np.arange(held) % 3, "oracle"),)
    student = Nearest(pool.labels, rng.normal(size=(3, 2)).astype(np.float32))
    return view(pool.without(np.arange(held)), student, lessons)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 100), st.integers(1, 6), st.sampled_from(["bootstrap", "bayesian"]))
def test_equal_obvious_code(seed, count, by):
    seen = scene(seed)
    several = members(seen.student, seen.lessons, count, stream(seed, "c"), by)
    expected = []
    for row in range(len(seen.pool)):
        one = [member.probs(seen.pool)[row].astype(float) for member in several]
        doubts = [-sum(x * np.log(x) for x in p if x > 0) for p in (np.mean(one, axis=0), *one)]
        expected.append(doubts[0] - np.mean(doubts[1:]))
    chosen = Bald(members=count, members_by=by).choose(seen, 4, stream(seed, "c"))
    assert chosen.scores == pytest.approx(np.array(expected), abs=1e-6)
    assert chosen.scores[chosen.rows].tolist() == sorted(chosen.scores.tolist())[:-5:-1]  # equal ones in any order


def test_neutral_limit_one_member_makes_it_uniform(ask):
    seen = scene(0)
    rng = stream(0, "c")
    choices = [Bald(members=1).choose(seen, 1, rng) for _ in range(1200)]
    assert all((choice.scores == 0).all() for choice in choices)
    counts = np.bincount([int(choice.rows[0]) for choice in choices], minlength=12)
    assert (np.abs(counts - 100) < 45).all(), counts


def test_without_lessons_there_are_no_members_and_nothing_is_scored():
    chosen = Bald().choose(view(), 3, stream(0, "c"))
    assert len(set(chosen.rows.tolist())) == 3 and np.isnan(chosen.scores).all()


def test_names_of_classes_do_not_matter(council):
    rng = np.random.default_rng(0)
    several = [rng.dirichlet(np.ones(4), 9) for _ in range(5)]
    one = Bald(members=5).choose(council(*several), 3, stream(0, "c"))
    two = Bald(members=5).choose(council(*[p[:, [2, 0, 3, 1]] for p in several]), 3, stream(0, "c"))
    assert one.rows.tolist() == two.rows.tolist() and one.scores == pytest.approx(two.scores)


def test_one_class_leaves_nothing_to_disagree_about(council):
    chosen = Bald(members=3).choose(council(np.ones((5, 1))), 2, stream(0, "c"))
    assert (chosen.scores == 0).all() and len(set(chosen.rows.tolist())) == 2


def test_noise_in_the_labels_alone_is_not_asked_about(council):
    """Row 1: all members say (1/2, 1/2). Row 2: they differ. `entropy` of the consensus would take either."""
    p, q = [[1, 0], [0.5, 0.5], [0.8, 0.2]], [[1, 0], [0.5, 0.5], [0.2, 0.8]]
    seen = council(p, q)
    assert Bald(members=2).choose(seen, 1, stream(0, "c")).rows.tolist() == [1]
    assert Entropy().choose(seen._replace(student=seen.student.fit((), None)), 1, stream(0, "c")).rows.tolist() == [0]
