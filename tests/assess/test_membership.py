"""membership: the area, the low rate and the advantage by hand, chance, what counts as a lesson, what it refuses."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tutelage.assess.membership import Membership, advantages, found, ranked_below
from tutelage.core.data import Exam, Rows, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.kit.audit import log_p, sides, surprises
from tutelage.kit.blocks import themselves
from tutelage.kit.reply_courses import references_of
from tutelage.toys import POOL, Nearest, Reader, Rote, own_truth, replies_pool, till, view


class Told:
    """Gives the label a probability that stands in the row's vector."""

    labels = ("a", "b")

    def probs(self, pool):
        p = pool.vectors()[:, 0]
        return np.stack([p, 1 - p], axis=1).astype(np.float32)


def lessons(probs, **columns):
    """Lessons whose label the student gives these probabilities."""
    made = {"vector": np.array(probs, dtype=np.float32)[:, None], **columns}
    pool = Table.of("told", made, ("a", "b")).pool()
    return (labelled(Rows(pool, np.arange(len(pool))), np.zeros(len(pool)), "oracle"),)


def audit(inside, outside, **how):
    exam = Exam(lessons(outside), taught=inside if isinstance(inside, tuple) else lessons(inside))
    return {score.name: score for score in Membership(**how).assess(Told(), exam, till(), stream(0, "assess"))}


def test_by_hand() -> None:
    """Lessons of p = 0.9, 0.6, 0.2 and items of p = 0.8, 0.6, 0.1.

    Of nine pairs the lesson is likelier in 1 + 1 + 0 (p = 0.9: 3; p = 0.6: 1 and a tie; p = 0.2: 1), so 5.5 of 9. Items:
    0.8 has one of three lessons above, 0.6 one and a half, 0.1 all. With no wrong accusation allowed only p > 0.8 is
    accused: 1 of 3; with one of three, p > 0.6: 1 of 3 as well; with two, p > 0.1: all. The mean loss of the lessons is
    (0.105 + 0.511 + 1.609) / 3 = 0.742, p = 0.476: two of three lessons and two of three items lie below, 0.
    """
    told = audit([0.9, 0.6, 0.2], [0.8, 0.6, 0.1])
    assert told["membership"].value == pytest.approx(5.5 / 9)
    assert told["membership"].items.tolist() == pytest.approx([1 / 3, 1.5 / 3, 1.0])
    assert told["membership_tpr"].value == pytest.approx(1 / 3)
    assert told["membership_advantage"].value == pytest.approx(0, abs=1e-7)
    assert audit([0.9, 0.6, 0.2], [0.8, 0.6, 0.1], fpr=0.34)["membership_tpr"].value == pytest.approx(1 / 3)
    assert audit([0.9, 0.6, 0.2], [0.8, 0.6, 0.1], fpr=0.67)["membership_tpr"].value == 1.0
    assert audit([0.9, 0.8], [0.5, 0.85])["membership_advantage"].value == pytest.approx(0.5 - 0.5)
    assert not any(score.higher_is_better for score in told.values())


def test_against_the_area_of_scikit_learn() -> None:
    rng = stream(0, "points")
    for _ in range(20):
        inside, outside = rng.integers(0, 12, size=17) / 4, rng.integers(1, 14, size=23) / 4
        wanted = roc_auc_score([1] * 17 + [0] * 23, -np.concatenate([inside, outside]))
        assert ranked_below(inside, outside).mean() == pytest.approx(wanted)
        accused = [inside < bound for bound in np.sort(outside) if (outside < bound).mean() <= 0.1]
        assert found(inside, outside, 0.1) == max(one.mean() for one in accused)  # the best of all allowed thresholds


def test_who_finds_all_alike_gives_nothing_away() -> None:
    """The neutral limit, exactly."""
    told = audit([0.7] * 5, [0.7] * 9, fpr=0.2)
    assert [score.value for score in told.values()] == [0.5, 0.0, 0.0]
    blank = Nearest(("left", "right"), np.full((2, 2), np.nan, dtype=np.float32))
    taught = (labelled(Rows(POOL, np.arange(3)), np.array([0, 0, 1]), "oracle"),)
    exam = Exam((labelled(Rows(POOL, np.arange(3, 6)), np.array([1, 0, 1]), "exam"),), taught=taught)
    assert Membership().assess(blank, exam, till(), stream(0, "assess"))[0].items.tolist() == [0.5] * 3


def test_a_student_that_learned_nothing_of_them_is_at_chance_within_its_interval() -> None:
    """2,000 pairs drawn alike: within 4 standard errors, sqrt((n + m + 1) / (12 n m)), of 1/2; tpr near fpr."""
    rng = stream(1, "points")
    told = audit(rng.random(2000), rng.random(2000), fpr=0.05)
    assert abs(told["membership"].value - 0.5) < 4 * np.sqrt(4001 / (12 * 2000**2))
    assert abs(told["membership_tpr"].value - 0.05) < 4 * np.sqrt(2 * 0.05 * 0.95 / 2000)
    assert abs(told["membership_advantage"].value) < 4 * np.sqrt(2 * 0.25 / 2000)


def test_records_of_which_a_student_is_almost_certain_are_still_told_apart() -> None:
    """In single precision p is 1 for all of them; what the other label has is not."""
    probs = np.array([[1.0, 1e-12], [1.0, 1e-20], [1.0, 1e-30], [0.0, 1.0]], dtype=np.float32)
    losses = -log_p(probs, np.zeros(4, dtype=np.int64))
    assert losses[:3] == pytest.approx([1e-12, 1e-20, 1e-30], rel=1e-6) and 100 < losses[3] < 104
    assert ranked_below(losses[:1], losses[1:3]).tolist() == [0.0, 0.0]


def test_equal_lessons_count_once_and_those_of_weight_0_do_not() -> None:
    twice = audit([0.9, 0.9, 0.9, 0.1], [0.5])
    assert twice["membership"].value == 0.5
    (block,) = lessons([0.9, 0.1])
    assert audit((block._replace(weight=np.array([1.0, 0.0])),), [0.5])["membership"].value == 1.0
    only = lessons([0.9, 0.1, 0.2], canary=["x", None, ""])
    assert audit(only, [0.5], only="canary")["membership"].value == 1.0
    assert np.isnan(audit(lessons([0.9]), [0.5], only="canary")["membership"].value)  # no such column: no such lesson


def test_before_anything_was_taught_there_is_no_number() -> None:
    told = audit((), [0.5, 0.6])
    assert all(np.isnan(score.value) and len(score.items) == 2 for score in told.values())
    assert np.isnan(advantages(np.zeros(0), np.ones(2))).all()


def test_texts_and_replies() -> None:
    """Rote has learned "ab" by heart; a letter of others costs 2, an end as well. A reply costs its letters."""
    pool = Table.of("read", {"text": ["ab", "AB", "xyz"]}).pool()
    exam = own_truth(["cd"])._replace(taught=(themselves(pool, "itself"),))
    told = sides(Rote(("ab",)), exam, "text")
    assert told.inside.tolist() == [0.0, 8.0] and told.outside.tolist() == [6.0]  # AB is ab, normalised: counted once
    pool = replies_pool([("p", "ab", "r1"), ("q", "b", "r2")])
    exam = Exam((references_of(pool.table, np.array([1])),), taught=(references_of(pool.table, np.array([0])),))
    told = sides(Reader({"a": -1.0, "b": -0.5}), exam, "reply")
    assert (told.inside.tolist(), told.outside.tolist()) == ([1.5], [0.5])


def test_a_reply_beyond_the_window_is_left_out() -> None:
    class Narrow(Reader):
        def rate(self, prompts, replies):
            return np.array([np.nan if len(reply) > 2 else -1.0 for reply in replies])

    pool = replies_pool([("p", "ab", "r1"), ("q", "abc", "r2"), ("r", "a", "r3")])
    exam = Exam((references_of(pool.table, np.array([1, 2])),), taught=(references_of(pool.table, np.array([0, 1])),))
    told = sides(Narrow(), exam, "reply")
    assert len(told.inside) == 1 and told.pool.ids() == ["r3"]


def test_what_it_refuses() -> None:
    with pytest.raises(ContractBroken, match="an audit of Label lessons; this student was taught Itself"):
        audit((themselves(POOL, "itself"),), [0.5])
    with pytest.raises(ContractBroken, match="class labels are examined here; this exam holds Itself"):
        sides(view().student, own_truth(["a"]), "class")
    bag = labelled(Rows(POOL, np.arange(4), np.array([0, 2, 4])), np.array([0, 1]), "oracle")
    with pytest.raises(ContractBroken, match="not about bags"):
        sides(view().student, Exam(lessons([0.5]), taught=(bag,)), "class")

    class Sure(Rote):
        def read_alone(self, texts):
            return super().read_alone(texts)._replace(logprob=np.ones(len(texts)))

    with pytest.raises(ContractBroken, match="above 0"):
        surprises(Sure(), themselves(Table.of("t", {"text": ["a"]}).pool(), "x"), "text")
