"""stepwise_coverage: steps by hand, one step is the whole reply, one draw is plain learning, the dead."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Text
from tutelage.core.descent import Batch, Said
from tutelage.objective.direct_coverage import DirectCoverage
from tutelage.objective.stepwise_coverage import StepwiseCoverage, steps
from tutelage.toys import stream


class Says:
    def __init__(self, logs: object, mask: object) -> None:
        self.logs = torch.as_tensor(np.asarray(logs), dtype=torch.float64)[:, None].requires_grad_()
        self.mask = torch.as_tensor(np.asarray(mask), dtype=torch.bool)[:, None]

    def token_logprobs(self, batch: Batch) -> Said:
        return Said(self.logs * self.mask, self.mask)


def losses(part, module: Says) -> torch.Tensor:
    met = Batch(Text, None, {}, torch.ones(len(module.mask)))
    return part.losses(module, met, stream(0, "learn"))


def test_by_hand() -> None:
    """Steps of p = 1/4 and 1/2 with a user's turn between: two draws, F = 6/7 and 2/3, three tokens.

    (log 16/7 + log 4/3) / 3; a token of the first step gets -6/7 / 3, the one of the second -2/3 / 3.
    """
    module = Says(np.log([[0.5, 0.5, 0.9, 0.5, 0.7]]), [[1, 1, 0, 1, 0]])
    loss = losses(StepwiseCoverage(n=2), module)
    loss.sum().backward()
    assert loss.item() == pytest.approx((np.log(16 / 7) + np.log(4 / 3)) / 3)
    assert module.logs.grad[0, 0].tolist() == pytest.approx([-2 / 7, -2 / 7, 0, -2 / 9, 0])


def obvious(mask: np.ndarray, logs: np.ndarray) -> list[float]:
    """The surprise of each run, walking along the tokens."""
    found, before = [], False
    for on, log in zip(mask, logs, strict=True):
        if on and not before:
            found.append(0.0)
        if on:
            found[-1] -= log
        before = on
    return found


@given(st.integers(1, 4), st.integers(1, 9), st.integers(0, 99))
def test_steps_are_the_runs_of_the_mask(b: int, t: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask, logs = rng.random((b, t)) < 0.6, -rng.exponential(1, (b, t))
    nll, tokens = steps(Says(logs, mask).token_logprobs(None))
    assert tokens.sum(1).tolist() == mask.sum(1).tolist()
    for row in range(b):
        here = obvious(mask[row], logs[row])
        assert nll[row, : len(here)].tolist() == pytest.approx(here) and (nll[row, len(here) :] == 0).all()
        assert int((tokens[row] > 0).sum()) == len(here)


@given(st.integers(1, 9), st.integers(0, 4), st.sampled_from([1, 2, 16]), st.integers(0, 99))
def test_neutral_limit_one_step_is_direct_coverage(t: int, gap: int, n: int, seed: int) -> None:
    logs = -np.random.default_rng(seed).exponential(1, (1, gap + t))
    mask = [[False] * gap + [True] * t]
    one, two = Says(logs, mask), Says(logs, mask)
    mine, whole = losses(StepwiseCoverage(n=n), one), losses(DirectCoverage(n=n), two)
    (mine.sum() + whole.sum()).backward()
    torch.testing.assert_close(mine, whole, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(one.logs.grad, two.logs.grad, rtol=1e-12, atol=1e-12)


def test_neutral_limit_one_draw_is_the_mean_surprise() -> None:
    logs, mask = -np.random.default_rng(0).exponential(1, (1, 5)), np.array([[True, False, True, True, False]])
    assert losses(StepwiseCoverage(n=1), Says(logs, mask)).item() == pytest.approx(-logs[mask].mean())


def test_a_long_answer_is_not_given_up() -> None:
    """Ten steps of p = 1/2 have p = 1/1024 together; with four draws each step's F is 4/15, the whole's is 1."""
    mask = [[True, False] * 10]
    part, module = StepwiseCoverage(n=4, eps=0.3), Says(np.full((1, 20), np.log(0.5)), mask)
    met = Batch(Text, None, {}, torch.ones(1))
    assert part.skips(module, met).tolist() == [True]
    assert DirectCoverage(n=4, eps=0.3).skips(module, met).tolist() == [False]


def test_a_lesson_is_dead_where_every_step_is() -> None:
    """Steps of 0.9 and 0.9, of 0.9 and 0.1, and none at all."""
    module = Says(np.log([[0.9, 1, 0.9], [0.9, 1, 0.1], [0.9, 1, 0.1]]), [[1, 0, 1], [1, 0, 1], [0, 0, 0]])
    met = Batch(Text, None, {}, torch.ones(3))
    assert StepwiseCoverage(n=8).skips(module, met).tolist() == [True, False, True]
    assert not StepwiseCoverage(n=1).skipping and not StepwiseCoverage(eps=0).skipping and StepwiseCoverage().skipping
    assert losses(StepwiseCoverage(), module)[2].item() == 0
