"""Coverage of an answer by N samples, from its log-probability, with the gradient that learning by it needs.

    C = 1 - (1 - p)^N,    loss = -log C,    d loss = F d(-log p),    F = N p (1 - p)^(N-1) / (1 - (1 - p)^N)

All in double precision and in logarithms, so that neither a p of 1e-300 nor one of 1 loses digits or becomes no number.
"""

from __future__ import annotations

import math
from typing import Any

import torch

RARE = math.log(1e-18)  # N p below this: F is 1 and C is N p, to double precision
FEW = 0.1  # N p below this: where the published code takes `series`


def factor(logp: Any, n: int, series: bool = False) -> Any:
    """F, from 1 where p is 0 (or N is 1) down to 0 where p is 1; no gradient goes through it.

    series: where N p < 0.1 the quotient of two polynomials that the authors' code takes instead,
    [1 - (N-1) p + (N-1)(N-2) p^2 / 2] / [1 - (N-1) p / 2 + (N-1)(N-2) p^2 / 6].
    """
    logp = _double(logp)
    if n == 1:
        return torch.ones_like(logp)
    other = _log1mexp(logp)
    exact = torch.exp(math.log(n) + logp + (n - 1) * other - _log1mexp(n * other))
    made = torch.where(logp + math.log(n) < RARE, torch.ones_like(logp), exact)
    if not series:
        return made
    p = torch.exp(logp)
    quotient = (1 - (n - 1) * p + (n - 1) * (n - 2) * p**2 / 2) / (1 - (n - 1) * p / 2 + (n - 1) * (n - 2) * p**2 / 6)
    return torch.where(n * p < FEW, quotient, made)


def surprise(logp: Any, n: int) -> Any:
    """-log(1 - (1 - p)^N), 0 where p is 1; no gradient goes through it."""
    logp = _double(logp)
    if n == 1:
        return -logp
    return torch.where(logp + math.log(n) < RARE, -logp - math.log(n), -_log1mexp(n * _log1mexp(logp)))


def missed(nll: Any, n: int, series: bool = False) -> Any:
    """The loss of answers whose -log p is `nll`, of any shape: its value is `surprise`, its gradient F times nll's.

    F is a number to the gradient, as in the authors' code, which is the exact slope. In the precision of `nll`; with
    n = 1 it is nll itself, bit for bit, and so is its gradient.
    """
    own = nll.detach()
    value = own if n == 1 else surprise(-own, n).to(own.dtype)
    return value + factor(-own, n, series).to(own.dtype) * (nll - own)


def _double(logp: Any) -> Any:
    return logp.detach().double().clamp(max=0.0)


def _log1mexp(x: Any) -> Any:
    """log(1 - exp(x)) for x <= 0, by whichever of two forms keeps its digits."""
    return torch.where(x > -math.log(2), torch.log(-torch.expm1(x)), torch.log1p(-torch.exp(x)))
