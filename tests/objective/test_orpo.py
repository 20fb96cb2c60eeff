"""orpo: a number by hand, the likelihood alone at weight 0, an obvious reference, and replies that are certain."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Preference
from tutelage.core.descent import Batch
from tutelage.objective.orpo import Orpo
from tutelage.toy_writer import Says
from tutelage.toys import stream


def losses(says: Says, **settings: object) -> torch.Tensor:
    batch = Batch(Preference, None, {}, torch.ones(len(says.said.mask)))
    return Orpo(**settings).losses(says, batch, stream(0, "learn"))


def test_by_hand() -> None:
    """Means log 3/4 (odds 3) and log 1/2 (odds 1): log 4/3 + weight * log(1 + 1/3). Weight 1: 2 log 4/3."""
    said = Says([[[math.log(0.9), math.log(0.5625 / 0.9)], [math.log(0.5)]]])
    assert losses(said, weight=1.0).item() == pytest.approx(2 * math.log(4 / 3))
    assert losses(said, weight=0.1).item() == pytest.approx(1.1 * math.log(4 / 3))


def test_weight_0_is_the_likelihood_of_the_chosen_reply() -> None:
    """The neutral limit: the mean token of the chosen reply, whatever the rejected one."""
    said = Says([[[-1.0, -2.0], [-0.1]], [[-0.5], [-9.0]]])
    assert losses(said, weight=0.0).tolist() == [1.5, 0.5]


@given(st.integers(1, 4), st.integers(0, 99))
def test_it_is_the_obvious_loop(b: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    said = [[-rng.exponential(size=rng.integers(1, 5)) for _ in range(2)] for _ in range(b)]
    wanted = []
    for chosen, rejected in said:
        p, q = math.exp(chosen.mean()), math.exp(rejected.mean())
        ratio = (p / (1 - p)) / (q / (1 - q))
        wanted.append(-math.log(p) - 0.3 * math.log(ratio / (1 + ratio)))
    assert losses(Says(said), weight=0.3).tolist() == pytest.approx(wanted, rel=1e-6)


def test_certain_replies_have_a_finite_loss_and_gradient() -> None:
    """A probability of 1 counts as 1 - 1e-5: odds of e^11.5, and no infinite slope."""
    said = Says([[[0.0], [0.0]], [[0.0], [-800.0]]])
    found = losses(said, weight=1.0)
    found.sum().backward()
    assert found[0].item() == pytest.approx(math.log(2)) and torch.isfinite(found).all()
    assert torch.isfinite(said.said.logprobs.grad).all()


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="validation error"):
        Orpo(weight=-0.1)
