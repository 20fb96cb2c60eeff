"""Proportion matching: equals refit without bags and for bags of one, never lets its loss rise, fits the bags."""

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Block, Lessons, Pool, Rows, Share, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.stages import Learned, Stage
from tutelage.learn.match_shares import MatchShares
from tutelage.learn.refit import Refit
from tutelage.runs.till import till
from tutelage.student.vector.logistic import Logistic
from tutelage.toys import CODES, POOL, vector_pool, view


def bags(pool: Pool, codes: np.ndarray, rows: list[int], starts: list[int]) -> Block:
    about = Rows(pool, np.array(rows), np.array(starts))
    return Sealed(pool.table, codes).through(till()).reveal(about, Share)


def learn(
    lessons: Lessons, pool: Pool = POOL, learner: object = None, strength: float = 1.0, **settings: object
) -> Learned:
    now = view(pool, Logistic(strength=strength).begin(pool, stream(0, "student")), lessons)
    return (learner or MatchShares(**settings)).learn((Stage(lessons),), None, now, stream(0, "learn"))


def bundles(n: int, seed: int = 0) -> tuple[Pool, np.ndarray]:
    rng = stream(seed, "points")
    codes = rng.integers(0, 2, n)
    return vector_pool(rng.normal(size=(n, 2)) + 2.5 * codes[:, None]), codes


def test_one_bag_by_hand() -> None:
    """One bag of all, half right: the untaught student says 1/2 everywhere, which fits; the loss is log 2 a row."""
    learned = learn((bags(POOL, CODES, list(range(6)), [0, 6]),))
    assert learned.student.probs(POOL) == pytest.approx(0.5, abs=1e-3)
    assert learned.facts["loss"] == pytest.approx(np.log(2), abs=1e-5) and learned.facts["misfit"] < 1e-3


def test_without_bags_it_is_refit() -> None:
    lessons = (labelled(Rows(POOL, np.array([0, 5, 2])), CODES[[0, 5, 2]], "oracle"),)
    ours, theirs = learn(lessons), learn(lessons, learner=Refit())
    assert ours.student.fingerprint == theirs.student.fingerprint


def test_bags_of_one_are_labels() -> None:
    """Shares of 0 and 1 leave nothing to deal: the first pass is refit, the second finds nothing to gain."""
    learned = learn((bags(POOL, CODES, list(range(6)), list(range(7))),))
    labels = learn((labelled(Rows(POOL, np.arange(6)), CODES, "oracle"),), learner=Refit())
    assert learned.student.probs(POOL) == pytest.approx(labels.student.probs(POOL), abs=1e-4)
    assert learned.facts["passes"] <= 2


def test_the_loss_never_rises() -> None:
    """Weak penalty, so that what each pass minimises is the bound alone."""
    pool, codes = bundles(160)
    lessons = (bags(pool, codes, list(range(160)), list(range(0, 161, 8))),)
    losses = [learn(lessons, pool, strength=1e4, passes=n, tolerance=0.0).facts["loss"] for n in (1, 2, 4, 8, 16)]
    assert all(later <= earlier + 1e-3 for earlier, later in zip(losses, losses[1:], strict=False))
    assert losses[-1] < losses[0] - 0.01


def test_totals_teach_single_rows() -> None:
    """Bags of four: no single label is known, yet nearly every row is told apart; better than the bags' means alone."""
    pool, codes = bundles(400, seed=1)
    lessons = (bags(pool, codes, list(range(400)), list(range(0, 401, 4))),)
    matched, mean = learn(lessons, pool), learn(lessons, pool, passes=1)
    right = [(one.student.answer(pool, stream(0, "a")).given["label"] == codes).mean() for one in (matched, mean)]
    assert (
        right[0] > 0.93
        and matched.facts["loss"] < mean.facts["loss"]
        and matched.facts["misfit"] < mean.facts["misfit"]
    )


def test_labels_and_bags_together() -> None:
    """Two labels break the tie that one bag of all leaves."""
    label = labelled(Rows(POOL, np.array([0, 5])), CODES[[0, 5]], "oracle")
    learned = learn((label, bags(POOL, CODES, [1, 2, 3, 4], [0, 4])), tolerance=0.0)
    assert learned.student.answer(POOL, stream(0, "a")).given["label"].tolist() == CODES.tolist()
    assert learned.facts["lessons"] == 3


def test_a_bag_of_weight_0_is_absent() -> None:
    block = bags(POOL, CODES, list(range(6)), [0, 2, 6])
    less = block._replace(weight=np.array([1.0, 0.0]))
    alone = bags(POOL, CODES, [0, 1], [0, 2])
    assert learn((less,)).student.probs(POOL) == pytest.approx(learn((alone,)).student.probs(POOL))
    wrong = labelled(Rows(POOL, np.arange(6)), 1 - CODES, "noise", weight=0.0)
    assert learn((block, wrong)).student.fingerprint == learn((block,)).student.fingerprint


def test_a_penalty_is_refused() -> None:
    with pytest.raises(ContractBroken, match="penalty"):
        MatchShares().learn((), lambda module: 0, view(), stream(0, "learn"))
