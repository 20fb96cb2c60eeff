"""Coverage by N samples: the slope, its ends, the published series, and the optimum that two problems agree on."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.kit.coverage import factor, missed, surprise

NS = (1, 2, 16, 256, 4096)
PS = (1e-8, 1e-4, 0.01, 0.1, 0.5, 0.9, 1 - 1e-4, 1 - 1e-8)


def logs(*p: float) -> torch.Tensor:
    return torch.tensor(p, dtype=torch.float64).log()


def test_by_hand() -> None:
    """N = 2, p = 1/2: F = 2 * 1/2 * 1/2 / (1 - 1/4) = 2/3, and the loss log 4/3."""
    assert factor(logs(0.5), 2).item() == pytest.approx(2 / 3, abs=1e-15)
    assert surprise(logs(0.5), 2).item() == pytest.approx(np.log(4 / 3), abs=1e-15)


@pytest.mark.parametrize("n", NS)
def test_the_slope_is_f_times_that_of_cross_entropy(n: int) -> None:
    """To 1e-10, against autograd of the loss; of two ways to write it the one whose own slope keeps its digits."""
    p = torch.tensor(PS, dtype=torch.float64, requires_grad=True)
    small, large = p[p < 0.3], p[p >= 0.3]
    loss = torch.cat([-torch.log(-torch.expm1(n * torch.log1p(-small))), -torch.log1p(-((1 - large) ** n))])
    (wanted,) = torch.autograd.grad(loss.sum(), p)
    (plain,) = torch.autograd.grad(-torch.log(p).sum(), p)
    torch.testing.assert_close(factor(p.detach().log(), n) * plain, wanted, rtol=1e-10, atol=1e-10)
    (ours,) = torch.autograd.grad(missed(-torch.log(p), n).sum(), p)
    torch.testing.assert_close(ours, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("n", NS)
@pytest.mark.parametrize("p", PS)
def test_against_four_hundred_digits(n: int, p: float) -> None:
    """At the p that its logarithm stands for: a logarithm in double precision cannot hold every digit of 1 - p."""
    logp = logs(p)
    with localcontext() as context:
        context.prec = 400
        exact = Decimal(logp.item()).exp()
        missing = (1 - exact) ** n
        wanted = n * exact * missing / (1 - exact) / (1 - missing)
        loss = -(1 - missing).ln()
    assert factor(logp, n).item() == pytest.approx(float(wanted), rel=1e-10, abs=1e-300)
    assert surprise(logp, n).item() == pytest.approx(float(loss), rel=1e-10, abs=1e-300)


def test_the_ends() -> None:
    """F(1, p) = 1, F(N, 0) = 1, F(N, 1) = 0 for N > 1; the loss at 1 is 0."""
    ends = torch.tensor([-torch.inf, 0.0])
    for n in NS[1:]:
        assert factor(ends, n).tolist() == [1, 0] and surprise(ends, n).tolist() == [torch.inf, 0]
    assert factor(torch.tensor([-torch.inf, -1.0, 0.0]), 1).tolist() == [1, 1, 1]


@given(st.sampled_from(NS[1:]), st.floats(-18, -1e-9), st.floats(1e-3, 5))
def test_it_falls_strictly_with_p(n: int, low: float, step: float) -> None:
    """Down to where it is 0 to double precision."""
    one, two = factor(torch.tensor([low - step, low], dtype=torch.float64), n).tolist()
    assert 1 >= one >= two >= 0 and (one > two or one < 1e-290 or one > 1 - 1e-12)


def test_at_one_in_n_it_is_one_over_e_less_one() -> None:
    """F(N, 1/N) -> 1 / (e - 1) = 0.58198: (1 - 1/N)^(N-1) -> 1/e over 1 - 1/e. At N = 256 it is 0.5825."""
    assert factor(logs(1e-7), 10_000_000).item() == pytest.approx(1 / (np.e - 1), abs=1e-6)
    assert factor(logs(1 / 256), 256).item() == pytest.approx(0.5825, abs=5e-5)


@pytest.mark.parametrize("n", NS[1:])
def test_the_published_series(n: int) -> None:
    """Within 1e-3 of F up to N p = 0.1, F itself beyond, and 1 at p = 0."""
    p = torch.linspace(0.0, 0.19 / n, 41, dtype=torch.float64)
    exact, series = factor(p.log(), n), factor(p.log(), n, series=True)
    few = n * p < 0.1
    assert (exact - series)[few].abs().max() < 1e-3 and (exact == series)[~few].all() and few.any() and (~few).any()
    assert series[0] == 1
    at = 0.05 / n
    by_hand = (1 - (n - 1) * at + (n - 1) * (n - 2) * at**2 / 2) / (
        1 - (n - 1) * at / 2 + (n - 1) * (n - 2) * at**2 / 6
    )
    assert factor(logs(at), n, series=True).item() == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("n", NS)
def test_nothing_is_nan_in_single_precision(n: int) -> None:
    """From a log-probability of 0 to one of -1e30, values and slopes."""
    nll = torch.tensor([0.0, 1e-30, 1e-7, 1.0, 50.0, 200.0, 1e4, 1e30], requires_grad=True)
    loss = missed(nll, n)
    loss.sum().backward()
    assert torch.isfinite(loss).all() and torch.isfinite(nll.grad).all() and loss.dtype == torch.float32
    assert (nll.grad[-1], nll.grad[0]) == (1, 1 if n == 1 else 0)


def test_with_one_draw_it_is_the_surprise_itself() -> None:
    nll = torch.rand(100, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = missed(nll, 1)
    loss.sum().backward()
    assert (loss == nll).all() and (nll.grad == 1).all()


def descended(n: int, scores: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The probabilities after many steps of plain descent on sum_i weight_i * loss_i."""
    scores = scores.clone().requires_grad_()
    for _ in range(4000):
        loss = (weight * missed(-torch.log_softmax(scores, 0), n)).sum()
        (slope,) = torch.autograd.grad(loss, scores)
        scores = (scores - 0.5 * slope).detach().requires_grad_()
    return torch.softmax(scores, 0).detach()


def test_one_problem_has_the_same_optimum_for_every_n() -> None:
    """All mass on the answer; more slowly for a larger N, whose slope vanishes above 1 / N."""
    start, answer = torch.zeros(4, dtype=torch.float64), torch.tensor([0.0, 1, 0, 0], dtype=torch.float64)
    found = [descended(n, start, answer)[1].item() for n in (1, 2, 4)]
    assert found[0] > found[1] > found[2] > 0.8


def test_two_problems_in_conflict_move_towards_one_half() -> None:
    """Labels with shares a = 0.8 and b = 0.2 share one parameter: a F(N, p) / p = b F(N, 1 - p) / (1 - p) at p.

    With one draw p = a. With two, 4 (1 - p) / (p (2 - p)) = p / (1 - p^2), which is 5 p^3 - 6 p^2 - 4 p + 4 = 0, so
    p = 0.695. With 64 the slope at 1/2 is too small to descend by; the equation is solved by bisection.
    """
    a, b, found = 0.8, 0.2, []
    for n in (1, 2, 8, 64):
        low, high = 1e-6, 1 - 1e-6
        for _ in range(200):
            p = (low + high) / 2
            ours, theirs = n * (1 - p) ** (n - 1) / (1 - (1 - p) ** n), n * p ** (n - 1) / (1 - p**n)
            low, high = (p, high) if a * ours > b * theirs else (low, p)
        if n < 64:
            both = descended(n, torch.zeros(2, dtype=torch.float64), torch.tensor([a, b], dtype=torch.float64))
            assert both[0].item() == pytest.approx(p, abs=1e-4)
        found.append(p)
    assert (
        found[:2] == pytest.approx([0.8, 0.695], abs=5e-4) and found == sorted(found, reverse=True) and found[-1] < 0.55
    )
