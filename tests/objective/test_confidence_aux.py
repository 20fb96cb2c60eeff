"""confidence_aux: numbers by hand, the authors' two-class rule, the balance of hard guesses, its limits, its ramps."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Label, Soft
from tutelage.core.descent import Batch
from tutelage.core.errors import ContractBroken
from tutelage.objective.confidence_aux import ConfidenceAux, hardened, shared
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.toys import stream


class Says:
    """A module that scores every batch like this."""

    def __init__(self, scores: torch.Tensor) -> None:
        self.table = scores

    def scores(self, batch: Batch) -> torch.Tensor:
        return self.table


def table(values: object) -> torch.Tensor:
    return torch.as_tensor(np.asarray(values), dtype=torch.float64)


def losses(scores: object, weak: object, progress: float = 1.0, **settings: object) -> torch.Tensor:
    batch = Batch(Soft, None, {"probs": table(weak)}, torch.ones(len(weak)), progress=progress)
    return ConfidenceAux(**settings).losses(Says(table(scores)), batch, stream(0, "learn"))


def test_by_hand() -> None:
    """p = (.9 .1), (.6 .4), weak = (.5 .5) twice: t is the median .75, so the guesses are class 0 and class 1.

    With weight 1/2 the targets are (.75 .25) and (.25 .75).
    """
    scores = np.log([[0.9, 0.1], [0.6, 0.4]])
    found = losses(scores, [[0.5, 0.5]] * 2)
    want = [-0.75 * np.log(0.9) - 0.25 * np.log(0.1), -0.25 * np.log(0.6) - 0.75 * np.log(0.4)]
    assert found.numpy() == pytest.approx(want)


def test_three_classes_by_hand() -> None:
    """Weak shares 1/2, 1/4, 1/4 of 4 rows are 2, 1, 1 places. Row 0 and 1 are surest of class 0; of rows 2 and 3, which
    also prefer it, row 2 goes to 1 and row 3 to 2: log .3 + log .3 is more than log .1 + log .1.
    """
    logs = table(np.log([[0.9, 0.05, 0.05], [0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.6, 0.1, 0.3]]))
    weak = table([[0.5, 0.25, 0.25]] * 4)
    assert hardened(logs, weak).argmax(dim=1).tolist() == [0, 0, 1, 2]


def authors(scores: torch.Tensor, weak: torch.Tensor, a: float) -> torch.Tensor:
    """The two-class rule in one line each: the quantile of p_0 at the mean weak probability of class 1."""
    p = torch.softmax(scores, dim=1)[:, 0]
    positive = p >= torch.quantile(p, weak[:, 1].mean())
    target = (1 - a) * weak + a * torch.stack([positive, ~positive], dim=1).double()
    return torch.nn.functional.cross_entropy(scores, target.detach(), reduction="none")


@given(st.integers(2, 40), st.integers(0, 999), st.sampled_from([0.25, 0.5, 1.0]))
def test_it_is_the_authors_rule_for_two_classes(b: int, seed: int, a: float) -> None:
    rng = np.random.default_rng(seed)
    scores, weak = rng.normal(size=(b, 2)), rng.dirichlet(np.ones(2), b)
    torch.testing.assert_close(losses(scores, weak, weight=a), authors(table(scores), table(weak), a))


@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 999))
def test_each_class_gets_its_share_of_the_batch(b: int, c: int, seed: int) -> None:
    """Within one row; and one guess a row."""
    rng = np.random.default_rng(seed)
    logs = torch.log_softmax(table(rng.normal(size=(b, c))), dim=1)
    weak = rng.dirichlet(np.ones(c), b)
    guess = hardened(logs, table(weak)).numpy()
    assert (guess.sum(axis=1) == 1).all()
    assert (np.abs(guess.sum(axis=0) - weak.sum(axis=0)) < 1 + 1e-9).all()


@pytest.mark.parametrize("b", [2, 10, 32])
def test_labels_without_an_opinion_give_half_of_each(b: int) -> None:
    """Though the student prefers class 0 everywhere, as a threshold of .5 would not notice."""
    scores = np.stack([np.linspace(1, 2, b), np.zeros(b)], axis=1)
    guess = hardened(torch.log_softmax(table(scores), dim=1), table([[0.5, 0.5]] * b))
    assert guess.sum(dim=0).tolist() == [b / 2, b / 2]


@given(st.integers(2, 12), st.integers(2, 4), st.integers(0, 99))
def test_weight_0_is_cross_entropy_to_the_bit(b: int, c: int, seed: int) -> None:
    """The neutral limit; also the first update, whose progress is 0."""
    rng = np.random.default_rng(seed)
    scores, weak = table(rng.normal(size=(b, c))), table(rng.dirichlet(np.ones(c), b))
    batch = Batch(Soft, None, {"probs": weak}, torch.ones(b), progress=0.7)
    plain = CrossEntropy().losses(Says(scores), batch, stream(0, "learn"))
    assert torch.equal(ConfidenceAux(weight=0).losses(Says(scores), batch, stream(0, "learn")), plain)
    first = batch._replace(progress=0.0)
    assert torch.equal(ConfidenceAux().losses(Says(scores), first, stream(0, "learn")), plain)


def test_no_gradient_goes_through_the_guesses_and_a_sure_student_has_none() -> None:
    """At weight 1 the gradient is p - h: by hand .9 - 1 and .6 - 0 for class 0; and it vanishes as p becomes h."""
    scores = torch.tensor(np.log([[0.9, 0.1], [0.6, 0.4]]), requires_grad=True)
    batch = Batch(Soft, None, {"probs": table([[0.5, 0.5]] * 2)}, torch.ones(2), progress=1.0)
    part = ConfidenceAux(weight=1)
    part.losses(Says(scores), batch, stream(0, "learn")).sum().backward()
    assert scores.grad[:, 0].numpy() == pytest.approx([-0.1, 0.6])
    sure = torch.tensor([[30.0, 0.0], [0.0, 30.0]], dtype=torch.float64, requires_grad=True)
    part.losses(Says(sure), batch, stream(0, "learn")).sum().backward()
    assert float(sure.grad.abs().max()) < 1e-12


def test_ramps_by_hand() -> None:
    """Weight .6: at half of a linear warm-up .3; the authors' code has .6 times the progress, and jumps after it."""
    linear, jump = ConfidenceAux(weight=0.6, warm_up=0.2), ConfidenceAux(weight=0.6, warm_up=0.1, ramp="jump")
    assert [linear.share(at) for at in (0.0, 0.1, 0.2, 0.9)] == pytest.approx([0, 0.3, 0.6, 0.6])
    assert [jump.share(at) for at in (0.0, 0.05, 0.1, 0.11)] == pytest.approx([0, 0.03, 0.06, 0.6])
    assert ConfidenceAux(weight=0.6, warm_up=0).share(0.0) == 0.6


def test_hard_labels_will_do() -> None:
    batch = Batch(Label, None, {"label": torch.tensor([0, 1])}, torch.ones(2), progress=1.0)
    found = ConfidenceAux(weight=0.5).losses(Says(table(np.log([[0.8, 0.2], [0.7, 0.3]]))), batch, stream(0, "learn"))
    assert found.numpy() == pytest.approx(-np.log([0.8, 0.3]))


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6), st.integers(0, 50))
def test_shares_in_whole_numbers(weights: list[float], size: int) -> None:
    mean = np.array(weights) / sum(weights)
    found = shared(mean, size)
    assert found.sum() == size and (np.abs(found - size * mean) < 1 + 1e-6).all()


def test_a_label_that_the_module_does_not_know_is_named() -> None:
    batch = Batch(Label, None, {"label": torch.tensor([2])}, torch.ones(1), progress=1.0)
    with pytest.raises(ContractBroken, match="label 2, the module knows 2"):
        ConfidenceAux().losses(Says(table([[0.0, 0.0]])), batch, stream(0, "learn"))


@pytest.mark.parametrize("settings", [{"weight": 1.5}, {"warm_up": -1}, {"ramp": "cosine"}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        ConfidenceAux(**settings)
