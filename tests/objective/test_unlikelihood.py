"""unlikelihood: by hand, the likelihood alone at weight 0, an obvious reference, certain tokens, and that it learns."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Preference, Replies
from tutelage.core.descent import Batch
from tutelage.core.stages import Stage
from tutelage.kit.reference import reference
from tutelage.learn.gradient import Gradient
from tutelage.objective.unlikelihood import Unlikelihood
from tutelage.toy_writer import Says, replies, writer
from tutelage.toys import stream, view


def losses(says: Says, rewards: object = None, **settings: object) -> torch.Tensor:
    given = {} if rewards is None else {"rewards": torch.tensor(rewards, dtype=torch.float32)}
    kind = Preference if rewards is None else Replies
    batch = Batch(kind, None, given, torch.ones(len(says.said.mask)))
    return Unlikelihood(**settings).losses(says, batch, stream(0, "learn"))


def test_by_hand() -> None:
    """Good tokens 1/2 and 1/8: (log 2 + log 8) / 2 = log 4. Bad tokens 1/2 and 7/8: (log 2 + log 8) / 2 = log 4."""
    logs = [[math.log(1 / 2), math.log(1 / 8)], [math.log(1 / 2), math.log(7 / 8)]]
    assert losses(Says([logs])).item() == pytest.approx(2 * math.log(4))
    assert losses(Says([logs]), weight=0.5).item() == pytest.approx(1.5 * math.log(4))


def test_weight_0_is_the_likelihood_of_the_good_replies() -> None:
    said = Says([[[-1.0, -2.0, -3.0], [-0.1]]])
    assert losses(said, weight=0.0).item() == 2
    assert losses(said, [[1.0, -1.0]], weight=0.0).item() == 2


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_it_is_the_obvious_loop(b: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    said = [[-0.01 - rng.exponential(size=rng.integers(1, 4)) for _ in range(k)] for _ in range(b)]
    rewards, wanted = rng.choice([-1.0, 0.0, 2.0], size=(b, k)), []
    for replies_, signs in zip(said, rewards, strict=True):
        good = [lp for reply, sign in zip(replies_, signs, strict=True) if sign > 0 for lp in reply]
        bad = [
            math.log(1 - math.exp(lp)) for reply, sign in zip(replies_, signs, strict=True) if sign < 0 for lp in reply
        ]
        wanted.append(-(np.mean(good) if good else 0) - 0.7 * (np.mean(bad) if bad else 0))
    assert losses(Says(said), rewards, weight=0.7).tolist() == pytest.approx(wanted)


def test_certain_tokens_have_a_finite_loss_and_gradient() -> None:
    """A bad token of probability 1 costs log 1e5, where its gradient stops; a good one costs 0."""
    said = Says([[[0.0], [0.0]], [[-800.0], [-800.0]]])
    found = losses(said)
    found.sum().backward()
    assert found.tolist() == pytest.approx([math.log(1e5), 800.0]) and torch.isfinite(said.said.logprobs.grad).all()


def test_absent_and_unjudged_replies_do_not_count() -> None:
    said = Says([[[-1.0], [], [-2.0]]])
    assert losses(said, [[1.0, float("nan"), 0.0]]).item() == 1
    assert losses(said, [[0.0, float("nan"), 0.0]]).item() == 0


def test_it_teaches_good_replies_and_unteaches_bad_ones() -> None:
    lessons = replies([("a", ["bc", "d"], [1, -1]), ("b", ["c", "ef"], [1, -1])])
    student = writer(stream(0, "student"))
    how = Gradient(objective=Unlikelihood(), lr=0.05, passes=30)
    learned = how.learn((Stage(lessons),), None, view(student=student), stream(0, "learn")).student
    before, after = (reference(lessons, view(student=one)).totals for one in (student, learned))
    assert (after[:, 0] > before[:, 0]).all() and (after[:, 1] < before[:, 1]).all()


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="validation error"):
        Unlikelihood(weight=-1)
