"""direct_coverage: by hand, one draw is plain learning bit for bit, whole replies, right replies, the dead."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Label, Replies, Rows, Soft, Text, labelled
from tutelage.core.descent import Batch, Said
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.objective.direct_coverage import DirectCoverage
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import stream, vector_pool, view


class Says:
    """A module that finds every batch like this."""

    def __init__(self, table: object, mask: object = None) -> None:
        self.table = torch.as_tensor(np.asarray(table), dtype=torch.float64).requires_grad_()
        self.mask = None if mask is None else torch.as_tensor(np.asarray(mask))

    def scores(self, batch: Batch) -> torch.Tensor:
        return self.table

    def token_logprobs(self, batch: Batch) -> Said:
        return Said(self.table * self.mask, self.mask)


def batch(kind: type, **given) -> Batch:
    columns = {name: torch.as_tensor(np.asarray(value)) for name, value in given.items()}
    size = len(next(iter(columns.values()))) if columns else 1
    return Batch(kind, None, columns, torch.ones(size))


def losses(part: DirectCoverage, module: Says, met: Batch) -> torch.Tensor:
    return part.losses(module, met, stream(0, "learn"))


def test_by_hand() -> None:
    """Scores log 1, log 2, log 5: label 1 has p = 1/4. Two draws: -log(1 - 9/16) = log 16/7, F = 2 * 1/4 * 3/4 /
    (7/16) = 6/7, so the score of label 1 gets 6/7 * (1/4 - 1). Soft 1/2 1/2 0 weighs log 64/15 (p = 1/8) and log 16/7.
    """
    module = Says(np.log([[1.0, 2, 5]]))
    loss = losses(DirectCoverage(n=2), module, batch(Label, label=[1]))
    loss.sum().backward()
    assert loss.item() == pytest.approx(np.log(16 / 7))
    assert module.table.grad[0].tolist() == pytest.approx([6 / 7 / 8, -6 / 7 * 3 / 4, 6 / 7 * 5 / 8])
    soft = batch(Soft, probs=np.array([[0.5, 0.5, 0]], dtype=np.float32))
    wanted = (np.log(64 / 15) + np.log(16 / 7)) / 2
    assert losses(DirectCoverage(n=2), module, soft).item() == pytest.approx(wanted)


def test_a_whole_reply_by_hand() -> None:
    """Tokens of 1/2, 1/2 and a masked one: p = 1/4, not 1/2 each; two draws and two tokens: log(16/7) / 2, slopes F/2."""
    module = Says(np.log([[[0.5, 0.5, 0.1]]]), [[[True, True, False]]])
    loss = losses(DirectCoverage(n=2), module, batch(Text))
    loss.sum().backward()
    assert loss.item() == pytest.approx(np.log(16 / 7) / 2)
    assert module.table.grad[0, 0].tolist() == pytest.approx([-3 / 7, -3 / 7, 0])


@given(st.integers(1, 4), st.integers(1, 6), st.sampled_from([1, 2, 16, 256]), st.booleans(), st.integers(0, 99))
def test_the_slope_is_that_of_the_published_code(b: int, t: int, n: int, series: bool, seed: int) -> None:
    """Token-mean cross-entropy times F(exp of the summed logs), F in double precision and detached."""
    rng = np.random.default_rng(seed)
    mask = rng.random((b, 1, t)) < 0.8
    mask[..., 0] = True
    module = Says(-rng.exponential(0.5, (b, 1, t)), mask)
    losses(DirectCoverage(n=n, series=series), module, batch(Text)).sum().backward()
    logs = module.table.detach().clone().requires_grad_()
    kept = logs * module.mask
    p = kept.sum(2).exp().detach()
    exact = n * (1 - p) ** (n - 1) * p / (1 - (1 - p) ** n)
    quotient = (1 - (n - 1) * p + (n - 1) * (n - 2) * p * p / 2) / (1 - (n - 1) / 2 * p + (n - 1) * (n - 2) / 6 * p * p)
    factor = torch.where((n * p < 0.1) & torch.tensor(series and n > 1), quotient, exact)
    ((-kept.sum(2) / module.mask.sum(2)) * factor).sum().backward()
    torch.testing.assert_close(module.table.grad, logs.grad, rtol=1e-6, atol=1e-12)


POINTS = vector_pool(np.random.default_rng(3).normal(size=(40, 3)), ("a", "b", "c"))
CODES = np.arange(40) % 3
FIRST = Mlp(hidden=(6,)).begin(POINTS, stream(0, "student"))


def learned(objective, **how):
    stage = Stage((labelled(Rows(POINTS, np.arange(40)), CODES, "oracle"),))
    part = Gradient(objective=objective, **{"optimiser": "sgd", "lr": 0.3, "batch": 16, "passes": 6, **how})
    return part.learn((stage,), None, view(pool=POINTS, student=FIRST), stream(0, "learn"))


def test_neutral_limit_one_draw_is_cross_entropy_bit_for_bit() -> None:
    """The whole run, whatever eps; and its loss. With two draws it is another."""
    plain = learned(CrossEntropy())
    for eps in (0.0, 0.1):
        same = learned(DirectCoverage(n=1, eps=eps))
        assert same.student.fingerprint == plain.student.fingerprint and same.facts == plain.facts
    assert learned(DirectCoverage(n=2, eps=0)).student.fingerprint != plain.student.fingerprint


def test_neutral_limit_one_draw_is_the_mean_surprise_of_a_replys_tokens() -> None:
    table = -np.random.default_rng(0).exponential(1, (3, 1, 5))
    mask = np.arange(5) < np.array([1, 3, 5])[:, None, None]
    loss = losses(DirectCoverage(n=1), Says(table, mask), batch(Text))
    assert loss.detach().numpy() == pytest.approx([-row[0, :k].mean() for row, k in zip(table, (1, 3, 5), strict=True)])


def test_right_replies_by_hand() -> None:
    """Four replies, one absent, one of the three right: p = 1/3; with two draws F = 2 * 1/3 * 2/3 / (5/9) = 4/5. The
    right one has two tokens of mean surprise 0.3, so 0.24; wrong ones get no slope. No right reply: 0."""
    table = np.array([[[-0.2, -0.4], [-1.0, -1], [-2, -2], [0, 0]]] * 2)
    mask = np.array([[[True, True]] * 3 + [[False, False]]] * 2)
    module = Says(table, mask)
    rewards = np.array([[1, 0, 0, np.nan], [0, 0, 0, np.nan]], dtype=np.float32)
    met = batch(Replies, rewards=rewards)
    loss = losses(DirectCoverage(n=2), module, met)
    loss.sum().backward()
    assert loss.tolist() == pytest.approx([0.24, 0])
    assert module.table.grad[0].tolist() == [pytest.approx([-0.4, -0.4]), [0, 0], [0, 0], [0, 0]]
    assert (module.table.grad[1] == 0).all()
    assert DirectCoverage(n=2).skips(module, met).tolist() == [False, True]


def test_the_slope_of_right_replies_is_that_of_the_marginal_probability() -> None:
    """Over drawn chains z the slope of log sum_z p(z) [z right] is the mean over right chains of the slope of log p(z).

    Six one-token chains, two right. Weighted by how often each is drawn, here in its exact proportion out of 100.
    """
    scores = torch.tensor(np.log([0.1, 0.2, 0.3, 0.2, 0.1, 0.1]), requires_grad=True)
    logs = torch.log_softmax(scores, 0)
    right = torch.tensor([True, True, False, False, False, False])
    p = logs.exp()[right].sum()
    (wanted,) = torch.autograd.grad(-torch.log(1 - (1 - p) ** 4), scores, retain_graph=True)
    drawn = torch.repeat_interleave(torch.arange(6), torch.tensor([10, 20, 30, 20, 10, 10]))
    module = Says([[[0.0]] * 100], [[[True]] * 100])
    module.table = logs[drawn][None, :, None]
    loss = losses(DirectCoverage(n=4), module, batch(Replies, rewards=right[drawn].float()[None].numpy()))
    (found,) = torch.autograd.grad(loss.sum(), scores)
    torch.testing.assert_close(found, wanted, rtol=1e-6, atol=1e-9)


def test_the_dead() -> None:
    """Of four draws p = 1/2 gives F = 4 / 8 * 1/2 / (15/16) = 4/15, p = 0.9 gives 0.0036."""
    module = Says(np.log([[0.5, 0.5], [0.9, 0.1]]))
    met = batch(Label, label=[0, 0])
    assert DirectCoverage(n=4, eps=0.2).skips(module, met).tolist() == [False, True]
    assert DirectCoverage(n=4, eps=0.27).skips(module, met).tolist() == [True, True]
    said = Says(np.log([[[0.9, 0.9]], [[0.9, 0.1]]]), np.ones((2, 1, 2), dtype=bool))
    assert DirectCoverage(n=16, eps=0.1).skips(said, batch(Text)).tolist() == [True, False]
    assert not DirectCoverage(n=4, eps=0).skipping and not DirectCoverage(n=1).skipping and DirectCoverage().skipping


def test_the_dead_are_replaced_and_batches_stay_full() -> None:
    """Six passes over 40 lessons in batches of 16, 16 and 8; every batch shown is one of these sizes."""
    facts = learned(DirectCoverage(n=4, eps=0.3), lr=1.0).facts
    assert facts["visits"] + facts["skipped"] == 240 and 0 < facts["updates"] < 18 and facts["visits"] % 8 == 0


def test_when_all_are_dead_nothing_moves_and_it_ends() -> None:
    """Three classes start at p = 1/3: with 64 draws F = 4e-10."""
    done = learned(DirectCoverage(n=64))
    assert done.facts == {"lessons": 40, "updates": 0, "visits": 0, "skipped": 240, "moving": 45}
    assert (done.student.probs(POINTS) == FIRST.probs(POINTS)).all()


def test_it_stops_at_less_confidence_than_cross_entropy() -> None:
    sure = {n: learned(DirectCoverage(n=n, eps=0), passes=60).student.probs(POINTS)[np.arange(40), CODES].mean()
            for n in (1, 4, 16)}  # fmt: skip
    assert sure[1] > sure[4] > sure[16]


def test_a_label_that_the_module_does_not_know_is_named() -> None:
    with pytest.raises(ContractBroken, match="label 2, the module knows 2"):
        losses(DirectCoverage(), Says([[0.0, 0]]), batch(Label, label=[2]))


@pytest.mark.parametrize("settings", [{"n": 0}, {"eps": 1.0}, {"eps": -0.1}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        DirectCoverage(**settings)
