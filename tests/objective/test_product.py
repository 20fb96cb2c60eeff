"""product: a number by hand, the gradient of the authors' loss with its target held constant, and its limits."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Label, Soft
from tutelage.core.descent import Batch
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.objective.product import Product
from tutelage.toys import stream


class Says:
    """A module that scores every batch like this."""

    def __init__(self, scores: torch.Tensor) -> None:
        self.table = scores

    def scores(self, batch: Batch) -> torch.Tensor:
        return self.table


def losses(scores: torch.Tensor, weak: np.ndarray, **settings: float) -> torch.Tensor:
    batch = Batch(Soft, None, {"probs": torch.tensor(weak)}, torch.ones(len(weak)))
    return Product(**settings).losses(Says(scores), batch, stream(0, "learn"))


def test_by_hand() -> None:
    """p = (3/4 1/4), w = (1/5 4/5): sum .15 + .2 = .35. The target is (.15 .2) / .35, the gradient p less that.

    alpha 2: w^2 = .04 and .64, of .68: log((.04 .75 + .64 .25) / .68).
    """
    scores = torch.tensor(np.log([[0.75, 0.25]]), requires_grad=True)
    loss = losses(scores, np.array([[0.2, 0.8]]))
    loss.sum().backward()
    assert loss.item() == pytest.approx(-np.log(0.35))
    assert scores.grad[0].numpy() == pytest.approx([0.75 - 0.15 / 0.35, 0.25 - 0.2 / 0.35])
    again = losses(scores, np.array([[0.2, 0.8]]), alpha=2)
    assert again.item() == pytest.approx(-np.log((0.04 * 0.75 + 0.64 * 0.25) / 0.68))


@given(st.integers(1, 6), st.integers(2, 5), st.integers(0, 999), st.sampled_from([0.0, 0.5, 1.0, 2.0]),
       st.sampled_from([0.25, 1.0, 2.0]))  # fmt: skip
def test_its_gradient_is_that_of_the_authors_loss(b: int, c: int, seed: int, alpha: float, beta: float) -> None:
    """Theirs: cross entropy with p^beta w^alpha, renormalised, as a constant."""
    rng = np.random.default_rng(seed)
    scores, weak = torch.tensor(rng.normal(size=(b, c)), requires_grad=True), rng.dirichlet(np.ones(c), b)
    target = torch.softmax(scores, dim=1) ** beta * torch.tensor(weak) ** alpha
    target = (target / target.sum(dim=1, keepdim=True)).detach()
    (theirs,) = torch.autograd.grad(torch.nn.functional.cross_entropy(scores, target, reduction="sum"), scores)
    (ours,) = torch.autograd.grad(losses(scores, weak, alpha=alpha, beta=beta).sum(), scores)
    torch.testing.assert_close(ours, theirs)


@given(st.integers(1, 6), st.integers(2, 5), st.integers(0, 99))
def test_beta_0_is_cross_entropy_and_small_beta_tends_to_it(b: int, c: int, seed: int) -> None:
    """The neutral limit."""
    rng = np.random.default_rng(seed)
    scores, weak = torch.tensor(rng.normal(size=(b, c))), rng.dirichlet(np.ones(c), b)
    batch = Batch(Soft, None, {"probs": torch.tensor(weak)}, torch.ones(b))
    plain = CrossEntropy().losses(Says(scores), batch, stream(0, "learn"))
    torch.testing.assert_close(losses(scores, weak, beta=0), plain)
    torch.testing.assert_close(losses(scores, weak, beta=1e-6), plain, atol=1e-4, rtol=1e-4)


def test_alpha_0_and_beta_1_teach_nothing() -> None:
    """The target is the student's own p, so that the gradient is 0 whatever w says."""
    rng = np.random.default_rng(0)
    scores = torch.tensor(rng.normal(size=(5, 3)), requires_grad=True)
    losses(scores, rng.dirichlet(np.ones(3), 5), alpha=0, beta=1).sum().backward()
    assert float(scores.grad.abs().max()) < 1e-15


def test_a_hard_label_leaves_only_its_class() -> None:
    """log sum_c w_c p_c is log p at the label, hence cross entropy, with a finite gradient."""
    scores = torch.tensor(np.log([[0.2, 0.8]]), requires_grad=True)
    batch = Batch(Label, None, {"label": torch.tensor([0])}, torch.ones(1))
    loss = Product().losses(Says(scores), batch, stream(0, "learn"))
    loss.sum().backward()
    assert loss.item() == pytest.approx(-np.log(0.2)) and torch.isfinite(scores.grad).all()


@pytest.mark.parametrize("settings", [{"alpha": -1}, {"beta": -0.1}])
def test_settings_without_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Product(**settings)
