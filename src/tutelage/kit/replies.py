"""Numbers of whole replies from numbers of their tokens."""

from __future__ import annotations

from typing import Any

import torch

from tutelage.core.descent import Said

LEAST = 1e-5  # smallest probability of anything else: a token that is certain would have an endless loss


def totals(said: Said) -> Any:
    """(b, r) log-probability of each reply; 0 where it is absent."""
    return said.logprobs.sum(dim=2)


def counts(said: Said) -> Any:
    """(b, r) int64 tokens of each reply, its end included; 0 where it is absent."""
    return said.mask.sum(dim=2)


def means(said: Said) -> Any:
    """(b, r) log-probability of each reply over its tokens; 0 where it is absent."""
    return totals(said) / counts(said).clamp(min=1)


def log_not(logprobs: Any) -> Any:
    """log(1 - exp(x)) of log-probabilities x, never below log 1e-5; there its gradient is 0.

    >>> log_not(torch.tensor([-0.6931472, 0.0])).tolist()
    [-0.6931471824645996, -11.512925148010254]
    """
    return torch.log((-torch.expm1(logprobs)).clamp(min=LEAST))


def packed(said: Said) -> Said:
    """The same replies with their tokens moved to the front: place t is token t, whatever stands around it in a batch.

    >>> logprobs, mask = torch.tensor([[[0.0, -1.0, 0.0, -2.0]]]), torch.tensor([[[False, True, False, True]]])
    >>> packed(Said(logprobs, mask)).logprobs.tolist()
    [[[-1.0, -2.0]]]
    """
    mask, order = torch.sort(said.mask.to(torch.uint8), dim=2, descending=True, stable=True)
    longest = int(mask.sum(dim=2).max()) if mask.numel() else 0
    return Said(said.logprobs.gather(2, order)[:, :, :longest], mask[:, :, :longest].bool())
