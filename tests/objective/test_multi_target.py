"""multi_target: by hand, one target, the two ends of beta, gradients as posteriors, lengths, lessons without a target."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Replies
from tutelage.core.descent import Batch, Said
from tutelage.core.stages import Stage
from tutelage.kit.reference import reference
from tutelage.learn.gradient import Gradient
from tutelage.objective.multi_target import MultiTarget
from tutelage.toy_writer import Says, replies, writer
from tutelage.toys import stream, view

MODES = ("mle_aug", "mml", "beta_mml")


def losses(says: Says, rewards: object, **settings: object) -> torch.Tensor:
    at = torch.tensor(rewards, dtype=torch.float32)
    return MultiTarget(**settings).losses(
        says, Batch(Replies, None, {"rewards": at}, torch.ones(len(at))), stream(0, "learn")
    )


def test_by_hand() -> None:
    """P = 1/2 and 1/4 * 1/4 = 1/16, the third is wrong. Sum of logs: log 32. Log of the sum 9/16.

    beta 1/2: sqrt(1/2) + sqrt(1/16) = 0.9571, to the power 2: 0.9161, loss 0.0877.
    """
    said = Says([[[math.log(1 / 2)], [math.log(1 / 4)] * 2, [-0.01]]])
    rewards = [[1.0, 0.5, 0.0]]
    assert losses(said, rewards, mode="mle_aug").item() == pytest.approx(math.log(32))
    assert losses(said, rewards, mode="mml").item() == pytest.approx(math.log(16 / 9))
    found = losses(said, rewards, mode="beta_mml", beta=0.5).item()
    assert found == pytest.approx(-2 * math.log(math.sqrt(1 / 2) + 1 / 4)) == pytest.approx(0.0877, abs=1e-4)


def test_lengths_by_hand() -> None:
    """Sums log 1/2 (one token) and log 1/16 (two): scaled to two tokens, log 1/4 and log 1/16. A wrong one does not count."""
    said = Says([[[math.log(1 / 2)], [math.log(1 / 4)] * 2, [-1.0] * 5]])
    found = losses(said, [[1.0, 1.0, -1.0]], mode="mml", length_norm=True)
    assert found.item() == pytest.approx(-math.log(1 / 4 + 1 / 16))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("length_norm", [False, True])
def test_with_one_target_it_is_the_likelihood(mode: str, length_norm: bool) -> None:
    """The neutral limit, exactly in value; the gradient of each of its tokens is -1, of the others 0."""
    said = Says([[[-9.0], [-1.0, -2.0, -0.5], []]])
    found = losses(said, [[-1.0, 1.0, float("nan")]], mode=mode, length_norm=length_norm)
    found.sum().backward()
    assert found.item() == pytest.approx(3.5)
    assert said.said.logprobs.grad[0].tolist() == [[0, 0, 0], [-1, -1, -1], [0, 0, 0]]


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99), st.sampled_from([0.05, 0.25, 1.0]))
def test_the_weights_of_the_gradient_are_the_posterior(b: int, k: int, seed: int, beta: float) -> None:
    """P^beta / sum P^beta over the targets; at beta = 1 mml, whose loss is logsumexp."""
    rng = np.random.default_rng(seed)
    said = [[-rng.exponential(size=rng.integers(1, 4)) for _ in range(k)] for _ in range(b)]
    rewards = rng.choice([-1.0, 0.0, 1.0, 0.5], size=(b, k))
    says = Says(said)
    found = losses(says, rewards, mode="beta_mml", beta=beta)
    found.sum().backward()
    for i in range(b):
        total = np.array([reply.sum() for reply in said[i]])
        wanted = rewards[i] > 0
        if not wanted.any():
            assert found[i].item() == 0 and (says.said.logprobs.grad[i] == 0).all()
            continue
        powers = np.exp(beta * total) * wanted
        assert found[i].item() == pytest.approx(-np.log(powers.sum()) / beta)
        assert says.said.logprobs.grad[i, :, 0].numpy() == pytest.approx(-powers / powers.sum())
    if beta == 1:
        torch.testing.assert_close(found, losses(Says(said), rewards, mode="mml"))


@pytest.mark.parametrize("beta", [1.0, 0.25])
def test_two_targets_by_finite_differences(beta: float) -> None:
    """The slope of the loss along each log-probability against its share of P^beta, in double precision, to 1e-5.

    At beta 1 and P = 0.6, 0.2: 3/4 and 1/4. The third reply is wrong: the loss does not move with it.
    """

    def loss(total: np.ndarray) -> float:
        logs = torch.from_numpy(total)[None, :, None]

        class Double:
            def token_logprobs(self, batch: Batch) -> Said:
                return Said(logs, torch.ones_like(logs, dtype=torch.bool))

        batch = Batch(Replies, None, {"rewards": torch.tensor([[1.0, 0.5, 0.0]])}, torch.ones(1))
        return float(MultiTarget(mode="beta_mml", beta=beta).losses(Double(), batch, stream(0, "learn"))[0])

    total, step = np.log([0.6, 0.2, 0.2]), 1e-6
    slopes = [(loss(total + step * e) - loss(total - step * e)) / (2 * step) for e in np.eye(3)]
    powers = np.array([0.6**beta, 0.2**beta, 0.0])
    assert slopes == pytest.approx(-powers / powers.sum(), abs=1e-5)
    if beta == 1:
        assert slopes == pytest.approx([-0.75, -0.25, 0], abs=1e-5)


def test_for_small_beta_the_gradient_is_that_of_mle_aug_over_the_number_of_targets() -> None:
    said = [[[-1.0], [-3.0, -0.5], [-2.0]]]
    one, other = Says(said), Says(said)
    losses(one, [[1.0, 1.0, -1.0]], mode="beta_mml", beta=1e-6).sum().backward()
    losses(other, [[1.0, 1.0, -1.0]], mode="mle_aug").sum().backward()
    torch.testing.assert_close(one.said.logprobs.grad, other.said.logprobs.grad / 2, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mode", MODES)
def test_a_lesson_without_a_target_teaches_nothing(mode: str) -> None:
    said = Says([[[-1.0], [-800.0]], [[-1.0], [-2.0]]])
    found = losses(said, [[0.0, -1.0], [0.0, 1.0]], mode=mode, length_norm=True)
    found.sum().backward()
    assert found[0].item() == 0 and (said.said.logprobs.grad[0] == 0).all() and found[1].item() == 2


@pytest.mark.parametrize("mode", MODES)
def test_it_teaches_the_targets(mode: str) -> None:
    """Their probability grows, taken together, also where one is a beginning that is not whole."""
    lessons = replies([("a", ["bc", "b", "h"], [1, 1, 0]), ("b", ["c", "cd", "h"], [1, 1, 0])],
                      ends=[[True, False, True], [True, True, True]])  # fmt: skip
    student = writer(stream(0, "student"))
    how = Gradient(objective=MultiTarget(mode=mode), lr=0.05, passes=30)
    learned = how.learn((Stage(lessons),), None, view(student=student), stream(0, "learn")).student
    before, after = (reference(lessons, view(student=one)).totals for one in (student, learned))
    assert (np.logaddexp(*after[:, :2].T) > np.logaddexp(*before[:, :2].T)).all()


@pytest.mark.parametrize("settings", [{"beta": 0}, {"beta": 1.5}, {"mode": "mle"}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        MultiTarget(**settings)
