"""soft_targets: by hand, cross_entropy at temperature 1, the size of the gradient, torch's own, classes not known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Soft
from tutelage.core.descent import Batch
from tutelage.core.errors import ContractBroken
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.objective.soft_targets import SoftTargets
from tutelage.toys import stream


class Says:
    def __init__(self, scores: object) -> None:
        self.table = torch.tensor(scores, dtype=torch.float64, requires_grad=True)

    def scores(self, batch: Batch) -> torch.Tensor:
        return self.table


def losses(says: Says, probs: object, part: object = None, **settings: object) -> torch.Tensor:
    given = torch.as_tensor(np.asarray(probs, dtype=np.float64))
    batch = Batch(Soft, None, {"probs": given}, torch.ones(len(given)))
    return (part or SoftTargets(**settings)).losses(says, batch, stream(0, "learn"))


def test_by_hand() -> None:
    """q = 0.8, 0.2 at tau 2: sqrt 4 : 1, 2/3 and 1/3. p = 1/2, 1/2: KL = 2/3 log 4/3 + 1/3 log 2/3 = 0.0566, times 4."""
    kl = 2 / 3 * np.log(4 / 3) + 1 / 3 * np.log(2 / 3)
    assert losses(Says([[0.0, 0.0]]), [[0.8, 0.2]], temperature=2).item() == pytest.approx(4 * kl)


@given(st.integers(1, 4), st.integers(2, 5), st.integers(0, 99))
def test_temperature_1_is_cross_entropy_less_the_entropy_of_the_lesson(b: int, c: int, seed: int) -> None:
    """The neutral limit, and its gradient."""
    rng = np.random.default_rng(seed)
    one, other = (Says(scores) for scores in [rng.normal(size=(b, c))] * 2)
    probs = rng.dirichlet(np.ones(c), b)
    found, wanted = losses(one, probs, temperature=1), losses(other, probs, CrossEntropy())
    entropy = -(probs * np.log(probs)).sum(1)
    assert found.detach().numpy() == pytest.approx(wanted.detach().numpy() - entropy)
    found.sum().backward()
    wanted.sum().backward()
    torch.testing.assert_close(one.table.grad, other.table.grad)


@given(st.integers(1, 4), st.integers(2, 5), st.integers(0, 99), st.sampled_from([1.0, 3.0]))
def test_it_is_torchs_divergence_of_softened_scores(b: int, c: int, seed: int, tau: float) -> None:
    rng = np.random.default_rng(seed)
    mine, teachers = rng.normal(size=(b, c)), rng.normal(size=(b, c)) * 3
    probs = torch.softmax(torch.tensor(teachers), 1)
    logs = [torch.log_softmax(torch.tensor(scores) / tau, 1) for scores in (mine, teachers)]
    wanted = tau**2 * torch.nn.functional.kl_div(*logs, reduction="none", log_target=True).sum(1)
    torch.testing.assert_close(losses(Says(mine), probs, temperature=tau), wanted)


def test_the_gradient_keeps_its_size() -> None:
    """Small scores, high temperatures: (scores - teacher's scores) / C in the limit, without the factor tau^2 far less."""
    mine, teachers = np.array([[0.1, -0.1, 0.0]]), np.array([[-0.2, 0.1, 0.1]])
    said = Says(mine)
    losses(said, np.exp(teachers) / np.exp(teachers).sum(), temperature=1000).sum().backward()
    assert said.table.grad.numpy() == pytest.approx((mine - teachers) / 3, abs=1e-3)


def test_a_sure_lesson_and_fewer_classes() -> None:
    """A probability of 0 stays 0, and a lesson about two of three classes gives the third nothing."""
    said = Says([[0.0, 0.0, 0.0]])
    found = losses(said, [[1.0, 0.0]], temperature=2)
    found.sum().backward()
    assert found.item() == pytest.approx(4 * np.log(3)) and torch.isfinite(said.table.grad).all()
    with pytest.raises(ContractBroken, match="about 3 classes, the module knows 2"):
        losses(Says([[0.0, 0.0]]), [[0.0, 0.0, 1.0]])


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="validation error"):
        SoftTargets(temperature=0.5)
