"""Members of an ensemble: every class in each, resamples that are what they say, opinions by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.data import Block, Rows, Share, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.kit.ensembles import information, members, opinions, times, weighed
from tutelage.kit.info import kl
from tutelage.student.vector.logistic import Logistic
from tutelage.toys import CODES, POOL, Nearest, NearestMean

KNOWN = np.array([0, 1, 4, 5])
LESSONS = (labelled(Rows(POOL, KNOWN[:2]), CODES[KNOWN[:2]], "oracle"),
           labelled(Rows(POOL, KNOWN[2:]), CODES[KNOWN[2:]], "person", 1.0, 0.5))  # fmt: skip
ANY = settings(deadline=None)  # a busy machine is no failure


class Remembers:
    """Keeps the lessons that it was fitted on."""

    fingerprint = "remembers"

    def __init__(self, lessons=(), luck=None):
        self.lessons, self.luck = lessons, luck

    def fit(self, lessons, rng):
        return Remembers(lessons, rng.random())


@ANY
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(0, 50), st.sampled_from(["bootstrap", "bayesian"])
)
def test_every_class_is_in_every_resample(codes, seed, by):
    codes = np.array(codes)
    drawn = times(codes, stream(seed, "c"), by)
    assert (drawn >= 0).all() and set(codes[drawn > 0]) == set(codes)
    if by == "bayesian":
        assert drawn.sum() == pytest.approx(len(codes)) and (drawn > 0).all()
    else:
        lost = len(set(codes)) - 1  # a class that no draw met gets one lesson back
        assert len(codes) <= drawn.sum() <= len(codes) + lost and (drawn == drawn.astype(int)).all()


def test_a_bootstrap_counts_a_lesson_once_on_average():
    """Thirty lessons of one class, 400 resamples: mean 1, and 1 - (29/30)^30 = 0.638 of the lessons are in one."""
    rng = stream(0, "c")
    drawn = np.stack([times(np.zeros(30, dtype=np.int64), rng, "bootstrap") for _ in range(400)])
    assert drawn.sum(axis=1).tolist() == [30.0] * 400
    assert (drawn > 0).mean() == pytest.approx(0.638, abs=0.01)


def test_weights_are_multiplied_and_lessons_keep_their_blocks():
    made = members(Remembers(), LESSONS, 8, stream(0, "c"))
    assert len(made) == 8 and len({one.luck for one in made}) == 8  # every fit has luck of its own
    for one in made:
        assert [block.source for block in one.lessons] == ["oracle", "person"]
        assert set(one.lessons[0].weight) <= {0.0, 1.0, 2.0, 3.0, 4.0}
        assert set(one.lessons[1].weight) <= {0.0, 0.5, 1.0, 1.5, 2.0}
    assert LESSONS[1].weight.tolist() == [0.5, 0.5]


def test_lessons_without_weight_are_never_drawn():
    silent = labelled(Rows(POOL, np.array([2, 3])), CODES[[2, 3]], "nobody", 0.0, 0.0)
    for one in members(Remembers(), (*LESSONS, silent), 20, stream(0, "c"), "bayesian"):
        assert one.lessons[2].weight.tolist() == [0, 0]
    assert members(Remembers(), (silent,), 3, stream(0, "c")) == () == members(Remembers(), (), 3, stream(0, "c"))


def test_soft_lessons_count_by_their_most_probable_class():
    given_ = {"probs": np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)}
    soft = Block(Rows(POOL, np.array([0, 5])), None, Soft, given_, "weak", np.zeros(2), np.ones(2))
    for one in members(Remembers(), (soft,), 20, stream(0, "c")):
        assert (one.lessons[0].weight > 0).all()
    share = soft._replace(kind=Share)
    with pytest.raises(ContractBroken, match="not of Share"):
        members(Remembers(), (share,), 2, stream(0, "c"))


def test_the_same_luck_makes_the_same_members_and_members_do_not_share_theirs():
    student = NearestMean().begin(POOL, stream(0, "student"))
    three, five = (members(student, LESSONS, count, stream(1, "c")) for count in (3, 5))
    assert [one.fingerprint for one in three] == [one.fingerprint for one in five][:3]
    assert len({one.fingerprint for one in members(student, LESSONS, 30, stream(1, "c"))}) > 3


def test_members_of_a_real_student_disagree_near_the_border_most():
    student = Logistic(strength=100).begin(POOL, stream(0, "student"))
    even = (labelled(Rows(POOL, KNOWN), CODES[KNOWN], "oracle"),)
    for by in ("bootstrap", "bayesian"):
        several = members(student, even, 40, stream(0, "c"), by)
        spread = np.stack([one.probs(POOL)[:, 0] for one in several]).std(axis=0)
        assert spread.min() > 0 and spread[[2, 3]].min() > spread[[0, 5]].max()


def says(p):
    class Told(Nearest):
        def probs(self, pool):
            return np.asarray(p, dtype=np.float32)

    return Told(("left", "right"), np.zeros((2, 2), np.float32))


def test_opinions_by_hand():
    """(1, 0) and (1/2, 1/2): consensus (3/4, 1/4), mean entropy log 2 / 2; one vote, and one split: (3/4, 1/4)."""
    said = opinions([says([[1, 0]]), says([[0.5, 0.5]])], POOL.take([0]))
    assert said.mean[0] == pytest.approx([0.75, 0.25])
    assert said.doubt == pytest.approx([np.log(2) / 2])
    assert said.votes[0] == pytest.approx([0.75, 0.25])
    assert information(said)[0] == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25) - np.log(2) / 2)


@ANY
@given(st.integers(0, 200), st.integers(1, 6), st.integers(1, 5))
def test_information_is_the_mean_divergence_from_the_consensus(seed, count, classes):
    rng = np.random.default_rng(seed)
    several = [rng.dirichlet(np.ones(classes), 6) for _ in range(count)]
    said = opinions([says(p) for p in several], POOL)
    float32 = [p.astype(np.float32).astype(float) for p in several]
    expected = np.mean([kl(p, np.mean(float32, axis=0)) for p in float32], axis=0)
    assert weighed([says(p) for p in several], POOL, information) == pytest.approx(expected, abs=1e-6)
    assert said.votes.sum(axis=1) == pytest.approx(np.ones(6))


def test_members_of_different_widths_are_refused():
    with pytest.raises(ContractBroken, match="Told: after the same lessons members answer for 2 and 3 classes"):
        opinions([says(np.full((6, 2), 0.5)), says(np.full((6, 3), 1 / 3))], POOL)
